# SPDX-License-Identifier: Apache-2.0
# What is secret stays so: no token, key, password or text of a message in any log, in server-status or in server-info.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Tree qw(slurp);
use Apache::Test qw(-withtestmore);
use MIME::Base64 qw(encode_base64);

chomp(my $modules = `apxs -q LIBEXECDIR`);
my $pages = join '', map {"LoadModule ${_}_module \"$modules/mod_$_.so\"\n"} qw(status info authn_core auth_basic);
# All at its most talkative, but for what httpd logs at core:trace5 before any module has seen it: the request line.
$pages .= <<'CONF';
LogLevel trace8 core:trace4
ExtendedStatus On
LogFormat "%h %l %u \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" [%q] [%U] [%{Authorization}i] user=%{flixim-user}n env=%{FLIXIM_USER}e" all
CustomLog access.log all
<Location "/server-status">
    SetHandler server-status
</Location>
<Location "/server-info">
    SetHandler server-info
</Location>
CONF
my $api = FlixIM::Test::Api->start(
    extra => $pages, settings => { FlixIMDatabaseTimeout => '500ms' },
    cluster => { settings => { log_connections => 'on', log_lock_waits => 'on', deadlock_timeout => '100ms' } },
);
my $canary = 'CANARY' . FlixIM::Test::Api::random_text(20);
my %secret = (
    'an opaque token'           => $api->token('alice'),
    'a JWT'                     => $api->token('alice:jwt'),
    'a token that is none'      => "none$canary",
    'a JWT that is none'        => $api->jwt('alice', exp => 1),
    'a token in a URL'          => "url$canary",
    'a token in a URL, encoded' => "encoded$canary",
    'a token in a foreign URL'  => "socket$canary",
    'the key'                   => $api->secret,
    'a password'                => "password$canary",
    'a login'                   => encode_base64("x:password$canary", ''),
    'a text'                    => "text$canary",
    'a title'                   => "title$canary",
    'a draft'                   => "draft$canary",
    'a device token'            => "device$canary",
    'an endpoint'               => "https://push.example.org/$canary",
    'a key of a subscription'   => 'BA' . FlixIM::Test::Api::random_text(84) . 'A',
);

# Everything that handles them, well and ill.
my $alice = $api->id('alice');
my %body = (receiver_id => $api->id('bob'), content_type => 'text', message_type => 'private_message', content => { text => $secret{'a text'}, title => $secret{'a title'} });
for my $who ('alice', 'alice:jwt') {
    my $sent = $api->call($who, POST => '/messages', body => \%body);
    is $sent->status, 201, "$who sends";
    my $id = $sent->data->{id};
    $api->call('bob', PUT => "/messages/$id/read");
    $api->call($who, GET => $_) for '/messages', "/messages/$id", '/messages/sync', '/conversations', '/token';
    $api->call($who, PUT => '/conversations/' . $api->private('alice', 'bob'), body => { draft => $secret{'a draft'} });
    my @refused = (
        qq({"content":{"text":"$secret{'a text'}"), { %body, message_type => $secret{'a text'} }, { %body, content_type => 'image' },
        { %body, content => { text => $secret{'a text'} . 'x' x 10001 } }, { %body, receiver_id => $secret{'a text'} },
    );
    $api->call($who, POST => '/messages', body => $_) for @refused;
    my $same = $api->uuid;
    $api->call($who, POST => '/messages', body => { %body, client_message_id => $same, content => { text => $secret{$_} } }) for 'a text', 'a title';
    $api->call($who, PUT => "/messages/$id/withdraw");
}
# Devices, well and ill: their tokens are what a notification needs to be shown there.
my %web = (provider => 'web_push', subscription => { endpoint => $secret{'an endpoint'}, keys => { p256dh => $secret{'a key of a subscription'}, auth => 'A' x 22 } });
my %device = (provider => 'fcm', token => $secret{'a device token'});
for my $who (qw(alice alice:jwt)) {
    like $api->call($who, POST => '/devices', body => $_)->status, qr/^20[01]$/, "$who registers $_->{provider}" for \%device, \%web;
    $api->call($who, POST => '/devices', body => $_)
        for { %device, provider => 'apns' }, { %device, token => "$secret{'a device token'} x" }, { %device, %web }, { %web, locale => $secret{'a device token'} },
        { %web, subscription => { endpoint => "$secret{'an endpoint'}#x" } }, { provider => $secret{'a device token'} }, qq({"token":"$secret{'a device token'}");
    $api->call($who, GET => '/devices');
}
is $api->call("=$secret{$_}", GET => '/messages')->status, 401, "$_: refused" for 'a token that is none', 'a JWT that is none';
$api->call(undef, GET => '/token', headers => [ Authorization => "Basic $secret{'a login'}" ]);
$api->call(undef, GET => "/messages?limit=1&token=$secret{'a token in a URL'}&x=y");
$api->call(undef, GET => "/messages?%61ccess_token=$secret{'a token in a URL, encoded'}");
{
    local $api->{base} = '';
    $api->call(undef, GET => "/socket?vsn=2.0.0&token=$secret{'a token in a foreign URL'}", unchecked => 1);
}

# Faults log the most: a statement that waits for a lock until it is stopped, and a database that is away.
my $locker = $api->cluster->connect;
$locker->begin_work;
$locker->do('LOCK TABLE flixim.messages IN ACCESS EXCLUSIVE MODE');
is $api->call($_, POST => '/messages', body => \%body)->status, 503, "$_: the database is busy for too long" for 'alice', 'alice:jwt';
$locker->do('LOCK TABLE flixim.devices IN ACCESS EXCLUSIVE MODE');
is $api->call('alice', POST => '/devices', body => $_)->status, 503, "$_->{provider}: as well" for \%device, \%web;
$locker->rollback;
$locker->disconnect;
$api->{dbh}->disconnect;
delete $api->{dbh};
$api->cluster->stop('fast');
is $api->call($_, POST => '/messages', body => \%body)->status, 503, "$_: the database is away" for 'alice', 'alice:jwt';
is $api->call('alice', POST => '/devices', body => \%device)->status, 503, 'a device: as well';
$api->cluster->up;

my %place = (
    'the error log'      => $api->httpd->log,
    'the access log'     => FlixIM::Test::Httpd::_slurp($api->httpd->dir . '/access.log'),
    q{PostgreSQL's log}  => $api->database_log,
);
{
    local $api->{base} = '';
    $place{$_} = $api->call(undef, GET => $_, unchecked => 1)->body for '/server-status', '/server-info';
}
my %expected = (
    'the error log'     => qr/FLX0\d/,
    'the access log'    => qr{"POST /api/v1/messages HTTP/1.1" 201},
    q{PostgreSQL's log} => qr/canceling statement/,
    '/server-status'    => qr{POST /api/v1/messages},
    '/server-info'      => qr/FlixIMTokenKeyFile/,
);
for my $place (sort keys %place) {
    like $place{$place}, $expected{$place}, "$place has what it is for";
    is index($place{$place}, $secret{$_}), -1, "$place has not $_" for sort keys %secret;
    is index($place{$place}, $canary), -1, "nor anything like it in $place";
}
my @users = $place{'the access log'} =~ /"POST \S+ HTTP\/1.1" 201 .* user=(\S+) env=(\S+)$/mg;
is join(' ', sort { $a cmp $b } keys %{ { map { $_ => 1 } @users } }), $alice, 'the access log can name the user, by whichever token';
unlike slurp('conf/flixim.conf'), qr/CoreDumpDirectory|EnableExceptionHook/, 'the configuration asks for no core dumps';

$api->finish(provoked => qr/canceling statement|terminating connection|shutting down|starting up|FLX0\d+: /);
done_testing;
