# SPDX-License-Identifier: Apache-2.0
# What httpd refuses by itself at or below the API's path is answered as JSON, whatever the site has for errors.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use IO::Socket::INET ();
use JSON::PP         qw(decode_json);
use Test::More;

my $cluster = FlixIM::Test::Cluster->start;
my $sections = <<'CONF';
<Location "/api/v1/health">
    LimitRequestBody 10
</Location>
<Location "/api/v1/closed">
    Require all denied
</Location>
<Location "/api/v1/login">
    AuthType Basic
    AuthName there
    AuthBasicProvider file
    AuthUserFile conf/users
    Require valid-user
</Location>
<Location "/api/v1/elsewhere">
    SetHandler none
    Require all denied
</Location>
<Location "/other">
    Require all denied
</Location>
RedirectMatch 302 "^/api/v1/moved" "http://localhost/there"
CONF
my @modules = (modules => [qw(authn_core authn_file authz_user auth_basic alias)]);
my $documents = join '', map {"ErrorDocument $_ /error.html\n"} 400, 401, 403, 404, 405, 413, 417, 500;
my %httpd = (
    'no ErrorDocument'   => FlixIM::Test::Httpd->start(cluster => $cluster, @modules, extra => $sections),
    'a local page'       => FlixIM::Test::Httpd->start(cluster => $cluster, @modules, extra => $sections . $documents),
    'a text'             => FlixIM::Test::Httpd->start(cluster => $cluster, @modules, extra => $sections . $documents =~ s{/error.html}{"Sorry"}gr),
    'a page far away'    => FlixIM::Test::Httpd->start(cluster => $cluster, @modules, extra => $sections . $documents =~ s{/error.html}{http://far.example/}gr),
    'one in the section' => FlixIM::Test::Httpd->start(cluster => $cluster, @modules, extra => "$sections<Location />\n$documents</Location>\n"),
);

# name, request line, more lines, status, code, whether httpd gives up before any module sees it
my $long = 'x' x 9000;
my @cases = (
    [ 'Require',             'GET /api/v1/closed',           '',                                    403, 'forbidden' ],
    [ 'a login',             'GET /api/v1/login',            '',                                    401, 'unauthorized' ],
    [ 'an encoded slash',    'GET /api/v1/messages%2Fx',     '',                                    404, 'not_found' ],
    [ 'one at the end',      'GET /api/v1%2F',               '',                                    404, 'not_found', 1 ],
    [ 'an encoded letter',   'GET /%61pi/v1/closed',         '',                                    403, 'forbidden' ],
    [ 'a way around',        'GET /x/../api/v1/closed',      '',                                    403, 'forbidden' ],
    [ 'a NUL',               'GET /api/v1/x%00',             '',                                    404, 'not_found' ],
    [ 'a bad percent code',  'GET /api/v1/x%zz',             '',                                    400, 'bad_request' ],
    [ 'TRACE',               'TRACE /api/v1/health',         '',                                    405, 'method_not_allowed' ],
    [ 'an expectation',      'GET /api/v1/health',           "Expect: wonders\r\n",                 417, 'expectation_failed', 1 ],
    [ 'a bad length',        'POST /api/v1/health',          "Content-Length: x\r\n",               400, 'bad_request', 1 ],
    [ 'an unknown encoding', 'POST /api/v1/health',          "Transfer-Encoding: x\r\n",            400, 'bad_request', 1 ],
    [ 'a bad header',        'GET /api/v1/health',           "no header\r\n",                       400, 'bad_request', 1 ],
    [ 'a long header',       'GET /api/v1/health',           "X: $long\r\n",                        400, 'bad_request', 1 ],
    [ 'a second Host',       'GET /api/v1/health',           "Host: other\r\n",                     400, 'bad_request', 1 ],
    [ 'HEAD',                'HEAD /api/v1/closed',          '',                                    403, undef ],
);

sub ask {
    my ($server, $line, $more, $version) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->port) or die $!;
    print {$socket} "$line HTTP/1.1\r\nHost: localhost\r\n$more", "Connection: close\r\n\r\n";
    my ($head, $body) = split /\r\n\r\n/, do { local $/ = undef; scalar <$socket> // '' }, 2;
    my ($status) = ($head // '') =~ m{^HTTP/1.1 (\d+)};
    my %header = map { /^([\w-]+): (.*)/ ? (lc $1 => $2) : () } split /\r\n/, $head // '';
    return ($status // 0, \%header, $body // '');
}

for my $name (sort keys %httpd) {
    my $server = $httpd{$name};
    for my $case (@cases) {
        my ($what, $line, $more, $expected, $code, $early) = @$case;
        my ($status, $header, $body) = ask($server, $line, $more);
        if ($early && $name eq 'a page far away') {
            is $status, 302, "$name, $what: to the site's page, since nobody could say no";
            next;
        }
        is $status, $expected, "$name, $what: $expected" or next;
        is $header->{'content-type'}, 'application/json; charset=utf-8', "$name, $what: JSON";
        is $header->{'cache-control'}, 'no-store', "$name, $what: not to be stored";
        is $header->{'x-content-type-options'}, 'nosniff', "$name, $what: nor guessed at";
        if ($line =~ /^HEAD/) {
            is $body, '', "$name, $what: no body";
            cmp_ok $header->{'content-length'}, '>', 20, "$name, $what: but its length";
            next;
        }
        is $header->{'content-length'}, length $body, "$name, $what: its length";
        my $json = eval { decode_json($body) } // {};
        is_deeply [ sort keys %$json ], [qw(error message success)], "$name, $what: the envelope" or diag $body;
        is $json->{error}{code}, $code, "$name, $what: its code" if $code;
    }
    my (undef, $header) = ask($server, 'GET /api/v1/login', '');
    is $header->{'www-authenticate'}, 'Basic realm="there"', "$name: the challenge stays";
    my ($status, $moved) = ask($server, 'GET /api/v1/moved', '');
    is "$status $moved->{location}", '302 http://localhost/there', "$name: so does a redirect";
    for my $path ('/other', '/api/v1/elsewhere', '/nothing', '/api/v11') {
        (undef, $header) = ask($server, "GET $path", '');
        unlike $header->{'content-type'} // '', qr/json/, "$name: $path is not the API's";
    }
    unlike $server->log, qr/exit signal|AH01579/, "$name: no child died";
}

done_testing;
