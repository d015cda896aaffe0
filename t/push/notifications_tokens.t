# SPDX-License-Identifier: Apache-2.0
# The site's own tokens, for Apple and for Google: got once, replaced in time, replaced when they are refused, and nobody else's business.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);

use FlixIM::Test::Api;
use FlixIM::Test::Providers;
use FlixIM::Test::Pushd;

my $providers = FlixIM::Test::Providers->start;
my $api       = FlixIM::Test::Api->start(httpd => 0);
my $pushd     = FlixIM::Test::Pushd->start(api => $api, settings => { $providers->settings(qw(apns fcm webhook)), provider_timeout => '1s' });
$api->row(q{SELECT flixim.configure(p_push_delay => '0')});

sub device {
    my ($who, $provider) = @_;
    return $api->row(q{SELECT (flixim.add_device(ROW(?, clock_timestamp(), false, NULL)::flixim.caller, ?, ?)).id},
        $api->id($who), $provider,
        $providers->device($provider, $who)->{token});
}
sub send_to { my ($who) = @_; return $api->flood('alice', $who, 1) }
# What became of a user's pushes: state, tries and reason of each.
sub pushes {
    my ($who) = @_;
    return $api->row(q{SELECT coalesce(string_agg(concat_ws(' ', state, attempts, reason), ', ' ORDER BY stamp), '') FROM flixim.pushes WHERE user_id = ?},
        $api->id($who));
}
sub wait_pushes {
    my ($who, $wanted, $what) = @_;
    return if eval { $pushd->wait_for($what, sub { pushes($who) eq $wanted }); pass $what };
    is pushes($who), $wanted, $what;
    return;
}
# The tokens that a device's requests came with, in order.
sub tokens { my ($device) = @_; return map { $_->{headers}{authorization} =~ s/^bearer //ir } $providers->received(device => $device) }
sub asked { return scalar(() = $providers->received(device => 'token')) }
sub in_log { my ($tag) = @_; return scalar(() = $pushd->log =~ /$tag: /g) }

# -- Google's access token ----------------------------------------------------------------------------

device('bob', 'fcm');
for my $count (1 .. 3) {
    send_to('bob');
    wait_pushes('bob', join(', ', ('sent 1') x $count), "$count sent over FCM");
}
is asked(), 1, 'with one access token';
is scalar(keys %{ { map { $_ => 1 } tokens('bob') } }), 1, 'that all of them had';

# One for four seconds is replaced after two, and nobody notices.
$providers->forget;
$providers->play('fcm', 'token', 'ok seconds=4');
$pushd->reload;
device('carol', 'fcm');
my ($count, $end) = (0, time + 3.5);
while (time < $end) {
    send_to('carol');
    $count++;
    sleep 0.25;
}
wait_pushes('carol', join(', ', ('sent 1') x $count), 'nothing is refused while it is replaced');
is asked(), 2, 'it was replaced once';
is scalar(keys %{ { map { $_ => 1 } tokens('carol') } }), 2, 'and both were used';

# One that Google does not take any more.
$providers->forget;
device('dora', 'fcm');
$providers->play('fcm', 'dora', '401 reason=');
send_to('dora');
wait_pushes('dora', 'sent 2', 'a refused token costs a try');
is asked(), 1, 'a new one was asked for';
my ($refused, $taken) = tokens('dora');
isnt $taken, $refused, 'and used';

# None is to be had: FCM waits, its pushes are not even tried, and nothing else waits.
$providers->forget;
$providers->play('fcm', 'token', '503', '400 reason=invalid_grant', 'garbage 200');
$pushd->reload;
device('erin', 'fcm');
device('fred', 'webhook');
send_to($_) for qw(erin fred);
wait_pushes('fred', 'sent 1', 'another service sends');
$pushd->wait_for('FCM has failed', sub { in_log('FLX1460') == 1 });
is pushes('erin'), 'waiting 0', 'without an access token nothing is tried';
eval { $pushd->wait_for('FCM sends again', sub { pushes('erin') eq 'sent 1' }, 30) };
is pushes('erin'), 'sent 1', 'it is sent when there is one, at the first try';
is asked(), 4, 'asked for until it came';
my @at = map { $_->{at} } $providers->received(device => 'token');
cmp_ok $at[3] - $at[2], '>', 1.3 * ($at[1] - $at[0]), 'more and more slowly';
is in_log('FLX1460'), 1, 'one line says that there is none, however often';
is in_log('FLX1461'), 1, 'and one that there is again';

# -- Apple's token ------------------------------------------------------------------------------------

$providers->forget;
device('gina', 'apns');
$providers->play('apns', 'gina', '403', '403 reason=InvalidProviderToken', '403 reason=BadEnvironmentKeyInToken');
send_to('gina');
wait_pushes('gina', 'waiting 3 HTTP 403 BadEnvironmentKeyInToken', 'APNs: refused three times');
my @tokens = tokens('gina');
isnt $tokens[1], $tokens[0], 'a refused token is replaced';
is $tokens[2], $tokens[1], 'but not each time: Apple forbids that';
my $due = $api->row(q{SELECT extract(epoch FROM due_at - clock_timestamp()) FROM flixim.pushes WHERE user_id = ?}, $api->id('gina'));
cmp_ok $due, '>', 45, 'what only the site can mend is left alone for a minute';
device('hugo', 'apns');
send_to('hugo');
wait_pushes('hugo', 'sent 1', 'others go on');
is_deeply [ tokens('hugo') ], [ $tokens[1] ], 'with the same token';
is $api->row('SELECT count(*) FROM flixim.devices WHERE disabled_at IS NOT NULL'), 0, 'no device is taken for gone';

# -- Keys ---------------------------------------------------------------------------------------------

is join("\n", $providers->faults), '', 'every signature is right';
my %keys = (apns => 'apns_key_file', fcm => 'fcm_key_file');
for my $name (sort keys %keys) {
    my %good = $providers->settings($name);
    for my $bad ([ 'garbage', 'no key at all', 0600 ], [ 'readable', $providers->read_file($good{ $keys{$name} } =~ s{.*/}{}r), 0644 ]) {
        my $path = $providers->write_file("$name-$bad->[0]", $bad->[1]);
        chmod $bad->[2], $path or die "$path: $!";
        $pushd->configure($keys{$name} => $path);
        my $before = in_log('FLX\d+');
        kill 'HUP', $pushd->pid;
        $pushd->wait_for("$name, $bad->[0]: refused", sub { $pushd->log =~ /\Q$keys{$name} "$path": \E\w/ });
        pass "$name, a key file that is $bad->[0]: a reload says which file, and what is wrong";
    }
    $pushd->configure($keys{$name} => $good{ $keys{$name} });
}
send_to($_) for qw(bob hugo);
wait_pushes('bob', join(', ', ('sent 1') x 4), 'the keys from before are still there for FCM');
wait_pushes('hugo', 'sent 1, sent 1', 'and for APNs');

my $log = $pushd->log;
unlike $log, qr/ya29\.|eyJ[\w-]+\.eyJ|BEGIN [A-Z ]*PRIVATE/, 'no token and no key is in the log';
is $api->row(q{SELECT count(*) FROM flixim.pushes WHERE reason ~ 'ya29|eyJ|http'}), 0, 'nor in the database';

$pushd->stop;
$api->finish;
done_testing;
