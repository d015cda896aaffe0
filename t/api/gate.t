# SPDX-License-Identifier: Apache-2.0
# More requests than connections, and statements that take too long: 503 in time, nothing hangs.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use Apache::Test        qw(-withtestmore);
use Apache::TestRequest qw(GET);
use IO::Select          ();
use IO::Socket::INET    ();
use Time::HiRes         qw(time sleep);

# One process of the threaded MPMs, so that all requests meet at one gate.
my $mpm = $ENV{FLIXIM_MPM} // 'event';
my $one = $mpm eq 'prefork'
    ? "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nMaxRequestWorkers 1\n"
    : "StartServers 1\nServerLimit 1\nThreadsPerChild 30\nMaxRequestWorkers 30\nMinSpareThreads 1\nMaxSpareThreads 30\n";
my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(
    cluster  => $cluster,
    extra    => $one,
    settings => {
        FlixIMDatabaseConnections => 2, FlixIMDatabaseWait => '300ms', FlixIMDatabaseTimeout => '2s',
    },
);

plan tests => 1 + 6 + 3 + 2;

# Sends COUNT requests at once: [status, seconds] of each, in the order of their answers.
sub volley {
    my ($count) = @_;
    my $begin  = time;
    my $select = IO::Select->new;
    for (1 .. $count) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port) or die "connect: $!";
        print {$socket} "GET /api/v1/health HTTP/1.0\r\n\r\n";
        $select->add($socket);
    }
    my @answers;
    while ($select->count && time < $begin + 20) {
        for my $socket ($select->can_read(1)) {
            my $answer = do { local $/ = undef; <$socket> };
            push @answers, [ $answer =~ m{^HTTP/1.1 (\d+)}, time - $begin ];
            $select->remove($socket);
        }
    }
    return @answers;
}

sub count { my ($status, @answers) = @_; return scalar grep { $_->[0] == $status } @answers }

is count(200, volley(12)), 12, 'twelve quick ones through two places: all served';

# A lock that the statement has to wait for: it is slow, and the server stops it.
$cluster->psql(<<'SQL');
CREATE TABLE public.slow ();
GRANT SELECT ON public.slow TO PUBLIC;
CREATE OR REPLACE FUNCTION flixim.schema_version() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
    AS 'BEGIN PERFORM FROM public.slow; RETURN 9999; END';
SQL
my $locker = $cluster->connect;
$locker->begin_work;
$locker->do('LOCK TABLE public.slow IN ACCESS EXCLUSIVE MODE');
my $begin = time;
my $places = $mpm eq 'prefork' ? 1 : 2;
my @answers = volley($mpm eq 'prefork' ? 1 : 8);
is count(503, @answers), scalar @answers, 'all wait for a lock: 503 for all';
my @turned_away = grep { $_->[1] < 1 } @answers;
is @turned_away, @answers - $places, 'those without a place are turned away';
cmp_ok $_->[1], '<', 1, 'soon' for @turned_away ? $turned_away[-1] : [ 503, 0 ];
cmp_ok $answers[-1][1], '<', 2.5, 'those with one within the timeout';
like $httpd->log, qr/FLX0102: statement schema_version: 57014/, 'stopped by the server';
is scalar(() = $httpd->log =~ /FLX0106/g), scalar @turned_away, 'each turned away leaves a line';

# The connections are as good as before.
my $sessions = q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE usename = 'flixim_httpd'};
my $before = $cluster->psql($sessions);
$locker->rollback;
is count(200, volley(6)), 6, 'the lock is gone: all served';
is $cluster->psql($sessions), $before, 'on the same connections';
is $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'flixim_httpd' AND state <> 'idle'}), 0,
    'none of which is left busy';

# Connections that die while it is their turn.
$locker->begin_work;
$locker->do('LOCK TABLE public.slow IN ACCESS EXCLUSIVE MODE');
my $pid = fork // die "fork: $!";
if ($pid == 0) {
    sleep 0.5;
    my $killer = DBI->connect('dbi:Pg:dbname=flixim', 'postgres', '', { RaiseError => 1 });
    $killer->do(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'flixim_httpd' AND state = 'active'});
    $killer->disconnect;
    $locker->{InactiveDestroy} = 1;
    require POSIX;
    POSIX::_exit(0);
}
my ($answer) = volley(1);
is $answer->[0], 503, 'a session killed under a statement that only reads: tried once more, and waits again';
waitpid $pid, 0;
$locker->rollback;
is count(200, volley(4)), 4, 'and all is well afterwards';
