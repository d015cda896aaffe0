# SPDX-License-Identifier: Apache-2.0
# Official clients, 1.5 to 1.8, and Supabase's, by every way there is to the daemon, through a restart of it.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Cwd        qw(abs_path);
use File::Temp ();
use IPC::Open2 qw(open2);
use JSON::PP   ();
use Test::More;

use FlixIM::Test::Api;
use FlixIM::Test::Npm qw(clients);
use FlixIM::Test::Pushd;

my $chromium = '/usr/bin/chromium';
my $npm      = clients();
my $dir      = File::Temp->newdir('flixim-scenarios-XXXXXXXX', TMPDIR => 1);
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    . " -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null") == 0 or die 'openssl';
chmod 0755, "$dir" or die "chmod: $!";

my ($tls_port, $wss_port) = map { FlixIM::Test::Pushd::free_port() } 1, 2;
my $pushd;
my $api = FlixIM::Test::Api->start(
    modules => [qw(headers proxy proxy_http ssl socache_shmcb)],
    # The daemon needs the key, and httpd the daemon's port.
    with => sub {
        my ($half) = @_;
        $half->write_file('secret', $half->secret);
        $pushd = FlixIM::Test::Pushd->start(
            api      => $half,
            settings => {
                listen_tls => "127.0.0.1:$tls_port", tls_certificate_file => "$dir/cert.pem", tls_key_file => "$dir/key.pem",
                database_timeout => '20s', longpoll_window => '2s',
            },
        );
        my $daemon = 'http://127.0.0.1:' . $pushd->port;
        return (
            pushd => $daemon,
            # A site where no WebSocket gets through.
            vhosts => [ { pushd => "$daemon/none", extra => <<"CONF" } ],
<Location "/socket/longpoll">
    ProxyPass "$daemon/socket/longpoll" timeout=90 disablereuse=on retry=0
</Location>
CONF
            extra  => <<"CONF",
Listen 127.0.0.1:$wss_port
<VirtualHost *:$wss_port>
    ServerName localhost
    SSLEngine on
    SSLCertificateFile "$dir/cert.pem"
    SSLCertificateKeyFile "$dir/key.pem"
    ProxyPass "/socket" "$daemon/socket" upgrade=websocket timeout=90 disablereuse=on retry=0
    ProxyPreserveHost On
</VirtualHost>
CONF
        );
    },
);

my %way = (
    tcp    => sprintf('ws://127.0.0.1:%d/socket', $pushd->port),
    tls    => "wss://localhost:$tls_port/socket",
    tunnel => sprintf('ws://localhost:%d/socket', $api->httpd->port),
    wss    => "wss://localhost:$wss_port/socket",
);
my @combinations;

# $FLIXIM_ONLY, a pattern of names, is for looking for a fault.
my $only = qr/${\($ENV{FLIXIM_ONLY} \/\/ '')}/;

sub combine {
    my ($name, %more) = @_;
    return if $name !~ $only;
    my $n = @combinations;
    my ($me, $friend) = map { { id => $api->id("$_$n"), token => $api->token("$_$n") } } qw(me friend);
    push @combinations, { name => $name, me => $me, friend => $friend, %more };
    return;
}

for my $way (sort keys %way) {
    for my $version (15 .. 18) {
        combine("phoenix $version, V2, $way", client => "phoenix$version", url => $way{$way});
        combine("phoenix $version, V1, $way", client => "phoenix$version", url => $way{$way}, isV1 => JSON::PP::true);
    }
    combine("phoenix 18, token apart, $way", client => 'phoenix18', url => $way{$way}, isApart => JSON::PP::true);
    combine("supabase, $way", client => 'supabase', url => $way{$way});
}
# In a browser. Stock clients poll in V2 alone: their LongPoll takes no encoder.
my $blocked = $api->httpd->url(1) . '/socket';
combine("phoenix $_, V2, long-poll", client => "phoenix$_", url => $blocked, isPolling => JSON::PP::true) for 15 .. 18;
combine('phoenix 18, token apart, long-poll', client => 'phoenix18', url => $blocked, isPolling => JSON::PP::true, isApart => JSON::PP::true);

my $config = "$dir/config.json";
open my $file, '>', $config or die "$config: $!";
print {$file} JSON::PP->new->encode({ api => $api->httpd->url . '/api/v1', combinations => \@combinations, chromium => $chromium });
close $file or die "close: $!";

local $ENV{NODE_EXTRA_CA_CERTS} = "$dir/cert.pem";
local $ENV{HOME} = "$dir";
my $pid = open2(my $output, my $input, 'node', "$npm/run.mjs", $config);
$input->autoflush;
while (my $line = <$output>) {
    chomp $line;
    if ($line eq 'cut') { $pushd->stop; print {$input} "stopped\n"; next }
    if ($line eq 'away') { $pushd->up; print {$input} "up\n"; next }
    if ($line =~ /^(not )?ok \d+ - (.*)/) { ok !$1, $2; next }
    diag($line) if $line =~ /^#/;
}
waitpid $pid, 0;
is $?, 0, 'Node ends with status 0';

is_deeply [ $pushd->faults ], [], 'no fault in the log of the daemon';
$pushd->stop;
$api->finish;
done_testing;
