# SPDX-License-Identifier: Apache-2.0
# Random operations in eight sessions at once, some with late commits: who syncs meanwhile loses nothing, a naive cursor does.
# FLIXIM_LONG=1: 100,000 operations rather than 5,000. FLIXIM_SEED: the same operations, though not in the same order.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use Test::More;
use Time::HiRes qw(time);
use lib "$Bin/lib", "$Bin/../../../t/lib";
use FlixIM::Test::Cluster;
use Model::Crew;
use Model::Database qw(to_micros uuid);
use Model::Requests qw(message);
use Model::Traffic  qw(control read_along stream_along verdict write_along);

my $seed = $ENV{FLIXIM_SEED} // int(time) ^ $$;
my ($writers, $readers) = (8, 4);
my $count = ($ENV{FLIXIM_LONG} ? 100_000 : 5_000) / $writers;
my @late = (0.01, 0.05, 0.2);    # seconds that a commit may be late; longer ones if the control lost nothing
diag "FLIXIM_SEED=$seed";
srand $seed;

my $cluster = FlixIM::Test::Cluster->start;
$cluster->psql("CREATE INDEX ON flixim.$_") for 'messages (inserted_at)', 'events (stamp)', 'events (id)';    # for the control

sub rows {
    my ($sql, @values) = @_;
    my $dbh = $cluster->connect;
    $dbh->do("SET TIME ZONE 'UTC'");
    return $dbh->selectall_arrayref($sql, undef, @values);
}

sub column { return [map { $_->[0] } @{ rows(@_) }] }

# Runs everybody to the end; returns the results of the writers, the readers, the stream's reader, and the control.
sub run_all {
    my ($late, @users) = @_;
    my $crew = Model::Crew->new;
    my $app = sub { Model::Database->new($cluster->connect(user => 'flixim_httpd')) };
    my $is_over = sub { $crew->is_raised('written') };
    my $maker = $app->();
    my $group = sub { $maker->call('create_conversation', { user_id => $_[0] }, \@_, 'group')->[0] };
    my @groups = map { $group->(@users[$_ .. $_ + 5]) } 0 .. 3;
    $maker->dbh->disconnect;
    my @shared = map { { %{ message(@users[$_ % 19, 19]) }, client_message_id => uuid() } } 0 .. $count / 10;

    my $start = rows('SELECT snapshot, read_at FROM flixim.read_stream(NULL, NULL)')->[0];
    $crew->start(stream => sub { stream_along(dbh => $app->()->dbh, start => $start, is_over => $is_over) });
    $crew->start(control => sub { control(dbh => $cluster->connect, is_over => $is_over) });
    for my $i (0 .. $readers - 1) {
        my @own = @users[grep { $_ % $readers == $i } 0 .. $#users];
        $crew->start("reader$i" => sub { read_along(db => $app->(), users => \@own, is_over => $is_over) });
    }
    for my $i (1 .. $writers) {
        $crew->start("writer$i" => sub {
            write_along(db => $app->(), users => \@users, groups => \@groups, shared => \@shared, count => $count, late => $late);
        });
    }
    my @written = $crew->finish(map {"writer$_"} 1 .. $writers);
    $crew->raise('written');
    my %got = map {%$_} $crew->finish(map { "reader$_" } 0 .. $readers - 1);
    return (\@written, \%got, $crew->finish(qw(stream control)));
}

# Every acknowledged message is there once, and all who sent it had the same answer, one of them as the first.
sub check_acknowledged {
    my ($written) = @_;
    my (%answer, %created, @unequal);
    for my $ack (map { @{ $_->{acked} } } @$written) {
        my ($sender, $client_id, $id, $at, $is_new) = @$ack;
        push @unequal, $client_id if ($answer{"$sender $client_id"} //= "$id $at") ne "$id $at";
        $created{"$sender $client_id"} += $is_new;
    }
    my %stored = map { ("$_->[0] $_->[1]" => "$_->[2] " . to_micros($_->[3])) }
        @{ rows('SELECT sender_id, client_message_id, id, server_timestamp FROM flixim.messages') };
    is_deeply \@unequal, [], 'all answers to one client id are equal';
    is_deeply [grep { ($stored{$_} // '') ne $answer{$_} } sort keys %answer], [], 'what was acknowledged is there';
    is_deeply [grep { $created{$_} != 1 } sort keys %answer], [], 'one answer to each client id was the first';
    return scalar keys %answer;
}

# Both chains of each user, and the stream, against the tables; returns the sums.
sub check_synced {
    my ($got, $stream) = @_;
    my %sum = (events => 0, lost => 0, repeated => 0, reordered => 0, invented => 0);
    my @wrong;
    for my $user (sort keys %$got) {
        my $all = column('SELECT id FROM flixim.events WHERE target_user_id = ? ORDER BY stamp', $user);
        $sum{events} += @$all;
        for my $received ($got->{$user}{events}, $stream->{$user} // []) {
            my $verdict = verdict($received, $all);
            $sum{$_} += $verdict->{$_} for keys %$verdict;
        }
        push @wrong, state_difference($user, @{ $got->{$user}{messages} });
    }
    is_deeply \@wrong, [], 'the last state of each message as synced is the one stored, and each change came once';
    return %sum;
}

sub state_difference {
    my ($user, @rows) = @_;
    my (%state, @wrong);
    my $last = 0;
    for my $row (@rows) {
        my ($id, $status, $content, $at) = @$row;
        push @wrong, "$user $id: out of order" if $at <= $last;
        ($last, $state{$id}) = ($at, "$status $at $content");
    }
    my $stored = rows(<<'SQL', $user);
SELECT v.message_id, v.status, v.changed_at, CASE WHEN v.status = 'deleted' THEN '{}' ELSE m.content END
FROM flixim.user_messages AS v JOIN flixim.messages AS m ON m.id = v.message_id
WHERE v.user_id = ?
SQL
    my %stored = map { ($_->[0] => "$_->[1] " . to_micros($_->[2]) . " $_->[3]") } @$stored;
    push @wrong, map {"$user $_"} grep { ($state{$_} // '') ne ($stored{$_} // '') } sort keys %{ { %state, %stored } };
    return @wrong;
}

# What the naive cursors lost, by the same count.
sub control_lost {
    my ($control) = @_;
    my $events = column('SELECT id FROM flixim.events ORDER BY stamp');
    my $messages = column('SELECT id FROM flixim.messages ORDER BY inserted_at');
    my %lost = map { ($_ => verdict($control->{$_}, /inserted_at/ ? $messages : $events)->{lost}) } keys %$control;
    diag join ' ', 'control:', map {"$_ lost $lost{$_}"} sort keys %lost;
    my $sum = 0;
    $sum += $_ for values %lost;
    return $sum;
}

my $lost = 0;
for my $late (@late) {
    my $begin = time;
    my @users = map { uuid() } 1 .. 20;
    my ($written, $got, $stream, $control) = run_all($late, @users);
    my $took = time - $begin;
    is_deeply [map { @{ $_->{errors} } } @$written], [], 'no operation failed';
    my $acked = check_acknowledged($written);
    my %sum = check_synced($got, $stream);
    is_deeply { %sum, events => undef }, { events => undef, lost => 0, repeated => 0, reordered => 0, invented => 0 },
        'every event was received once and in order, by sync and from the stream';
    is_deeply rows('SELECT invariant, detail FROM flixim.check_invariants()'), [], 'no invariant is violated';
    $lost = control_lost($control);
    my $done = 0;
    $done += $_->{done} for @$written;
    diag sprintf '%d operations in %.1f s', $done, $took;
    diag sprintf 'acked=%d events=%d lost=%d repeated=%d reordered=%d control_lost=%d', $acked,
        @sum{qw(events lost repeated reordered)}, $lost;
    last if $lost;
}
cmp_ok $lost, '>', 0, 'naive cursors lost events of the same traffic: the check can tell';

open my $log, '<', $cluster->data . '/server.log' or die "server.log: $!";
is join('', grep {/deadlock|ERROR|PANIC/} <$log>), '', 'the server saw no deadlock and no error';

done_testing;
