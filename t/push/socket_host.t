# SPDX-License-Identifier: Apache-2.0
# wss: through the port of an ordinary HTTPS site, on a host name that is the daemon's: clients, certificates, restarts, the daemon's ends.
use strict;
use warnings FATAL => 'all';

use File::Copy      qw(copy);
use File::Temp      ();
use FindBin         qw($Bin);
use IO::Socket::SSL ();
use JSON::PP        ();
use Time::HiRes     qw(sleep);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Hello qw(hello);
use FlixIM::Test::Npm ();
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket;
use Test::More;

my $dir = File::Temp->newdir('flixim-tls-XXXXXXXX', TMPDIR => 1);
for my $name (qw(one two)) {
    is system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=$name -addext subjectAltName=DNS:ws.example.org -days 2 -keyout $dir/$name.key -out $dir/$name.pem 2>/dev/null"), 0, "certificate $name";
}
copy("$dir/one.$_", "$dir/now.$_") or die "copy: $!" for qw(key pem);
my $pushd;
my $api = FlixIM::Test::Api->start(
    modules => [qw(proxy proxy_http headers ssl)],
    with => sub {
        my ($self) = @_;
        $self->write_file(secret => $self->secret);
        $pushd = FlixIM::Test::Pushd->start(api => $self, settings => { tls_certificate_file => "$dir/now.pem", tls_key_file => "$dir/now.key", head_time => '1s', allow_origins => '//www.example.org' });
        chown 0, scalar getgrnam 'www-data', $pushd->handoff or die "chown: $!" if $> == 0;
        my $tls = "SSLEngine on\nSSLCertificateFile $dir/one.pem\nSSLCertificateKeyFile $dir/one.key\n";
        return (
            extra  => "LogFormat \"%r\" all\nCustomLog access.log all\nSSLSessionCache none\nLogLevel debug\nFlixIMHandoffWait 2s\n",
            vhosts => [ { handoff => [ $pushd->handoff ], settings => { FlixIMSocketHost => 'ws.example.org' }, extra => $tls } ],
        );
    },
);
my $httpd = $api->httpd;
my $port  = $httpd->port(1);
my $where = '/socket/websocket?vsn=2.0.0&token=' . $api->token('alice');
my %tls   = (SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE(), SSL_hostname => 'ws.example.org');

sub open_socket { return FlixIM::Test::WebSocket->open(port => $port, path => $where, tls => { %tls, @_ }) }

my $count = 0;

# Sends a heartbeat: whether it is answered.
sub is_alive {
    my ($client) = @_;
    $count++;
    $client->send_text(qq{[null,"$count","phoenix","heartbeat",{}]});
    return ($client->next_text(10) // '') =~ /^\[null,"$count",.*"status":"ok"/;
}

# Who the server says it is.
sub certificate {
    my ($client) = @_;
    return $client->{socket}->peer_certificate('commonName');
}

sub health {
    my $client = FlixIM::Test::WebSocket->connect(port => $port, tls => { %tls, SSL_hostname => 'www.example.org' });
    $client->write("GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return $client->answer->{status};
}

# -- One port, two servers ----------------------------------------------------------------------------------
my $first = open_socket();
is certificate($first), 'one', 'a socket, by the daemon\'s certificate';
my $id = $api->id('alice');
$first->send_text(qq{["1","1","user:$id","phx_join",{}]});
like $first->next_text(10), qr/"status":"ok"/, 'joins';
$api->send_text('bob', 'alice', 'over REST');
like $first->next_text(10), qr/new_message.*over REST/, 'and hears what happens';
my $large = 'x' x 200_000;
$first->send_text(qq{[null,"2","phoenix","heartbeat",{"x":"$large"}]});
like $first->next_text(10), qr/"ok"/, 'a large message gets through';
for my $version ('TLSv1_2', 'TLSv1_3') {
    my $client = open_socket(SSL_version => $version);
    ok is_alive($client), "$version";
    $client->drop;
}
is health(), 200, 'the site beside it serves REST';
{
    my $client = FlixIM::Test::WebSocket->connect(port => $port, tls => \%tls);
    $client->write($client->request(path => '/socket/websocket?vsn=2.0.0&token=bad'));
    is $client->answer->{status}, 403, 'a bad token: the daemon says so itself';
}
ok $pushd->wait_metric(websockets => 1), 'the daemon counts them as any others, and misses those that have gone';

# -- The official client ------------------------------------------------------------------------------------
{
    my $config = JSON::PP->new->encode({ url => "wss://ws.example.org:$port/socket", token => $api->token('alice'), id => $id });
    my ($out, $err, $status) = FlixIM::Test::Cluster::capture('node', "$Bin/../lib/wss_client.mjs", FlixIM::Test::Npm::clients(), $config);
    is $status, 0, 'the official client' or diag $err;
    is $out, "joined\npong\n", 'joins by a host name of its own';
}

# -- A browser, whose ClientHello is a large one ------------------------------------------------------------
{
    my $config = JSON::PP->new->encode({ page => "https://www.example.org:$port/api/v1/health", socket => "wss://ws.example.org:$port$where" });
    my ($out, $err, $status) = FlixIM::Test::Cluster::capture('node', "$Bin/../lib/wss_browser.mjs", FlixIM::Test::Npm::clients(), $config);
    is $status, 0, 'a browser' or diag $err;
    is $out, qq{200\n[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]\n}, 'has its page from one server, and its socket from the other';
}

# -- Certificates -------------------------------------------------------------------------------------------
copy("$dir/two.$_", "$dir/now.$_") or die "copy: $!" for qw(key pem);
$pushd->reload;
my $second = open_socket();
is certificate($second), 'two', 'after a reload new clients get the new certificate';
ok is_alive($first), 'and the old ones stay';

# -- Restarts of httpd --------------------------------------------------------------------------------------
for my $restart (qw(graceful restart graceful)) {
    $httpd->$restart;
    ok is_alive($_), "$restart: they live" for $first, $second;
}
is health(), 200, 'the site, too';

# -- Clients that go no further -----------------------------------------------------------------------------
{
    my $client = FlixIM::Test::WebSocket->connect(port => $port);
    $client->write(hello('ws.example.org'));
    ok $client->has_ended, 'a hello that TLS refuses: the end';
    $client = FlixIM::Test::WebSocket->connect(port => $port, tls => \%tls);
    ok $client->has_ended(5), 'TLS without a request: the daemon\'s head_time';
}

# -- A daemon that stands still, is gone, has no certificate ------------------------------------------------
sub is_refused {
    my $client = FlixIM::Test::WebSocket->connect(port => $port);
    $client->write(hello('ws.example.org'));
    return $client->has_ended(8) && $client->rest eq '';
}
kill 'STOP', $pushd->pid;
ok is_refused(), 'a daemon that stands still: closed within the wait';
is health(), 200, 'the site goes on';
kill 'CONT', $pushd->pid;
ok is_alive($first), 'and so does who was there';
sleep 1.1;
my $third = open_socket();
ok is_alive($third), 'then others are taken again';
$pushd->stop;
is $_->close_code, 1012, 'it ends: 1012' for $first, $second, $third;
ok is_refused(), 'a daemon that is gone: closed';
$pushd->configure(tls_certificate_file => undef, tls_key_file => undef);
$pushd->up;
chown 0, scalar getgrnam 'www-data', $pushd->handoff or die "chown: $!" if $> == 0;
ok is_refused(), 'a daemon without a certificate: closed';
like $httpd->log, qr/FLX0601: a daemon refuses a client: 503/, 'as it says itself';
$pushd->stop;
$pushd->configure(tls_certificate_file => "$dir/now.pem", tls_key_file => "$dir/now.key");
$pushd->up;
chown 0, scalar getgrnam 'www-data', $pushd->handoff or die "chown: $!" if $> == 0;
my $last = open_socket();
ok is_alive($last), 'it is back: taken';
$httpd->stop;
ok is_alive($last), 'the end of httpd: it lives';
$last->drop;
unlike $httpd->log, qr/exit signal/, 'no child of httpd has crashed';
open my $file, '<', $httpd->dir . '/access.log' or die "access.log: $!";
my $access = do { local $/ = undef; <$file> };
unlike $access, qr{/socket/}, 'the access log has none of them';
is index($httpd->log . $pushd->log . $access, $_), -1, 'no token in any log' for $api->token('alice');
is_deeply [ $pushd->faults ], [], 'no fault in the log of the daemon';
$pushd->stop;
$api->finish(provoked => qr/FLX0501: no daemon for a client .*(?:says nothing in time|No such file)/);
done_testing;
