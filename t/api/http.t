# SPDX-License-Identifier: Apache-2.0
# The HTTP layer (rows F of the threats), byte by byte: framing, methods, sizes, and what a connection is good for afterwards.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Operations qw(operations target);
use FlixIM::Test::Wire;
use Apache::Test qw(-withtestmore);
use JSON::PP     ();

chomp(my $modules = `apxs -q LIBEXECDIR`);
my $api = FlixIM::Test::Api->start(extra => "LoadModule reqtimeout_module \"$modules/mod_reqtimeout.so\"\nRequestReadTimeout header=20 body=1\nLogLevel reqtimeout:info\n");
my $token = $api->token('alice');
my $bob = $api->id('bob');
my $body = qq({"receiver_id":"$bob","content":{"text":"x"},"content_type":"text","message_type":"private_message"});
my $length = length $body;
my $get  = "GET /api/v1/messages/unread_count HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $token\r\n";
my $post = "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $token\r\nContent-Type: application/json\r\n";
my $json = JSON::PP->new->utf8;

sub stored { return $api->row('SELECT count(*) FROM flixim.messages') }

# Sends bytes; the verdicts of all answers until the server closes or has given as many as expected, joined.
sub verdicts {
    my ($bytes, $count, %option) = @_;
    my $wire = FlixIM::Test::Wire->new($api->httpd->port);
    $wire->send($bytes);
    my @verdicts;
    while (@verdicts < $count && (my $answer = $wire->answer(%option))) {
        push @verdicts, ($answer->header('Content-Type') // '') =~ /json/ ? $answer->verdict : $answer->status;
    }
    return join ', ', @verdicts, $wire->rest =~ /HTTP/ ? 'and more' : ();
}

# Framing that parsers disagree about: refused, and what follows is never taken for a request of its own.
my $second = "GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n";
my $smuggled = length $second;
for my $case (
    [ 'Content-Length twice, unequal', "${post}Content-Length: $length\r\nContent-Length: 1\r\n\r\n$body" ],
    [ 'Content-Length twice, equal', "${post}Content-Length: $length\r\nContent-Length: $length\r\n\r\n$body" ],
    [ 'a list of lengths', "${post}Content-Length: $length, $length\r\n\r\n$body" ],
    [ 'Content-Length with a sign', "${post}Content-Length: +$length\r\n\r\n$body" ],
    [ 'a negative Content-Length', "${post}Content-Length: -1\r\n\r\n" ],
    [ 'Content-Length in hexadecimal', "${post}Content-Length: 0x10\r\n\r\n$body" ],
    [ 'an endless Content-Length', "${post}Content-Length: 99999999999999999999999\r\n\r\n" ],
    [ 'no chunk size', "${post}Transfer-Encoding: chunked\r\n\r\nxyz\r\n$second" ],
    [ 'an endless chunk size', "${post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n$second" ],
    [ 'a negative chunk size', "${post}Transfer-Encoding: chunked\r\n\r\n-1\r\n$second" ],
    [ 'a space before the colon', "${get}X-Evil : 1\r\n\r\n" ],
    [ 'a space before a header', "GET /api/v1/health HTTP/1.1\r\n Host: x\r\n\r\n" ],
    [ 'a bare line feed', "GET /api/v1/health HTTP/1.1\nHost: x\n\n" ],
    [ 'a carriage return in a header', "${get}X-Evil: a\rb\r\n\r\n" ],
    [ 'a NUL in a header', "${get}X-Evil: a\0b\r\n\r\n" ],
    [ 'an escape in a header', "${get}User-Agent: \e[31m\r\n\r\n" ],
    [ 'a header without a name', "${get}: x\r\n\r\n" ], [ 'a header without a colon', "${get}Evil\r\n\r\n" ],
    [ 'a NUL in the path', "GET /api/v1/hea\0lth HTTP/1.1\r\nHost: x\r\n\r\n" ],
    [ 'a space in the path', "GET /api/v1/ health HTTP/1.1\r\nHost: x\r\n\r\n" ],
    [ 'a tab after the method', "GET\t/api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n" ],
    [ 'no Host', "GET /api/v1/health HTTP/1.1\r\n\r\n" ], [ 'two Hosts', "GET /api/v1/health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" ],
  ) {
    my ($name, $bytes) = @$case;
    my $before = stored();
    like verdicts($bytes . $get . "\r\n", 3), qr/\A(?:400|413|505)[ \w]*\z/, "$name: refused, and nothing after it is answered";
    is stored(), $before, "$name: nothing is stored";
}
like verdicts("${post}Transfer-Encoding: $_\r\n\r\n0\r\n\r\n", 1), qr/\A(?:400|501)\b/, "Transfer-Encoding $_: refused" for 'gzip', 'gzip, chunked', 'xchunked', 'chunked, identity';
like verdicts("${get}X-Long: a\r\n b\r\n\r\n", 1), qr/\A(?:200|400)/, 'a folded header: one header or refused';
{
    # RFC 9112 6.1: with both, the chunks count, and the connection ends.
    my $chunked = sprintf "%x\r\n%s\r\n0\r\n\r\n", $length, $body;
    my $answers = verdicts("${post}Content-Length: $smuggled\r\nTransfer-Encoding: chunked\r\n\r\n$chunked$second", 3);
    like $answers, qr/\A(?:201|400\b[ \w]*)\z/, 'length and chunks: one answer at most, then the end';
}

# A connection after an answer of whatever kind: the next request is answered as itself.
for my $case (
    [ 'a body that is read', "${post}Content-Length: $length\r\n\r\n$body", '201' ],
    [ 'in chunks', "${post}Transfer-Encoding: chunked\r\n\r\n" . join('', map { "1;x=y\r\n$_\r\n" } split //, $body) . "0\r\nX-Trailer: 1\r\n\r\n", '201' ],
    [ 'a body that nobody reads', "${get}Content-Length: $smuggled\r\n\r\n$second", '200' ],
    [ 'chunks that nobody reads', sprintf("${get}Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", $smuggled, $second), '200' ],
    [ 'no such path', "POST /api/v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: $smuggled\r\n\r\n$second", '404 not_found' ],
    [ 'no such method', "PUT /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: $smuggled\r\n\r\n$second", '405 method_not_allowed' ],
    [ 'no token', "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: $length\r\n\r\n$body", '401 unauthorized' ],
    [ 'no type', "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $token\r\nContent-Length: $length\r\n\r\n$body", '415 unsupported_media_type' ],
    [ 'no JSON', "${post}Content-Length: $smuggled\r\n\r\n$second", '400 invalid_json body' ],
    [ 'nothing', "${post}Content-Length: 0\r\n\r\n", '400 invalid_json body' ],
    [ 'neither body nor type', "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $token\r\n\r\n", '400 invalid_json body' ],
    [ 'OPTIONS with a body', "OPTIONS /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: $smuggled\r\n\r\n$second", '204' ],
    [ 'gzip', "${post}Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" . "\x1f\x8b\x08\0" . "\0" x 16, '415 unsupported_media_type' ],
  ) {
    my ($name, $bytes, $verdict) = @$case;
    # httpd ends the connection after a 400.
    is verdicts("$bytes$get\r\n", 2), $verdict =~ /^400/ ? $verdict : "$verdict, 200", "$name: $verdict, then the next request as itself, or the end";
}
is verdicts(join('', ("$get\r\n", "GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n", $second) x 5), 15), join(', ', ('200', '200', '404 not_found') x 5), 'fifteen requests in one packet: each its answer';

# Sizes.
sub sized { my ($size) = @_; my $start = substr($body, 0, -1) . ',"x":"'; return $start . 'x' x ($size - length($start) - 2) . '"}' }
is verdicts("${post}Content-Length: 262144\r\n\r\n" . sized(262144), 1), '201', '262144 bytes are taken';
is verdicts("${post}Content-Length: 262145\r\n\r\n" . sized(262145), 1), '413 payload_too_large', '262145 are not';
is verdicts(sprintf("${post}Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", 262144, sized(262144)), 1), '201', 'nor does it matter that they come in chunks';
is verdicts(sprintf("${post}Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", 262145, sized(262145)), 1), '413 payload_too_large', '262145 in chunks';
is verdicts("${post}Content-Length: 1073741824\r\n\r\n", 1), '413 payload_too_large', 'a gigabyte is refused before it is sent';
is verdicts("${get}Content-Length: 1073741824\r\n\r\n$second", 2), '200', 'where no body is read, nobody waits for it, and the connection ends';
is verdicts("${post}Transfer-Encoding: chunked\r\n\r\n" . "1000\r\n@{[ 'x' x 4096 ]}\r\n" x 100, 1), '413 payload_too_large', 'chunks without end';
is verdicts("${post}Content-Length: $length\r\n\r\n" . substr($body, 0, 20), 1), '408 request_timeout', 'a body that does not come';
is verdicts("${post}Transfer-Encoding: chunked\r\n\r\n5\r\n{\"con", 1), '408 request_timeout', 'chunks that do not come';
like verdicts('GET /api/v1/health?' . 'x' x 8200 . " HTTP/1.1\r\nHost: x\r\n\r\n", 1), qr/\A414/, 'a line of 8 KiB';
like verdicts("${get}X-Long: " . 'x' x 8200 . "\r\n\r\n", 1), qr/\A400/, 'a header of 8 KiB';
like verdicts($get . join('', map {"X-$_: 1\r\n"} 1 .. 120) . "\r\n", 1), qr/\A400/, '120 headers';
is verdicts('GET /api/v1/messages?' . join('&', map {"x$_=1"} 1 .. 1000) . " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $token\r\n\r\n", 1), '200', 'a thousand unknown parameters';

# Expect: the body is asked for only where it will be read.
{
    my $wire = FlixIM::Test::Wire->new($api->httpd->port);
    $wire->send("${post}Expect: 100-continue\r\nContent-Length: $length\r\n\r\n");
    is $wire->answer(interim => 1)->status, 100, 'Expect: go on';
    $wire->send($body . $get . "\r\n");
    is $wire->answer->status, 201, 'and it is taken';
    is $wire->answer->status, 200, 'and so is the next request';
}
for my $case (
    [ 'no token', "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: $length\r\n", '401 unauthorized' ],
    [ 'a bad JWT', "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x.y.z\r\nContent-Type: application/json\r\nContent-Length: $length\r\n", '401 invalid_token' ],
    [ 'no such path', "POST /api/v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: $length\r\n", '404 not_found' ],
    [ 'no such method', "PUT /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: $length\r\n", '405 method_not_allowed' ],
    [ 'the wrong type', "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $token\r\nContent-Type: text/plain\r\nContent-Length: $length\r\n", '415 unsupported_media_type' ],
    [ 'too much', "${post}Content-Length: 262145\r\n", '413 payload_too_large' ],
  ) {
    my ($name, $head, $verdict) = @$case;
    my $wire = FlixIM::Test::Wire->new($api->httpd->port);
    $wire->send("${head}Expect: 100-continue\r\n\r\n");
    is $wire->answer(interim => 1)->verdict, $verdict, "Expect, $name: refused before the body is sent";
    # The client now either closes, or sends the body nevertheless; if it is read at all, then as that.
    $wire->send($name eq 'too much' ? '' : $second . 'x' x ($length - $smuggled) . $get . "\r\n") if $length >= $smuggled;
    my $next = $name eq 'too much' ? undef : $wire->answer;
    ok !$next || $next->status == 200, "Expect, $name: a body that comes nevertheless is no request";
}
like verdicts("${post}Expect: teapot\r\nContent-Length: $length\r\n\r\n$body", 1), qr/\A417 expectation_failed\z/, 'another expectation';

# Methods.
my %allow;
push @{ $allow{ $_->{path} } }, $_->{method} for operations();
for my $path (sort keys %allow) {
    my $target = $path =~ s/\{\w+\}/$bob/r;
    my %has = map { $_ => 1 } @{ $allow{$path} }, 'OPTIONS', (grep { $_ eq 'GET' } @{ $allow{$path} }) ? 'HEAD' : ();
    for my $method (qw(GET HEAD POST PUT DELETE PATCH TRACE CONNECT LOCK get FLIX)) {
        next if $has{$method};
        my $answer = $api->call('alice', $method => $target, headers => [ 'X-HTTP-Method-Override' => 'GET' ], unchecked => scalar $method =~ /TRACE|CONNECT/);
        is $answer->status, $method eq 'CONNECT' ? 400 : 405, "$method $path: there is none";
        next if $method =~ /TRACE|CONNECT/;
        is join(' ', sort split /, /, $answer->header('Allow')), join(' ', sort keys %has), "$method $path: but these";
    }
    my $options = $api->call(undef, OPTIONS => $target);
    is $options->status, 204, "OPTIONS $path";
    is join(' ', sort split /, /, $options->header('Allow') // ''), join(' ', sort keys %has), "OPTIONS $path: its methods";
}
for my $path ('/messages', '/messages/' . $api->uuid, '/messages/unread_count', '/health', '/nothing', '/messages?limit=x') {
    my ($with, $without) = map { $api->call('alice', $_ => $path) } qw(GET HEAD);
    is $without->look, $with->look =~ s/\n\n.*/\n\n/sr =~ s/\n\n\z/\n\n/r, "HEAD $path: what GET says, without the body";
}

# What is answered for one path is never that of another.
my @paths = (
    [ '/messages/unread_count/' => 404 ], [ '/messages/' => 404 ], [ '//messages' => 200 ], [ '/./messages' => 200 ], [ '/messages/../messages' => 200 ], [ '/messages/%2e%2e/health' => 200 ],
    [ '/messages/..%2fhealth' => 404 ], [ '/messages;x=y' => 404 ], [ '/Messages' => 404 ], [ '/messages%00' => 404 ], [ '/messages%20' => 404 ], [ '/messages%0d%0aX-Evil:1' => 404 ],
    [ '/%6dessages' => 200 ], [ '/messages/sync/read' => 405 ], [ '/messages/read_all/x' => 404 ],
);
for my $case (@paths) {
    my $answer = $api->call('alice', GET => $case->[0], unchecked => 1);
    is $answer->status, $case->[1], "GET $case->[0]: $case->[1]";
    like $answer->header('Content-Type'), qr/^application\/json/, "GET $case->[0]: in JSON";
    is $answer->header('X-Evil'), undef, "GET $case->[0]: with our headers alone";
}
$api->finish;
done_testing;
