# SPDX-License-Identifier: Apache-2.0
# PostgreSQL restarts under load: 503 at once while it is away, 200 a quarter of a second after it is back.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use File::Temp ();
use FlixIM::Test::Build qw(run);
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use Apache::Test qw(-withtestmore);
use List::Util   qw(max);
use Time::HiRes  qw(time sleep);

my @ways = qw(fast immediate kill fast);
plan tests => 6 * @ways + 2;

my $dir = File::Temp->newdir('flixim-load-XXXXXXXX', TMPDIR => 1);
my ($status, $output) = run("$dir", "gcc -std=gnu11 -O2 -Wall -Wextra -Werror -o load '$Bin/../lib/load.c'");
die "the load generator does not build: $output" if $status != 0;

# Sessions that linger must not take what the next ones need: there are hardly more than the pools hold.
my $cluster = FlixIM::Test::Cluster->start;
my $workers = ($ENV{FLIXIM_MPM} // 'event') eq 'prefork'
    ? "StartServers 32\nMinSpareServers 4\nMaxSpareServers 40\nMaxRequestWorkers 40\n"
    : "StartServers 3\nServerLimit 3\nThreadsPerChild 40\nMaxRequestWorkers 120\nMinSpareThreads 20\nMaxSpareThreads 120\n";
my $httpd = FlixIM::Test::Httpd->start(cluster => $cluster, extra => $workers . "MaxKeepAliveRequests 0\nKeepAliveTimeout 60\n");

# Forks CODE; its output is the lines of a file.
sub background {
    my ($code) = @_;
    my $file = File::Temp->new(DIR => "$dir");
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDOUT, '>', "$file" or die "stdout: $!";
        $code->();
        require POSIX;
        close STDOUT or die "stdout: $!";
        POSIX::_exit(0);
    }
    return { pid => $pid, file => $file };
}

sub finish {
    my ($job, $signal) = @_;
    kill $signal, $job->{pid} if $signal;
    waitpid $job->{pid}, 0;
    open my $file, '<', "$job->{file}" or die "output: $!";
    chomp(my @lines = <$file>);
    return @lines;
}

# The moment when the database takes connections, from the view of a client.
sub watch_for_it {
    return background(
        sub {
            require DBI;
            my %env = $cluster->env;
            until (DBI->connect("dbi:Pg:host=$env{PGHOST};dbname=postgres", 'postgres', '', { PrintError => 0, AutoInactiveDestroy => 1 })) {
                sleep 0.005;
            }
            printf "%.6f\n", time;
        }
    );
}

# Its processes end a little later, each when it notices.
sub kill_postmaster {
    my $postmaster = $cluster->pid;
    my @family = split ' ', `ps -o pid= --ppid $postmaster`;
    kill 'KILL', $postmaster;
    for (1 .. 500) {
        return if !grep { kill 0, $_ } @family;
        sleep 0.01;
    }
    die 'PostgreSQL does not end';
}

for my $way (@ways) {
    my $load = background(sub { exec "$dir/load", $httpd->port, '/api/v1/health', 32, 20 });
    sleep 1.5;
    my $before = time;
    $way eq 'kill' ? kill_postmaster() : $cluster->stop($way);
    my $away = time;
    sleep 0.7;
    my $start   = time;
    my $watcher = watch_for_it();
    $cluster->up;
    my ($back) = finish($watcher);
    sleep 1.5;
    my @requests = map { [ split ' ' ] } finish($load, 'TERM');
    my %at = (before => [], going => [], away => [], back => [], well => []);
    push @{ $at{ $_->[0] < $before ? 'before' : $_->[0] < $away ? 'going' : $_->[0] + $_->[1] / 1000 < $back ? 'away' : $_->[0] < $back + 0.25 ? 'back' : 'well' } }, $_
        for @requests;
    note sprintf '%s: %s; slowest %s', $way, join(', ', map { "$_ " . @{ $at{$_} } } sort keys %at),
        join ', ', map { my $when = $_; "$when " . (max(map { $_->[1] } @{ $at{$when} }) // 0) } sort keys %at;
    cmp_ok scalar @{ $at{away} }, '>', 100, "$way: there was load while it was away";
    is scalar(grep { $_->[2] != 503 && $_->[0] + $_->[1] / 1000 < $start } @{ $at{away} }), 0, "$way: 503 for all of it";
    # Beyond what the machine takes anyway; the one that tries a server that is about to start waits for it.
    # (With sanitizers what we do takes several times as long.)
    my $limit = ($ENV{FLIXIM_PRELOAD} ? 500 : 100) + max(map { $_->[1] } @{ $at{before} });
    cmp_ok scalar(grep { $_->[1] > $limit } @{ $at{away} }), '<', @{ $at{away} } / 100, "$way: within 0.1 s";
    # (With as many threads as connections: httpd closes kept-alive ones when all threads are busy.)
    is scalar(grep { $_->[2] != 200 && $_->[2] != 503 } @requests), 0, "$way: nothing but 200 and 503";
    is scalar(grep { $_->[2] != 200 } @{ $at{well} }), 0, "$way: 200 from a quarter of a second after it is back";
    cmp_ok scalar @{ $at{well} }, '>', 100, "$way: for a good many";
}
unlike $httpd->log, qr/exit signal|AH00045|FLX0101/, 'no child died';
is $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'flixim_httpd' AND state <> 'idle'}), 0, 'no session is left busy';
