# SPDX-License-Identifier: Apache-2.0
# Tables of hostile input: what no field, parameter, path or header may hold, and what only looks dangerous.
package FlixIM::Test::Hostile;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

our @EXPORT_OK = qw(%bad_member %bad_parameter @bad_json @bad_content @bad_path @bad_header @stored_as_it_is encoded);

my $uuid = '123e4567-e89b-12d3-a456-426614174000';

# Text for a URL, from bytes or characters.
sub encoded {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    return $text =~ s/([^A-Za-z0-9_.:-])/sprintf '%%%02X', ord $1/ger;
}

sub json_string {
    my ($text) = @_;
    return '"' . ($text =~ s/(["\\])/\\$1/gr =~ s/([\x00-\x1f])/sprintf '\\u%04x', ord $1/ger) . '"';
}

# Nothing for an interpreter of any kind.
my @interpreted = (q{' OR 1=1--}, q{'; DROP TABLE flixim.messages; --}, '$1', '%s%s%n', '\\', '{{7*7}}', '<script>', "a\r\nX-Evil: 1", "\e[31m");

# E6: what PostgreSQL reads as a UUID, and other near misses.
my @no_uuid = (
    '', 'x', 'null', "{$uuid}", $uuid =~ s/-//gr, '123e-4567-e89b-12d3-a456-4266-1417-4000', '123e4567e89b-12d3-a456-426614174000',
    substr($uuid, 1), "${uuid}0", " $uuid", "$uuid ", "$uuid\n", "urn:uuid:$uuid", $uuid =~ s/^1/g/r, "\xef\xbc\x91" . substr($uuid, 1),
    @interpreted,
);

# E7: what PostgreSQL reads as a time, and what is none.
my @no_time = (
    qw(infinity -infinity now epoch today tomorrow allballs 1744281000 2025-04-10 2025-W15-4),
    '2025-04-10T10:30:00', '2025-04-10 10:30:00Z', '2025-04-10T10:30Z', '2025-04-10T10:30:00.Z', 'Thu Apr 10 10:30:00 2025',
    '2025-04-10T24:00:00Z', '2025-04-10T10:30:60Z', '2025-04-10T10:60:00Z', '2025-02-30T10:30:00Z', '2025-13-01T10:30:00Z',
    '0000-01-01T00:00:00Z', '10000-01-01T00:00:00Z', '2025-04-10T10:30:00 BC', '2025-04-10T10:30:00 Europe/Berlin',
    '2025-04-10T10:30:00+24:00', '2025-04-10T10:30:00+0200', "2025-04-10T10:30:00Z\n", ' 2025-04-10T10:30:00Z',
    "\xef\xbc\x92025-04-10T10:30:00Z", @interpreted,
);

# By kind, JSON texts that a member of a body must not have.
my @no_string = (5, 'true', '[]', '{}', '["x"]');
our %bad_member = (
    uuid   => [ @no_string, map { json_string($_) } @no_uuid ],
    choice => [ @no_string, map { json_string($_) } '', 'x', 'TEXT', 'text ', "text\n", @interpreted ],
    time   => [ @no_string, map { json_string($_) } '', @no_time ],
    bool   => [ 0, 1, '"true"', '""', '[]', '{}' ],
    text   => [ 5, 'true', '[]', '{}', json_string('x' x 10001), json_string("\xf0\x9f\x98\x80" x 10001) ],
    object => [ 5, 'true', '[]', '"x"', '""', '[{}]' ],
    uuids  => [
        5, 'true', '{}', "\"$uuid\"", '[5]', '[null]', '[[]]', '["x"]', "[\"$uuid\",\"x\"]", "[\"{$uuid}\"]",
        '[' . join(',', (qq("$uuid")) x 1001) . ']',
    ],
    conversation_id => [ @no_string, map { json_string($_) } '', 'x', 'group:', 'group:x', 'private:x:y', "private:$uuid", "private:$uuid:$uuid:$uuid", "private:f$uuid:$uuid" =~ s/:f./:f/r,
        "system:$uuid", "system:other:$uuid", "other:$uuid", "group:$uuid:$uuid", "interaction:{$uuid}", 'a b', "private:\xc3\xa9", 'x' x 82, "group:$uuid\n", @interpreted ],
);

# By kind, texts that a query parameter must not have.
my @no_number = (
    '', '-1', '+1', ' 1', '1 ', '1e1', '1.0', '0x10', '1a', 'a1', 'NaN', 'many', "\xef\xbc\x91", '999999999999999999999999', @interpreted,
);
our %bad_parameter = (
    number => \@no_number,
    uuid   => \@no_uuid,
    choice => [ '', 'x', 'UNREAD', 'unread ', @interpreted ],
    time   => [ '', '0', @no_time ],
    cursor => \@no_time,
);

# Bodies that are not the JSON that is read here: row and what it is, and values of a member.
my %in_member = (
    'E1 a NUL'                => [ '"\u0000"', "\"\0\"", '"a\u0000b"', '{"\u0000":1}' ],
    'E2 half a pair'          => [ '"\ud800"', '"\udc00"', '"\ud800x"', '"\ud800\ud800"', '"\udc00\ud800"', '{"\ud800":1}' ],
    'E3 no UTF-8'             => [ map {"\"$_\""} "\xff", "\xc0\x80", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\xe2\x82" ],
    'E4 too deep'             => [ '[' x 32 . ']' x 32, '[' x 100_000, '{"a":' x 32 . '1' . '}' x 32 ],
    'E5 a number too long'    => [ '1e400000', '1e100000', '1e325', '1e-325', '1' x 41, '0.' . '1' x 40 ],
    'E5 no number'            => [ qw(NaN Infinity -Infinity 0x10 01 1. .5 +1 - 1e 1e+ --1 1_0) ],
    'E8 a key twice'          => [ '{"a":1,"a":2}', '{"a":1,"\u0061":2}', '{"__proto__":1,"__proto__":2}' ],
    'E8 no JSON'              => [ q{'x'}, 'undefined', 'True', 'nul', '[1,]', '{"a":1,}', '{a:1}', '{"a" 1}', '[1 2]', '/**/1', "1 //x\n", '' ],
    'E8 no string'            => [ "\"a\nb\"", "\"a\tb\"", '"\x41"', '"\u12g4"', '"' ],
    'E8 cut short or too long' => [ '{"a', '[', ']', '}', '1}' ],
);
my %whole = (
    'E3 a byte order mark'    => ["\xef\xbb\xbf{}"],
    'E3 UTF-16'               => [ "\xfe\xff\0{\0}", "{\0}\0" ],
    'E4 too much of it'       => [ '[' x 100_000, '{"a":' x 40_000, '{' . join(',', map {"\"k$_\":1"} 1 .. 513) . '}' ],
    'E8 a key twice'          => ['{"content":{},"content":{}}'],
    'E8 nothing'              => [ '', " \n" ],
    'E8 no object'            => [ '[]', '[{}]', 'null', '"{}"', '1', 'true' ],
    'E8 more than an object'  => [ '{}{}', '{} x', "{}\0", '{},', '{}]' ],
    'E8 something else'       => [ 'a=1&b=2', '<?xml version="1.0"?><a/>' ],
);
our @bad_json = (
    (map { my $what = $_; map { [ "$what " . substr($_, 0, 24), "{\"x\":$_}" ] } @{ $in_member{$what} } } sort keys %in_member),
    (map { my $what = $_; map { [ "$what " . substr($_, 0, 24), $_ ] } @{ $whole{$what} } } sort keys %whole),
);

# Contents that break a rule: content type, JSON, the field at fault.
my @no_urls = (
    'null', '[]', '"x"', '[5]', '[""]', '{}', '[' . join(',', ('"x"') x 10) . ']', '[' . join(',', ('"x"') x 10_000) . ']',
);
our @bad_content = (
    (map { [ text => "{\"text\":$_}", 'content.text' ] } '""', 'null', 5, '["x"]', '{"text":"x"}', '"' . 'x' x 10001 . '"'),
    [ text => '{}', 'content.text' ], [ text => '{"Text":"x"}', 'content.text' ],
    (map { [ image => "{\"image_urls\":$_}", 'content.image_urls' ] } @no_urls), [ image => '{}', 'content.image_urls' ],
    [ text => '{"text":"x","title":5}', 'content.title' ], [ text => '{"text":"x","deep_link":[]}', 'content.deep_link' ],
    [ system => '{"text":5}', 'content.text' ], [ system => '{"text":"' . 'x' x 10001 . '"}', 'content.text' ],
);

# Ids in a path, as they stand in the URL; the verdict, where httpd gives it before we do.
our @bad_path = (
    (map { [ encoded($_) ] } grep { length && !m{[/\\]} && !/[\r\n\e]/ } @no_uuid),
    (map { [ encoded($_) ] } "$uuid\n", "\e[31m", "a\r\nX-Evil: 1", "\xff", "\xc0\x80", '%', "\xe2\x80\xae"),
    ['a' x 4000], ['a' x 7000], ['..%3b'],
    [ 'a%2fb', '404 not_found' ], [ 'a%00b', '404 not_found' ], [ '%zz', '400 bad_request' ], [ '%', '400 bad_request' ],
);

# Headers of POST /messages: verdict, name, value, what else to say.
my @no_json_type = (
    'text/plain', 'text/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx',
    'application/problem+json', 'application', '/', 'json', '*/*', "application/json\xff",
);
our @bad_header = (
    (map { [ '415 unsupported_media_type', 'Content-Type' => $_, type => undef ] } @no_json_type),
    (map { [ '415 unsupported_media_type', 'Content-Encoding' => $_ ] } qw(gzip deflate br compress x-gzip), 'gzip, gzip'),
    (map { [ '422 invalid_fields Idempotency-Key', 'Idempotency-Key' => $_ ] } '', 'x' x 256),
);

our @stored_as_it_is = (
    @interpreted, 'javascript:alert(1)', '__proto__', ' ', 'null', '[]', '"quoted"', '/* */', "a\x{301}\n\n\tb",
    "\x{202e}\x{200d}\x{feff}", "\x{1f600}" x 3, "\x{fffd}\x{ffff}\x{10ffff}", 'x' x 5000, "\x{6d88}\x{606f}" x 2500,
);

1;
