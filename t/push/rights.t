# SPDX-License-Identifier: Apache-2.0
# Who may do what over the channel: every event, on one's own, others', missing and deleted things.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Events qw(channel_events);
use FlixIM::Test::Pushd;
use Apache::Test qw(-withtestmore);
use JSON::PP ();

my $api    = FlixIM::Test::Api->start;
my $pushd  = FlixIM::Test::Pushd->start(api => $api, settings => { pushes_per_second => 0, hold_time => '50ms' });
my @users  = qw(alice bob carol);
my %friend = (alice => 'bob', bob => 'carol', carol => 'alice');
my ($true, $false) = (JSON::PP::true(), JSON::PP::false());

# Everybody has written to everybody, so that there is something to leak.
for my $one (@users) { $api->send_text($one, $_, "secret of $one and $_") for grep { $_ ne $one } @users }
my %group_without = map { my $without = $_; ($without => $api->group(grep { $_ ne $without } @users)) } @users;
my %client = map { my $who = $_; map { ($_ => FlixIM::Test::Channel->join($api, $pushd, $_)) } $who, "$who:jwt" } @users;

# All that a client could tell two replies apart by.
sub look { my ($reply) = @_; return $reply->text =~ s/^\["[^"]*","[^"]*",/[/r }

my %hidden = (
    message => sub {
        my ($who, $me, $friend, $third) = @_;
        my %hidden = (received => $api->send_text($friend, $me, 'deleted'), sent => $api->send_text($me, $friend, 'deleted'));
        $api->call($me, DELETE => "/messages/$_") for values %hidden;
        return (
            'received and deleted' => $hidden{received}, 'sent and deleted' => $hidden{sent},
            'theirs' => $api->send_text($friend, $third, 'theirs'), 'missing' => $api->uuid, 'a user' => $api->id($me),
        );
    },
    conversation => sub {
        my ($who, $me, $friend, $third) = @_;
        my $newcomer = 'newcomer ' . $api->uuid;
        $api->call($newcomer, POST => '/conversations', body => { type => 'private', participant_ids => [ $api->id($me) ] });
        return (
            'theirs' => $api->private($friend, $third), 'their group' => $group_without{$me}, 'no group' => 'group:' . $api->uuid,
            'not begun' => $api->private($me, 'nobody'), 'not begun by the other' => $api->private($me, $newcomer), 'with oneself' => $api->private($me, $me),
            'their notices' => 'system:notification:' . $api->id($friend), 'their interactions' => 'interaction:' . $api->id($friend),
        );
    },
);

for my $me (@users) {
    my $friend = $friend{$me};
    for my $who ($me, "$me:jwt") {
        for my $row (channel_events()) {
            my $name = "$who, $row->{event}";
            my $payload = $row->{payload}->($api, $me, $friend);
            is $client{$who}->ask($row->{event}, $payload)->verdict, 'ok', "$name: one's own";
            my ($what, $member) = @{ $row->{names} // [] } or next;
            my %id = $hidden{$what}->($who, $me, $friend, $friend{$friend});
            # A message to somebody new begins a conversation; those for other messages are refused for what they are.
            delete @id{ 'not begun', 'not begun by the other', 'with oneself', 'their notices', 'their interactions' } if $row->{one_of};
            my $before = $api->state;
            my %look;
            push @{ $look{ look($client{$who}->ask($row->{event}, { %$payload, $member => $id{$_} })) } }, $_ for sort keys %id;
            is scalar keys %look, 1, "$name: what is hidden cannot be told apart" or diag map {"@{ $look{$_} }:\n$_\n"} sort keys %look;
            like +(keys %look)[0], qr/"response":\{"reason":"$what not found","code":"${what}_not_found"\},"status":"error"/, "$name: it is not there";
            is $api->state, $before, "$name: and it is as it was";
        }
        my $seen = $api->send_text($friend, $me, 'seen');
        my $before = $api->state;
        my $reply = $client{$who}->ask('withdraw_message', { message_id => $seen });
        is $reply->reason . ' ' . $reply->code, 'unauthorized forbidden', "$who: withdraws what another sent";
        is $api->state, $before, "$who: and it is as it was";
        # A cursor or a page of others shows nothing of theirs.
        my $theirs = $api->send_text($friend, $friend{$friend}, 'theirs');
        my $page = $client{$who}->ask('get_conversation_history', { conversation_id => $api->private($me, $friend), before_id => $theirs, limit => 200 });
        my @foreign = grep { $_->{sender_id} ne $api->id($me) && $_->{receiver_id} ne $api->id($me) } @{ $page->response->{messages} // [] };
        is scalar @foreign, 0, "$who: before another's message: nothing of theirs";
        is $client{$who}->ask('mark_read', { conversation_id => $api->private($me, $friend), last_read_message_id => $theirs })->status =~ /^(?:ok|error)$/ ? 1 : 0, 1,
            "$who: mark_read up to another's message is answered";
        for my $event (map { $_->{payload} } grep { $_->{event} eq 'event' } @{ $client{$who}{waiting} }) {
            fail "$who: told what is not theirs: " . JSON::PP->new->encode($event) if $event->{target_user_id} ne $api->id($me);
        }
        my @listed = map { $_->{conversation} } @{ $client{$who}->ask('get_conversations', { limit => 200 })->response->{conversations} };
        my $mine = $api->id($me);
        is scalar(grep { !grep({ $_ eq $mine } @{ $_->{participant_ids} }) } @listed), 0, "$who: lists nothing of others";
        my $synced = $client{$who}->ask('sync', {})->response->{events};
        is scalar(grep { $_->{target_user_id} ne $mine } @$synced), 0, "$who: syncs nothing of others";
    }
}

# -- What the server sets, and what takes a scope -----------------------------------------------------

my %text = (content => { text => 'x' }, content_type => 'text', message_type => 'private_message');
my ($bob, $carol) = ($api->id('bob'), $api->id('carol'));
my $old = '2001-01-01T00:00:00.000Z';
my %wished = (id => $api->uuid, message_id => $api->uuid, sender_id => $bob, user_id => $bob, status => 'read', is_system => $true, origin => $api->uuid,
    receiver_ids => [$bob], map { $_ => $old } qw(server_timestamp inserted_at updated_at));
my $sent = $client{alice}->ask('send_message', { %text, %wished, receiver_id => $carol })->response;
my $got = $api->call('alice', GET => "/messages/$sent->{message_id}")->data;
isnt $got->{$_}, $wished{$_}, "$_ is not the client's to set" for grep { exists $got->{$_} } sort keys %wished;
is $got->{sender_id}, $api->id('alice'), 'the sender is who sent it';
is $got->{receiver_id}, $carol, 'and it went to one';

my $ops = FlixIM::Test::Channel->join($api, $pushd, 'ops:system');
my $ops_jwt = FlixIM::Test::Channel->join($api, $pushd, 'ops:jwt:system');
for my $type (qw(system_notification system_announcement)) {
    my %notice = (content => {}, content_type => 'system', message_type => $type, receiver_id => $bob);
    my $before = $api->state;
    for ('alice', 'alice:jwt') {
        my $reply = $client{$_}->ask('send_message', \%notice);
        is $reply->reason . ' ' . $reply->code, 'unauthorized insufficient_scope', "$_: no $type";
    }
    is $api->state, $before, "$type: nothing was sent";
    is $_->ask('send_message', \%notice)->verdict, 'ok', "$type with the scope" for $ops, $ops_jwt;
}
my $secret = $api->send_text('alice', 'bob', 'x');
is $ops->ask('withdraw_message', { message_id => $secret })->code, 'message_not_found', 'the scope system opens no message';
is $ops->ask('get_conversation_history', { conversation_id => $api->private('alice', 'bob') })->code, 'conversation_not_found', 'and no conversation';

is join("\n", FlixIM::Test::Channel::faults()), '', 'every frame is as docs/asyncapi.yaml says';
is_deeply [ $pushd->faults ], [], 'no fault in the log';
$api->finish;
done_testing;
