# SPDX-License-Identifier: Apache-2.0
# A random walk through all operations of some users, each answer compared with the oracle's.
package Model::Walk;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use Data::Dumper   ();
use File::Basename qw(dirname);
use Time::HiRes    ();
use lib abs_path(dirname(__FILE__) . '/..');
use Model::Compare  qw(difference plain);
use Model::Database qw(from_micros uuid);
use Model::Oracle   ();
use Model::Requests qw(chance message pick respelt spoilt varied);

my @types    = qw(system_notification system_announcement interaction private_message);
my @statuses = qw(unread read withdrawn deleted);

# What is done how often.
my %weight = (
    send        => 36, get    => 6, list          => 8, history             => 5, sync_events         => 6,
    sync        => 6,  read   => 6, read_batch    => 3, read_up_to          => 4, read_all            => 0.7,
    counts      => 4,  delete => 4, withdraw      => 5, create_conversation => 1, update_conversation => 2,
    get_one     => 2,  conversations => 3, token  => 0.6, authenticate      => 1, revoke              => 0.4,
    age         => 1,  configure     => 0.2,
);
my @operations = map { ($_) x (10 * $weight{$_}) } sort keys %weight;

# app and owner: Model::Database objects, of the application's role and of one that may all.
sub new {
    my ($class, %option) = @_;
    return bless {
        app => $option{app}, owner => $option{owner}, oracle => Model::Oracle->new,
        users => [map { uuid() } 1 .. $option{users}], groups => [], asked => [], digests => [], cursors => {}, done => 0,
    }, $class;
}

sub done { return $_[0]{done} }

sub finish { my ($self) = @_; $_->dbh->disconnect for @{$self}{qw(app owner)}; return }

# One random operation; dies with a report when an answer is not the oracle's.
sub go {
    my ($self) = @_;
    my $operation = 'do_' . pick(@operations);
    $self->$operation;
    return;
}

# Calls a function of the database and the oracle's method of the same name; returns the rows.
sub step {
    my ($self, $name, @arguments) = @_;
    my ($database, $oracle) = ($name =~ /^revoke/ ? $self->{owner} : $self->{app}, $self->{oracle});
    $oracle->{began} = now();
    my $got = $database->call($name, @arguments);
    $oracle->{ended} = now();
    $self->{done}++;
    my $want = $oracle->$name(@arguments);
    my @wrong = difference($want, $got);
    @wrong = $oracle->settle if !@wrong;
    return $got if !@wrong;
    my ($row) = $wrong[0] =~ /^\[(\d+)\]/;
    if (defined $row) {    # the wrong row alone, and of a batch the message that it answers
        ($want, $got) = ($want->[$row], $got->[$row]);
        $arguments[0] = $arguments[0][$row] if $name eq 'send_messages';
    }
    local $Data::Dumper::Sortkeys = 1;
    local $Data::Dumper::Indent   = 1;
    die join "\n", "operation $self->{done}: $name", @wrong, map { Data::Dumper->Dump(@$_) }
        [[\@arguments], ['arguments']], [[plain($want)], ['expected']], [[$got], ['got']];
}

sub now { return int(1_000_000 * Time::HiRes::time()) }

# ---- Who and what

sub someone { my ($self) = @_; return chance(0.005) ? uuid() : pick(@{ $self->{users} }) }

sub user { my ($self) = @_; return $self->{oracle}->user(pick(@{ $self->{users} })) }

# A caller who counts, by a JWT.
sub known_caller {
    my ($self, $user) = @_;
    my $from = $user->{valid_from};
    return { user_id => $user->{id}, issued_at => $from // pick(undef, now()), is_system => pick(1, 0, undef) };
}

# A caller: by a JWT or an opaque token, now and then one that does not count.
sub caller_of {
    my ($self, $user) = @_;
    return $self->known_caller($user) if chance(0.9);
    my @own = grep { $self->{oracle}{tokens}{$_}{user_id} eq $user->{id} } @{ $self->{digests} };
    return { token_digest => pick(@own) } if @own && chance(0.8);
    return { token_digest => join '', map { sprintf '%02x', rand 256 } 1 .. 32 } if chance(0.2);
    my $from = $user->{valid_from} // return $self->known_caller($user);
    return { user_id => $user->{id}, issued_at => pick(undef, $from - 1_000_000, $from), is_system => 0 };
}

# A message's id: mostly a recent one of the user's.
sub message_id {
    my ($self, $user) = @_;
    my $copies = chance(0.9) ? $user->{copies} : $self->user->{copies};
    return uuid() if !@$copies || chance(0.02);
    return (chance(0.7) ? $copies->[-1 - rand(@$copies < 25 ? @$copies : 25)] : pick(@$copies))->{message}{id};
}

sub conversation_id {
    my ($self, $user) = @_;
    my @names = sort keys %{ $user->{conversations} };
    return pick(@names) if @names && chance(0.9);
    return pick("interaction:$user->{id}", 'nonsense', 'private:' . join(':', sort $user->{id}, $self->someone),
        keys %{ $self->user->{conversations} } ? (sort keys %{ $self->user->{conversations} })[0] // '' : '');
}

sub limit { return chance(0.02) ? pick(0, -1, 201) : chance(0.05) ? 200 : 1 + int rand 20 }

sub origin { return chance(0.5) ? uuid() : undef }

# ---- Sending

sub do_send {
    my ($self) = @_;
    my $count = chance(0.7) ? 1 : chance(0.9) ? 2 + int rand 4 : 10 + int rand 20;
    my @batch;
    for (1 .. $count) {
        my $m = $self->a_message(@batch);
        my $from = $self->{oracle}->user($m->{sender_id})->{valid_from};
        $m->{issued_at} = defined $from && chance(0.03) ? $from - 1 : $from // pick(undef, now());
        push @batch, $m;
    }
    my $wait = chance(0.2) && $self->needs_nothing(@batch) ? 0 : pick(1, undef);
    $self->step('send_messages', \@batch, $wait);
    push @{ $self->{asked} }, @batch;
    splice @{ $self->{asked} }, 0, -300 if @{ $self->{asked} } > 300;
    $self->meet_conversations(@batch);
    return;
}

# A new message, or one that was asked for before, perhaps in this very batch.
sub a_message {
    my ($self, @batch) = @_;
    my @asked = @batch && chance(0.5) ? @batch : @{ $self->{asked} };
    if (@asked && chance(0.12)) {
        my $m = pick(@asked);
        return varied($m, $self->someone) if chance(0.25);
        return { %$m, client_timestamp => now(), origin => $self->origin,
            content => defined $m->{content} && chance(0.5) ? respelt($m->{content}) : $m->{content} };
    }
    my ($sender, $receiver) = ($self->someone, $self->someone);
    my $m = message($sender, $receiver);
    return spoilt($m, uuid()) if chance(0.08) && $sender ne $receiver;
    $m->{receiver_id} = $self->someone if $sender eq $receiver && $m->{message_type} !~ /^system/;
    if (chance(0.12) && @{ $self->{groups} }) {
        @{$m}{qw(message_type conversation_id receiver_id)} = ('private_message', pick(@{ $self->{groups} }), undef);
    }
    elsif (chance(0.4)) {
        $m->{conversation_id} = Model::Oracle::conversation_name(@{$m}{qw(message_type sender_id receiver_id)});
        $m->{receiver_id} = undef if chance(0.7);
    }
    return $m;
}

# Whether nothing has to be made for these messages, so that even one who does not wait can send them.
sub needs_nothing {
    my ($self, @batch) = @_;
    for my $m (@batch) {
        my (undef, $target) = $self->{oracle}->address($m);
        my $conversation = $target && $self->{oracle}{conversations}{ $target->{name} };
        return 0 if $target && !($conversation && @{ $conversation->{messages} });
        return 0 if !@{ $self->{oracle}->user($m->{sender_id})->{events} };
    }
    return 1;
}

# Asks for conversations that have just come into being: their ids must be known before they are ordered by them.
sub meet_conversations {
    my ($self, @batch) = @_;
    my $oracle = $self->{oracle};
    for my $m (@batch) {
        my (undef, $target) = $oracle->address($m);
        my $conversation = $target && $oracle->{conversations}{ $target->{name} };
        next if !$conversation || defined $conversation->{id};
        my ($member) = sort grep { $conversation->{members}{$_}{is_visible} } keys %{ $conversation->{members} };
        next if !$member;
        $self->step('get_conversation', $self->known_caller($oracle->user($member)), $conversation->{conversation_id});
    }
    return;
}

# ---- Messages

sub do_get {
    my ($self) = @_;
    my $user = $self->user;
    return $self->step('get_message', $self->caller_of($user), $self->message_id($user));
}

sub do_list {
    my ($self) = @_;
    my $user = $self->user;
    my $offset = chance(0.5) ? 0 : chance(0.02) ? -1 : int rand 60;
    return $self->step('list_messages', $self->caller_of($user), $self->limit, $offset, chance(0.5) ? pick(@types) : undef,
        chance(0.5) ? pick(@statuses) : undef, $self->page_edge($user));
}

# before_id and before: mostly neither.
sub page_edge {
    my ($self, $user) = @_;
    my $at = @{ $user->{copies} } ? pick(@{ $user->{copies} })->{message}{server_timestamp} : now();
    my @odd = (-1_000_000_000_000_000, 0, 100_000_000_000_000_000);
    my $before = pick(@odd, map { $at + $_ } -1, 0, 1, 500, 1_000, 1_000_000);
    return (chance(0.3) ? $self->message_id($user) : undef, chance(0.2) ? $before : undef);
}

sub do_history {
    my ($self) = @_;
    my $user = $self->user;
    my ($before_id, $before) = $self->page_edge($user);
    return $self->step('list_history', $self->caller_of($user), $self->conversation_id($user), $self->limit, $before, $before_id);
}

sub do_read {
    my ($self) = @_;
    my $user = $self->user;
    return $self->step('mark_read', $self->caller_of($user), $self->message_id($user), $self->origin);
}

sub do_read_batch {
    my ($self) = @_;
    my $user = $self->user;
    my @ids = map { $self->message_id($user) } 0 .. rand 12;
    push @ids, @ids[0, 0] if chance(0.3);
    @ids = map { uuid() } 1 .. 1_001 if chance(0.01);
    return $self->step('mark_read_batch', $self->caller_of($user), chance(0.02) ? [] : \@ids, $self->origin);
}

sub do_read_up_to {
    my ($self) = @_;
    my $user = $self->user;
    my $name = $self->conversation_id($user);
    my $messages = ($user->{conversations}{$name} // {})->{messages} // [];
    my $id = chance(0.2) ? undef : @$messages && chance(0.9) ? pick(@$messages)->{id} : $self->message_id($user);
    return $self->step('mark_read_up_to', $self->caller_of($user), $name, $id, $self->origin);
}

sub do_read_all {
    my ($self) = @_;
    return $self->step('read_all', $self->caller_of($self->user), $self->origin);
}

sub do_counts {
    my ($self) = @_;
    return $self->step('unread_counts', $self->caller_of($self->user));
}

sub do_delete {
    my ($self) = @_;
    my $user = $self->user;
    return $self->step('delete_message', $self->caller_of($user), $self->message_id($user), $self->origin);
}

# Not a message whose window closes at this moment: nobody could foretell that answer.
sub do_withdraw {
    my ($self) = @_;
    my $user = $self->user;
    my $id = $self->message_id($user);
    my $message = $self->{oracle}{messages}{$id};
    $user = $self->{oracle}->user($message->{sender_id}) if $message && chance(0.7);
    my $left = $message ? $message->{inserted_at} + $self->{oracle}{withdraw_window} - now() : 0;
    return if $message && abs $left < 5_000_000;
    return $self->step('withdraw_message', $self->caller_of($user), $id, $self->origin);
}

# Makes a message older than it is, so that some windows are closed.
sub do_age {
    my ($self) = @_;
    my $message = $self->{oracle}{messages}{ $self->message_id($self->user) } or return;
    $message->{inserted_at} -= pick(30, 90, 150, 86_400) * 1_000_000;
    $self->{owner}->dbh->do('UPDATE flixim.messages SET inserted_at = ? WHERE id = ?', undef,
        from_micros($message->{inserted_at}), $message->{id});
    return;
}

sub do_configure {
    my ($self) = @_;
    my $seconds = pick(60, 120, 600);
    $self->{owner}->call('configure', "$seconds seconds", undef);
    $self->{oracle}{withdraw_window} = $seconds * 1_000_000;
    return;
}

# ---- Sync

sub do_sync        { my ($self) = @_; return $self->sync('sync_messages') }
sub do_sync_events { my ($self) = @_; return $self->sync('sync_events') }

# Mostly on from the cursor kept, sometimes from one kept earlier, sometimes from an odd one.
sub sync {
    my ($self, $name) = @_;
    my $user = $self->user;
    my $kept = $self->{cursors}{$name}{ $user->{id} } //= [undef];
    return $self->sync_from($name, $user, $kept->[-1], chance(0.9) ? 100 : 1 + int rand 9) if chance(0.7);
    return $self->sync_from($name, $user, pick(@$kept), 1 + int rand 30) if chance(0.5);
    $self->catch_up($name, $user);
    my $at = $kept->[-1] // 0;
    my $odd = pick(undef, -1, 0, 1, $at - 1_000, $at + 1_000, $at + 999, $at + 1, now() + 86_400_000_000,
        map { $_->{stamp} // () } @{ $user->{events} } ? (pick(@{ $user->{events} })) : ());
    my $limit = chance(0.05) ? 500 : 1 + int rand 30;
    $self->step($name, $self->caller_of($user), $odd, $limit);
    return;
}

sub sync_from {
    my ($self, $name, $user, $cursor, $limit) = @_;
    my $head = $self->step($name, $self->known_caller($user), $cursor, $limit)->[0];
    my $kept = $self->{cursors}{$name}{ $user->{id} };
    push @$kept, $head->{cursor_at} if !defined $kept->[-1] || $head->{cursor_at} > $kept->[-1];
    splice @$kept, 0, -20 if @$kept > 20;
    return $head;
}

# Reads to the end, and then learns the clock from a cursor ahead of it: after that every stamp is known.
sub catch_up {
    my ($self, $name, $user) = @_;
    my $kept = $self->{cursors}{sync_events}{ $user->{id} } //= [undef];
    1 while $self->sync_from('sync_events', $user, $kept->[-1], 500)->{has_more};
    $self->step($name, $self->known_caller($user), now() + 86_400_000_000, 1);
    return;
}

# ---- Conversations and tokens

sub do_create_conversation {
    my ($self) = @_;
    my $user = $self->user;
    my $type = chance(0.05) ? pick('system', undef) : chance(0.5) && @{ $self->{groups} } < 25 ? 'group' : 'private';
    my $count = chance(0.1) ? 0 : $type && $type eq 'group' ? 1 + int rand 6 : 1;
    my @ids = (map { $self->someone } 1 .. $count);
    push @ids, pick($user->{id}, $self->someone) if chance(0.2);
    @ids = map { uuid() } 1 .. 500 if ($type // '') eq 'group' && chance(0.05);
    my $row = $self->step('create_conversation', $self->caller_of($user), \@ids, $type)->[0];
    push @{ $self->{groups} }, $row->{conversation_id} if $row->{outcome} eq 'created' && $type eq 'group';
    return;
}

sub do_update_conversation {
    my ($self) = @_;
    my $user = $self->user;
    my $draft = chance(0.02) ? 'x' x 10_001 : pick(undef, undef, '', 'later', '字' x 10);
    return $self->step('update_conversation', $self->caller_of($user), $self->conversation_id($user),
        pick(1, 0, undef), pick(1, 0, undef), $draft);
}

sub do_get_one {
    my ($self) = @_;
    my $user = $self->user;
    return $self->step('get_conversation', $self->caller_of($user), $self->conversation_id($user));
}

sub do_conversations {
    my ($self) = @_;
    my $offset = chance(0.6) ? 0 : chance(0.02) ? -1 : int rand 30;
    return $self->step('list_conversations', $self->caller_of($self->user), $self->limit, $offset);
}

sub do_token {
    my ($self) = @_;
    my ($user, $is_over, $is_system) = ($self->user, chance(0.2) ? 1 : 0, chance(0.3) ? 1 : 0);
    my $lifetime = $is_over ? '1 microsecond' : '1 hour';
    my $secret = $self->{owner}->call('issue_token', $user->{id}, $is_system, $lifetime)->[0]{outcome};
    push @{ $self->{digests} }, $self->{oracle}->learn_token($secret, $user->{id}, $is_system, $is_over);
    shift @{ $self->{digests} } if @{ $self->{digests} } > 40;
    return;
}

sub do_authenticate {
    my ($self) = @_;
    return $self->step('authenticate', $self->caller_of($self->user));
}

sub do_revoke {
    my ($self) = @_;
    return $self->step('revoke_user_tokens', $self->user->{id}) if chance(0.5) || !@{ $self->{digests} };
    return $self->step('revoke_token', pick(@{ $self->{digests} }, uuid() =~ s/-//gr x 2));
}

1;
