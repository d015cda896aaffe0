# SPDX-License-Identifier: Apache-2.0
# The partitions of events: made a week ahead, dropped one by one past the retention, told of by sync, in nobody's way for long.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use List::Util qw(max min);
use Test::More;
use Time::HiRes qw(time);
use lib "$Bin/lib", "$Bin/../../../t/lib";
use FlixIM::Test::Cluster;
use Model::Crew;
use Model::Database qw(to_micros uuid);

my $cluster = FlixIM::Test::Cluster->start;
my $owner = $cluster->connect;
$owner->do("SET TIME ZONE 'UTC'");
my $app = app();
my ($sender, $old, $quiet, $new) = map { uuid() } 1 .. 4;

sub app { return Model::Database->new($cluster->connect(user => 'flixim_httpd')) }

sub value { my ($dbh, $sql, @values) = @_; return ($dbh->selectrow_array($sql, undef, @values))[0] }

sub keep { return value($app->dbh, 'SELECT flixim.keep_partitions()') }
sub drop { return value($app->dbh, 'SELECT flixim.drop_expired_events()') }

# The day so many days from today, as a date and as a partition's name.
sub day { return value($owner, 'SELECT current_date + ?::integer', $_[0]) }
sub name_of { return 'events_' . day($_[0]) =~ s/-//gr }

sub midnight { return to_micros(day($_[0]) . ' 00:00:00+00') }
sub event_floor { return to_micros(value($owner, 'SELECT event_floor FROM flixim.settings')) }

sub partitions {
    return [map { $_->[0] } @{ $owner->selectall_arrayref(<<'SQL') }];
SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'flixim.events'::regclass ORDER BY 1
SQL
}

sub is_sound {
    return is_deeply $owner->selectall_arrayref('SELECT invariant, detail FROM flixim.check_invariants()'), [],
        'no invariant is violated';
}

sub message_to {
    my ($receiver) = @_;
    return {
        sender_id => $sender, receiver_id => $receiver, client_message_id => uuid(),
        message_type => 'private_message', content_type => 'text', content => '{"text":"x"}',
    };
}

# Made ahead.
my @week = map { name_of($_) } -1 .. 7;
is_deeply partitions(), \@week, 'the installer has made yesterday to a week ahead';
is keep(), 0, 'nothing is missing';
$owner->do('DROP TABLE flixim.' . name_of($_)) for 3, 7;
is keep(), 2, 'what is missing is made';
is_deeply partitions(), \@week, 'all are there again';
is value($owner, <<'SQL', name_of(3)), '2|flixim_owner|The events of that day, UTC.', 'as the others: indexes, owner, comment';
SELECT concat_ws('|', (SELECT count(*) FROM pg_index WHERE indrelid = c.oid), c.relowner::regrole, obj_description(c.oid))
FROM pg_class AS c WHERE c.oid = ('flixim.' || ?)::regclass
SQL
is value($owner, q{SELECT bool_and(pg_get_expr(c.relpartbound, c.oid) LIKE '%00:00:00+00%00:00:00+00%')
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = 'flixim.events'::regclass}), 1,
    'from midnight to midnight in UTC';

# Past the retention: two users of old, of whom one has heard nothing since, and a new one.
my @old_days = (-40, -39, -33, -29);
$app->call('send_messages', [map { message_to($_) } $old, $quiet, $new]);
$owner->do('UPDATE flixim.users SET inserted_at = current_date - 45 WHERE user_id <> ?', undef, $new);
for my $ago (@old_days) {
    $owner->do('SET ROLE flixim_owner');
    $owner->do(sprintf q{CREATE TABLE flixim.%s PARTITION OF flixim.events FOR VALUES FROM ('%s') TO ('%s')},
        name_of($ago), day($ago), day($ago + 1));
    $owner->do('RESET ROLE');
    $owner->do(<<'SQL', undef, "$ago days", $ago < -29 ? [$sender] : [$sender, $quiet]);
INSERT INTO flixim.events (target_user_id, stamp, id, event_type, message_id)
SELECT e.target_user_id, e.at, flixim.uuid_v7(e.at), 'new_message', e.message_id
FROM (
    SELECT target_user_id, date_trunc('day', now()) + ?::interval + '1 hour' AS at, message_id
    FROM flixim.events WHERE stamp > current_date - 1 AND message_id IN (SELECT id FROM flixim.messages)
) AS e
JOIN flixim.users AS u ON u.user_id = e.target_user_id AND u.inserted_at < e.at
WHERE e.target_user_id <> ALL (?::uuid[])
SQL
}
is_sound();

sub sync_of {
    my ($function, $user, $cursor) = @_;
    my ($head, @rows) = @{ $app->call($function, { user_id => $user }, $cursor, 500) };
    return { resync => $head->{resync_required}, cursor => $head->{cursor_at}, rows => scalar @rows };
}

my $before_all = midnight(-41);
is_deeply [map { @{ sync_of('sync_events', $_, $before_all) }{qw(resync rows)} } $old, $quiet, $new], [0, 5, 0, 4, 0, 1],
    'before anything is dropped sync has it all';

# Somebody reads events for long: the drop gives up soon, and writers hardly notice. The best of three tries counts: the machine
# may be busy with other things.
sub send_on {
    my ($is_over) = @_;
    my ($own, @took) = (app());
    until ($is_over->()) {
        my $begin = time;
        $own->call('send_messages', [message_to($new)]);
        push @took, time - $begin;
    }
    return { count => scalar @took, longest => max(@took) };
}

sub try_to_drop {
    my $crew = Model::Crew->new;
    $crew->start(writer => sub { send_on(sub { $crew->is_raised('over') }) });
    my (@took, @dropped);
    for (1 .. 10) {
        my $begin = time;
        push @dropped, grep {defined} drop();
        push @took, time - $begin;
    }
    $crew->raise('over');
    my ($written) = $crew->finish('writer');
    is_deeply \@dropped, [], 'while somebody reads, nothing is dropped';
    cmp_ok min(@took), '>', 0.04, 'each drop waits for its lock';
    cmp_ok $written->{count}, '>', 2, 'and there were writers';
    diag sprintf 'gave up after %.0f ms at most; %d sends meanwhile, the longest %.0f ms', 1_000 * max(@took), $written->{count},
        1_000 * $written->{longest};
    return (max(@took), $written->{longest});
}

my $reader = $cluster->connect;
$reader->begin_work;
$reader->do('LOCK TABLE flixim.events IN ACCESS SHARE MODE');
my $floor_before = event_floor();
my ($gave_up, $waited) = (9, 9);
for (1 .. 3) {
    my ($longest_drop, $longest_send) = try_to_drop();
    $gave_up = min($gave_up, $longest_drop);
    $waited  = min($waited,  $longest_send);
    last if $gave_up < 0.3 && $waited < 0.2;
}
cmp_ok $gave_up, '<', 0.3,  'a drop gives up after 50 ms, and a little for a busy machine';
cmp_ok $waited,  '<', 0.2,  'no writer waits longer than 200 ms';
is event_floor(), $floor_before, 'the floor has not moved';
$reader->rollback;
$reader->disconnect;

# Nobody in the way: one per call, the oldest first, up to the retention.
is drop(), name_of($_), "day $_ is dropped" for @old_days[0 .. 2];
is drop(), undef, 'what is younger than the retention stays';
is_deeply partitions(), [name_of(-29), @week], 'the others are there';
is event_floor(), midnight(-32), 'the floor is the end of the last day dropped';
is keep(), 0, 'what was dropped is not made again';

for my $function (qw(sync_events sync_messages)) {
    my $kept = $function eq 'sync_events' ? 1 : 0;    # the old event at day -29: not the message's last
    my $told = sync_of($function, $old, $before_all);
    is_deeply [@{$told}{qw(resync rows)}], [1, 1 + $kept], "$function: an old cursor of an old user: the kept ones, and a resync";
    cmp_ok $told->{cursor}, '>', event_floor(), "$function: the cursor has moved on";
    is sync_of($function, $old, undef)->{resync}, 1, "$function: no cursor, the same";
    is sync_of($function, $old, event_floor())->{resync}, 0, "$function: a cursor at the floor has lost nothing";
    is sync_of($function, $old, $told->{cursor})->{resync}, 0, "$function: the new cursor is good";
    is sync_of($function, $new, $before_all)->{resync}, 0, "$function: a user who came later has lost nothing";
    is sync_of($function, $new, undef)->{resync}, 0, "$function: nor without a cursor";
}

# A user of old who has nothing after the floor is moved to the floor.
my $gone = uuid();
$app->call('authenticate', { user_id => $gone });
$owner->do(<<'SQL', undef, $gone);
UPDATE flixim.users SET inserted_at = current_date - 45, last_event_at = current_date - 35 WHERE user_id = ?
SQL
for my $function (qw(sync_events sync_messages)) {
    is_deeply sync_of($function, $gone, $before_all), { resync => 1, rows => 0, cursor => event_floor() },
        "$function: with nothing left the cursor is the floor";
    is_deeply sync_of($function, $gone, event_floor()), { resync => 0, rows => 0, cursor => event_floor() },
        "$function: and stays there";
}
is $app->call('authenticate', { user_id => $gone })->[0]{live_from}, event_floor(), 'a connection of theirs is live from the floor';

# One at a time.
$owner->begin_work;
$owner->do(q{SELECT pg_advisory_xact_lock(hashtext('flixim partitions'))});
is_deeply [keep(), drop()], [0, undef], 'while another is at it, both go on without waiting';
$owner->rollback;
is_sound();
$_->disconnect for $owner, $app->dbh;

done_testing;
