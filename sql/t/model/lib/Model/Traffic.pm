# SPDX-License-Identifier: Apache-2.0
# What the processes of the concurrent test do: write, sync, and sync naively as a control.
package Model::Traffic;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use Exporter       qw(import);
use File::Basename qw(dirname);
use Time::HiRes    qw(sleep);
use lib abs_path(dirname(__FILE__) . '/..');
use Model::Database qw(from_micros to_micros uuid);
use Model::Requests qw(chance message pick);

our @EXPORT_OK = qw(control read_along stream_along verdict write_along);

# ---- Writing

# Does count operations for random users. Every tenth send is one of shared, which all writers send at about the same time.
# Some transactions stay open for up to late seconds after their call, some are rolled back.
# Returns what was acknowledged, each as [sender, client id, id, stamp, is it new], and the errors.
sub write_along {
    my (%option) = @_;
    my $self = { %option, acked => [], errors => [], done => 0 };
    my $turn = 0;
    while ($self->{done} < $option{count} && @{ $self->{errors} } < 3) {
        my $shared = ++$turn % 10 == 0 ? $option{shared}[$turn / 10] : undef;
        my $is_fine = eval { $shared ? send_batch($self, shuffled_in($self, $shared)) : act($self); 1 };
        next if $is_fine;
        push @{ $self->{errors} }, $@;
        $self->{db}->dbh->rollback if !$self->{db}->dbh->{AutoCommit};
    }
    return { acked => $self->{acked}, errors => $self->{errors}, done => $self->{done} };
}

sub caller_of { return { user_id => $_[0] } }

sub new_message {
    my ($self) = @_;
    my ($sender, $receiver) = (pick(@{ $self->{users} }), pick(@{ $self->{users} }));
    my $m = message($sender, $receiver);
    $m->{client_message_id} //= uuid();
    if ($sender eq $receiver || chance(0.15)) {
        my $group = pick(@{ $self->{groups} });
        @{$m}{qw(message_type conversation_id receiver_id)} = ('private_message', $group->{conversation_id}, undef);
        $m->{sender_id} = pick(@{ $group->{participant_ids} });
    }
    return $m;
}

# The message alone, or in a batch of others, once or twice.
sub shuffled_in {
    my ($self, $message) = @_;
    return $message if chance(0.5);
    return (new_message($self), $message, (chance(0.5) ? ($message) : ()), new_message($self));
}

# One call, perhaps in a transaction that stays open for a while, perhaps in vain: whether it was committed.
# A transaction makes one call only, unless the next needs no lock that it does not have.
sub commit_late {
    my ($self, @calls) = @_;
    my $dbh = $self->{db}->dbh;
    if (!chance(0.1)) {
        $calls[0]->();
        $self->{done}++;
        return 1;
    }
    $dbh->begin_work;
    $_->() for @calls;
    $self->{done} += @calls;
    $dbh->do('SELECT pg_sleep(?)', undef, rand $self->{late});
    my $is_kept = !chance(0.1);
    $is_kept ? $dbh->commit : $dbh->rollback;
    return $is_kept;
}

sub send_batch {
    my ($self, @batch) = @_;
    my @rows;
    my @calls = (sub { push @rows, @{ $self->{db}->call('send_messages', \@batch) } });
    if (@batch == 1 && defined $batch[0]{receiver_id}) {
        my $next = { %{ $batch[0] }, client_message_id => uuid() };    # between the same two
        push @calls, sub { push @rows, @{ $self->{db}->call('send_messages', [$next]) } };
    }
    return if !commit_late($self, @calls);
    for my $row (@rows) {
        die "send: $row->{outcome}\n" if $row->{outcome} !~ /^(?:ok|created)$/;
        push @{ $self->{acked} },
            [@{$row}{qw(sender_id client_message_id id server_timestamp)}, $row->{outcome} eq 'created' ? 1 : 0];
    }
    return;
}

sub act {
    my ($self) = @_;
    return send_batch($self, map { new_message($self) } 1 .. (chance(0.7) ? 1 : 2 + rand 5)) if chance(0.55);
    my ($db, $user) = ($self->{db}, pick(@{ $self->{users} }));
    my $me = caller_of($user);
    my (undef, @rows) = @{ $db->call('list_messages', $me, 20, 0, undef, pick(undef, 'unread'), undef, undef) };
    $self->{done}++;
    my $row = pick(@rows) // return;
    my $id = $row->{id};
    my $what = $row->{sender_id} eq $user ? pick(qw(withdraw_message withdraw_message delete_message))
        : pick(qw(mark_read mark_read delete_message mark_read_batch mark_read_up_to mark_read_up_to));
    $what = 'read_all' if chance(0.03);
    if ($what =~ /^mark_read_up_to|read_all/) {
        $db->call($what, $me, $what eq 'read_all' ? () : ($row->{conversation_id}, $id), undef);
        return $self->{done}++;
    }
    my $target = $what eq 'mark_read_batch' ? [reverse map { $_->{id} } @rows] : $id;
    return commit_late($self, sub { $db->call($what, $me, $target, undef) });
}

# ---- Syncing

# Follows users by both syncs, with pauses, until $is_over says that nothing more will be written, and then to the end.
# Returns for each user the ids of events in the order received, and the messages' rows in theirs.
sub read_along {
    my (%option) = @_;
    my %got = map { $_ => { events => [], messages => [] } } @{ $option{users} };
    my %cursor;
    my $read = sub {
        my ($user, $name, $limit) = @_;
        my ($head, @rows) = @{ $option{db}->call($name, caller_of($user), $cursor{$name}{$user}, $limit) };
        die "$name gave rows and the same cursor\n" if @rows && $head->{cursor_at} == ($cursor{$name}{$user} // -1);
        $cursor{$name}{$user} = $head->{cursor_at};
        push @{ $got{$user}{events} }, map { $_->{event_id} } @rows if $name eq 'sync_events';
        push @{ $got{$user}{messages} }, map { [@{$_}{qw(id status content updated_at)}] } @rows if $name eq 'sync_messages';
        return scalar @rows;
    };
    while (!$option{is_over}->()) {
        $read->(pick(@{ $option{users} }), pick(qw(sync_events sync_messages)), pick(1, 10, 500));
        sleep chance(0.05) ? rand 0.1 : rand 0.004;
    }
    for my $user (@{ $option{users} }) {
        for my $name (qw(sync_events sync_messages)) {
            1 while $read->($user, $name, 500);
        }
    }
    return \%got;
}

# Follows the stream of all events as a daemon does, from snapshot to snapshot, beginning with start = [snapshot, when it was
# taken]; returns the ids of each user's, as received.
sub stream_along {
    my (%option) = @_;
    my ($snapshot, $since) = @{ $option{start} };
    my $statement = $option{dbh}->prepare(
        'SELECT snapshot, is_overrun, target_user_id, event_id FROM flixim.read_stream(?::pg_snapshot, ?)');
    my %got;
    my $is_last = 0;
    until ($is_last) {
        $is_last = $option{is_over}->();
        $statement->execute($snapshot, $since);
        my ($head, @rows) = @{ $statement->fetchall_arrayref };
        $snapshot = $head->[0];
        die "too much at once\n" if $head->[1];
        push @{ $got{ $_->[2] } }, $_->[3] for @rows;
        sleep chance(0.05) ? rand 0.1 : rand 0.01;
    }
    return \%got;
}

# Naive cursors over the same traffic, as the control of the check: each is a query of [key, id] after a cursor.
my %naive = (
    newest_inserted_at => 'SELECT inserted_at, id FROM flixim.messages WHERE inserted_at > ? ORDER BY inserted_at',
    newest_event_id    => 'SELECT id, id FROM flixim.events WHERE id > ? ORDER BY id',
    time_of_reading    => 'SELECT clock_timestamp(), id FROM flixim.events WHERE stamp > ? ORDER BY stamp',
);
my %first = (newest_event_id => '00000000-0000-0000-0000-000000000000');

sub control {
    my (%option) = @_;
    my $dbh = $option{dbh};
    my %cursor = map { $_ => $first{$_} // 'epoch' } keys %naive;
    my %got = map { $_ => [] } keys %naive;
    my $is_last = 0;
    until ($is_last) {
        $is_last = $option{is_over}->();
        for my $name (sort keys %naive) {
            my $rows = $dbh->selectall_arrayref($naive{$name}, undef, $cursor{$name});
            push @{ $got{$name} }, map { $_->[1] } @$rows;
            $cursor{$name} = $rows->[-1][0] if @$rows;
        }
        sleep rand 0.01;
    }
    return \%got;
}

# What was received against what there is, in its order.
sub verdict {
    my ($got, $all) = @_;
    my %place = map { $all->[$_] => $_ } 0 .. $#$all;
    my %verdict = (lost => 0, repeated => 0, reordered => 0, invented => 0);
    my %seen;
    my $highest = -1;
    for my $id (@$got) {
        my $place = $place{$id};
        if (!defined $place) { $verdict{invented}++; next }
        if ($seen{$id}++)    { $verdict{repeated}++; next }
        $place < $highest ? $verdict{reordered}++ : ($highest = $place);
    }
    $verdict{lost} = grep { !$seen{$_} } @$all;
    return \%verdict;
}

1;
