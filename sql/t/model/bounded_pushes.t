# SPDX-License-Identifier: Apache-2.0
# What daemons call for presence and pushes reads no more than what it is about, among 100,000 messages, 100,000 pushes that have to wait
# and 50,000 users who are online, whatever the state of the plans.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib", "$Bin/../../../t/lib";
use FlixIM::Test::Cluster;
use Model::Cost     qw(cost_of);
use Model::Database qw(uuid);
use Model::History  qw(load_history);

# No autovacuum: statistics are there when this test says so.
my $cluster = FlixIM::Test::Cluster->start(
    settings => { autovacuum => 'off', shared_buffers => '256MB', max_wal_size => '4GB', work_mem => '64MB' });
my $owner = $cluster->connect;
$owner->do(q{UPDATE flixim.settings SET push_delay = '0'});
my ($user, $sender, $daemon, $other) = map { uuid() } 1 .. 4;
my @devices = map {"device-$_"} 1 .. 3;
add_device($user, $_) for @devices;

# The calls, with how many rows they may read: for each new event, push or user some lookups by key, and beside them a few for each
# partition. settle is asked of ids that are not there, and of the same in their place.
my %calls = (
    collect => [1_000, 'SELECT * FROM flixim.collect_pushes()'],
    claim   => [1_000, q{SELECT * FROM flixim.claim_pushes(?, 'webhook', 20, '{https://slow.example}', '1 minute')}, $daemon],
    settle  => [600, q{SELECT flixim.settle_pushes(?, ARRAY(SELECT p.id FROM unnest(?::uuid[]) AS p (id)),
        '{sent,retry,gone}', '{NULL,x,x}', '{NULL,NULL,NULL}')}, $daemon, undef],
    missed  => [2_000, q{SELECT flixim.push_missed(ARRAY[?::uuid, ?], ARRAY[now() - interval '1 hour', now()])}, $user, $sender],
    update  => [300, q{SELECT flixim.update_presence(?, ARRAY[?::uuid, ?], ARRAY[NULL, '-infinity']::timestamptz[], ARRAY[now(), now()])},
        $daemon, $user, $sender],
    beat    => [50, q{SELECT flixim.beat(?, '15 seconds', '1 minute', NULL)}, $daemon],
);

sub add_device {
    my ($owner_of_it, $token) = @_;
    $owner->do(q{SELECT flixim.add_device(ROW(?::uuid, now(), false, NULL)::flixim.caller, 'webhook', ?)}, undef, $owner_of_it, $token);
    return;
}

sub send_some {
    my ($dbh) = @_;
    return Model::Database->new($dbh)->call('send_messages', [map { {
        sender_id => $sender, receiver_id => $user, client_message_id => uuid(), message_type => 'private_message', content_type => 'text',
        content => '{"text":"x"}',
    } } 1 .. 5]);
}

# The three first pushes that the daemon has claimed.
sub claimed {
    return $owner->selectcol_arrayref('SELECT p.id FROM flixim.pushes AS p WHERE p.claimed_by = ? ORDER BY p.id LIMIT 3', undef, $daemon);
}

# Everything ten times, so that the session keeps the plans that it makes now.
sub call_all {
    my ($dbh) = @_;
    for (1 .. 10) {
        send_some($dbh);
        for my $name (qw(beat collect collect claim settle missed update)) {
            my (undef, $sql, @arguments) = @{ $calls{$name} };
            $arguments[-1] = claimed() if $name eq 'settle';
            $dbh->selectall_arrayref($sql, undef, @arguments);
        }
        $owner->do(q{UPDATE flixim.devices SET disabled_at = NULL, disabled_reason = NULL});
    }
    return;
}

sub check_costs {
    my ($dbh, $state) = @_;
    $dbh->selectall_arrayref($calls{beat}[1], undef, $daemon);
    $dbh->selectall_arrayref($calls{update}[1], undef, @{ $calls{update} }[2 .. 4]);
    $owner->do(q{UPDATE flixim.reached SET reached_at = '-infinity'});
    send_some($dbh);
    $dbh->selectall_arrayref($calls{collect}[1]) for 1 .. 3;    # there may be more than a page since the last state
    send_some($dbh);
    $dbh->selectall_arrayref($calls{collect}[1]);
    for my $name (qw(collect claim settle missed update beat)) {
        my ($most, $sql, @arguments) = @{ $calls{$name} };
        if ($name eq 'settle') {
            $dbh->selectall_arrayref(@{ $calls{claim} }[1], undef, $daemon);
            $arguments[-1] = claimed();
            is scalar @{ $arguments[-1] }, 3, "$state: there is something to settle";
        }
        my $cost = cost_of($dbh, $sql, @arguments);
        cmp_ok $cost->{rows}, '<=', $most, "$state: $name reads no more than it is about";
        is $cost->{scans}, 0, "$state: $name by indexes";
        note sprintf '%-8s %4d of %4d rows, %5d buffers', $name, $cost->{rows}, $most, $cost->{buffers};
        if ($name eq 'collect') {
            my ($made) = $dbh->selectrow_array("SELECT x.collected FROM ($sql) AS x");
            is $made, 15, "$state: and it made what there was to make";
        }
    }
    return;
}

my $session = $cluster->connect(user => 'flixim_httpd');
call_all($session);

load_history($owner, total => 100_000, own => 20_000, conversations => 560, hard_user => '99999999-9999-4999-8999-999999999999');
$owner->do(<<'SQL');
INSERT INTO flixim.pushes (id, device_id, provider, destination, user_id, message_id, stamp, due_at, inserted_at)
SELECT flixim.uuid_v7(now()), gen_random_uuid(), 'webhook', 'https://slow.example', v.user_id, v.message_id, v.changed_at, now(), now()
FROM flixim.user_messages AS v WHERE v.status <> 'sent' LIMIT 100000
SQL
$owner->do('INSERT INTO flixim.daemons VALUES (?, now() + interval \'1 hour\', now())', undef, $other);
$owner->do(q{INSERT INTO flixim.presence SELECT gen_random_uuid(), ?, '-infinity' FROM generate_series(1, 50000)}, undef, $other);
for (1 .. 100) {
    my ($has_more) = $session->selectrow_array('SELECT has_more OR next_in_ms IS NOT NULL FROM flixim.collect_pushes()');
    last if !$has_more;
}

check_costs($session, 'plans made on empty tables');
$owner->do('VACUUM ANALYZE');
check_costs($session, 'the same plans after VACUUM ANALYZE');
check_costs($cluster->connect(user => 'flixim_httpd'), 'new plans after VACUUM ANALYZE');
is_deeply $owner->selectall_arrayref('SELECT invariant, detail FROM flixim.check_invariants()'), [], 'no invariant is violated';

$_->disconnect for $owner, $session;
done_testing;
