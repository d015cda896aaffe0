# SPDX-License-Identifier: Apache-2.0
# Every kind of token that must not count: one a line, its name and how it is made.
package FlixIM::Test::BadTokens;

use strict;
use warnings FATAL => 'all';

use Exporter     qw(import);
use JSON::PP     ();
use MIME::Base64 qw(encode_base64url);

use FlixIM::Test::Jwt qw(jwt hs256 rs256 ps256 es256);

our @EXPORT_OK = qw(bad_tokens);

# Pairs of a name and a token. ME is a user's UUID, SECRET the server's; RSA and PSS are the RS256 and PS256 keys of its
# JWKS by the kids "rsa" and "pss", EC the ES256 key by "ec"; FOREIGN is an RSA key that it does not have.
sub bad_tokens {
    my %with = @_;
    my ($me, $secret, $rsa, $pss, $ec) = @with{qw(me secret rsa pss ec)};
    my $now  = time;
    my %good = (sub => $me, exp => $now + 3600);
    my $hs   = sub { my ($header, $payload) = @_; return jwt({ alg => 'HS256', %$header }, $payload // \%good, hs256($secret)) };
    my $says = sub { return $hs->({}, @_) };
    my $rs   = sub { my %header = @_; return jwt({ alg => 'RS256', kid => 'rsa', %header }, \%good, rs256($rsa)) };
    my $es   = sub { my ($sign) = @_; return jwt({ alg => 'ES256', kid => 'ec' }, \%good, $sign) };
    my ($head, $body, $mac) = split /\./, $hs->({});
    my $pem  = $rsa->export_key_pem('public_x509');
    return (
        # No token at all.
        'nothing'                  => '',
        'one character'            => 'x',
        'no such token'            => 'flx_' . '0' x 64,
        'not of the alphabet'      => 'a"b',
        'a NUL, encoded'           => 'a%00b',
        'SQL'                      => q{'OR'1'='1'--},
        'not ASCII'                => "\xc3\xa9\xff",
        'only padding'             => '==',
        'an inner padding'         => 'a=b',
        '4097 characters'          => 'x' x 4097,
        '7000 characters'          => 'x' x 7000,
        '7000 characters of a JWT' => "$head.$body." . 'x' x 6900,

        # What it says.
        'expired'              => $says->({ %good, exp => $now - 60 }),
        'not yet valid'        => $says->({ %good, nbf => $now + 90 }),
        'issued in the future' => $says->({ %good, iat => $now + 90 }),
        'no exp'               => $says->({ sub => $me }),
        'no sub'               => $says->({ exp => $now + 60 }),
        'sub no UUID'          => $says->({ %good, sub => 'alice' }),
        'sub in braces'        => $says->({ %good, sub => "{$me}" }),
        'sub a list'           => $says->({ %good, sub => [$me] }),
        (map { ("exp $_" => $says->(qq({"sub":"$me","exp":$_}))) }
            '"4102444800"', '1e308', '1e400', -1, 0, 'null', 'true', '[4102444800]', '99999999999999999999', '253402300800'),
        'sub twice' => $says->(qq({"sub":"$me","sub":"$me","exp":4102444800})),
        'exp twice' => $says->(qq({"sub":"$me","exp":1,"exp":4102444800})),
        'no JSON'   => $says->('{'),
        'no object' => $says->('[]'),
        'no UTF-8'  => $says->(qq({"sub":"$me","exp":4102444800,"x":"\xff"})),

        # How it is signed.
        'another secret'    => jwt({ alg => 'HS256' }, \%good, hs256('x' x 48)),
        'an empty secret'   => jwt({ alg => 'HS256' }, \%good, hs256('')),
        'a changed payload' => join('.', $head, encode_base64url(JSON::PP::encode_json({ %good, exp => $now + 7200 })), $mac),
        (map { ("alg $_" => jwt({ alg => $_ }, \%good, sub {''})) } qw(none None nOnE NONE)),
        (map { ("alg $_ with a MAC" => $hs->({ alg => $_ })) } qw(none HS384 HS512 hs256 RS256 ES256 dir)),
        'alg a list'                  => $hs->({ alg => ['HS256'] }),
        'alg twice'                   => jwt('{"alg":"HS256","alg":"HS256"}', \%good, hs256($secret)),
        'no alg'                      => jwt({ typ => 'JWT' }, \%good, hs256($secret)),
        'a public key as secret'      => jwt({ alg => 'HS256', kid => 'rsa' }, \%good, hs256($pem)),
        'the same without a kid'      => jwt({ alg => 'HS256' }, \%good, hs256($pem)),
        'the secret by a kid'         => $hs->({ kid => 'rsa' }),
        'RS256 by another key'        => jwt({ alg => 'RS256', kid => 'rsa' }, \%good, rs256($with{foreign})),
        'PS256 by the RS256 key'      => jwt({ alg => 'PS256', kid => 'rsa' }, \%good, ps256($rsa)),
        'RS256 by the PS256 key'      => jwt({ alg => 'RS256', kid => 'pss' }, \%good, rs256($pss)),
        'RS256 by the kid of another' => $rs->(kid => 'ec'),
        'ES256 of zeros'              => $es->(sub { "\0" x 64 }),
        'ES256 of nothing'            => $es->(sub {''}),
        'ES256 cut by one'            => $es->(sub { substr es256($ec)->($_[0]), 0, 63 }),
        'ES256 as DER'                => $es->(sub { $ec->sign_message($_[0], 'SHA256') }),
        (map { ("kid $_->[0]" => $rs->(kid => $_->[1])) }
            [ 'a path', '../../dev/null' ], [ 'SQL', q{' OR 1=1--} ], [ 'long', 'x' x 2000 ], [ 'empty', '' ], [ 'in upper case', 'RSA' ],
            [ 'with a NUL', "rsa\0" ], [ 'a list', ['rsa'] ], [ 'an object', { a => 1 } ], [ 'a number', 5 ]),

        # How it is written.
        'no signature'    => "$head.$body.",
        'two parts'       => "$head.$body",
        'four parts'      => "$head.$body.$mac.$mac",
        'five parts'      => "$head.$body.$mac.$mac.$mac",
        'empty parts'     => '..',
        'a dot'           => '.',
        'an empty header' => ".$body.$mac",
        'half a MAC'      => "$head.$body." . substr($mac, 0, 22),
        'a MAC cut by one' => "$head.$body." . substr($mac, 0, -1),
        'padding'         => "$head.$body.$mac=",
        'spare bits'      => "$head.$body." . with_spare_bits($mac),
        'the other base64 alphabet' => jwt({ alg => 'HS256' }, \%good, sub {"\xff" x 32}) =~ tr{_-}{/+}r,

        # What its header asks for.
        (map { ("header $_->[0]" => $rs->(@$_)) }
            [ jku => 'http://127.0.0.1/' ], [ x5u => 'http://127.0.0.1/' ], [ jwk => {} ], [ x5c => [] ],
            [ crit => ['exp'] ], [ crit => [] ], [ b64 => JSON::PP::false() ], [ zip => 'DEF' ]),
        'typ JWE' => $hs->({ typ => 'JWE' }),
    );
}

# Another spelling of the same bytes: the last of 43 characters has two bits that say nothing.
sub with_spare_bits {
    my ($text) = @_;
    my $alphabet = join '', 'A' .. 'Z', 'a' .. 'z', 0 .. 9, '-_';
    return substr($text, 0, -1) . substr $alphabet, 1 + index($alphabet, substr $text, -1), 1;
}

1;
