# SPDX-License-Identifier: Apache-2.0
# The HTTP layer (rows F of the threats), byte by byte: framing, sizes, Expect, and what a connection is good for afterwards.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Wire;
use Apache::Test qw(-withtestmore);

chomp(my $modules = `apxs -q LIBEXECDIR`);
my $api = FlixIM::Test::Api->start(extra => <<"CONF");
LoadModule mime_module "$modules/mod_mime.so"
TypesConfig /dev/null
AddEncoding x-gzip .gz
AddLanguage en .en
LoadModule reqtimeout_module "$modules/mod_reqtimeout.so"
RequestReadTimeout header=20 body=1
CONF
my $bob    = $api->id('bob');
my $body   = qq({"receiver_id":"$bob","content":{"text":"x"},"content_type":"text","message_type":"private_message"});
my $length = length $body;

# Requests without the empty line that ends their headers.
my $host = "Host: x\r\n";
my $auth = "${host}Authorization: Bearer " . $api->token('alice') . "\r\n";
my $get  = "GET /api/v1/messages/unread_count HTTP/1.1\r\n$auth";
my $bare = "POST /api/v1/messages HTTP/1.1\r\n$auth";
my $post = "${bare}Content-Type: application/json\r\n";
# A request to be smuggled: as a body it is just text.
my $second   = "GET /api/v1/nothing HTTP/1.1\r\n$host\r\n";
my $smuggled = length $second;

sub chunked { my ($text) = @_; return sprintf "%x\r\n%s\r\n0\r\n\r\n", length $text, $text }
sub stored { return $api->row('SELECT count(*) FROM flixim.messages') }

# Sends bytes; the verdicts of the answers, up to COUNT or until the server closes.
sub verdicts {
    my ($bytes, $count) = @_;
    my $wire = FlixIM::Test::Wire->new($api->httpd->port);
    $wire->send($bytes);
    my @verdicts;
    while (@verdicts < $count && (my $answer = $wire->answer)) {
        push @verdicts, ($answer->header('Content-Type') // '') =~ /json/ ? $answer->verdict : $answer->status;
    }
    return join ', ', @verdicts, $wire->rest =~ /HTTP/ ? 'and more' : ();
}

# -- Framing that parsers disagree about: refused, and what follows is no request of its own ----------

for my $case (
    [ 'two lengths, unequal',         "${post}Content-Length: $length\r\nContent-Length: 1\r\n\r\n$body" ],
    [ 'two lengths, equal',           "${post}Content-Length: $length\r\nContent-Length: $length\r\n\r\n$body" ],
    [ 'a list of lengths',            "${post}Content-Length: $length, $length\r\n\r\n$body" ],
    [ 'a length with a sign',         "${post}Content-Length: +$length\r\n\r\n$body" ],
    [ 'a negative length',            "${post}Content-Length: -1\r\n\r\n" ],
    [ 'a length in hexadecimal',      "${post}Content-Length: 0x10\r\n\r\n$body" ],
    [ 'a length beyond all numbers',  "${post}Content-Length: 99999999999999999999999\r\n\r\n" ],
    [ 'no chunk size',                "${post}Transfer-Encoding: chunked\r\n\r\nxyz\r\n$second" ],
    [ 'a chunk beyond all numbers',   "${post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n$second" ],
    [ 'a negative chunk',             "${post}Transfer-Encoding: chunked\r\n\r\n-1\r\n$second" ],
    [ 'a space before a colon',       "${get}X-Evil : 1\r\n\r\n" ],
    [ 'a space before the first header', "GET /api/v1/health HTTP/1.1\r\n Host: x\r\n\r\n" ],
    [ 'bare line feeds',              "GET /api/v1/health HTTP/1.1\nHost: x\n\n" ],
    [ 'a carriage return in a header', "${get}X-Evil: a\rb\r\n\r\n" ],
    [ 'a NUL in a header',            "${get}X-Evil: a\0b\r\n\r\n" ],
    [ 'an escape in a header',        "${get}User-Agent: \e[31m\r\n\r\n" ],
    [ 'a header without a name',      "${get}: x\r\n\r\n" ],
    [ 'a header without a colon',     "${get}Evil\r\n\r\n" ],
    [ 'a NUL in the path',            "GET /api/v1/hea\0lth HTTP/1.1\r\n$host\r\n" ],
    [ 'a space in the path',          "GET /api/v1/ health HTTP/1.1\r\n$host\r\n" ],
    [ 'a tab after the method',       "GET\t/api/v1/health HTTP/1.1\r\n$host\r\n" ],
    [ 'no Host',                      "GET /api/v1/health HTTP/1.1\r\n\r\n" ],
    [ 'two Hosts',                    "GET /api/v1/health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" ],
  ) {
    my ($name, $bytes) = @$case;
    my $before = stored();
    like verdicts("$bytes$get\r\n", 3), qr/\A(?:400|413)[ \w]*\z/, "$name: refused, and nothing after it is answered";
    is stored(), $before, "$name: nothing is stored";
}
for my $coding ('gzip', 'gzip, chunked', 'xchunked', 'chunked, identity') {
    like verdicts("${post}Transfer-Encoding: $coding\r\n\r\n0\r\n\r\n", 1), qr/\A(?:400|501)\b/, "Transfer-Encoding $coding: refused";
}
like verdicts("${get}X-Long: a\r\n b\r\n\r\n", 1), qr/\A(?:200|400)/, 'a folded header: one header, or refused';
# RFC 9112 6.1: with both, the chunks count, and the connection ends.
my $two = "${post}Content-Length: $smuggled\r\nTransfer-Encoding: chunked\r\n\r\n" . chunked($body) . $second;
like verdicts($two, 3), qr/\A(?:201|400\b[ \w]*)\z/, 'a length and chunks: one answer at most, then the end';

# -- After an answer of whatever kind the next request on the connection is answered as itself --------

my $crumbs = join '', map {"1;x=y\r\n$_\r\n"} split //, $body;
for my $case (
    [ 'a body that is read',       "${post}Content-Length: $length\r\n\r\n$body", '201' ],
    [ 'in chunks, with a trailer', "${post}Transfer-Encoding: chunked\r\n\r\n${crumbs}0\r\nX-Trailer: 1\r\n\r\n", '201' ],
    [ 'a body that nobody reads',  "${get}Content-Length: $smuggled\r\n\r\n$second", '200' ],
    [ 'chunks that nobody reads',  "${get}Transfer-Encoding: chunked\r\n\r\n" . chunked($second), '200' ],
    [ 'no such path',   "POST /api/v1/nothing HTTP/1.1\r\n${host}Content-Length: $smuggled\r\n\r\n$second", '404 not_found' ],
    [ 'no such method', "PUT /api/v1/messages HTTP/1.1\r\n${host}Content-Length: $smuggled\r\n\r\n$second", '405 method_not_allowed' ],
    [ 'no token',       "POST /api/v1/messages HTTP/1.1\r\n${host}Content-Length: $smuggled\r\n\r\n$second", '401 unauthorized' ],
    [ 'no type',        "${bare}Content-Length: $smuggled\r\n\r\n$second", '415 unsupported_media_type' ],
    [ 'another charset', "${bare}Content-Type: application/json; charset=latin1\r\nContent-Length: $smuggled\r\n\r\n$second", '415 unsupported_media_type' ],
    [ 'UTF-8 by name',  "${bare}Content-Type: application/json;charset=\"UTF-8\"\r\nContent-Length: $length\r\n\r\n$body", '201' ],
    [ 'a part of the answer', "${get}Range: bytes=0-5\r\n\r\n", '200' ],
    [ 'no part of the answer', "${get}Range: bytes=999999-\r\n\r\n", '200' ],
    [ 'gzip',           "${post}Content-Encoding: gzip\r\nContent-Length: $smuggled\r\n\r\n$second", '415 unsupported_media_type' ],
    [ 'fields at fault', "${post}Content-Length: 2\r\n\r\n{}", '422 invalid_fields content content_type message_type receiver_id' ],
    [ 'OPTIONS with a body', "OPTIONS /api/v1/messages HTTP/1.1\r\n${host}Content-Length: $smuggled\r\n\r\n$second", '204' ],
  ) {
    my ($name, $bytes, $verdict) = @$case;
    is verdicts("$bytes$get\r\n", 2), "$verdict, 200", "$name: $verdict, then the next request as itself";
}
for my $path ('/messages/x.en.gz', '/conversations/x.en.gz', '/nothing.en.gz') {
    my $answer = $api->call('alice', GET => $path);
    is $answer->status, 404, "$path: not there";
    is join(' ', map { $answer->header($_) // 'none' } 'Content-Encoding', 'Content-Language'), 'none none', "$path: and what its name ends in means nothing";
}
for my $case (
    [ 'no JSON', "${post}Content-Length: $smuggled\r\n\r\n$second" ], [ 'nothing', "${post}Content-Length: 0\r\n\r\n" ],
    [ 'neither body nor type', "$bare\r\n" ],
  ) {
    my ($name, $bytes) = @$case;
    is verdicts("$bytes$get\r\n", 2), '400 invalid_json body', "$name: 400, after which httpd ends the connection";
}
my @three = ("$get\r\n", "GET /api/v1/health HTTP/1.1\r\n$host\r\n", $second);
is verdicts(join('', (@three) x 5), 15), join(', ', ('200', '200', '404 not_found') x 5), 'fifteen requests in one packet: each its answer';

# -- Sizes and times ----------------------------------------------------------------------------------

sub sized {
    my ($size) = @_;
    my $start = substr($body, 0, -1) . ',"x":"';
    return $start . 'x' x ($size - length($start) - 2) . '"}';
}
my $in_chunks = "${post}Transfer-Encoding: chunked\r\n\r\n";
my %of_size = map { $_ => sized($_) } 262144, 262145;
for my $case (
    [ '262144 bytes',           "${post}Content-Length: 262144\r\n\r\n$of_size{262144}", '201' ],
    [ '262145 bytes',           "${post}Content-Length: 262145\r\n\r\n$of_size{262145}", '413 payload_too_large' ],
    [ '262144 bytes in a chunk', $in_chunks . chunked($of_size{262144}), '201' ],
    [ '262145 bytes in a chunk', $in_chunks . chunked($of_size{262145}), '413 payload_too_large' ],
    [ 'chunks without end',     $in_chunks . "1000\r\n@{[ 'x' x 4096 ]}\r\n" x 100, '413 payload_too_large' ],
    [ 'a gigabyte to come',     "${post}Content-Length: 1073741824\r\n\r\n", '413 payload_too_large' ],
    [ 'a body that does not come', "${post}Content-Length: $length\r\n\r\n" . substr($body, 0, 20), '408 request_timeout' ],
    [ 'chunks that do not come', "${in_chunks}5\r\n{\"con", '408 request_timeout' ],
    [ 'a line of 8 KiB',        'GET /api/v1/health?' . 'x' x 8200 . " HTTP/1.1\r\n$host\r\n", '414' ],
    [ 'a header of 8 KiB',      "${get}X-Long: " . 'x' x 8200 . "\r\n\r\n", '400' ],
    [ '120 headers',            $get . join('', map {"X-$_: 1\r\n"} 1 .. 120) . "\r\n", '400' ],
    [ 'a thousand parameters',  'GET /api/v1/messages?' . join('&', map {"x$_=1"} 1 .. 1000) . " HTTP/1.1\r\n$auth\r\n", '200' ],
  ) {
    my ($name, $bytes, $verdict) = @$case;
    like verdicts($bytes, 1), qr/\A$verdict\b/, "$name: $verdict";
}
is verdicts("${get}Content-Length: 1073741824\r\n\r\n$second", 2), '413 payload_too_large', 'a gigabyte, where no body is needed: refused, and the end';

# -- Expect: the body is asked for only where it will be read -----------------------------------------

my $expect = "Expect: 100-continue\r\n";
{
    my $wire = FlixIM::Test::Wire->new($api->httpd->port);
    $wire->send("$post${expect}Content-Length: $length\r\n\r\n");
    is $wire->answer(interim => 1)->status, 100, 'Expect: go on';
    $wire->send("$body$get\r\n");
    is $wire->answer->status, 201, 'and it is taken';
    is $wire->answer->status, 200, 'and so is the next request';
}
my $json_type = "Content-Type: application/json\r\n";
for my $case (
    [ 'no token',       "POST /api/v1/messages HTTP/1.1\r\n$host$json_type", '401 unauthorized' ],
    [ 'a bad JWT',      "POST /api/v1/messages HTTP/1.1\r\n$host${json_type}Authorization: Bearer x.y.z\r\n", '401 invalid_token' ],
    [ 'no such path',   "POST /api/v1/nothing HTTP/1.1\r\n$host", '404 not_found' ],
    [ 'no such method', "PUT /api/v1/messages HTTP/1.1\r\n$host", '405 method_not_allowed' ],
    [ 'the wrong type', "${bare}Content-Type: text/plain\r\n", '415 unsupported_media_type' ],
  ) {
    my ($name, $head, $verdict) = @$case;
    my $wire = FlixIM::Test::Wire->new($api->httpd->port);
    $wire->send("$head${expect}Content-Length: $smuggled\r\n\r\n");
    is $wire->answer(interim => 1)->verdict, $verdict, "Expect, $name: refused before the body is sent";
    # A client may send it nevertheless: then it is read as what it is, or the connection has ended.
    $wire->send("$second$get\r\n");
    my $next = $wire->answer;
    ok !$next || $next->status == 200, "Expect, $name: a body that comes nevertheless is no request";
}
is verdicts("$post${expect}Content-Length: 262145\r\n\r\n", 1), '413 payload_too_large', 'Expect, too much: refused before the body is sent';
is verdicts("${post}Expect: teapot\r\nContent-Length: $length\r\n\r\n$body", 1), '417 expectation_failed', 'another expectation';

$api->finish;
done_testing;
