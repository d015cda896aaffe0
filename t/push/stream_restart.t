# SPDX-License-Identifier: Apache-2.0
# The database goes away and comes back: what was committed meanwhile is delivered once, and in order.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Subscriber;
use Test::More;
use Time::HiRes qw(sleep time);

my $cluster = FlixIM::Test::Cluster->start(fsync => 1);
my $db      = FlixIM::Test::Subscriber->database($cluster);
my $daemon  = FlixIM::Test::Subscriber->start($cluster, '--hold-time=0', '--safety-poll=0', '--database-timeout=2s', '--listener-lease=3s');
my @sent;

sub say_to {
    my ($count) = @_;
    for (1 .. $count // 1) {
        push @sent, 'm' . @sent;
        $db->do('SELECT t.send(1, 2, ?)', undef, $sent[-1]);
    }
    return;
}

sub arrived {
    my ($name) = @_;
    return is $daemon->wait_texts('phone', "@sent", 20), "@sent", $name;
}

# Server processes of the daemon by what they ran last.
sub processes {
    my ($like) = @_;
    return $cluster->psql("SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE application_name = 'flixim-pushd' AND query ~ '$like'");
}

$daemon->join('phone', 2);
say_to(3);
arrived('before');

# Sessions that are ended.
my $stream = 'read_stream|listener_|LISTEN';
for my $which ([ 'the stream', $stream ], [ 'the delivery', 'fetch_messages' ], [ 'all', '.' ]) {
    my ($name, $like) = @$which;
    for (1 .. 3) {
        say_to(2);
        $cluster->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'flixim-pushd' AND query ~ '$like'");
        say_to(3);
    }
    arrived("sessions of $name are ended");
}
ok $daemon->wait_up, 'it is up again';

# One that stands still.
$daemon->wait_for(sub { processes($stream) }) or die 'no process of the stream';
my @hung = split ' ', processes($stream);
kill 'STOP', @hung;
say_to(2);
arrived('a server process that stands still is left');
kill 'CONT', @hung;
like $daemon->log, qr/FLX1205: stream: statement \w+: no answer within its time/, 'and the log says so';
$daemon->wait_up;

# Restarts.
for my $mode (qw(fast immediate fast immediate)) {
    say_to(2);
    $db->disconnect;
    $cluster->restart($mode);
    $db = $cluster->connect;
    say_to(3);
    arrived("a restart ($mode)");
}

# Away for a while: calls are refused at once, and the daemon comes back by itself.
$db->disconnect;
$cluster->stop;
$daemon->wait_for(sub { $daemon->say('up'); $daemon->wait_line(qr/^up (\d) \d/) == 0 }) or die 'the daemon does not notice';
my $began = time;
$daemon->say('sync phone - 10');
is $daemon->wait_line(qr/^unsynced phone (\w+)/), 'unavailable', 'while it is away calls are refused';
cmp_ok time - $began, '<', 1, 'at once';
$cluster->up;
$db = $cluster->connect;
say_to(3);
arrived('away for a while');
$daemon->wait_up;

# Another timeline: as after a fail-over.
$db->disconnect;
$cluster->stop;
my $data = $cluster->data;
my $bin = (sort glob '/usr/lib/postgresql/*/bin')[-1];
my ($last) = sort { $b cmp $a } map {m{/([0-9A-F]{24})$}} glob "$data/pg_wal/*";
my $segment = sprintf '00000002%s%08X', substr($last, 8, 8), hex(substr $last, 16) + 1;
my @as = $> == 0 ? qw(setpriv --reuid postgres --regid postgres --init-groups) : ();
is system("cd / && @as $bin/pg_resetwal -l $segment $data >/dev/null"), 0, 'pg_resetwal';
$cluster->up;
$daemon->wait_line(qr/^restart phone/);
pass 'another timeline: channels are ended, for their clients to join anew';

$db = $cluster->connect;
$daemon->wait_up;
$daemon->join('phone', 2);
@sent = ();
$db->do('SELECT t.send(1, 2, ?)', undef, 'again');
is $daemon->wait_texts('phone', 'again'), 'again', 'and live';
is $daemon->metrics->{stream_safety_caught_total}, 0, 'the safety poll had nothing to do';
is $daemon->metrics->{database_connections}, 11, 'all connections are there';
$daemon->quit;
$db->disconnect;

done_testing;
