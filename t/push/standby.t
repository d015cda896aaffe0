# SPDX-License-Identifier: Apache-2.0
# A hot standby: it answers what only reads, and after a fail-over httpd and daemon go on with it, without losing what it had.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket qw(now);
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);

my $standby;
my $api = FlixIM::Test::Api->start(
    cluster => { fsync => 1 },
    with    => sub {
        my ($self) = @_;
        $standby = $self->cluster->standby;
        my $parameters = q{dbname=flixim user=flixim_httpd connect_timeout=2 options='-c timezone=UTC'};
        my $hosts = join ',', $self->cluster->host, $standby->host;
        return (
            settings => { DBDParams => qq{"host=$hosts target_session_attrs=read-write $parameters"} },
            vhosts   => [ { cluster => $self->cluster, settings => { DBDParams => sprintf '"host=%s %s"', $standby->host, $parameters } } ],
        );
    },
);
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => {
    hold_time => '100ms',
    database  => sprintf 'host=%s,%s dbname=flixim user=flixim_push target_session_attrs=read-write', $api->cluster->host, $standby->host,
});

# Waits until the standby has all that is committed.
sub followed {
    my $target = $api->row('SELECT pg_current_wal_lsn()');
    for (1 .. 500) {
        return 1 if $standby->psql("SELECT pg_last_wal_replay_lsn() >= '$target'") eq 't';
        sleep 0.02;
    }
    die 'the standby does not follow';
}

sub data { my ($host, $path) = @_; my $answer = $api->call('bob', GET => $path, host => $host); return [ $answer->status, $answer->data ] }

# -- Reading from it ----------------------------------------------------------------------------------

my @ids = map { $api->send_text('alice', 'bob', "before $_") } 1 .. 5;
my $group = $api->group(qw(alice bob carol));
$api->call('bob', PUT => "/messages/$ids[0]/read");
$api->call('alice', PUT => "/messages/$ids[1]/withdraw");
$api->device('bob');    # with one a sync is noted, but not by a standby
followed();
my $private = $api->private('alice', 'bob');
for my $path ('/messages', '/messages?status=unread', "/messages/$ids[2]", '/messages/unread_count', '/messages/sync', '/conversations', "/conversations/$private",
    "/conversations/$private/messages", "/conversations/$group", '/devices', '/settings/notifications', '/health')
{
    is_deeply data(1, $path), data(0, $path), "GET $path: the same as from the primary";
}
my $state = $api->state;
for my $request ([ alice => POST => '/messages', FlixIM::Test::Api::text_body($api->id('bob'), 'no') ], [ bob => PUT => "/messages/$ids[3]/read" ],
    [ alice => PUT => "/messages/$ids[3]/withdraw" ], [ bob => PUT => '/messages/read_all' ], [ bob => DELETE => "/messages/$ids[3]" ],
    [ bob => PUT => "/conversations/$private", { draft => 'no' } ], [ bob => POST => '/devices', { provider => 'fcm', token => 'no' } ],
    [ bob => PUT => '/settings/notifications', { show_text => JSON::PP::false() } ])
{
    my ($who, $method, $path, $body) = @$request;
    my $answer = $api->call($who, $method => $path, host => 1, defined $body ? (body => $body) : ());
    is $answer->status, 503, "$method $path: 503, since it only reads";
    ok $answer->header('Retry-After'), "$method $path: with Retry-After";
}
is $api->state, $state, 'and nothing has changed';
is data(1, '/messages/unread_count')->[0], 200, 'reading goes on';

# -- A fail-over --------------------------------------------------------------------------------------

my $bob = FlixIM::Test::Channel->join($api, $pushd, 'bob');
my $first = $bob->ask('sync', {})->response;
$api->send_text('alice', 'bob', 'the last one');
is $bob->event(10)->{payload}{content}{text}, 'the last one', 'before the fail-over: live';
followed();
my $retried = FlixIM::Test::Api::text_body($api->id('bob'), 'in between', client_message_id => $api->uuid);
undef $api->{dbh};
$api->cluster->stop('immediate');
is $api->call('alice', POST => '/messages', body => $retried)->status, 503, 'the primary is gone: 503';
$standby->promote;

my ($answer, $until) = (undef, now() + 30);
do { $answer = $api->call('alice', POST => '/messages', body => $retried); sleep 0.1 if $answer->status == 503 } while ($answer->status == 503 && now() < $until);
is $answer->status, 201, 'the standby is the primary: the same again is accepted';
ok +(grep { $_->{event} eq 'phx_error' } map { $bob->next(20) } 1)[0], 'the channel is ended, for its client to join and sync anew';
$until = now() + 20;
my $reply;
do { $reply = $bob->enter('bob'); sleep 0.1 if $reply->status ne 'ok' } while ($reply->status ne 'ok' && now() < $until);
is $reply->status, 'ok', 'it joins';
my @texts = map { $_->{event_type} eq 'new_message' ? $_->{payload}{content}{text} // '(withdrawn)' : () } @{ $bob->ask('sync', { last_sync_timestamp => '' })->response->{events} };
is_deeply \@texts, [ 'before 1', '(withdrawn)', (map {"before $_"} 3 .. 5), 'the last one', 'in between' ], 'and has all that the standby had, once';
$api->send_text('alice', 'bob', 'after');
is $bob->event(10)->{payload}{content}{text}, 'after', 'and is live';
is $pushd->metrics->{stream_safety_caught_total}, 0, 'nothing was left to the safety poll';

$api->{cluster} = $standby;
$api->finish(provoked => qr/FLX01\d\d|terminating|the database system is|read-only|server closed|FATAL|not available/);
done_testing;
