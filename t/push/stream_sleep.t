# SPDX-License-Identifier: Apache-2.0
# Falling asleep and being woken: with the safety poll off, no event waits, whenever it is committed.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Subscriber;
use Test::More;
use Time::HiRes qw(sleep time);

my $cluster = FlixIM::Test::Cluster->start;
my $db      = FlixIM::Test::Subscriber->database($cluster);
my $other   = $cluster->connect;
my $daemon  = FlixIM::Test::Subscriber->start($cluster, '--hold-time=0', '--safety-poll=0', '--listener-lease=1s');

$daemon->join('phone', 2);
my @sent;
my $prefix = 'm';

sub say_to {
    my ($handle) = @_;
    push @sent, $prefix . @sent;
    $handle->do('SELECT t.send(1, 2, ?)', undef, $sent[-1]);
    return;
}

sub arrived {
    my ($seconds) = @_;
    return $daemon->wait_texts('phone', "@sent", $seconds) eq "@sent";
}

sub listener { return $cluster->psql('SELECT count(*) FROM flixim.listeners WHERE idle_until > clock_timestamp()') }

# Asleep.
say_to($db);
ok arrived(), 'a first message';
$daemon->wait_for(sub { listener() == 1 }) or die 'it does not fall asleep';
my @late;
for (1 .. 40) {
    sleep 0.05 + rand 0.05;
    say_to($db);
    my $began = time;
    arrived(5) or last;
    push @late, time - $began;
}
@late = sort { $a <=> $b } @late;
is scalar @late, 40, 'messages now and then wake it';
diag sprintf 'from commit to push, ms: median %.1f, worst %.1f', map { 1000 * $_ } @late[ 20, -1 ];
my $wakeups = $daemon->metrics->{stream_wakeups_total};
cmp_ok $wakeups, '>=', 30, 'by notifications';

# Renewing the lease.
sleep 1.5;
is listener(), 1, 'the lease is renewed';
say_to($db);
ok arrived(5), 'and counts';

# Busy, then falling asleep while somebody who looked before commits, at all moments.
my $missed = 0;
for my $round (1 .. 60) {
    for (1 .. 15) { say_to($db) }
    sleep rand 0.03;
    $other->begin_work;
    say_to($other);
    sleep rand 0.15;
    $other->commit;
    if (!arrived(4)) { $missed++; say_to($db); arrived(4) or last }
}
is $missed, 0, 'no wake-up is lost while it falls asleep';
cmp_ok $daemon->metrics->{stream_wakeups_total} - $wakeups, '<', 60 * 16, 'a busy daemon is not notified of each';

# A transaction that was open for long is found, and nobody waits for it.
for (1 .. 15) { say_to($db) }
$other->begin_work;
$other->do('SELECT t.send(3, 4, ?)', undef, 'long');
$daemon->join('long', 9);
sleep 0.6;
say_to($db);
ok arrived(2), 'an open transaction delays nobody';
$other->commit;
$daemon->say('leave long');

# A daemon that was stopped for longer than its lease.
$daemon->wait_for(sub { listener() == 1 }) or die 'it does not fall asleep';
kill 'STOP', $daemon->pid;
sleep 2.5;
is listener(), 0, 'the lease of a daemon that stands still runs out';
say_to($db) for 1 .. 3;
kill 'CONT', $daemon->pid;
ok arrived(5), 'what was sent meanwhile is delivered when it goes on';
sleep 0.3;
say_to($db);
ok arrived(5), 'and what comes then';

# Long silence.
sleep 3;
say_to($db);
ok arrived(5), 'after a silence';
is $daemon->metrics->{events_caught_up_total}, 0, 'all of it live';
unlike $daemon->log, qr/ error: | warning: /, 'nothing in the log' or diag $daemon->log;
$daemon->quit;

# The safety poll is the net for what nobody notified of, and counts it.
$daemon = FlixIM::Test::Subscriber->start($cluster, '--hold-time=0', '--safety-poll=300ms', '--listener-lease=1min');
$daemon->join('phone', 2);
$daemon->wait_for(sub { listener() == 1 }) or die 'it does not fall asleep';
@sent = ();
$prefix = 'n';
$cluster->psql('UPDATE flixim.listeners SET idle_until = clock_timestamp()');
say_to($db);
ok arrived(5), 'without its row in listeners the safety poll finds a message';
ok $daemon->wait_for(sub { $daemon->metrics->{stream_safety_caught_total} == 2 }), 'and counts it, for both users';
$daemon->quit;

done_testing;
