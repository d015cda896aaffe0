# SPDX-License-Identifier: Apache-2.0
# Every commit hangs, as its standby is gone: reading goes on, and no server process is left behind.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Probe qw(build_probe);
use Apache::Test        qw(-withtestmore);
use IO::Select          ();
use IO::Socket::INET    ();
use List::Util          qw(max);
use Time::HiRes         qw(time sleep);

plan tests => 3 + 4 + 3 + 3 + 4 + 2;

my $mpm = $ENV{FLIXIM_MPM} // 'event';
my $one = $mpm eq 'prefork'
    ? "StartServers 16\nMinSpareServers 1\nMaxSpareServers 20\nMaxRequestWorkers 20\n"
    : "StartServers 1\nServerLimit 2\nThreadsPerChild 30\nMaxRequestWorkers 30\nMinSpareThreads 1\nMaxSpareThreads 30\n";
my $turns = $mpm eq 'prefork' ? 12 : 3;    # that writers may take at the same time
build_probe();
# The standby is missing all the time; whether a commit waits for it is said by the table.
my $cluster = FlixIM::Test::Cluster->start(settings => { synchronous_standby_names => 'ghost', synchronous_commit => 'local' });
$cluster->psql(<<'SQL');
CREATE TABLE public.kept (n integer);
CREATE TABLE public.commits AS SELECT 'local' AS wait;
GRANT INSERT, SELECT ON public.kept, public.commits TO PUBLIC;
CREATE FUNCTION public.probe_write() RETURNS integer LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''synchronous_commit'', (SELECT wait FROM public.commits), true); INSERT INTO public.kept VALUES (1); RETURN 1; END';
CREATE FUNCTION public.probe_read() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE public.probe_call() LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''synchronous_commit'', (SELECT wait FROM public.commits), true); INSERT INTO public.kept VALUES (3); COMMIT; END';
SQL
my $httpd = FlixIM::Test::Httpd->start(
    cluster  => $cluster,
    extra    => $one,
    settings => { FlixIMDatabaseConnections => 4, FlixIMDatabaseWait => '300ms', FlixIMDatabaseTimeout => '1s' },
);

sub send_request {
    my ($name) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port) or die "connect: $!";
    print {$socket} "GET /api/v1/health?$name HTTP/1.0\r\n\r\n";
    return $socket;
}

# The statuses and the seconds that all of them took: "200x3 504x1", 1.1.
sub answers {
    my ($begin, @sockets) = @_;
    my %count;
    for my $socket (@sockets) {
        my $answer = do { local $/ = undef; <$socket> // '' };
        $count{ $answer =~ m{^HTTP/1.1 (\d+)} ? $1 : 'none' }++;
    }
    return (join(' ', map {"${_}x$count{$_}"} sort keys %count), time - $begin);
}

# Sends COUNT of them at once and waits for the answers.
sub volley {
    my ($name, $count) = @_;
    my $begin = time;
    return answers($begin, map { send_request($name) } 1 .. $count);
}

sub waiting { return $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'}) }

sub reaches {
    my ($wanted) = @_;
    for (1 .. 100) {
        return 1 if waiting() == $wanted;
        sleep 0.03;
    }
    return 0;
}

sub commits_wait {
    my ($yes) = @_;
    $cluster->psql('UPDATE public.commits SET wait = :yes', vars => { yes => $yes ? q{'on'} : q{'local'} });
    return;
}

is +(volley('write', 12))[0], '200x12', 'commits that nobody hinders';
commits_wait(1);
my $begin   = time;
my @writers = map { send_request('write') } 1 .. 12;
ok reaches($turns), "twelve that hang: $turns of them may";
my $slowest = 0;
my $well = 0;
for (1 .. 20) {
    my ($statuses, $seconds) = volley('read', 1);
    $well += $statuses eq '200x1';
    $slowest = max($slowest, $seconds);
    sleep 0.05;
}
is $well, 20, 'reading goes on meanwhile, and beyond the time of those that write';
cmp_ok $slowest, '<', 0.25, 'without delay';
my ($statuses, $seconds) = answers($begin, @writers);
is $statuses, $mpm eq 'prefork' ? '504x12' : '503x9 504x3', 'nobody knows of those that hung; the others did not run';
cmp_ok $seconds, '<', 2.5, 'all within the time';
ok reaches(0), 'and none of them is left in the server';

# More of them than the server has connections.
my $sessions = q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'flixim_httpd'};
volley('write', 3) for 1 .. 3;
volley('call', 3);
ok reaches(0), 'none is left behind';
cmp_ok $cluster->psql($sessions), '<=', $mpm eq 'prefork' ? 20 : 5, 'nor are connections';
is +(volley('read', 4))[0], '200x4', 'and reading goes on';
commits_wait(0);
is +(volley('write', 12))[0], '200x12', 'commits go on when they can';
is +(volley('call', 4))[0], '200x4', 'those of procedures as well';
unlike $httpd->log, qr/FLX0110/, 'no cancel request was dropped';

# A server that takes no cancel request: its postmaster is stopped.
sub children { my $parent = $httpd->pid; return split ' ', `ps -o pid= --ppid $parent` }
my @before = children();
commits_wait(1);
@writers = map { send_request('write') } 1 .. 2;
ok reaches(2), 'two hang';
kill 'STOP', $cluster->pid;
answers(time, @writers);
$httpd->graceful;
my $deadline = time + 6;
my %before = map { $_ => 1 } @before;
sleep 0.1 while time < $deadline && grep { $before{$_} } children();
is scalar(grep { $before{$_} } children()), 0, 'children end while a cancel request hangs';
kill 'CONT', $cluster->pid;
commits_wait(0);
$cluster->psql(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'});
ok reaches(0), 'what was not cancelled can be';
is +(volley('write', 4))[0], '200x4', 'and all is well';

unlike $httpd->log, qr/exit signal/, 'no child died';
is scalar(() = $httpd->log =~ /FLX0101|AH00045/g), 0, 'nor had to be killed';
