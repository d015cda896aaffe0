# SPDX-License-Identifier: Apache-2.0
# Phoenix's vectors of the handshake, with the tokens of the API, and where a token may come from.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Pushd;
use FlixIM::Test::Vectors qw(all_covered covered);
use FlixIM::Test::WebSocket;
use MIME::Base64 qw(encode_base64 encode_base64url);
use Test::More;

my $api   = FlixIM::Test::Api->start(httpd => 0);
my $pushd = FlixIM::Test::Pushd->start(api => $api);
my $path  = '/socket/websocket';

# A handshake: number, what it is, the path (or its query), then status, body (undef: any), and what else to send.
sub shake {
    my ($number, $name, $where, $status, $body, %option) = @_;
    covered($number);
    my $client = FlixIM::Test::WebSocket->connect(port => $option{port} // $pushd->port);
    $client->write($client->request(path => $where =~ m{^/} ? $where : $path . $where, %option));
    my $answer = $client->answer(method => $option{method}) // { status => 'none', body => '', header => {} };
    is $answer->{status}, $status, "$number: $name: $status";
    is $answer->{body}, $body, "$number: $name: its body" if defined $body && $status != 101;
    return ($answer, $client);
}

# Which serializer an open connection has.
sub version {
    my ($client) = @_;
    $client->send_text('[null,"1","phoenix","heartbeat",{}]');
    my $frame = $client->next_frame // return 'none';
    $client->drop;
    return $frame->{opcode} == 8 ? 1 : 2;
}

sub opens {
    my ($number, $name, $where, $version, %option) = @_;
    my (undef, $client) = shake($number, $name, $where, 101, undef, %option);
    is version($client), $version, "$number: $name: V$version";
    return;
}

opens(1, 'an upgrade', '?vsn=2.0.0', 2);
opens(2, 'no vsn', '', 1);
opens(2, 'an empty query', '?', 1);
opens(3, 'vsn 1', "?vsn=$_", 1) for '1.0.0', '1.0.5';
shake(4, 'another vsn', '?vsn=123.1.1', 403, '');
shake(5, "a bad vsn: $_", "?$_", 403, '')
    for qw(vsn=2.0 vsn= vsn vsn=abc vsn=2.1.0 vsn=02.0.0 vsn=2.0.0-rc.1 vsn[]=2.0.0 vsn[a]=2.0.0 vsn=2 vsn=1.1.0 vsn=3.0.0 vsn=2.0.0+build vsn=2.0.0&vsn=9.9.9 vsn=2.0.0.0
    vsn=%202.0.0 vsn=2.0.0%00);
opens(6, "a good vsn: $_", "?$_", 2) for qw(vsn=2.0.1 vsn=2.0.1-rc.1 vsn=%32.0.0 vsn=2.0.0%2Bbuild v%73n=2.0.0);
opens(7, 'the last vsn counts', '?vsn=1.0.0&vsn=2.0.0', 2);
opens(8, "empty segments: $_", $_, 2) for "$path/?vsn=2.0.0", '//socket//websocket?vsn=2.0.0';
shake(9, "no such path: $_", $_, 404, undef) for '/socket?vsn=2.0.0', "${path}x", '/', '/socket/', '/socket/longpollx', '/websocket', "$path/x", '/socket/%77ebsocketx';
opens(10, 'an empty token is none', '?vsn=2.0.0&token=', 2);
shake(10, "refused: $_", "?vsn=2.0.0&token=$_", 403, '') for 'x', $api->jwt('alice', exp => time - 3600), $api->jwt('alice') . 'x', 'flx_' . '0' x 64, 'x' x 5000;
opens(12, 'no Origin', '?vsn=2.0.0', 2);
opens(12, "Origin $_", '?vsn=2.0.0', 2, origin => $_) for 'http://localhost', 'https://localhost', 'http://localhost:4000', 'HTTP://LOCALHOST';
shake(13, "Origin $_", '?vsn=2.0.0', 403, '', origin => $_) for 'http://notallowed.com', 'null', 'file://', '', 'http://localhost.evil.example', 'http://evil.example/localhost', 'localhost';
my @plain = (upgrade => undef, connection => undef, key => undef, version => undef);
shake(14, 'a plain GET', '?vsn=2.0.0', 400, q('connection' header must contain 'upgrade', got []), @plain);
shake(15, 'a plain GET that is refused', '?vsn=9.0.0', 403, '', @plain);
shake(15, 'a plain GET with a bad token', '?vsn=2.0.0&token=x', 403, '', @plain);
shake(16, $_, '?vsn=2.0.0', 400, '', method => $_) for qw(POST HEAD OPTIONS PUT DELETE);
shake(17, 'version 8', '?vsn=2.0.0', 400, q('sec-websocket-version' header must equal '13', got ["8"]), version => 8);
shake(18, 'no key', '?vsn=2.0.0', 400, q('sec-websocket-key' header is absent), key => undef);
shake(18, 'no upgrade', '?vsn=2.0.0', 400, q('upgrade' header must contain 'websocket', got []), upgrade => undef);
shake(18, 'HTTP/1.0', '?vsn=2.0.0', 400, 'HTTP version HTTP/1.0 unsupported', http => '1.0');
opens(19, 'Connection: keep-alive, Upgrade', '?vsn=2.0.0', 2, connection => 'keep-alive, Upgrade');
opens(19, 'Upgrade: WebSocket', '?vsn=2.0.0', 2, upgrade => 'WebSocket');
opens(19, 'Upgrade: h2c, websocket', '?vsn=2.0.0', 2, upgrade => 'h2c, websocket');
shake(20, "query $_", "?vsn=2.0.0&$_", 400, '') for 'x=%ff', '%ff=x', 'token=%c3', 'x=%ed%a0%80';
opens(21, "query $_", "?$_", 2) for 'vsn=2.0.0&x=%zz', '&&vsn=2.0.0&&', 'vsn=2.0.0&', 'x=%&vsn=2.0.0', 'o%5Bk%5D%5B0%5D=1&vsn=2.0.0', 'x=%00&vsn=2.0.0';

# The token's subprotocol.
my $good = $api->jwt('alice');
my $entry = 'base64url.bearer.phx.' . encode_base64($good, '') =~ tr/=//dr;
my $entry_url = 'base64url.bearer.phx.' . encode_base64url($good);
for my $case (
    [ 'with its token', "phoenix, $entry", 'phoenix' ], [ 'in the alphabet of URLs', "phoenix, $entry_url", 'phoenix' ],
    [ 'without blanks', "phoenix,$entry", 'phoenix' ], [ 'the other way round', "$entry, phoenix", 'phoenix' ],
    [ 'alone', 'phoenix', 'phoenix' ], [ 'a token alone', $entry, undef ],
    [ 'two tokens, of which neither counts', "phoenix, $entry, ${entry}x", 'phoenix' ],
) {
    my ($name, $protocols, $expected) = @$case;
    my ($answer, $client) = shake(22, "subprotocol $name", '?vsn=2.0.0', 101, undef, protocols => $protocols);
    is $answer->{header}{'sec-websocket-protocol'}, $expected, "22: $name: what is echoed";
    $client->drop;
}
my $foreign = 'base64url.bearer.phx.' . encode_base64('x' x 20, '') =~ tr/=//dr;
shake(22, "refused: $_", '?vsn=2.0.0', 403, '', protocols => $_) for "phoenix, $foreign", "foo, $entry", 'phoenix, base64url.bearer.phx.!!!';
{
    my ($answer, $client) = shake(23, 'another subprotocol', '?vsn=2.0.0', 101, undef, protocols => 'foo');
    is $answer->{header}{'sec-websocket-protocol'}, undef, '23: nothing is echoed';
    $client->drop;
}
{
    my ($answer, $client) = shake(24, 'the key of RFC 6455', '?vsn=2.0.0', 101, undef, key => 'dGhlIHNhbXBsZSBub25jZQ==');
    my %header = %{ $answer->{header} };
    is $header{'sec-websocket-accept'}, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', '24: its accept key';
    is lc $header{upgrade}, 'websocket', '24: upgrade';
    is lc $header{connection}, 'upgrade', '24: connection';
    is $header{'cache-control'}, 'max-age=0, private, must-revalidate', '24: cache-control';
    like $header{date}, qr/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, '24: date';
    is_deeply [ sort keys %header ], [qw(cache-control connection date sec-websocket-accept upgrade)], '24: and no more';
    is $client->next_frame(0.2), undef, '24: nothing is sent before the client speaks';
    $client->drop;
}

# Where the token is looked for, in this order; a user who is identified joins without one.
my $bad = 'nonsense';
my %place = (
    subprotocol => sub { (protocols => 'phoenix, base64url.bearer.phx.' . encode_base64($_[0], '') =~ tr/=//dr) },
    header      => sub { (headers => ["X-Phoenix-AuthToken: $_[0]"]) },
    query       => sub { (query => "&token=$_[0]") },
    bearer      => sub { (headers => ["Authorization: Bearer $_[0]"]) },
);
sub asked {
    my (%place_of) = @_;
    my %all = (headers => []);
    for my $where (keys %place_of) {
        my %said = $place{$where}->($place_of{$where});
        push @{ $all{headers} }, @{ delete $said{headers} // [] };
        %all = (%all, %said);
    }
    return (delete($all{query}) // '', %all);
}
sub joins {
    my ($name, $expected, %place_of) = @_;
    my ($query, %option) = asked(%place_of);
    my (undef, $client) = shake(22, "token $name", "?vsn=2.0.0$query", 101, undef, %option);
    my $topic = 'user:' . $api->id('alice');
    $client->send_text(qq(["1","1","$topic","phx_join",{}]));
    like $client->next_text // $client->why, $expected, "token $name: joins";
    $client->drop;
    return;
}
my @order = qw(subprotocol header query bearer);
for my $i (0 .. $#order) {
    joins("from $order[$i]", qr/"status":"ok"/, $order[$i] => $good);
    joins("from $order[$i], opaque", qr/"status":"ok"/, $order[$i] => $api->token('alice'));
    my ($query, %option) = asked($order[$i] => $bad);
    shake(10, "a bad token from $order[$i]", "?vsn=2.0.0$query", 403, '', %option);
    next if $i == $#order;
    joins("from $order[$i] rather than $order[ $i + 1 ]", qr/"status":"ok"/, $order[$i] => $good, $order[ $i + 1 ] => $bad);
    my ($both, %both) = asked($order[$i] => $bad, $order[ $i + 1 ] => $good);
    shake(10, "a bad $order[$i] before a good $order[ $i + 1 ]", "?vsn=2.0.0$both", 403, '', %both);
}
joins('from nowhere', qr/Invalid Join Attempt, channel: user:.*"code":"unauthorized"/);
joins('twice in the query: the last', qr/"status":"ok"/, query => "$bad&token=$good");

# Too many of one user: what an application refuses with a status of its own.
my $few = FlixIM::Test::Pushd->start(api => $api, settings => { connections_per_user => 1, allow_origins => 'https://a.example //*.b.example' });
my ($first, $open) = shake(11, 'one connection of alice', "?vsn=2.0.0&token=$good", 101, undef, port => $few->port);
shake(11, 'a second', "?vsn=2.0.0&token=$good", 429, undef, port => $few->port);
shake(11, 'another user', '?vsn=2.0.0&token=' . $api->jwt('bob'), 101, undef, port => $few->port);
$open->drop;
for my $case ([ 101, 'https://a.example' ], [ 101, 'http://b.example' ], [ 101, 'http://x.y.b.example:99' ], [ 403, 'http://a.example' ],
    [ 403, 'https://x.a.example' ], [ 403, 'https://a.example:444' ], [ 403, 'http://notb.example' ], [ 403, 'http://localhost' ]) {
    my ($status, $origin) = @$case;
    shake($status == 101 ? 12 : 13, "listed or not: Origin $origin", '?vsn=2.0.0', $status, undef, origin => $origin, port => $few->port);
}

all_covered([ 1 .. 24 ]);
is_deeply [ map { $_->faults } $pushd, $few ], [], 'no fault in the logs';
$api->finish;
done_testing;
