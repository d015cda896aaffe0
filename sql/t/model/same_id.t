# SPDX-License-Identifier: Apache-2.0
# Ten parallel sends of one client id, let go at one moment, give one message and ten equal answers, fifty times.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib", "$Bin/../../../t/lib";
use FlixIM::Test::Cluster;
use Model::Crew;
use Model::Database qw(uuid);

my ($rounds, $sessions) = (50, 10);
my $cluster = FlixIM::Test::Cluster->start;
my $dbh = $cluster->connect;
my $crew = Model::Crew->new;
my ($sender, @receivers) = map { uuid() } 0 .. $rounds;

sub message {
    my ($client_message_id, $receiver_id) = @_;
    return {
        sender_id => $sender, receiver_id => $receiver_id, client_message_id => $client_message_id,
        message_type => 'private_message', content_type => 'text', content => '{"text":"once"}',
    };
}

my @client_ids = map { uuid() } 1 .. $rounds;

# The round's message alone; in every second round between others of the session, and twice.
sub batch {
    my ($round) = @_;
    my @same = (message($client_ids[$round - 1], $receivers[$round - 1]));
    return @same if $round % 2;
    return (message(uuid(), $receivers[0]), @same, message(uuid(), $receivers[-1]), @same);
}

# Waits at the gate of each round, an advisory lock, and then sends; returns the answers of each round.
sub take_part {
    my $database = Model::Database->new($cluster->connect(user => 'flixim_httpd'));
    my @answers;
    for my $round (1 .. $rounds) {
        my @batch = batch($round);
        $database->dbh->do('SELECT pg_advisory_lock_shared(1, ?)', undef, $round);
        my $rows = $database->call('send_messages', \@batch);
        push @answers, [grep { $_->{client_message_id} eq $client_ids[$round - 1] } @$rows];
    }
    return \@answers;
}

$dbh->do('SELECT pg_advisory_lock(1, ?)', undef, $_) for 1 .. $rounds;
$crew->start("session$_" => \&take_part) for 1 .. $sessions;
for my $round (1 .. $rounds) {
    for (1 .. 600) {
        my ($waiting) = $dbh->selectrow_array(
            q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = ? AND NOT granted}, undef, $round);
        last if $waiting == $sessions;
        select undef, undef, undef, 0.01;
    }
    $dbh->do('SELECT pg_advisory_unlock(1, ?)', undef, $round);
}
my @answers = $crew->finish(map {"session$_"} 1 .. $sessions);

for my $round (1 .. $rounds) {
    my @rows = map { @{ $_->[$round - 1] } } @answers;
    my ($first) = grep { $_->{outcome} eq 'created' } @rows;
    my @rest = grep { $_ != ($first // 0) } @rows;
    my @same = qw(id server_timestamp inserted_at status content updated_at);
    my %distinct = map { (join('|', map { $_ // '' } @{$_}{@same}) => 1) } @rows;
    my $retries = grep { $_->{outcome} eq 'ok' } @rest;
    my ($stored) = $dbh->selectrow_array('SELECT count(*) FROM flixim.messages WHERE client_message_id = ?', undef,
        $client_ids[$round - 1]);
    is_deeply
        { stored => $stored, first => $first && 1, retries => $retries, distinct => scalar keys %distinct },
        { stored => 1, first => 1, retries => ($round % 2 ? 1 : 2) * $sessions - 1, distinct => 1 },
        "round $round: one message, equal answers";
}
is_deeply $dbh->selectall_arrayref('SELECT invariant, detail FROM flixim.check_invariants()'), [], 'no invariant is violated';
$dbh->disconnect;
done_testing;
