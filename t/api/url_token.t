# SPDX-License-Identifier: Apache-2.0
# A token in a URL is in no log and not in server-status; whoever needs the arguments still has them.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use IO::Socket::INET ();
use Test::More;

my $canary  = 'canary5f3a9c';
my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(
    cluster => $cluster,
    modules => [qw(status authz_host env cgi alias rewrite)],
    extra   => <<'CONF',
ExtendedStatus On
LogLevel trace8 core:trace4
LogFormat "%r %<q %q %U %f %>s %{QUERY_STRING}e %{REQUEST_URI}e %{Authorization}i" all
CustomLog access.log all
<Location "/server-status">
    SetHandler server-status
</Location>
ScriptAlias "/cgi/" "cgi/"
RewriteEngine On
RewriteRule ^/inner /api/v1/health [PT]
ErrorDocument 404 /cgi/print
CONF
);
mkdir $httpd->dir . '/cgi' or die "mkdir: $!";
my $script = $httpd->dir . '/cgi/print';
open my $file, '>', $script or die "$script: $!";
print {$file} "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n%s' \"\$QUERY_STRING\"\n";
close $file or die "$script: $!";
chmod 0755, $script or die "$script: $!";

# Sends a request: the answer, whole.
sub ask {
    my ($request) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port) or die $!;
    print {$socket} $request;
    local $/ = undef;
    return scalar <$socket> // '';
}

my $host = "Host: localhost\r\nConnection: close\r\n";
my @requests = (
    map({"GET $_ HTTP/1.1\r\n$host\r\n"}
        "/api/v1/health?token=$canary", "/socket/websocket?vsn=2.0.0&token=$canary", "/?access_token=$canary&token=$canary",
        "/?a=b;token=$canary", "/?%74o%6Ben=$canary", "/?TOKEN=$canary;$canary&x=1", "/inner?token=$canary", "/cgi/print?token=$canary",
        "/nothing?token=$canary", "/api/v1/x%2Fy?token=$canary", "/x%2Fy?token=$canary", "/../..?token=$canary",
        "http://user:password\@localhost/socket?token=$canary", "/socket?x#?token=$canary",
        "/many?" . "token=$canary&" x 300 . "a=b&access_token=$canary;&c=d"),
    "HEAD /?token=$canary HTTP/1.1\r\n$host\r\n",
    "GET /?token=$canary HTTP/1.0\r\n\r\n",
    "GET /?token=$canary HTTP/1.1\r\n\r\n",                            # no Host
    "GET /?token=$canary HTTP/1.1\r\n${host}no header\r\n\r\n",
    "GET /?token=$canary HTTP/1.1\r\n${host}Expect: wonders\r\n\r\n",
    "GET /?token=$canary $canary HTTP/1.1\r\n$host\r\n",
    "GET /?token=$canary HTTP/7.1\r\n$host\r\n",
    "GET /?token=$canary\r\n",                                         # HTTP/0.9
    "FOO /api/v1/health?token=$canary HTTP/1.1\r\n$host\r\n",
    "GET /api/v1/health HTTP/1.1\r\n${host}Authorization: Bearer $canary\r\n\r\n",
    "GET /api/v1/health HTTP/1.1\r\n${host}Authorization: $canary\r\n\r\n",
);
my @answers = map { ask($_) } @requests;

my ($cgi) = grep { $requests[$_] =~ m{/cgi/} } 0 .. $#requests;
like $answers[$cgi], qr{^token=\Q$canary\E\b}m, 'a program of the site gets its arguments';
like $answers[0], qr{^HTTP/1.1 200 }, 'the API answers';
ok $answers[$_], "answered: $requests[$_]" =~ s/\r\n.*//sr for grep { $requests[$_] =~ m{HTTP/} } 0 .. $#requests;

# While they run, too: one waits for its body.
my $slow = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port) or die $!;
print {$slow} "POST /api/v1/health?token=$canary HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n";
my $status = '';
for (1 .. 100) {
    $status = ask("GET /server-status HTTP/1.1\r\n$host\r\n");
    last if $status =~ /POST/;
    select undef, undef, undef, 0.05;
}
like $status, qr{POST /api/v1/health\?token= HTTP}, 'server-status shows the request';
unlike $status, qr{\Q$canary\E}, 'without its token' or diag join "\n", grep {/$canary/} split /\n/, $status;
close $slow;

sub log_file {
    my ($name) = @_;
    open my $log, '<', $httpd->dir . "/$name" or die "$name: $!";
    local $/ = undef;
    return scalar <$log>;
}
my $wanted = @requests;
for (1 .. 100) {
    last if (() = log_file('access.log') =~ /\n/g) >= $wanted;
    select undef, undef, undef, 0.05;
}
my $access = log_file('access.log');
cmp_ok scalar(() = $access =~ /\n/g), '>=', $wanted, 'all are in the access log';
like $access, qr{^GET /socket/websocket\?vsn=2\.0\.0&token= HTTP/1\.1 \?vsn=2\.0\.0&token= }m, 'each without its token, and with the rest';
my $many = '/many?' . 'token=&' x 300 . 'a=b&access_token=&c=d';
like $access, qr{^GET \Q$many\E HTTP/1\.1 }m, 'also if there are hundreds';
unlike $access, qr/\Q$canary\E/, 'the access log has no token' or diag join "\n", grep {/$canary/} split /\n/, $access;
unlike $httpd->log, qr/\Q$canary\E/, 'nor has the error log' or diag join "\n", grep {/$canary/} split /\n/, $httpd->log;
unlike $httpd->log, qr/exit signal/, 'no child died';

done_testing;
