# SPDX-License-Identifier: Apache-2.0
# Texts in UTF-8 and what only looks like it (RFC 3629), cut in every place: a text is refused at its first wrong byte.
package FlixIM::Test::Utf8Cases;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

use FlixIM::Test::WebSocket qw(frame);

our @EXPORT_OK = qw(utf8_cases);

my ($continuation, $text, $binary, $ping, $pong) = (0, 1, 2, 9, 10);

# The first and last of each length, and their neighbours.
my @good = map { pack 'H*', $_ } qw(
    00 01 7f c280 c281 dfbf e0a080 e0a081 e0bfbf e18080 ecbfbf ed8080 ed9fbf ee8080 eebfbf ef8080 efbfbd efbfbe efbfbf efb790
    f0908080 f0908081 f09fbfbe f09fbfbf f0bfbfbf f1808080 f3bfbfbf f4808080 f48fbfbe f48fbfbf efbbbf
    cebae1bdb9cf83cebcceb5 e4bda0e5a5bd f09f9880f09f9880
);

# [ bytes that could still become something, the byte that cannot follow them ]
my @bad = map { [ map { pack 'H*', $_ eq '-' ? '' : $_ } split /[+]/ ] } qw(
    -+80 -+bf -+c0 -+c1 -+f5 -+f6 -+f7 -+f8 -+fb -+fc -+fd -+fe -+ff
    c2+00 c2+7f c2+c0 c2+c2 c2+ff df+20 e0+80 e0+9f e0+c0 e0+20 e0a0+00 e0a0+7f e0a0+c0 e1+7f e1+c0 e180+20 e180+c0 e180+e1
    ec+7f ecbf+c0 ed+a0 ed+bf ed+9fff ed9f+7f ed9f+c0 ee+7f ee80+20 efbf+c0 ef+c0
    f0+80 f0+8f f0+c0 f0+7f f090+7f f090+c0 f09080+7f f09080+c0 f1+7f f180+00 f18080+ff f3+c0 f4+90 f4+bf f4+c0 f48f+7f f48fbf+c0 f48fbf+20
    cebae1bdb9cf83cebcceb5+eda080 61626364+ff e282ac+ff f09f9880+80 c3a4+bf
);

# What is left of a character at the end of a text.
my @cut = map { pack 'H*', $_ } qw(c2 df e0 e0a0 e1 e180 ed ed9f ef efbf f0 f090 f09080 f1 f18080 f4 f48f f48fbf 6162c3 e282ace282);

sub utf8_cases {
    return (_good(), _bad(), _cut(), _others());
}

sub _hex { return unpack 'H*', $_[0] }

sub _good {
    my @cases;
    for my $good (@good) {
        my $name = _hex($good);
        push @cases, [ $name, [ frame($text, $good) ], [ [ $text, $good ] ] ];
        push @cases, [ "$name between others", [ frame($text, "a${good}z") ], [ [ $text, "a${good}z" ] ] ];
        next if length $good < 2;
        # Cut everywhere, with a ping in the gap: what is well-formed so far goes on.
        for my $at (1 .. length($good) - 1) {
            my ($first, $rest) = (substr($good, 0, $at), substr $good, $at);
            push @cases, [
                "$name, cut after $at",
                [ frame($text, $first, fin => 0), frame($ping, 'p'), frame($continuation, $rest) ], [ [ $pong, 'p' ], [ $text, $good ] ]
            ];
        }
    }
    return @cases;
}

sub _bad {
    my @cases;
    for my $bad (@bad) {
        my ($start, $wrong) = @$bad;
        my $name = _hex($start) . '|' . _hex($wrong);
        my $both = $start . $wrong;
        push @cases, (
            [ $name, [ frame($text, 'before'), frame($text, $both) ], [ [ $text, 'before' ] ], 1007 ],
            [ "$name in the middle", [ frame($text, "a${both}z") ], [], 1007 ],
            [ "$name in a message without an end", [ frame($text, "a$both", fin => 0) ], [], 1007, partial => 1 ],
            [ "$name in a frame without an end", [ _unfinished($both) ], [], 1007, partial => 1 ],
            [ "$name, the wrong byte in a frame of its own", [ frame($text, $start, fin => 0), frame($ping, 'p'), frame($continuation, $wrong, fin => 0) ], [ [ $pong, 'p' ] ], 1007, partial => 1 ],
            [ "$name is no matter in a binary", [ frame($binary, $both) ], [ [ $binary, $both ] ] ],
        );
    }
    return @cases;
}

# A frame of which more is announced than there is: only who looks at each byte sees what is wrong.
sub _unfinished {
    my ($payload) = @_;
    return frame($text, $payload, length => 100);
}

sub _cut {
    my @cases;
    for my $cut (@cut) {
        my $name = _hex($cut);
        push @cases, (
            [ "$name at the end", [ frame($text, 'before'), frame($text, $cut) ], [ [ $text, 'before' ] ], 1007 ],
            [ "$name at the end of the last fragment", [ frame($text, 'a', fin => 0), frame($continuation, $cut) ], [], 1007 ],
            [ "$name and an empty last fragment", [ frame($text, $cut, fin => 0), frame($continuation, '') ], [], 1007 ],
            [ "$name, so far", [ frame($text, $cut, fin => 0), frame($ping, 'p') ], [ [ $pong, 'p' ] ] ],
            [ "$name does not reach into the next message", [ frame($text, $cut), frame($text, "\x80") ], [], 1007 ],
            [ "$name at the end of a binary", [ frame($binary, $cut) ], [ [ $binary, $cut ] ] ],
        );
    }
    return @cases;
}

sub _others {
    my $long = "\xe2\x82\xac" x 30_000;
    return (
        [ '90,000 bytes', [ frame($text, $long) ], [ [ $text, $long ] ] ],
        [ '90,000 bytes and a wrong one', [ frame($text, "$long\xff") ], [], 1007 ],
        [ '90,000 bytes cut off', [ frame($text, "$long\xe2\x82") ], [], 1007 ],
        [ 'a wrong byte before 90,000 of which some are there', [ frame($text, "\xff" . substr($long, 0, 999), length => 90_001) ], [], 1007, partial => 1 ],
        [ 'a wrong byte in a continuation of a binary', [ frame($binary, 'a', fin => 0), frame($continuation, "\xff\xfe") ], [ [ $binary, "a\xff\xfe" ] ] ],
        [ 'a binary, then a wrong text', [ frame($binary, "\xff"), frame($text, "\xff") ], [ [ $binary, "\xff" ] ], 1007 ],
        [ 'a text after a binary that was cut', [ frame($binary, "\xe2"), frame($text, 'a') ], [ [ $binary, "\xe2" ], [ $text, 'a' ] ] ],
        [ 'a ping of wrong bytes inside a text', [ frame($text, "\xe2", fin => 0), frame($ping, "\xff"), frame($continuation, "\x82\xac") ], [ [ $pong, "\xff" ], [ $text, "\xe2\x82\xac" ] ] ],
    );
}

1;
