# SPDX-License-Identifier: Apache-2.0
# Who may do what: three users, two kinds of tokens, every operation, on one's own, others', missing and deleted things.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Operations qw(operations operation target);
use Apache::Test qw(-withtestmore);

my $api   = FlixIM::Test::Api->start;
my @users = qw(alice bob carol);
my %friend = (alice => 'bob', bob => 'carol', carol => 'alice');

# Everybody has written to everybody, so that there is something to leak.
for my $one (@users) { $api->send_text($one, $_, "secret of $one and $_") for grep { $_ ne $one } @users }
my %group = map { my $without = $_; ($without => $api->group(grep { $_ ne $without } @users)) } @users;
my $stray = 0;    # newcomers, one for each conversation that its other member must not see yet

# The looks of what a caller must not see, by their names; all of them have to be the same.
sub hidden {
    my ($who, $kind) = @_;
    my ($me, $friend) = ($who =~ s/:.*//r, $friend{ $who =~ s/:.*//r });
    my $third = $friend{$friend};
    if ($kind eq 'message') {
        my ($received, $sent) = ($api->send_text($friend, $me, 'deleted'), $api->send_text($me, $friend, 'deleted'));
        $api->call($who, DELETE => "/messages/$_") for $received, $sent;
        return (theirs => $api->send_text($friend, $third, 'theirs'), missing => $api->uuid, 'received and deleted' => $received, 'sent and deleted' => $sent,
            'no id' => 'nonsense', 'a user' => $api->id($me), 'too long' => 'a' x 300);
    }
    my $newcomer = 'stray' . ++$stray;
    $api->call($newcomer, POST => '/conversations', body => { type => 'private', participant_ids => [ $api->id($me) ] });
    return (theirs => $api->private($friend, $third), 'their group' => $group{$me}, 'no group' => 'group:' . $api->uuid, 'not begun' => $api->private($me, 'nobody'),
        'not begun by the other' => $api->private($me, $newcomer), 'with oneself' => $api->private($me, $me), 'their notices' => 'system:notification:' . $api->id($friend),
        'their interactions' => 'interaction:' . $api->id($friend), 'no id' => 'nonsense', 'too long' => 'group:' . 'a' x 300);
}

sub body_of { my ($operation, $me) = @_; return $operation->{body} ? (body => $operation->{body}->($api, $me, $friend{$me})) : () }

for my $me (@users) {
    for my $who ($me, "$me:jwt") {
        my $friend = $friend{$me};
        for my $operation (operations()) {
            my $name = "$who, $operation->{method} $operation->{path}";
            my $call = sub { my ($as, $id, %more) = @_; $api->call($as, $operation->{method} => target($operation, $id // ''), body_of($operation, $me), %more) };
            my $acts = $operation->{acts} // '';
            my $own = $acts eq 'sender' ? $api->send_text($me, $friend, 'own') : $acts ? $api->send_text($friend, $me, 'own') : $api->private($me, $friend);
            is $call->(undef, $own)->verdict, $operation->{open} ? 200 : '401 unauthorized', "$name: without a token";
            if ($acts eq 'sender' || $acts eq 'receiver') {
                my $not_mine = $acts eq 'sender' ? $api->send_text($friend, $me, 'seen') : $api->send_text($me, $friend, 'seen');
                my $before = $api->state;
                is $call->($who, $not_mine)->verdict, '403 forbidden', "$name: seen, but for its $acts to do";
                is $api->state, $before, "$name: and it is as it was";
            }
            if ($operation->{names}) {
                my %hidden = hidden($who, $operation->{names});
                my $before = $api->state;
                my %look;
                for my $what (sort keys %hidden) { push @{ $look{ $call->($who, $hidden{$what})->look } }, $what }
                is scalar keys %look, 1, "$name: what is hidden cannot be told apart" or diag join "\n--\n", map {"@{$look{$_}}: $_"} sort keys %look;
                like +(keys %look)[0], qr/\A404\n.*"code":"$operation->{names}_not_found"/s, "$name: it is not there";
                is $api->state, $before, "$name: and it is as it was";
            }
            is $call->($who, $own)->status, $operation->{answers}, "$name: one's own";
        }
    }
}

# Lists show the caller's, whatever is asked for.
sub foreign {
    my ($me, $answer) = @_;
    my $id = $api->id($me);
    my $data = $answer->data;
    my @items = ref $data eq 'HASH' ? @{ $data->{messages} } : @$data;
    return grep {
        my $item = $_->{conversation} // $_;
        my @of = $item->{participant_ids} ? @{ $item->{participant_ids} } : ($item->{sender_id}, $item->{receiver_id} // '');
        !(grep { $_ eq $id } @of) && ($item->{conversation_id} // '') !~ /^group:/ || $item->{conversation_id} eq $group{$me};
    } @items;
}
for my $me (@users) {
    my $theirs = $api->send_text($friend{$me}, $friend{ $friend{$me} }, 'theirs');
    my @filters = ({}, { limit => 200 }, { limit => 200, before_id => $theirs }, { before_id => 'ffffffff-ffff-ffff-ffff-ffffffffffff' }, { before => '9999-12-31T23:59:59Z' },
        { offset => 1 }, { offset => 2147483647 }, { last_sync_time => '' }, { last_sync_time => '1970-01-01T00:00:00Z' }, { sender_id => $api->id($friend{$me}), user => $api->id($friend{$me}) },
        (map { +{ status => $_ } } qw(unread read withdrawn deleted)), map { +{ message_type => $_ } } qw(system_notification system_announcement interaction private_message));
    for my $operation (grep { $_->{lists} } operations()) {
        for my $query (@filters) {
            my $answer = $api->call($me, GET => target($operation, $api->private($me, $friend{$me})), query => $query);
            my @foreign = foreign($me, $answer);
            is @foreign, 0, join ' ', "$me, GET $operation->{path}", (map {"$_=$query->{$_}"} sort keys %$query), 'shows nothing of others';
        }
    }
    is $api->call($me, GET => '/messages/sync', query => { user_id => $api->id($me) })->status, 200, "$me syncs";
    is $api->call($me, GET => '/messages/sync', query => { user_id => uc $api->id($me) })->status, 200, "$me syncs, in upper case";
    my %look = map { $api->call($me, GET => '/messages/sync', query => { user_id => $_ })->look => 1 } $api->id($friend{$me}), $api->uuid;
    is scalar keys %look, 1, "$me cannot tell users apart from nobody";
    like +(keys %look)[0], qr/\A403\n.*"forbidden"/s, "$me may not sync for another";
    is $api->call($me, PUT => '/messages/batch_read', body => { message_ids => [ $theirs, $api->uuid ] })->data->{marked_count}, 0, "$me marks nothing of others";
}

# Sending: where one is no part of, there is nothing.
my %text = (content => { text => 'x' }, content_type => 'text', message_type => 'private_message');
my %refused;
for my $target ($api->private('bob', 'carol'), $group{alice}, 'group:' . $api->uuid, 'private:' . $api->uuid . ':' . $api->uuid, 'interaction:' . $api->id('bob'), 'nonsense') {
    my $before = $api->state;
    push @{ $refused{ $api->call('alice', POST => '/messages', body => { %text, conversation_id => $target })->look } }, $target;
    is $api->state, $before, "nothing is sent into $target";
}
is scalar keys %refused, 1, 'into whatever others have' or diag join "\n--\n", map {"@{$refused{$_}}: $_"} keys %refused;
like +(keys %refused)[0], qr/\A404\n.*"conversation_not_found"/s, 'it is not there';
for my $type (qw(system_notification system_announcement)) {
    my %notice = (content => {}, content_type => 'system', message_type => $type);
    for my $to ({ receiver_id => $api->id('bob') }, { receiver_ids => [ $api->id('bob'), $api->id('carol') ] }) {
        my $kind = "$type by " . (keys %$to)[0];
        my $before = $api->state;
        is $api->call($_, POST => '/messages', body => { %notice, %$to })->verdict, '403 insufficient_scope', "$_: no $kind" for 'alice', 'alice:jwt';
        is $api->state, $before, "nothing was sent of $kind";
        is $api->call($_, POST => '/messages', body => { %notice, %$to })->status, 201, "$_: $kind" for 'ops:system', 'ops:jwt:system';
    }
}
like $api->call('ops:system', POST => '/messages', body => { %text, receiver_ids => [ $api->id('bob') ] })->status, qr/^4(?:22|03)$/, 'a private message has one receiver';
my $secret = $api->send_text('alice', 'bob', 'x');
is $api->call('ops:system', $_->[0] => "/messages/$secret$_->[1]")->verdict, '404 message_not_found', "the scope system does not open $_->[0] $_->[1]"
    for [ GET => '' ], [ DELETE => '' ], [ PUT => '/read' ], [ PUT => '/withdraw' ];

# What the server sets, it sets; ids of clients are each sender's own.
my %wished = (id => $api->uuid, sender_id => $api->id('bob'), status => 'read', server_timestamp => '2001-01-01T00:00:00.000Z', inserted_at => '2001-01-01T00:00:00.000Z',
    updated_at => '2001-01-01T00:00:00.000Z', is_system => JSON::PP::true(), user_id => $api->id('bob'), origin => $api->uuid);
my $got = $api->call('alice', POST => '/messages', body => { %text, %wished, receiver_id => $api->id('carol') })->data;
isnt $got->{$_}, $wished{$_}, "$_ is not the client's to set" for grep { exists $got->{$_} } sort keys %wished;
is $got->{sender_id}, $api->id('alice'), 'the sender is who sent it';
my $pair = $api->call('alice', PUT => '/conversations/' . $api->private('alice', 'bob'),
    body => { unread_count => 99, last_read_message_id => $secret, conversation_id => 'x', type => 'group', user_id => $api->id('bob'), is_muted => JSON::PP::true() })->data;
isnt $pair->{unread_count}, 99, 'unread_count is counted';
is $pair->{is_muted}, JSON::PP::true(), 'what is the member\'s is set';
is $api->call('bob', GET => '/conversations/' . $api->private('alice', 'bob'))->data->{is_muted}, JSON::PP::false(), 'and for that member alone';
my $same = $api->uuid;
is $api->call($_, POST => '/messages', body => { %text, receiver_id => $api->id('carol'), client_message_id => $same })->status, 201, "$_ may use a client_message_id that another has used" for qw(alice bob);

$api->finish;
done_testing;
