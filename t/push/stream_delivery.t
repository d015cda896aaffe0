# SPDX-License-Identifier: Apache-2.0
# What the stream delivers: to whom, once, in order; and a channel's position between live, sync and reading on.
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
my $daemon  = FlixIM::Test::Subscriber->start($cluster, '--hold-time=300ms', '--safety-poll=0');

sub say_to {
    my ($handle, $text, $from, $to, $origin) = @_;
    $handle->do('SELECT t.send(?, ?, ?, origin => ?)', undef, $from, $to, $text, $origin);
    return;
}

# As many messages as there are, in one transaction.
sub say_many {
    my ($from, $to, $prefix, $count) = @_;
    $db->do('SELECT t.send_all(array_fill(?::int, ARRAY[n]), array_fill(?::int, ARRAY[n]), ARRAY(SELECT ? || i FROM generate_series(1, n) AS i)) '
            . 'FROM (VALUES (?::int)) AS v (n)', undef, $from, $to, $prefix, $count);
    return CORE::join ' ', map {"$prefix$_"} 1 .. $count;
}

sub stamp { return $db->selectrow_array(q{SELECT to_char(last_event_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') FROM flixim.users WHERE user_id = t.u(?)}, undef, $_[0]) }

# Live.
$daemon->join('phone', 2);
$daemon->say('sync phone ' . '- 500');
$daemon->wait_line(qr/^synced phone/);
say_to($db, "a$_", 1, 2) for 1 .. 3;
is $daemon->wait_texts('phone', 'a1 a2 a3'), 'a1 a2 a3', 'what is sent is pushed, in order';
my ($event) = $daemon->events('phone');
is_deeply [ sort keys %$event ], [qw(event_timestamp event_type id payload target_user_id)], 'an Event';
is $event->{target_user_id}, FlixIM::Test::Subscriber::uuid(2), 'for its user';

$daemon->join('sender', 1, 501);
$daemon->join('tablet', 1, 502);
$daemon->say("sync $_ " . stamp(1) . ' 500') for qw(sender tablet);
$daemon->wait_line(qr/^synced $_/) for qw(sender tablet);
say_to($db, 'own',  1, 2, 501);
say_to($db, 'rest', 1, 2);
is $daemon->wait_texts('tablet', 'own rest'), 'own rest', 'another connection of the sender is told';
is $daemon->wait_texts('sender', 'rest'),     'rest',     'the one that sent is not, by what it sent itself';
is $daemon->wait_texts('phone', 'a1 a2 a3 own rest'), 'a1 a2 a3 own rest', 'the receiver is';

# Commits out of order.
$daemon->join('late', 6);
$other->begin_work;
say_to($other, 'late', 5, 6);
$daemon->say('sync late - 500');
my (undef, $before) = $daemon->wait_line(qr/^synced late (\S+) \d (\d+)/);
is $before, 0, 'nothing yet of a transaction that is open';
my $began = time;
say_to($db, 'meanwhile', 1, 2);
$daemon->wait_texts('phone', 'a1 a2 a3 own rest meanwhile');
cmp_ok time - $began, '<', 1, 'an open transaction delays nobody';
sleep 0.5;
$other->commit;
is $daemon->wait_texts('late', 'late'), 'late', 'a commit that comes late is delivered';

# Held between a join and its first sync.
$daemon->join('held', 2);
say_to($db, 'b1', 1, 2);
sleep 0.1;
is $daemon->texts('held'), '', 'live events are held until the first sync is answered';
$daemon->say('sync held ' . stamp(2) . ' 500');
$daemon->wait_line(qr/^synced held/);
say_to($db, 'b2', 1, 2);
is $daemon->wait_texts('held', 'b2'), 'b2', 'what the reply had is not pushed, what came after it is';

$daemon->join('silent', 2);
say_to($db, 'c1', 1, 2);
is $daemon->wait_texts('silent', 'c1'), 'c1', 'without a sync held events come after hold_time';
say_to($db, 'c2', 1, 2);
is $daemon->wait_texts('silent', 'c1 c2'), 'c1 c2', 'and then live';

# A page, and the rest by itself.
$daemon->say("leave $_") for qw(phone sender tablet late held silent);
my $all = say_many(7, 8, 'p', 350);
$daemon->join('pages', 8);
$daemon->say('sync pages - 50');
my ($cursor, $more) = $daemon->wait_line(qr/^synced pages (\S+) (\d) 50/);
is $more, 1, 'there is more than a page';
say_to($db, 'q1', 7, 8);
my @rest = (split ' ', $all)[50 .. 349];
is $daemon->wait_texts('pages', "@rest q1"), "@rest q1", 'the rest is pushed in order, before what came meanwhile';
say_to($db, 'q2', 7, 8);
is $daemon->wait_texts('pages', "@rest q1 q2"), "@rest q1 q2", 'then it is live';

$daemon->join('paging', 8);
my ($position, $count) = ('-', 0);
do {
    $daemon->say("sync paging $position 60");
    ($position, $more, my $got) = $daemon->wait_line(qr/^synced paging (\S+) (\d) (\d+)/);
    $count += $got;
} while $more;
say_to($db, 'q3', 7, 8);
is $daemon->wait_texts('paging', 'q3'), 'q3', 'a client that pages by itself is pushed no page';
is $count, 352, 'it got all of them itself';

# After hold_time, news were pushed; then comes a first sync that has more.
$daemon->join('sleepy', 8);
say_to($db, 'r1', 7, 8);
$daemon->wait_texts('sleepy', 'r1');
$daemon->say('sync sleepy - 100');
$daemon->wait_line(qr/^synced sleepy \S+ 1/);
my @most = (@rest[50 .. 299], qw(q1 q2 q3));
is $daemon->wait_texts('sleepy', "r1 @most"), "r1 @most", 'a first sync after hold_time: the rest, and nothing live twice';

# Two syncs at once, and one that fails.
$daemon->join('twice', 8);
$daemon->say('sync twice - 10')->say('sync twice - 200');
$daemon->wait_line(qr/^synced twice/) for 1, 2;
say_to($db, 's1', 7, 8);
my @others = ((split ' ', $all)[200 .. 349], qw(q1 q2 q3 r1 s1));
is $daemon->wait_texts('twice', "@others"), "@others", 'two syncs at once: on from where the later one ended';
$daemon->join('fails', 8);
$daemon->say('sync fails nonsense 10');
$daemon->wait_line(qr/^unsynced fails/);
say_to($db, 's2', 7, 8);
is $daemon->wait_texts('fails', 's2'), 's2', 'a first sync that fails is as if it had not been';

# A slow client is read on for when it has room.
$daemon->join('slow', 8);
$daemon->say('backlog slow 100000');
$daemon->say('sync slow - 300');
$daemon->wait_line(qr/^synced slow/);
sleep 0.7;
is $daemon->texts('slow'), '', 'nothing is read on for a client that does not read';
$daemon->say('backlog slow 0');
my @slow = ((split ' ', $all)[300 .. 349], qw(q1 q2 q3 r1 s1 s2));
is $daemon->wait_texts('slow', "@slow"), "@slow", 'when it does, it is';

# More at once than a read takes.
$daemon->say("leave $_") for qw(pages paging sleepy twice fails slow);
$daemon->join('over', 10);
$daemon->say('sync over - 500');
$daemon->wait_line(qr/^synced over/);
$db->do('INSERT INTO flixim.events (target_user_id, stamp, id, event_type) '
        . q{SELECT t.u(i), date_trunc('milliseconds', clock_timestamp()), flixim.uuid_v7(clock_timestamp()), 'message_recalled' FROM generate_series(1000, 12000) AS i});
say_to($db, 'o1', 9, 10);
is $daemon->wait_texts('over', 'o1'), 'o1', 'an overrun: channels catch up';
is $daemon->metrics->{stream_overruns_total}, 1, 'and it is counted';

# Revocation.
$db->do('SELECT flixim.revoke_user_tokens(t.u(10))');
$daemon->wait_line(qr/^judge over/);
pass 'a revocation has the channel judged';

my $metrics = $daemon->metrics;
is $metrics->{stream_safety_caught_total}, 0, 'the safety poll had nothing to do';
unlike $daemon->log, qr/ error: FLX(?!1203.*(?:22007|22P02))/, 'no error is logged but of the nonsense' or diag $daemon->log;
$daemon->quit;
is $cluster->psql('SELECT count(*) FROM flixim.listeners WHERE idle_until > clock_timestamp()'), 0, 'who has ended is notified no more';

done_testing;
