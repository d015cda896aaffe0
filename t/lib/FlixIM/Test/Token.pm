# SPDX-License-Identifier: Apache-2.0
# Keys and JWTs for tests, made with nothing but core Perl and the openssl command.
package FlixIM::Test::Token;

use strict;
use warnings FATAL => 'all';

use Digest::SHA  qw(hmac_sha256);
use Exporter     qw(import);
use File::Temp   ();
use JSON::PP     ();
use MIME::Base64 qw(encode_base64url);

our @EXPORT_OK = qw(hs256 rs256 rsa_key jwks write_file);

=head1 SYNOPSIS

    my $token = hs256($secret, { sub => $user, exp => time + 60 });

    my $key  = rsa_key('kid1');                    # { kid, file, jwk }
    write_file("$dir/jwks", jwks($key), 0644);     # by renaming, as a site should
    my $token = rs256($key, { sub => $user, exp => time + 60 });

=cut

my $json = JSON::PP->new->canonical;

sub _signed_part {
    my ($header, $claims) = @_;
    return join '.', map { encode_base64url($json->encode($_)) } { typ => 'JWT', %$header }, $claims;
}

sub hs256 {
    my ($secret, $claims, %header) = @_;
    my $text = _signed_part({ alg => 'HS256', %header }, $claims);
    return "$text." . encode_base64url(hmac_sha256($text, $secret));
}

# A new RSA key pair.
sub rsa_key {
    my ($kid) = @_;
    my $file = File::Temp->new;
    system("openssl genrsa -out $file 2048 2>/dev/null") == 0 or die "openssl genrsa: $?";
    my ($modulus) = `openssl rsa -in $file -noout -modulus` =~ /=([0-9A-F]+)/ or die 'openssl: no modulus';
    my %jwk = (kty => 'RSA', alg => 'RS256', use => 'sig', kid => $kid, n => encode_base64url(pack 'H*', $modulus), e => 'AQAB');
    return { kid => $kid, file => $file, jwk => \%jwk };
}

sub rs256 {
    my ($key, $claims, %header) = @_;
    my $text = _signed_part({ alg => 'RS256', kid => $key->{kid}, %header }, $claims);
    my $input = File::Temp->new;
    print {$input} $text or die "print: $!";
    close $input or die "close: $!";
    return "$text." . encode_base64url(scalar `openssl dgst -sha256 -sign $key->{file} $input`);
}

# A JWK set of the public halves.
sub jwks {
    my @keys = @_;
    return $json->encode({ keys => [ map { $_->{jwk} } @keys ] });
}

# Puts a file in place as a whole.
sub write_file {
    my ($path, $text, $mode) = @_;
    open my $file, '>:raw', "$path.new" or die "$path: $!";
    print {$file} $text or die "$path: $!";
    close $file or die "$path: $!";
    chmod $mode, "$path.new" or die "$path: $!";
    rename "$path.new", $path or die "$path: $!";
    return $path;
}

1;
