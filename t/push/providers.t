# SPDX-License-Identifier: Apache-2.0
# The push services of the tests notice whatever is wrong with a request, and play every answer: or what they say of ours would mean nothing.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use JSON::PP ();
use Test::More;

use FlixIM::Test::Npm qw(clients);
use FlixIM::Test::Providers;

my $providers = FlixIM::Test::Providers->start;
my $json      = JSON::PP->new->canonical;

# What each case is answered, and what is noted as wrong.
my @cases = (
    'web_push: right'                => 201, '',
    'web_push: another key signs'    => 403, 'vapid: ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    'web_push: another key is named' => 403, 'k is not the key subscribed with',
    'web_push: aud of elsewhere'     => 403, 'aud is not the origin of the endpoint',
    'web_push: aud with a path'      => 403, 'aud is not the origin of the endpoint',
    'web_push: exp in two days'      => 403, 'exp is not within a day',
    'web_push: exp is over'          => 403, 'vapid: ERR_JWT_EXPIRED',
    'web_push: no sub'               => 403, 'sub is no contact',
    'web_push: no TTL'               => 400, 'TTL is no number of seconds',
    'web_push: topic too long'       => 400, 'topic is not up to 32 characters of base64url; topic is not the collapse id',
    'web_push: another encoding'     => 400, 'content-encoding is not aes128gcm',
    'web_push: another secret'       => 400, 'not to be read: Unsupported state or unable to authenticate data',
    'web_push: unknown subscription' => 404, 'no subscription',
    'web_push: data without a push'  => 400, 'data: push_id is no UUID',
    'web_push: too large'            => 400, 'more than 4096 bytes',
    'apns: right'                    => 200, '',
    'apns: another key signs'        => 403, 'provider token: ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    'apns: kid is wrong'             => 403, 'kid is not the key',
    'apns: iss is wrong'             => 403, 'iss is not the team',
    'apns: iat of yesterday'         => 403, 'iat is not within the last hour',
    'apns: HTTP/1.1'                 => 400, 'not HTTP/2',
    'apns: no topic'                 => 400, 'apns-topic is empty',
    'apns: another path'             => 400, 'path is not /3/device/',
    'apns: id of another'            => 400, 'apns-id is not the push',
    'apns: collapse id too long'     => 400, 'apns-collapse-id has more than 64 bytes; apns-collapse-id is not the collapse id',
    'apns: too large'                => 413, 'more than 4096 bytes',
    'apns: no alert'                 => 400, 'no alert',
    'token: right'                   => 200, '',
    'token: another key signs'       => 400, 'assertion: ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    'token: iss is wrong'            => 400, 'iss is not the account',
    'token: aud is wrong'            => 400, 'aud is not the server',
    'token: scope is wrong'          => 400, 'scope is another',
    'token: exp in two hours'        => 400, 'exp is not within an hour',
    'token: iat of yesterday'        => 400, 'assertion: ERR_JWT_EXPIRED',
    'fcm: right'                     => 200, '',
    'fcm: unknown access token'      => 401, 'access token is unknown',
    'fcm: another project'           => 400, 'path is not that of the project',
    'fcm: a number in data'          => 400, 'data has something else than texts',
    'fcm: a reserved key'            => 400, 'data has a reserved key',
    'fcm: ttl is wrong'              => 400, 'ttl is no duration',
    'fcm: unknown member'            => 400, 'no such member of message',
    'fcm: too large'                 => 400, 'more than 4096 bytes',
    'webhook: right'                 => 200, '',
    'webhook: another secret'        => 401, 'signature is wrong',
    'webhook: another body'          => 401, 'signature is wrong',
    'webhook: another time'          => 401, 'signature is wrong',
    'webhook: an hour ago'           => 401, 'timestamp is not within the window',
    'webhook: no time'               => 401, 'timestamp is not within the window',
    'webhook: another path'          => 400, 'path is another',
    'webhook: a push of another id'  => 400, 'id is not the push',
);

my $ports = $json->encode({ map { $_ => $providers->port($_) } qw(web_push apns fcm webhook control) });
my %answer;
{
    open my $out, '-|', 'node', "$Bin/../lib/providers/check.mjs", clients(), $providers->dir, $ports or die "node: $!";
    while (my $line = <$out>) {
        my $one = JSON::PP::decode_json($line);
        $answer{ $one->{name} } = $one;
    }
    close $out or die "check.mjs ended with $?\n";
}

# The tokens that each message of FCM's was preceded by are nobody's case.
my @seen = $providers->received;
my %noted;
{
    my @order = grep { !/ plays / } map { $cases[ 3 * $_ ] } 0 .. @cases / 3 - 1;
    my $is_message = sub { my ($name) = @_; return $name =~ /^fcm: (?!unknown access)/ };
    for my $name (@order) {
        shift @seen if $is_message->($name);
        $noted{$name} = join '; ', @{ shift(@seen)->{faults} };
    }
}
while (my ($name, $status, $faults) = splice @cases, 0, 3) {
    is "$answer{$name}{status} $noted{$name}", "$status $faults", $name;
}

# What came of the plays.
my $broken = JSON::PP::true;
my %plays = (
    '410'          => sub { $_[0]{status} == 410 },
    '429 after=3'  => sub { $_[0]{status} == 429 },
    '429 date=3'   => sub { $_[0]{status} == 429 },
    '503 reason=X' => sub { $_[0]{status} == 503 },
    'redirect 307' => sub { $_[0]{status} == 307 },
    'garbage 200'  => sub { $_[0]{status} == 200 && $_[0]{length} > 500 },
    'big 500'      => sub { $_[0]{status} == 500 && $_[0]{length} == 1 << 20 },
    'stall'        => sub { $_[0]{status} == 0   && $_[0]{late} },
    'half 200'     => sub { $_[0]{late} },
    'trickle 200'  => sub { $_[0]{late} },
    'reset'        => sub { $_[0]{status} == 0 && $_[0]{broken} },
    'cut'          => sub { $_[0]{status} == 0 && !$_[0]{late} },
);
for my $play (sort keys %plays) {
    for my $provider (qw(apns webhook)) {
        my $got = $answer{"$provider plays $play"};
        ok $plays{$play}->($got), "$provider plays $play" or diag $json->encode($got);
    }
}
is $answer{'apns plays 410'}{body} =~ /"reason":"(\w+)"/ && $1, 'Unregistered', 'APNs gives its reason';
is $answer{'apns plays 429 after=3'}{headers}{'retry-after'}, 3, 'Retry-After in seconds';
like $answer{'apns plays 429 date=3'}{headers}{'retry-after'}, qr/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, 'and as a date';

# The files that the daemon gets.
for my $name (qw(web_push.pem apns.pem fcm.json webhook.key)) {
    is sprintf('%o', (stat $providers->dir . "/$name")[2] & 0777), '600', "$name is its owner's alone";
}
my $before = $providers->ask('/subscribe', { names => ['lasting'] })->[0];
$providers->stop;
$providers->up;
like $providers->ask('/subscribe', { names => ['other'] })->[0]{endpoint}, qr{^\Q@{[$before->{endpoint} =~ s/lasting//r]}\E}, 'started again it is where it was';
is scalar $providers->brief, 0, 'and has forgotten what it got';
done_testing;
