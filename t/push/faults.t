# SPDX-License-Identifier: Apache-2.0
# What may go wrong around the daemon and must delay or lose nothing: transactions left open, late commits, a daemon stopped, PostgreSQL gone.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Pushd;
use Test::More;
use Time::HiRes qw(sleep time);

my $long = $ENV{FLIXIM_LONG};
my $api  = FlixIM::Test::Api->start;
# Nothing may depend on the net below the stream.
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { safety_poll => 0, listener_lease => '3s', idle_time => '120s' });
my $bob   = FlixIM::Test::Channel->join($api, $pushd, 'bob');
my $carol = FlixIM::Test::Channel->join($api, $pushd, 'carol');
$_->ask('sync', { last_sync_timestamp => $_->live_from }) for $bob, $carol;

subtest 'a transaction that somebody leaves open delays nobody' => sub {
    my $db = $api->cluster->connect;
    $db->do('CREATE TABLE IF NOT EXISTS public.elsewhere (n integer)');
    $db->begin_work;
    $db->do('INSERT INTO public.elsewhere VALUES (1)');
    my $until = time + ($long ? 60 : 4);
    my (@slow, $count);
    while (time < $until) {
        my $began = time;
        my $id = $api->send_text('alice', 'bob', 'while it is open');
        my $event = $bob->event(5) // last;
        is $event->{payload}{id}, $id, 'pushed' if $event->{payload}{id} ne $id;
        push @slow, time - $began if time - $began > 1;
        $count++;
        # Long enough for the daemon to fall asleep in between, now and then.
        sleep 0.3 * rand;
    }
    $db->rollback;
    is_deeply \@slow, [], 'none took as long as a second';
    cmp_ok $count, '>', 10, "of $count";
};

subtest 'one that commits late is delivered, and holds up nothing meanwhile' => sub {
    my $db = $api->cluster->connect(user => 'flixim_httpd');
    $db->begin_work;
    my ($late) = $db->selectrow_array(<<'SQL', {}, $api->id('alice'), $api->id('bob'));
SELECT id FROM flixim.send_messages(ARRAY[?::uuid], ARRAY[now()], ARRAY[false], ARRAY[NULL::uuid], ARRAY[NULL::text], ARRAY[?::uuid],
    ARRAY['private_message'::flixim.message_type], ARRAY['text'::flixim.content_type], ARRAY['{"text":"late"}'::json], ARRAY[NULL::uuid],
    ARRAY[NULL::timestamptz], ARRAY[NULL::uuid])
SQL
    my @others = map { $api->send_text('dave', 'carol', "other $_") } 1 .. 20;
    is_deeply [ map { $_->{payload}{id} } $carol->events(20) ], \@others, 'others come, in order';
    sleep($long ? 20 : 3);    # asleep by now
    is_deeply [ $bob->now ], [], 'nothing yet of what is not committed';
    $db->commit;
    is $bob->event(5)->{payload}{id}, $late, 'then it comes';
    is_deeply [ $bob->now ], [], 'once';
};

subtest 'a daemon that was stopped and goes on' => sub {
    kill 'STOP', $pushd->pid;
    my @sent = map { $api->send_text('alice', 'bob', "stopped $_") } 1 .. 10;
    sleep($long ? 20 : 5);    # longer than its lease
    push @sent, map { $api->send_text('alice', 'bob', "later $_") } 1 .. 10;
    kill 'CONT', $pushd->pid;
    is_deeply [ map { $_->{payload}{id} } $bob->events(20, 5) ], \@sent, 'all that was sent meanwhile, in order';
    my $began = time;
    my $id = $api->send_text('alice', 'bob', 'and now');
    is $bob->event(5)->{payload}{id}, $id, 'what is sent now';
    cmp_ok time - $began, '<', 1, 'at once';
    is_deeply [ $bob->now ], [], 'nothing twice';
};

for my $way ('fast', 'immediate') {
    subtest "PostgreSQL goes away ($way) and comes back" => sub {
        my $last = $api->send_text('alice', 'bob', 'before');
        is $bob->event(5)->{payload}{id}, $last, 'pushed before';
        $api->cluster->stop($way);
        my $reply = $bob->ask('get_conversations', {});
        is $reply->verdict, 'unavailable', 'a request is told that the database is away';
        $pushd->wait_for('it says so', sub { $pushd->get('/health')->status == 503 });
        like $pushd->get('/health')->header('Retry-After') // '', qr/^\d+$/, 'and when to ask again';
        is $bob->beat->status, 'ok', 'the connection lives';
        $api->cluster->up;
        # Sent before the daemon has come back, for all we know.
        my @sent = map { retry(sub { $api->send_text('alice', 'bob', "after $_") }) } 1 .. 5;
        is_deeply [ map { $_->{payload}{id} } $bob->events(5, 15) ], \@sent, 'what was sent once it was back, without joining anew';
        $pushd->wait_for('health', sub { $pushd->get('/health')->status == 200 });
        is $bob->ask('get_conversations', {})->verdict, 'ok', 'requests are answered again';
        is_deeply [ $bob->now ], [], 'nothing twice';
    };
}

is $bob->beat->status, 'ok', 'on one connection, all of it';
$pushd->stop;
$api->finish(provoked => qr/administrator command|not yet accepting|shutting down|starting up|in recovery mode|FLX01\d\d/);
done_testing;

sub retry {
    my ($try) = @_;
    my $until = time + 15;
    while (1) {
        my $result = eval { $try->() };
        return $result if defined $result;
        die $@ if time > $until;
        sleep 0.1;
    }
}
