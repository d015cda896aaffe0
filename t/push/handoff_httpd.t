# SPDX-License-Identifier: Apache-2.0
# The daemon with what httpd hands over: conf/flixim.conf's own way, refusals to the letter, restarts of either, no token in any log.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use MIME::Base64 qw(encode_base64url);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket qw(frame);
use Test::More;

my $pushd;
my $api = FlixIM::Test::Api->start(
    modules => [qw(proxy proxy_http headers)],
    with    => sub {
        my ($self) = @_;
        $self->write_file(secret => $self->secret);
        $pushd = FlixIM::Test::Pushd->start(api => $self, settings => { log_level => 'debug' });
        chown 0, scalar getgrnam 'www-data', $pushd->unix or die "chown: $!" if $> == 0;
        return (
            pushd   => 'unix:' . $pushd->unix . '|http://localhost',
            handoff => [ $pushd->handoff ],
            extra   => "LogFormat \"%>s %r %q %{Authorization}i\" all\nCustomLog access.log all\n",
        );
    },
);
my $httpd = $api->httpd;
my $token = $api->token('alice');
my $where = "/socket/websocket?vsn=2.0.0&token=$token";
my $id    = $api->id('alice');
my $join  = qq{["1","1","user:$id","phx_join",{}]};

sub is_reply {
    my ($client, $ref, $name) = @_;
    like $client->next_text(10) // $client->why, qr/^\[(?:"1"|null),"$ref",.*"phx_reply".*"status":"ok"/, $name;
    return;
}

# What a client that comes through httpd sees is what one sees that comes to the daemon itself, but for the date.
sub look {
    my ($port, %how) = @_;
    my $client = FlixIM::Test::WebSocket->connect(port => $port);
    $client->write($client->request(path => $where, %how));
    my $answer = $client->answer(method => $how{method} // 'GET');
    my %look = map { $_ => $answer->{header}{$_} } grep { defined $answer->{header}{$_} } qw(cache-control content-length sec-websocket-accept sec-websocket-protocol upgrade retry-after);
    $client->drop;
    return { %look, status => $answer->{status}, body => $answer->{body} };
}

for my $case (
    [ 101, 'an upgrade' ],
    [ 101, 'its own host as origin', origin => 'http://localhost' ],
    [ 101, 'a token in a header',     path => '/socket/websocket?vsn=2.0.0', headers => ["Authorization: Bearer $token"] ],
    [ 101, 'the subprotocol',         path => '/socket/websocket?vsn=2.0.0', protocols => 'phoenix, base64url.bearer.phx.' . encode_base64url($token) ],
    [ 101, 'no token',                path => '/socket/websocket?vsn=2.0.0' ],
    [ 403, 'a bad token',             path => '/socket/websocket?vsn=2.0.0&token=bad' ],
    [ 403, 'a foreign origin',        origin => 'https://evil.example.org' ],
    [ 403, 'a name for a host',       origin => 'https://evil.example.org', headers => ['X-Forwarded-Host: evil.example.org'] ],
    [ 403, 'another vsn',             path => "/socket/websocket?vsn=3.0.0&token=$token" ],
    [ 400, 'no key',                  key => undef ],
    [ 400, 'another version',         version => 8 ],
    [ 400, 'a query that is no text', path => "$where&x=%ff" ],
) {
    my ($status, $name, %how) = @$case;
    my $seen = look($httpd->port, %how);
    is $seen->{status}, $status, "$name: $status";
    is_deeply $seen, look($pushd->port, %how), 'as from the daemon itself';
}

# -- A connection that is handed over -----------------------------------------------------------------------
my $before  = $pushd->metrics->{handoffs_total};
my $client  = FlixIM::Test::WebSocket->connect(port => $httpd->port);
$client->write($client->request(path => $where) . frame(1, $join) . frame(1, '[null,"2","phoenix","heartbeat",{}]'));
is $client->answer->{status}, 101, 'frames right behind the head: 101';
is_reply($client, 1, 'the join among them counts');
is_reply($client, 2, 'and what follows it');
is $pushd->metrics->{handoffs_total}, $before + 1, 'it was handed over';
my $large = 'x' x 200_000;
$client->send_text(qq{[null,"3","phoenix","heartbeat",{"x":"$large"}]});
is_reply($client, 3, 'a large message gets through');
$client->write(frame(1, '[null,"4","phoenix","heartbeat",{}]'), 1);
is_reply($client, 4, 'and one in single bytes');
$client->send_ping('here');
my $frame = $client->next_frame(10);
is $frame && "$frame->{opcode} $frame->{payload}", '10 here', 'a ping is answered';
$api->send_text('bob', 'alice', 'over REST');
like $client->next_text(10), qr/new_message.*over REST/, 'what happens over REST reaches it';

my $later = FlixIM::Test::WebSocket->connect(port => $httpd->port);
$later->write("GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
is $later->answer->{status}, 200, 'a connection that has asked for something else before';
$later->write($later->request(path => $where));
is $later->answer->{status}, 101, 'can be handed over';
$later->send_text('[null,"1","phoenix","heartbeat",{}]');
is_reply($later, 1, 'and is answered');

# -- Restarts -----------------------------------------------------------------------------------------------
for my $restart (qw(graceful restart)) {
    $httpd->$restart;
    $client->send_text(qq{[null,"$restart","phoenix","heartbeat",{}]});
    is_reply($client, $restart, "$restart of httpd: it lives");
}
$pushd->stop;
is $client->close_code, 1012, 'a restart of the daemon: 1012';
is look($httpd->port)->{status}, 503, 'without the daemon: 503';
is look($httpd->port)->{'retry-after'}, 1, 'with Retry-After';
$pushd->up;
is look($httpd->port)->{status}, 101, 'with it again: 101';

$client = FlixIM::Test::WebSocket->open(port => $httpd->port, path => $where);
$client->send_text($join);
is_reply($client, 1, 'a new one joins');
$httpd->stop;
$client->send_text('[null,"2","phoenix","heartbeat",{}]');
is_reply($client, 2, 'and outlives httpd');

# -- Logs ---------------------------------------------------------------------------------------------------
open my $file, '<', $httpd->dir . '/access.log' or die "access.log: $!";
my $access = do { local $/ = undef; <$file> };
like $access, qr{^101 GET /socket/websocket\?vsn=2\.0\.0&token= HTTP/1\.1 }m, 'the access log has 101';
like $access, qr{^403 GET /socket/websocket\?vsn=2\.0\.0&token= HTTP/1\.1 }m, 'and 403';
is index($access . $httpd->log . $pushd->log, $token), -1, 'no token in any log';
is_deeply [ $pushd->faults ], [], 'no fault in the log of the daemon';
$pushd->stop;
$api->finish(provoked => qr{FLX0501: no daemon for a client \(\S+: No such file or directory\)$});
done_testing;
