# SPDX-License-Identifier: Apache-2.0
# Socket hosts: TLS connections handed over by the server name of their ClientHello, and everybody else's on the same port.
use strict;
use warnings FATAL => 'all';

use File::Temp      ();
use FindBin         qw($Bin);
use IO::Socket::SSL ();
use Time::HiRes     qw(sleep time);
use lib "$Bin/../lib";
use FlixIM::Test::Hello qw(hello);
use FlixIM::Test::Httpd;
use FlixIM::Test::Taker;
use FlixIM::Test::WebSocket;
use Test::More;

my $mpm = $ENV{FLIXIM_MPM} // 'event';
my $dir = File::Temp->newdir('flixim-tls-XXXXXXXX', TMPDIR => 1);
is system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=www.example.org -days 2 -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null"), 0, 'a certificate';
my $taker   = FlixIM::Test::Taker->start;
my $other   = FlixIM::Test::Taker->start;
my $refuses = FlixIM::Test::Taker->start(do => '503');
my $leaves  = FlixIM::Test::Taker->start(do => 'leave');
my $silent  = FlixIM::Test::Taker->start(do => 'silent');
my $tls     = "SSLEngine on\nSSLCertificateFile $dir/cert.pem\nSSLCertificateKeyFile $dir/key.pem\n";
my $httpd   = FlixIM::Test::Httpd->start(
    bare    => 1,
    modules => [qw(dir ssl http2 status reqtimeout)],
    ports   => 3,
    extra   => sub {
        my ($self) = @_;
        my @port = map { $self->port($_) } 1 .. 3;
        my $few = $mpm eq 'prefork' ? "MaxRequestWorkers 8\nServerLimit 8" : "ThreadsPerChild 4\nMaxRequestWorkers 8\nServerLimit 8";
        return <<"CONF";
$few
Timeout 3
SSLSessionCache none
LogLevel debug
LogFormat "%v %>s %r %{SSL_TLS_SNI}x" all
CustomLog access.log all
Protocols h2 http/1.1
FlixIMHandoffWait 2s
ExtendedStatus On
<Location "/server-status">
    SetHandler server-status
</Location>
<VirtualHost *:$port[0]>
    ServerName www.example.org
    $tls
</VirtualHost>
<VirtualHost *:$port[0]>
    ServerName sockets
    $tls
    FlixIMHandoff @{[$taker->path]}
    FlixIMSocketHost ws.example.org WS2.Example.Org
    FlixIMSocketHost ws3.example.org
</VirtualHost>
<VirtualHost *:$port[0]>
    ServerName elsewhere
    FlixIMHandoff @{[$other->path]}
    FlixIMSocketHost other.example.org
</VirtualHost>
<VirtualHost *:$port[0]>
    ServerName away
    FlixIMHandoff @{[$refuses->path]}
    FlixIMSocketHost refuses.example.org
</VirtualHost>
<VirtualHost *:$port[0]>
    ServerName leaves
    FlixIMHandoff @{[$leaves->path]}
    FlixIMSocketHost leaves.example.org
</VirtualHost>
<VirtualHost *:$port[0]>
    ServerName silent
    FlixIMHandoff @{[$silent->path]}
    FlixIMHandoffWait 500ms
    FlixIMSocketHost silent.example.org
</VirtualHost>
<VirtualHost *:$port[0]>
    ServerName many
    FlixIMHandoff @{[$other->path]}
    FlixIMHandoffWait 10s
    FlixIMSocketHost many.example.org
</VirtualHost>
<VirtualHost *:$port[0]>
    ServerName none
    FlixIMHandoff /nonexistent/handoff.sock
    FlixIMSocketHost none.example.org
</VirtualHost>
<VirtualHost *:$port[0]>
    ServerName several
    FlixIMHandoff /nonexistent/handoff.sock @{[$taker->path]} @{[$other->path]}
    FlixIMSocketHost several.example.org
</VirtualHost>
<VirtualHost *:$port[1]>
    ServerName without
    $tls
</VirtualHost>
<VirtualHost *:$port[2]>
    ServerName plain
    FlixIMHandoff @{[$taker->path]}
    FlixIMSocketHost ws.example.org
</VirtualHost>
CONF
    },
);
my ($port, $without, $plain) = map { $httpd->port($_) } 1 .. 3;
open my $file, '>', $httpd->dir . '/htdocs/index.html' or die "index.html: $!";
print {$file} 'the page' or die "index.html: $!";
close $file or die "index.html: $!";

sub client { return FlixIM::Test::WebSocket->connect(port => $_[0] // $port) }

# Waits for as many bytes from a client's side.
sub bytes {
    my ($client, $length) = @_;
    my $until = time + 10;
    FlixIM::Test::WebSocket::turn(0.05, $client) while length $client->rest < $length && !$client->is_over && time < $until;
    return substr $client->{in}, 0, $length, '';
}

# Whether a client's connection is a daemon's, and that has seen each byte of what was sent: it says 101 without TLS, and all again.
sub is_handed {
    my ($name, $client, $sent, $daemon) = @_;
    $daemon //= $taker;
    my $question = $daemon->next_event('question') // {};
    is join(' ', map { $question->{$_} // 'none' } qw(kind address head)), '2 127.0.0.1 ', "$name: a daemon is asked";
    my $connection = $daemon->next_event('connection') // {};
    is join(' ', map { $connection->{$_} // 'none' } qw(count length)), '1 0', 'and is given the connection';
    my $answer = $client->answer // {};
    is $answer->{status}, 101, 'which it speaks over';
    is bytes($client, length $sent), $sent, 'not a byte of the ClientHello was taken';
    return;
}

# The answer of the ordinary site.
sub page {
    my (%tls) = @_;
    my $client = FlixIM::Test::WebSocket->connect(port => $port, tls => { SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE(), %tls });
    $client->write("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\nGET /index.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
    return join ' ', map { my $answer = $client->answer; $answer ? "$answer->{status} $answer->{body}" : 'none' } 1, 2;
}

# What curl gets: status, body and HTTP's version.
sub curl {
    my ($name, $path, @options) = @_;
    return scalar `curl -s -k --max-time 10 --resolve $name:$port:127.0.0.1 -w ' %{http_code} %{http_version}' @options https://$name:$port$path 2>&1`;
}

# -- Who is handed over -------------------------------------------------------------------------------------
for my $case (
    [ 'the name'             => 'ws.example.org' ],
    [ 'in capitals'          => 'WS.EXAMPLE.ORG' ],
    [ 'the second name'      => 'ws2.example.org' ],
    [ 'of a second line'     => 'ws3.example.org' ],
    [ 'another daemon\'s'    => 'other.example.org', $other ],
    [ 'a long one'           => 'ws.example.org', $taker, padding => 15000 ],
    [ 'in small records'     => 'ws.example.org', $taker, record => 7 ],
    [ 'with more behind it'  => 'ws.example.org', $taker ],
    [ 'on a port without TLS' => 'ws.example.org', $taker ],
) {
    my ($name, $host, $daemon, %how) = @$case;
    my $client = client($name =~ /without/ ? $plain : $port);
    my $sent = hello($host, %how) . ($name =~ /behind/ ? "\x14\x03\x03\x00\x01\x01" . 'more' : '');
    $client->write($sent);
    is_handed($name, $client, $sent, $daemon);
    $client->write('ping');
    is bytes($client, 4), 'ping', 'and they talk';
    $client->drop;
}
for my $case ([ 'byte by byte' => 1, 0.002 ], [ 'in three pieces' => 50, 0.2 ]) {
    my ($name, $piece, $pause) = @$case;
    my $client = client();
    my $sent = hello('ws.example.org');
    for my $bytes (unpack "(a$piece)*", $sent) {
        $client->write($bytes);
        sleep $pause;
    }
    is_handed($name, $client, $sent);
    $client->drop;
}

# -- Who is not ---------------------------------------------------------------------------------------------
$_->forget for $taker, $other;
is page(SSL_hostname => 'www.example.org'), '200 the page 200 the page', 'the site has its pages, also one after the other';
is page(SSL_hostname => 'unknown.example.org'), '200 the page 200 the page', 'under a name that nobody has';
is page(SSL_hostname => ''), '200 the page 200 the page', 'and without one';
my $version = $mpm eq 'prefork' ? '1.1' : '2';
is curl('www.example.org', '/', '--http2'), "the page 200 $version", 'over HTTP/2';
is curl('www.example.org', '/', '--http1.1', '--tls-max 1.2'), 'the page 200 1.1', 'over TLS 1.2';
{
    my $client = client();
    $client->write("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
    my $answer = $client->answer // {};
    like "$answer->{status} $answer->{body}", qr/^400 .*speaking plain HTTP to an SSL-enabled server port/s, 'plain HTTP on this port: httpd says so';
}
for my $case (
    [ 'another protocol'           => "SSH-2.0-OpenSSH_9.2\r\n" ],
    [ 'a proxy\'s first line'      => "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" . hello('ws.example.org') ],
    [ 'bytes without a meaning'    => join '', map {chr} 200 .. 255 ],
    [ 'a record of another kind'   => "\x17\x03\x03\x00\x05hello" ],
    [ 'a hello that lies about its length' => hello('ws.example.org') =~ s/^(.{4})./$1\x20/sr ],
    [ 'one with a name of two'     => hello("ws.example.org\0.evil.example") ],
    [ 'a name with a dot behind'   => hello('ws.example.org.') ],
    [ 'no hello at all'            => "\x16\x03\x01\x00\x04\x02\x00\x00\x00" ],
    [ 'a name that is no daemon\'s' => hello('www.example.org') ],
) {
    my ($name, $bytes) = @$case;
    my $client = client();
    my $begin = time;
    $client->write($bytes);
    ok $client->has_ended(9), "$name: the end";
    cmp_ok time - $begin, '<', 7, 'in time';
}
{
    my $client = client($without);
    $client->write(hello('ws.example.org'));
    ok $client->has_ended, 'the name on another port: the port\'s own business';
}
ok $taker->is_quiet, 'nobody was asked about any of them';

# -- Who says too much, or too little -----------------------------------------------------------------------
for my $case (
    [ 'an oversized one'           => pack('C n n', 22, 0x0301, 16384) . pack('C a3', 1, "\0\x60\0"), 1 ],
    [ 'an oversized one in small records' => (pack('C n n', 22, 0x0301, 64) . pack('C a3 a60', 1, "\0\x60\0", 'x')), 1 ],
    [ 'all of an oversized one'    => hello('ws.example.org', padding => 40000), 1 ],
) {
    my ($name, $bytes, $limit) = @$case;
    my $client = client();
    my $begin = time;
    $client->write($bytes);
    ok $client->has_ended, "$name: the end";
    cmp_ok time - $begin, '<', $limit, 'at once';
}
like $httpd->log, qr/FLX0603: a ClientHello of more than 16384 bytes: closed/, 'the log says why';

# A client that is silent, or becomes so, is waited for; event keeps no thread for that, for httpd's Timeout, others ten seconds.
{
    my $half = substr hello('ws.example.org'), 0, 60;
    my @slow = map { client() } 1 .. ($mpm eq 'event' ? 16 : 3);
    my $begin = time;
    for my $i (0 .. $#slow) {
        $slow[$i]->write($i % 3 == 0 ? $half : $i % 3 == 1 ? "\x16" : substr $half, 0, 5);
    }
    sleep 0.5;
    is curl('www.example.org', '/'), "the page 200 $version", scalar(@slow) . ' with a part of a hello: the site serves others';
    cmp_ok time - $begin, '<', 3, 'at once';
    if ($mpm eq 'event') {
        my ($busy) = curl('www.example.org', '/server-status?auto') =~ /^BusyWorkers: (\d+)/m;
        cmp_ok $busy, '<=', 1, 'no thread waits but the one that tells';
    }
    is scalar(grep { !$_->has_ended(14) } @slow), 0, 'and they end';
    cmp_ok time - $begin, '<', 14, 'in bounded time';
    like $httpd->log, $mpm eq 'event' ? qr/FLX0605: no ClientHello in time: closed/ : qr/FLX0604: no ClientHello in 10 s: closed/, 'the log says why';
}
{
    my $client = client();
    $client->write("\x16\x03\x01");
    my $begin = time;
    for (1 .. 200) {
        last if $client->is_over;
        $client->queue("\x01");
        FlixIM::Test::WebSocket::turn(0.1, $client);
        sleep 0.1;
    }
    ok $client->has_ended, 'one that sends a byte now and then: the end';
    cmp_ok time - $begin, '<', 14, 'in bounded time';
}
for my $half (0, 1) {
    my $client = client();
    $client->write(substr hello('ws.example.org'), 0, 60);
    sleep 0.2;
    my $begin = time;
    $half ? $client->half_close : $client->drop(reset => 1);
    ok !$half || $client->has_ended, $half ? 'one that closes its side within its hello: the end' : 'one that is gone within its hello';
    cmp_ok time - $begin, '<', 2, 'at once';
}

# -- Daemons that do not take them --------------------------------------------------------------------------
for my $case (
    [ 'refuses' => 'says no',        qr/FLX0601: a daemon refuses a client: 503/ ],
    [ 'leaves'  => 'hangs up',       qr/FLX05\d\d: .*\Q@{[$leaves->path]}\E/ ],
    [ 'silent'  => 'says nothing',   qr/FLX05\d\d: .*\Q@{[$silent->path]}\E/ ],
    [ 'none'    => 'is not there',   qr{FLX05\d\d: .*/nonexistent/handoff.sock} ],
) {
    my ($name, $what, $log) = @$case;
    my $client = client();
    my $begin = time;
    $client->write(hello("$name.example.org"));
    ok $client->has_ended, "a daemon that $what: the client's connection ends";
    is $client->rest, '', 'without a word';
    cmp_ok time - $begin, '<', 2, 'in time';
    like $httpd->log, $log, 'the log says why';
}
is page(SSL_hostname => 'www.example.org'), '200 the page 200 the page', 'the site goes on';
{
    $taker->pause;
    my @waiting = map { client() } 1 .. 3;
    $_->write(hello('ws.example.org')) for @waiting;
    is scalar(grep { !$_->has_ended(5) } @waiting), 0, 'a daemon that stands still: the connections end';
    $taker->go_on;
    sleep 1;
    $taker->forget;
    my $client = client();
    $client->write(hello('ws.example.org'));
    is_handed('once it goes on', $client, hello('ws.example.org'));
    is join('', map { $_->rest } @waiting), '', 'and it has said nothing to those of before';
}
{
    my %has = (taker => 0, other => 0);
    my @clients = map { client() } 1 .. 40;
    for my $client (@clients) {
        $client->write(hello('several.example.org'));
        $client->answer or die "no daemon\n";
    }
    while (my $event = $taker->is_quiet ? undef : $taker->next_event) { $has{taker}++ if $event->{event} eq 'connection' }
    while (my $event = $other->is_quiet ? undef : $other->next_event) { $has{other}++ if $event->{event} eq 'connection' }
    is $has{taker} + $has{other}, 40, 'several daemons, one of them away: each client has one';
    cmp_ok $has{$_}, '>', 5, 'each of those alive has its part' for sort keys %has;
    $_->drop for @clients;
}

{
    my $count   = 200;
    my @clients = map { client() } 1 .. $count;
    $_->queue(hello('many.example.org')) for @clients;
    my $until = time + 20;
    FlixIM::Test::WebSocket::turn(0.05, @clients) while time < $until && grep { $_->rest !~ /^HTTP/ } @clients;
    is scalar(grep { $_->rest =~ m{^HTTP/1\.1 101 } } @clients), $count, "$count at once through eight threads";
    my ($busy) = curl('www.example.org', '/server-status?auto') =~ /^BusyWorkers: (\d+)/m;
    cmp_ok $busy, '<=', 2, 'and hold none of them';
    $_->drop for @clients;
}

# With a receive buffer that is too small for it the rest of a hello cannot come: nobody waits for it in vain, or again and again.
{
    my $small = FlixIM::Test::Httpd->start(
        bare    => 1,
        modules => ['ssl'],
        extra   => "ReceiveBufferSize 1024\nTimeout 3\nLogLevel debug\nSSLSessionCache none\n${tls}FlixIMHandoff @{[$taker->path]}\nFlixIMSocketHost ws.example.org\n",
    );
    my ($fits, $does_not) = map { FlixIM::Test::WebSocket->connect(port => $small->port) } 1, 2;
    $fits->write(hello('ws.example.org'));
    is_handed('what fits', $fits, hello('ws.example.org'));
    $does_not->queue(hello('ws.example.org', padding => 15000));
    ok $does_not->has_ended(5), 'a receive buffer smaller than a hello: the end, by mod_ssl';
    is scalar(() = $small->log =~ /FLX0606: the rest of a ClientHello has no room/g), 1, 'after one more look';
    $small->stop;
    $fits->drop;
}

# -- Descriptors, restarts, logs ----------------------------------------------------------------------------
sub descriptors {
    my $count = 0;
    for my $status (glob '/proc/[0-9]*/status') {
        open my $text, '<', $status or next;
        my ($parent) = do { local $/ = undef; (<$text> // '') =~ /^PPid:\s+(\d+)/m };
        next if ($parent // 0) != $httpd->pid;
        $count += () = glob $status =~ s{status$}{fd/*}r;
    }
    return $count;
}
my $kept = client();
$kept->write(hello('ws.example.org'));
is_handed('one that is kept', $kept, hello('ws.example.org'));
my $before = descriptors();
for (1 .. 100) {
    my $client = client();
    $client->write(hello('ws.example.org'));
    $client->answer or die "not handed over\n";
    $client->drop;
}
cmp_ok descriptors(), '<=', $before + ($mpm eq 'prefork' ? 30 : 5), 'a hundred later httpd has no more descriptors';
$taker->forget;
for my $restart (qw(graceful restart)) {
    $httpd->$restart;
    $kept->write('still?');
    is bytes($kept, 6), 'still?', "it lives through this: $restart";
}
$httpd->stop;
$kept->write('still?');
is bytes($kept, 6), 'still?', 'and through the end of httpd';
$kept->drop;
open my $text, '<', $httpd->dir . '/access.log' or die "access.log: $!";
my $access = do { local $/ = undef; <$text> };
like $access, qr{^www\.example\.org 200 GET / HTTP/1\.1 www\.example\.org$}m, 'the access log has the site\'s requests';
unlike $access, qr/\bws/i, 'and none of those that were handed over';
my $log = $httpd->log;
like $log, qr/:debug\].*FLX0602: handed over to \Q@{[$taker->path]}\E/, 'the error log has them, at its level debug';
unlike $log, qr/exit signal|Segmentation|Sanitizer|AH00052/, 'and nothing to complain of';
done_testing;
