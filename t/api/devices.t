# SPDX-License-Identifier: Apache-2.0
# Devices and notification settings over HTTP: registered, known again, taken over, deleted; each rule by the name of its field.
use strict;
use warnings FATAL => 'all';
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use Apache::Test qw(-withtestmore);
use Encode   qw(encode);
use JSON::PP ();

my $api = FlixIM::Test::Api->start;
my ($true, $false) = (JSON::PP::true(), JSON::PP::false());
my %web = (
    provider     => 'web_push',
    subscription => { endpoint => 'https://push.example.org/x', expirationTime => undef, keys => { p256dh => 'B' . 'A' x 86, auth => 'A' x 22 } },
    platform     => 'web', locale => 'zh-CN', token => undef, app_id => undef,
);

sub add { my ($who, %device) = @_; return $api->call($who, POST => '/devices', body => \%device) }
sub with { my (%keys) = @_; return (%web, subscription => { %{ $web{subscription} }, %keys }) }
sub listed { my ($who) = @_; return join ' ', map {"$_->{token}:$_->{status}"} @{ $api->call($who, GET => '/devices')->data } }

# -- One device ---------------------------------------------------------------------------------------

my $made = add('alice', %web);
is $made->status, 201, 'a browser is registered as its subscription says';
my $device = $made->data;
is $made->header('Location'), "/api/v1/devices/$device->{id}", 'Location is its path';
my %expected = (
    provider => 'web_push', app_id => undef, token => 'https://push.example.org/x', platform => 'web', locale => 'zh-CN', status => 'active', disabled_reason => undef,
);
is_deeply { map { $_ => $device->{$_} } keys %expected }, \%expected, 'with all its fields';
my $again = add('alice', %web, locale => 'en');
is $again->status, 200, 'the same again is known';
is $again->header('Location'), undef, 'and at no new place';
is $again->data->{id}, $device->{id}, 'it is the same one';
is $again->data->{locale}, 'en', 'as it is now';
is_deeply $api->call('alice', GET => '/devices')->data, [ $again->data ], 'it is listed';
is $api->call('bob', DELETE => "/devices/$device->{id}")->verdict, '404 device_not_found', 'others have it not';
is add('bob', %web)->status, 201, 'another user in that browser has it';
is listed('alice'), '', 'and it is no more the first one\'s';
is $api->call('alice', DELETE => "/devices/$device->{id}")->verdict, '404 device_not_found', 'who cannot delete it';
my $of_bob = $api->call('bob', GET => '/devices')->data->[0]{id};
is $api->call('bob', DELETE => '/devices/' . uc $of_bob)->status, 200, 'the other can';
is listed('bob'), '', 'and it is gone';
is add($_, provider => 'apns', token => 'AB' x 32, app_id => 'org.example.app')->data->{token}, 'ab' x 32, "$_: an APNs token" for 'alice', 'alice:jwt';
is listed('alice'), 'ab' x 32 . ':active', 'a user is one user, by whichever token';

# Gone, and back.
$api->row(q{UPDATE flixim.devices SET disabled_at = now(), disabled_reason = 'Unregistered' RETURNING 1});
is $api->call('alice', GET => '/devices')->data->[0]{disabled_reason}, 'Unregistered', 'its provider said that it is gone';
is add('alice', provider => 'apns', token => 'ab' x 32, app_id => 'org.example.app')->data->{status}, 'active', 'registered again it is there';

# 25 of them.
is add('carol', provider => 'fcm', token => "number-$_")->status, 201, "carol's device $_" for 1 .. 25;
my $full = add('carol', provider => 'fcm', token => 'one-more');
is $full->verdict, '409 too_many_devices', 'one more is refused';
like $full->body, qr/\Q@{[ encode('UTF-8', '设备数量已达上限') ]}\E/, 'in Chinese';
is add('carol', provider => 'fcm', token => 'number-7')->status, 200, 'one of them may come back';

# -- What breaks a rule -------------------------------------------------------------------------------

$api->token('dave');    # makes the user
for my $case (
    [ 'provider',                    provider => 'sms', token => 'x' ],
    [ 'token',                       provider => 'fcm' ],
    [ 'token',                       provider => 'fcm', token => '' ],
    [ 'token',                       provider => 'fcm', token => 'a b' ],
    [ 'token',                       provider => 'fcm', token => 'é' ],
    [ 'token',                       provider => 'fcm', token => 'x' x 4097 ],
    [ 'token',                       provider => 'apns', token => 'xy' x 32 ],
    [ 'token',                       %web, token => 'x' ],
    [ 'subscription',                provider => 'webhook', token => 'x', subscription => {} ],
    [ 'subscription',                provider => 'web_push' ],
    [ 'subscription.endpoint',       with(endpoint => undef) ],
    [ 'subscription.endpoint',       with(endpoint => ['https://h/']) ],
    [ 'subscription.endpoint',       with(endpoint => 'http://push.example.org/x') ],
    [ 'subscription.endpoint',       with(endpoint => 'https://alice:secret@push.example.org/x') ],
    [ 'subscription.endpoint',       with(endpoint => "https://push.example.org/\r\nX-Evil: 1") ],
    [ 'subscription.endpoint',       with(endpoint => 'file:///etc/passwd') ],
    [ 'subscription.endpoint',       with(endpoint => 'https://h/' . 'x' x 2039) ],
    [ 'subscription.keys',           with(keys => undef) ],
    [ 'subscription.keys',           with(keys => 'x') ],
    [ 'subscription.keys.p256dh',    with(keys => { auth => 'A' x 22 }) ],
    [ 'subscription.keys.p256dh',    with(keys => { auth => 'A' x 22, p256dh => 'A' x 87 }) ],
    [ 'subscription.keys.auth',      with(keys => { p256dh => 'B' . 'A' x 86, auth => 'A' x 22 . '==' }) ],
    [ 'platform',                    %web, platform => 'x' x 33 ],
    [ 'locale',                      %web, locale => 'zh_CN' ],
    [ 'locale',                      %web, locale => 'x' x 36 ],
    [ 'app_id',                      %web, app_id => 'a b' ],
    [ 'locale platform provider',    provider => 5, locale => 'x' x 36, platform => [] ],
  ) {
    my ($fields, %body) = @$case;
    my $before = $api->state;
    is add('dave', %body)->verdict, "422 invalid_fields $fields", "$fields: refused";
    is $api->state, $before, "$fields: nothing has changed";
}
is add('dave', provider => 'fcm', token => 'x', platform => undef, locale => '', app_id => '')->data->{locale}, undef, 'empty is absent';

# -- What to be told ----------------------------------------------------------------------------------

my $settings = '/settings/notifications';
my %all = map { $_ => $true } qw(system_notification system_announcement interaction private_message);
my %night = (from => '22:00', until => '08:00', time_zone => 'Asia/Shanghai');
my $none = $api->call('alice', GET => $settings)->data;
is_deeply $none, { quiet_hours => undef, message_types => \%all, show_text => $true, web_push_public_key => undef, updated_at => undef }, 'everything, at first';
for my $case (
    [ 'nothing given',    {},                                             quiet_hours => undef ],
    [ 'quiet hours',      { quiet_hours => \%night },                     quiet_hours => \%night ],
    [ 'one type off',     { message_types => { interaction => $false } }, message_types => { %all, interaction => $false } ],
    [ 'no texts',         { show_text => $false },                        show_text => $false ],
    [ 'null for a text',  { show_text => undef },                         show_text => $false ],
    [ 'no types',         { message_types => undef },                     message_types => { %all, interaction => $false } ],
    [ 'it is still so',   {},                                             quiet_hours => \%night ],
    [ 'null ends them',   { quiet_hours => undef },                       quiet_hours => undef ],
  ) {
    my ($name, $body, $member, $value) = @$case;
    my $put = $api->call('alice', PUT => $settings, body => $body);
    is_deeply $put->data->{$member}, $value, $name;
    is_deeply $api->call('alice', GET => $settings)->data, $put->data, "$name: and so it stays";
}
for my $case (
    [ 'quiet_hours.from',               quiet_hours => {} ],
    [ 'quiet_hours.from',               quiet_hours => { %night, from => '24:00' } ],
    [ 'quiet_hours.until',              quiet_hours => { %night, until => '22:00' } ],
    [ 'quiet_hours.until',              quiet_hours => { %night, until => 8 } ],
    [ 'quiet_hours.time_zone',          quiet_hours => { %night, time_zone => 'CST' } ],
    [ 'quiet_hours.time_zone',          quiet_hours => { %night, time_zone => '../../etc/passwd' } ],
    [ 'quiet_hours.time_zone',          quiet_hours => { %night, time_zone => {} } ],
    [ 'message_types.private_message',  message_types => { private_message => 'no' } ],
    [ 'message_types show_text',        message_types => [], show_text => 'no' ],
  ) {
    my ($fields, %body) = @$case;
    is $api->call('alice', PUT => $settings, body => \%body)->verdict, "422 invalid_fields $fields", "$fields: refused";
}
is_deeply $api->call('bob', GET => $settings)->data, $none, 'one\'s settings are one\'s own';

# -- A sync is noted ----------------------------------------------------------------------------------

sub reached { return $api->row(q{SELECT r.reached_at >= u.last_event_at FROM flixim.reached AS r JOIN flixim.users AS u USING (user_id) WHERE user_id = ?}, $api->id($_[0])) }
$api->device('erin');
$api->send_text('alice', 'erin', 'hello');
is reached('erin'), 0, 'a message that was not synced';
$api->call('erin', GET => '/messages/sync', query => { user_id => $api->id('bob') });
is reached('erin'), 0, 'a sync that is refused is none';
$api->call('erin', HEAD => '/messages/sync');
is reached('erin'), 0, 'nor is one without its body';
is scalar @{ $api->call('erin', GET => '/messages/sync')->data->{messages} }, 1, 'synced';
is reached('erin'), 1, 'is noted';
$api->send_text('alice', 'erin', 'again');
my $daemon = $api->cluster->connect;
$daemon->begin_work;
$daemon->do('SELECT FROM flixim.reached FOR UPDATE');
is $api->call('erin', GET => '/messages/sync')->status, 200, 'it does not wait for who is noting another thing';
$daemon->rollback;
$daemon->disconnect;
is scalar @{ $api->call('alice', GET => '/messages/sync', query => { last_sync_time => '9999-12-31T23:59:59Z' })->data->{messages} }, 0, 'who has a device';
is $api->row(q{SELECT count(*) FROM flixim.reached WHERE user_id = ?}, $api->id('frank')), 0, 'who has none is not noted';

$api->finish;
done_testing;
