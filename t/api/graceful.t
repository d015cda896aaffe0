# SPDX-License-Identifier: Apache-2.0
# Graceful restarts under load lose no request, and leave no database session behind.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use Apache::Test        qw(-withtestmore);
use Apache::TestRequest qw(GET);
use IO::Socket::INET    ();
use Time::HiRes         qw(time sleep);

my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(cluster => $cluster);
my $clients = 4;

plan tests => 2 * $clients + 3;

# A client that asks until told to stop; reports how often it was answered 200, and otherwise.
sub client {
    my ($pipe) = @_;
    my ($well, $ill, $stop) = (0, 0, 0);
    local $SIG{TERM} = sub { $stop = 1 };
    until ($stop) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port);
        my $answer = '';
        if ($socket) {
            print {$socket} "GET /api/v1/health HTTP/1.0\r\n\r\n";
            while (sysread($socket, my $part, 4096) // ($!{EINTR} ? 1 : 0)) { $answer .= $part // '' }
        }
        if ($answer =~ m{^HTTP/1.1 200 .*"ok".*\}\}$}s) { $well++ }
        # The signal may have come between the two, and interrupted connect or write.
        elsif (!$stop) { $ill++ }
    }
    print {$pipe} "$well $ill\n";
    close $pipe;
    return;
}

my @clients;
for (1 .. $clients) {
    pipe my $reader, my $writer or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        client($writer);
        require POSIX;
        POSIX::_exit(0);
    }
    close $writer;
    push @clients, [ $pid, $reader ];
}
for (1 .. 3) {
    sleep 0.5;
    $httpd->graceful;
}
sleep 0.5;
kill 'TERM', map { $_->[0] } @clients;
for my $client (@clients) {
    my ($well, $ill) = split ' ', readline $client->[1];
    waitpid $client->[0], 0;
    cmp_ok $well, '>', 50, "client $client->[0] was busy";
    is $ill, 0, 'and lost nothing';
}
unlike $httpd->log, qr/FLX|exit signal|Segmentation/, 'nothing to complain of';
is GET('/api/v1/health')->code, 200, 'all is well';
$httpd->stop;
sleep 0.2;
is $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'flixim_httpd'}), 0, 'no session is left';
