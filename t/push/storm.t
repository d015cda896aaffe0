# SPDX-License-Identifier: Apache-2.0
# A storm over three daemons, by themselves and behind an httpd that hands over to them, which are killed, and PostgreSQL, which restarts: all devices end up knowing what is stored, each event once, in order.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Crowd qw(users lines_of differences);
use FlixIM::Test::Pushd;
use Test::More;
use DBI        ();
use File::Temp ();
use Time::HiRes qw(sleep time);

my $seconds = $ENV{FLIXIM_STORM_SECONDS} // ($ENV{FLIXIM_LONG} ? 600 : 30);
my $seed    = $ENV{FLIXIM_SEED} // time;
my $stranger = 'ffffffff-0000-4000-8000-000000000000';
srand $seed;

# The stream must not depend on the net below it: two have none, and with the third it has nothing to catch. On a busy machine these devices do not sync as quickly as the default for
# holding live events expects, after which older ones come later.
my @daemons;
my $api = FlixIM::Test::Api->start(with => sub {
    my ($self) = @_;
    $self->write_file(secret => $self->secret);
    @daemons = map { FlixIM::Test::Pushd->start(api => $self, settings => { safety_poll => $_ < 3 ? 0 : '2s', pushes_per_second => 0, hold_time => '20s', presence_lease => '3s' }) } 1 .. 3;
    return (handoff => [ map { $_->handoff } @daemons ]);
});
my $cluster = $api->cluster;
my $folder  = File::Temp->newdir;
my @users   = users($cluster, 200, $api->secret);
my @groups  = map { group(map { $users[ ($_ * 7) % @users ] } $_ * 10 .. $_ * 10 + 11) } 1 .. 5;
fill(1_300, @users[ 0 .. 19 ]);
my $naive   = naive_reader();

my $crowd = FlixIM::Test::Crowd->start('push_storm.js', {
    ports => [ (map { $_->port } @daemons), ($api->httpd->port) x 3 ], rest => $api->httpd->port, users => \@users, groups => \@groups, seed => int $seed,
    devices => 230, restClients => 8, pause => 600, folder => "$folder",
});
my ($kills, $restarts) = (0, 0);
nemesis();
$crowd->say('over');
my $report = $crowd->report(180);
is $crowd->finish, 0, 'the storm is over';
is join("\n", @{ $report->{faults} }), '', "nothing twice, nothing out of order, no wrong answer, of $report->{fault_count} (FLIXIM_SEED=$seed)";

my %count = %{ $report->{counts} };
cmp_ok $report->{acknowledged}, '>', 500, 'many messages were acknowledged';
cmp_ok $count{pushed}, '>', $report->{acknowledged} / 2, 'and pushed';
cmp_ok $count{synced}, '>', 100, 'and synced';
cmp_ok $count{'more to come'}, '>', 20, 'page by page, or pushed by the daemon';
cmp_ok $count{joined}, '>', @{ $report->{devices} } * 1.5, 'devices came and went';
cmp_ok $kills, '>=', 3, 'daemons were killed';
is $restarts, 1, 'PostgreSQL was restarted';

# What is stored, for each device of its user.
my (%states, %unread);
for my $line (rows(q{SELECT user_id || ' ' || message_id || ' ' || status FROM flixim.user_messages})) {
    my ($user, $rest) = split / /, $line, 2;
    push @{ $states{$user} }, $rest;
}
%unread = map { split / / } rows(<<'SQL');
SELECT user_id || ' ' || unread_system_notification + unread_system_announcement + unread_interaction + unread_private_message FROM flixim.users
SQL
my @devices = @{ $report->{devices} };
my @stored = map { my $i = $_; map {"$i $devices[$i] $_"} @{ $states{ $devices[$i] } // [] } } 0 .. $#devices;
is differences(\@stored, lines_of("$folder/known")), '', 'every device knows every message of its user as it is';
is differences([ map {"$_ $devices[$_] " . ($unread{ $devices[$_] } // 0)} 0 .. $#devices ], lines_of("$folder/unread")), '',
    'and counts the unread ones as the database does';
is differences([ rows(qq{SELECT sender_id || ' ' || client_message_id || ' ' || id FROM flixim.messages WHERE sender_id <> '$stranger'}) ], lines_of("$folder/acknowledged")), '',
    'acknowledged is stored once, and nothing else is stored';
is $daemons[2]->metrics->{stream_safety_caught_total}, 0, 'the safety poll had nothing to catch';
$daemons[0]->wait_for('the dead are buried', sub { rows('SELECT daemon_id::text FROM flixim.daemons') == 3 }, 30);
$daemons[0]->wait_for('nobody is online any more', sub { rows('SELECT user_id::text FROM flixim.presence') == 0 }, 30);
is_deeply [ map { $_->metrics->{presence_users} } @daemons ], [ 0, 0, 0 ], 'who has left is not online, whoever was killed meanwhile';
is_deeply [ map { $_->faults } @daemons ], [], 'no fault in the logs of the daemons';
cmp_ok naive_losses(), '>', 0, 'while a reader with a naive cursor lost some';

my $handed = 0;
$handed += $_->metrics->{handoffs_total} for @daemons;
cmp_ok $handed, '>', 20, 'many came through httpd';
$_->stop for @daemons;
# The restart ends sessions with their statements, kills lose their clients.
$api->finish(provoked => qr/connection to client lost|not yet accepting|administrator command|shutting down|starting up|in recovery mode|FLX0[15]\d\d/);
diag sprintf '%.0f s, %d kills; %d messages acknowledged, %d events known; median of an action %d ms, slowest %d ms; %s', $report->{seconds}, $kills,
    @{$report}{qw(acknowledged events median_ms slowest_ms)}, join ', ', map {"$_: $count{$_}"} sort keys %count;
done_testing;

# Messages that wait for these users: more than two pages of a sync, from somebody who takes no part.
sub fill {
    my ($count, @to) = @_;
    $cluster->psql(<<~"SQL", vars => { to => '{' . join(',', map { $_->{id} } @to) . '}', from => $stranger });
        SELECT count(*)
        FROM unnest(:'to'::uuid[]) AS receiver (id)
        CROSS JOIN generate_series(1, $count / 100) AS turn
        CROSS JOIN LATERAL (SELECT ARRAY[100 + 0 * turn] AS size) AS b
        CROSS JOIN LATERAL flixim.send_messages(array_fill(:'from'::uuid, size), array_fill(now(), size), array_fill(false, size),
            array_fill(NULL::uuid, size), array_fill(NULL::text, size), array_fill(receiver.id, size),
            array_fill('private_message'::flixim.message_type, size), array_fill('text'::flixim.content_type, size),
            array_fill('{"text":"before"}'::json, size), array_fill(NULL::uuid, size), array_fill(NULL::timestamptz, size),
            array_fill(NULL::uuid, size)) AS sent
        SQL
    return;
}

# -- What happens to the servers ----------------------------------------------------------------------

# Kills a daemon every few seconds, starts it again a little later, and restarts PostgreSQL half way.
sub nemesis {
    my $begin = time;
    my $next = $begin + 3;
    while (time < $begin + $seconds) {
        if (!$restarts && time > $begin + $seconds / 2) {
            $cluster->restart($ENV{FLIXIM_STORM_STOP} // 'fast');
            $restarts++;
        }
        if (time > $next && time < $begin + $seconds - 5) {
            my $daemon = $daemons[ rand @daemons ];
            $daemon->kill;
            $kills++;
            sleep rand 1.5;
            $daemon->up;
            $next = time + 1 + rand 4;
        }
        for my $daemon (@daemons) {
            die "a daemon has ended by itself:\n" . $daemon->log if !$daemon->is_alive;
        }
        sleep 0.1;
    }
    return;
}

sub group {
    my @members = @_;
    my $id = $cluster->psql(<<'SQL', vars => { creator => $members[0]{id}, others => '{' . join(',', map { $_->{id} } @members[ 1 .. $#members ]) . '}' });
SELECT conversation_id FROM flixim.create_conversation(ROW(:'creator', now(), false, NULL)::flixim.caller, :'others', 'group')
SQL
    chomp $id;
    return { id => $id, members => [ map { $_->{id} } @members ] };
}

sub rows { return split /\n/, $cluster->psql($_[0]) }

# -- The control --------------------------------------------------------------------------------------

# A process that reads messages by "inserted_at > what I saw last", as one would without knowing better. Its count goes to a file.
sub naive_reader {
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    my %seen;
    my $cursor = '-infinity';
    my $is_over = 0;
    local $SIG{TERM} = sub { $is_over = 1 };
    my $rounds_left = 3;
    while ($rounds_left) {
        $rounds_left-- if $is_over;
        my $found = eval {
            my $db = $cluster->connect;
            while ($rounds_left) {
                my $new = $db->selectall_arrayref('SELECT id, inserted_at FROM flixim.messages WHERE inserted_at > ? ORDER BY inserted_at', {}, $cursor);
                for my $row (@$new) { $seen{ $row->[0] } = 1; $cursor = $row->[1] }
                $rounds_left-- if $is_over;
                sleep 0.005;
            }
            1;
        };
        sleep 0.2 if !$found;
    }
    open my $file, '>', "$folder/naive" or die "naive: $!";
    print {$file} scalar keys %seen;
    close $file or die "naive: $!";
    # Nothing of the parent's is to be cleaned up here.
    require POSIX;
    POSIX::_exit(0);
}

sub naive_losses {
    kill 'TERM', $naive;
    waitpid $naive, 0;
    my ($seen) = @{ lines_of("$folder/naive") };
    my ($stored) = rows('SELECT count(*) FROM flixim.messages');
    diag sprintf 'the naive reader missed %d of %d', $stored - $seen, $stored;
    return $stored - $seen;
}

END {
    my $status = $?;
    kill 'KILL', $naive if $naive;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}
