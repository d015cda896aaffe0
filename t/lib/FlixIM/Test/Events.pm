# SPDX-License-Identifier: Apache-2.0
# The events of the channel, a row for each: what the matrix of rights and the hostile input are generated from.
package FlixIM::Test::Events;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

our @EXPORT_OK = qw(channel_events);

# An event without its row here fails t/guard/asyncapi.t.
#   event    its name
#   payload  a valid payload, from ($api, $who, $friend)
#   fields   the members that it knows, and their kinds (FlixIM::Test::Hostile); ! those it cannot do without
#   names    what a member of the payload names, and that member: another one gets the same answer for what is not there
#   missing  the reason if it lacks one of those
#   bad      reasons that are not "invalid parameters", by member
my @send = (
    payload => sub {
        my ($api, $who, $friend) = @_;
        return { conversation_id => $api->private($who, $friend), content => { text => 'x' }, content_type => 'text', message_type => 'private_message' };
    },
    fields => {
        client_message_id => 'uuid', conversation_id => 'conversation_id', receiver_id => 'uuid', 'message_type!' => 'choice',
        'content_type!' => 'choice', 'content!' => 'object', reference_id => 'uuid', client_timestamp => 'time',
    },
    names => [ conversation => 'conversation_id' ],
    one_of => 'receiver_id',
);
my $in_conversation = sub {
    my (%more) = @_;
    return sub { my ($api, $who, $friend) = @_; return { conversation_id => $api->private($who, $friend), %more } };
};
my @events = (
    {
        event => 'sync', payload => sub { return { last_sync_timestamp => '2025-04-10T10:30:00.000Z' } }, fields => { last_sync_timestamp => 'cursor' },
        bad => { last_sync_timestamp => 'invalid last_sync_timestamp' },
    },
    { event => 'send_message',         @send },
    { event => 'send_private_message', @send },
    {
        event => 'mark_read', names => [ conversation => 'conversation_id' ],
        payload => sub {
            my ($api, $who, $friend) = @_;
            return { conversation_id => $api->private($who, $friend), last_read_message_id => $api->send_text($friend, $who, 'x') };
        },
        fields => { 'conversation_id!' => 'conversation_id', last_read_message_id => 'uuid' },
    },
    {
        event => 'withdraw_message', names => [ message => 'message_id' ],
        payload => sub { my ($api, $who, $friend) = @_; return { message_id => $api->send_text($who, $friend, 'x') } },
        fields => { 'message_id!' => 'uuid' },
    },
    {
        event => 'get_conversation_history', names => [ conversation => 'conversation_id' ], payload => $in_conversation->(),
        fields => { 'conversation_id!' => 'conversation_id', limit => 'number', before => 'time', before_id => 'uuid' },
        missing => 'missing conversation_id',
    },
    {
        event => 'create_conversation',
        payload => sub { my ($api, $who, $friend) = @_; return { participant_ids => [ $api->id($friend) ], type => 'private' } },
        fields => { 'participant_ids!' => 'uuids', 'type!' => 'choice' }, bad => { type => 'invalid conversation type' },
    },
    { event => 'get_conversations', payload => sub { return {} }, fields => { limit => 'number', offset => 'number' } },
    {
        event => 'update_conversation', names => [ conversation => 'conversation_id' ], payload => $in_conversation->(draft => 'x'),
        fields => { 'conversation_id!' => 'conversation_id', is_pinned => 'bool', is_muted => 'bool', draft => 'text' },
    },
);

sub channel_events { return @events }

1;
