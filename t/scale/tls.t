# SPDX-License-Identifier: Apache-2.0
# Thousands of wss:// sockets on the port of an ordinary HTTPS site, whose pages go on; restarts and new certificates end none.
use strict;
use warnings FATAL => 'all';

use File::Temp ();
use FindBin    qw($Bin);
use IO::Socket::SSL ();
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Load qw(issue);
use FlixIM::Test::Pushd;
use FlixIM::Test::Scale qw(busy open_all tell_all $httpd_conf);
use Test::More;

my $count = $ENV{FLIXIM_LONG} ? 5000 : 1000;
my $dir   = File::Temp->newdir('flixim-tls-XXXXXXXX', TMPDIR => 1);

# A certificate for a name, in place of the last of it.
sub certify {
    my ($name) = @_;
    my @openssl = (qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj), "/CN=$name",
        -addext => "subjectAltName=DNS:$name", -keyout => "$dir/$name.key", -out => "$dir/$name.pem");
    my ($status, $output) = FlixIM::Test::Cluster::capture_all(@openssl);
    die "openssl: $output" if $status != 0;
    return;
}
certify($_) for qw(www.example.org ws.example.org);

my $cluster = FlixIM::Test::Cluster->start(settings => { max_connections => 200 });
my @users   = issue($cluster, $count + 1);
my $last    = pop @users;
my $pushd   = FlixIM::Test::Pushd->start(cluster => $cluster, settings => {
    connect_backlog => 4096, tls_certificate_file => "$dir/ws.example.org.pem", tls_key_file => "$dir/ws.example.org.key",
});
my $httpd = FlixIM::Test::Httpd->start(
    cluster => $cluster, handoff => [ $pushd->handoff ], modules => [qw(ssl status)], ports => 1,
    extra   => sub {
        my ($self) = @_;
        my $port = $self->port(1);
        return <<"CONF";
$httpd_conf
SSLSessionCache none
<VirtualHost *:$port>
    ServerName www.example.org
    SSLEngine on
    SSLCertificateFile $dir/www.example.org.pem
    SSLCertificateKeyFile $dir/www.example.org.key
    FlixIMSocketHost ws.example.org
</VirtualHost>
CONF
    },
);
open my $page, '>', $httpd->dir . '/htdocs/page.html' or die "page.html: $!";
print {$page} 'a page';
close $page or die "page.html: $!";
my @tls = (tls => 1, host => 'ws.example.org', ca => "$dir/ws.example.org.pem");
my $to  = '127.0.0.1:' . $httpd->port(1);

# Pages of the site, each over a connection of its own, held against the site's certificate.
sub site_answers {
    my ($when) = @_;
    my @statuses;
    for (1 .. 10) {
        my $socket = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port(1), SSL_hostname => 'www.example.org', SSL_verifycn_name => 'www.example.org',
            SSL_ca_file => "$dir/www.example.org.pem", Timeout => 10) or do { push @statuses, $IO::Socket::SSL::SSL_ERROR; next };
        print {$socket} "GET /page.html HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n";
        my $answer = join '', <$socket>;
        push @statuses, $answer =~ m{^HTTP/1\.1 (\d+) .*\r\n\r\na page\z}s ? $1 : 'none';
    }
    return is "@statuses", join(' ', (200) x 10), "the site's pages are there $when";
}

# The number of the certificate that a new socket is shown.
sub serial {
    my $socket = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port(1), SSL_hostname => 'ws.example.org', SSL_verify_mode => 0, Timeout => 10)
        or return "none: $IO::Socket::SSL::SSL_ERROR";
    my $serial = IO::Socket::SSL::Utils::CERT_asHash($socket->peer_certificate)->{serial};
    $socket->close;
    return $serial;
}
use IO::Socket::SSL::Utils ();

site_answers('before');
my ($load) = open_all(\@users, $to, @tls);
is busy($httpd), 1, 'of 50 threads one is busy: the one that says so';
site_answers('beside them');
tell_all($cluster, \@users, $load);

my $old = serial();
certify('ws.example.org');
$pushd->reload;
isnt serial(), $old, 'a new socket is shown the new certificate';
tell_all($cluster, \@users, $load, 'after a new certificate');
my ($one) = open_all([$last], $to, @tls);
is $one->finish, 0, 'with which one more can join';

$httpd->graceful;
site_answers('after a graceful restart');
tell_all($cluster, \@users, $load, 'after a graceful restart');
$httpd->restart;
site_answers('after a restart');
tell_all($cluster, \@users, $load, 'after a restart that waits for nobody');

is $load->finish, 0, 'nothing was wrong';
unlike $httpd->log, qr/FLX|exit signal|Segmentation/, 'httpd has nothing to complain of';
is join("\n", $pushd->faults), '', 'nor has the daemon';
$pushd->stop;
done_testing;
