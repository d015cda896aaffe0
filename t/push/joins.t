# SPDX-License-Identifier: Apache-2.0
# A storm of joins: they go to the database together, each has an outcome of its own, and one that has to wait holds up nobody.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Pushd;
use Digest::SHA qw(sha256_hex);
use JSON::PP    ();
use Test::More;
use Time::HiRes qw(time);

my $clients = 200;
my $each    = 10;     # joins of a client without a token at connect, sent at once

my $api   = FlixIM::Test::Api->start(httpd => 0);
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { joins_per_second => 1_000_000, hold_time => '1min', database_timeout => '8s' });
my $db    = $api->cluster->connect;

# Who asks: a name for each join, and what becomes of it. A client's joins are all of one kind.
sub unknown { return $api->jwt($_[0]) }
sub known   { my ($name) = @_; $db->do('SELECT flixim.authenticate(ROW(?, now(), false, NULL)::flixim.caller)', undef, $api->id($name)); return $api->jwt($name) }
sub opaque  { return $db->selectrow_array('SELECT flixim.issue_token(?)', undef, $api->id($_[0])) }
sub revoked { my $token = opaque($_[0]); $db->do(q{SELECT flixim.revoke_token(decode(?, 'hex'))}, undef, sha256_hex($token)); return $token }
sub older   { my ($name) = @_; $db->do('SELECT flixim.revoke_user_tokens(?)', undef, $api->id($name)); return $api->jwt($name, iat => int(time) - 60) }
sub foreign { return opaque("other than $_[0]") }
my @kinds = (
    [ 'JWT of a new user',        \&unknown, 'ok' ],
    [ 'JWT of a known user',      \&known,   'ok' ],
    [ 'opaque token',             \&opaque,  'ok' ],
    [ 'JWT of a new user, again', \&unknown, 'ok' ],
    [ 'revoked token',            \&revoked, 'invalid token' ],
    [ 'JWT of before',            \&older,   'invalid token' ],
    [ 'token of nobody',          sub {'flx_' . sha256_hex($_[0])}, 'invalid token' ],
    [ 'token of somebody else',   \&foreign, 'unauthorized' ],
);
my @joins;
for my $i (0 .. $clients - 1) {
    my ($kind, $token, $verdict) = @{ $kinds[ $i % @kinds ] };
    push @joins, [ map { { name => "user$i-$_", token => $token->("user$i-$_"), kind => $kind, verdict => $verdict } } 1 .. $each ];
}
# With two tokens; that of the connect is revoked meanwhile for every other.
my @both = map { { name => "both$_", first => opaque("both$_"), token => opaque("both$_"), kind => 'two tokens', verdict => 'ok' } } 1 .. 40;
for my $i (grep { $_ % 2 } 0 .. $#both) { @{ $both[$i] }{qw(kind verdict)} = ('two tokens, the first one revoked', 'invalid token') }

sub frame {
    my ($join, $ref) = @_;
    return sprintf '["%s","%s","user:%s","phx_join",{"token":"%s"}]', $ref, $ref, $api->id($join->{name}), $join->{token};
}
sub verdict {
    my ($client) = @_;
    my $text = $client->raw->next_text(20) // return 'nothing';
    my $payload = JSON::PP::decode_json($text)->[4];
    return $payload->{status} eq 'ok' ? 'ok' : $payload->{response}{reason};
}
sub open_all {
    my @made = @_;
    $_->{client} = FlixIM::Test::Channel->open($api, $pushd, token => $_->{first}) for @made;
    return;
}

# Three whose rows somebody is about to make.
my @stuck = map { { name => "stuck$_", token => $api->jwt("stuck$_") } } 1 .. 3;
my $maker = $api->cluster->connect;
$maker->begin_work;
$maker->do('SELECT flixim.authenticate(ROW(?, now(), false, NULL)::flixim.caller)', undef, $api->id($_->{name})) for @stuck;

my @plain = map { { client => undef } } @joins;
open_all(@plain, @both, @stuck);
$db->do(q{SELECT flixim.revoke_token(decode(?, 'hex'))}, undef, sha256_hex($_->{first})) for grep { $_->{verdict} ne 'ok' } @both;
my $before = $pushd->metrics;

# The storm.
$_->{client}->send(frame($_, 's')) for @stuck;
for my $i (0 .. $#joins) { $plain[$i]{client}->send(frame($joins[$i][$_], $_)) for 0 .. $each - 1 }
$_->{client}->send(frame($_, 'b')) for @both;

my (%wrong, %count);
for my $i (0 .. $#joins) {
    for my $join (@{ $joins[$i] }) {
        my $got = verdict($plain[$i]{client});
        $count{ $join->{kind} }++;
        $wrong{"$join->{kind}: $got"}++ if $got ne $join->{verdict};
    }
}
for my $join (@both) {
    my $got = verdict($join->{client});
    # A client with a token at connect is closed where that was revoked, before or after its answer.
    $count{ $join->{kind} }++;
    $wrong{"$join->{kind}: $got"}++ if $got ne $join->{verdict} && !($join->{verdict} ne 'ok' && $got eq 'nothing');
}
is_deeply \%wrong, {}, 'each join has its own outcome: ' . join ', ', map {"$count{$_} of a $_"} sort keys %count;
ok !grep({ defined $_->{client}->raw->next_text(0.01) } @stuck), 'those whose rows somebody is about to make wait, and held up nobody';
$maker->commit;
is join(' ', map { verdict($_->{client}) } @stuck), 'ok ok ok', 'and join when that is over';

my $made = $api->cluster->psql(q{SELECT count(*) FROM flixim.users AS u WHERE u.tokens_valid_from = '-infinity'});
my $transactions = $api->cluster->psql(q{SELECT count(DISTINCT u.xmin::text) FROM flixim.users AS u WHERE u.tokens_valid_from = '-infinity'});
my $new = 2 * $each * $clients / @kinds;
cmp_ok $transactions, '<', $made - $new * 0.7, "$new new users in much fewer transactions (all users: $made, $transactions)";
my %rise = map { ($_ => $pushd->metrics->{$_} - $before->{$_}) } qw(joins_total joins_refused_total);
my $good = grep { $_->{verdict} eq 'ok' } @both, map {@$_} @joins;
is $rise{joins_total}, $good + 3, 'as many have joined as should';

is $api->cluster->psql('SELECT count(*) FROM flixim.check_invariants()'), 0, 'no invariant is violated';
is_deeply [ $pushd->faults ], [], 'no fault in the log';
$pushd->stop;
$api->finish;
done_testing;
