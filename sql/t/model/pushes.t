# SPDX-License-Identifier: Apache-2.0
# Daemons that live, die and are interrupted, while messages are sent, read and rolled back and PostgreSQL crashes: what a user with a
# device was not told by a connection is pushed to each device; and twice only what was being sent when somebody fell over.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use Test::More;
use Time::HiRes qw(sleep time);
use lib "$Bin/lib", "$Bin/../../../t/lib";
use FlixIM::Test::Cluster;
use Model::Crew;
use Model::Database qw(uuid);

my ($seconds, $senders, $daemons, @crashes) = (12, 3, 3, 4, 8);
my ($lease, $silence, $claim) = (1, 1, '2 seconds');

my $seed = $ENV{FLIXIM_SEED} // time;
srand $seed;
diag "FLIXIM_SEED=$seed";
my $cluster = FlixIM::Test::Cluster->start;
my $crew = Model::Crew->new;
my @users = map { uuid() } 1 .. 30;
my $admin = $cluster->connect;
$admin->do(q{UPDATE flixim.settings SET push_delay = '100 milliseconds'});

# What a user was told in other ways: by a sync, or by a daemon that was heard to have told it. Events up to position need no push.
$admin->do('CREATE TABLE public.told (user_id uuid NOT NULL, position timestamptz NOT NULL)');
for my $number (0 .. 19) {    # ten have none, five have two
    $admin->do('SELECT flixim.add_device(ROW(?::uuid, now(), false, NULL)::flixim.caller, ?::flixim.push_provider, ?)', undef,
        $users[$number % 15], $number % 3 ? 'webhook' : 'fcm', "device-$number");
}

sub connection {
    my ($self) = @_;
    if (!$self->{dbh}) {
        $self->{dbh} = $cluster->connect;
        $self->{dbh}{PrintWarn} = 0;
    }
    return $self->{dbh};
}

# After an error: PostgreSQL has crashed, or this dies of a fault.
sub recover {
    my ($self, $error) = @_;
    if ($self->{dbh}) {
        die $error if $self->{dbh}->ping;
        eval { $self->{dbh}->disconnect };
        $self->{dbh} = undef;
    }
    sleep 0.05;
    return;
}

# A connection that comes back: do what it takes, again and again, until it is done.
sub persist {
    my ($self, $what) = @_;
    while (1) {
        my $result;
        return $result if eval { $result = $what->(connection($self)); 1 };
        recover($self, $@);
    }
    return;
}

# As persist, but given up when it is interrupted: whether it was done nobody knows.
sub attempt {
    my ($self, $what) = @_;
    my $result;
    return $result if eval { $result = $what->(connection($self)); 1 };
    recover($self, $@);
    return;
}

sub pick { return $users[rand @users] }

# Sends in transactions that may stay open for a while, or be rolled back; reads now and then.
sub send_messages {
    my %self;
    my $sent = 0;
    until ($crew->is_raised('over')) {
        my $count = 1 + int rand 4;
        attempt(\%self, sub {
            my ($dbh) = @_;
            $dbh->begin_work;
            my $database = Model::Database->new($dbh);
            $database->call('send_messages', [map { {
                sender_id => pick(), receiver_id => pick(), client_message_id => uuid(), message_type => 'private_message',
                content_type => 'text', content => '{"text":"x"}',
            } } 1 .. $count]);
            sleep rand 0.2 if rand() < 0.2;
            my $is_kept = rand() < 0.95;
            $is_kept ? $dbh->commit : $dbh->rollback;
            $sent += $count if $is_kept;
            $dbh->do(<<'SQL', undef, pick()) if rand() < 0.1;
SELECT flixim.mark_read(ROW(v.user_id, now(), false, NULL)::flixim.caller, v.message_id)
FROM flixim.user_messages AS v WHERE v.user_id = ? AND v.status = 'unread' ORDER BY random() LIMIT 1
SQL
            return 1;
        });
        sleep rand 0.02;
    }
    return $sent;
}

# A daemon: users come and go, it collects and claims, and sometimes it dies, which is to say that it forgets everything.
sub be_daemon {
    my %self = (id => uuid(), users => {}, leaving => {}, beaten => 0, sent => {}, uncertain => {}, deaths => 0, made => 0);
    until ($crew->is_raised('done')) {
        my $is_over = $crew->is_raised('over');
        beat(\%self) if time - $self{beaten} > $lease / 4;
        if ($is_over) {
            $self{leaving}{$_} = delete $self{users}{$_} for keys %{ $self{users} };
        }
        elsif (rand() < 0.005) {
            die_and_come_back(\%self);
            next;
        }
        else {
            join_some(\%self) if rand() < 0.3;
            for my $user (grep { rand() < 0.05 } keys %{ $self{users} }) {
                $self{leaving}{$user} = delete $self{users}{$user};
            }
        }
        leave(\%self);
        work(\%self, $is_over);
        sleep rand 0.04;
    }
    persist(\%self, sub { $_[0]->do('SELECT flixim.end_daemon(?)', undef, $self{id}) });
    return { map { ($_ => $self{$_}) } qw(sent uncertain deaths made) };
}

# An array of PostgreSQL, NULL for undef.
sub list { return '{' . join(',', map { defined ? qq{"$_"} : 'NULL' } @_) . '}' }

sub beat {
    my ($self) = @_;
    my $is_known = persist($self, sub {
        $_[0]->selectrow_array('SELECT is_known FROM flixim.beat(?, ?, ?, NULL)', undef, $self->{id}, "$lease seconds",
            "$silence seconds") ? 1 : 0;
    });
    update_presence($self, map { [$_, q{-infinity}, undef] } keys %{ $self->{users} }) if !$is_known;
    $self->{beaten} = time;
    return;
}

sub update_presence {
    my ($self, @changes) = @_;
    return if !@changes;
    my @columns = map { my $column = $_; list(map +($_->[$column]), @changes) } 0 .. 2;
    persist($self, sub { $_[0]->do('SELECT flixim.update_presence(?, ?, ?, ?)', undef, $self->{id}, @columns) });
    return;
}

# Who joins syncs: what there was is told.
sub join_some {
    my ($self) = @_;
    my @joining = grep { !exists $self->{users}{$_} && !exists $self->{leaving}{$_} } map { pick() } 1 .. 2;
    for my $user (@joining) {
        my $position = persist($self, sub {
            $_[0]->selectrow_array(<<'SQL', undef, $user);
WITH synced AS (
    INSERT INTO public.told SELECT user_id, last_event_at FROM flixim.users WHERE user_id = ? RETURNING position
)
SELECT position FROM synced
SQL
        }) // next;
        $self->{users}{$user} = $position;
        update_presence($self, [$user, '-infinity', $position]);
    }
    return;
}

# Nothing of what was sent since the join is known to have arrived.
sub leave {
    my ($self) = @_;
    my %leaving = %{ $self->{leaving} } or return;
    my @users = sort keys %leaving;
    update_presence($self, map +[$_, undef, $leaving{$_}], @users);
    $self->{made} += persist($self, sub {
        $_[0]->selectrow_array('SELECT flixim.push_missed(?, ?)', undef, list(@users), list(@leaving{@users}));
    });
    $self->{leaving} = {};
    return;
}

# Its clients have been heard at least so long ago, and had been told by then.
sub die_and_come_back {
    my ($self) = @_;
    $self->{deaths}++;
    persist($self, sub {
        $_[0]->do('INSERT INTO public.told SELECT unnest(?::uuid[]), now() - ?::interval', undef, list(keys %{ $self->{users} }),
            "$silence seconds");
    });
    @{$self}{qw(id users leaving beaten)} = (uuid(), {}, {}, 0);
    return;
}

# Collects, and sends what is due: most goes well.
sub work {
    my ($self, $is_over) = @_;
    my $made = attempt($self, sub { $_[0]->selectrow_array('SELECT collected FROM flixim.collect_pushes()') });
    $self->{made} += $made // 0;
    for my $provider (qw(webhook fcm)) {
        my $claimed = attempt($self, sub {
            $_[0]->selectcol_arrayref('SELECT push_id FROM flixim.claim_pushes(?, ?, 20, NULL, ?) WHERE push_id IS NOT NULL', undef,
                $self->{id}, $provider, $claim);
        }) // next;
        next if !@$claimed;
        my %result = map { ($_ => $is_over || rand() < 0.8 ? 'sent' : rand() < 0.5 ? 'retry' : 'released') } @$claimed;
        my @sent = grep { $result{$_} eq 'sent' } @$claimed;
        $self->{sent}{$_}++ for @sent;
        if (!$is_over && rand() < 0.05) {
            $self->{uncertain}{$_} = 1 for @sent;
            die_and_come_back($self);
            return;
        }
        my $settled = attempt($self, sub {
            $_[0]->selectrow_array('SELECT flixim.settle_pushes(?, ?, ?, ?, ?)', undef, $self->{id}, list(@$claimed),
                list(@result{@$claimed}), list(('x') x @$claimed), list((undef) x @$claimed));
        });
        # Not all are its own any more if it was slow, and was taken for dead.
        $self->{uncertain}{$_} = 1 for defined $settled && $settled == @$claimed ? () : @sent;
    }
    return;
}

$crew->start("sender$_" => \&send_messages) for 1 .. $senders;
$crew->start("daemon$_" => \&be_daemon) for 1 .. $daemons;
my $begin = time;
for my $crash (@crashes, $seconds) {
    my $left = $begin + $crash - time;
    sleep $left if $left > 0;
    if ($crash < $seconds) {
        $admin->disconnect;
        $cluster->restart('immediate');
        $admin = $cluster->connect;
    }
}
$crew->raise('over');
my $sent = 0;
$sent += $_ for $crew->finish(map {"sender$_"} 1 .. $senders);

# All is over when the dead are buried, everything was looked at, and nothing waits.
my $rest = 'unknown';
for (1 .. 600) {
    $rest = join ' ', $admin->selectrow_array(<<'SQL', undef, $daemons);
SELECT (SELECT count(*) FROM flixim.daemons) - ?, (SELECT count(*) FROM flixim.presence), (SELECT count(*) - 1 FROM flixim.push_horizons),
    (SELECT count(*) FROM flixim.pushes WHERE state = 'waiting'),
    (SELECT count(*) FROM flixim.events AS e WHERE e.xid >= (SELECT pg_snapshot_xmax(min(h.snapshot::text)::pg_snapshot) FROM flixim.push_horizons AS h))
SQL
    last if $rest eq '0 0 0 0 0';
    sleep 0.1;
}
$crew->raise('done');
is $rest, '0 0 0 0 0', 'in the end everybody has left, all was looked at, and nothing waits';
my @daemons = $crew->finish(map {"daemon$_"} 1 .. $daemons);

my $deaths = 0;
my (%sends, %uncertain);
for my $daemon (@daemons) {
    $deaths += $daemon->{deaths};
    $sends{$_} += $daemon->{sent}{$_} for keys %{ $daemon->{sent} };
    $uncertain{$_} = 1 for keys %{ $daemon->{uncertain} };
}
my @twice = grep { $sends{$_} > 1 } keys %sends;
my ($unread, $held) = $admin->selectrow_array(<<'SQL');
SELECT count(*), count(*) FILTER (WHERE p.id IS NULL)
FROM flixim.user_messages AS v
JOIN flixim.devices AS d ON d.user_id = v.user_id
LEFT JOIN flixim.pushes AS p ON p.device_id = d.id AND p.message_id = v.message_id
WHERE v.status = 'unread'
SQL
diag sprintf '%d messages, %d crashes of PostgreSQL, %d deaths; %d to a device unread: %d pushes sent, %d told otherwise; %d sent twice, of %d in flight',
    $sent, scalar @crashes, $deaths, $unread, scalar keys %sends, $held, scalar @twice, scalar keys %uncertain;
cmp_ok $deaths, '>', 3, 'daemons died';
cmp_ok scalar keys %sends, '>', 200, 'pushes were sent';
cmp_ok $held, '>', 0, 'and some messages needed none';
is_deeply $admin->selectall_arrayref(<<'SQL'), [], 'each message that was neither read nor told otherwise was pushed to each device';
SELECT d.token, v.message_id, e.stamp, told.position
FROM flixim.user_messages AS v
JOIN flixim.devices AS d ON d.user_id = v.user_id
JOIN flixim.events AS e ON e.target_user_id = v.user_id AND e.message_id = v.message_id AND e.event_type = 'new_message'
LEFT JOIN (SELECT t.user_id, max(t.position) AS position FROM public.told AS t GROUP BY t.user_id) AS told ON told.user_id = v.user_id
WHERE v.status = 'unread' AND e.stamp > coalesce(told.position, '-infinity')
    AND NOT EXISTS (SELECT FROM flixim.pushes AS p WHERE p.device_id = d.id AND p.message_id = v.message_id AND p.state = 'sent')
SQL
is_deeply [grep { !$uncertain{$_} } @twice], [], 'what was sent twice was in flight when somebody fell over';
is_deeply $admin->selectall_arrayref('SELECT invariant, detail FROM flixim.check_invariants()'), [], 'no invariant is violated';
$admin->disconnect;
done_testing;
