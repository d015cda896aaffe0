# SPDX-License-Identifier: Apache-2.0
# No request of a user with a great many messages reads more than its page needs, whatever the state of the plans.
# FLIXIM_LONG=1: 1,000,000 messages among 3,000,000 rather than 20,000 among 100,000.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use Test::More;
use Time::HiRes qw(time);
use lib "$Bin/lib", "$Bin/../../../t/lib";
use FlixIM::Test::Cluster;
use Model::Cost     qw(cost_of);
use Model::Database qw(uuid);
use Model::History  qw(load_history peer_id);

my $is_long = $ENV{FLIXIM_LONG};
my ($total, $own, $conversations) = $is_long ? (3_000_000, 1_000_000, 5_600) : (100_000, 20_000, 560);
my $user = '99999999-9999-4999-8999-999999999999';
my $caller = "($user,,,)";
my $big = 'private:' . join ':', sort $user, peer_id(0);

# No autovacuum: statistics are there when this test says so.
my $cluster = FlixIM::Test::Cluster->start(
    settings => { autovacuum => 'off', shared_buffers => '256MB', max_wal_size => '4GB', work_mem => '64MB' });
my $owner = $cluster->connect;

# What a page may cost: rows read, and buffers touched, whatever the size of the tables. A page of conversations reads those that
# were active within recency_lag() of it as well, the second argument.
my %bound = (
    list_messages      => { rows => sub { 5 * $_[0] + 30 },  buffers => sub { 20 * $_[0] + 300 } },
    list_history       => { rows => sub { 6 * $_[0] + 30 },  buffers => sub { 25 * $_[0] + 300 } },
    sync_events        => { rows => sub { 6 * $_[0] + 30 },  buffers => sub { 30 * $_[0] + 600 } },
    sync_messages      => { rows => sub { 15 * $_[0] + 30 }, buffers => sub { 60 * $_[0] + 600 } },
    unread_counts      => { rows => sub {10},                buffers => sub {100} },
    list_conversations => { rows => sub { 10 * $_[0] + 3 * $_[1] + 50 }, buffers => sub { 30 * $_[0] + 10 * $_[1] + 300 } },
    get_conversation   => { rows => sub {30},                buffers => sub {200} },
    begin_read_up_to   => { rows => sub {30},                buffers => sub {200} },
    read_chunk         => { rows => sub { 12 * $_[0] + 50 }, buffers => sub { 50 * $_[0] + 1_000 } },
);

my $read_stream = 'SELECT * FROM flixim.read_stream(?::pg_snapshot, ?)';

# The calls, as [function, page, name, arguments after the caller]. $at: ids and stamps of the beginning, the middle and the end.
sub list_calls {
    my ($at) = @_;
    my @calls;
    for my $type (undef, qw(system_notification system_announcement interaction private_message)) {
        for my $status (undef, qw(unread read withdrawn deleted)) {
            my $name = join ' ', $type // 'all types', $status // 'any status';
            push @calls, ['list_messages', 50, $name, 50, 0, $type, $status, undef, undef],
                ['list_messages', 50, "$name, before_id", 50, 0, $type, $status, $at->{middle}{id}, undef],
                ['list_messages', 50, "$name, before", 50, 0, $type, $status, undef, $at->{middle}{stamp}];
        }
    }
    return (@calls, ['list_messages', 1_050, 'an offset of 1,000', 50, 1_000, undef, undef, undef, undef]);
}

sub sync_calls {
    my ($at) = @_;
    my @calls;
    for my $function (qw(sync_events sync_messages)) {
        push @calls, [$function, 500, 'from the start', undef, 500],
            map { [$function, 500, "from the $_", $at->{$_}{stamp}, 500] } qw(middle end);
    }
    return @calls;
}

sub other_calls {
    my ($at) = @_;
    my $small = 'private:' . join ':', sort $user, peer_id(1_001);
    return (
        ['list_history', 50, 'first page', $big, 50, undef, undef],
        ['list_history', 50, 'deep, before_id', $big, 50, undef, $at->{early}{id}],
        ['list_history', 50, 'deep, before', $big, 50, $at->{early}{stamp}, undef],
        ['list_history', 50, 'a small one', $small, 50, undef, undef],
        ['unread_counts', 0, 'all'],
        ['list_conversations', 20, 'first page', 20, 0],
        ['list_conversations', 120, 'an offset of 100', 20, 100],
        ['get_conversation', 0, 'the big one', $big],
        ['get_conversation', 0, 'a small one', $small],
        ['begin_read_up_to', 0, 'the big one, all', $big, undef],
        ['begin_read_up_to', 0, 'the big one, an old message', $big, $at->{early}{id}],
        ['read_chunk', 250, 'read_all', undef, undef, 'infinity', undef],
        ['read_chunk', 250, 'the big conversation', $at->{big}, $at->{end}{id}, 'infinity', undef],
    );
}

sub call_text {
    my ($function, @arguments) = @_;
    return "SELECT * FROM flixim.$function(" . join(', ', '?::flixim.caller', ('?') x @arguments) . ')';
}

# Measures all calls in a session, with the worst of each function against its bounds.
sub check_costs {
    my ($dbh, $state, $at) = @_;
    my (%worst, @over, @scanned);
    for my $call (list_calls($at), sync_calls($at), other_calls($at)) {
        my ($function, $page, $name, @arguments) = @$call;
        my $cost = cost_of($dbh, call_text($function, @arguments), $caller, @arguments);
        for my $kind (qw(rows buffers)) {
            my $most = $bound{$function}{$kind}->($page, $at->{active}{$page});
            push @over, "$function, $name: $cost->{$kind} $kind, at most $most" if $cost->{$kind} > $most;
            my $worst = $worst{$function}{$kind};
            next if $worst && $cost->{$kind} / $most <= $worst->[0] / $worst->[1];
            $worst{$function}{$kind} = [$cost->{$kind}, $most, $name];
        }
        push @scanned, "$function, $name" if $cost->{scans};
    }
    is_deeply \@over, [], "$state: nothing reads more than its page needs";
    is_deeply \@scanned, [], "$state: no sequential scan of a big table";
    for my $function (sort keys %worst) {
        my ($rows, $buffers) = @{ $worst{$function} }{qw(rows buffers)};
        note sprintf '%-18s at worst %5d of %5d rows (%s), %5d of %5d buffers (%s)', $function, @$rows, @$buffers;
    }
    return;
}

# A daemon's read of the stream costs what is new, also where its plan was made when a day's partition was empty. With an xid of a
# transaction that is open: those are looked up one by one.
sub check_stream {
    my ($dbh, $state) = @_;
    my ($xmax) = $dbh->selectrow_array('SELECT pg_snapshot_xmax(snapshot) FROM flixim.read_stream(NULL, NULL)');
    my $sent = send_first($dbh);
    my $cost = cost_of($dbh, $read_stream, $xmax - 1 . ":$xmax:" . ($xmax - 1), '-infinity');
    is $cost->{came}, 1 + 2 * @$sent, "$state: the stream has what is new";
    cmp_ok $cost->{rows}, '<=', 100, "$state: and reads no more than that";
    is $cost->{scans}, 0, "$state: by an index";
    return;
}

# Calls everything ten times, so that the session keeps the plans that it makes now.
sub call_all {
    my ($dbh, $at) = @_;
    $dbh->selectall_arrayref($read_stream, undef, '10:20:15', '-infinity') for 1 .. 10;
    for my $call (list_calls($at), sync_calls($at), other_calls($at)) {
        my ($function, undef, undef, @arguments) = @$call;
        my $statement = $dbh->prepare(call_text($function, @arguments));
        for (1 .. 10) {
            $statement->execute($caller, @arguments);
            $statement->finish;
        }
    }
    return;
}

# Ids and stamps in the hard user's messages: a message of the big conversation near the beginning, in the middle, and the last.
sub places {
    my %at;
    my %where = (early => 0.01, middle => 0.5, end => 1);
    for my $name (keys %where) {
        my $offset = int(($own / 2 - 100) * (1 - $where{$name}));
        @{ $at{$name} }{qw(id stamp)} = $owner->selectrow_array(<<'SQL', undef, $big, $offset);
SELECT m.id, m.server_timestamp
FROM flixim.messages AS m JOIN flixim.conversations AS c ON c.id = m.conversation
WHERE c.conversation_id = ? ORDER BY m.id DESC OFFSET ? LIMIT 1
SQL
    }
    $at{active} = { map { $_ => active_near($_) } 20, 120 };
    ($at{big}) = $owner->selectrow_array('SELECT id FROM flixim.conversations WHERE conversation_id = ?', undef, $big);
    return \%at;
}

# How many conversations were last active no longer than recency_lag() before the last one of a page.
sub active_near {
    my ($page) = @_;
    return ($owner->selectrow_array(<<'SQL', undef, $user, $user, $page - 1))[0];
SELECT count(*) FROM flixim.members AS m
WHERE m.user_id = ? AND m.recent_at >= (
    SELECT e.recent_at FROM flixim.members AS e WHERE e.user_id = ? AND e.recent_at IS NOT NULL
    ORDER BY e.recent_at DESC OFFSET ? LIMIT 1
) - flixim.recency_lag()
SQL
}

# One message of each type, so that plans are made for all that a function does.
sub send_first {
    my ($dbh) = @_;
    my $database = Model::Database->new($dbh);
    my @sent = map {
        {   sender_id => peer_id($_->[0]), receiver_id => $user, is_system => 1, client_message_id => uuid(),
            message_type => $_->[1], content_type => 'text', content => '{"text":"first"}' }
    } [0, 'private_message'], [1_001, 'private_message'], map { [0, $_] } qw(interaction system_notification system_announcement);
    return $database->call('send_messages', \@sent);
}

my $session = $cluster->connect(user => 'flixim_httpd');
my %nowhere = map { $_ => { id => uuid(), stamp => '2020-01-01 00:00:00+00' } } qw(early middle end);
call_all($session, { %nowhere, big => uuid() });
send_first($session);
call_all($session, { %nowhere, big => uuid() });

my $begin = time;
load_history($owner, total => $total, own => $own, conversations => $conversations, hard_user => $user);
note sprintf '%d messages loaded in %.1f s', $total, time - $begin;
my $at = places();
check_costs($session, 'plans made on empty tables', $at);
check_stream($session, 'plans made on empty tables');

$owner->do('VACUUM ANALYZE');
check_costs($session, 'the same plans after VACUUM ANALYZE', $at);
check_stream($session, 'the same plans after VACUUM ANALYZE');
check_costs($cluster->connect(user => 'flixim_httpd'), 'new plans after VACUUM ANALYZE', $at);
check_stream($cluster->connect(user => 'flixim_httpd'), 'new plans after VACUUM ANALYZE');
is_deeply $owner->selectall_arrayref('SELECT invariant, detail FROM flixim.check_invariants()'), [], 'no invariant is violated'
    if !$is_long;

$_->disconnect for $owner, $session;
done_testing;
