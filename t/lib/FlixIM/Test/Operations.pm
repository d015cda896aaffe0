# SPDX-License-Identifier: Apache-2.0
# The operations of the API, a row for each: what the matrix of rights and the hostile input are generated from.
package FlixIM::Test::Operations;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

our @EXPORT_OK = qw(operations operation target);

# A route without its row here fails t/guard/operations.t.
#   method, path  as in docs/openapi.yaml
#   names         what the path names: message, conversation, device; absent: nothing
#   body          a valid body, from ($api, $who, $friend); absent: the operation reads none
#   fields        the members that its body knows, and their kinds (t/api/hostile_input.t); ! those it cannot do without
#   query         the parameters that it knows, and their kinds
#   answers       the status of a success
#   acts          who may do it to a message: anyone who sees it, its sender, its receiver
#   open          needs no token
#   lists         its data is a list of the caller's messages or conversations
my @operations = (
    {
        method => 'GET', path => '/messages', answers => 200, lists => 'messages',
        query => { limit => 'number', offset => 'number', message_type => 'choice', status => 'choice', before_id => 'uuid', before => 'time' },
    },
    {
        method => 'POST', path => '/messages', answers => 201,
        body => sub {
            my ($api, $who, $friend) = @_;
            return { receiver_id => $api->id($friend), content => { text => 'x' }, content_type => 'text', message_type => 'private_message' };
        },
        fields => {
            client_message_id => 'uuid', conversation_id => 'conversation_id', receiver_id => 'uuid', receiver_ids => 'uuids',
            'message_type!' => 'choice', 'content_type!' => 'choice', 'content!' => 'object', reference_id => 'uuid', client_timestamp => 'time',
        },
        one_of => 'receiver_id',    # what is called missing if all of several fields are
    },
    { method => 'GET', path => '/messages/unread_count', answers => 200 },
    {
        method => 'GET', path => '/messages/sync', answers => 200, lists => 'sync',
        query => { last_sync_time => 'cursor', user_id => 'uuid', limit => 'number' },
    },
    {
        method => 'PUT', path => '/messages/batch_read', answers => 200,
        body => sub { return { message_ids => [ FlixIM::Test::Api::uuid() ] } }, fields => { 'message_ids!' => 'uuids' },
    },
    { method => 'PUT', path => '/messages/read_all', answers => 200 },
    { method => 'GET', path => '/messages/{id}', names => 'message', answers => 200, acts => 'anyone' },
    { method => 'DELETE', path => '/messages/{id}', names => 'message', answers => 200, acts => 'anyone' },
    { method => 'PUT', path => '/messages/{id}/read', names => 'message', answers => 200, acts => 'receiver' },
    { method => 'PUT', path => '/messages/{id}/withdraw', names => 'message', answers => 200, acts => 'sender' },
    {
        method => 'GET', path => '/conversations', answers => 200, lists => 'conversations',
        query => { limit => 'number', offset => 'number' },
    },
    {
        method => 'POST', path => '/conversations', answers => 201,
        body => sub {
            my ($api, $who, $friend) = @_;
            return { participant_ids => [ $api->id($friend) ], type => 'group' };
        },
        fields => { 'participant_ids!' => 'uuids', 'type!' => 'choice' },
    },
    { method => 'GET', path => '/conversations/{conversation_id}', names => 'conversation', answers => 200 },
    {
        method => 'PUT', path => '/conversations/{conversation_id}', names => 'conversation', answers => 200,
        body => sub { return { is_muted => JSON::PP::false() } }, fields => { is_pinned => 'bool', is_muted => 'bool', draft => 'text' },
    },
    {
        method => 'GET', path => '/conversations/{conversation_id}/messages', names => 'conversation', answers => 200, lists => 'messages',
        query => { limit => 'number', before => 'time', before_id => 'uuid' },
    },
    { method => 'GET', path => '/devices', answers => 200 },
    {
        method => 'POST', path => '/devices', answers => 201,
        body => sub { return { provider => 'fcm', token => FlixIM::Test::Api::uuid(), platform => 'android' } },
        fields => {
            'provider!' => 'choice', token => 'text', subscription => 'object', platform => 'text', locale => 'text', app_id => 'text',
        },
    },
    { method => 'DELETE', path => '/devices/{device_id}', names => 'device', answers => 200 },
    { method => 'GET', path => '/settings/notifications', answers => 200 },
    {
        method => 'PUT', path => '/settings/notifications', answers => 200,
        body => sub { return { show_text => JSON::PP::false() } }, fields => { quiet_hours => 'object', message_types => 'object', show_text => 'bool' },
    },
    { method => 'GET', path => '/token', answers => 200 },
    { method => 'GET', path => '/health', answers => 200, open => 1 },
);

sub operations { return @operations }

# The row of a method and a path.
sub operation {
    my ($method, $path) = @_;
    my ($found) = grep { $_->{method} eq $method && $_->{path} eq $path } @operations;
    return $found // die "no operation $method $path";
}

# The path of an operation on a thing.
sub target {
    my ($operation, $id) = @_;
    return $operation->{path} =~ s/\{\w+\}/$id/r;
}

1;
