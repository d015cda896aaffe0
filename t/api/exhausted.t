# SPDX-License-Identifier: Apache-2.0
# Slow statements have used up a pool: 503 after the timed wait; other virtual hosts, and readers beside slow writers, notice nothing.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Crowd  qw(users);
use FlixIM::Test::Volley qw(fire answers volley statuses request message);
use Apache::Test         qw(-withtestmore);
use Time::HiRes          qw(time sleep);

# One process of the threaded MPMs, so that all requests meet at one gate. Prefork has a pool for each request:
# nobody waits for a place there, all wait for the database.
my $mpm = $ENV{FLIXIM_MPM} // 'event';
my $is_threaded = $mpm ne 'prefork';
my $one = $is_threaded
    ? "StartServers 1\nServerLimit 1\nThreadsPerChild 40\nMaxRequestWorkers 40\nMinSpareThreads 1\nMaxSpareThreads 40\n"
    : "StartServers 30\nMaxSpareServers 40\n";
my $cluster = FlixIM::Test::Cluster->start(databases => [qw(flixim other)]);
# No FlixIMDatabaseConnections: what there is of connections is said to mod_dbd alone. The second virtual host has the
# main server's pool, the third one of its own.
my %limits = (DBDMax => 4, DBDKeep => 4, FlixIMDatabaseWait => '300ms', FlixIMDatabaseTimeout => '2s');
my $httpd  = FlixIM::Test::Httpd->start(
    cluster => $cluster, extra => $one, settings => \%limits,
    vhosts  => [ { database => 'other', settings => \%limits }, { settings => \%limits }, { settings => { %limits, DBDMax => 5 } } ],
);
my ($alice, $bob) = users($cluster, 2);
my $there = $cluster->psql("SELECT flixim.issue_token('$alice->{id}')", database => 'other');
my $count = request(GET => '/messages/unread_count', $alice->{token});

plan tests => 1 + 6 + 2 + 3 + 1 + 4 + 3;

is statuses(volley($httpd->port, ($count) x 12)), '200: 12', 'twelve through four places: all served';

# Readers wait for a lock that somebody holds on a table.
my $locker = $cluster->connect;
$locker->begin_work;
$locker->do('LOCK TABLE flixim.users IN ACCESS EXCLUSIVE MODE');
my $shots = fire($httpd->port, ($count) x 12);
my @elsewhere = map { volley($httpd->port(1), request(GET => '/messages/unread_count', $there)) } 1 .. 10;
my @answers = answers($shots, 10);
is statuses(@answers), '503: 12', 'all wait for a lock: 503 for all';
is scalar(grep { $_->{head} =~ /^Retry-After: \d+\r?$/m } @answers), 12, 'with Retry-After';
my @turned_away = grep { $_->{seconds} < 1 } @answers;
is scalar @turned_away, $is_threaded ? 8 : 0, 'those without a place are turned away';
is scalar(grep { $_->{seconds} < 0.25 } @turned_away), 0, 'after their wait';
is scalar(grep { $_->{seconds} > 2.5 } @answers), 0, 'the others within the timeout';
like $answers[0]{body}, qr/"code":"unavailable"/, 'unavailable is what it says';
is statuses(@elsewhere), '200: 10', 'the virtual host with the other database: served';
is scalar(grep { $_->{seconds} > 0.5 } @elsewhere), 0, 'at once';

# Virtual hosts with one pool count together; what the others wait for is not its connections.
$shots = fire($httpd->port, ($count) x 4);
sleep 0.1;
@answers = volley($httpd->port(2), ($count) x 4);
is scalar(grep { $_->{status} == 503 && $_->{seconds} < 1 } @answers), $is_threaded ? 4 : 0, 'a virtual host with the same pool: turned away';
@answers = volley($httpd->port(3), ($count) x 6);
is scalar(grep { $_->{status} == 503 && $_->{seconds} < 1 } @answers), $is_threaded ? 1 : 0, 'one with a pool of its own: not so, up to its own DBDMax';
is statuses(answers($shots, 10)), '503: 4', 'the statements of the first one are stopped';
$locker->rollback;
is statuses(volley($httpd->port, ($count) x 12)), '200: 12', 'the lock is gone: all served';

# Writers wait for a user's row: they may not take all places.
$locker->begin_work;
$locker->do("SELECT FROM flixim.users WHERE user_id = '$bob->{id}' FOR UPDATE");
my @ids = map { sprintf '00000000-0000-4000-8000-%012d', $_ } 1 .. 8;
my @posts = map { request(POST => '/messages', $alice->{token}, message($bob->{id}, $_)) } @ids;
my $writers = fire($httpd->port, @posts);
sleep 0.1;
my @readers = map { volley($httpd->port, $count) } 1 .. 20;
is statuses(@readers), '200: 20', 'whoever reads is served';
is scalar(grep { $_->{seconds} > 0.5 } @readers), 0, 'at once';
my @written = answers($writers, 10);
is statuses(@written), '503: 8', 'while posts that wait for a row get 503';
is scalar(grep { $_->{seconds} > 2.5 } @written), 0, 'in time';
$locker->rollback;
$locker->disconnect;

is statuses(volley($httpd->port, @posts)), '201: 8', 'sent again: posted';
is $cluster->psql('SELECT count(*) FROM flixim.messages'), 8, 'each once';
is $cluster->psql('SELECT * FROM flixim.check_invariants()'), '', 'all invariants hold';
