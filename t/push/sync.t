# SPDX-License-Identifier: Apache-2.0
# One position for each channel: what a sync answers, what is held for it, and what is pushed behind it, all once and in order.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket qw(now);
use Test::More;
use Time::HiRes qw(sleep);

my $hold = 0.6;
my $api = FlixIM::Test::Api->start(httpd => 0);
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { hold_time => '600ms' });
my $patient = FlixIM::Test::Pushd->start(api => $api, settings => { hold_time => '30s' });

sub joined { my ($who, $daemon, @how) = @_; return FlixIM::Test::Channel->join($api, $daemon // $pushd, $who, @how) }
sub texts { return [ map { $_->{payload}{content}{text} } @_ ] }
sub synced { my ($client, $from) = @_; return $client->ask('sync', { last_sync_timestamp => $from })->response }
my $sender = joined('sender');
sub sent {
    my ($to, $text) = @_;
    my $reply = $sender->ask('send_message', { receiver_id => $api->id($to), content => { text => "$text" }, message_type => 'private_message', content_type => 'text' });
    $reply->status eq 'ok' or die 'not sent: ' . $reply->text;
    return;
}
# Is each greater than the one before it?
sub rises {
    my @values = @_;
    return !grep { $values[$_] le $values[ $_ - 1 ] } 1 .. $#values;
}

# -- A join's position --------------------------------------------------------------------------------

sent('ann', 'before');
{
    my $ann = joined('ann');
    my $from = $ann->live_from;
    is_deeply synced($ann, $from), { events => [], new_last_sync_timestamp => $from, has_more => JSON::PP::false() }, 'before its position a join has nothing to wait for';
    sent('ann', 'after');
    my $event = $ann->event;
    is $event->{payload}{content}{text}, 'after', 'what comes after is pushed';
    cmp_ok $event->{event_timestamp}, 'gt', $from, 'with a later stamp';
    is_deeply texts(@{ synced($ann, $from)->{events} }), ['after'], 'and the position finds it';
    is_deeply [ $ann->now ], [], 'which pushes nothing again';
    is_deeply texts(@{ synced($ann, '')->{events} }), [qw(before after)], 'an older one finds all';
    is_deeply [ $ann->now ], [], 'and pushes nothing again, either';
    sent('ann', 'later');
    is_deeply texts($ann->event), ['later'], 'then comes what is new, alone';
    is_deeply [ $ann->now ], [], 'and nothing else';
}

# -- What is held -------------------------------------------------------------------------------------

{
    my $ben = joined('ben', $patient);
    my $cursor = $ben->live_from;
    sent('ben', $_) for qw(one two);
    sleep 0.3;
    is_deeply [ $ben->now ], [], 'before its first sync nothing is pushed';
    my $answer = synced($ben, $cursor);
    is_deeply texts(@{ $answer->{events} }), [qw(one two)], 'the sync has it';
    sent('ben', 'three');
    is_deeply texts($ben->event), ['three'], 'and live goes on behind it';
    is_deeply [ $ben->now ], [], 'and repeats nothing';

    my $late = joined('ben', $patient);
    sent('ben', 'four');
    is_deeply synced($late, '2999-01-01T00:00:00Z')->{events}, [], 'a cursor ahead of the clock is the clock';
    sent('ben', 'five');
    my @got = grep { $_->{payload}{content}{text} ne 'four' } $late->event, $late->now;
    is_deeply texts(@got), ['five'], 'and skips nothing that comes later';

    my $failed = joined('ben', $patient);
    is $failed->ask('sync', { last_sync_timestamp => 'nonsense' })->reason, 'invalid last_sync_timestamp', 'a sync that fails';
    sent('ben', 'six');
    synced($failed, $failed->live_from);
    sent('ben', 'seven');
    is_deeply texts($failed->event), ['seven'], 'a second one does as the first';
}
{
    my $cleo = joined('cleo');
    my $begin = now();
    sent('cleo', 'held');
    is_deeply texts($cleo->event), ['held'], 'who never syncs gets live events';
    my $seconds = now() - $begin;
    ok $seconds > 0.5 * $hold && $seconds < 5, "after the hold: $seconds";
    $begin = now();
    sent('cleo', 'live');
    is_deeply texts($cleo->event), ['live'], 'and from then on';
    cmp_ok now() - $begin, '<', 0.4, 'at once';
    is_deeply texts(@{ synced($cleo, $cleo->live_from)->{events} }), [qw(held live)], 'a late sync has them again';
    is_deeply [ $cleo->now ], [], 'but pushes nothing again';
}

# -- What waits ---------------------------------------------------------------------------------------

$api->flood('sender', 'dora', 1200);
my @all = map {"$_"} 1 .. 1200;
for my $how ([ 'WebSocket' ], [ 'long poll', poll => 1 ], [ 'V1', vsn => '1.0.0' ]) {
    my ($name, @how) = @$how;
    my $dora = joined('dora', $pushd, @how);
    my $answer = synced($dora, '');
    my $page = @{ $answer->{events} };
    ok $page > 0 && $page <= 500, "$name: 1,200 and more wait: a page: $page";
    is $answer->{has_more}, JSON::PP::true(), "$name: and more";
    sent('dora', "live over $name");
    my @pushed = $dora->events(@all + 1 - $page, 10);
    push @all, "live over $name";
    my @got = (@{ $answer->{events} }, @pushed);
    is_deeply texts(@got), \@all, "$name: the rest is pushed, in order, and then what is live";
    ok rises(map { $_->{event_timestamp} } @got), "$name: stamps rise";
    is_deeply [ $dora->now ], [], "$name: nothing twice";
}
{
    # Who pages by itself.
    my $dora = joined('dora');
    my ($cursor, @got) = ('');
    do {
        my $answer = synced($dora, $cursor);
        push @got, @{ $answer->{events} };
        ok $answer->{new_last_sync_timestamp} gt $cursor, 'paging: the cursor rises';
        $cursor = $answer->{has_more} ? $answer->{new_last_sync_timestamp} : undef;
    } while (defined $cursor);
    is_deeply texts(@got), \@all, 'who pages gets all';
    sent('dora', 'end');
    my @pushed;
    while (my $event = $dora->event(5)) {
        push @pushed, $event;
        last if $event->{payload}{content}{text} eq 'end';
    }
    ok rises(map { $_->{event_timestamp} } @pushed), 'what was pushed meanwhile rises';
    my %count;
    $count{ $_->{id} }++ for @pushed;
    is scalar(grep { $_ > 1 } values %count), 0, 'and holds nothing twice';
}
{
    # The last page first: everything at or below its position is done with.
    my $dora = joined('dora');
    my $end = synced($dora, $dora->live_from);
    is_deeply $end->{events}, [], 'up to date';
    my $old = synced($dora, '');
    is $old->{has_more}, JSON::PP::true(), 'an older cursor has a page and more';
    sent('dora', 'last');
    is_deeply texts($dora->event), ['last'], 'but what the channel is past is not pushed';
    is_deeply [ $dora->now ], [], 'and nothing else';
}
{
    # While the rest is under way, others are served, and so is the channel itself.
    my $dora = joined('dora');
    my $other = joined('eve');
    synced($dora, '');
    sent('eve', 'meanwhile');
    is_deeply texts($other->event), ['meanwhile'], 'others get theirs meanwhile';
    is $dora->ask('get_conversations', {})->status, 'ok', 'a request meanwhile is answered';
    is $dora->leave->status, 'ok', 'and so is a leave';
    my $answer = $dora->enter('dora');
    is $answer->status, 'ok', 'it joins again';
    is_deeply synced($dora, $answer->response->{last_sync_timestamp})->{events}, [], 'and is up to date';
    my @old = grep { $_->{event} eq 'event' && $_->{join_ref} ne $dora->{join_ref} } @{ $dora->{waiting} };
    sent('dora', 'once more');
    my $new = $dora->wait_for(sub { $_[0]{event} eq 'event' && $_[0]{join_ref} eq $dora->{join_ref} });
    is $new->{payload}{payload}{content}{text}, 'once more', 'and nothing of the rest comes into the new channel';
}

# -- Several connections, and those that come and go --------------------------------------------------

{
    my @finn = map { joined('finn') } 1 .. 5;
    synced($_, '') for @finn;
    sent('finn', $_) for 1 .. 20;
    is_deeply texts($_->events(20)), [ 1 .. 20 ], 'each connection gets all, in order' for @finn;
    # One that joins in the middle misses nothing between its position and the first push.
    for my $round (1 .. 5) {
        my $ref = $sender->push('send_message', { receiver_id => $api->id('finn'), content => { text => "a$round" }, message_type => 'private_message', content_type => 'text' });
        my $new = joined('finn');
        my $after = $sender->push('send_message', { receiver_id => $api->id('finn'), content => { text => "b$round" }, message_type => 'private_message', content_type => 'text' });
        $sender->reply($_) for $ref, $after;
        my $answer = synced($new, $new->live_from);
        my @got = (@{ $answer->{events} });
        push @got, $new->event(5) // last until grep { $_->{payload}{content}{text} eq "b$round" } @got;
        my %seen;
        is_deeply [ grep { !/^a/ && !$seen{$_}++ } @{ texts(@got) } ], ["b$round"], "round $round: a join in the middle misses nothing";
        is_deeply [ $new->now ], [], "round $round: and repeats nothing";
    }
}

# -- Dropped events -----------------------------------------------------------------------------------

{
    $api->row(q{UPDATE flixim.users SET inserted_at = '2020-01-01' WHERE user_id = ? RETURNING 1}, $api->id('ann'));
    $api->row(q{UPDATE flixim.settings SET event_floor = '2021-01-01' RETURNING 1});
    my $ann = joined('ann');
    my $answer = synced($ann, '2020-06-01T00:00:00Z');
    is $answer->{resync_required}, JSON::PP::true(), 'a cursor from before what is kept: resync';
    is_deeply texts(@{ $answer->{events} }), [qw(before after later)], 'and what is kept';
    $answer = synced($ann, '2022-01-01T00:00:00Z');
    ok !exists $answer->{resync_required}, 'a later one says nothing of it';
}

is join("\n", FlixIM::Test::Channel::faults()), '', 'every frame is as docs/asyncapi.yaml says';
is_deeply [ map { $_->faults } $pushd, $patient ], [], 'no fault in the logs';
is $_->metrics->{stream_safety_caught_total}, 0, 'nothing was left to the safety poll' for $pushd, $patient;
$api->finish;
done_testing;
