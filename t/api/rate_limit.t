# SPDX-License-Identifier: Apache-2.0
# FlixIMRateLimit: so many requests for each caller, whichever child answers; then 429 with Retry-After.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use Apache::Test qw(-withtestmore);
use HTTP::Request ();
use JSON::PP      qw(decode_json);
use LWP::UserAgent ();
use Time::HiRes   qw(sleep);

my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(
    cluster  => $cluster,
    settings => { FlixIMRateLimit => '10 50s' },
    vhosts   => [ { settings => { FlixIMRateLimit => 'off' } }, { settings => {} } ],
);

plan tests => 5 + 5 + 3 + 3;

my @token = map { $cluster->psql("SELECT flixim.issue_token('${_}0000000-0000-4000-8000-000000000000')") } 1 .. 4;

# The statuses of N requests, each on a connection of its own: that is whichever child takes it.
sub ask {
    my ($token, $count, $host, @header) = @_;
    return map {
        LWP::UserAgent->new->request(HTTP::Request->new(GET => $httpd->url($host // 0) . '/api/v1/messages/unread_count', [ Authorization => "Bearer $token", @header ]))
    } 1 .. $count;
}
sub status { my ($path) = @_; return LWP::UserAgent->new->get($httpd->url . $path)->code }
sub statuses { return join ' ', map { $_->code } @_ }

is statuses(ask($token[0], 10)), join(' ', (200) x 10), 'ten at once';
my ($late) = ask($token[0], 1);
is $late->code, 429, 'not an eleventh';
is decode_json($late->content)->{error}{code}, 'rate_limited', 'says what it is';
like $late->header('Retry-After'), qr/^[1-5]$/, 'and when to come back';
is statuses(ask($token[0], 3, 0, 'Content-Type' => 'text/plain')), '429 429 429', 'whatever else is wrong';

is statuses(ask($token[1], 10)), join(' ', (200) x 10), 'another caller has ten of its own';
is statuses(ask('flx_unknown', 10)), join(' ', (401) x 10), 'so has a token that is not valid';
is statuses(ask('flx_unknown', 1)), '429', 'and no more';
is status('/api/v1/health'), 200, 'what needs no token is not counted';
is status('/api/v1/messages'), 401, 'nor is a request without one';

# One comes back every five seconds.
my $waited = 0;
sleep 0.1 while (ask($token[0], 1))[0]->code == 429 && ++$waited < 100;
cmp_ok $waited, '<', 100, 'one comes back';
is statuses(ask($token[0], 2)), '429 429', 'not ten';
unlike $httpd->log, qr/exit signal/, 'no child died';

is statuses(ask($token[2], 30, 1)), join(' ', (200) x 30), 'a virtual host may have no limit';
is statuses(ask($token[3], 6, 2)), join(' ', (200) x 6), 'one without the directive';
is statuses(ask($token[3], 5, 0)), '200 200 200 200 429', 'counts with the main server';
