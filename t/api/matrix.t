# SPDX-License-Identifier: Apache-2.0
# Who may do what: three users, two kinds of tokens, every operation, on one's own, others', missing and deleted things.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Operations qw(operations target);
use Apache::Test qw(-withtestmore);
use JSON::PP     ();

my $api    = FlixIM::Test::Api->start;
my @users  = qw(alice bob carol);
my %friend = (alice => 'bob', bob => 'carol', carol => 'alice');
my ($true, $false) = (JSON::PP::true(), JSON::PP::false());

# Everybody has written to everybody, so that there is something to leak.
for my $one (@users) { $api->send_text($one, $_, "secret of $one and $_") for grep { $_ ne $one } @users }
my %group_without = map { my $without = $_; ($without => $api->group(grep { $_ ne $without } @users)) } @users;

# -- What must not be seen, cannot be told apart -----------------------------------------------------

# Messages that the caller must not see, by what they are.
sub hidden_messages {
    my ($who, $me, $friend, $third) = @_;
    my %hidden = (
        'received and deleted' => $api->send_text($friend, $me, 'deleted'),
        'sent and deleted'     => $api->send_text($me, $friend, 'deleted'),
    );
    $api->call($who, DELETE => "/messages/$_") for values %hidden;
    return (
        %hidden,
        'theirs'   => $api->send_text($friend, $third, 'theirs'),
        'missing'  => $api->uuid,
        'a user'   => $api->id($me),
        'no id'    => 'nonsense',
        'too long' => 'a' x 300,
    );
}

# Conversations that the caller must not see; a newcomer has opened one of them, and not written yet.
sub hidden_conversations {
    my ($who, $me, $friend, $third) = @_;
    my $newcomer = 'newcomer ' . $api->uuid;
    $api->call($newcomer, POST => '/conversations', body => { type => 'private', participant_ids => [ $api->id($me) ] });
    return (
        'theirs'                 => $api->private($friend, $third),
        'their group'            => $group_without{$me},
        'no group'               => 'group:' . $api->uuid,
        'not begun'              => $api->private($me, 'nobody'),
        'not begun by the other' => $api->private($me, $newcomer),
        'with oneself'           => $api->private($me, $me),
        'their notices'          => 'system:notification:' . $api->id($friend),
        'their interactions'     => 'interaction:' . $api->id($friend),
        'no id'                  => 'nonsense',
        'too long'               => 'group:' . 'a' x 300,
    );
}

# Devices that are not the caller's, by what they are.
sub hidden_devices {
    my ($who, $me, $friend) = @_;
    my $deleted = $api->device($me);
    $api->call($who, DELETE => "/devices/$deleted");
    my $taken = $api->uuid;
    return (
        'theirs'   => $api->device($friend),
        'deleted'  => $deleted,
        'taken'    => (map { $api->device($_, $taken) } $me, $friend)[0],
        'missing'  => $api->uuid,
        'a user'   => $api->id($me),
        'no id'    => 'nonsense',
        'too long' => 'a' x 300,
    );
}
my %hidden = (message => \&hidden_messages, conversation => \&hidden_conversations, device => \&hidden_devices);

for my $me (@users) {
    my $friend = $friend{$me};
    for my $who ($me, "$me:jwt") {
        for my $operation (operations()) {
            my $name = "$who, $operation->{method} $operation->{path}";
            my $call = sub {
                my ($as, $id) = @_;
                my $body = $operation->{body} && $operation->{body}->($api, $me, $friend);
                return $api->call($as, $operation->{method} => target($operation, $id), $body ? (body => $body) : ());
            };
            my $acts = $operation->{acts} // '';
            my $own = $acts eq 'sender' ? $api->send_text($me, $friend, 'own')
                : $acts ? $api->send_text($friend, $me, 'own') : ($operation->{names} // '') eq 'device' ? $api->device($me) : $api->private($me, $friend);

            is $call->(undef, $own)->verdict, $operation->{open} ? 200 : '401 unauthorized', "$name: without a token";
            if ($acts eq 'sender' || $acts eq 'receiver') {
                my $seen = $acts eq 'sender' ? $api->send_text($friend, $me, 'seen') : $api->send_text($me, $friend, 'seen');
                my $before = $api->state;
                is $call->($who, $seen)->verdict, '403 forbidden', "$name: seen, but for its $acts to do";
                is $api->state, $before, "$name: and it is as it was";
            }
            if ($operation->{names}) {
                my %id = $hidden{ $operation->{names} }->($who, $me, $friend, $friend{$friend});
                my $before = $api->state;
                my %look;
                push @{ $look{ $call->($who, $id{$_})->look } }, $_ for sort keys %id;
                is scalar keys %look, 1, "$name: what is hidden cannot be told apart"
                    or diag map {"@{ $look{$_} }:\n$_\n"} sort keys %look;
                like +(keys %look)[0], qr/\A404\n.*"code":"$operation->{names}_not_found"/s, "$name: it is not there";
                is $api->state, $before, "$name: and it is as it was";
            }
            is $call->($who, $own)->status, $operation->{answers}, "$name: one's own";
        }
    }
}

# -- Lists show the caller's, whatever is asked for ---------------------------------------------------

# The items of a list that are not the caller's.
sub foreign {
    my ($me, $data) = @_;
    my $id = $api->id($me);
    return grep {
        my $item = $_->{conversation} // $_;
        my @of = $item->{participant_ids} ? @{ $item->{participant_ids} } : ($item->{sender_id}, $item->{receiver_id} // '');
        my $is_mine = grep { $_ eq $id } @of;
        $item->{conversation_id} eq $group_without{$me} || !$is_mine && $item->{conversation_id} !~ /^group:/;
    } ref $data eq 'HASH' ? @{ $data->{messages} } : @$data;
}

for my $me (@users) {
    my $other = $friend{$me};
    my $theirs = $api->send_text($other, $friend{$other}, 'theirs');
    my @queries = (
        {}, { limit => 200 }, { offset => 1 }, { offset => 2147483647 },
        { limit => 200, before_id => $theirs }, { before_id => 'ffffffff-ffff-ffff-ffff-ffffffffffff' }, { before => '9999-12-31T23:59:59Z' },
        { last_sync_time => '' }, { last_sync_time => '1970-01-01T00:00:00Z' }, { sender_id => $api->id($other), user => $api->id($other) },
        (map { { status => $_ } } qw(unread read withdrawn deleted)),
        (map { { message_type => $_ } } qw(system_notification system_announcement interaction private_message)),
    );
    for my $operation (grep { $_->{lists} } operations()) {
        for my $query (@queries) {
            my $answer = $api->call($me, GET => target($operation, $api->private($me, $other)), query => $query);
            my $name = join ' ', "$me, GET $operation->{path}", map {"$_=$query->{$_}"} sort keys %$query;
            is scalar(foreign($me, $answer->data)), 0, "$name shows nothing of others";
        }
    }
    for my $id ($api->id($me), uc $api->id($me)) {
        is $api->call($me, GET => '/messages/sync', query => { user_id => $id })->status, 200, "$me syncs";
    }
    my %look = map { $api->call($me, GET => '/messages/sync', query => { user_id => $_ })->look => 1 } $api->id($other), $api->uuid;
    is scalar keys %look, 1, "$me cannot tell users apart from nobody";
    like +(keys %look)[0], qr/\A403\n.*"forbidden"/s, "$me may not sync for another";
    my $batch = { message_ids => [ $theirs, $api->uuid ] };
    is $api->call($me, PUT => '/messages/batch_read', body => $batch)->data->{marked_count}, 0, "$me marks nothing of others";
}

# -- Sending ------------------------------------------------------------------------------------------

my %text = (content => { text => 'x' }, content_type => 'text', message_type => 'private_message');
my ($bob, $carol) = ($api->id('bob'), $api->id('carol'));
my @nowhere = (
    $api->private('bob', 'carol'), $api->private('nobody', 'no other'), $group_without{alice}, 'group:' . $api->uuid,
);
# Where no such message goes, whether there is such a conversation or not.
my @elsewhere = (map { ("interaction:$_", "system:notification:$_") } $bob, $api->id('alice'), $api->uuid);
for ([ \@nowhere, 'what others have', qr/\A404\n.*"conversation_not_found"/s ],
    [ \@elsewhere, 'what is for other messages', qr/\A422\n.*"conversation_id"/s ]) {
    my ($conversations, $what, $expected) = @$_;
    my %refused;
    for my $conversation (@$conversations) {
        my $before = $api->state;
        push @{ $refused{ $api->call('alice', POST => '/messages', body => { %text, conversation_id => $conversation })->look } }, $conversation;
        is $api->state, $before, "nothing is sent into $conversation";
    }
    is scalar keys %refused, 1, "one answer for $what" or diag map {"@{ $refused{$_} }:\n$_\n"} keys %refused;
    like +(keys %refused)[0], $expected, 'and it says what is wrong';
}

for my $type (qw(system_notification system_announcement)) {
    my %notice = (content => {}, content_type => 'system', message_type => $type);
    for my $to ({ receiver_id => $bob }, { receiver_ids => [ $bob, $carol ] }, { conversation_id => $type =~ tr/_/:/r . ":$bob" }) {
        my $name = "$type by " . (keys %$to)[0];
        my $before = $api->state;
        is $api->call($_, POST => '/messages', body => { %notice, %$to })->verdict, '403 insufficient_scope', "$_: no $name" for 'alice', 'alice:jwt';
        is $api->state, $before, "$name: nothing was sent";
        is $api->call($_, POST => '/messages', body => { %notice, %$to })->status, 201, "$_: $name" for 'ops:system', 'ops:jwt:system';
    }
}
my %both = (%text, receiver_ids => [$bob]);
is $api->call($_, POST => '/messages', body => \%both)->verdict, '422 invalid_fields receiver_ids', "$_: a private message has one receiver"
    for 'alice', 'ops:system';
my $secret = $api->send_text('alice', 'bob', 'x');
for my $case ([ GET => '' ], [ DELETE => '' ], [ PUT => '/read' ], [ PUT => '/withdraw' ]) {
    my ($method, $what) = @$case;
    is $api->call('ops:system', $method => "/messages/$secret$what")->verdict, '404 message_not_found', "the scope system opens no $method $what";
}

# -- What the server sets, it sets --------------------------------------------------------------------

my $old = '2001-01-01T00:00:00.000Z';
my %wished = (
    id => $api->uuid, sender_id => $bob, user_id => $bob, status => 'read', is_system => $true, origin => $api->uuid,
    map { $_ => $old } qw(server_timestamp inserted_at updated_at),
);
my $got = $api->call('alice', POST => '/messages', body => { %text, %wished, receiver_id => $carol })->data;
isnt $got->{$_}, $wished{$_}, "$_ is not the client's to set" for grep { exists $got->{$_} } sort keys %wished;
is $got->{sender_id}, $api->id('alice'), 'the sender is who sent it';

my $ours = '/conversations/' . $api->private('alice', 'bob');
my %settings = (unread_count => 99, last_read_message_id => $secret, conversation_id => 'x', type => 'group', user_id => $bob, is_muted => $true);
my $pair = $api->call('alice', PUT => $ours, body => \%settings)->data;
isnt $pair->{unread_count}, 99, 'unread_count is counted';
isnt $pair->{last_read_message_id} // '', $secret, 'last_read_message_id is what was read';
is $pair->{is_muted}, $true, 'what is the member\'s is set';
is $api->call('bob', GET => $ours)->data->{is_muted}, $false, 'and for that member alone';

my %same = (%text, receiver_id => $carol, client_message_id => $api->uuid);
is $api->call($_, POST => '/messages', body => \%same)->status, 201, "$_ may use a client_message_id that another has used" for qw(alice bob);

$api->finish;
done_testing;
