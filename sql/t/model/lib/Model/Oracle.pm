# SPDX-License-Identifier: Apache-2.0
# An oracle of the schema's rules, kept in memory and written from the design rather than from the SQL.
package Model::Oracle;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use Digest::SHA    qw(sha256_hex);
use File::Basename qw(dirname);
use JSON::PP       ();
use List::Util     qw(max);
use lib abs_path(dirname(__FILE__) . '/..');
use Model::Compare qw(any id_complaint slot);
use parent qw(Model::Answers Model::Changes);

=head1 STATE

    users          id => { events, copies (by message id), unread (message id => copy), conversations, valid_from }
    messages       id => { conversation, copies (user id => copy), content, is_withdrawn, ... }
    conversations  name => { type, members (user id => member), messages (in order), id, inserted_at }
    a copy         what one user sees of a message: { user, message, status, change => the event that told of it last }
    an event       { user, place (in the user's order), type, status, message, origin, stamp, id }

A function of the schema is a method of the same name, which takes the same arguments, changes the state and returns the
rows to expect. It is called after the database answered, with began and ended set to when the call began and ended. Ids and
instants that the database chose are slots until the answer is compared; then settle() puts new messages in their places.

=cut

my $json = JSON::PP->new->canonical->allow_nonref;

sub new {
    my ($class) = @_;
    my $self = bless {
        users => {}, messages => {}, conversations => {}, tokens => {}, unsettled => [],
        withdraw_window => 120_000_000, began => 0, ended => 0,
    }, $class;
    $self->{check} = {
        stamp    => sub { $self->stamp_complaint(@_) },
        event_id => sub { id_complaint($_[1], $_[0]{stamp}) },
        made     => sub { $_[1] > $self->{ended} ? 'is in the future' : () },
        id_time  => sub { id_complaint($_[1], undef) },
    };
    return $self;
}

# Users, as far as they have done or received anything.
sub user {
    my ($self, $id) = @_;
    return $self->{users}{$id}
        //= { id => $id, events => [], copies => [], unread => {}, conversations => {}, valid_from => undef };
}

# ---- Ids and stamps

sub stamp {
    my ($self, $event) = @_;
    return slot($event, 'stamp', $self->{check}{stamp});
}

# A user's stamps rise from event to event; none is older than its call, nor newer unless the one before it is.
sub stamp_complaint {
    my ($self, $event, $stamp) = @_;
    my ($events, $place) = ($event->{user}{events}, $event->{place});
    return "stamp $stamp has microseconds" if $stamp % 1_000;
    return "stamp $stamp is before its call at $event->{began}" if $stamp < $event->{began} - $event->{began} % 1_000;
    my $before = $place ? $events->[$place - 1]{stamp} : 0;
    return "stamp $stamp is ahead of the clock" if defined $before && $stamp > $event->{ended} && $stamp > $before + 1_000;
    for (my $i = $place - 1; $i >= 0; $i--) {
        next if !defined $events->[$i]{stamp};
        return "stamp $stamp is not after the one before, $events->[$i]{stamp}" if $stamp <= $events->[$i]{stamp};
        last;
    }
    for my $i ($place + 1 .. $#$events) {
        next if !defined $events->[$i]{stamp};
        return "stamp $stamp is not before the next, $events->[$i]{stamp}" if $stamp >= $events->[$i]{stamp};
        last;
    }
    return defined $event->{id} ? id_complaint($event->{id}, $stamp) : ();
}

# Tells a user of something: the event, which is also the copy's change if it has one.
sub tell {
    my ($self, $user, $type, $status, $message, $origin) = @_;
    my $event = {
        user => $user, place => scalar @{ $user->{events} }, type => $type, status => $status, message => $message,
        origin => $origin, began => $self->{began}, ended => $self->{ended},
    };
    push @{ $user->{events} }, $event;
    return $event;
}

sub set_status {
    my ($self, $copy, $status, $event) = @_;
    delete $copy->{user}{unread}{ $copy->{message}{id} };
    @{$copy}{qw(status change)} = ($status, $event);
    return;
}

# ---- Tokens

# The user whom a caller is, or nothing when the token does not count.
sub identify {
    my ($self, $caller) = @_;
    my ($id, $issued_at) = @{$caller}{qw(user_id issued_at)};
    if (defined $caller->{token_digest}) {
        my $token = $self->{tokens}{ $caller->{token_digest} };
        return if !$token || $token->{is_over};
        return $self->user($token->{user_id});
    }
    my $user = $self->user($id);
    return if defined $user->{valid_from} && (!defined $issued_at || $issued_at < $user->{valid_from});
    return $user;
}

# Takes the token that the database made: its text cannot be foreseen.
sub learn_token {
    my ($self, $secret, $user_id, $is_system, $is_over) = @_;
    my $digest = sha256_hex($secret);
    $self->{tokens}{$digest} = { user_id => $user_id, is_system => $is_system, is_over => $is_over };
    $self->user($user_id);
    return $digest;
}

sub authenticate {
    my ($self, $caller) = @_;
    my $me = $self->identify($caller) or return [{ outcome => 'invalid_token' }];
    my $token = $self->{tokens}{ $caller->{token_digest} // '' };
    my $last = $me->{events}[-1];
    return [{
        outcome    => 'ok',
        user_id    => $me->{id},
        issued_at  => $token ? any() : $caller->{issued_at},
        is_system  => $token ? $token->{is_system} : $caller->{is_system} ? 1 : 0,
        expires_at => $token ? any() : undef,
        live_from  => $last ? $self->stamp($last) : 0,
    }];
}

sub revoke_token {
    my ($self, $digest) = @_;
    my $token = $self->{tokens}{$digest};
    return [{ outcome => 0 }] if !$token || $token->{is_revoked};
    @{$token}{qw(is_over is_revoked)} = (1, 1);
    $self->tell($self->user($token->{user_id}), 'session_revoked');
    return [{ outcome => 1 }];
}

# Every token until now is over. A JWT has whole seconds: all of this second is, and what was issued for the time after it.
sub revoke_user_tokens {
    my ($self, $user_id) = @_;
    my $user = $self->user($user_id);
    $_->{is_over} = 1 for grep { $_->{user_id} eq $user_id } values %{ $self->{tokens} };
    $self->tell($user, 'session_revoked');
    my $before = delete $user->{valid_from} // 0;
    my ($least, $most) = map { max($_ - $_ % 1_000_000 + 1_000_000, $before + 1_000) } @{$self}{qw(began ended)};
    return [{ outcome => slot($user, 'valid_from', sub { $_[1] == $least || $_[1] == $most ? () : "is $_[1], not $least" }) }];
}

# ---- Sending

sub send_messages {
    my ($self, $messages) = @_;
    my @rows;
    for my $m (@$messages) {
        my $copy;
        my ($outcome, $fault, $target) = $self->judge($m);
        ($outcome, $copy) = $self->deliver($m, $target) if !$outcome;
        my ($field, $rule) = split /:/, $fault // '';
        my $shown = $copy ? $self->told_row($copy) : {
            (map { $_ => any() } qw(conversation_id sender_id receiver_id content_type message_type reference_id)),
            client_message_id => $m->{client_message_id} // any(),
        };
        push @rows, { %$shown, outcome => $outcome, field => $field, rule => $rule, ordinal => @rows + 1 };
    }
    return \@rows;
}

# A refusal (outcome, fault), or what the message is to: a name, a type, a receiver.
sub judge {
    my ($self, $m) = @_;
    return 'invalid_token' if !$self->identify({ user_id => $m->{sender_id}, issued_at => $m->{issued_at} });
    my ($fault, $target) = $self->address($m);
    $fault //= content_fault($m->{content_type}, $m->{content});
    return ('invalid', $fault) if $fault;
    return 'insufficient_scope' if $m->{message_type} =~ /^system/ && !$m->{is_system};
    return 'conversation_not_found' if !$target;
    my $group = $target->{type} eq 'group' && $self->{conversations}{ $target->{name} };
    return 'conversation_not_found' if $target->{type} eq 'group' && !($group && $group->{members}{ $m->{sender_id} });
    return (undef, undef, $target);
}

sub conversation_name {
    my ($type, $sender, $receiver) = @_;
    return 'private:' . join ':', sort $sender, $receiver if $type eq 'private_message';
    return "interaction:$receiver" if $type eq 'interaction';
    return ($type =~ s/_/:/r) . ":$receiver";
}

# What the names of the conversations begin with that take messages of a type.
my %takes = (
    private_message     => qr/^(?:private|group):/, interaction         => qr/^interaction:/,
    system_notification => qr/^system:notification:/, system_announcement => qr/^system:announcement:/,
);

# Whom a message is to: a fault, or a target; neither for a name that is none of the sender's.
sub address {
    my ($self, $m) = @_;
    my ($type, $name, $receiver, $sender) = @{$m}{qw(message_type conversation_id receiver_id sender_id)};
    return "$_:required" for grep { !defined $m->{$_} } qw(message_type content_type content);
    return 'content:unsupported' if $m->{content} =~ /\\u0000|\\ud83d"|e200000/;    # what a database cannot hold
    return 'conversation_id:message_type' if defined $name && $name !~ $takes{$type};
    return 'receiver_id:required' if !defined $name && !defined $receiver;
    if ($type eq 'private_message' && ($name // '') =~ /^group:/) {
        return defined $receiver ? 'receiver_id:not_in_group' : (undef, { name => $name, type => 'group' });
    }
    my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
    my ($named) = grep { defined && conversation_name($type, $sender, $_) eq ($name // '') } ($name // '') =~ /($uuid)/g;
    return 'receiver_id:mismatch' if defined $named && defined $receiver && $named ne $receiver;
    my $to = $receiver // $named;
    return 'receiver_id:not_self' if defined $to && $to eq $sender && $type !~ /^system/;
    return if defined $name && !defined $named;
    return (undef, {
        name     => conversation_name($type, $sender, $to),
        type     => $type eq 'private_message' ? 'private' : 'system',
        receiver => $to,
    });
}

sub content_fault {
    my ($content_type, $content) = @_;
    my $body = $json->decode($content);
    return 'content:object' if ref $body ne 'HASH';
    my ($text, $urls) = @{$body}{qw(text image_urls)};
    return 'content.text:string'   if ref $text;
    return 'content.text:required' if $content_type eq 'text' && ($text // '') eq '';
    return 'content.text:too_long' if length($text // '') > 10_000;
    for my $key (qw(title deep_link)) {
        return "content.$key:string" if ref $body->{$key};
    }
    return 'content.image_urls:required'
        if $content_type eq 'image' && (!defined $urls || ref $urls eq 'ARRAY' && !@$urls);
    return if !defined $urls;
    return 'content.image_urls:array'    if ref $urls ne 'ARRAY';
    return 'content.image_urls:too_many' if @$urls > 9;
    return 'content.image_urls:strings'  if grep { ref || !defined || $_ eq '' } @$urls;
    return;
}

# What makes two requests with one client id the same.
sub request {
    my ($m, $target) = @_;
    return join "\n", $target->{name}, @{$m}{qw(message_type content_type)}, $m->{reference_id} // '-',
        $json->encode($json->decode($m->{content}));
}

# Makes a message that is not refused, or finds the one that it repeats.
sub deliver {
    my ($self, $m, $target) = @_;
    my $sender = $self->user($m->{sender_id});
    my $request = request($m, $target);
    my $known = defined $m->{client_message_id} ? $sender->{sent}{ $m->{client_message_id} } : undef;
    if ($known) {
        return $known->{request} eq $request ? ('ok', $known->{copies}{ $sender->{id} }) : 'idempotency_conflict';
    }
    my $conversation = $self->conversation($target, $sender->{id});
    my $client_timestamp = $m->{client_timestamp};
    my $message = {
        (map { $_ => $m->{$_} } qw(client_message_id sender_id content content_type message_type reference_id)),
        client_timestamp => defined $client_timestamp ? $client_timestamp - $client_timestamp % 1_000 : undef,
        receiver_id => $target->{receiver}, conversation => $conversation, request => $request,
        began => $self->{began}, ended => $self->{ended},
    };
    my %told = map { $_ => 1 } $sender->{id}, keys %{ $conversation->{members} };
    $_->{is_visible} = 1 for values %{ $conversation->{members} };
    for my $user (map { $self->user($_) } keys %told) {
        my $is_own = $user == $sender;
        my $event = $self->tell($user, 'new_message', undef, $message, $is_own ? $m->{origin} : undef);
        my $status = $is_own && ($target->{receiver} // '') ne $sender->{id} ? 'sent' : 'unread';
        $message->{copies}{ $user->{id} } = { user => $user, message => $message, status => $status, change => $event };
    }
    $sender->{sent}{ $m->{client_message_id} } = $message if defined $m->{client_message_id};
    push @{ $self->{unsettled} }, $message;
    return ('created', $message->{copies}{ $sender->{id} });
}

sub conversation {
    my ($self, $target, $sender_id) = @_;
    my $name = $target->{name};
    return $self->{conversations}{$name}
        || $self->add_conversation($name, $target->{type}, $target->{receiver},
        $target->{type} eq 'private' ? $sender_id : ());
}

sub add_conversation {
    my ($self, $name, $type, @user_ids) = @_;
    my $conversation = { conversation_id => $name, type => $type, messages => [] };
    $conversation->{members}{$_} = { is_pinned => 0, is_muted => 0 } for @user_ids;
    defined $name ? $self->name_conversation($conversation) : ($self->{unnamed} = $conversation);
    return $conversation;
}

# Files a conversation under its name; that of a new group is known with the answer only.
sub name_conversation {
    my ($self, $conversation) = @_;
    my $name = $conversation->{conversation_id};
    $self->{conversations}{$name} = $conversation;
    $self->user($_)->{conversations}{$name} = $conversation for keys %{ $conversation->{members} };
    return;
}

# Puts the messages of the last answer in their places, now that their ids are known. Returns what is wrong with them.
sub settle {
    my ($self) = @_;
    my @complaints;
    $self->name_conversation(delete $self->{unnamed}) if $self->{unnamed};
    for my $message (splice @{ $self->{unsettled} }) {
        push @complaints, complaints($message);
        my ($id, $conversation) = @{$message}{qw(id conversation)};
        $self->{messages}{$id} = $message;
        $self->user($message->{sender_id})->{sent}{ $message->{client_message_id} } = $message;
        push @{ $conversation->{messages} }, $message;
        for my $copy (values %{ $message->{copies} }) {
            my ($user, $place) = ($copy->{user}, scalar @{ $copy->{user}{copies} });
            $place-- while $place > 0 && $user->{copies}[$place - 1]{message}{id} gt $id;
            splice @{ $user->{copies} }, $place, 0, $copy;
            $user->{unread}{$id} = $copy if $copy->{status} eq 'unread';
        }
    }
    return @complaints;
}

# A new message against its call and its conversation's clock.
sub complaints {
    my ($message) = @_;
    my ($id, $at, $inserted_at) = @{$message}{qw(id server_timestamp inserted_at)};
    my @complaints = id_complaint($id, $at);
    push @complaints, "inserted_at $inserted_at is not when it was sent"
        if $inserted_at < $message->{began} - $message->{began} % 1_000 || $inserted_at > $message->{ended};
    my $last = $message->{conversation}{messages}[-1];
    my $next = max($inserted_at, $last ? $last->{server_timestamp} + 1_000 : 0);
    push @complaints, "server_timestamp is $at, not $next" if $at != $next;
    push @complaints, "id $id is not above $last->{id}" if $last && $last->{id} ge $id;
    return @complaints;
}

1;
