# SPDX-License-Identifier: Apache-2.0
# Push services that hang, in whatever way, hold up nobody else: neither the other services, nor another vendor's browsers, nor WebSockets.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use IO::Socket::INET ();
use Test::More;
use Time::HiRes qw(sleep time);

use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Providers;
use FlixIM::Test::Pushd;

my $slots = 12;    # a quarter of them for each vendor of browsers
my $providers = FlixIM::Test::Providers->start;
# Takes connections, and never says a word of TLS.
my $mute = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1') or die "listen: $!";
my $pushd;
my $api = FlixIM::Test::Api->start(with => sub {
    my ($self) = @_;
    $self->write_file(secret => $self->secret);
    my %settings = ($providers->settings, provider_requests => $slots, provider_timeout => '12s', pushes_per_second => 0, idle_time => '10min');
    $pushd = FlixIM::Test::Pushd->start(api => $self, settings => { %settings, webhook_url => 'https://localhost:' . $mute->sockport . '/push' });
    return ();
});
$api->row(q{SELECT flixim.configure(p_push_delay => '0')});

# Devices: each its user's only one.
my %who = (apns => 'a', webhook => 'h', fcm => 'f', web_push => 'b');
for my $service (sort keys %who) { $providers->register($api, "$who{$service}$_", $service, "$who{$service}$_") for 1 .. 2 * $slots }
$providers->register($api, "o$_", 'web_push', "o$_", host => 'other.localhost', port => $providers->port('other_push')) for 1 .. $slots;

my ($alice, $bob) = map { FlixIM::Test::Channel->join($api, $pushd, $_) } qw(alice bob);
$_->ask('sync', { last_sync_timestamp => $_->live_from }) for $alice, $bob;

sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[ @sorted / 2 ] }

# Milliseconds from a message to the request for its push.
sub push_times {
    my (@devices) = @_;
    my %sent;
    for my $device (@devices) {
        $sent{$device} = time;
        $api->send_text('sender', $device, 'hello');
    }
    return map { my ($seen) = $providers->wait_received(1, device => $_); $seen->{at} - 1000 * $sent{$_} } @devices;
}

# Milliseconds of a message between two who are online: to its reply, and to the other.
sub socket_times {
    return map {
        my $begin = time;
        my $reply = $alice->ask('send_message', { receiver_id => $api->id('bob'), message_type => 'private_message', content_type => 'text', content => { text => "$_" } });
        die $reply->text if $reply->status ne 'ok';
        $bob->event;
        my $end = time;
        $bob->beat;
        1000 * ($end - $begin);
    } 1 .. 15;
}

my %first = (f => median(push_times(map {"f$_"} 1 .. 6)), o => median(push_times(map {"o$_"} 1 .. 6)));
my $socket_first = median(socket_times());

# All that hang, at once, and more pushes than there are slots.
$providers->usually(apns => 'stall');
$providers->play(web_push => "b$_", 'stall') for 1 .. 2 * $slots;
for my $service (qw(apns webhook web_push)) { $api->send_text('sender', "$who{$service}$_", 'hello') for 1 .. 2 * $slots }
$providers->wait_received($slots, provider => 'apns');
$providers->wait_received($slots / 4, port => $providers->port('web_push'));
my %then = (f => median(push_times(map {"f$_"} 7 .. 12)), o => median(push_times(map {"o$_"} 7 .. 12)));
my $socket_then = median(socket_times());
is scalar(@{[ $providers->received(provider => 'apns') ]}), $slots, 'a service that hangs has its slots under way, and no more';
is scalar(@{[ $providers->received(port => $providers->port('web_push')) ]}), $slots / 4, 'a vendor of browsers has a quarter of them';
cmp_ok $then{f}, '<', 3 * $first{f} + 300, sprintf 'FCM is as quick: %d ms before, %d ms now', $first{f}, $then{f};
cmp_ok $then{o}, '<', 3 * $first{o} + 300, sprintf 'another vendor of browsers is: %d ms before, %d ms now', $first{o}, $then{o};
cmp_ok $socket_then, '<', 3 * $socket_first + 50, sprintf 'WebSockets are: %.1f ms before, %.1f ms now', $socket_first, $socket_then;

# They come to themselves: all that waited is sent.
$providers->usually('apns');
$providers->play(web_push => "b$_") for 1 .. 2 * $slots;
$pushd->configure($providers->settings);
$pushd->reload;
my $total = 6 * $slots + 24;
$pushd->wait_for('all is sent', sub {
    $api->row(q{SELECT count(*) FROM flixim.pushes WHERE state = 'sent'}) == $total
        || $api->row(q{WITH hurry AS (UPDATE flixim.pushes SET due_at = now() WHERE state = 'waiting' AND claimed_by IS NULL AND due_at > now() RETURNING 1) SELECT 0});
}, 40);
is $api->row(q{SELECT count(*) FROM flixim.pushes WHERE state = 'sent'}), $total, 'once they answer again, all is sent';
is join("\n", $providers->faults), '', 'every request is as its service wants it';

$_->raw->drop for $alice, $bob;

# It ends at once, although requests are under way.
$providers->usually(apns => 'stall');
$providers->forget;
$api->send_text('sender', 'a1', 'hello');
$providers->wait_received(1, device => 'a1');
my $begin = time;
$pushd->stop;
cmp_ok time - $begin, '<', 4, 'the daemon ends without waiting for them';
is $api->row(q{SELECT state || ' ' || (claimed_by IS NULL) FROM flixim.pushes WHERE state <> 'sent'}), 'waiting true', 'and leaves the push to others';
is_deeply [ grep { !/FLX14/ } $pushd->faults ], [], 'no fault in the log of the daemon';
$api->finish;
done_testing;
