# SPDX-License-Identifier: Apache-2.0
# What a server that echoes must do with frames, right ones and wrong ones (RFC 6455). Groups as the Autobahn suite has them,
# in our own words; see FlixIM::Test::Conformance for how they are run.
package FlixIM::Test::WebSocketCases;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

use FlixIM::Test::Utf8Cases  qw(utf8_cases);
use FlixIM::Test::WebSocket qw(frame close_frame);

our @EXPORT_OK = qw(frame_cases limit_cases);

my ($continuation, $text, $binary, $close, $ping, $pong) = (0, 1, 2, 8, 9, 10);
my @kind = ('continuation', 'text', 'binary', 3 .. 7, 'close', 'ping', 'pong', 11 .. 15);

# All of them, in the order of the groups.
sub frame_cases {
    srand 1;    # for the masks: the same each time
    return map { _group($_->[0], $_->[1]->()) } (
        [ echo          => \&_echoes ],
        [ control       => \&_pings ],
        [ reserved      => \&_reserved_bits ],
        [ opcode        => \&_opcodes ],
        [ fragments     => \&_fragments ],
        [ 'fragment order' => \&_fragments_out_of_order ],
        [ UTF8          => \&utf8_cases ],
        [ close         => \&_closes ],
        [ 'close code'  => \&_close_codes ],
        [ mask          => \&_masks ],
        [ length        => \&_lengths ],
        [ size          => \&_sizes ],
    );
}

# Gives each case of a group its whole name and form. As written here, a case is [ name, frames, what comes back, code ]:
# with a code the server closes by itself, with "ends" the frames end in a close frame, whose answer is 1000.
sub _group {
    my ($group, @cases) = @_;
    return map {
        my ($name, $send, $want, $code, %more) = @$_;
        my $ends = ($code // '') eq 'ends';
        {   name => "$group: $name", send => $send, want => $want, code => !defined $code || $ends ? 1000 : $code,
            fault => defined $code, %more,
        }
    } @cases;
}

# Eight bits that say something in every position, and characters of all lengths.
sub _bytes { my ($n) = @_; return substr pack('C*', map { $_ * 37 % 251 } 0 .. 250) x ($n / 251 + 1), 0, $n }

sub _characters {
    my ($n) = @_;
    my $some = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";    # 1, 2, 3 and 4 bytes
    my $whole = $some x ($n / 10);
    return $whole . 'x' x ($n - length $whole);
}

sub _echoes {
    my @cases;
    for my $size (0, 1, 2, 3, 4, 5, 124 .. 129, 1000, 4096, 32767, 32768, 65534 .. 65537, 131072, 300_000) {
        my ($characters, $bytes) = (_characters($size), _bytes($size));
        push @cases, [ "text of $size bytes", [ frame($text, $characters) ], [ [ $text, $characters ] ] ];
        push @cases, [ "binary of $size bytes", [ frame($binary, $bytes) ], [ [ $binary, $bytes ] ] ];
    }
    my @many = map {"message $_"} 1 .. 100;
    push @cases, [ '100 messages', [ map { frame($text, $_) } @many ], [ map { [ $text, $_ ] } @many ] ];
    my @mixed = map { [ $_ % 2 ? $text : $binary, 'x' x ($_ * $_ * 7 % 1000) ] } 1 .. 40;
    push @cases, [ 'messages of both kinds and all sizes', [ map { frame(@$_) } @mixed ], \@mixed ];
    push @cases, [ 'texts of nothing', [ map { frame($text, '') } 1 .. 10 ], [ map { [ $text, '' ] } 1 .. 10 ] ];
    push @cases, [ 'a NUL is a character', [ frame($text, "a\0b") ], [ [ $text, "a\0b" ] ] ];
    push @cases, [ 'nothing at all', [], [] ];
    return @cases;
}

sub _pings {
    my @ten = map {"payload $_"} 1 .. 10;
    my $full = _bytes(125);
    return (
        [ 'ping without a payload', [ frame($ping, '') ], [ [ $pong, '' ] ] ],
        [ 'ping with a payload', [ frame($ping, 'hello') ], [ [ $pong, 'hello' ] ] ],
        [ 'ping of bytes that are no text', [ frame($ping, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff") ], [ [ $pong, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff" ] ] ],
        [ 'ping of one byte', [ frame($ping, 'x') ], [ [ $pong, 'x' ] ] ],
        [ 'ping of 124 bytes', [ frame($ping, _bytes(124)) ], [ [ $pong, _bytes(124) ] ] ],
        [ 'ping of 125 bytes', [ frame($ping, $full) ], [ [ $pong, $full ] ] ],
        [ 'ten pings, answered in order', [ map { frame($ping, $_) } @ten ], [ map { [ $pong, $_ ] } @ten ] ],
        [ 'pings and texts in turn', [ map { frame($ping, $_), frame($text, $_) } @ten ], [ map { [ $pong, $_ ], [ $text, $_ ] } @ten ] ],
        [ 'a pong that nobody asked for', [ frame($pong, ''), frame($ping, 'p') ], [ [ $pong, 'p' ] ] ],
        [ 'a pong with a payload', [ frame($pong, 'unasked'), frame($ping, 'p') ], [ [ $pong, 'p' ] ] ],
        [ 'a pong of 125 bytes', [ frame($pong, $full), frame($text, 't') ], [ [ $text, 't' ] ] ],
        [ 'ten pongs', [ (map { frame($pong, $_) } @ten), frame($text, 't') ], [ [ $text, 't' ] ] ],
        [ 'a ping behind a text', [ frame($text, 't'), frame($ping, 'p') ], [ [ $text, 't' ], [ $pong, 'p' ] ] ],
        (map {
            my $opcode = $_;
            map { _fault("$kind[$opcode] of $_ bytes", frame($opcode, _bytes($_)), 1002) } 126, 127, 1000, 65536
        } $ping, $pong),
        (map { _fault("$kind[$_] with a 16 bit length of 5", frame($_, 'hello', wide => 16), 1002) } $ping, $pong, $close),
        (map { _fault("$kind[$_] with a 64 bit length of 5", frame($_, 'hello', wide => 64), 1002) } $ping, $pong, $close),
        (map { _fault("$kind[$_] that claims 2**40 bytes", frame($_, 'hello', length => 2**40), 1002) } $ping, $pong, $close),
        (map { [ "$kind[$_] whose length alone is wrong", [ frame($_, '', length => 126) ], [], 1002, partial => 1 ] } $ping, $pong, $close),
    );
}

# A fault behind a message, whose echo comes before the close frame does.
sub _fault {
    my ($name, $bytes, $code) = @_;
    return [ $name, [ frame($text, 'before'), $bytes ], [ [ $text, 'before' ] ], $code ];
}

sub _reserved_bits {
    my @cases;
    for my $rsv (1 .. 7) {
        for my $opcode ($text, $binary, $ping, $pong) {
            push @cases, _fault("bits $rsv in a $kind[$opcode]", frame($opcode, 'hello', rsv => $rsv), 1002);
        }
        push @cases, _fault("bits $rsv in a close frame", close_frame(1000, '', rsv => $rsv), 1002);
        push @cases, [ "bits $rsv in a continuation", [ frame($text, 'a', fin => 0), frame($continuation, 'b', rsv => $rsv) ], [], 1002 ];
        push @cases, [ "bits $rsv in an empty text", [ frame($text, '', rsv => $rsv) ], [], 1002 ];
        push @cases, [ "bits $rsv in a first fragment", [ frame($text, 'a', rsv => $rsv, fin => 0), frame($continuation, 'b') ], [], 1002 ];
    }
    push @cases, [ 'bits in a head whose payload is not there', [ frame($text, '', rsv => 4, length => 100) ], [], 1002, partial => 1 ];
    return @cases;
}

sub _opcodes {
    my @cases;
    for my $opcode (3 .. 7, 11 .. 15) {
        push @cases, [ "$opcode without a payload", [ frame($opcode, '') ], [], 1002 ];
        push @cases, _fault("$opcode with a payload", frame($opcode, 'hello'), 1002);
        push @cases, _fault("$opcode as a fragment", frame($opcode, 'hello', fin => 0), 1002);
        push @cases, [ "$opcode inside a message", [ frame($text, 'a', fin => 0), frame($opcode, 'b'), frame($continuation, 'c') ], [], 1002 ];
        push @cases, [ "$opcode whose payload is not there", [ frame($opcode, '', length => 70_000) ], [], 1002, partial => 1 ];
    }
    return @cases;
}

# A message cut into fragments at each of the places.
sub _cut {
    my ($opcode, @parts) = @_;
    return map { frame($_ ? $continuation : $opcode, $parts[$_], fin => $_ == $#parts) } 0 .. $#parts;
}

sub _fragments {
    my @cases;
    for my $opcode ($text, $binary) {
        my $kind = $kind[$opcode];
        push @cases, (
            [ "$kind in two", [ _cut($opcode, 'one', 'two') ], [ [ $opcode, 'onetwo' ] ] ],
            [ "$kind in three", [ _cut($opcode, 'one', 'two', 'three') ], [ [ $opcode, 'onetwothree' ] ] ],
            [ "$kind, first fragment empty", [ _cut($opcode, '', 'two') ], [ [ $opcode, 'two' ] ] ],
            [ "$kind, last fragment empty", [ _cut($opcode, 'one', '') ], [ [ $opcode, 'one' ] ] ],
            [ "$kind, middle fragment empty", [ _cut($opcode, 'one', '', 'three') ], [ [ $opcode, 'onethree' ] ] ],
            [ "$kind, all fragments empty", [ _cut($opcode, '', '', '') ], [ [ $opcode, '' ] ] ],
            [ "$kind in fragments of a byte", [ _cut($opcode, split //, _characters(60)) ], [ [ $opcode, _characters(60) ] ] ],
            [ "$kind in a hundred", [ _cut($opcode, map {"part $_"} 1 .. 100) ], [ [ $opcode, join '', map {"part $_"} 1 .. 100 ] ] ],
            [ "$kind, two messages in fragments", [ _cut($opcode, 'a', 'b'), _cut($opcode, 'c', 'd') ], [ [ $opcode, 'ab' ], [ $opcode, 'cd' ] ] ],
            [ "$kind, in fragments and whole", [ _cut($opcode, 'a', 'b'), frame($opcode, 'c') ], [ [ $opcode, 'ab' ], [ $opcode, 'c' ] ] ],
        );
        my ($first, @rest) = _cut($opcode, 'one', 'two', 'three');
        push @cases, (
            [ "$kind with a ping in between", [ $first, frame($ping, 'p'), @rest ], [ [ $pong, 'p' ], [ $opcode, 'onetwothree' ] ] ],
            [ "$kind with an empty ping in between", [ $first, frame($ping, ''), @rest ], [ [ $pong, '' ], [ $opcode, 'onetwothree' ] ] ],
            [ "$kind with a ping of 125 bytes in between", [ $first, frame($ping, _bytes(125)), @rest ], [ [ $pong, _bytes(125) ], [ $opcode, 'onetwothree' ] ] ],
            [ "$kind with pings everywhere", [ $first, map { (frame($ping, 'p'), $_, frame($ping, 'q')) } @rest ],
                [ [ $pong, 'p' ], [ $pong, 'q' ], [ $pong, 'p' ], [ $opcode, 'onetwothree' ], [ $pong, 'q' ] ] ],
            [ "$kind with a pong in between", [ $first, frame($pong, 'p'), @rest ], [ [ $opcode, 'onetwothree' ] ] ],
            [ "$kind that a close frame cuts off", [ $first, close_frame(1001) ], [], 'ends' ],
            [ "$kind with a ping and a close frame in between", [ $first, frame($ping, 'p'), close_frame(1001) ], [ [ $pong, 'p' ] ], 'ends' ],
        );
    }
    return @cases;
}

sub _fragments_out_of_order {
    my @cases;
    for my $fin (0, 1) {
        for my $payload ('', 'hello') {
            my $what = ($fin ? 'last ' : '') . (length $payload ? 'continuation' : 'empty continuation');
            push @cases, (
                [ "$what that continues nothing", [ frame($continuation, $payload, fin => $fin) ], [], 1002 ],
                _fault("$what behind a whole message", frame($continuation, $payload, fin => $fin), 1002),
                [ "$what behind a message in fragments", [ _cut($text, 'a', 'b'), frame($continuation, $payload, fin => $fin) ], [ [ $text, 'ab' ] ], 1002 ],
                [ "$what behind a ping", [ frame($ping, 'p'), frame($continuation, $payload, fin => $fin) ], [ [ $pong, 'p' ] ], 1002 ],
            );
        }
    }
    for my $outer ($text, $binary) {
        for my $inner ($text, $binary) {
            for my $fin (0, 1) {
                push @cases, [ "$kind[$inner] (fin $fin) inside a $kind[$outer]", [ frame($outer, 'a', fin => 0), frame($inner, 'b', fin => $fin) ], [], 1002 ];
            }
            push @cases, [ "an empty $kind[$inner] inside an empty $kind[$outer]", [ frame($outer, '', fin => 0), frame($inner, '') ], [], 1002 ];
        }
    }
    for my $opcode ($ping, $pong, $close) {
        push @cases, _fault("a fragment of a $kind[$opcode]", frame($opcode, $opcode == $close ? pack 'n', 1000 : 'p', fin => 0), 1002);
        push @cases, _fault("an empty fragment of a $kind[$opcode]", frame($opcode, '', fin => 0), 1002);
        push @cases, [ "a fragment of a $kind[$opcode] inside a message", [ frame($text, 'a', fin => 0), frame($opcode, '', fin => 0) ], [], 1002 ];
        push @cases, [ "a $kind[$opcode] in two", [ frame($opcode, 'a', fin => 0), frame($continuation, 'b') ], [], 1002 ];
    }
    return @cases;
}

sub _closes {
    my $reason = _characters(120) . 'abc';
    my @behind = (
        [ 'a text' => frame($text, 'late') ], [ 'a ping' => frame($ping, 'late') ], [ 'another close frame' => close_frame(1002) ],
        [ 'a fragment' => frame($text, 'late', fin => 0) ], [ 'an unknown opcode' => frame(3, 'late') ], [ 'an unmasked text' => frame($text, 'late', mask => undef) ],
        [ 'half a frame' => substr(frame($text, 'late'), 0, 3) ], [ 'noise' => "\xff" x 1000 ], [ '200 kB' => frame($binary, _bytes(200_000)) ],
    );
    return (
        [ 'empty', [ close_frame(undef) ], [], 'ends' ],
        [ 'with a code', [ close_frame(1000) ], [], 'ends' ],
        [ 'with a reason', [ close_frame(1000, 'good bye') ], [], 'ends' ],
        [ 'with a reason of 123 bytes', [ close_frame(1000, $reason) ], [], 'ends' ],
        [ 'behind a message', [ frame($text, 'before'), close_frame(1000) ], [ [ $text, 'before' ] ], 'ends' ],
        [ 'behind a large message', [ frame($binary, _bytes(200_000)), close_frame(1000) ], [ [ $binary, _bytes(200_000) ] ], 'ends' ],
        [ 'behind a ping', [ frame($ping, 'p'), close_frame(1000) ], [ [ $pong, 'p' ] ], 'ends' ],
        _fault('with a reason of 124 bytes', close_frame(1000, "${reason}d"), 1002),
        _fault('of one byte', frame($close, "\x03"), 1002),
        _fault('unmasked', close_frame(1000, '', mask => undef), 1002),
        _fault('unmasked and empty', close_frame(undef, '', mask => undef), 1002),
        (map { [ "a reason with a bad character ($_->[0])", [ close_frame(1000, $_->[1]) ], [], 1007 ] } (
            [ 'a lone continuation' => "\x80" ], [ 'cut off' => "abc\xe2\x82" ], [ 'a surrogate' => "a\xed\xa0\x80b" ],
            [ 'overlong' => "\xc0\xaf" ], [ 'above U+10FFFF' => "\xf4\x90\x80\x80" ], [ 'the byte ff' => "good\xffbye" ],
        )),
        (map { [ "$_->[0] behind it is ignored", [ close_frame(1000), $_->[1] ], [], 'ends', partial => 1 ] } @behind),
    );
}

sub _close_codes {
    my @good = (1000 .. 1003, 1007 .. 1014, 3000, 3001, 3999, 4000, 4001, 4999);
    my @bad  = (0, 1, 499, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 5001, 32768, 65535);
    return (
        (map { [ $_, [ close_frame($_) ], [], 'ends' ], [ "$_ with a reason", [ close_frame($_, "\xe2\x82\xac") ], [], 'ends' ] } @good),
        (map { [ $_, [ close_frame($_) ], [], 1002 ], _fault("$_ with a reason", close_frame($_, 'why'), 1002) } @bad),
    );
}

sub _masks {
    my @cases;
    for my $mask ("\0\0\0\0", "\xff\xff\xff\xff", "\x01\x02\x04\x08", "\0\0\0\x80", "\x80\0\0\0") {
        my $name = unpack 'H*', $mask;
        push @cases, [ "$name, messages of 0 to 40 bytes", [ map { frame($binary, _bytes($_), mask => $mask) } 0 .. 40 ], [ map { [ $binary, _bytes($_) ] } 0 .. 40 ] ];
    }
    my $message = _bytes(70_001);
    push @cases, [ 'a large message', [ frame($binary, $message, mask => "\x12\x34\x56\x78") ], [ [ $binary, $message ] ] ];
    push @cases, [ 'each fragment has its own', [ frame($binary, 'abcde', fin => 0, mask => '1234'), frame($continuation, 'fghij', mask => 'wxyz') ], [ [ $binary, 'abcdefghij' ] ] ];
    for my $opcode ($text, $binary, $ping, $pong) {
        push @cases, _fault("none, $kind[$opcode]", frame($opcode, 'hello', mask => undef), 1002);
        push @cases, [ "none, empty $kind[$opcode]", [ frame($opcode, '', mask => undef) ], [], 1002 ];
    }
    push @cases, [ 'none, continuation', [ frame($text, 'a', fin => 0), frame($continuation, 'b', mask => undef) ], [], 1002 ];
    push @cases, [ 'none, ping inside a message', [ frame($text, 'a', fin => 0), frame($ping, 'b', mask => undef) ], [], 1002 ];
    push @cases, [ 'none, 70,000 bytes', [ frame($text, 'a' x 70_000, mask => undef) ], [], 1002 ];
    push @cases, [ 'none, payload not there', [ frame($text, '', length => 100, mask => undef) ], [], 1002, partial => 1 ];
    return @cases;
}

sub _lengths {
    my @short = ([ 0, 16 ], [ 5, 16 ], [ 125, 16 ], [ 0, 64 ], [ 5, 64 ], [ 125, 64 ], [ 126, 64 ], [ 1000, 64 ], [ 65535, 64 ]);
    my @cases = map {
        my ($length, $wide) = @$_;
        _fault("$length in $wide bits", frame($text, 'x' x $length, wide => $wide), 1002),
            [ "$length in $wide bits, in a continuation", [ frame($text, 'a', fin => 0), frame($continuation, 'x' x $length, wide => $wide) ], [], 1002 ],
    } @short;
    for my $length ('8000000000000000', '8000000000000001', 'ffffffffffffffff', '8000000000000005') {
        for my $opcode ($text, $binary) {
            my $bytes = pack('CC', 0x80 | $opcode, 0xff) . pack('H*', $length) . 'mask' . 'hello';
            push @cases, _fault("$length of a $kind[$opcode]", $bytes, 1002);
        }
    }
    push @cases, [ "126 in 16 bits", [ frame($text, 'x' x 126, wide => 16) ], [ [ $text, 'x' x 126 ] ] ];
    push @cases, [ "65536 in 64 bits", [ frame($text, 'x' x 65536, wide => 64) ], [ [ $text, 'x' x 65536 ] ] ];
    for my $length (2**62, 2**63 - 1024, 2**40, 2**32, 2**32 + 5) {
        my $bytes = pack('CCQ>', 0x82, 0xff, $length) . 'mask';
        push @cases, [ "$length of a binary, of which nothing is there", [ frame($text, 'before'), $bytes ], [ [ $text, 'before' ] ], 1009, partial => 1 ];
        push @cases, [ "$length of a text", [ pack('CCQ>', 0x81, 0xff, $length) . 'mask' . 'x' x 100 ], [], 1009 ];
    }
    return @cases;
}

sub _sizes {
    my @cases;
    for my $piece (64, 256, 1000, 1024, 4096, 65535, 65536) {
        for my $opcode ($text, $binary) {
            my $message = $opcode == $text ? _characters(140_000) : _bytes(140_000);
            push @cases, [ "140,000 bytes of $kind[$opcode] in fragments of $piece", [ _cut($opcode, unpack "(a$piece)*", $message) ], [ [ $opcode, $message ] ] ];
        }
    }
    push @cases, [ 'a message of a million bytes', [ frame($binary, _bytes(1_000_000)) ], [ [ $binary, _bytes(1_000_000) ] ] ];
    push @cases, [ 'a thousand messages', [ map { frame($text, $_) } 1 .. 1000 ], [ map { [ $text, $_ ] } 1 .. 1000 ] ];
    return @cases;
}

# At the limits of a server: bytes of a message, and of a frame; frames of a message.
sub limit_cases {
    my (%limit) = @_;
    my ($size, $count) = @limit{qw(frame_size fragments)};
    my $half = int $size / 2;
    my $largest = _bytes($size);
    return _group(
        limit => (
            [ 'a message of the largest size', [ frame($binary, $largest) ], [ [ $binary, $largest ] ] ],
            [ 'a text of the largest size', [ frame($text, _characters($size)) ], [ [ $text, _characters($size) ] ] ],
            _fault('a byte more', frame($binary, "${largest}x"), 1009),
            [ 'a byte more, of which nothing is there', [ frame($text, '', length => $size + 1) ], [], 1009, partial => 1 ],
            [ 'two fragments of the largest size together', [ _cut($binary, substr($largest, 0, $half), substr $largest, $half) ], [ [ $binary, $largest ] ] ],
            [ 'and one byte more', [ _cut($binary, substr($largest, 0, $half), substr($largest, $half) . 'x') ], [], 1009 ],
            [ 'and one byte more, of which nothing is there', [ frame($binary, substr($largest, 0, $half), fin => 0), frame($continuation, '', length => $size - $half + 1) ], [], 1009, partial => 1 ],
            [ 'and one byte more in a frame of its own', [ frame($binary, $largest, fin => 0), frame($continuation, 'x', fin => 0) ], [], 1009 ],
            [ 'nothing more in a frame of its own', [ _cut($binary, $largest, '') ], [ [ $binary, $largest ] ] ],
            [ 'one message does not count for the next', [ map { frame($binary, $largest) } 1 .. 3 ], [ map { [ $binary, $largest ] } 1 .. 3 ] ],
            [ 'nor fragments', [ map { _cut($binary, substr($largest, 0, $half), substr $largest, $half) } 1 .. 3 ], [ map { [ $binary, $largest ] } 1 .. 3 ] ],
            [ 'nor do pings', [ frame($binary, substr($largest, 0, $half), fin => 0), frame($ping, 'p'), frame($continuation, substr $largest, $half) ], [ [ $pong, 'p' ], [ $binary, $largest ] ] ],
            [ 'a large ping inside a message of nearly the largest size',
                [ frame($binary, substr($largest, 0, $size - 10), fin => 0), frame($ping, _bytes(125)), frame($continuation, substr $largest, $size - 10) ],
                [ [ $pong, _bytes(125) ], [ $binary, $largest ] ] ],
            [ 'as many fragments as there may be', [ _cut($text, ('x') x $count) ], [ [ $text, 'x' x $count ] ] ],
            [ 'as many empty fragments', [ _cut($text, ('') x $count) ], [ [ $text, '' ] ] ],
            [ 'one fragment more', [ _cut($text, ('x') x ($count + 1)) ], [], 1009 ],
            [ 'one empty fragment more', [ _cut($text, ('') x ($count + 1)) ], [], 1009 ],
            [ 'fragments without an end', [ _cut($text, ('') x ($count + 5), 'x') ], [], 1009 ],
            [ 'as many fragments twice', [ (_cut($text, ('x') x $count)) x 2 ], [ ([ $text, 'x' x $count ]) x 2 ] ],
            [ 'pings are no fragments', [ map { frame($_, 'x', fin => 0), (frame($ping, 'p')) x 3 } $text, ($continuation) x ($count - 1) ], [ ([ $pong, 'p' ]) x (3 * $count) ] ],
        )
    );
}

1;
