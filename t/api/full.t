# SPDX-License-Identifier: Apache-2.0
# PostgreSQL has no connection left for us: those that there are go on serving, and more come when they can.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Probe qw(build_probe);
use Apache::Test        qw(-withtestmore);
use IO::Socket::INET    ();
use Time::HiRes         qw(time sleep);

plan tests => 6;

my $mpm = $ENV{FLIXIM_MPM} // 'event';
my $one = $mpm eq 'prefork'
    ? "StartServers 8\nMinSpareServers 1\nMaxSpareServers 8\nMaxRequestWorkers 8\n"
    : "StartServers 1\nServerLimit 1\nThreadsPerChild 20\nMaxRequestWorkers 20\nMinSpareThreads 1\nMaxSpareThreads 20\n";
build_probe();
my $cluster = FlixIM::Test::Cluster->start(settings => { max_connections => 20, superuser_reserved_connections => 3 });
$cluster->psql(q{CREATE FUNCTION public.probe_read() RETURNS integer LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(0.02)'});
my $httpd = FlixIM::Test::Httpd->start(cluster => $cluster, extra => $one);

# COUNT requests at once: how many of them are answered 200, and how many 503.
sub volley {
    my ($count) = @_;
    my @sockets;
    for (1 .. $count) {
        push @sockets, IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port) or die "connect: $!";
        print { $sockets[-1] } "GET /api/v1/health?read HTTP/1.0\r\n\r\n";
    }
    my %count = (200 => 0, 503 => 0);
    for my $socket (@sockets) {
        my $answer = do { local $/ = undef; <$socket> // '' };
        $count{ $answer =~ m{^HTTP/1.1 (\d+)} ? $1 : 'none' }++;
    }
    return %count;
}

# One connection is ours; then somebody else takes all that are left.
my %first = volley(1);
is $first{200}, 1, 'the first request';
my @others;
while (my $other = eval { $cluster->connect(user => 'flixim_httpd') }) { push @others, $other }
cmp_ok scalar @others, '>', 5, 'the server is full';
my %full = volley(8);
is $full{200} + $full{503}, 8, 'then some are served, some are not';
my $until = time + 2;
my $well = 0;
while (time < $until) {
    my %answers = volley(1);
    $well += $answers{200};
}
cmp_ok $well, '>', $mpm eq 'prefork' ? 1 : 30, 'one after the other they are served by the connection that there is';
$_->disconnect for @others;
sleep 0.25;
my %free = volley(8);
is $free{200}, 8, 'all are served as soon as there is room';
unlike $httpd->log, qr/exit signal/, 'no child died';
