# SPDX-License-Identifier: Apache-2.0
# The daemon behind httpd: conf/flixim.conf's own way, mod_proxy_wstunnel, TLS, HTTP/2; restarts; and no token in any log.
use strict;
use warnings FATAL => 'all';

use File::Temp      ();
use FindBin         qw($Bin);
use IO::Socket::SSL ();
use JSON::PP        ();
use Time::HiRes     qw(sleep time);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Cluster;
use FlixIM::Test::LongPoll;
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket;
use Test::More;

my $dir = File::Temp->newdir('flixim-tls-XXXXXXXX', TMPDIR => 1);
is system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null"), 0, 'a certificate';
my ($api, $pushd);
$api = FlixIM::Test::Api->start(
    modules => [qw(proxy proxy_http proxy_wstunnel headers ssl http2)],
    with => sub {
        my ($self) = @_;
        $self->write_file(secret => $self->secret);
        $pushd = FlixIM::Test::Pushd->start(api => $self, settings => { log_level => 'debug' });
        # httpd's user comes in by its group.
        chown 0, scalar getgrnam 'www-data', $pushd->unix or die "chown: $!" if $> == 0;
        my $tls = "SSLEngine on\nSSLCertificateFile $dir/cert.pem\nSSLCertificateKeyFile $dir/key.pem\n";
        return (
            pushd => 'unix:' . $pushd->unix . '|http://localhost',
            extra => "LogFormat \"%r %U %q %{Referer}i\" all\nCustomLog access.log all\nSSLSessionCache none\n",
            vhosts => [
                { extra => sprintf 'ProxyPass "/tunnel" "ws://127.0.0.1:%d/socket" timeout=90 disablereuse=on', $pushd->port },
                { handoff => [ $pushd->handoff ], extra => "${tls}Protocols http/1.1" },
                { handoff => [ $pushd->handoff ], extra => "${tls}Protocols h2 http/1.1\nH2WebSockets on" },
            ],
        );
    },
);
my $httpd = $api->httpd;
my $json  = JSON::PP->new;
my $token = $api->token('alice');
my ($plain, $wstunnel, $tls, $h2) = map { $httpd->port($_) } 0 .. 3;

# Joins a channel over a connection and sends a heartbeat: the replies' texts.
sub talk {
    my ($client) = @_;
    my $id = $api->id('alice');
    $client->send_text(qq{["1","1","user:$id","phx_join",{}]});
    my $joined = $client->next_text(10) // '';
    $client->send_text('[null,"2","phoenix","heartbeat",{}]');
    return ($joined, $client->next_text(10) // '');
}

sub is_talk {
    my ($name, @text) = @_;
    like $text[0], qr/^\["1","1","user:[-0-9a-f]+","phx_reply",\{.*"status":"ok"/, "$name: joins";
    like $text[1], qr/^\[null,"2","phoenix","phx_reply",.*"status":"ok"/, "$name: and is answered";
    return;
}

my $where = "/socket/websocket?vsn=2.0.0&token=$token";
my %way = (
    'upgrade=websocket' => { port => $plain,    path => $where },
    'mod_proxy_wstunnel' => { port => $wstunnel, path => $where =~ s/^\/socket/\/tunnel/r },
    'wss'               => { port => $tls,      path => $where, tls => { SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE() } },
);
my %open;
for my $name (sort keys %way) {
    my $client = $open{$name} = FlixIM::Test::WebSocket->open(%{ $way{$name} });
    is_talk($name, talk($client));
    my $large = 'x' x 200_000;
    $client->send_text(qq{[null,"3","phoenix","heartbeat",{"x":"$large"}]});
    like $client->next_text(10), qr/"ok"/, "$name: a large message gets through";
    my @bytes = split //, FlixIM::Test::WebSocket::frame(1, '[null,"4","phoenix","heartbeat",{}]');
    $client->write(join('', @bytes), 1);
    like $client->next_text(10), qr/"ok"/, "$name: and one in single bytes";
    my $ping = $client->send_ping('here');
    my $frame = $client->next_frame(10);
    is $frame && "$frame->{opcode} $frame->{payload}", '10 here', "$name: a ping is answered";
}

# What the daemon refuses, the client sees as it was said.
for my $case (
    [ 'a bad token'        => 403, path => '/socket/websocket?vsn=2.0.0&token=bad' ],
    [ 'a foreign origin'   => 403, path => $where, headers => ['Origin: https://evil.example.org'] ],
    [ 'a name for a host'  => 403, path => $where, headers => [ 'Origin: https://evil.example.org', 'X-Forwarded-Host: evil.example.org' ] ],
    [ 'its own origin'     => 101, path => $where, headers => ["Origin: http://localhost:$plain"] ],
    [ 'another vsn'        => 403, path => "/socket/websocket?vsn=3.0.0&token=$token" ],
) {
    my ($name, $status, %how) = @$case;
    my $client = FlixIM::Test::WebSocket->connect(port => $plain);
    $client->write($client->request(host => "localhost:$plain", %how));
    is $client->answer->{status}, $status, "$name: $status";
    $client->drop;
}
for my $path ('/metrics', '/health', '/socket/../metrics', '/socket/%2e%2e/metrics', '/socket%2f..%2fmetrics', '/socket//../../health') {
    my $wire = FlixIM::Test::Wire->new($plain);
    $wire->send("GET $path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    my $answer = $wire->answer;
    unlike $answer ? $answer->body : '', qr/flixim_pushd_|"stream"/, "$path is not for the outside";
}

# Long-poll on the same path.
my $poll = FlixIM::Test::LongPoll->open(port => $plain, query => "vsn=2.0.0&token=$token");
is_talk('long-poll', talk($poll));
my $waiting = $poll->begin('GET');
$api->send_text('bob', 'alice', 'over REST');
my $answer = $waiting->answer;
like $answer->body, qr/new_message.*over REST/, 'what happens over REST reaches a poll';
for my $name (sort keys %way) {
    my $text = $open{$name}->next_text(10);
    like $text, qr/new_message.*over REST/, "and $name";
}

# HTTP/2.
{
    my ($out, $err, $status) = FlixIM::Test::Cluster::capture('node', "$Bin/../lib/h2socket.mjs", "https://localhost:$h2$where",
        sprintf('["1","1","user:%s","phx_join",{}]', $api->id('alice')), '[null,"2","phoenix","heartbeat",{}]');
    my @line = split /\n/, $out;
    is $status, 0, 'a WebSocket over HTTP/2' or diag $out . $err;
    is_talk('HTTP/2', @line[ 1, 2 ]);
    is $line[3], 'closed 1000', 'HTTP/2: and is closed in order';
}

is $pushd->metrics->{handoffs_total}, 0, 'neither TLS nor HTTP/2 can be handed over, and nobody tries';

# A graceful restart leaves sockets alone.
for my $restart (1 .. 2) {
    $httpd->graceful;
    for my $name (sort keys %way) {
        $open{$name}->send_text(qq{[null,"1$restart","phoenix","heartbeat",{}]});
        like $open{$name}->next_text(10), qr/"1$restart".*"ok"/, "$name: lives through graceful restart $restart";
    }
}
is_talk('a new one', talk(FlixIM::Test::WebSocket->open(%{ $way{'upgrade=websocket'} })));

# The daemon restarts: 1012 reaches clients through httpd, and they can come back at once.
$pushd->stop;
is $open{$_}->close_code, 1012, "$_: 1012 gets through" for sort keys %way;
my $refused = FlixIM::Test::WebSocket->connect(port => $plain);
$refused->write($refused->request(path => $where));
is $refused->answer->{status}, 503, 'without the daemon: 503';
$pushd->up;
chown 0, scalar getgrnam 'www-data', $pushd->unix or die "chown: $!" if $> == 0;
is_talk('after a restart of the daemon', talk(FlixIM::Test::WebSocket->open(%{ $way{'upgrade=websocket'} })));

$httpd->stop;
for my $log ($httpd->dir . '/access.log', $httpd->dir . '/error.log') {
    open my $file, '<', $log or die "$log: $!";
    my $text = do { local $/ = undef; <$file> };
    like $text, qr{GET /socket/websocket}, 'the access log has the requests' if $log =~ /access/;
    is index($text, $token), -1, 'no token in ' . ($log =~ s{.*/}{}r);
}
is index($pushd->log, $_), -1, 'nor a token, a key or a text in the log of the daemon' for $token, $api->secret, 'over REST';
$pushd->stop;

$api->finish;
done_testing;
