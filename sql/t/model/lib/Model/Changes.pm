# SPDX-License-Identifier: Apache-2.0
# The part of the oracle that says what becomes of messages and conversations once they are there.
package Model::Changes;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use lib abs_path(dirname(__FILE__) . '/..');
use Model::Answers qw(newest refusal);
use Model::Compare qw(id_complaint slot);

my $chunk = 250;    # of bulk reading: in a chunk events come in the order of message ids
my %type_place = (system_notification => 0, system_announcement => 1, interaction => 2, private_message => 3);

# Marks a user's unread copies read, in the order of message ids; returns how many they were.
sub read_copies {
    my ($self, $me, $origin, @copies) = @_;
    for my $copy (sort { $a->{message}{id} cmp $b->{message}{id} } @copies) {
        my $message = $copy->{message};
        $self->set_status($copy, 'read', $self->tell($me, 'message_status_update', 'read', $message, $origin));
        raise_last_read($message->{conversation}{members}{ $me->{id} }, $message->{id});
        my $theirs = $message->{copies}{ $message->{sender_id} };
        next if $message->{conversation}{type} ne 'private' || $theirs->{status} ne 'sent';
        $self->set_status($theirs, 'read', $self->tell($theirs->{user}, 'message_status_update', 'read', $message));
    }
    return scalar @copies;
}

sub raise_last_read {
    my ($member, $id) = @_;
    $member->{last_read_message_id} = $id if ($member->{last_read_message_id} // '') lt $id;
    return;
}

sub mark_read {
    my ($self, $caller, $message_id, $origin) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my $copy = $self->visible_copy($me, $message_id) or return refusal('message_not_found');
    my $message = $copy->{message};
    return refusal('forbidden')
        if $message->{sender_id} eq $me->{id} && ($message->{receiver_id} // '') ne $me->{id};
    $self->read_copies($me, $origin, $copy) if $copy->{status} eq 'unread';
    return [$self->message_row($copy, outcome => 'ok')];
}

sub mark_read_batch {
    my ($self, $caller, $message_ids, $origin) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    return refusal('invalid', 'message_ids:too_many') if @$message_ids > 1_000;
    my %wanted = map { $_ => $me->{unread}{$_} } grep { $me->{unread}{$_} } @$message_ids;
    return [{ outcome => 'ok', marked_count => $self->read_copies($me, $origin, values %wanted) }];
}

# Bulk reading goes in chunks, type by type.
sub read_all {
    my ($self, $caller, $origin) = @_;
    my $me = $self->identify($caller) or return [{ outcome => 'invalid_token', marked_count => 0 }];
    my @unread = sort {
        $type_place{ $a->{message}{message_type} } <=> $type_place{ $b->{message}{message_type} }
            || $a->{message}{id} cmp $b->{message}{id}
    } values %{ $me->{unread} };
    my $marked = @unread;
    while (my @next = splice @unread, 0, $chunk) {
        $self->read_copies($me, $origin, @next);
    }
    return [{ outcome => 'ok', marked_count => $marked }];
}

sub mark_read_up_to {
    my ($self, $caller, $name, $up_to, $origin) = @_;
    my $none = sub { [{ outcome => $_[0], updated_count => 0 }] };
    my $me = $self->identify($caller) or return $none->('invalid_token');
    my $conversation = $self->visible_conversation($me, $name) or return $none->('conversation_not_found');
    my $last = newest($conversation,
        sub { $_[0]{copies}{ $me->{id} }{status} ne 'deleted' && (!defined $up_to || $_[0]{id} eq $up_to) });
    return $none->(defined $up_to ? 'message_not_found' : 'ok') if !$last;
    raise_last_read($conversation->{members}{ $me->{id} }, $last->{id});
    my @unread = grep { $_->{message}{conversation} == $conversation && $_->{message}{id} le $last->{id} }
        values %{ $me->{unread} };
    return [{ outcome => 'ok', updated_count => $self->read_copies($me, $origin, @unread) }];
}

# Whether the window for withdrawing a message was open during the call: 1, 0, or undef where that cannot be told.
sub window_is_open {
    my ($self, $message) = @_;
    my $end = $message->{inserted_at} + $self->{withdraw_window};
    return 1 if $self->{ended} <= $end;
    return 0 if $self->{began} - $self->{began} % 1_000 > $end;
    return;
}

sub withdraw_message {
    my ($self, $caller, $message_id, $origin) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my $copy = $self->visible_copy($me, $message_id) or return refusal('message_not_found');
    my $message = $copy->{message};
    return refusal('forbidden') if $message->{sender_id} ne $me->{id};
    return [$self->message_row($copy, outcome => 'ok')] if $message->{is_withdrawn};
    my $is_open = $self->window_is_open($message) // die "the window closed during the call\n";
    return refusal('withdraw_window_closed') if !$is_open;
    @{$message}{qw(is_withdrawn content)} = (1, '{}');
    for my $each (values %{ $message->{copies} }) {
        my $event = $self->tell($each->{user}, 'message_recalled', 'withdrawn', $message, $each == $copy ? $origin : undef);
        $self->set_status($each, 'withdrawn', $event) if $each->{status} ne 'deleted';
    }
    return [$self->message_row($copy, outcome => 'ok')];
}

sub delete_message {
    my ($self, $caller, $message_id, $origin) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my $copy = $self->visible_copy($me, $message_id) or return refusal('message_not_found');
    my $event = $self->tell($me, 'message_status_update', 'deleted', $copy->{message}, $origin);
    $self->set_status($copy, 'deleted', $event);
    return [{ outcome => 'ok' }];
}

sub create_conversation {
    my ($self, $caller, $participant_ids, $type) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my %others = map { $_ => 1 } grep { $_ ne $me->{id} } @$participant_ids;
    my $fault
        = ($type // 'system') eq 'system'               ? 'type:private_or_group'
        : !%others && @$participant_ids                 ? 'participant_ids:not_self'
        : !%others                                      ? 'participant_ids:required'
        : keys %others > ($type eq 'private' ? 1 : 499) ? 'participant_ids:too_many'
        :                                                 undef;
    return refusal('invalid', $fault) if $fault;
    my @members = (keys %others, $me->{id});
    my $conversation;
    if ($type eq 'group') {
        $conversation = $self->add_conversation(undef, 'group', @members);
        $_->{is_visible} = 1 for values %{ $conversation->{members} };
        return [$self->conversation_row($me, $conversation, outcome => 'created',
            conversation_id => slot($conversation, 'conversation_id', \&group_complaint))];
    }
    my $name = 'private:' . join ':', sort @members;
    my $is_known = $self->{conversations}{$name};
    $conversation = $is_known || $self->add_conversation($name, 'private', @members);
    $conversation->{members}{ $me->{id} }{is_visible} = 1;
    return [$self->conversation_row($me, $conversation, outcome => $is_known ? 'ok' : 'created')];
}

sub group_complaint {
    my ($conversation, $name) = @_;
    my ($id) = $name =~ /^group:(.*)$/ or return "is no group: $name";
    return id_complaint($id, undef);
}

sub update_conversation {
    my ($self, $caller, $name, $is_pinned, $is_muted, $draft) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my $conversation = $self->visible_conversation($me, $name) or return refusal('conversation_not_found');
    return refusal('invalid', 'draft:too_long') if length($draft // '') > 10_000;
    my $member = $conversation->{members}{ $me->{id} };
    $member->{is_pinned} = $is_pinned ? 1 : 0 if defined $is_pinned;
    $member->{is_muted}  = $is_muted  ? 1 : 0 if defined $is_muted;
    $member->{draft} = $draft eq '' ? undef : $draft if defined $draft;
    return [$self->conversation_row($me, $conversation, outcome => 'ok')];
}

1;
