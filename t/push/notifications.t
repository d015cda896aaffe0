# SPDX-License-Identifier: Apache-2.0
# Notifications, from the message to the push service: what devices are told, who is not told, and what becomes of a push and its device by
# each answer of each service.
use strict;
use warnings FATAL => 'all';
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);

use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Providers;
use FlixIM::Test::Pushd;

binmode $_, ':utf8' for map { Test::More->builder->$_ } qw(output failure_output todo_output);

my $providers = FlixIM::Test::Providers->start;
my $pushd;
my $api = FlixIM::Test::Api->start(with => sub {
    my ($self) = @_;
    $self->write_file(secret => $self->secret);
    $pushd = FlixIM::Test::Pushd->start(api => $self, settings => { $providers->settings, provider_timeout => '3s', pushes_per_second => 0, idle_time => '10min' });
    return ();
});
my @services = qw(web_push apns fcm webhook);
sub delay { my ($delay) = @_; $api->row('SELECT flixim.configure(p_push_delay => ?::interval)', $delay); return }
sub wait_for { my ($what, $condition, $seconds) = @_; return $pushd->wait_for($what, $condition, $seconds) }

# A sender for each, so that a conversation is for one case alone.
sub send_to { my ($who, $text, %more) = @_; return $api->send_text("sender-$who", $who, $text, %more) }
# The requests that a device's service got.
sub got { my ($device) = @_; return $providers->received(device => $device) }

# -- What devices get ---------------------------------------------------------------------------------

wait_for('the database has the key', sub { $api->call('bob', GET => '/settings/notifications')->data->{web_push_public_key} });
is $api->call('bob', GET => '/settings/notifications')->data->{web_push_public_key}, $providers->web_push_key, 'browsers are told the key to subscribe with';
delay('200 milliseconds');
{
    my %locale = (web_push => 'zh-CN', apns => 'en-GB', fcm => 'en', webhook => 'zh-Hans');
    $providers->register($api, 'bob', $_, "bob-$_", locale => $locale{$_}) for @services;
    my @ids = map { send_to('bob', $_) } 'Are you there?', "第二条\n消息 👍";
    my $badges;
    for my $service (@services) {
        my @seen = sort { $a->{data}{text} cmp $b->{data}{text} } $providers->wait_received(2, device => "bob-$service");
        is_deeply [ map { $_->{data}{message_id} } @seen ], \@ids, "$service: both messages, once each";
        is $seen[0]{data}{title}, $locale{$service} =~ /^en/ ? 'New message' : '新消息', "$service: a title in the device's language";
        is_deeply [ map { $_->{data}{text} } @seen ], [ 'Are you there?', '第二条 消息 👍' ], "$service: the texts, each in one line";
        is $seen[0]{data}{user_id}, $api->id('bob'), "$service: whom it is for";
        is $seen[0]{data}{sender_id}, $api->id('sender-bob'), "$service: whom it is from";
        is $seen[0]{data}{conversation_id}, $api->private('bob', 'sender-bob'), "$service: in which conversation";
        is $seen[0]{data}{collapse}, $seen[1]{data}{collapse}, "$service: one conversation collapses";
        isnt $seen[0]{push_id}, $seen[1]{push_id}, "$service: but they are two";
        $badges .= "$_->{data}{badge} " for @seen;
    }
    like $badges, qr/^(?:[12] 2 ){4}\z/, 'the badge counts unread messages';
    my ($apns) = got('bob-apns');
    is $apns->{headers}{'apns-topic'}, 'org.example.app', 'APNs: the topic of the settings';
    is $apns->{headers}{'apns-priority'}, 10, 'at once';
    cmp_ok abs($apns->{headers}{'apns-expiration'} - time - 86_400), '<', 60, 'kept for a day';
    is $apns->{aps}{alert}{body}, $apns->{data}{text}, 'the alert has the text';
    is $apns->{aps}{badge}, $apns->{data}{badge}, 'and the badge';
    my ($fcm) = got('bob-fcm');
    is $fcm->{message}{android}{collapse_key}, $fcm->{data}{collapse}, 'FCM: collapses';
    is $fcm->{message}{notification}{body}, $fcm->{data}{text}, 'shows the text';
    my ($browser) = got('bob-web_push');
    is $browser->{headers}{urgency}, 'high', 'Web Push: urgent';
    cmp_ok abs($browser->{headers}{ttl} - 86_400), '<', 60, 'kept for a day';
    my %hosts = map { $_->{port} => 1 } got('bob-web_push');
    is_deeply [ keys %hosts ], [ $providers->port('web_push') ], 'at the endpoint';
}
{
    my $group = $api->group(qw(ann bob cat));
    $providers->register($api, 'cat', 'apns', 'cat-phone', app_id => 'org.example.other');
    $providers->register($api, 'cat', 'web_push', 'cat-browser', host => 'other.localhost', port => $providers->port('other_push'));
    $api->call('ann', POST => '/messages', body => { conversation_id => $group, message_type => 'private_message', content_type => 'image', content => { image_urls => ['https://example.org/x.png'] } });
    my ($phone) = $providers->wait_received(1, device => 'cat-phone');
    is $phone->{headers}{'apns-topic'}, 'org.example.other', "APNs: the device's own app";
    is $phone->{data}{text}, '[图片]', 'what is no text is named';
    my ($browser) = $providers->wait_received(1, device => 'cat-browser');
    is $browser->{port}, $providers->port('other_push'), 'another vendor of browsers, another server';
    is scalar(grep { $_->{data}{conversation_id} eq $group } got('bob-apns')), 1, 'all of a group are told';
    ok !grep({ ($_->{data}{user_id} // q{}) eq $api->id('ann') } $providers->received), 'but not who wrote';
}
# A text as long as a message may have it fits into every service.
{
    $providers->register($api, 'long', $_, "long-$_") for @services;
    send_to('long', "\x{4f60}\"" x 2000);
    for my $service (@services) {
        my ($seen) = $providers->wait_received(1, device => "long-$service");
        like $seen->{data}{text}, qr/^(?:你")+你?…\z/, "$service: a long text is cut, at a character";
        cmp_ok $seen->{bytes}, '<=', 4096, 'and fits' if $service ne 'webhook';
    }
}
# No text: one user wants none, then the site does.
{
    $providers->register($api, 'shy', $_, "shy-$_", locale => 'en') for @services;
    is $api->call('shy', PUT => '/settings/notifications', body => { show_text => JSON::PP::false })->status, 200, 'a user wants no texts';
    send_to('shy', 'secret words');
    for my $service (@services) {
        my ($seen) = $providers->wait_received(1, device => "shy-$service");
        is_deeply [ @{ $seen->{data} }{qw(title text)} ], [ 'You have a new message', undef ], "$service: there is one, is all that is said";
    }
    ok !grep({ JSON::PP->new->encode($_) =~ /secret words/ } map { got("shy-$_") } @services), 'its text is nowhere';
    $pushd->configure(notification_text => 'off');
    $pushd->reload;
    send_to('bob', 'more secrets');
    my @seen = map { my $service = $_; wait_for("$service without text", sub { grep { !exists $_->{data}{text} } got("bob-$service") }); grep { !exists $_->{data}{text} } got("bob-$service") } @services;
    is scalar @seen, 4, 'nor with a site that wants none';
    $pushd->configure(notification_text => 'on');
    $pushd->reload;
}
is join("\n", $providers->faults), '', 'every request so far is as its service wants it';

# -- Who is not told ----------------------------------------------------------------------------------

delay('2 seconds');
$providers->forget;
{
    my %zone = (time_zone => 'Asia/Shanghai');
    my ($hour) = (gmtime(time + 8 * 3600))[2];
    my $quiet = { from => sprintf('%02d:00', ($hour + 23) % 24), until => sprintf('%02d:00', ($hour + 2) % 24), %zone };
    my $loud  = { from => sprintf('%02d:00', ($hour + 6) % 24), until => sprintf('%02d:00', ($hour + 12) % 24), %zone };
    my $synced;
    # What each does before the message comes, and after: undef where they are to be told all the same.
    my @cases = (
        # name, before, after, whether a push is to come
        plain      => undef, undef, 1,
        muted      => sub { mute('muted') }, undef, 0,
        quiet      => sub { put($_[0], quiet_hours => $quiet) }, undef, 0,
        loud       => sub { put($_[0], quiet_hours => $loud) }, undef, 1,
        switched   => sub { put($_[0], message_types => { private_message => JSON::PP::false }) }, undef, 0,
        otherwise  => sub { put($_[0], message_types => { interaction => JSON::PP::false }) }, undef, 1,
        reader     => undef, sub { is $api->call($_[0], PUT => "/messages/$_[1]/read")->status, 200, 'a message is read' }, 0,
        withdrawn  => undef, sub { is $api->call("sender-$_[0]", PUT => "/messages/$_[1]/withdraw")->status, 200, 'one is withdrawn' }, 0,
        deleting   => undef, sub { is $api->call($_[0], DELETE => "/messages/$_[1]")->status, 200, 'one is deleted' }, 0,
        syncing    => undef, sub { sync($_[0]) }, 0,
        away       => undef, sub { is $api->call($_[0], DELETE => "/devices/$_[2]")->status, 200, 'a device is deleted' }, 0,
        revoked    => undef, sub { $api->row('SELECT flixim.revoke_user_tokens(?)', $api->id($_[0])) }, 0,
        online     => sub { $synced = FlixIM::Test::Channel->join($api, $pushd, 'online'); $synced->ask('sync', { last_sync_timestamp => $synced->live_from }) }, undef, 0,
        unasked    => undef, undef, 1,
    );
    my (%is_told, %device, %after);
    while (my ($name, $before, $after, $is_told) = splice @cases, 0, 4) {
        $device{$name} = $providers->register($api, $name, 'webhook', "$name-phone");
        ($is_told{$name}, $after{$name}) = ($is_told, $after);
        send_to($name, 'first') if $name eq 'muted';    # there is no conversation before
        $before->($name) if $before;
    }
    wait_for('the one who is online is known to be', sub { $api->row('SELECT count(*) FROM flixim.presence') });
    my %sent = map { $_ => send_to($_, 'hello') } sort keys %is_told;
    # A client of this machine may be httpd, so that only its own word counts.
    is $synced->event->{payload}{content}{text}, 'hello', 'who is online has it at once';
    $synced->beat;
    $after{$_} && $after{$_}->($_, $sent{$_}, $device{$_}) for sort keys %is_told;
    my @told = grep { $is_told{$_} } sort keys %is_told;
    $providers->wait_received(scalar @told);
    # A push that is due later than theirs has come: nothing is left that could come yet.
    delay('0');
    $providers->register($api, 'last', 'webhook', 'last-phone');
    send_to('last', 'hello');
    $providers->wait_received(1, device => 'last-phone');
    # What came of it is written a moment after the service has answered.
    ok wait_for('nothing waits', sub { !$api->row(q{SELECT count(*) FROM flixim.pushes WHERE state = 'waiting'}) }), 'nothing waits';
    is_deeply [ sort map { $_->{device} } grep { $_->{provider} eq q{webhook} } $providers->brief ], [ sort map {"$_-phone"} @told, 'last' ], 'told are those who are to be, once each';
    $synced->leave;
    $synced->raw->drop;
}

sub put {
    my ($who, %body) = @_;
    my $answer = $api->call($who, PUT => '/settings/notifications', body => \%body);
    is $answer->status, 200, "settings of $who" or diag $answer->body;
    return;
}

sub mute {
    my ($who) = @_;
    my $id = $api->private($who, "sender-$who");
    my $answer = $api->call($who, PUT => "/conversations/$id", body => { is_muted => JSON::PP::true });
    is $answer->status, 200, 'a conversation is muted' or diag $answer->body;
    return;
}

# A device of the user syncs by REST, and comes again with the position it got: so it has what the first time brought.
sub sync {
    my ($who) = @_;
    my $position = '0';
    for (1, 2) {
        my $answer = $api->call($who, GET => '/messages/sync', query => { last_sync_time => $position });
        is $answer->status, 200, 'a device syncs';
        $position = $answer->data->{sync_time};
    }
    return;
}

# -- Who was there, and went --------------------------------------------------------------------------

delay('300 milliseconds');
$providers->forget;
{
    # Each is there and synced; a message is written to the connection; then something, and the connection ends.
    my %case = (
        silent  => [ sub { },                 1, 'without a word: pushed, late' ],
        talking => [ sub { sleep 0.5; $_[0]->beat }, 0, 'after a heartbeat, which says that it was read: not' ],
        closing => [ sub { sleep 0.5; $_[0]->raw->send_close(1000) }, 0, 'with a close frame, which says so too: not' ],
        hasty   => [ sub { $_[0]->raw->send_close(1000) }, 1, 'with one that the message may have passed on its way: pushed, late' ],
    );
    my %line;
    for my $name (sort keys %case) {
        $providers->register($api, $name, 'fcm', "$name-phone");
        my $line = $line{$name} = FlixIM::Test::Channel->join($api, $pushd, $name);
        $line->ask('sync', { last_sync_timestamp => $line->live_from });
    }
    wait_for('all are online', sub { $api->row('SELECT count(*) FROM flixim.presence') == keys %case });
    for my $name (sort keys %case) {
        my $id = send_to($name, 'hello');
        is $line{$name}->event->{payload}{id}, $id, "$name: is pushed it";
        $case{$name}[0]->($line{$name});
        $line{$name}->raw->drop;
    }
    $providers->wait_received(1, device => "$_-phone") for qw(silent hasty);
    wait_for('nobody is online', sub { !$api->row('SELECT count(*) FROM flixim.presence') });
    send_to($_, 'again') for sort keys %case;
    $providers->wait_received(1 + $case{$_}[1], device => "$_-phone") for sort keys %case;
    is scalar(grep { $_->{data}{text} eq 'hello' } got("$_-phone")), $case{$_}[1], "$_: $case{$_}[2]" for sort keys %case;
}

# -- Answers ------------------------------------------------------------------------------------------

delay('0');
$providers->forget;
# Service, what it plays, what becomes of the push and how often it was tried, its reason, and the device.
my @answers = (
    [ 'web_push apns fcm webhook', 'ok',            'sent 1', '', 'active' ],
    [ 'web_push webhook',          '400',           'dead 1', 'HTTP 400', 'active' ],
    [ 'apns',                      '400',           'none 1', '', 'HTTP 400 BadDeviceToken' ],
    [ 'apns',                      '400 reason=BadTopic', 'dead 1', 'HTTP 400 BadTopic', 'active' ],
    [ 'apns',                      '400 reason=DeviceTokenNotForTopic', 'none 1', '', 'HTTP 400 DeviceTokenNotForTopic' ],
    [ 'fcm',                       '400',           'dead 1', 'HTTP 400 INVALID_ARGUMENT', 'active' ],
    [ 'web_push fcm webhook',      '401, ok',       'sent 2', '', 'active' ],
    [ 'web_push apns webhook',     '403, ok',       'sent 2', '', 'active' ],
    [ 'apns',                      '403 reason=Forbidden', 'dead 1', 'HTTP 403 Forbidden', 'active' ],
    [ 'fcm',                       '403',           'none 1', '', 'HTTP 403 SENDER_ID_MISMATCH' ],
    [ 'fcm',                       '403 reason=PERMISSION', 'waiting 1', 'HTTP 403 PERMISSION', 'active' ],
    [ 'web_push',                  '404',           'none 1', '', 'HTTP 404' ],
    [ 'apns',                      '404',           'dead 1', 'HTTP 404 BadPath', 'active' ],
    [ 'fcm',                       '404',           'none 1', '', 'HTTP 404 UNREGISTERED' ],
    [ 'webhook',                   '404, ok',       'sent 2', '', 'active' ],
    [ 'web_push webhook',          '410',           'none 1', '', 'HTTP 410' ],
    [ 'apns',                      '410',           'none 1', '', 'HTTP 410 Unregistered' ],
    [ 'web_push webhook',          '413',           'dead 1', 'HTTP 413', 'active' ],
    [ 'apns',                      '413',           'dead 1', 'HTTP 413 PayloadTooLarge', 'active' ],
    [ 'web_push apns webhook',     '429 after=3, ok', 'sent 2', '', 'active', 3 ],
    [ 'fcm',                       '429 reason=X after=3, ok', 'sent 2', '', 'active', 3 ],
    [ 'web_push apns webhook',     '503 date=4, ok', 'sent 2', '', 'active', 2.9 ],    # a date has whole seconds
    [ 'fcm',                       '503 date=4, ok', 'sent 2', '', 'active', 2.9 ],
    [ 'web_push apns fcm webhook', '500, ok',       'sent 2', '', 'active', 0.9 ],
    [ 'web_push apns fcm webhook', '500, 503, ok',  'sent 3', '', 'active' ],
    [ 'web_push apns fcm webhook', 'stall, ok',     'sent 2', '', 'active' ],
    [ 'web_push apns fcm webhook', 'half 200',  'sent 1', '', 'active' ],
    [ 'web_push apns fcm webhook', 'trickle 200', 'sent 1', '', 'active' ],
    [ 'web_push apns fcm webhook', 'half 503, ok',  'sent 2', '', 'active' ],
    [ 'web_push apns fcm webhook', 'reset, ok',     'sent 2', '', 'active' ],
    [ 'webhook',                   'cut, ok',       'sent 2', '', 'active' ],
    [ 'web_push apns fcm webhook', 'garbage 200',   'sent 1', '', 'active' ],
    [ 'web_push apns fcm webhook', 'garbage 500, ok', 'sent 2', '', 'active' ],
    [ 'web_push apns fcm webhook', 'big 500, ok',   'sent 2', '', 'active' ],
    [ 'web_push apns fcm',         'redirect 307',  'dead 1', qr/HTTP 307/, 'active' ],
    [ 'webhook',                   'redirect 307, ok', 'sent 2', '', 'active' ],
    [ 'web_push',                  'ok (elsewhere)', 'none 0', '', 'host not allowed' ],
);
{
    my @cases;
    for my $row (@answers) {
        my ($services, $plays, @wanted) = @$row;
        for my $service (split / /, $services) {
            (my $name = "$service-$plays") =~ s/[^\w-]+/_/g;
            my @where = $plays =~ /elsewhere/ ? (host => 'localhost', port => $providers->port('apns')) : ();
            my $device = $providers->register($api, "user-$name", $service, $name, @where);
            $providers->play($service, $name, split /, /, $plays) if $plays !~ /elsewhere/;
            push @cases, { service => $service, plays => $plays, name => $name, device => $device, wanted => \@wanted };
        }
    }
    send_to("user-$_->{name}", 'hello') for @cases;
    my @waiting = grep { $_->{wanted}[0] =~ /^waiting/ } @cases;
    wait_for('all have come to an end', sub {
        $api->row(q{SELECT count(*) FROM flixim.pushes WHERE state = 'waiting' AND NOT (due_at > now() + interval '20 seconds' AND claimed_by IS NULL)}) == 0
            && $api->row('SELECT count(*) FROM flixim.push_horizons') <= 1 && $api->row(q{SELECT count(*) FROM flixim.pushes WHERE state = 'waiting'}) == @waiting
    }, 40);
    my %tries;
    push @{ $tries{ $_->{device} // '' } }, $_ for $providers->received;
    for my $case (@cases) {
        my ($push, $reason, $disabled, $after) = @{ $case->{wanted} };
        my ($state, $why, $status) = $api->row(<<'SQL', $case->{device});
SELECT coalesce(p.state::text, 'none'), coalesce(p.reason, ''), coalesce(d.disabled_reason, 'active')
FROM flixim.devices AS d LEFT JOIN flixim.pushes AS p ON p.device_id = d.id WHERE d.id = ?
SQL
        my @tries = @{ $tries{ $case->{name} } // [] };
        my $what = "$case->{service}: $case->{plays}";
        my $got = "$state " . @tries . " [$why] $status";
        my $wanted = "$push [$reason] $disabled";
        ref $reason ? like($got, qr/^\Q$push\E \[(?:$reason).*\] \Q$disabled\E\z/, $what) : is($got, $wanted, $what);
        my %ids = map { $_->{push_id} => 1 } @tries;
        is scalar keys %ids, 1, "$what: the same push each time" if @tries > 1;
        cmp_ok(($tries[1]{at} - $tries[0]{at}) / 1000, '>=', $after, "$what: not before it may") if $after && @tries > 1;
    }
}
is join("\n", $providers->faults), '', 'every request is as its service wants it';

# -- What is the matter with a site -------------------------------------------------------------------

# A connection that is cut ends all requests on it, whosever they are.
{
    $providers->register($api, "cut-$_", $_, "cut-$_") for qw(web_push apns fcm);
    for my $service (qw(web_push apns fcm)) {
        $providers->play($service, "cut-$service", 'cut', 'ok');
        send_to("cut-$service", 'hello');
    }
    for my $service (qw(web_push apns fcm)) {
        my @tries = $providers->wait_received(2, device => "cut-$service");
        is $tries[1]{push_id}, $tries[0]{push_id}, "$service: a connection that is cut: the same push again";
    }
}
# Who has no access token gets one, as soon as the server for them is back; no push is worse for it.
{
    $providers->play('fcm', 'token', '503', 'ok');
    $providers->register($api, 'patient', 'fcm', 'patient-phone');
    $providers->play('fcm', 'patient-phone', '401', 'ok');
    send_to('patient', 'hello');
    my @tries = $providers->wait_received(2, device => 'patient-phone', seconds => 30);
    is scalar(grep { !$_->{faults}[0] } @tries), 2, 'FCM: a new access token after a 401';
}
# Who says "in two minutes" of a push that is worth a minute has said no.
{
    $api->row(q{SELECT flixim.configure(p_push_lifetime => '1 minute')});
    my $device = $providers->register($api, 'brief', 'webhook', 'brief-phone');
    $providers->play('webhook', 'brief-phone', '429 after=120');
    send_to('brief', 'hello');
    wait_for('that one is dead', sub { ($api->row('SELECT state FROM flixim.pushes WHERE device_id = ?', $device) // '') eq 'dead' });
    is $api->row('SELECT reason FROM flixim.pushes WHERE device_id = ?', $device), 'HTTP 429', 'longer than its lifetime nothing waits';
    $api->row(q{SELECT flixim.configure(p_push_lifetime => '1 day')});
}
# Dead letters, and a second chance.
{
    my $dead = $api->row(q{SELECT count(*) FROM flixim.pushes WHERE state = 'dead'});
    cmp_ok $dead, '>', 5, "$dead dead letters";
    is $api->row('SELECT count(*) FROM flixim.list_dead_pushes()'), $dead, 'which can be listed';
    my $device = $api->row(q{SELECT p.id FROM flixim.pushes AS p JOIN flixim.devices AS d ON d.id = p.device_id WHERE d.token = 'webhook-413'});
    is $api->row('SELECT flixim.retry_dead_pushes(ARRAY[?::uuid])', $device), 1, 'tried again';
    wait_for('that one is sent', sub { ($api->row('SELECT state FROM flixim.pushes WHERE id = ?', $device) // '') eq 'sent' });
    is $api->row('SELECT flixim.drop_dead_pushes()'), $dead - 1, 'dropped';
    is $api->row(q{SELECT count(*) FROM flixim.pushes WHERE state = 'dead'}), 0, 'and gone';
}
# A device that was gone is back once it is registered again; a token that moves leaves its first user.
{
    $providers->register($api, 'user-webhook-410', 'webhook', 'webhook-410');
    $providers->forget;
    send_to('user-webhook-410', 'welcome back');
    $providers->wait_received(1, device => 'webhook-410');
    pass 'a device that was gone is told again';
    $providers->register($api, 'heir', 'webhook', 'webhook-410');
    $providers->forget;
    send_to('user-webhook-410', 'not for you');
    send_to('heir', 'for you');
    my ($seen) = $providers->wait_received(1, device => 'webhook-410');
    $providers->register($api, 'last', 'webhook', 'last-phone');
    send_to('last', 'hello');
    $providers->wait_received(1, device => 'last-phone');
    is_deeply [ map { $_->{data}{text} } got('webhook-410') ], ['for you'], 'and belongs to whoever had it last';
}

# -- The end ------------------------------------------------------------------------------------------

my $secrets = join '|', map {quotemeta} 'hello', 'webhook-410', 'bob-apns', '/push/', 'ya29', 'secret words', substr($providers->read_file('webhook.key'), 0, 20);
my ($sent) = $api->row(q{SELECT count(*) FROM flixim.pushes WHERE state = 'sent'});
my $metrics = $pushd->metrics;
cmp_ok $metrics->{pushes_sent_total}, '>=', $sent, "$sent are sent, as the daemon counts";
is_deeply [ @{$metrics}{qw(pushes_in_flight channels_doubtful)} ], [ 0, 0 ], 'and nothing is under way';
unlike $pushd->log, qr/$secrets/, 'no text, token, key or address in the log';
is_deeply [ grep { !/FLX14/ } $pushd->faults ], [], 'no fault in the log of the daemon';
is join("\n", FlixIM::Test::Channel::faults()), '', 'every frame is as docs/asyncapi.yaml says';
$pushd->stop;
$api->finish;
done_testing;
