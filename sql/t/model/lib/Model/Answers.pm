# SPDX-License-Identifier: Apache-2.0
# The reading half of the oracle: what each reading function must answer, given the state that Model::Oracle keeps.
package Model::Answers;

use strict;
use warnings FATAL => 'all';
use utf8;

use Cwd            qw(abs_path);
use Exporter       qw(import);
use File::Basename qw(dirname);
use JSON::PP       ();
use lib abs_path(dirname(__FILE__) . '/..');
use Model::Compare qw(slot);

our @EXPORT_OK = qw(newest refusal);

my %kind_word = (
    image    => '[图片]',
    product  => '[商品]',
    order    => '[订单]',
    comment  => '[评论]',
    like     => '[点赞]',
    favorite => '[收藏]',
    system   => '[系统消息]',
);
my $json = JSON::PP->new->allow_nonref;

# One message as the owner of the copy sees it; values still unknown become slots.
sub message_row {
    my ($self, $copy, %more) = @_;
    my $m = $copy->{message};
    return {
        (map { $_ => $m->{$_} } qw(sender_id receiver_id content content_type message_type reference_id client_timestamp)),
        id                => slot($m, 'id'),
        client_message_id => slot($m, 'client_message_id'),
        server_timestamp  => slot($m, 'server_timestamp'),
        inserted_at       => slot($m, 'inserted_at'),
        conversation_id   => $m->{conversation}{conversation_id},
        status            => $copy->{status},
        updated_at        => $self->stamp($copy->{change}),
        %more,
    };
}

# The same where a deleted message is told with nothing in it.
sub told_row {
    my ($self, $copy, %more) = @_;
    return $self->message_row($copy, ($copy->{status} eq 'deleted' ? (content => '{}') : ()), %more);
}

sub refusal {
    my ($outcome, $fault) = @_;
    my ($field, $rule) = split /:/, $fault // '';
    return [{ outcome => $outcome, field => $field, rule => $rule }];
}

# The copy of a message that a user has and has not deleted.
sub visible_copy {
    my ($self, $user, $message_id) = @_;
    my $message = $self->{messages}{ $message_id // '' } or return;
    my $copy = $message->{copies}{ $user->{id} } or return;
    return $copy->{status} eq 'deleted' ? undef : $copy;
}

# The conversation of a name, if the user takes part and may see it.
sub visible_conversation {
    my ($self, $user, $name) = @_;
    my $conversation = $self->{conversations}{ $name // '' } or return;
    my $member = $conversation->{members}{ $user->{id} };
    return $member && $member->{is_visible} ? $conversation : undef;
}

sub page_fault {
    my ($limit, $offset) = @_;
    return 'limit:range'  if !defined $limit  || $limit < 1 || $limit > 200;
    return 'offset:range' if !defined $offset || $offset < 0;
    return;
}

sub get_message {
    my ($self, $caller, $message_id) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my $copy = $self->visible_copy($me, $message_id) or return refusal('message_not_found');
    return [$self->message_row($copy, outcome => 'ok')];
}

sub list_messages {
    my ($self, $caller, $limit, $offset, $type, $status, $before_id, $before) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my $fault = page_fault($limit, $offset);
    return refusal('invalid', $fault) if $fault;
    my @rows;
    for my $copy (reverse @{ $me->{copies} }) {
        my $m = $copy->{message};
        next if defined $status ? $copy->{status} ne $status : $copy->{status} eq 'deleted';
        next if defined $type && $m->{message_type} ne $type;
        next if defined $before_id && $m->{id} ge $before_id;
        next if defined $before && $m->{server_timestamp} >= $before;
        next if $offset-- > 0;
        push @rows, $self->message_row($copy);
        last if @rows == $limit;
    }
    return [{ outcome => 'ok' }, @rows];
}

sub list_history {
    my ($self, $caller, $name, $limit, $before, $before_id) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my $fault = page_fault($limit, 0);
    return refusal('invalid', $fault) if $fault;
    my $conversation = $self->visible_conversation($me, $name) or return refusal('conversation_not_found');
    my @rows;
    for my $m (reverse @{ $conversation->{messages} }) {
        my $copy = $m->{copies}{ $me->{id} };
        next if $copy->{status} eq 'deleted';
        next if defined $before && $m->{server_timestamp} >= $before;
        next if defined $before_id && $m->{id} ge $before_id;
        push @rows, $self->message_row($copy);
        last if @rows == $limit;
    }
    return [{ outcome => 'ok' }, @rows];
}

sub unread_counts {
    my ($self, $caller) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my %count = map { $_ => 0 } qw(system_notification system_announcement interaction private_message);
    $count{ $_->{message}{message_type} }++ for values %{ $me->{unread} };
    return [{ outcome => 'ok', %count, total => scalar keys %{ $me->{unread} } }];
}

# A conversation's newest message that is so.
sub newest {
    my ($conversation, $is_so) = @_;
    for my $message (reverse @{ $conversation->{messages} }) {
        return $message if $is_so->($message);
    }
    return;
}

# What a list of conversations shows of a message.
sub preview {
    my ($message) = @_;
    my $content = $json->decode($message->{content});
    my ($text) = grep { defined && length } @$content{qw(text title)}, $kind_word{ $message->{content_type} };
    return defined $text ? substr($text, 0, 100) : undef;
}

sub conversation_row {
    my ($self, $me, $conversation, %more) = @_;
    my $member = $conversation->{members}{ $me->{id} };
    my $newest = newest($conversation, sub { !$_[0]{is_withdrawn} && $_[0]{copies}{ $me->{id} }{status} ne 'deleted' });
    my $last = $conversation->{messages}[-1];
    my @unread = grep { $_->{message}{conversation} == $conversation } values %{ $me->{unread} };
    return {
        id                     => slot($conversation, 'id', $self->{check}{id_time}),
        conversation_id        => $conversation->{conversation_id},
        type                   => $conversation->{type},
        participant_ids        => [sort keys %{ $conversation->{members} }],
        last_message_id        => $newest && $newest->{id},
        last_message_content   => $newest && preview($newest),
        last_message_timestamp => $newest && $newest->{server_timestamp},
        inserted_at            => slot($conversation, 'inserted_at', $self->{check}{made}),
        updated_at             => $last ? $last->{server_timestamp} : slot($conversation, 'inserted_at'),
        unread_count           => scalar @unread,
        (map { $_ => $member->{$_} } qw(is_pinned is_muted last_read_message_id draft)),
        %more,
    };
}

sub get_conversation {
    my ($self, $caller, $name) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my $conversation = $self->visible_conversation($me, $name) or return refusal('conversation_not_found');
    return [$self->conversation_row($me, $conversation, outcome => 'ok')];
}

# Where two conversations were last active in the same millisecond, the later id comes first.
sub list_conversations {
    my ($self, $caller, $limit, $offset) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my $fault = page_fault($limit, $offset);
    return refusal('invalid', $fault) if $fault;
    my @active = map {
        [@{ $_->{messages} } ? $_->{messages}[-1]{server_timestamp} : $_->{inserted_at}, $_->{id}, $_]
    } grep { $_->{members}{ $me->{id} }{is_visible} } values %{ $me->{conversations} };
    my @newest = map { $_->[2] } sort { $b->[0] <=> $a->[0] || $b->[1] cmp $a->[1] } @active;
    my @page = grep {defined} @newest[$offset .. $offset + $limit - 1];
    return [{ outcome => 'ok' }, map { $self->conversation_row($me, $_) } @page];
}

# Where a sync begins: the cursor, and the number of the first event after it.
sub sync_start {
    my ($self, $me, $cursor) = @_;
    my $events = $me->{events};
    return (0, 0) if !defined $cursor || $cursor < 0 || !@$events;
    $cursor -= $cursor % 1_000;
    my $first = @$events;
    if ($cursor > $self->{ended} + 60_000_000) {
        return ($self->stamp($events->[-1]), $first);
    }
    $first-- while $first > 0 && !(defined $events->[$first - 1]{stamp} && $events->[$first - 1]{stamp} <= $cursor);
    my $clock = $events->[-1]{stamp};
    return ($first == @$events && $clock < $cursor ? $clock : $cursor, $first);
}

# The head of a sync, and the events on its page: those after the cursor that $counts.
sub sync_page {
    my ($self, $me, $cursor, $limit, $counts) = @_;
    my ($start, $next) = $self->sync_start($me, $cursor);
    my $events = $me->{events};
    my @found;
    for (; $next < @$events && @found <= $limit; $next++) {
        push @found, $events->[$next] if $counts->($events->[$next]);
    }
    my $has_more = @found > $limit ? 1 : 0;
    pop @found if $has_more;
    my $head = {
        outcome         => 'ok',
        has_more        => $has_more,
        resync_required => 0,
        cursor_at       => @found ? $self->stamp($found[-1]) : $start,
    };
    return ($head, @found);
}

sub sync_messages {
    my ($self, $caller, $cursor, $limit) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my ($head, @events) = $self->sync_page($me, $cursor, $limit,
        sub { $_[0]{message} && $_[0]{message}{copies}{ $me->{id} }{change} == $_[0] });
    return [$head, map { $self->told_row($_->{message}{copies}{ $me->{id} }) } @events];
}

sub sync_events {
    my ($self, $caller, $cursor, $limit) = @_;
    my $me = $self->identify($caller) or return refusal('invalid_token');
    my ($head, @events) = $self->sync_page($me, $cursor, $limit, sub { $_[0]{type} ne 'session_revoked' });
    return [$head, map { $self->event_row($me, $_) } @events];
}

sub event_row {
    my ($self, $me, $event) = @_;
    return $self->told_row(
        $event->{message}{copies}{ $me->{id} },
        event_id        => slot($event, 'id', $self->{check}{event_id}),
        event_type      => $event->{type},
        event_timestamp => $self->stamp($event),
        target_user_id  => $me->{id},
        event_status    => $event->{status},
        origin          => $event->{origin},
    );
}

1;
