# SPDX-License-Identifier: Apache-2.0
# Moments that a channel's position must come through, each held still by a lock: a sync, a reading or a delivery is under way while something happens.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Pushd;
use Test::More;
use Time::HiRes qw(sleep);

my $api = FlixIM::Test::Api->start(httpd => 0);
# Holds are longer than several joins take, and statements may wait longer than we let them.
my $hold = 1;
my %common = (safety_poll => 0, database_readers => 12, database_timeout => '30s');
my $quick   = FlixIM::Test::Pushd->start(api => $api, settings => { %common, hold_time => "${hold}s" });
my $patient = FlixIM::Test::Pushd->start(api => $api, settings => { %common, hold_time => '30s' });

my $users = 0;
sub newcomer { return 'user' . ++$users }
sub joined { my ($daemon, $who) = @_; return FlixIM::Test::Channel->join($api, $daemon, $who) }
sub texts { return [ map { $_->{payload}{content}{text} } @_ ] }
my $sent = 0;
# A message to somebody, by the database alone; its text.
sub sent { my ($to) = @_; $api->send_quietly('sender', $to, ++$sent); return "$sent" }

# What syncs, readings and joins wait for, and sends do not. The daemons' statements take their snapshots before they wait.
my $holder = $api->cluster->connect;
sub lock_syncs { $holder->begin_work; $holder->do('LOCK TABLE flixim.settings'); return }
sub unlock { $holder->commit; return }
# Those of clients that wait for that; what a daemon says of itself and of who is online does as well, now and then.
my $waits = q{FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
    WHERE NOT l.granted AND l.relation = 'flixim.settings'::regclass AND a.query ~ 'flixim[.](sync|authenticate)'};
# Waits until there are so many.
sub waiting {
    my ($count) = @_;
    $quick->wait_for("$count statements wait", sub { $api->row("SELECT count(*) $waits") >= $count });
    return;
}
# Waits until a daemon's stream has read what was sent up to now.
sub noted {
    my ($daemon) = @_;
    my $events = $daemon->metrics->{stream_events_total};
    my $mark = $daemon->{mark} //= do { my $who = newcomer(); my $client = joined($daemon, $who); $client->ask('sync', {}); [ $who, $client ] };
    my $text = sent($mark->[0]);
    my $event = $mark->[1]->event;
    die "the mark did not come\n" if !$event || $event->{payload}{content}{text} ne $text;
    return;
}
$_->{mark} || noted($_) for $quick, $patient;

# -- A join is under way ------------------------------------------------------------------------------

for my $round (1 .. 3) {
    my $who = newcomer();
    sent($who);
    my $client = FlixIM::Test::Channel->open($api, $quick);
    my $topic = 'user:' . $api->id($who);
    my $token = $api->jwt($who);
    lock_syncs();
    $client->{topic} = $topic;
    my $ref = $client->{join_ref} = $client->_put(1, 1, $topic, 'phx_join', { token => $token });
    waiting(1);
    my @texts = map { sent($who) } 1 .. 2;
    noted($quick);
    unlock();
    my $from = $client->reply($ref)->response->{last_sync_timestamp};
    is_deeply texts($client->events(2)), \@texts, "a join is under way, and something comes: it is pushed ($round)";
    is_deeply [ $client->now ], [], 'and nothing else';
    is_deeply texts(@{ $client->ask('sync', { last_sync_timestamp => $from })->response->{events} }), \@texts, 'and the position of the join finds it';
}

# -- A sync is under way ------------------------------------------------------------------------------

{
    my $who = newcomer();
    my $client = joined($patient, $who);
    my $before = sent($who);
    lock_syncs();
    my $ref = $client->push('sync', {});
    waiting(1);
    my $after = sent($who);
    noted($patient);
    unlock();
    is_deeply texts(@{ $client->reply($ref)->response->{events} }), [$before], 'a first sync is under way, and something comes: it is not in the reply';
    is_deeply texts($client->event), [$after], 'but pushed behind it';
    my $live = sent($who);
    is_deeply texts($client->event), [$live], 'then it is live';
    is_deeply [ $client->now ], [], 'and nothing else came';
}
{
    my $who = newcomer();
    my $client = joined($quick, $who);
    lock_syncs();
    my $ref = $client->push('sync', {});
    waiting(1);
    sleep 1.3 * $hold;
    my $text = sent($who);
    noted($quick);
    is_deeply [ $client->now ], [], 'the hold ends while a first sync is under way: nothing is pushed before its reply';
    unlock();
    is_deeply $client->reply($ref)->response->{events}, [], 'which does not have it';
    is_deeply texts($client->event), [$text], 'and then it comes';
}
{
    # A sync that fails has told nothing: what it would have told is pushed all the same.
    my $who = newcomer();
    my $client = joined($quick, $who);
    my $text = sent($who);
    lock_syncs();
    my $ref = $client->push('sync', {});
    waiting(1);
    $api->row("SELECT count(pg_cancel_backend(pid)) $waits");
    is $client->reply($ref)->status, 'error', 'a sync fails';
    unlock();
    is_deeply texts($client->event), [$text], 'and what it did not tell is pushed';
}

# -- A reading is under way ---------------------------------------------------------------------------

{
    my $who = newcomer();
    my $client = joined($quick, $who);
    lock_syncs();
    my $first = sent($who);
    waiting(1);
    my $second = sent($who);
    noted($quick);
    unlock();
    is_deeply texts($client->events(2)), [ $first, $second ], 'the daemon reads, and something comes: both are pushed';
    is_deeply [ $client->now ], [], 'once';
}
{
    # The daemon and the client read the same: whoever comes first, it is not pushed behind the reply.
    for my $round (1 .. 3) {
        my $who = newcomer();
        my @clients = map { joined($quick, $who) } 1 .. 5;
        lock_syncs();
        my @texts = map { sent($who) } 1 .. 3;
        waiting(5);
        my @refs = map { $_->push('sync', { last_sync_timestamp => $_->live_from }) } @clients;
        waiting(10);
        unlock();
        my $mark;
        my (@late, @lost);
        for my $i (0 .. $#clients) {
            my $reply = $clients[$i]->reply($refs[$i]);
            push @lost, $i if "@{ texts(@{ $reply->response->{events} }) }" ne "@texts";
            # What waits came before the reply.
            @{ $clients[$i]{waiting} } = ();
        }
        noted($quick);
        push @late, $_->now for @clients;
        is_deeply \@lost, [], "daemon and client read the same: it is in the reply ($round)";
        is_deeply texts(@late), [], 'and not pushed behind it';
        my $live = sent($who);
        is_deeply [ map { @{ texts($_->event) } } @clients ], [ ($live) x 5 ], 'then all are live';
    }
}
{
    # What was pushed live before the first sync, as that came late, is not in the rest that is pushed.
    my $who = newcomer();
    $api->flood('sender', $who, 700);
    my $client = joined($quick, $who);
    my $live = sent($who);
    is_deeply texts($client->event), [$live], 'after the hold it is live';
    my $answer = $client->ask('sync', {})->response;
    my $count = @{ $answer->{events} };
    my @rest = $client->events(700 - $count);
    is_deeply texts(@{ $answer->{events} }, @rest), [ 1 .. 700 ], 'a late first sync has a page, and the rest is pushed';
    my $end = sent($who);
    is_deeply texts($client->event), [$end], 'without what had been pushed before';
}
{
    # Pages that the client asks for are not pushed meanwhile. Replies are not taken apart here, which would take too long.
    my $who = newcomer();
    $api->flood('sender', $who, 600);
    my @clients = map { joined($quick, $who) } 1 .. 2;
    $_->push('sync', {}) for @clients;
    my @pages = map { $_->next_text } @clients;
    lock_syncs();
    my ($cursor) = $pages[0] =~ /"new_last_sync_timestamp":"([^"]+)","has_more":true/;
    my @refs = map { $_->push('sync', { last_sync_timestamp => $cursor }) } @clients;
    waiting(2);
    sleep 0.6;
    my $readings = $api->row("SELECT count(*) $waits");
    unlock();
    my @replies = map { $clients[$_]->reply($refs[$_]) } 0 .. $#clients;
    is $readings, 2, 'a client pages by itself: the daemon does not read the same meanwhile';
    is_deeply [ map { scalar @{ $_->{waiting} } } @clients ], [ 0, 0 ], 'nor push it before the reply';
    noted($quick);
    is scalar(map { $_->now } @clients), 0, 'nor behind it';
}

# -- A delivery is under way --------------------------------------------------------------------------

# Stops a backend for as long as the object lives.
package Stopped {
    sub new { my ($class, @pids) = @_; kill 'STOP', @pids; return bless [@pids], $class }
    sub DESTROY { kill 'CONT', @{ $_[0] }; return }
}
{
    my $who = newcomer();
    my @clients = map { joined($patient, $who) } 1 .. 2;
    $_->ask('sync', {}) for @clients;
    my $first = sent($who);
    is_deeply texts($_->event), [$first], 'live' for @clients;
    my $pids = $api->cluster->connect->selectcol_arrayref(q{SELECT pid FROM pg_stat_activity WHERE query LIKE '%fetch_messages%' AND pid <> pg_backend_pid()});
    cmp_ok scalar @$pids, '>=', 1, 'there are sessions that fetch';
    my $stopped = Stopped->new(@$pids);
    my $text = sent($who);
    my $reply;
    # Once the stream has noted it, and waits for the fetch, the client asks.
    sleep 0.3;
    $reply = $clients[0]->ask('sync', { last_sync_timestamp => $clients[0]->live_from });
    is_deeply texts(@{ $reply->response->{events} }), [ $first, $text ], 'a delivery is under way, and the client syncs: it is in the reply';
    undef $stopped;
    is_deeply texts($clients[1]->event), [$text], 'the other connection gets it';
    noted($patient);
    is_deeply [ $clients[0]->now ], [], 'the one that has it does not';
    my $live = sent($who);
    is_deeply texts($_->event), [$live], 'and on it goes' for @clients;
}

# What is withdrawn after the stream was read, and before its fetch, is told as withdrawn by then.
{
    my $who = newcomer();
    my $client = joined($patient, $who);
    $client->ask('sync', {});
    my $first = sent($who);
    is_deeply texts($client->event), [$first], 'live';
    my $pids = $api->cluster->connect->selectcol_arrayref(q{SELECT pid FROM pg_stat_activity WHERE query LIKE '%fetch_messages%' AND pid <> pg_backend_pid()});
    my $stopped = Stopped->new(@$pids);
    my $noted = $patient->metrics->{stream_events_total};
    sent($who);
    $patient->wait_for('the stream was read', sub { $patient->metrics->{stream_events_total} >= $noted + 2 });
    my $message = $api->row(q{SELECT max(m.id::text) FROM flixim.messages AS m WHERE m.receiver_id = ?}, $api->id($who));
    my $outcome = $api->row(q{SELECT outcome FROM flixim.withdraw_message(ROW(?, 'infinity', false, NULL)::flixim.caller, ?)}, $api->id('sender'), $message);
    is $outcome, 'ok', 'withdrawn meanwhile';
    undef $stopped;
    my @events = $client->events(2);
    is_deeply [ map { [ $_->{event_type}, $_->{payload}{status}, $_->{payload}{content} ] } @events ],
        [ [ 'new_message', 'withdrawn', {} ], [ 'message_recalled', 'withdrawn', undef ] ], 'a delivery is under way, and it is withdrawn: it is told so';
    is $events[0]{payload}{updated_at}, $events[1]{payload}{updated_at}, 'and since when';
    my $live = sent($who);
    is_deeply texts($client->event), [$live], 'and on it goes';
}

# -- One's own, and positions that do not go back -----------------------------------------------------

{
    my $who = newcomer();
    my ($client, $other) = map { joined($patient, $who) } 1 .. 2;
    my %message = (message_type => 'private_message', content_type => 'text', receiver_id => $api->id('sender'));
    my @sent = map { $client->ask('send_message', { %message, content => { text => $_ } })->status } qw(own mine);
    my $text = sent($who);
    # A first sync from the end: what was held comes by reading.
    $_->ask('sync', { last_sync_timestamp => $_->live_from }) for $other;
    my $hasty = joined($quick, $who);
    $hasty->ask('send_message', { %message, content => { text => 'hasty' } });
    my $later = sent($who);
    is_deeply texts($hasty->event), [$later], 'what one sent while it was held is not pushed when the hold ends';
    is_deeply [ $hasty->now ], [], 'never';
}
{
    my $who = newcomer();
    $api->flood('sender', $who, 600);
    my @clients = map { joined($patient, $who) } 1 .. 3;
    $_->ask('sync', { last_sync_timestamp => $_->live_from }) for @clients;
    like $clients[0]->ask('sync', {})->text, qr/"has_more":true/, 'a later sync from the start has a page';
    # The stream begins anew: all that are live read on from their positions.
    undef $api->{dbh};
    my $restarts = $patient->metrics->{stream_restarts_total};
    $api->row(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'flixim_httpd'});
    $patient->wait_for('the stream begins anew', sub { $patient->metrics->{stream_restarts_total} > $restarts }, 20);
    my $new = sent($who);
    is_deeply texts($_->event(20)), [$new], 'after that, only what is new is pushed' for @clients;
    noted($patient);
    is_deeply [ $_->now ], [], 'once' for @clients;
}

{
    my $client = joined($quick, newcomer());
    my %message = (message_type => 'private_message', content_type => 'text', receiver_id => $api->id('sender'));
    $client->ask('send_message', { %message, content => { text => 'first' } });
    my $row = $api->cluster->connect;
    $row->begin_work;
    $row->do('SELECT 1 FROM flixim.conversations WHERE conversation_id = ? FOR UPDATE', undef, $api->private('sender', "user$users"));
    $client->push('send_message', { %message, content => { text => 'unanswered' } });
    $quick->wait_for('the send waits', sub {
        $api->row(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'flixim_httpd'});
    });
    is $client->enter("user$users")->status, 'ok', 'a client joins again before its send is answered';
    $client->ask('sync', {});
    $row->rollback;
    is_deeply texts($client->event), ['unanswered'], 'and is pushed what it then had no reply for';
    is_deeply [ $client->now ], [], 'once';
}

is $_->metrics->{stream_safety_caught_total}, 0, 'nothing was left to the safety poll' for $quick, $patient;
is_deeply [ grep { !/57P01|terminat|lost|57014/ } map { $_->faults } $quick, $patient ], [], 'no fault in the logs';
$api->finish(provoked => qr/terminating connection|canceling statement|not yet accepting/);
done_testing;
