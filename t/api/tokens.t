# SPDX-License-Identifier: Apache-2.0
# Tokens over HTTP (rows G1 to G8 of the threats): which count, and that all that do not are answered alike.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::BadTokens qw(bad_tokens);
use FlixIM::Test::Jwt       qw(jwt hs256 rs256 ps256 es256 jwks);
use Apache::Test   qw(-withtestmore);
use Crypt::PK::ECC ();
use Crypt::PK::RSA ();

my ($rsa, $pss, $foreign) = map { my $key = Crypt::PK::RSA->new; $key->generate_key(256); $key } 1 .. 3;
my $ec = Crypt::PK::ECC->new;
$ec->generate_key('secp256r1');

# Virtual hosts: the first wants an issuer and an audience, the second has public keys alone.
my $api = FlixIM::Test::Api->start(with => sub {
    my ($made) = @_;
    my $jwks = $made->write_file('jwks', jwks([ $rsa, 'rsa', 'RS256' ], [ $pss, 'pss', 'PS256' ], [ $ec, 'ec', 'ES256' ]), 1);
    my %strict = (FlixIMTokenIssuer => 'https://login.example.org', FlixIMTokenAudience => 'flixim', FlixIMTokenLeeway => '1s');
    return (
        settings => { FlixIMTokenJWKSFile => $jwks },
        vhosts   => [
            { settings => { FlixIMTokenKeyFile => $made->write_file('secret', $made->secret . "\n"), %strict } },
            { settings => { FlixIMTokenJWKSFile => $jwks } },
        ],
    );
});
my ($me, $secret, $now) = ($api->id('alice'), $api->secret, time);
my %good = (sub => $me, exp => $now + 3600);
my $path = '/messages/unread_count';

sub verdict { my ($token, %option) = @_; return $api->call("=$token", GET => $path, %option)->verdict }
sub hs { my ($header, $payload) = @_; return jwt({ alg => 'HS256', %{ $header // {} } }, $payload // \%good, hs256($secret)) }

# What counts.
my %counts = (
    'an opaque one'                  => $api->token('alice'),
    'HS256'                          => hs(),
    'typ JWT'                        => hs({ typ => 'JWT' }),
    'typ at+jwt'                     => hs({ typ => 'at+JWT' }),
    'sub in upper case'              => hs({}, { %good, sub => uc $me }),
    'exp with a fraction'            => hs({}, qq({"sub":"$me","exp":@{[ $now + 60 ]}.5})),
    'unknown claims'                 => hs({}, { %good, x => { y => [ 1, 'z' ] } }),
    'just expired, in the leeway'    => hs({}, { %good, exp => $now - 5 }),
    'nbf in the leeway'              => hs({}, { %good, nbf => $now + 20 }),
    'iat in the leeway'              => hs({}, { %good, iat => $now + 20 }),
    'RS256'                          => jwt({ alg => 'RS256', kid => 'rsa' }, \%good, rs256($rsa)),
    'PS256'                          => jwt({ alg => 'PS256', kid => 'pss' }, \%good, ps256($pss)),
    'ES256'                          => jwt({ alg => 'ES256', kid => 'ec' }, \%good, es256($ec)),
);
is verdict($counts{$_}), 200, "$_ counts" for sort keys %counts;
is $api->call(undef, GET => $path, headers => [ Authorization => "$_ $counts{HS256}" ])->status, 200, "the scheme may be written $_"
    for qw(bearer BEARER);

# G1: nothing.
my @none = ([ Authorization => 'Basic eDp5' ], [ Authorization => 'Negotiate x' ], [ Cookie => "token=$counts{HS256}" ], [ 'X-Access-Token' => $counts{HS256} ]);
for my $headers ([], @none) {
    my $answer = $api->call(undef, GET => $path, headers => $headers);
    my $name = 'no credentials, ' . ($headers->[0] // 'no header');
    is $answer->verdict, '401 unauthorized', $name;
    is $answer->header('WWW-Authenticate'), 'Bearer realm="flixim"', "$name: and no error is named";
}

# G2, G5, G6, G7: whatever is wrong, the answer is the same.
my $revoked = $api->row('SELECT flixim.issue_token(?)', $me);
$api->row(q{SELECT flixim.revoke_token(sha256(convert_to(?, 'UTF8')))}, $revoked);
my %bad = (
    bad_tokens(me => $me, secret => $secret, rsa => $rsa, pss => $pss, ec => $ec, foreign => $foreign),
    'a revoked one' => $revoked, 'an expired opaque one' => $api->row(q{SELECT flixim.issue_token(?, false, '1 microsecond')}, $me),
);
cmp_ok scalar keys %bad, '>', 80, 'there are bad tokens';
my %look;
for my $name (sort keys %bad) {
    my $answer = $api->call("=$bad{$name}", GET => $path);
    is $answer->verdict, '401 invalid_token', "$name does not count";
    push @{ $look{ $answer->look } }, $name;
}
is scalar keys %look, 1, 'and all are answered with the same bytes' or diag map {"@{ $look{$_} }:\n$_\n"} keys %look;
like +(keys %look)[0], qr/^WWW-Authenticate: Bearer realm="flixim", error="invalid_token"\n/m, 'and the challenge of RFC 6750';
is $api->call("=$_", POST => '/messages', body => '{')->verdict, '401 invalid_token', 'before what is wrong with the body'
    for $revoked, 'x.y.z';

# G3, F8: two credentials are refused, whatever they are; a token in the URL alone is none.
my $fine = $counts{HS256};
for my $case (
    [ 'two headers', '', Authorization => "Bearer $fine", Authorization => "Bearer $fine" ],
    [ 'two headers, one of them bad', '', Authorization => 'Bearer x', Authorization => "Bearer $fine" ],
    [ 'two schemes', '', Authorization => 'Basic eDp5', Authorization => "Bearer $fine" ],
    [ 'a list', '', Authorization => "Bearer $fine, Bearer $fine" ],
    [ 'also in the URL', "?token=$fine", Authorization => "Bearer $fine" ],
    [ 'also in the URL, as RFC 6750 calls it', "?limit=1&access_token=$fine", Authorization => "Bearer $fine" ],
    [ 'also in the URL, encoded', "?%74oken=$fine", Authorization => "Bearer $fine" ],
  ) {
    my ($name, $query, @headers) = @$case;
    my $answer = $api->call(undef, GET => "/messages$query", headers => \@headers);
    is $answer->verdict, '400 invalid_request', "$name: refused";
    is $answer->header('WWW-Authenticate'), 'Bearer realm="flixim", error="invalid_request"', "$name: and why";
}
is $api->call(undef, GET => "/messages?$_=$fine")->verdict, '401 unauthorized', "$_ in the URL alone: no credentials" for qw(token access_token);

# F3: what proxies set, and clients may invent.
is $api->call(undef, GET => $path, headers => [ $_ => $me ])->verdict, '401 unauthorized', "$_ says nothing"
    for qw(X-Flix-User X-Forwarded-User Remote-User X-Forwarded-For X-User-Id);

# Issuer and audience, where the host wants them.
my %full = (%good, iss => 'https://login.example.org', aud => 'flixim');
for my $case (
    [ 200, 'as they shall be' ],
    [ 200, 'one audience of several', aud => [ 'x', 'flixim' ] ],
    [ '401 invalid_token', 'no issuer', iss => undef ],
    [ '401 invalid_token', 'almost the issuer', iss => 'https://login.example.org/' ],
    [ '401 invalid_token', 'a list of issuers', iss => ['https://login.example.org'] ],
    [ '401 invalid_token', 'no audience', aud => undef ],
    [ '401 invalid_token', 'another audience', aud => 'x' ],
    [ '401 invalid_token', 'the audience in other letters', aud => 'Flixim' ],
    [ '401 invalid_token', 'other audiences', aud => [ 'x', 'y' ] ],
    [ '401 invalid_token', 'audiences, but none', aud => [] ],
    [ '401 invalid_token', 'expired beyond the leeway', exp => $now - 10 ],
  ) {
    my ($verdict, $name, %change) = @$case;
    my %claims = (%full, %change);
    delete @claims{ grep { !defined $claims{$_} } keys %claims };
    is verdict(jwt({ alg => 'HS256' }, \%claims, hs256($secret)), host => 1), $verdict, "issuer and audience, $name: $verdict";
}
is verdict($counts{RS256}, host => 1), '401 invalid_token', 'a host with a secret of its own has not the main server\'s public keys';
is verdict($counts{HS256}, host => 2), '401 invalid_token', 'nor one with public keys its secret';
is verdict($counts{ES256}, host => 2), 200, 'but its own';

$api->finish;
done_testing;
