# SPDX-License-Identifier: Apache-2.0
# WebSockets handed over to a daemon: which requests are, what the daemon is asked and given, what the client and the logs see.
use strict;
use warnings FATAL => 'all';

use FindBin          qw($Bin);
use IO::Socket::INET ();
use Time::HiRes      qw(sleep);
use lib "$Bin/../lib";
use FlixIM::Test::Httpd;
use FlixIM::Test::Taker;
use FlixIM::Test::WebSocket;
use Test::More;

my $canary = 'canary71c0de';
my $where  = '/socket/websocket';
my $taker  = FlixIM::Test::Taker->start;

# The daemon at the end of the tunnel: says so, and closes.
my $listener = IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1') or die "listen: $!";
my $tunnel = fork // die "fork: $!";
if ($tunnel == 0) {
    while (my $socket = $listener->accept) {
        1 while ($_ = <$socket>) =~ /\S/;
        print {$socket} "HTTP/1.1 200 OK\r\nX-Tunnel: yes\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    }
}
my $owner = $$;
END { kill 'TERM', $tunnel if $tunnel && $$ == $owner }

my ($path, $port) = ($taker->path, $listener->sockport);
my $httpd = FlixIM::Test::Httpd->start(
    bare    => 1,
    modules => [qw(deflate dir filter headers proxy proxy_http remoteip reqtimeout authz_host)],
    ports   => 3,
    extra   => sub {
        my ($self) = @_;
        my @port = map { $self->port($_) } 0 .. 3;
        return <<"CONF";
LogLevel trace8 core:trace4
LogFormat "%>s %b %{flixim-daemon}n %r%q%{Authorization}i" all
CustomLog access.log all
FlixIMHandoff $path
Header always set X-Ours yes
SetOutputFilter DEFLATE
FallbackResource /fallback.html
ProxyTimeout 5
LimitRequestFields 200
LimitRequestLine 30000
LimitRequestFieldSize 60000
<VirtualHost *:$port[1]>
    ServerName with-a-tunnel
    ProxyPass "/socket" "http://127.0.0.1:$port/socket" upgrade=websocket
</VirtualHost>
<VirtualHost *:$port[2]>
    ServerName with-rules
    FlixIMHandoffPath /im/here
    RemoteIPHeader X-Forwarded-For
    RemoteIPInternalProxy 127.0.0.1
    RequestReadTimeout header=1 body=1
    <Location "/im">
        Require ip 192.0.2
    </Location>
</VirtualHost>
<VirtualHost *:$port[3]>
    ServerName without
    FlixIMHandoff Off
    ProxyPass "/socket" "http://127.0.0.1:$port/socket" upgrade=websocket
</VirtualHost>
CONF
    },
);
for my $name (qw(fallback.html small.txt)) {
    open my $file, '>', $httpd->dir . "/htdocs/$name" or die "$name: $!";
    print {$file} $name;
    close $file or die "$name: $!";
}

sub client { return FlixIM::Test::WebSocket->connect(port => $httpd->port($_[0] // 0)) }

# What is still to come from the daemon's own 101, and all bytes in the order in which they came.
sub answered {
    my ($client) = @_;
    my $answer = $client->answer or return 'nothing';
    return $answer->{head} =~ s/\d+(?=\r\n\r\n)/PID/r;
}
my $its_own = "HTTP/1.1 101 Switching Protocols\r\nX-Pid: PID\r\n\r\n";

# Waits for bytes of a client.
sub bytes {
    my ($client, $length) = @_;
    for (1 .. 200) {
        last if length $client->rest >= $length || $client->is_over;
        FlixIM::Test::WebSocket::turn(0.05, $client);
    }
    return substr $client->{in}, 0, $length, '';
}

# -- One that is handed over --------------------------------------------------------------------------------
{
    my $client = client();
    my $head = $client->request(path => "$where?vsn=2.0.0&token=$canary", headers => [ "Authorization: Bearer $canary", 'X-More: 1', 'X-More: 2' ]);
    $client->write($head);
    is answered($client), $its_own, 'the answer is the daemon\'s, to the byte';
    my $question = $taker->next_event;
    is "$question->{event} $question->{kind} $question->{address}", 'question 1 127.0.0.1', 'it was asked';
    is $question->{head}, $head =~ s/\r\nX-More: 2//r =~ s/X-More: 1/X-More: 1, 2/r, 'with the whole request, tokens and all; lines of one name as one';
    my $connection = $taker->next_event;
    is "$connection->{event} $connection->{count} $connection->{read}", 'connection 1 ', 'it was given one descriptor';
    $client->write('ping');
    is bytes($client, 4), 'ping', 'and talks to the client';
    my $long = join '', map {"$_ "} 1 .. 30000;
    $client->queue($long);
    is bytes($client, length $long) eq $long, 1, 'at length';
    $client->drop;
    is $taker->next_event->{event}, 'end', 'whose end it sees';
}

# -- What comes behind the head -----------------------------------------------------------------------------
for my $case ([ 'a frame' => 'hello' ], [ 'as much as may be' => 'x' x 65536 ]) {
    my ($name, $bytes) = @$case;
    my $client = client();
    $client->write($client->request(path => $where) . $bytes);
    is answered($client), $its_own, "$name behind the head: 101";
    is bytes($client, length $bytes) eq $bytes, 1, 'and all of it arrives';
    $client->write('more');
    is bytes($client, 4), 'more', 'and what follows';
    cmp_ok $taker->next_event('connection')->{length}, '<=', length $bytes, 'as httpd had read it';
    $client->drop;
}
{
    my $client = client();
    $client->write($client->request(path => $where) . 'hello', 1);
    is answered($client), $its_own, 'byte by byte: 101';
    is bytes($client, 5), 'hello', 'and the bytes behind';
    $client->drop;
}
{
    my $client = client();
    $client->queue($client->request(path => $where) . 'x' x 2_000_000);
    is $client->answer->{status}, 400, 'far too much behind the head: 400';
    ok $client->has_ended, 'and the end';
    $taker->next_event('hung up');
}
{
    my $client = client();
    $client->write("GET /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n" x 3 . $client->request(path => $where) . 'hello');
    is join(' ', map { $_->{status} . $_->{body} } map { $client->answer } 1 .. 3), join(' ', ('200small.txt') x 3), 'answers of before come first';
    is answered($client), $its_own, 'then 101';
    is bytes($client, 5), 'hello', 'and the rest';
    $client->drop;
}
{
    my $client = client();
    $client->write($client->request(path => $where));
    $client->half_close;
    is answered($client), $its_own, 'a client that has said all';
    ok $client->has_ended, 'is seen to have';
}

# -- Refusals -----------------------------------------------------------------------------------------------
for my $case (
    [ 403 => 'not you',  403, undef ],
    [ 400 => q{'upgrade' header must contain "x"}, 400, undef ],
    [ 429 => '',         429, 1 ],
    [ 503 => 'draining', 503, 1 ],
    [ 426 => '',         426, undef ],
    [ 200 => 'fine',     503, 1 ],
    [ 304 => '',         503, 1 ],
) {
    my ($said, $body, $status, $after) = @$case;
    my $client = client();
    my $say = $body =~ s/(\W)/sprintf '%%%02x', ord $1/ger;
    $client->write($client->request(path => "$where?do=$said&say=$say"));
    my $answer = $client->answer;
    is "$answer->{status} $answer->{body}", "$status $body", "the daemon says $said: $status and its text";
    is $answer->{header}{'retry-after'}, $after, $after ? 'with Retry-After' : 'without Retry-After';
    is $answer->{header}{'x-ours'}, 'yes', 'as httpd\'s answers go';
    next if ($answer->{header}{connection} // '') eq 'close';
    $client->write("GET /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
    is $client->answer->{body}, 'small.txt', 'and the connection goes on';
    $client->write($client->request(path => $where));
    is answered($client), $its_own, 'to be handed over after all';
    $client->drop;
}

# A text longer than httpd takes is no verdict.
{
    my $client = client();
    $client->write($client->request(path => "$where?do=403&say=" . 'x' x 17_000));
    is $client->answer->{status}, 503, 'a text without end: 503';
    $client->drop;
}

# What a packet cannot hold, or no daemon reads.
for my $case ([ 'a head of 150 KB', map { "X-Long-$_: " . 'x' x 50_000 } 1 .. 3 ], [ '110 header lines', map {"X-Many-$_: x"} 1 .. 105 ]) {
    my ($name, @headers) = @$case;
    my $client = client();
    $client->write($client->request(path => $where, headers => \@headers));
    is $client->answer->{status}, 431, "$name: 431";
    $client->write($client->request(path => $where));
    is answered($client), $its_own, 'and the connection goes on';
    $client->drop;
}

# A refused one with other requests right behind: none is lost.
{
    my $client = client();
    $client->write($client->request(path => "$where?do=403") . "GET /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
    is join(' ', map { $_->{status} . $_->{body} } map { $client->answer } 1 .. 2), '403 200small.txt', 'a refused one, and the next request on its heels';
}

# -- Those that are not handed over -------------------------------------------------------------------------
$taker->forget;
my @others = (
    [ 'no upgrade'           => { upgrade => undef, connection => undef } ],
    [ 'another upgrade'      => { upgrade => 'h2c' } ],
    [ 'no Connection'        => { connection => 'keep-alive' } ],
    [ 'HTTP/1.0'             => { http => '1.0' } ],
    [ 'HEAD'                 => { method => 'HEAD' } ],
    [ 'a path below'         => { path => "$where/x" } ],
    [ 'long-poll'            => { path => '/socket/longpoll' } ],
    [ 'the path alone'       => { path => '/socket' } ],
    [ 'another one'          => { path => '/x/socket/websocket' } ],
    [ 'a body'               => { headers => ['Content-Length: 1'], body => 'x' } ],
    [ 'chunks'               => { headers => ['Transfer-Encoding: chunked'], body => "0\r\n\r\n" } ],
    [ 'POST'                 => { method => 'POST', headers => ['Content-Length: 0'] } ],
);
for my $case (@others) {
    my ($name, $how) = @$case;
    for my $host (0, 1) {
        my $client = client($host);
        $client->write($client->request(path => $where, %$how));
        my $answer = $client->answer(method => $how->{method} // 'GET');
        next if !$host && is $answer->{status}, ($how->{path} // $where) eq $where ? 404 : 200, "$name, without a tunnel: as any path";
        is $answer->{header}{'x-tunnel'}, $name eq 'another one' ? undef : 'yes', "$name, with one: through it";
    }
}
{
    my $client = client(3);
    $client->write($client->request(path => $where));
    is $client->answer->{header}{'x-tunnel'}, 'yes', 'Off in a virtual host: through the tunnel';
}
ok $taker->is_quiet, 'nobody was asked about any of them';
{
    my $client = client(1);
    $client->write($client->request(path => $where));
    is answered($client), $its_own, 'with a tunnel behind it, what can be is handed over';
    $taker->next_event('connection');
}
for my $path ('/socket//websocket', '/socket/%77ebsocket', '/socket/x/../websocket') {
    my $client = client();
    $client->write($client->request(path => "$path?a=%2f"));
    is answered($client), $its_own, "$path is the same path";
    like $taker->next_event('question')->{head}, qr{^GET /socket/websocket\?a=%2f HTTP/1\.1\r\n}, 'and the daemon is told so';
    $taker->next_event('connection');
}

# -- The site's own rules -----------------------------------------------------------------------------------
{
    my $client = client(2);
    $taker->forget;
    $client->write($client->request(path => '/im/here/websocket'));
    is $client->answer->{status}, 403, 'Require holds';
    ok $taker->is_quiet, 'and nobody was asked';
    $client->write($client->request(path => '/im/here/websocket', headers => ['X-Forwarded-For: 192.0.2.7']));
    is answered($client), $its_own, 'another path, another address by mod_remoteip: 101';
    is $taker->next_event('question')->{address}, '192.0.2.7', 'and the daemon is told that address';
    sleep 2.5;
    $client->write('still here');
    is bytes($client, 10), 'still here', 'mod_reqtimeout lets go of it, too';
}

# -- Users and daemons --------------------------------------------------------------------------------------
$httpd->stop;
my $log = $httpd->log;
open my $file, '<', $httpd->dir . '/access.log' or die "access.log: $!";
my $access = do { local $/ = undef; <$file> };
like $access, qr{^101 - \Q$path\E GET /socket/websocket\?vsn=2\.0\.0&token= HTTP/1\.1\?vsn=2\.0\.0&token=\*\*\*$}m, 'the access log has 101, no bytes, and which daemon';
like $access, qr{^403 7 \Q$path\E GET /socket/websocket\?do=403&say=not%20you HTTP/1\.1}m, 'and refusals';
unlike $access, qr{^200 \S+ \Q$path\E }m, 'none that it was asked about is 200';
is index($access . $log =~ s/^.*\[core:trace\d\].*\n//gmr, $canary), -1, 'the token is in no log';
unlike $log, qr/exit signal|Segmentation|AH02550|AH01579/, 'nothing to complain of';
is scalar(() = $log =~ /FLX0506/g), 1, 'whoever did not wait is in the log';
done_testing;
