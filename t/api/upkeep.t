# SPDX-License-Identifier: Apache-2.0
# Event partitions that are missing are made on the way of a request, once in each child.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Probe qw(build_probe);
use Apache::Test        qw(-withtestmore);
use Apache::TestRequest qw(GET);
use Time::HiRes         qw(time sleep);

plan tests => 2 + 2 + 2 + 5 + 1 + 4 + 1;

my $mpm = $ENV{FLIXIM_MPM} // 'event';
my $one = $mpm eq 'prefork'
    ? "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nMaxRequestWorkers 1\n"
    : "StartServers 1\nServerLimit 2\nThreadsPerChild 5\nMaxRequestWorkers 5\nMinSpareThreads 1\nMaxSpareThreads 5\n";
build_probe();
my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(cluster => $cluster, extra => $one, settings => { FlixIMDatabaseTimeout => '1s' });

sub status { my ($name) = @_; return GET("/api/v1/health?$name")->code }

# The event partitions that there are, and how often they were looked after.
my $partitions = q{SELECT count(*) FROM pg_inherits WHERE inhparent = 'flixim.events'::regclass};
my $drop = q{SELECT format('DROP TABLE flixim.events_%s', to_char(now() AT TIME ZONE 'UTC' + interval '3 days', 'YYYYMMDD')) \gexec};
my $all = $cluster->psql($partitions);
cmp_ok $all, '>', 7, 'there are partitions';
$cluster->psql($drop);
is $cluster->psql($partitions), $all - 1, 'one goes';
is status('upkeep'), 200, 'a request';
is $cluster->psql($partitions), $all, 'and it is there again';
$cluster->psql($drop);
is status('upkeep'), 200, 'another request';
is $cluster->psql($partitions), $all - 1, 'has nothing to do with it: an hour has not gone by';

# Fresh children, and a database that will not.
$cluster->psql('REVOKE EXECUTE ON FUNCTION flixim.keep_partitions() FROM flixim_app');
$httpd->graceful;
is status('upkeep'), 200, 'a database that does not let us hinders no request';
like $httpd->log, qr/FLX0102: statement keep_partitions: 42501/, 'but the log says so';
is status('upkeep'), 200, 'the next request';
is scalar(() = $httpd->log =~ /FLX0102: statement keep_partitions/g), 1, 'does not try again so soon';
$cluster->psql('GRANT EXECUTE ON FUNCTION flixim.keep_partitions() TO flixim_app');
sleep 10;
status('upkeep');
is $cluster->psql($partitions), $all, 'ten seconds later one does';

# A disk that is full, say.
$cluster->psql('ALTER FUNCTION flixim.keep_partitions() RENAME TO no_keep_partitions');
$cluster->psql(q{CREATE FUNCTION flixim.keep_partitions() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RAISE disk_full; END'});
$cluster->psql('GRANT EXECUTE ON FUNCTION flixim.keep_partitions() TO flixim_app');
$httpd->graceful;
is status('upkeep'), 200, 'an upkeep that comes to nothing soon hinders no request';

# Only one request waits.
$cluster->psql(q{CREATE OR REPLACE FUNCTION flixim.keep_partitions() RETURNS integer LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(10)'});
$httpd->graceful;
my $pid = fork // die "fork: $!";
if ($pid == 0) {
    my $status = status('upkeep');
    require POSIX;
    POSIX::_exit($status == 503 ? 0 : 1);
}
for (1 .. 100) {
    last if $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'}) > 0;
    sleep 0.02;
}
{
    my $begin = time;
    is status($mpm eq 'prefork' ? 'schema_version' : 'upkeep'), 200, 'while one request is at it, others go on';
    cmp_ok time - $begin, '<', $mpm eq 'prefork' ? 1.5 : 0.5, 'at once';
}
waitpid $pid, 0;
is $? >> 8, 0, 'the one that takes too long is answered 503';
is status('upkeep'), 200, 'once';
unlike $httpd->log, qr/exit signal/, 'no child died';
