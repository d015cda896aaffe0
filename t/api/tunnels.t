# SPDX-License-Identifier: Apache-2.0
# Tunnelled WebSockets: they get their token, no log does; and restarts leave room for the children that serve them.
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
use Time::HiRes         qw(time);

my $canary = 'canary71c0de';

# A daemon that upgrades every connection, says in its answer what was asked, and then waits for lines to send back.
my $listener = IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1') or die "listen: $!";
my $backend = fork // die "fork: $!";
if ($backend == 0) {
    my $select = IO::Select->new($listener);
    local $SIG{PIPE} = 'IGNORE';
    while (my @ready = $select->can_read) {
        for my $socket (@ready) {
            if ($socket == $listener) { $select->add(scalar $listener->accept); next }
            my $text = '';
            if (!sysread $socket, $text, 65536) { $select->remove($socket); close $socket; next }
            my ($line) = $text =~ /^GET (\S+) HTTP/;
            syswrite $socket, $line ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Asked: $line\r\n\r\n" : $text;
        }
    }
}

my $owner = $$;
END { kill 'TERM', $backend if $backend && $$ == $owner }

my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(
    cluster => $cluster,
    modules => [qw(proxy proxy_wstunnel)],
    extra   => sprintf(<<'CONF', $listener->sockport),
ProxyPass "/socket" "ws://127.0.0.1:%d/socket"
LogFormat "%%r %%q" all
CustomLog access.log all
CONF
);
my $restarts = 5;
my $tunnels  = ($ENV{FLIXIM_MPM} // '') eq 'prefork' ? 1 : 12;
plan tests => 2 + 2 * ($restarts + 1) + 4;

# Opens a tunnel: its socket, and the head of the answer.
sub tunnel {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port, Timeout => 10) or die "connect: $!";
    print {$socket} "GET /socket/websocket?vsn=2.0.0&token=$canary HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    my $head = '';
    while ($head !~ /\r\n\r\n/) { last if !IO::Select->new($socket)->can_read(10) || !sysread $socket, $head, 4096, length $head }
    die "no tunnel: $head" if $head !~ /^HTTP/;
    return ($socket, $head);
}

Apache::TestRequest::user_agent()->timeout(10);
my ($first, $head) = tunnel();
like $head, qr{^HTTP/1\.1 101 }, 'a tunnel opens';
like $head, qr{^X-Asked: /socket/websocket\?vsn=2\.0\.0&token=\Q$canary\E\r}m, 'with its token';
my @open = ($first);

for my $restart (0 .. $restarts) {
    $httpd->graceful if $restart;
    push @open, (tunnel())[0] for 1 .. $tunnels;
    my $begin = time;
    is GET('/api/v1/health')->code, 200, "after $restart restarts: answered";
    cmp_ok time - $begin, '<', 1, 'within a second';
}
my $alive = grep { print {$_} "still there?\n"; IO::Select->new($_)->can_read(10) && sysread $_, my $answer, 100 } @open;
is $alive, scalar @open, 'all tunnels live';
unlike $httpd->log, qr/AH03490|scoreboard is full/, 'the scoreboard had room';
close $_ for @open;
$httpd->stop;
open my $log, '<', $httpd->dir . '/access.log' or die "access.log: $!";
my $access = do { local $/ = undef; <$log> };
like $access, qr{^GET /socket/websocket\?vsn=2\.0\.0&token= HTTP/1\.1 \?vsn=2\.0\.0&token=$}m, 'they are in the access log';
unlike $access . $httpd->log, qr/\Q$canary\E/, 'without their tokens';
