# SPDX-License-Identifier: Apache-2.0
# Connections that are cut without a FIN, so that nothing says that the client has gone: what is sent to it then goes to its device, once. Over each way to the
# daemon; by a network that takes bytes and passes none on, and by one that has lost the client's address, in a network namespace of the test's own.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Httpd;
use FlixIM::Test::Npm qw(clients);
use FlixIM::Test::Online;
use FlixIM::Test::Providers;
use FlixIM::Test::Proxy;
use FlixIM::Test::Pushd;

my $address = '10.99.0.2';    # of clients from outside
my $has_net = $> == 0 && system('unshare --net true 2>/dev/null') == 0;    # who may have no network has the proxy alone

if ($has_net && !$ENV{FLIXIM_OWN_NET}) {
    # Packages are installed where there is a network.
    my $shared = File::Temp->newdir('flixim-t-XXXXXXXX', TMPDIR => 1);
    local $ENV{FLIXIM_SHARED} = $ENV{FLIXIM_SHARED} // "$shared";
    clients();
    local $ENV{FLIXIM_OWN_NET} = 1;
    system 'unshare', '--net', $^X, '-w', $0;
    exit($? >> 8 || $? & 127);
}
sub ip { my (@how) = @_; system('ip', @how) == 0 or die "ip @how\n"; return }
if ($has_net) {
    ip(qw(link set lo up));
    ip('address', 'add', "$address/32", 'dev', 'lo');
}

my $providers = FlixIM::Test::Providers->start;
my $tls_port  = FlixIM::Test::Pushd::free_port();
my $pushd;
my $api = FlixIM::Test::Api->start(with => sub {
    my ($self) = @_;
    $self->write_file(secret => $self->secret);
    $pushd = FlixIM::Test::Pushd->start(api => $self, settings => {
        $providers->settings('webhook'), listen_tls => "127.0.0.1:$tls_port", tls_certificate_file => $providers->dir . '/tls.pem', tls_key_file => $providers->dir . '/tls.key',
    });
    chown 0, scalar getgrnam 'www-data', $pushd->unix or die "chown: $!" if $> == 0;
    return (handoff => [ $pushd->handoff ]);
});
# One that hands nothing over.
my $tunnel = FlixIM::Test::Httpd->start(
    cluster => $api->cluster, modules => [qw(proxy proxy_http headers)], settings => { FlixIMTokenKeyFile => $api->secret_file },
    pushd   => 'unix:' . $pushd->unix . '|http://localhost',
);
$api->row(q{SELECT flixim.configure(p_push_delay => '1 second')});

# -- Who is there -------------------------------------------------------------------------------------

# Name, and what to connect to. Who comes from outside says nothing of itself: that its kernel takes what it is sent is enough.
my %outside = (local => $address, silent => 1);
my @ways = (
    [ 'through a proxy',                   proxy => $pushd->port ],
    [ "through a proxy and httpd's tunnel", proxy => $tunnel->port ],
    $has_net ? (
        [ 'from outside',                   port => $pushd->port, %outside ],
        [ 'from outside, with TLS',         port => $tls_port, tls => { SSL_verify_mode => 0 }, %outside ],
        [ 'from outside, handed over',      port => $api->httpd->port, %outside ],
        [ "from outside, by httpd's tunnel", port => $tunnel->port, local => $address ],
    ) : (),
);
my $online = FlixIM::Test::Online->new($api, $pushd);
my (@clients, @proxies);
for my $i (0 .. $#ways) {
    my ($name, %where) = @{ $ways[$i] };
    if (my $port = delete $where{proxy}) {
        push @proxies, FlixIM::Test::Proxy->start($port);
        $where{port} = $proxies[-1]->port;
    }
    $providers->register($api, "user$i", 'webhook', "device$i");
    my $handed = $pushd->metrics->{handoffs_total};
    my $line = FlixIM::Test::Channel->join($api, $pushd, "user$i", %where);
    $line->ask('sync', { last_sync_timestamp => '' });
    is $pushd->metrics->{handoffs_total} - $handed, $name =~ /handed/ ? 1 : 0, "$name: joined";
    push @clients, { name => $name, user => "user$i", device => "device$i", line => $line, is_silent => $where{silent}, is_back => $where{local} };
}
sub requests { my ($client) = @_; return $providers->received(device => $client->{device}) }
sub texts { my ($client) = @_; return join ' ', sort map { $_->{data}{text} } requests($client) }
sub is_there { my ($client) = @_; return $api->row('SELECT count(*) FROM flixim.presence WHERE user_id = ?', $api->id($client->{user})) }

$pushd->wait_for('all are online', sub { !grep { !is_there($_) } @clients });
for my $client (@clients) {
    $client->{line}->beat;
    $api->send_text('sender', $client->{user}, 'first');
}
for my $client (@clients) {
    is $client->{line}->event->{payload}{content}{text}, 'first', "$client->{name}: is there, and told";
    $client->{line}->beat if !$client->{is_silent};
}
# Twice the delay: as long as it takes to be sure.
for (1 .. 10) {
    sleep 0.2;
    $_->{line}->now for grep { !$_->{is_silent} } @clients;
}
is join(' ', map { is_there($_) } @clients), join(' ', map {1} @clients), 'all are still there';
is $providers->brief, 0, 'and nobody got a push';

# -- The cut ------------------------------------------------------------------------------------------

$_->silence for @proxies;
ip('address', 'del', "$address/32", 'dev', 'lo') if $has_net;
my $begin = time;
for my $client (@clients) { $api->send_text('sender', $client->{user}, 'second') }
for my $client (@clients) {
    my ($seen) = $providers->wait_received(1, device => $client->{device}, seconds => 15);
    is $seen->{data}{text}, 'second', sprintf '%s: cut: the push goes out, after %.1f s', $client->{name}, $seen->{at} / 1000 - $begin;
    is is_there($client), 0, "$client->{name}: is not online any more";
    ok !$client->{line}->raw->is_over, "$client->{name}: although nobody has closed anything";
}
for my $client (@clients) { $api->send_text('sender', $client->{user}, 'third') }
for my $client (@clients) {
    $providers->wait_received(2, device => $client->{device}, seconds => 15);
    is texts($client), 'second third', "$client->{name}: what follows is pushed as well";
}

# -- The network is back ------------------------------------------------------------------------------

if ($has_net) {
    ip('address', 'add', "$address/32", 'dev', 'lo');
    my @back = grep { $_->{is_back} } @clients;
    for my $client (@back) {
        is join(' ', map { $_->{payload}{content}{text} } $client->{line}->events(2, 40)), 'second third', "$client->{name}: back: what was sent arrives";
        $client->{line}->beat;
    }
    $pushd->wait_for('they are online again', sub { !grep { !is_there($_) } @back });
    $api->send_text('sender', $_->{user}, 'fourth') for @back;
    for my $client (@back) {
        is $client->{line}->event->{payload}{content}{text}, 'fourth', "$client->{name}: is told";
        $client->{line}->beat;
    }
    sleep 2;
    is texts($_), 'second third', "$_->{name}: and nothing more is pushed" for @back;
}
is join("\n", $providers->faults), '', 'every request is as its service wants it';
is_deeply [ $pushd->faults ], [], 'no fault in the log of the daemon';
$_->{line}->raw->drop for @clients;
$_->stop for @proxies;
$pushd->stop;
$api->finish;
done_testing;
