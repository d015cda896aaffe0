# SPDX-License-Identifier: Apache-2.0
# The life of tokens (rows G10 and G11 of the threats): got by GET /token, revoked, and keys that change.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Jwt qw(jwt rs256 es256 jwks);
use Apache::Test   qw(-withtestmore);
use Crypt::PK::ECC ();
use Crypt::PK::RSA ();
use Digest::SHA    qw(sha1_base64);
use JSON::PP       qw(decode_json);
use MIME::Base64   qw(decode_base64url encode_base64);
use Time::HiRes    qw(time sleep);

my $rsa = Crypt::PK::RSA->new;
$rsa->generate_key(256);
my ($ec, $next) = map { my $key = Crypt::PK::ECC->new; $key->generate_key('secp256r1'); $key } 1 .. 2;
my ($old_key, $current_key, $new_key) = ([ $rsa, 'rsa', 'RS256' ], [ $ec, 'ec', 'ES256' ], [ $next, 'next', 'ES256' ]);
my $password = FlixIM::Test::Api::random_text(12);
chomp(my $modules = `apxs -q LIBEXECDIR`);

# Virtual hosts: the first has public keys alone, the second knows httpd's own users.
my $api = FlixIM::Test::Api->start(with => sub {
    my ($made) = @_;
    my $jwks  = $made->write_file('jwks', jwks($old_key, $current_key), 1);
    my $hash  = '{SHA}' . sha1_base64($password) . '=';
    my $users = $made->write_file('users', "dora:$hash\n" . uc($made->id('eve')) . ":$hash\n", 1);
    my %login = (
        FlixIMTokenKeyFile => $made->write_file('secret', $made->secret . "\n"), FlixIMTokenLifetime => '1h', FlixIMRemoteUser => 'On',
        FlixIMRemoteUserNamespace => FlixIM::Test::Api::uuid(),
    );
    return (
        settings => { FlixIMTokenJWKSFile => $jwks },
        vhosts   => [ { settings => { FlixIMTokenJWKSFile => $jwks } }, { settings => \%login, extra => <<"CONF" } ],
<Location "/api/v1/token">
    AuthType Basic
    AuthName x
    AuthBasicProvider file
    AuthUserFile "$users"
    Require valid-user
</Location>
CONF
        extra => join '', map {"LoadModule ${_}_module \"$modules/mod_$_.so\"\n"} qw(authn_core auth_basic authn_file authz_user),
    );
});
my ($me, $now) = ($api->id('alice'), int time);
my $path = '/messages/unread_count';

sub verdict { my ($token, %option) = @_; return $api->call("=$token", GET => $path, %option)->verdict }
sub claims { my ($token) = @_; return decode_json(decode_base64url((split /\./, $token)[1])) }

# Revoked, all of a user's at once.
my ($old, $old_jwt, $bystander) = ($api->token('fred'), $api->jwt('fred', iat => $now - 10), $api->token('greta'));
is verdict($_), 200, 'counts' for $old, $old_jwt;
$api->row('SELECT flixim.revoke_user_tokens(?)', $api->id('fred'));
is verdict($_), '401 invalid_token', 'revoked with all of the user\'s' for $old, $old_jwt, $api->jwt('fred', iat => undef);
is $api->call("=$old", POST => '/messages', body => '{')->verdict, '401 invalid_token', 'which comes before what is wrong with a body';
is verdict($bystander), 200, 'another user\'s counts';
is verdict($_), 200, 'so does a new one' for $api->row('SELECT flixim.issue_token(?)', $api->id('fred')), $api->jwt('fred', iat => $now + 20);

# GET /token.
for my $who ('alice', 'alice:jwt') {
    my $data = $api->call($who, GET => '/token')->data;
    is $data->{user_id}, $me, "$who gets a token";
    is verdict($data->{token}), 200, "$who: it counts";
    is claims($data->{token})->{sub}, $me, "$who: it is the caller's";
    my $life = claims($data->{token})->{exp} - time;
    ok $life > 200 && $life <= 301, "$who: for five minutes";
    is claims($data->{token})->{scope}, undef, "$who: with no scope that the caller has not";
}
is claims($api->call('ops:system', GET => '/token')->data->{token})->{scope}, 'system', 'but with the scope that the caller has';
is $api->call('=' . $api->jwt('alice', iat => undef), GET => '/token')->status, 200, 'a token that does not say when it was issued gets one, too';
for my $brief ($api->row(q{SELECT flixim.issue_token(?, false, '20 seconds')}, $me), $api->jwt('alice', exp => $now + 20)) {
    cmp_ok claims($api->call("=$brief", GET => '/token')->data->{token})->{exp}, '<=', $now + 30, 'never for longer than what it is got with';
}
my $got = $api->call('harry', GET => '/token')->data->{token};
$api->row('SELECT flixim.revoke_user_tokens(?)', $api->id('harry'));
is verdict($got), '401 invalid_token', 'and it goes with what it is got with';
is $api->call('alice', GET => '/token', host => 1)->verdict, '404 not_found', 'without a secret there is none';

# httpd's own users.
sub basic { my ($user, $pass) = @_; return [ Authorization => 'Basic ' . encode_base64("$user:$pass", '') ] }
sub login { my ($user) = @_; return $api->call(undef, GET => '/token', host => 2, headers => basic($user, $password)) }
my $login = login('dora');
is $login->status, 200, 'a user of httpd gets a token';
my ($dora, $doras) = @{ $login->data }{qw(user_id token)};
is verdict($doras, host => 2), 200, 'which counts';
is verdict($doras), 200, 'as any of that secret does';
is claims($doras)->{sub}, $dora, 'for that user';
like $dora, qr/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab]/, 'whose id is made from the name';
is login('dora')->data->{user_id}, $dora, 'and is always the same';
is login(uc $api->id('eve'))->data->{user_id}, $api->id('eve'), 'a name that is a UUID is the id';
for my $wrong ([], basic('dora', 'x'), basic('nobody', $password)) {
    is $api->call(undef, GET => '/token', host => 2, headers => $wrong, unchecked => 1)->verdict, '401 unauthorized', 'a wrong login gets none';
}
is $api->call(undef, GET => '/messages', host => 2, headers => basic('dora', $password))->verdict, '401 unauthorized',
    'where httpd asks for no login, a name in a header is nobody';
$api->row('SELECT flixim.revoke_user_tokens(?)', $dora);
is verdict($doras), '401 invalid_token', 'revoked as any other';
is verdict(login('dora')->data->{token}), 200, 'and the next one counts at once';

# The keys change, while a token of a key that stays is used all the time.
my %good = (sub => $me, exp => $now + 3600);
my ($rs, $es) = (jwt({ alg => 'RS256', kid => 'rsa' }, \%good, rs256($rsa)), jwt({ alg => 'ES256', kid => 'ec' }, \%good, es256($ec)));
my $new = jwt({ alg => 'ES256', kid => 'next' }, \%good, es256($next));
my ($well, $ill) = (0, 0);

# Whether a token comes to count (or not to) within ten seconds.
sub comes_to {
    my ($token, $wanted) = @_;
    my $end = time + 10;
    while (time < $end) {
        verdict($es) eq '200' ? $well++ : $ill++;
        return 1 if verdict($token) eq $wanted;
        sleep 0.05;
    }
    return 0;
}
is verdict($new), '401 invalid_token', 'a key that is not known yet';
$api->write_file('jwks', jwks($old_key, $current_key, $new_key), 1);
ok comes_to($new, '200'), 'is read without a restart';
is verdict($rs), 200, 'the old one counts beside it';
$api->write_file('jwks', jwks($current_key, $new_key), 1);
ok comes_to($rs, '401 invalid_token'), 'and no more once it is gone';
$api->write_file('jwks', '{"keys":[', 1);
sleep 1.2;
ok comes_to($new, '200'), 'a broken file changes nothing';
is $ill, 0, "a current token counts all the while ($well times)";
$api->write_file('jwks', jwks($current_key, $new_key), 1);
$api->httpd->graceful;
is verdict($_), 200, 'and after a restart' for $new, $es, $api->token('alice:jwt');

$api->finish(provoked => qr/FlixIMTokenJWKSFile .*: it is not JSON/);
done_testing;
