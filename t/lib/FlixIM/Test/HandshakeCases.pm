# SPDX-License-Identifier: Apache-2.0
# Requests for a WebSocket, right ones and wrong ones, and their answers: phoenix-channels.md 1.4 to 1.7 as far as they do not
# need Phoenix itself, and what is no HTTP at all. See FlixIM::Test::Conformance for how they are run.
package FlixIM::Test::HandshakeCases;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

use FlixIM::Test::WebSocket;

our @EXPORT_OK = qw(handshake_cases);

my $accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

# What every 101 says, and what every refusal does.
my %switched = (
    'upgrade' => 'websocket', 'connection' => 'Upgrade', 'sec-websocket-accept' => $accept, 'sec-websocket-extensions' => undef,
    'cache-control' => 'max-age=0, private, must-revalidate', 'content-length' => undef, 'transfer-encoding' => undef,
);
my %refused = ('cache-control' => 'max-age=0, private, must-revalidate', 'sec-websocket-accept' => undef, 'upgrade' => undef);

sub handshake_cases {
    return (_accepted(), _headers(), _methods(), _keys(), _queries(), _protocols(), _bodies(), _malformed());
}

# At the mount point, where all checks are made: elsewhere flixim-wsecho takes what it gets.
sub _head { return FlixIM::Test::WebSocket->request(path => '/socket/websocket', @_) }

# One that is accepted; more: headers that must or must not be there.
sub _yes {
    my ($name, $head, %more) = @_;
    return { name => "handshake: $name", head => $head, status => 101, header => { %switched, %more } };
}

# One that is refused: with a status and, if it is given, exactly this text.
sub _no {
    my ($name, $head, $status, $text, %more) = @_;
    my %header = (%refused, defined $text ? ('content-length' => length $text) : ());
    return { name => "handshake: $name", head => $head, status => $status, text => $text, header => \%header, %more };
}

# One that is no HTTP: refused with 400, or by a bare end.
sub _not {
    my ($name, $head, $status) = @_;
    return { name => "handshake: $name", head => $head, status => $status // 400, may_end => 1 };
}

sub _accepted {
    my @more = map {"X-Header-$_: " . 'v' x 20} 1 .. 90;
    return (
        _yes('the usual one', _head()),
        _yes('keep-alive, Upgrade', _head(connection => 'keep-alive, Upgrade')),
        _yes('Upgrade, keep-alive', _head(connection => 'Upgrade, keep-alive')),
        _yes('a list without spaces', _head(connection => 'keep-alive,Upgrade')),
        _yes('a list with many spaces', _head(connection => "  keep-alive \t,\t  upgrade  ")),
        _yes('upgrade in small letters', _head(connection => 'upgrade')),
        _yes('UPGRADE in large letters', _head(connection => 'UPGRADE')),
        _yes('Upgrade: WebSocket', _head(upgrade => 'WebSocket')),
        _yes('Upgrade: WEBSOCKET', _head(upgrade => 'WEBSOCKET')),
        _yes('an Upgrade with a list', _head(upgrade => 'h2c, websocket')),
        _yes('two Connection headers', _head(connection => 'keep-alive', headers => ['Connection: Upgrade'])),
        _yes('names in small letters', _head() =~ s/^([\w-]+):/lc($1) . ':'/mger),
        _yes('names in large letters', _head() =~ s/^([\w-]+):/uc($1) . ':'/mger),
        _yes('no space behind colons', _head() =~ s/^([\w-]+): /$1:/mgr),
        _yes('spaces behind values', _head() =~ s/^([\w-]+: [^\r]*)/$1 \t /mgr),
        _yes('a compression that is offered is ignored', _head(headers => ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'])),
        _yes('an origin of the same host', _head(origin => 'http://localhost')),
        _yes('ninety more headers', _head(headers => \@more)),
        _yes('a header of 4,000 bytes', _head(headers => [ 'Cookie: ' . 'c' x 4000 ])),
        _yes('names of all letters and signs', _head(headers => [ q(aAzZ09!#$%&'*+-.^_`|~: x) ])),
        (map { _yes("the host $_", _head(host => $_)) } 'localhost:4000', '[::1]:4000', 'a~b', 'LOCALHOST', 'xn--nxasmq6b'),
        _yes('empty lines before it', "\r\n\r\n" . _head()),
    );
}

sub _headers {
    my $no_upgrade = q('connection' header must contain 'upgrade', got []);
    return (
        _no('no Connection', _head(connection => undef), 400, $no_upgrade),
        _no('neither Connection nor Upgrade', _head(connection => undef, upgrade => undef), 400, $no_upgrade),
        _no('a plain GET', "GET /socket/websocket HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, $no_upgrade),
        _no('Connection: keep-alive', _head(connection => 'keep-alive'), 400),
        _no('Connection: upgraded', _head(connection => 'upgraded'), 400),
        _no('Connection: up grade', _head(connection => 'up grade'), 400),
        _no('no Upgrade', _head(upgrade => undef), 400, q('upgrade' header must contain 'websocket', got [])),
        _no('Upgrade: h2c', _head(upgrade => 'h2c'), 400),
        _no('Upgrade: websockets', _head(upgrade => 'websockets'), 400),
        _no('version 8', _head(version => 8), 400, q('sec-websocket-version' header must equal '13', got ["8"])),
        _no('version 99', _head(version => 99), 400, q('sec-websocket-version' header must equal '13', got ["99"])),
        (map { _no("version '$_'", _head(version => $_), 400) } 0, 7, 12, 14, 130, '013', '13.0', '+13', '', 'x'),
        _no('no version', _head(version => undef), 400),
        _no('HTTP/1.0', _head(http => '1.0'), 400, 'HTTP version HTTP/1.0 unsupported'),
    );
}

sub _methods {
    return (
        (map { _no($_, _head(method => $_), 400, '') } qw(POST OPTIONS PUT DELETE PATCH)),
        _no('HEAD', _head(method => 'HEAD'), 400, '', method => 'HEAD'),
        _not('TRACE', _head(method => 'TRACE')),
        _not('a method that nobody knows', _head(method => 'FETCH')),
        _not('get', _head(method => 'get')),
    );
}

sub _keys {
    my @bad = (
        'dGhlIHNhbXBsZSBub25jZQ=', 'dGhlIHNhbXBsZSBub25jZQ', 'dGhlIHNhbXBsZSBub25jZQ===', 'dGhlIHNhbXBsZSBub25jZQA=', 'dGhlIHNhbXBsZSBub25jZQAA',
        'dGhlIHNhbXBsZSBub25j', 'dGhl', '', '=', '========================', (map {"dGhlIHNhbXBsZSBub25j${_}Q=="} '*', '@', '[', '`', '{', ':', '.', '-', '_'), 'dGhlIHNhbXBs ZSBub25jZQ==',
        'dGhlIHNhbXBsZSBub25jZQ==x', 'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==', 'A' x 1000,
    );
    return (
        _no('no key', _head(key => undef), 400, q('sec-websocket-key' header is absent)),
        (map { _no("the key '" . substr($_, 0, 60) . q('), _head(key => $_), 400) } @bad),
        _no('the key twice', _head(headers => ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']), 400),
        _no('two keys', _head(headers => ['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']), 400),
        _yes('another key', _head(key => 'AAAAAAAAAAAAAAAAAAAAAA=='), 'sec-websocket-accept' => 'ICX+Yqv66kxgM0FcWaLWlFLwTAI='),
        _yes('a key with + and /', _head(key => '++++++//////++++++//Aw=='), 'sec-websocket-accept' => 'HNEoY6v8D8VI1+9KwoevGNILnAQ='),
        _yes('spaces around the key', _head(key => " \tdGhlIHNhbXBsZSBub25jZQ== \t")),
    );
}

sub _queries {
    my @good = ('a=%zz', 'a=1&&b=2', 'a=1&', '&', '', 'a', '=', 'a=%', 'a=%4', 'a=b=c', 'a=%e2%82%ac', 'a=+', 'a[b]=1', 'a=1&' x 500);
    my @bad  = ('a=%ff', '%ff=1', 'a=1&b=%c3%28', 'a=%ed%a0%80', 'a=%c0%80', 'a=%e2%82');
    my @versions = qw(1.0.0 1.0.5 2.0.0 2.0.1 2.0.1-rc.1 %32.0.0 2.0.0%2Bbuild 1.0.0&vsn=2.0.0);
    my @no_versions = (qw(2.1.0 1.1.0 3.0.0 123.1.1 2.0 2 abc 02.0.0 2.0.0-rc.1 2.0.0+build 2.0.0&vsn=9.9.9), '');
    return (
        (map { _yes('the query ' . substr($_, 0, 30), _head(path => "/socket/websocket?$_")) } @good),
        (map { _no("the query $_", _head(path => "/socket/websocket?$_"), 400) } @bad),
        (map { _yes("vsn=$_", _head(path => "/socket/websocket?vsn=$_")) } @versions),
        (map { _no("vsn=$_", _head(path => "/socket/websocket?vsn=$_"), 403, '') } @no_versions),
        _no('vsn without a value', _head(path => '/socket/websocket?vsn'), 403, ''),
        (map { _yes("$_ is no version", _head(path => "/socket/websocket?$_=9.9.9")) } qw(vs vsn2 VSN vsn[ vsn] vsnx[] vsnx] vsn]])),
        (map { _no("$_ is a list of versions", _head(path => "/socket/websocket?$_=2.0.0"), 403, '') } qw(vsn[a] vsn[a][b])),
        _no('vsn[]', _head(path => '/socket/websocket?vsn[]=2.0.0'), 403, ''),
        (map { _yes("the path $_", _head(path => $_)) } qw(/socket/websocket/ //socket//websocket http://localhost/socket/websocket / /a/b/c)),
    );
}

sub _protocols {
    my $token = 'base64url.bearer.phx.dG9r';
    my @none  = ('sec-websocket-protocol' => undef);
    my @echo  = ('sec-websocket-protocol' => 'phoenix');
    return (
        _yes('no protocol', _head(), @none),
        _yes('phoenix', _head(protocols => 'phoenix'), @echo),
        _yes('phoenix and a token', _head(protocols => "phoenix, $token"), @echo),
        _yes('a token and phoenix', _head(protocols => "$token,phoenix"), @echo),
        _yes('phoenix among others', _head(protocols => "mqtt, phoenix, sip, $token"), @echo),
        _yes('a token alone', _head(protocols => $token), @none),
        _yes('phoenix and two tokens', _head(protocols => "phoenix, $token, $token"), @echo),
        _yes('phoenix and an empty token', _head(protocols => 'phoenix, base64url.bearer.phx.'), @echo),
        _yes('the alphabet for URLs', _head(protocols => 'phoenix, base64url.bearer.phx.-_-_'), @echo),
        _no('foo and a token', _head(protocols => "foo, $token"), 403, ''),
        _no('a token that is no base64', _head(protocols => 'phoenix, base64url.bearer.phx.!!!'), 403, ''),
    );
}

sub _bodies {
    return (
        _yes('a length of 0', _head(headers => ['Content-Length: 0'])),
        _no('a body', _head(headers => ['Content-Length: 5'], body => 'hello'), 400),
        _no('a body in chunks', _head(headers => ['Transfer-Encoding: chunked'], body => "5\r\nhello\r\n0\r\n\r\n"), 400),
    );
}

sub _malformed {
    my $usual = _head();
    my $with  = sub { return _head(headers => [@_]) };
    return (
        _not('a line that is folded', $with->("X-A: a\r\n b")),
        _not('a line that is folded by a tab', $with->("X-A: a\r\n\tb")),
        _not('a space before the colon', $with->('X-A : a')),
        _not('a tab before the colon', $with->("X-A\t: a")),
        _not('a space before the name', _head() =~ s/\r\nHost/\r\n Host/r),
        _not('a NUL in a value', $with->("X-A: a\0b")),
        _not('a NUL in a name', $with->("X\0A: ab")),
        _not('a control character in a value', $with->("X-A: a\x01b")),
        _not('a DEL in a value', $with->("X-A: a\x7fb")),
        _not('a line without a colon', $with->('X-A')),
        _not('a line without a name', $with->(': a')),
        _not('a name with a space', $with->('X A: a')),
        _not('a name with brackets', $with->('X(A): a')),
        _not('a CR inside a value', $with->("X-A: a\rb")),
        _not('bare LF everywhere', $usual =~ s/\r\n/\n/gr),
        _not('a bare LF behind a header', $with->("X-A: a\nX-B: b")),
        _not('a bare LF behind the request line', $usual =~ s/\r\n/\n/r),
        _not('two lengths', _head(headers => [ 'Content-Length: 5', 'Content-Length: 6' ], body => 'hello')),
        _not('the same length twice', _head(headers => [ 'Content-Length: 5', 'Content-Length: 5' ], body => 'hello')),
        _not('a length of +5', _head(headers => ['Content-Length: +5'], body => 'hello')),
        _not('a length of -5', _head(headers => ['Content-Length: -5'], body => 'hello')),
        _not('a length of 5x', _head(headers => ['Content-Length: 5x'], body => 'hello')),
        _not('a length of nothing', _head(headers => ['Content-Length: '])),
        _not('a length of 2**64', _head(headers => ['Content-Length: 18446744073709551616'])),
        _not('a length and chunks', _head(headers => [ 'Content-Length: 5', 'Transfer-Encoding: chunked' ], body => "0\r\n\r\n")),
        _not('chunks and a length', _head(headers => [ 'Transfer-Encoding: chunked', 'Content-Length: 5' ], body => "0\r\n\r\n")),
        _not('a coding that nobody knows', _head(headers => ['Transfer-Encoding: gzip']), qr/400|501/),
        _not('two codings', _head(headers => [ 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity' ], body => "0\r\n\r\n"), qr/400|501/),
        _not('no Host', _head(host => undef)),
        (map { _not("a Host with '$_'", _head(host => "local${_}host")) } ' ', '/', "\\", '@', '?', '#', ','),
        _not('a Host with a byte above 127', _head(host => "local\xe4host")),
        _not('two Hosts', $with->('Host: localhost')),
        _not('two different Hosts', $with->('Host: elsewhere')),
        _not('two Authorizations', _head(headers => [ 'Authorization: Bearer a', 'Authorization: Bearer b' ])),
        _not('HTTP/1.2', _head(http => '1.2'), qr/101|400|505/),
        _not('HTTP/2.0', _head(http => '2.0'), qr/400|505/),
        _not('HTTP/0.9', "GET /\r\n\r\n", qr/400|505/),
        _not('HTTP/1', _head(http => '1'), qr/400|505/),
        _not('HTTP/11.1', _head(http => '11.1'), qr/400|505/),
        _not('XTTP', $usual =~ s/HTTP/XTTP/r),
        _not("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", qr/400|505/),
        _not('no path', "GET  HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        _not('a space in the path', _head(path => '/a b')),
        _not('a NUL in the path', _head(path => "/a\0b")),
        _not('a control character in the path', _head(path => "/a\x01b")),
        _not('the hello of TLS', pack('H*', '16030100a5010000a1030300') . 'x' x 200),
        _not('noise', pack('C*', map { $_ * 73 % 256 } 0 .. 255) . "\r\n\r\n"),
        _not('a hundred and one headers', $with->(map {"X-$_: a"} 1 .. 96), qr/400|431/),
        _not('a thousand headers', $with->(map {"X-$_: a"} 1 .. 1000), qr/400|431/),
        _not('a header of 100,000 bytes', $with->('X-A: ' . 'a' x 100_000), qr/400|431/),
        _not('a name of 100,000 bytes', $with->('a' x 100_000 . ': a'), qr/400|431/),
        _not('a path of 100,000 bytes', _head(path => '/' . 'a' x 100_000), qr/400|414|431/),
        _not('a method of 100,000 bytes', _head(method => 'A' x 100_000), qr/400|431/),
    );
}

1;
