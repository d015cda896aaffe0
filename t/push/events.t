# SPDX-License-Identifier: Apache-2.0
# Every event of the channel: what it answers, to the letter, and that REST and channel see the same.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Pushd;
use FlixIM::Test::Vectors qw(pattern);
use Apache::Test qw(-withtestmore);
use JSON::PP ();

my $api   = FlixIM::Test::Api->start;
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { hold_time => '100ms' });
my $json  = JSON::PP->new->utf8->canonical;
my ($true, $false) = (JSON::PP::true(), JSON::PP::false());

my ($alice, $bob, $carol) = map { FlixIM::Test::Channel->join($api, $pushd, $_) } qw(alice bob carol);
my ($me, $you) = map { $api->id($_) } qw(alice bob);
my $us = $api->private('alice', 'bob');

# A request and the exact response; returns the reply.
sub answers {
    my ($who, $name, $event, $payload, $response) = @_;
    my $reply = $who->ask($event, $payload);
    like $reply->text, pattern(qq(["1","$who->{ref}","@{[ $who->topic ]}","phx_reply",{"response":$response,"status":"ok"}])), "$name: its reply";
    return $reply->response;
}
sub refuses {
    my ($who, $name, $event, $payload, $reason, $code, $fields) = @_;
    my $reply = $who->ask($event, $payload);
    is $reply->status, 'error', "$name: refused" or return;
    is join(' | ', $reply->reason, $reply->code, $reply->fields), join(' | ', $reason, $code, $fields // ''), "$name: how";
    return $reply;
}
sub text { my ($text, %more) = @_; return { conversation_id => $us, content => { text => $text }, message_type => 'private_message', content_type => 'text', %more } }

# -- Sending ------------------------------------------------------------------------------------------

my $client_id = '0196f0a0-1c2d-7e3f-8a4b-5c6d7e8f9a0b';
my $seed = text("\x{6d88}\x{606f}", client_message_id => $client_id, client_timestamp => '2025-04-10T10:30:00.000Z');
my $sent = qq({"client_message_id":"$client_id","message_id":"<UUID>","server_timestamp":"<TIME>","status":"sent"});
my $first = answers($alice, 'send_message', 'send_message', $seed, $sent);
is_deeply answers($alice, 'the same again', 'send_message', $seed, $sent), $first, 'and it is the first';
is_deeply answers($alice, 'send_private_message', 'send_private_message', $seed, $sent), $first, 'and under its other name';
refuses($alice, 'the same id for something else', 'send_message', { %$seed, content => { text => 'other' } }, 'client_message_id already used', 'idempotency_conflict');
my $made_up = answers($alice, 'without client_message_id', 'send_message', text('x'), '{"client_message_id":"<UUID>","message_id":"<UUID>","server_timestamp":"<TIME>","status":"sent"}');
my $by_receiver = answers($alice, 'by receiver_id', 'send_message', { %{ text('y') }, conversation_id => undef, receiver_id => $api->id('carol') }, '{"client_message_id":"<UUID>","message_id":"<UUID>","server_timestamp":"<TIME>","status":"sent"}');
is $carol->event->{payload}{conversation_id}, $api->private('alice', 'carol'), 'it went to whom it was for';

my $seen = $api->call('alice', GET => "/messages/$first->{message_id}")->data;
is_deeply { map { $_ => $seen->{$_} } qw(client_message_id server_timestamp status) },
    { client_message_id => $client_id, server_timestamp => $first->{server_timestamp}, status => 'sent' }, 'REST shows it likewise';
is $seen->{client_timestamp}, '2025-04-10T10:30:00.000Z', 'with the time of the client';
my $event = $bob->event;
is_deeply $event->{payload}, $api->call('bob', GET => "/messages/$first->{message_id}")->data, 'the event holds the message as REST shows it to its target';
like $json->encode($event), pattern(qq({"event_timestamp":"<TIME>","event_type":"new_message","id":"<UUID>","payload":) . $json->encode($event->{payload}) . qq(,"target_user_id":"$you"})), 'and no more';
is $bob->event->{payload}{id}, $made_up->{message_id}, 'the next one is the next';
is_deeply [ $bob->now ], [], 'a retry tells nobody';

# A retry over REST of what was sent over the channel, and the other way round.
my $rest = $api->call('alice', POST => '/messages', body => $seed);
is $rest->status, 200, 'a retry over REST: 200';
is $rest->data->{id}, $first->{message_id}, 'and it is the first';
my $id = $api->uuid;
my $posted = $api->call('alice', POST => '/messages', body => text('z', client_message_id => $id))->data;
is answers($alice, 'a retry of what REST sent', 'send_message', text('z', client_message_id => $id),
    qq({"client_message_id":"$id","message_id":"$posted->{id}","server_timestamp":"$posted->{server_timestamp}","status":"sent"}))->{message_id}, $posted->{id}, 'is that message';

# At once, over two connections and REST.
{
    my $second = FlixIM::Test::Channel->join($api, $pushd, 'alice');
    for my $round (1 .. 5) {
        my $message = text("round $round", client_message_id => $api->uuid);
        my @refs = ($alice->push('send_message', $message), $second->push('send_message', $message), $alice->push('send_message', $message));
        my $over_rest = $api->call('alice', POST => '/messages', body => $message)->data;
        my %ids = map { $_ => 1 } $over_rest->{id}, map { $_->[0]->reply($_->[1])->response->{message_id} } [ $alice, $refs[0] ], [ $second, $refs[1] ], [ $alice, $refs[2] ];
        is_deeply [ keys %ids ], [ $over_rest->{id} ], "round $round: one message";
    }
    my $message = text('round 100', client_message_id => $api->uuid);
    my @refs = map { my $client = $_; map { [ $client, $client->push('send_message', $message) ] } 1 .. 50 } $alice, $second;
    my %ids = map { $_->[0]->reply($_->[1])->response->{message_id} => 1 } @refs;
    is scalar keys %ids, 1, 'a hundred at once: one message';
    is scalar(grep { $_->{payload}{content}{text} =~ /^round/ } $bob->events(7, 5)), 6, 'and one event each';
}

# -- Reading and withdrawing --------------------------------------------------------------------------

my $unread = $api->call('bob', GET => '/messages/unread_count')->data->{private_message};
cmp_ok $unread, '>', 3, 'there is something to read';
my $last = $api->send_text('alice', 'bob', 'the last');
answers($bob, 'mark_read', 'mark_read', { conversation_id => $us, last_read_message_id => $last }, sprintf '{"updated_count":%d}', $unread + 1);
answers($bob, 'mark_read again', 'mark_read', { conversation_id => $us, last_read_message_id => $last }, '{"updated_count":0}');
is $api->call('bob', GET => '/messages/unread_count')->data->{private_message}, 0, 'REST counts likewise';
is $api->call('alice', GET => "/messages/$last")->data->{status}, 'read', 'and the sender sees it';
my @told = map { $alice->wait_for(sub { ($_[0]{payload}{event_type} // '') eq 'message_status_update' }) // () } 1 .. $unread + 1;
is scalar(grep { $_->{payload}{payload}{status} eq 'read' } @told), $unread + 1, 'an event for each';

my $message = $alice->ask('send_message', text('to be withdrawn'))->response;
answers($alice, 'withdraw_message', 'withdraw_message', { message_id => $message->{message_id} }, '{"status":"withdrawn"}');
answers($alice, 'withdraw_message again', 'withdraw_message', { message_id => $message->{message_id} }, '{"status":"withdrawn"}');
is_deeply $api->call('bob', GET => "/messages/$message->{message_id}")->data->{content}, {}, 'REST shows nothing of it';
like $alice->ask('send_message', text('to be withdrawn', client_message_id => $message->{client_message_id}))->text, qr/"status":"withdrawn"\},"status":"ok"/, 'a retry brings nothing back';
my $late = $alice->ask('send_message', text('late'))->response->{message_id};
$api->row(q{UPDATE flixim.messages SET inserted_at = inserted_at - interval '121 seconds' WHERE id = ? RETURNING 1}, $late);
refuses($alice, 'too late', 'withdraw_message', { message_id => $late }, 'cannot withdraw message after time limit', 'withdraw_window_closed');
refuses($bob, 'the receiver withdraws', 'withdraw_message', { message_id => $late }, 'unauthorized', 'forbidden');

# -- Conversations ------------------------------------------------------------------------------------

my $same = sub { my ($got, $expected, $name) = @_; return is $json->encode($got), $json->encode($expected), $name };
my $history = answers($alice, 'get_conversation_history', 'get_conversation_history', { conversation_id => $us, limit => 3 }, '{"messages":[<ANY>]}');
$same->($history->{messages}, $api->call('alice', GET => "/conversations/$us/messages", query => { limit => 3 })->data, 'history: as over REST');
my $older = $alice->ask('get_conversation_history', { conversation_id => $us, limit => 2, before_id => $history->{messages}[0]{id} })->response->{messages};
$same->($older, [ @{ $history->{messages} }[ 1, 2 ] ], 'history: before an id');
$older = $alice->ask('get_conversation_history', { conversation_id => $us, limit => 2, before => $history->{messages}[0]{server_timestamp} })->response->{messages};
$same->($older, [ @{ $history->{messages} }[ 1, 2 ] ], 'history: before a time');
$api->send_text('alice', 'bob', "message $_") for 1 .. 25;
is scalar @{ $alice->ask('get_conversation_history', { conversation_id => $us })->response->{messages} }, 20, 'history: 20 at first';

my $made = answers($alice, 'create_conversation', 'create_conversation', { participant_ids => [ $api->id('dave') ], type => 'private' },
    sprintf '{"conversation_id":"%s","conversation":{<ANY>},"already_exists":false}', $api->private('alice', 'dave'));
$same->($made->{conversation}, $api->call('alice', GET => '/conversations/' . $api->private('alice', 'dave'))->data->{conversation}, 'create_conversation: as over REST');
answers($alice, 'create_conversation again', 'create_conversation', { participant_ids => [ $api->id('dave'), $me ], type => 'private' },
    sprintf '{"conversation_id":"%s","conversation":{<ANY>},"already_exists":true}', $api->private('alice', 'dave'));
my $group = answers($alice, 'a group', 'create_conversation', { participant_ids => [ $you, $api->id('carol') ], type => 'group' },
    '{"conversation_id":"group:<UUID>","conversation":{<ANY>},"already_exists":false}');
is_deeply [ sort @{ $group->{conversation}{participant_ids} } ], [ sort $me, $you, $api->id('carol') ], 'has its members';

my $listed = answers($alice, 'get_conversations', 'get_conversations', {}, '{"conversations":[<ANY>]}');
$same->($listed->{conversations}, $api->call('alice', GET => '/conversations', query => { limit => 20 })->data, 'get_conversations: as over REST');
$same->($alice->ask('get_conversations', { limit => 1, offset => 1 })->response->{conversations}, [ $listed->{conversations}[1] ], 'get_conversations: limit and offset');
$api->group('alice', 'bob') for 1 .. 20;
is scalar @{ $alice->ask('get_conversations', {})->response->{conversations} }, 20, 'get_conversations: 20 at first';

for my $change ({ is_pinned => $true }, { is_muted => $true, draft => 'half a' }, { draft => undef }, { is_pinned => $false, is_muted => $false }, {}) {
    my $name = 'update_conversation ' . $json->encode($change);
    my $pair = answers($alice, $name, 'update_conversation', { conversation_id => $us, %$change },
        '{"conversation":{<ANY>},"unread_count":<NUMBER>,"is_pinned":<BOOL>,"is_muted":<BOOL>,"last_read_message_id":<ANY>,"draft":<ANY>}');
    is_deeply $pair->{$_}, $change->{$_}, "$name: $_" for sort keys %$change;
    $same->($pair, $api->call('alice', GET => "/conversations/$us")->data, "$name: as over REST");
}

# -- Sync ---------------------------------------------------------------------------------------------

my $erin = FlixIM::Test::Channel->join($api, $pushd, 'erin');
answers($erin, "sync from $_", 'sync', \qq({"last_sync_timestamp":$_}), '{"events":[],"new_last_sync_timestamp":"1970-01-01T00:00:00.000Z","has_more":false}')
    for 'null', '""', '"0"', '"1970-01-01T00:00:00.000Z"';
answers($erin, 'sync without a time', 'sync', {}, '{"events":[],"new_last_sync_timestamp":"1970-01-01T00:00:00.000Z","has_more":false}');
$api->send_text('alice', 'erin', $_) for qw(one two);
my $synced = answers($erin, 'sync', 'sync', { last_sync_timestamp => '' }, '{"events":[<EVENT>,<EVENT>],"new_last_sync_timestamp":"<TIME>","has_more":false}');
is $synced->{new_last_sync_timestamp}, $synced->{events}[1]{event_timestamp}, 'the cursor is the last event\'s';
is_deeply [ map { $_->{payload}{content}{text} } @{ $synced->{events} } ], [qw(one two)], 'oldest first';
answers($erin, 'sync from there', 'sync', { last_sync_timestamp => $synced->{new_last_sync_timestamp} }, qq({"events":[],"new_last_sync_timestamp":"$synced->{new_last_sync_timestamp}","has_more":false}));
answers($erin, 'sync from between', 'sync', { last_sync_timestamp => $synced->{events}[0]{event_timestamp} }, '{"events":[<EVENT>],"new_last_sync_timestamp":"<TIME>","has_more":false}');
answers($erin, 'sync from the future', 'sync', { last_sync_timestamp => '2999-01-01T00:00:00Z' }, qq({"events":[],"new_last_sync_timestamp":"$synced->{new_last_sync_timestamp}","has_more":false}));
my @of_rest = map { $_->{id} } @{ $api->call('erin', GET => '/messages/sync')->data->{messages} };
is_deeply [ sort map { $_->{payload}{id} } @{ $synced->{events} } ], [ sort @of_rest ], 'REST syncs the same messages';

# -- V1 and long poll have the same -------------------------------------------------------------------

for my $how ([ 'V1', vsn => '1.0.0' ], [ 'long poll', poll => 1 ], [ 'V1 over long poll', vsn => '1.0.0', poll => 1 ]) {
    my ($name, @how) = @$how;
    my $other = FlixIM::Test::Channel->join($api, $pushd, 'bob', @how);
    my $reply = $other->ask('send_message', text("over $name"));
    is $reply->keys, 'client_message_id message_id server_timestamp status', "$name: a reply";
    is $alice->wait_for(sub { ($_[0]{payload}{payload}{id} // '') eq $reply->response->{message_id} })->{payload}{payload}{content}{text}, "over $name", "$name: it arrives";
    my $pushed = $api->send_text('alice', 'bob', "to $name");
    is $other->event->{payload}{id}, $pushed, "$name: an event";
    is $other->leave->status, 'ok', "$name: it leaves";
}

is join("\n", FlixIM::Test::Channel::faults()), '', 'every frame is as docs/asyncapi.yaml says';
is_deeply [ $pushd->faults ], [], 'no fault in the log';
$api->finish;
done_testing;
