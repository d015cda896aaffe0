# SPDX-License-Identifier: Apache-2.0
# A thousand users who are offline, push services that fail every fifth call, three daemons that are killed in turn, and PostgreSQL too: every push
# arrives, twice only where it was under way at a kill, and then with the same id. Who is online gets none.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);

use FlixIM::Test::Api;
use FlixIM::Test::Crowd qw(users);
use FlixIM::Test::Providers;
use FlixIM::Test::Pushd;

my $seconds = $ENV{FLIXIM_STORM_SECONDS} // ($ENV{FLIXIM_LONG} ? 60 : 16);
my $seed    = $ENV{FLIXIM_SEED} // int time;
my ($online, $offline) = (20, 1000);
my $soon = 2;    # seconds after an answer in which a daemon has certainly noted it, on a busy machine
srand $seed;

my $providers = FlixIM::Test::Providers->start;
my @daemons;
my $api = FlixIM::Test::Api->start(httpd => 0, with => sub {
    my ($self) = @_;
    $self->write_file(secret => $self->secret);
    my %settings = ($providers->settings, provider_timeout => '4s', presence_lease => '2s', pushes_per_second => 0);
    @daemons = map { FlixIM::Test::Pushd->start(api => $self, settings => \%settings) } 1 .. 3;
    return ();
});
my $cluster = $api->cluster;
$api->row(q{SELECT flixim.configure(p_push_delay => '1 second')});

# -- Who there is -------------------------------------------------------------------------------------

my @users     = users($cluster, $online + $offline, $api->secret);
my @everybody = @users;
my @stayers   = @users[ 0 .. $online - 1 ];
# To them somebody writes who takes seconds to commit. No other message is for them: it would wait.
my @slow = splice @users, -50;
my @services = qw(web_push apns fcm webhook);
my %user_of;    # the name of a device => its user's id
{
    my @devices;
    for my $i (0 .. $#everybody) {
        # Every tenth has a second device.
        for my $place (0, $i % 10 ? () : 1) {
            my $service = $services[ ($i + $place) % @services ];
            $user_of{"d$i-$place"} = $everybody[$i]{id};
            push @devices, { user => $everybody[$i]{id}, service => $service, name => "d$i-$place" };
        }
    }
    my @browsers = grep { $_->{service} eq 'web_push' } @devices;
    my @subscriptions = $providers->subscriptions([ map { $_->{name} } @browsers ]);
    $browsers[$_]{subscription} = $subscriptions[$_] for 0 .. $#browsers;
    my $text = JSON::PP->new->canonical->encode([ map { {
        %$_, token => $_->{subscription} ? undef : $providers->device($_->{service}, $_->{name})->{token},
    } } @devices ]);
    my $added = $api->row(<<'SQL', $text);
SELECT count(*)
FROM json_to_recordset(?) AS d ("user" uuid, service flixim.push_provider, token text, subscription json)
CROSS JOIN LATERAL (SELECT flixim.add_device(ROW(d."user", now(), false, NULL)::flixim.caller, d.service, d.token, d.subscription) AS x) AS added
SQL
    is $added, scalar @devices, "$added devices";
}
my $crowd = FlixIM::Test::Crowd->start('stayers.js', { ports => [ map { $_->port } @daemons ], users => \@stayers });
is $crowd->report(60)->{joined}, 2 * $online, "$online users are online, each on two daemons";
$daemons[0]->wait_for('the database knows', sub { $api->row('SELECT count(*) FROM flixim.presence') == 2 * $online });

# -- The storm ----------------------------------------------------------------------------------------

$providers->usually($_, ('ok') x 16, '500', '429 after=1', 'reset', 'stall', { seed => $seed }) for @services;
my @kills;      # times; of PostgreSQL as well
my $restarts = 0;
my $sent = 0;
{
    my $sender = $api->uuid;
    my $storm = $cluster->connect;
    my $late  = $cluster->connect;    # commits seconds after it wrote
    my ($begin, $next_kill, $next_commit, $turn) = (time, time + 2, 0, 0);
    while (time < $begin + $seconds) {
        send_all($storm, $sender, some_users(12));
        if (time > $next_commit) {
            $late->commit if !$late->{AutoCommit};
            $late->begin_work;
            send_all($late, $api->uuid, @slow[ map { 5 * $turn + $_ } 0 .. 4 ]);
            $turn = ($turn + 1) % (@slow / 5);
            $next_commit = time + 1 + rand 3;
        }
        if (!$restarts && time > $begin + $seconds / 2) {
            $late->commit;
            $_->disconnect for $late, $storm;
            push @kills, time;
            $cluster->restart($ENV{FLIXIM_STORM_STOP} // 'immediate');
            $restarts++;
            ($late, $storm) = ($cluster->connect, $cluster->connect);
            $next_kill = time + 2;
        }
        if (time > $next_kill) {
            my $daemon = $daemons[ @kills % @daemons ];
            $daemon->kill;
            push @kills, time;
            sleep rand 0.3;
            $daemon->up;
            $next_kill = $kills[-1] + 2;
        }
        $_->is_alive or die "a daemon has ended by itself:\n" . $_->log for @daemons;
        sleep 0.05;
    }
    $late->commit;
    $_->disconnect for $storm, $late;
}
$providers->usually($_) for @services;

# What is to arrive: each message of somebody offline, at each of their devices.
my %is_online = map { $_->{id} => 1 } @stayers;
my $stored = $api->row('SELECT count(*) FROM flixim.user_messages WHERE user_id = ANY (?)', [ map { $_->{id} } @everybody ]);
my $wanted = $api->row(<<'SQL', [ map { $_->{id} } @stayers ]);
SELECT count(*) FROM flixim.user_messages AS v JOIN flixim.devices AS d ON d.user_id = v.user_id WHERE v.user_id <> ALL (?)
SQL
is $stored, $sent, "$sent messages are stored";
# What failed waits for seconds yet, by and by longer: here it may be tried at once.
eval {
    $daemons[0]->wait_for('all is sent', sub {
        $api->row(q{SELECT count(*) FROM flixim.pushes WHERE state = 'sent'}) >= $wanted
            || $api->row(q{WITH hurry AS (UPDATE flixim.pushes SET due_at = now() WHERE state = 'waiting' AND claimed_by IS NULL AND due_at > now() RETURNING 1) SELECT 0});
    }, 60);
    1;
} or diag $@ =~ s/\n.*//sr;

# -- What came of it ----------------------------------------------------------------------------------

my %states = map { split /\|/ } split /\n/, $cluster->psql('SELECT state, count(*) FROM flixim.pushes GROUP BY state');
is_deeply \%states, { sent => $wanted }, 'every push is sent, none waits and none is dead';
my @seen = $providers->brief;
my (%accepted, %ids, %tried);
my $to_online = 0;
for my $one (@seen) {
    next if !defined $one->{message_id};    # for an access token, or broken off by a kill
    my $key = "$one->{device} $one->{message_id}";
    $tried{ $one->{play} }++;
    $ids{$key}{ $one->{push_id} } = 1;
    $to_online++ if $is_online{ $user_of{ $one->{device} } };
    push @{ $accepted{$key} }, $one->{at} / 1000 if $one->{play} eq 'ok';
}
is scalar(keys %accepted), $wanted, 'every push has arrived';
is scalar(grep { keys %{ $ids{$_} } > 1 } keys %ids), 0, 'each with one id, however often it was tried';
is $to_online, 0, 'who is online got none';
my @twice = grep { @{ $accepted{$_} } > 1 } keys %accepted;
my @unexplained = grep {
    my @at = sort { $a <=> $b } @{ $accepted{$_} };
    # Each but the last was not noted, for a daemon died right after it.
    grep { my $at = $_; !grep { $_ > $at - 0.1 && $_ < $at + $soon } @kills } @at[ 0 .. $#at - 1 ];
} @twice;
is join("\n", map { "$_: @{ $accepted{$_} }; kills: @kills" } @unexplained), '', 'what arrived twice was under way at a kill';
is join("\n", $providers->faults), '', 'every request was as its service wants it';
my %fails = map { $_ => $tried{$_} } grep { $_ ne 'ok' } keys %tried;
my $failed = 0;
$failed += $_ for values %fails;
is scalar keys %fails, 4, 'calls failed in all ways';
cmp_ok scalar @kills, '>=', $seconds / 2 - 5, scalar(@kills) . ' kills';

# Who was online has it all, over whichever connection there was.
$crowd->say('over');
my $report = $crowd->report(20);
is $crowd->finish, 0, 'the crowd ends well';
my %told = map { split /\|/, $_, 2 } split /\n/, $cluster->psql(
    'SELECT user_id, string_agg(message_id::text, chr(32)) FROM flixim.user_messages WHERE user_id = ANY (:\'ids\') GROUP BY 1',
    vars => { ids => '{' . join(',', map { $_->{id} } @stayers) . '}' });
my $missing = 0;
for my $id (keys %told) {
    my %has = map { $_ => 1 } @{ $report->{seen}{$id} };
    $missing += grep { !$has{$_} } split / /, $told{$id};
}
is $missing, 0, 'who was online was told over a connection';
cmp_ok $report->{joins}, '>', 2 * $online, 'although connections broke';

diag sprintf '%d s, FLIXIM_SEED=%d: %d kills, one of PostgreSQL, %d messages to %d offline and %d online users; %d pushes wanted, %d calls, %d of them failed (%s), %d pushes arrived twice',
    $seconds, $seed, scalar @kills, $sent, $offline, $online, $wanted, scalar @seen, $failed, join(', ', map {"$_: $fails{$_}"} sort keys %fails), scalar @twice;
is_deeply [ grep { !/FLX14/ } map { $_->faults } @daemons ], [], 'no fault in the logs of the daemons';
$_->stop for @daemons;
is $api->row('SELECT count(*) FROM flixim.daemons'), 0, 'none is left behind in the database';
is $api->row('SELECT count(*) FROM flixim.presence'), 0, 'nor anybody online';
$api->finish(provoked => qr/connection to client lost|unexpected EOF on client connection|not yet accepting|starting up|in recovery mode|terminating connection/);
done_testing;

# Some users, each once; one in ten online.
sub some_users {
    my ($count) = @_;
    my %chosen;
    while (keys %chosen < $count) { $chosen{ rand() < 0.1 ? int rand $online : $online + int rand(@users - $online) } = 1 }
    return map { $users[$_] } keys %chosen;
}

# A message to each of them, in one transaction.
sub send_all {
    my ($db, $sender, @to) = @_;
    $sent += $db->selectrow_array(<<'SQL', undef, $sender, [ map { $_->{id} } @to ], scalar @to);
SELECT count(*) FROM flixim.send_messages(
    array_fill($1::uuid, ARRAY[$3::int]), array_fill(clock_timestamp(), ARRAY[$3]), array_fill(false, ARRAY[$3]),
    ARRAY(SELECT gen_random_uuid() FROM generate_series(1, $3)), array_fill(NULL::text, ARRAY[$3]), $2::uuid[],
    array_fill('private_message'::flixim.message_type, ARRAY[$3]), array_fill('text'::flixim.content_type, ARRAY[$3]),
    array_fill('{"text":"storm"}'::json, ARRAY[$3]),
    array_fill(NULL::uuid, ARRAY[$3]), array_fill(NULL::timestamptz, ARRAY[$3]), array_fill(NULL::uuid, ARRAY[$3]))
SQL
    return;
}
