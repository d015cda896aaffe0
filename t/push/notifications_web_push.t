# SPDX-License-Identifier: Apache-2.0
# Web Push by the daemon: what browsers and their vendors' servers get of it, the token it is known by, and where it does not go.
use strict;
use warnings FATAL => 'all';
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use FlixIM::Test::Api;
use FlixIM::Test::Providers;
use FlixIM::Test::Pushd;

my $providers = FlixIM::Test::Providers->start;
my $api       = FlixIM::Test::Api->start;
my $pushd     = FlixIM::Test::Pushd->start(api => $api, settings => { $providers->settings('web_push') });

$api->row(q{SELECT flixim.configure(p_push_delay => '0')});

# A browser of a user, which has the same name.
sub browser {
    my ($who, %where) = @_;
    return $providers->register($api, $who, 'web_push', $who, %where);
}

sub pushes {
    my ($who) = @_;
    return $api->row(q{SELECT coalesce(string_agg(concat_ws(' ', state, attempts, reason), ', ' ORDER BY stamp), '')
        FROM flixim.pushes WHERE user_id = ?}, $api->id($who));
}

sub becomes {
    my ($who, $wanted, $what) = @_;
    my $is_there = eval { $pushd->wait_for($what, sub { pushes($who) eq $wanted }) };
    return is $is_there ? $wanted : pushes($who), $wanted, $what;
}

sub disabled {
    my ($id) = @_;
    return $api->row('SELECT disabled_reason FROM flixim.devices WHERE id = ?', $id);
}

# The token of a request.
sub token_of {
    my ($seen) = @_;
    return $seen->{headers}{authorization} =~ /^vapid t=([\w.-]+), k=/ ? $1 : die "no token\n";
}

# -- What they get ------------------------------------------------------------------------------------

ok $pushd->wait_for('a public key', sub { $api->call('carol', GET => '/settings/notifications')->data->{web_push_public_key} }), 'there is a key to subscribe with';
is $api->call('carol', GET => '/settings/notifications')->data->{web_push_public_key}, $providers->web_push_key, 'it is the public half of the file';

browser('bob');
$api->send_text('alice', 'bob', 'Are you there? 在吗');
becomes('bob', 'sent 1', 'it is sent');
my ($seen) = $providers->received(device => 'bob');
is $seen->{http}, '2.0', 'over HTTP/2';
is $seen->{data}{text}, 'Are you there? 在吗', 'the browser decrypts it';
is $seen->{headers}{urgency}, 'high', 'somebody waits for an answer';
is $seen->{headers}{topic}, $seen->{data}{collapse}, 'the next one of the conversation takes its place';
is $seen->{headers}{'content-type'}, 'application/octet-stream', 'the vendor is told nothing of what it is';
is(($seen->{bytes} - 86 - 16) % 256, 0, 'not even how long');
cmp_ok $seen->{headers}{ttl}, '<=', 86_400, 'kept for a day';
cmp_ok $seen->{headers}{ttl}, '>', 86_300, 'about';
is_deeply [ sort keys %{ $seen->{claims} } ], [qw(aud exp header sub)], 'the token says whom it is for, until when, and whom to ask';

# -- The token ----------------------------------------------------------------------------------------

browser('dave');
browser('erin', host => 'push.localhost', port => $providers->port('other_push'));
$api->send_text('alice', $_, 'x') for qw(dave erin);
becomes($_, 'sent 1', "$_ is told") for qw(dave erin);
my ($dave) = $providers->received(device => 'dave');
my ($erin) = $providers->received(device => 'erin');
is token_of($dave), token_of($seen), 'the vendor knows the token';
isnt token_of($erin), token_of($seen), 'another vendor gets another';
is $erin->{claims}{aud}, 'https://push.localhost:' . $providers->port('other_push'), 'which is for it alone';

for my $status (qw(401 403)) {
    browser("f$status");
    $providers->play('web_push', "f$status", $status);
    $api->send_text('alice', "f$status", 'x');
    becomes("f$status", 'sent 2', "$status: the next try does it");
    my @tries = $providers->received(device => "f$status");
    isnt token_of($tries[0]), token_of($tries[1]), "$status: with a new token";
    is $tries[0]{push_id}, $tries[1]{push_id}, "$status: and the same push";
    is disabled($api->row('SELECT id FROM flixim.devices WHERE user_id = ?', $api->id("f$status"))), undef, "$status: that costs no device";
}

# -- Where it does not go -----------------------------------------------------------------------------

# The last is a name that libcurl would take for this machine; it is no host of the list anyway.
my $port = $providers->port('web_push');
my @elsewhere = (
    [ grace => 'push.example.org', 443,   'host not allowed' ],
    [ heidi => 'localhost',        $port + 1, 'host not allowed' ],
    [ ivan  => '127.0.0.1',        $port, 'host not allowed' ],
    [ judy  => 'localhost.',       $port, undef ],
    [ karl  => '127.1',            $port, 'endpoint is no https: URL' ],
);
for my $case (@elsewhere) {
    my ($who, $host, $there, $reason) = @$case;
    my $answer = $api->call($who, POST => '/devices', body => $providers->device('web_push', $who, host => $host, port => $there));
    if (!defined $reason) {
        is $answer->status, 422, "$host:$there cannot be registered";
        next;
    }
    is $answer->status, 201, "$host:$there is registered";
    $api->send_text('alice', $who, 'x');
    ok $pushd->wait_for("$host is refused", sub { defined disabled($answer->data->{id}) }), "$host:$there is not called";
    is disabled($answer->data->{id}), $reason, 'and the device says why';
    is pushes($who), '', 'nothing is left of the push';
}

# -- A vendor that hangs ------------------------------------------------------------------------------

# So many wait for it, and longer, that the other vendor's turn would not come for a minute.
$pushd->configure(provider_requests => 20, provider_timeout => '1s')->reload;
browser('niaj');
browser('olivia', host => 'push.localhost', port => $providers->port('other_push'));
$providers->play('web_push', 'niaj', ('stall') x 200);
my $failed = $pushd->metrics->{pushes_failed_total};
$api->flood('alice', 'niaj', 60);
$pushd->wait_for('the vendor is known to hang', sub { $pushd->metrics->{pushes_failed_total} >= $failed + 25 }, 30);
$api->send_text('alice', 'olivia', 'x');
becomes('olivia', 'sent 1', 'another one is not held up');
$pushd->configure(provider_requests => 100, provider_timeout => '10s')->reload;

# -- A reload -----------------------------------------------------------------------------------------

# The list is read anew, and so is the key: browsers that subscribed with the old one do not take the new.
$pushd->configure(web_push_hosts => 'push.example.org')->reload;
browser('mallory');
$api->send_text('alice', 'mallory', 'x');
ok $pushd->wait_for('mallory is refused', sub { ($api->row('SELECT disabled_reason FROM flixim.devices WHERE user_id = ?', $api->id('mallory')) // '') eq 'host not allowed' }),
    'a host that is taken off the list is called no more';
$pushd->configure($providers->settings('web_push'))->reload;
browser('mallory');
$api->send_text('alice', 'mallory', 'x');
becomes('mallory', 'sent 1', 'until it is on it again, and the browser registers anew');

is join("\n", $providers->faults), '', 'every request was as a vendor wants it';
$pushd->stop;
unlike $pushd->log, qr/vapid|BEGIN|\beyJ/, 'neither tokens nor keys are in the log';
is_deeply [ $pushd->faults ], [], 'nor errors';

$api->finish;
done_testing;
