# SPDX-License-Identifier: Apache-2.0
# Makes JSON Web Tokens for tests, good ones and every kind of bad one: header and payload may be any text.
package FlixIM::Test::Jwt;

use strict;
use warnings FATAL => 'all';

use Digest::SHA  qw(hmac_sha256);
use Exporter     qw(import);
use JSON::PP     ();
use MIME::Base64 qw(encode_base64url);

our @EXPORT_OK = qw(jwt hs256 rs256 ps256 es256 jwks);

my $json = JSON::PP->new->utf8->canonical;

# A token of a header and a payload, each a hash or a text as it shall be, signed by a function of the
# text that is signed.
sub jwt {
    my ($header, $payload, $sign) = @_;
    my $text = join '.', map { encode_base64url(ref $_ ? $json->encode($_) : $_) } $header, $payload;
    return "$text." . encode_base64url($sign->($text));
}

# Functions that sign, each with its key.
sub hs256 { my ($secret) = @_; return sub { hmac_sha256($_[0], $secret) } }
sub rs256 { my ($key)    = @_; return sub { $key->sign_message($_[0], 'SHA256', 'v1.5') } }
sub ps256 { my ($key)    = @_; return sub { $key->sign_message($_[0], 'SHA256', 'pss', 32) } }
sub es256 { my ($key)    = @_; return sub { $key->sign_message_rfc7518($_[0], 'SHA256') } }

# A JWKS of [key, kid, alg] triples: public parts only.
sub jwks {
    my @keys = map {
        my ($key, $kid, $alg) = @$_;
        +{ %{ $key->export_key_jwk('public', 1) }, kid => $kid, alg => $alg, use => 'sig' };
    } @_;
    return $json->encode({ keys => \@keys });
}

1;
