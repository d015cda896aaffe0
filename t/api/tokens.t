# SPDX-License-Identifier: Apache-2.0
# Tokens over HTTP (rows G of the threats): which count, and that all that do not are answered alike.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Jwt qw(jwt hs256 rs256 ps256 es256 jwks);
use Apache::Test   qw(-withtestmore);
use Crypt::PK::ECC ();
use Crypt::PK::RSA ();
use Digest::SHA    qw(hmac_sha256 sha1_base64);
use JSON::PP       ();
use MIME::Base64   qw(encode_base64 encode_base64url);
use Time::HiRes    qw(time sleep);

my ($rsa, $pss, $other) = map { my $key = Crypt::PK::RSA->new; $key->generate_key(256); $key } 1 .. 3;
my ($ec, $next) = map { my $key = Crypt::PK::ECC->new; $key->generate_key('secp256r1'); $key } 1 .. 2;
my @set = ([ $rsa, 'rsa', 'RS256' ], [ $pss, 'pss', 'PS256' ], [ $ec, 'ec', 'ES256' ]);
my $namespace = FlixIM::Test::Api::uuid();
my $password  = FlixIM::Test::Api::random_text(12);
chomp(my $modules = `apxs -q LIBEXECDIR`);

# Virtual hosts: 1 wants an issuer and an audience, 2 has public keys alone, 3 knows httpd's own users.
my $api = FlixIM::Test::Api->start(with => sub {
    my ($made) = @_;
    my $jwks = $made->write_file('jwks', jwks(@set), 1);
    my $users = $made->write_file('users', "dora:{SHA}" . sha1_base64($password) . "=\n" . uc($made->id('eve')) . ':{SHA}' . sha1_base64($password) . "=\n", 1);
    my $secret = $made->write_file('secret', $made->secret . "\n");
    my $login = join "\n", '<Location "/api/v1/token">', 'AuthType Basic', 'AuthName x', 'AuthBasicProvider file', "AuthUserFile \"$users\"", 'Require valid-user', "</Location>\n";
    return (
        settings => { FlixIMTokenJWKSFile => $jwks },
        vhosts => [
            { settings => { FlixIMTokenKeyFile => $secret, FlixIMTokenIssuer => 'https://login.example.org', FlixIMTokenAudience => 'flixim', FlixIMTokenLeeway => '1s' } },
            { settings => { FlixIMTokenJWKSFile => $jwks } },
            { settings => { FlixIMTokenKeyFile => $secret, FlixIMTokenLifetime => '1h', FlixIMRemoteUser => 'On', FlixIMRemoteUserNamespace => $namespace }, extra => $login },
        ],
        extra => join '', map {"LoadModule ${_}_module \"$modules/mod_$_.so\"\n"} qw(authn_core auth_basic authn_file authz_user),
    );
});
my $me = $api->id('alice');
my $secret = $api->secret;
my $now = int time;
my %good = (sub => $me, exp => $now + 3600);
my $json = JSON::PP->new->canonical;

sub verdict { my ($token, %option) = @_; return $api->call("=$token", GET => '/messages/unread_count', %option)->verdict }
sub hs { my ($header, $payload) = @_; return jwt({ alg => 'HS256', %{ $header // {} } }, $payload // \%good, hs256($secret)) }

# What counts.
my %counts = (
    'an opaque one' => $api->token('alice'), 'HS256' => hs(), 'typ JWT' => hs({ typ => 'JWT' }), 'typ at+jwt' => hs({ typ => 'at+JWT' }),
    'sub in upper case' => hs({}, { %good, sub => uc $me }), 'exp with a fraction' => hs({}, qq({"sub":"$me","exp":@{[ $now + 60 ]}.5})), 'unknown claims' => hs({}, { %good, x => { y => [ 1, 'z' ] } }),
    'just expired, within the leeway' => hs({}, { %good, exp => $now - 5 }), 'nbf within the leeway' => hs({}, { %good, nbf => $now + 20 }), 'iat within the leeway' => hs({}, { %good, iat => $now + 20 }),
    RS256 => jwt({ alg => 'RS256', kid => 'rsa' }, \%good, rs256($rsa)), PS256 => jwt({ alg => 'PS256', kid => 'pss' }, \%good, ps256($pss)), ES256 => jwt({ alg => 'ES256', kid => 'ec' }, \%good, es256($ec)),
);
is verdict($counts{$_}), 200, "$_ counts" for sort keys %counts;
is $api->call(undef, GET => '/messages/unread_count', headers => [ Authorization => "$_ " . $counts{HS256} ])->status, 200, "the scheme may be written $_" for qw(bearer BEARER);

# G1: nothing.
for my $case ([], [ Authorization => 'Basic eDp5' ], [ Authorization => 'Negotiate x' ], [ Cookie => "token=$counts{HS256}" ], [ 'X-Access-Token' => $counts{HS256} ]) {
    my $answer = $api->call(undef, GET => '/messages/unread_count', headers => $case);
    is $answer->verdict, '401 unauthorized', 'no credentials: ' . ($case->[0] // 'none');
    is $answer->header('WWW-Authenticate'), 'Bearer realm="flixim"', 'and no error is named';
}

# G2, G5, G6, G7: whatever is wrong, the answer is the same.
my $fine = hs();
my ($head, $body, $mac) = split /\./, $fine;
my $public = do { my $pem = $rsa->export_key_pem('public_x509'); $pem };
my $revoked = $api->row('SELECT flixim.issue_token(?)', $me);
$api->row(q{SELECT flixim.revoke_token(sha256(convert_to(?, 'UTF8')))}, $revoked);
my $short = $api->row(q{SELECT flixim.issue_token(?, false, '1 millisecond')}, $me);
my $spare = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
my $loose = substr($mac, 0, -1) . substr $spare, index($spare, substr $mac, -1) + 1, 1;    # another spelling of the same bytes
my %bad = (
    nothing => '', 'one character' => 'x', 'no such token' => 'flx_' . '0' x 64, 'a revoked one' => $revoked, 'an expired opaque one' => $short, 'not of the alphabet' => 'a"b', 'a NUL' => 'a%00b', 'SQL' => q{'OR'1'='1'--},
    '4097 characters' => 'x' x 4097, '7000 characters' => 'x' x 7000, '7000 characters of a JWT' => "$head.$body." . 'x' x 6900, 'only padding' => '==', 'an inner padding' => 'a=b', 'not ASCII' => "\xc3\xa9\xff",
    expired => hs({}, { %good, exp => $now - 60 }), 'not yet valid' => hs({}, { %good, nbf => $now + 90 }), 'issued in the future' => hs({}, { %good, iat => $now + 90 }),
    'no exp' => hs({}, { sub => $me }), 'no sub' => hs({}, { exp => $now + 60 }), 'sub no UUID' => hs({}, { %good, sub => 'alice' }), 'sub in braces' => hs({}, { %good, sub => "{$me}" }), 'sub a list' => hs({}, { %good, sub => [$me] }),
    (map { my $exp = $_; ("exp $exp" => hs({}, qq({"sub":"$me","exp":$exp}))) } '"4102444800"', 1e308, '1e400', -1, 0, 'null', 'true', '[4102444800]', '99999999999999999999', '253402300800'),
    'a claim twice' => hs({}, qq({"sub":"$me","sub":"$me","exp":4102444800})), 'exp twice' => hs({}, qq({"sub":"$me","exp":1,"exp":4102444800})), 'no JSON' => hs({}, '{'), 'no object' => hs({}, '[]'), 'no UTF-8' => hs({}, qq({"sub":"$me","exp":4102444800,"x":"\xff"})),
    'another secret' => jwt({ alg => 'HS256' }, \%good, hs256('x' x 48)), 'an empty secret' => jwt({ alg => 'HS256' }, \%good, hs256('')), 'a changed payload' => join('.', $head, encode_base64url($json->encode({ %good, sub => $api->id('bob') })), $mac),
    (map { ("alg $_" => jwt({ alg => $_ }, \%good, sub {''})) } qw(none None nOnE NONE)), (map { ("alg $_ with a MAC" => jwt({ alg => $_ }, \%good, hs256($secret))) } qw(none HS384 HS512 hs256 RS256 ES256 dir)), 'alg a list' => jwt({ alg => ['HS256'] }, \%good, hs256($secret)),
    'no alg' => jwt({ typ => 'JWT' }, \%good, hs256($secret)), 'no signature' => "$head.$body.", 'two parts' => "$head.$body", 'four parts' => "$fine.$mac", 'five parts' => "$fine.$mac.$mac", 'empty parts' => '..', 'a dot' => '.', 'an empty header' => ".$body.$mac",
    'half a MAC' => "$head.$body." . substr($mac, 0, 22), 'a MAC cut by one' => "$head.$body." . substr($mac, 0, -1), 'padding' => "$fine=", 'spare bits' => "$head.$body.$loose", 'base64 of the other alphabet' => jwt({ alg => 'HS256' }, \%good, sub {"\xff" x 32}) =~ tr{_-}{/+}r,
    'a public key as secret' => jwt({ alg => 'HS256', kid => 'rsa' }, \%good, hs256($public)), 'a public key as secret, no kid' => jwt({ alg => 'HS256' }, \%good, hs256($public)),
    'the secret by a kid' => hs({ kid => 'rsa' }), 'RS256 by another key' => jwt({ alg => 'RS256', kid => 'rsa' }, \%good, rs256($other)), 'PS256 by the RS256 key' => jwt({ alg => 'PS256', kid => 'rsa' }, \%good, ps256($rsa)), 'RS256 by the PS256 key' => jwt({ alg => 'RS256', kid => 'pss' }, \%good, rs256($pss)),
    'ES256 of zeros' => jwt({ alg => 'ES256', kid => 'ec' }, \%good, sub { "\0" x 64 }), 'ES256 of nothing' => jwt({ alg => 'ES256', kid => 'ec' }, \%good, sub {''}), 'ES256 cut by one' => jwt({ alg => 'ES256', kid => 'ec' }, \%good, sub { substr es256($ec)->($_[0]), 0, 63 }),
    'ES256 as DER' => jwt({ alg => 'ES256', kid => 'ec' }, \%good, sub { $ec->sign_message($_[0], 'SHA256') }), 'RS256 for an ES256 key' => jwt({ alg => 'RS256', kid => 'ec' }, \%good, rs256($rsa)),
    (map { my $kid = $_; ('kid ' . substr($json->encode([$kid]), 0, 20) => jwt({ alg => 'RS256', kid => $kid }, \%good, rs256($rsa))) } '../../dev/null', q{' OR 1=1--}, 'x' x 2000, '', 'RSA', "rsa\0", ['rsa'], { a => 1 }, 5),
    (map { my ($name, $value) = @$_; ("header $name" => jwt({ alg => 'RS256', kid => 'rsa', $name => $value }, \%good, rs256($rsa))) } [ jku => 'http://127.0.0.1/' ], [ x5u => 'http://127.0.0.1/' ], [ jwk => {} ], [ x5c => [] ], [ crit => ['exp'] ], [ crit => [] ], [ b64 => JSON::PP::false() ], [ zip => 'DEF' ]),
    'typ JWE' => hs({ typ => 'JWE' }), 'alg twice' => jwt('{"alg":"HS256","alg":"HS256"}', \%good, hs256($secret)),
);
my %look;
push @{ $look{ $api->call("=$bad{$_}", GET => '/messages/unread_count')->look } }, $_ for sort keys %bad;
is scalar keys %look, 1, scalar(keys %bad) . ' bad tokens, one answer' or diag join "\n--\n", map { my $names = $look{$_}; "@$names[0 .. ($#$names > 5 ? 5 : $#$names)]: $_" } sort { @{ $look{$a} } <=> @{ $look{$b} } } keys %look;
like +(keys %look)[0], qr/\A401\n.*^WWW-Authenticate: Bearer realm="flixim", error="invalid_token"\n.*"invalid_token"/ms, 'which is that';

# G3 and two headers: refused, whatever they are; a token in the URL alone is none.
for my $case (
    [ 'two headers', '', Authorization => "Bearer $fine", Authorization => "Bearer $fine" ], [ 'two headers, one of them bad', '', Authorization => 'Bearer x', Authorization => "Bearer $fine" ],
    [ 'two schemes', '', Authorization => 'Basic eDp5', Authorization => "Bearer $fine" ], [ 'a list', '', Authorization => "Bearer $fine, Bearer $fine" ],
    [ 'also in the URL', "?token=$fine", Authorization => "Bearer $fine" ], [ 'also in the URL, as RFC 6750 calls it', "?limit=1&access_token=$fine", Authorization => "Bearer $fine" ],
    [ 'also in the URL, encoded', "?%74oken=$fine", Authorization => "Bearer $fine" ],
  ) {
    my ($name, $query, @headers) = @$case;
    my $answer = $api->call(undef, GET => "/messages$query", headers => \@headers);
    is $answer->verdict, '400 invalid_request', "$name: refused";
    is $answer->header('WWW-Authenticate'), 'Bearer realm="flixim", error="invalid_request"', "$name: and why";
}
is $api->call(undef, GET => "/messages?$_=$fine")->verdict, '401 unauthorized', "$_ in the URL alone: no credentials" for qw(token access_token);

# Issuer and audience, where the host wants them.
my %full = (%good, iss => 'https://login.example.org', aud => 'flixim');
for my $case (
    [ 200, {} ], [ 200, { aud => [ 'x', 'flixim' ] } ], [ '401 invalid_token', { iss => undef } ], [ '401 invalid_token', { aud => undef } ], [ '401 invalid_token', { iss => 'https://login.example.org/' } ], [ '401 invalid_token', { iss => ['https://login.example.org'] } ],
    [ '401 invalid_token', { aud => 'x' } ], [ '401 invalid_token', { aud => [] } ], [ '401 invalid_token', { aud => ['x'] } ], [ '401 invalid_token', { aud => 'Flixim' } ], [ '401 invalid_token', { exp => $now - 10 } ],
  ) {
    my ($verdict, $change) = @$case;
    my %claims = (%full, %$change);
    delete @claims{ grep { !defined $claims{$_} } keys %claims };
    is verdict(jwt({ alg => 'HS256' }, \%claims, hs256($secret)), host => 1), $verdict, "issuer and audience, with @{[ $json->encode($change) ]}: $verdict";
}
is verdict($counts{RS256}, host => 1), '401 invalid_token', 'a host with a secret of its own has not the main server\'s public keys';
is verdict($counts{HS256}, host => 2), '401 invalid_token', 'nor one with public keys its secret';
is verdict($counts{ES256}, host => 2), 200, 'but its own';

# G10: revoked, all of a user's at once.
my ($old, $old_jwt, $bystander) = ($api->token('fred'), $api->jwt('fred', iat => $now - 10), $api->token('greta'));
is verdict($_), 200, 'counts' for $old, $old_jwt;
$api->row('SELECT flixim.revoke_user_tokens(?)', $api->id('fred'));
is verdict($_), '401 invalid_token', 'revoked with all of the user\'s' for $old, $old_jwt, $api->jwt('fred', iat => undef);
is verdict($bystander), 200, 'another user\'s counts';
is verdict($_), 200, 'so does a new one' for $api->row('SELECT flixim.issue_token(?)', $api->id('fred')), $api->jwt('fred', iat => $now + 20);
is $api->call("=$_", POST => '/messages', body => '{')->verdict, '401 invalid_token', 'a revoked token comes before what is wrong with the body' for $old, $old_jwt, $revoked;

# GET /token.
sub claims { my ($token) = @_; return JSON::PP::decode_json(MIME::Base64::decode_base64url((split /\./, $token)[1])) }
for my $who ('alice', 'alice:jwt') {
    my $data = $api->call($who, GET => '/token')->data;
    is $data->{user_id}, $me, "$who gets a token";
    is verdict($data->{token}), 200, "$who: it counts";
    is claims($data->{token})->{sub}, $me, "$who: it is the caller's";
    my $life = claims($data->{token})->{exp} - time;
    ok $life > 200 && $life <= 301, "$who: for five minutes";
}
is $api->call('=' . $api->jwt('alice', iat => undef), GET => '/token')->status, 200, 'a token that does not say when it was issued gets one, too';
my $soon = $api->row(q{SELECT flixim.issue_token(?, false, '20 seconds')}, $me);
cmp_ok claims($api->call("=$_", GET => '/token')->data->{token})->{exp}, '<=', $now + 30, 'never for longer than the token it is got with' for $soon, $api->jwt('alice', exp => $now + 20);
is $api->call('alice', GET => '/token', host => 2)->verdict, '404 not_found', 'without a secret there is none';

# httpd's own users.
sub basic { my ($user, $pass) = @_; return [ Authorization => 'Basic ' . encode_base64("$user:$pass", '') ] }
my $got = $api->call(undef, GET => '/token', host => 3, headers => basic('dora', $password));
is $got->status, 200, 'a user of httpd gets a token';
my $dora = $got->data->{user_id};
is verdict($got->data->{token}, host => 3), 200, 'which counts';
is verdict($got->data->{token}), 200, 'as any of that secret does';
is claims($got->data->{token})->{sub}, $dora, 'for that user';
like $dora, qr/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab]/, 'whose id is made from the name';
is $api->call(undef, GET => '/token', host => 3, headers => basic(uc $api->id('eve'), $password))->data->{user_id}, $api->id('eve'), 'a name that is a UUID is the id';
is $api->call(undef, GET => '/token', host => 3, headers => $_, unchecked => 1)->verdict, '401 unauthorized', 'a wrong login gets none' for [], basic('dora', 'x'), basic('nobody', $password);
is $api->call(undef, GET => '/messages', host => 3, headers => basic('dora', $password))->verdict, '401 unauthorized', 'where httpd asks for no login, a name in a header is nobody';

# G11: the keys change under load.
push @set, [ $next, 'next', 'ES256' ];
$api->write_file('jwks', jwks(@set), 1);
my $new = jwt({ alg => 'ES256', kid => 'next' }, \%good, es256($next));
my ($well, $ill) = (0, 0);
sub until_is { my ($token, $wanted) = @_; my $end = time + 10; while (time < $end) { verdict($counts{ES256}) eq '200' ? $well++ : $ill++; return 1 if !(verdict($token) eq '200') == !$wanted; sleep 0.05 } return 0 }
ok until_is($new, 1), 'a new key is read without a restart';
@set = grep { $_->[1] ne 'rsa' } @set;
$api->write_file('jwks', jwks(@set), 1);
ok until_is($counts{RS256}, 0), 'a key that is gone counts no more';
$api->write_file('jwks', '{"keys":[', 1);
sleep 1.2;
ok until_is($new, 1), 'a broken file changes nothing';
is $ill, 0, "a current token counts all the while ($well times)";
$api->write_file('jwks', jwks(@set), 1);
$api->httpd->graceful;
is verdict($_), 200, 'and after a restart' for $new, $counts{HS256}, $got->data->{token};

$api->finish(provoked => qr/FlixIMTokenJWKSFile .*: it is not JSON/);
done_testing;
