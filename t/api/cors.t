# SPDX-License-Identifier: Apache-2.0
# Pages of other origins: which may read answers, which may ask, and that all caches know.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use HTTP::Request  ();
use LWP::UserAgent ();
use Test::More;

my $cluster = FlixIM::Test::Cluster->start;
my $sections = <<'CONF';
<Location "/api/v1/closed">
    Require all denied
</Location>
<Location "/api/v1/messages">
    AuthType Basic
    AuthName there
    AuthBasicProvider file
    AuthUserFile conf/users
    Require valid-user
</Location>
CONF
my $inner = <<'CONF';
<Location "/api/v1/conversations">
    FlixIMAllowOrigin https://inner.example
</Location>
CONF
my @modules = (modules => [qw(authn_core authn_file authz_user auth_basic)]);
my @httpd   = (
    FlixIM::Test::Httpd->start(
        cluster => $cluster, @modules, extra => $sections . $inner,
        settings => { FlixIMAllowOrigin => 'HTTPS://WWW.example.org:443 http://localhost:3000' },
    ),
    FlixIM::Test::Httpd->start(cluster => $cluster, @modules, extra => $sections),
);
my $agent = LWP::UserAgent->new(max_redirect => 0);

sub ask {
    my ($method, $path, $server, %header) = @_;
    return $agent->request(HTTP::Request->new($method, $httpd[$server]->url . "/api/v1$path", [%header]));
}

my @all = map {"Access-Control-$_"} qw(Allow-Origin Expose-Headers Allow-Methods Allow-Headers Max-Age Allow-Credentials);

# The CORS headers of an answer, by the end of their names.
sub cors {
    my ($answer) = @_;
    return { map { defined $answer->header($_) ? (s/^Access-Control-//r => $answer->header($_)) : () } @all };
}

my $allowed  = 'https://www.example.org';
my $readable = { 'Allow-Origin' => $allowed, 'Expose-Headers' => 'Location, Retry-After, WWW-Authenticate' };

# Answers of ours and httpd's, good and bad.
for my $case ([ GET => '/health', 200 ], [ HEAD => '/health', 200 ], [ GET => '/nothing', 404 ], [ DELETE => '/health', 405 ], [ GET => '/closed', 403 ],
    [ GET => '/x%2Fy', 404 ], [ GET => '/messages', 401 ], [ OPTIONS => '/health', 204 ])
{
    my ($method, $path, $status) = @$case;
    my $answer = ask($method, $path, 0, Origin => $allowed);
    is $answer->code, $status, "$method $path: $status";
    is_deeply cors($answer), $readable, "$method $path: its page may read it";
    is scalar(grep { $_ eq 'Origin' } map { split /, */ } $answer->header('Vary')), 1, "$method $path: Vary";
    $answer = ask($method, $path, 0);
    is_deeply cors($answer), {}, "$method $path: nothing without an origin";
    like $answer->header('Vary'), qr/\bOrigin\b/, "$method $path: but Vary";
    $answer = ask($method, $path, 1, Origin => $allowed);
    is_deeply cors($answer), {}, "$method $path: nothing without a list";
    unlike $answer->header('Vary') // '', qr/Origin/, "$method $path: nor Vary";
}

# Origins are compared as a whole.
for my $origin ('https://www.example.org.evil.example', 'https://www.example.or', 'https://evil-www.example.org', 'http://www.example.org', 'https://www.example.org:8443',
    'https://www.example.org:443', 'https://example.org', 'null', '*', 'http://localhost', 'http://localhost:30001', 'https://www.example.org/', 'HTTPS://WWW.EXAMPLE.ORG',
    'https://www.example.org https://x', 'https://inner.example')
{
    is_deeply cors(ask(GET => '/health', 0, Origin => $origin)), {}, "$origin is another origin";
}
is ask(GET => '/health', 0, Origin => 'http://localhost:3000')->header('Access-Control-Allow-Origin'), 'http://localhost:3000', 'the second of the list';
is ask(GET => '/health', 0, Origin => 'https://x')->code, 200, 'a foreign origin is served: its browser keeps the answer from the page';

# Preflight requests: no token, no login.
my @preflight = ('Access-Control-Request-Method' => 'PUT', 'Access-Control-Request-Headers' => 'authorization');
for my $case ([ '/health', 'GET, HEAD, OPTIONS' ], [ '/messages', 'GET, HEAD, POST, OPTIONS' ]) {
    my ($path, $allow) = @$case;
    my $answer = ask(OPTIONS => $path, 0, Origin => $allowed, @preflight);
    is $answer->code, 204, "preflight of $path: 204";
    is_deeply cors($answer),
        { 'Allow-Origin' => $allowed, 'Allow-Methods' => $allow, 'Max-Age' => 600, 'Allow-Headers' => 'Authorization, Content-Type, Idempotency-Key, Accept-Language' },
        "preflight of $path: may be asked";
    like $answer->header('Vary'), qr/\bOrigin\b/, "preflight of $path: Vary";
    is_deeply cors(ask(OPTIONS => $path, 0, Origin => 'https://evil.example', @preflight)), {}, "preflight of $path from elsewhere: nothing";
}
is ask(OPTIONS => '/messages', 0, Origin => 'https://evil.example', @preflight)->code, 401, 'from elsewhere it needs the login';
is ask(OPTIONS => '/messages', 0, Origin => $allowed)->code, 401, 'so does one that is no preflight';
is ask(GET => '/messages', 0, Origin => $allowed, @preflight)->code, 401, 'or another method';
is ask(OPTIONS => '/nothing', 0, Origin => $allowed, @preflight)->code, 404, 'nothing there to ask for';
is_deeply cors(ask(OPTIONS => '/conversations', 0, Origin => $allowed, @preflight)), {}, "an inner section's list takes the place of the outer one's";
is cors(ask(OPTIONS => '/conversations', 0, Origin => 'https://inner.example', @preflight))->{'Allow-Origin'}, 'https://inner.example', 'with its own origin';

done_testing;
