# SPDX-License-Identifier: Apache-2.0
# Tokens of a connection (rows G1 to G14 of the threats): which count, whose channel they open, and how they end.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::BadTokens qw(bad_tokens);
use FlixIM::Test::Channel;
use FlixIM::Test::Jwt qw(jwt rs256 ps256 es256 jwks);
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket qw(now);
use Crypt::PK::ECC ();
use Crypt::PK::RSA ();
use Digest::SHA    qw(sha256_hex);
use JSON::PP       ();
use Test::More;

my ($rsa, $pss, $foreign) = map { my $key = Crypt::PK::RSA->new; $key->generate_key(256); $key } 1 .. 3;
my $ec = Crypt::PK::ECC->new;
$ec->generate_key('secp256r1');
my @keys = ([ $rsa, 'rsa', 'RS256' ], [ $pss, 'pss', 'PS256' ], [ $ec, 'ec', 'ES256' ]);

my $api  = FlixIM::Test::Api->start(httpd => 0);
my $jwks = $api->write_file('jwks', jwks(@keys), 1);
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { token_jwks_file => $jwks, token_leeway => '1s', hold_time => '100ms' });
my $strict = FlixIM::Test::Pushd->start(api => $api, settings => { token_issuer => 'https://login.example.org', token_audience => 'flixim' });
my $me = $api->id('alice');
my %good = (sub => $me, exp => time + 3600);

sub opened { return FlixIM::Test::Channel->open($api, $pushd, @_) }
# What becomes of a join on a connection with that token: "ok", or reason and code.
sub verdict { my ($reply) = @_; return $reply->status eq 'ok' ? 'ok' : join ' | ', $reply->reason, $reply->code }
sub connects {
    my ($token, $daemon) = @_;
    my $client = eval { FlixIM::Test::Channel->open($api, $daemon // $pushd, token => $token) } or return $@ =~ /no upgrade: (\d+)/ ? $1 : $@;
    return verdict($client->enter('alice'));
}
my $invalid = 'invalid token | invalid_token';
my $others  = 'unauthorized | forbidden';

# -- Which count --------------------------------------------------------------------------------------

my %counts = (
    'an opaque one' => $api->token('alice'), 'HS256' => $api->jwt('alice'),
    'RS256' => jwt({ alg => 'RS256', kid => 'rsa' }, \%good, rs256($rsa)), 'PS256' => jwt({ alg => 'PS256', kid => 'pss' }, \%good, ps256($pss)),
    'ES256' => jwt({ alg => 'ES256', kid => 'ec' }, \%good, es256($ec)), 'sub in upper case' => $api->jwt('alice', sub => uc $me),
);
my $anonymous = opened();
for (sort keys %counts) {
    is connects($counts{$_}), 'ok', "$_ counts at connect";
    is verdict($anonymous->enter('alice', { token => $counts{$_} })), 'ok', "$_ counts at join";
}
my %bad = bad_tokens(me => $me, secret => $api->secret, rsa => $rsa, pss => $pss, ec => $ec, foreign => $foreign);
my %at_join = map { $_ => 1 } 'nothing';
for (sort keys %bad) {
    my $token = $bad{$_};
    my $in_url = $token =~ s/([^A-Za-z0-9_.-])/sprintf '%%%02X', ord $1/ger;
    my $got = connects($in_url);
    # An empty one is none: JS clients leave a parameter empty.
    my $expected = $_ eq 'nothing' ? qr/^Invalid Join Attempt/ : $_ eq 'not ASCII' ? qr/^400$/ : qr/^403$/;
    like $got, $expected, "$_ at connect: refused";
    next if $token =~ /[\x80-\xff]/;
    my $reply = $anonymous->enter('alice', { token => $token });
    ok verdict($reply) eq $invalid || length $token == 0 && $reply->status eq 'error', "$_ at join" or diag $reply->text;
}
for my $token (5, [], {}, JSON::PP::true(), [ $counts{HS256} ]) {
    my $reply = $anonymous->enter('alice', { token => $token });
    like verdict($reply), qr/^(?:\Q$invalid\E|Invalid Join Attempt.* \| unauthorized)$/, 'no text: ' . JSON::PP->new->allow_nonref->encode($token);
}
for my $payload ('null', '[]', '5', '"x"', '{}', '{"token":null}') {
    is $anonymous->enter('alice', \$payload)->reason, 'Invalid Join Attempt, channel: user:' . $me, "payload $payload: no token";
}
is connects($counts{HS256}, $strict), '403', 'without issuer and audience where they are wanted: 403';
is connects($api->jwt('alice', iss => 'https://login.example.org', aud => 'flixim'), $strict), 'ok', 'with them it counts';
is connects($api->jwt('alice', iss => 'https://login.example.org', aud => $_), $strict), '403', "audience $_" for 'other', 'FLIXIM';

# -- Whose channel ------------------------------------------------------------------------------------

my $client = opened(who => 'alice');
is verdict($client->enter('bob')), $others, 'a token of alice, and the channel of bob';
is verdict($client->enter('bob', { token => $api->jwt('bob') })), $others, 'the token of bob beside it: the one at connect is alice\'s';
is verdict($client->enter('alice', { token => $api->jwt('bob') })), $others, 'the channel of alice with the token of bob';
is verdict($client->enter('alice', { token => 'nonsense' })), $invalid, 'a bad token beside a good one';
is verdict($client->enter('alice', { token => $api->token('alice') })), 'ok', 'two good ones';
is verdict($client->enter('alice', { token => '' })), $invalid, 'an empty one is a bad one';
for my $topic ("user:\U$me", "user:$me ", 'user:', "user:{$me}", "user:$me:x", 'user:' . $me =~ tr/-//dr, 'user:*', 'user:null') {
    isnt verdict(opened(who => 'alice')->enter('alice', {}, topic => $topic)), 'ok', "topic $topic";
}
is verdict(opened()->enter('carol', { token => $api->jwt('carol') })), 'ok', 'without a token at connect';
is $client->beat->status, 'ok', 'what is refused leaves the connection open';
for my $who ('alice', 'bob') {
    my $before = $api->state;
    my $other = opened();
    $other->enter($who, { token => 'nonsense' });
    is $api->state, $before, "a refused join of $who writes nothing";
}

# -- Their end ----------------------------------------------------------------------------------------

# How a connection ends: the first frame that is no reply, as hex of a close frame, or its text; and after how long.
sub ending {
    my ($ended, $seconds) = @_;
    my $begin = now();
    while (now() < $begin + $seconds) {
        my $frame = $ended->raw->next_frame(0.3);
        if (!$frame) {
            last if $ended->raw->is_over;
            $ended->send('[null,"b","phoenix","heartbeat",{}]');
            next;
        }
        next if $frame->{payload} =~ /"phx_reply"/;
        return $frame->{opcode} == 8 ? unpack('n', $frame->{payload}) . (length $frame->{payload} > 2 ? ' with a reason' : '') : $frame->{payload};
    }
    return 'open';
}
{
    my $jwt = $api->jwt('dave', exp => time + 2);
    my $opaque = $api->row(q{SELECT flixim.issue_token(?, false, '1500 milliseconds')}, $api->id('erin'));
    my $first = opened(token => $jwt);
    my $second = opened(token => $opaque);
    my $poll = opened(token => $api->jwt('frank', exp => time + 2), poll => 1);
    my $lasting = opened(who => 'grace');
    is verdict($_->[0]->enter($_->[1])), 'ok', "$_->[1] joins" for [ $first, 'dave' ], [ $second, 'erin' ], [ $poll, 'frank' ], [ $lasting, 'grace' ];
    my $begin = now();
    is ending($second, 8), 1008, 'an opaque token ends: 1008, and no phx_close';
    is ending($first, 8), 1008, 'a JWT ends: 1008';
    cmp_ok now() - $begin, '<', 8, 'in time';
    is $poll->close_code(10), 403, 'a long-poll session is over, and its token as well' or diag $poll->raw->why;
    is $lasting->beat->status, 'ok', 'others stay';
    $pushd->wait_metric(closed_expired_total => sub { $_[0] >= 2 });
    is connects($jwt), '403', 'and is refused from then on';
    is connects($opaque), '403', 'likewise the opaque one';
}
{
    # Several tokens of a user: one is revoked, then all.
    my @tokens = map { $api->row('SELECT flixim.issue_token(?)', $api->id('heidi')) } 1 .. 2;
    my @clients = map { opened(token => $_) } @tokens;
    my $by_jwt = opened(who => 'heidi:jwt');
    my $with_both = opened(token => $tokens[0]);
    is verdict($with_both->enter('heidi', { token => $api->jwt('heidi') })), 'ok', 'heidi connects with one token and joins with another';
    my $bystander = FlixIM::Test::Channel->join($api, $pushd, 'ivan');
    is verdict($_->enter('heidi')), 'ok', 'heidi joins' for @clients, $by_jwt;
    $api->row(q{SELECT flixim.revoke_token(decode(?, 'hex'))}, sha256_hex($tokens[0]));
    is ending($clients[0], 6), 1001, 'a token is revoked: 1001 within 5 s';
    is ending($with_both, 6), 1001, 'also for the connection that was only opened with it';
    is $_->beat->status, 'ok', 'the other tokens count still' for $clients[1], $by_jwt;
    is $clients[1]->ask('get_conversations', {})->status, 'ok', 'and their channel goes on';
    is connects($tokens[0]), '403', 'the revoked one does not';
    $api->row('SELECT flixim.revoke_user_tokens(?)', $api->id('heidi'));
    is ending($_, 6), 1001, 'all are revoked: 1001' for $clients[1], $by_jwt;
    is $bystander->beat->status, 'ok', 'others stay';
    is_deeply [ $bystander->now ], [], 'and hear nothing of it';
    my $new = $api->row('SELECT flixim.issue_token(?)', $api->id('heidi'));
    my $again = opened(token => $new);
    is verdict($again->enter('heidi')), 'ok', 'a new token opens the channel again';
    unlike $again->ask('sync', {})->text, qr/session_revoked/, 'whose sync tells nothing of it';
}
{
    # One that is revoked while its connection has not joined, and one whose revocation nobody announced.
    my $token = $api->row('SELECT flixim.issue_token(?)', $api->id('judy'));
    my $waiting = opened(token => $token);
    my $joined = opened(token => $token);
    is verdict($joined->enter('judy')), 'ok', 'judy joins';
    $api->row(q{UPDATE flixim.tokens SET revoked_at = clock_timestamp() WHERE user_id = ? RETURNING 1}, $api->id('judy'));
    is verdict($waiting->enter('judy')), $invalid, 'revoked between connect and join';
    is verdict($joined->ask('get_conversations', {})), $invalid, 'every call judges the token';
}

# -- Keys that change ---------------------------------------------------------------------------------

my $next = Crypt::PK::ECC->new;
$next->generate_key('secp256r1');
my $new = jwt({ alg => 'ES256', kid => 'next' }, \%good, es256($next));
is connects($new), '403', 'a key that is not there';
$api->write_file('jwks', jwks([ $next, 'next', 'ES256' ]), 1);
$pushd->reload;
is connects($new), 'ok', 'counts once it is there and read';
is connects($counts{ES256}), '403', 'and one that is gone does not';
$api->write_file('jwks', '{', 1);
$pushd->reload;
is connects($new), 'ok', 'a file that cannot be read changes nothing';

unlike $pushd->log, qr/\Q$_\E/, 'no token in the log' for @counts{ 'HS256', 'an opaque one' };
is_deeply [ grep { !/token_jwks_file/ } map { $_->faults } $pushd, $strict ], [], 'no fault in the logs';
$api->finish;
done_testing;
