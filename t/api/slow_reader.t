# SPDX-License-Identifier: Apache-2.0
# Whoever reads a large list slowly holds no database connection: with a single one, all others are served at once.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Crowd  qw(users);
use FlixIM::Test::Volley qw(volley statuses request);
use Apache::Test         qw(-withtestmore);
use IO::Select           ();
use Socket               qw(inet_aton pack_sockaddr_in PF_INET SOCK_STREAM SOL_SOCKET SO_RCVBUF);
use Time::HiRes          qw(time sleep);

# One process of the threaded MPMs, so that there is one connection for all.
my $mpm = $ENV{FLIXIM_MPM} // 'event';
my $one = $mpm eq 'prefork' ? ''
    : "StartServers 1\nServerLimit 1\nThreadsPerChild 20\nMaxRequestWorkers 20\nMinSpareThreads 1\nMaxSpareThreads 20\n";
my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(
    cluster => $cluster, extra => $one, settings => { FlixIMDatabaseConnections => 1, DBDMax => 1, DBDKeep => 1 },
);
my ($alice, $bob) = users($cluster, 2);
my $readers = 3;
my $seconds = $ENV{FLIXIM_LONG} ? 30 : 5;

plan tests => $readers + 4 + 3;

# 200 messages of 200 KiB each, of which a page holds 8 MiB: more than a socket whose reader has a small buffer.
$cluster->psql(<<'SQL', vars => { sender => $alice->{id}, receiver => $bob->{id} });
SELECT count(*) FROM flixim.send_messages(
    array_fill(:'sender'::uuid, ARRAY[200]), array_fill(now(), ARRAY[200]), array_fill(false, ARRAY[200]),
    array_fill(NULL::uuid, ARRAY[200]), array_fill(NULL::text, ARRAY[200]), array_fill(:'receiver'::uuid, ARRAY[200]),
    array_fill('private_message'::flixim.message_type, ARRAY[200]), array_fill('text'::flixim.content_type, ARRAY[200]),
    array_fill(json_build_object('text', 'x', 'padding', repeat('y', 200 * 1024)), ARRAY[200]),
    array_fill(NULL::uuid, ARRAY[200]), array_fill(NULL::timestamptz, ARRAY[200]), array_fill(NULL::uuid, ARRAY[200]))
SQL
my $list = request(GET => '/messages?limit=200', $bob->{token});

# Asks for the list, on a socket with as small a buffer as there can be: a reader, once the answer has begun.
sub slow_reader {
    socket my $socket, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, 4096 or die "SO_RCVBUF: $!";
    connect $socket, pack_sockaddr_in($httpd->port, inet_aton('127.0.0.1')) or die "connect: $!";
    syswrite $socket, $list or die "write: $!";
    sysread $socket, my $head, 15 if IO::Select->new($socket)->can_read(20);
    is $head, 'HTTP/1.1 200 OK', 'a slow reader begins to read';
    return $socket;
}

my @slow = map { slow_reader() } 1 .. $readers;
my (@answers, $busy);
my $read = 0;
for my $second (1 .. $seconds) {
    my $next = time + 1;
    for my $socket (@slow) {
        $read += sysread $socket, my $part, 1024 if IO::Select->new($socket)->can_read(0);
    }
    while (time < $next) {
        push @answers, volley($httpd->port, request(GET => '/messages/unread_count', $bob->{token}));
        sleep 0.1;
    }
    $busy += $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'flixim_httpd' AND state <> 'idle'});
}
my $all = @answers;
is statuses(@answers), "200: $all", 'everybody else is served';
is scalar(grep { $_->{seconds} > 0.5 } @answers), 0, 'at once';
is $busy, 0, 'no session of the database is held';
cmp_ok $read, '<=', $readers * $seconds * 1024, 'while the slow ones are far from the end';

my ($whole) = volley($httpd->port, $list =~ s{HTTP/1\.1}{HTTP/1.0}r);
is $whole->{status}, 200, 'a quick reader of the same';
is scalar(grep { length == 200 * 1024 } $whole->{body} =~ /"padding" : "(y+)"/g), 41, 'gets the whole of it';
unlike $httpd->log, qr/FLX|exit signal/, 'nothing to complain of';
close $_ for @slow;
