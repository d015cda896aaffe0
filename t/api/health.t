# SPDX-License-Identifier: Apache-2.0
# GET /health: what it answers, to whom, in which shape.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use Apache::Test        qw(-withtestmore);
use Apache::TestRequest qw(GET HEAD OPTIONS);
use JSON::PP            qw(decode_json);

my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(cluster => $cluster);
my $version = $cluster->psql('SELECT flixim.schema_version()');
my $path    = '/api/v1/health';

my @refused = (
    [ '/api/v1',           404, 'not_found' ],
    [ '/api/v1/',          404, 'not_found' ],
    [ '/api/v1/nothing',   404, 'not_found' ],
    [ '/api/v1/health/',   404, 'not_found' ],
    [ '/api/v1/health/x',  404, 'not_found' ],
    [ '/api/v1/healthy',   404, 'not_found' ],
    [ '/api/v1/Health',    404, 'not_found' ],
);

plan tests => 8 + 5 * @refused + 6 * 3 + 4 + 3;

my $answer = GET $path;
is $answer->code, 200, 'GET is answered';
is $answer->header('Content-Type'), 'application/json; charset=utf-8', 'as JSON';
is $answer->header('Cache-Control'), 'no-store', 'not to be stored';
is $answer->header('X-Content-Type-Options'), 'nosniff', 'nor guessed at';
is $answer->header('Content-Length'), length $answer->content, 'with its length';
{
    use utf8;
    is_deeply decode_json($answer->content),
        { success => JSON::PP::true, message => '服务正常', data => { status => 'ok', schema_version => $version } },
        'in the envelope, with the schema version';
}
my $head = HEAD $path;
is $head->code, 200, 'HEAD is answered';
is $head->content, '', 'without a body';

for my $case (@refused) {
    my ($url, $status, $code) = @$case;
    my $refusal = GET $url;
    my $body = decode_json($refusal->content);
    is $refusal->code, $status, "$url: $status";
    is $refusal->header('Content-Type'), 'application/json; charset=utf-8', "$url: JSON";
    is $body->{success}, JSON::PP::false, "$url: no success";
    is $body->{error}{code}, $code, "$url: $code";
    ok length $body->{message}, "$url: says so in words";
}

for my $method (qw(POST PUT DELETE PATCH FOO LOCK)) {
    my $refusal = Apache::TestRequest::user_agent()->request(HTTP::Request->new($method, $httpd->url . $path, undef, $method eq 'POST' ? 'x=1' : undef));
    is $refusal->code, 405, "$method: 405";
    is $refusal->header('Allow'), 'GET, HEAD, OPTIONS', "$method: what is allowed";
    is decode_json($refusal->content)->{error}{code}, 'method_not_allowed', "$method: its code";
}

my $options = OPTIONS $path;
is $options->code, 204, 'OPTIONS is answered';
is $options->header('Allow'), 'GET, HEAD, OPTIONS', 'with what is allowed';
is $options->content, '', 'and no body';
is OPTIONS('/api/v1/nothing')->code, 404, 'OPTIONS of nothing';

# A body that nobody reads must not be taken for the next request.
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port) or die $!;
my $smuggled = "GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n";
print {$socket} "POST $path HTTP/1.1\r\nHost: x\r\nContent-Length: ", length $smuggled, "\r\n\r\n$smuggled",
    "GET $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
my @status = do { local $/ = undef; <$socket> =~ m{HTTP/1.1 (\d+)}g };
is "@status", '405 200', 'two requests, two answers';

unlike $httpd->log, qr/FLX/, 'nothing to complain of';
unlike $httpd->log, qr/exit signal/, 'no child died';
