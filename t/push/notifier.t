# SPDX-License-Identifier: Apache-2.0
# The notifier: what becomes of a push with each answer of its service, a service that hangs, PostgreSQL away, new keys, and the end of
# the daemon while pushes are under way.
use strict;
use warnings FATAL => 'all';

use Digest::SHA qw(hmac_sha256_hex);
use Encode      qw(encode_utf8);
use FindBin     qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Providers;
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket qw(now);
use IO::Select       ();
use IO::Socket::INET ();
use Test::More;
use Time::HiRes qw(sleep);

my $providers = FlixIM::Test::Providers->start;
my $api       = FlixIM::Test::Api->start(httpd => 0, cluster => { fsync => 1 });
my $pushd     = FlixIM::Test::Pushd->start(api => $api, settings => { provider_timeout => '2s', presence_lease => '2s' });

$api->row(q{SELECT flixim.configure(p_push_delay => '0')});

# Gives a user a device, whose token is its name.
sub device {
    my ($who, $provider, $name) = @_;
    my $sql = q{SELECT (flixim.add_device(ROW(?, clock_timestamp(), false, NULL)::flixim.caller, ?, ?)).id};
    return $api->row($sql, $api->id($who), $provider, $name // $who);
}
# What became of a user's pushes: state, tries and reason of each.
sub pushes {
    my ($who) = @_;
    return $api->row(q{SELECT coalesce(string_agg(concat_ws(' ', state, attempts, reason), ', ' ORDER BY stamp), '')
        FROM flixim.pushes WHERE user_id = ?}, $api->id($who));
}
sub wait_pushes {
    my ($who, $wanted, $what, $seconds) = @_;
    my $is_there = ref $wanted ? sub { pushes($who) =~ $wanted } : sub { pushes($who) eq $wanted };
    my $is_reached = eval { $pushd->wait_for($what, $is_there, $seconds) };
    return ok $is_reached, $what if $is_reached;
    diag $@;
    return is pushes($who), $wanted, $what;
}
sub send_to { my ($who) = @_; return $api->flood('alice', $who, 1) }
# A play as the name of a device.
sub name_of { return $_[0] =~ tr/ =/--/r }

# -- Nothing is configured ----------------------------------------------------------------------------

device('early', 'webhook');
send_to('early');
$pushd->wait_metric(stream_events_total => sub { $_[0] > 0 });
my $calls = $pushd->metrics->{database_calls_total};
sleep 1.2;
is pushes('early'), '', 'without a service nothing is collected';
cmp_ok $pushd->metrics->{database_calls_total} - $calls, '<=', 5, 'and the database is not asked for it';

# -- What becomes of a push ---------------------------------------------------------------------------

$pushd->configure($providers->settings('webhook'))->reload;
wait_pushes('early', 'sent 1', 'a reload that configures one begins with what was missed');

my $gone = q{SELECT disabled_reason FROM flixim.devices WHERE user_id = ?};
my @cases = (
    [ '429 after=30'    => 'waiting 1 HTTP 429', undef, [ 15, 30 ] ],
    [ '503 date=40'     => 'waiting 1 HTTP 503', undef, [ 15, 40 ] ],
    [ 'ok'              => 'sent 1' ],
    [ '201'             => 'sent 1' ],
    [ 'big 200'         => 'sent 1' ],
    [ 'half 200'        => 'sent 1' ],                     # it has decided, whatever comes then
    [ '400'             => 'dead 1 HTTP 400' ],
    [ '413'             => 'dead 1 HTTP 413' ],
    [ 'garbage 400'     => 'dead 1 HTTP 400' ],
    [ '410'             => '', 'HTTP 410' ],
    [ '401'             => qr/^waiting \d+ HTTP 401$/ ],
    [ '404'             => qr/^waiting \d+ HTTP 404$/ ],
    [ 'redirect 302'    => qr/^waiting \d+ HTTP 302$/ ],
    [ '500'             => qr/^waiting \d+ HTTP 500$/ ],
    [ 'reset'           => qr/^waiting \d+ \w[^,]+$/ ],
    [ 'stall'           => qr/^waiting \d+ Timeout was reached$/ ],
);
# What fails goes on failing.
for my $case (@cases) {
    my $name = name_of($case->[0]);
    device($name, 'webhook');
    $providers->play('webhook', $name, ($case->[0]) x 30);
}
send_to(name_of($_->[0])) for @cases;
for my $case (@cases) {
    my ($play, $wanted, $reason, $delay) = @$case;
    my $id = $api->id(name_of($play));
    wait_pushes(name_of($play), $wanted, "$play: " . (ref $wanted ? 'waits' : $wanted || 'its device is gone'));
    is $api->row($gone, $id), $reason, "$play: " . ($reason ? 'disabled' : 'its device stays');
    next if !$delay;
    my $due = $api->row(q{SELECT extract(epoch FROM due_at - clock_timestamp()) FROM flixim.pushes WHERE user_id = ?}, $id);
    ok $due > $delay->[0] && $due <= $delay->[1], "$play: due again in $delay->[0] to $delay->[1] s" or diag $due;
}
is join("\n", $providers->faults), '', 'every request is as it should be';
is_deeply [ grep { $_->{path} ne '/push' } $providers->received ], [], 'and no redirect was followed';

# All that is under way on a connection ends with it, and goes over another one.
my @cut = map {"cut$_"} 1 .. 5;
device($_, 'webhook') for @cut;
$providers->play('webhook', 'cut3', 'cut');
send_to($_) for @cut;
wait_pushes($_, qr/^sent [1-3]$/, "$_: sent, after its connection was cut at the latest") for @cut;

device('carol', 'webhook');
$providers->play('webhook', 'carol', '500');
send_to('carol');
wait_pushes('carol', 'sent 2', 'a second try does it');
my @seen = $providers->received(device => 'carol');
is scalar @seen, 2, 'with two requests';
is $seen[0]{push_id}, $seen[1]{push_id}, 'for one push';
is_deeply [ map { $_->{request}{attempt} } @seen ], [ 1, 2 ], 'that count';

my $metrics = $pushd->metrics;
cmp_ok $metrics->{pushes_sent_total},   '>=', 6, 'pushes_sent_total';
cmp_ok $metrics->{pushes_failed_total}, '>=', 9, 'pushes_failed_total';
is $metrics->{pushes_dead_total}, 3, 'pushes_dead_total';
is $metrics->{pushes_gone_total}, 1, 'pushes_gone_total';
$pushd->wait_metric(pushes_dead => 3);
$pushd->wait_metric(pushes_in_flight => 0);

# -- A service that hangs -----------------------------------------------------------------------------

$pushd->configure($providers->settings(qw(webhook fcm)), provider_requests => 10)->reload;
$providers->usually('webhook', 'stall');
my @many = map {"many$_"} 1 .. 30;
device($_, 'webhook') for @many;
send_to($_) for @many;
$pushd->wait_metric(pushes_in_flight => 10);
pass 'no more than provider_requests are under way';
my $client = FlixIM::Test::Channel->join($api, $pushd, 'dave');
my $slowest = 0;
for (1 .. 20) {
    my $begin = now();
    $client->beat;
    my $took = now() - $begin;
    $slowest = $took if $took > $slowest;
}
cmp_ok $slowest, '<', 0.5, 'a heartbeat is answered all the while';
device('erin', 'fcm');
my $begin = now();
send_to('erin');
wait_pushes('erin', 'sent 1', 'another service is not held up');
cmp_ok now() - $begin, '<', 4, 'for long';
$providers->usually('webhook', 'ok');
$pushd->wait_for('all of them are sent', sub { $api->row(q{SELECT count(*) FROM flixim.pushes AS p JOIN flixim.devices AS d ON d.id = p.device_id
    WHERE d.token LIKE 'many%' AND p.state = 'sent'}) == 30 }, 40);
pass 'once it answers all of them are sent';

# -- A connection that leads nowhere any more ---------------------------------------------------------

# Passes bytes on to a port; after USR1 nothing comes through the connections that are open then, and nobody is told.
sub start_proxy {
    my ($port) = @_;
    my $listener = IO::Socket::INET->new(Listen => 10, LocalAddr => '127.0.0.1') or die "no port: $!";
    my $pid = fork // die "fork: $!";
    return ($pid, $listener->sockport) if $pid;
    my ($select, %other, @silent) = IO::Select->new($listener);
    local $SIG{USR1} = sub {
        push @silent, grep { $_ != $listener } $select->handles;
        $select->remove(@silent);
    };
    while (1) {
        for my $from ($select->can_read) {
            if ($from == $listener) {
                my ($near, $far) = (scalar $listener->accept, IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port"));
                @other{ $near, $far } = ($far, $near);
                $select->add($near, $far);
            }
            elsif (!$other{$from}) { next }    # closed a moment ago
            elsif (sysread $from, my $bytes, 65536) { syswrite $other{$from}, $bytes }
            else {
                my $to = delete $other{$from};
                delete $other{$to};
                $select->remove($from, $to);
                close $_ for $from, $to;
            }
        }
    }
    exit;
}
my ($proxy, $proxy_port) = start_proxy($providers->port('webhook'));
END { kill 'KILL', $proxy if $proxy }
$pushd->configure(webhook_url => "https://localhost:$proxy_port/push")->reload;
device('judy', 'webhook');
send_to('judy');
wait_pushes('judy', 'sent 1', 'it leads somewhere');
kill 'USR1', $proxy;
device('ken', 'webhook');
send_to('ken');
wait_pushes('ken', 'sent 2', 'what times out goes over another connection the next time', 20);
$pushd->configure($providers->settings('webhook'))->reload;
kill 'KILL', $proxy;
waitpid $proxy, 0;
$proxy = undef;

# -- PostgreSQL away ----------------------------------------------------------------------------------

device('frank', 'webhook');
$providers->play('webhook', 'frank', 'trickle 200');
send_to('frank');
$providers->wait_received(1, device => 'frank');
undef $api->{dbh};
$api->cluster->stop('immediate');
$pushd->wait_for('it notices', sub { $pushd->get('/health')->status == 503 });
$pushd->wait_metric(pushes_in_flight => 0);
$api->cluster->up;
wait_pushes('frank', 'sent 1', 'what came of it is written once the database is back', 20);
is scalar(my @once = $providers->received(device => 'frank')), 1, 'and it was sent once';

# -- New keys -----------------------------------------------------------------------------------------

my $key = 'k' x 32;
$pushd->configure(webhook_key_file => $providers->write_file('other.key', $key))->reload;
device('grace', 'webhook');
send_to('grace');
my ($seen) = $providers->wait_received(1, device => 'grace');
my ($timestamp, $signature) = @{ $seen->{headers} }{qw(flixim-timestamp flixim-signature)};
is $signature, 'v1=' . hmac_sha256_hex("$timestamp." . encode_utf8($seen->{body}), $key), 'after a reload requests are signed with the new key';
my $length = length $pushd->log;
$pushd->configure(webhook_key_file => $providers->write_file('short.key', 'k'))->reload;
like substr($pushd->log, $length), qr/FLX1305.*webhook_key_file.*fewer than 32 bytes/, 'a bad one changes nothing';
$pushd->configure($providers->settings('webhook'))->reload;

# -- The end of the daemon ----------------------------------------------------------------------------

$pushd->configure(provider_timeout => '30s')->reload;
undef $client;
device('heidi', 'webhook');
$providers->play('webhook', 'heidi', 'stall');
send_to('heidi');
$providers->wait_received(1, device => 'heidi');
$begin = now();
$pushd->stop;
cmp_ok now() - $begin, '<', 5, 'it ends in time although a push is under way';
is pushes('heidi'), 'waiting 0', 'and that is left to others, as if it had not been tried';
is $api->row('SELECT count(*) FROM flixim.pushes WHERE claimed_by IS NOT NULL'), 0, 'nothing is claimed any more';
$pushd->up;
wait_pushes('heidi', 'sent 1', 'the next daemon sends it');
my ($first, $second) = $providers->received(device => 'heidi');
is $first->{push_id}, $second->{push_id}, 'with the same id';

is_deeply [ grep { !/FLX1305/ } $pushd->faults ], [], 'no faults in the log';
unlike $pushd->log, qr/heidi|many1|https?:/, 'and no token, no address';
$api->finish(provoked => qr{terminating connection|canceling statement|the database system is|shut|FATAL});
done_testing;
