# SPDX-License-Identifier: Apache-2.0
# FlixIMRateLimit: so many requests for each user, whichever child answers; then 429 with Retry-After.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use Apache::Test qw(-withtestmore);
use Time::HiRes qw(sleep);

my $api = FlixIM::Test::Api->start(
    settings => { FlixIMRateLimit => '10 50s' },
    vhosts   => [ { settings => { FlixIMRateLimit => 'off' } }, { settings => {} } ],
);

# N requests of a caller, each on a connection of its own, so that any child may take it; and their statuses.
sub ask {
    my ($who, $count, %option) = @_;
    return map { $api->call($who, GET => '/messages/unread_count', %option) } 1 .. $count;
}
sub statuses { return join ' ', map { $_->status } ask(@_) }
sub each_is { my ($count, $status) = @_; return join ' ', ($status) x $count }

is statuses('alice', 10), each_is(10, 200), 'ten at once';
my ($late) = ask('alice', 1);
is $late->status, 429, 'not an eleventh';
is $late->code, 'rate_limited', 'says what it is';
like $late->header('Retry-After'), qr/^[1-5]$/, 'and when to come back';
is statuses('alice', 3, headers => [ 'Content-Type' => 'text/plain' ]), each_is(3, 429), 'whatever else is wrong';

is statuses('bob', 10), each_is(10, 200), 'another caller has ten of its own';
is statuses('alice:jwt', 2), '429 429', 'another token of the same user has not';
is statuses('erin:jwt', 10), each_is(10, 200), 'a user that comes with a JWT has ten';
is statuses('erin', 1), 429, 'and no more with an opaque one';
is statuses('=flx_unknown', 12), each_is(12, 401), 'a token that is not valid has no user, and is not counted';
is $api->call(undef, GET => '/health')->status, 200, 'what needs no token is not counted';
is statuses(undef, 11), each_is(11, 401), 'nor is a request without one';

# Whoever holds a token that was revoked cannot use up what its user has.
my $revoked = '=' . $api->token('frank');
is statuses($revoked, 2), '200 200', 'a token that is good';
$api->row("SELECT flixim.revoke_token(sha256(convert_to(?, 'UTF8')))", substr $revoked, 1);
is statuses($revoked, 12), each_is(12, 401), 'and is revoked';
is statuses('frank:jwt', 8), each_is(8, 200), 'its user has all that is left';

# One comes back every five seconds.
my $waited = 0;
sleep 0.1 while statuses('alice', 1) eq '429' && ++$waited < 100;
cmp_ok $waited, '<', 100, 'one comes back';
is statuses('alice', 2), '429 429', 'not ten';

is statuses('carol', 30, host => 1), each_is(30, 200), 'a virtual host may have no limit';
is statuses('dave',  6,  host => 2), each_is(6,  200), 'one without the directive';
is statuses('dave', 5), '200 200 200 200 429', 'counts with the main server';

$api->finish;
done_testing;
