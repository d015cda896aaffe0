# SPDX-License-Identifier: Apache-2.0
# PostgreSQL away: connections stay, each request is told so, and once it is back nothing is missing and nothing comes twice.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::LongPoll;
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket qw(now);
use Test::More;
use Time::HiRes qw(sleep);

my $api = FlixIM::Test::Api->start(httpd => 0, cluster => { fsync => 1 });
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { hold_time => '100ms', database_timeout => '1s' });

my $alice = FlixIM::Test::Channel->join($api, $pushd, 'alice');
my $bob   = FlixIM::Test::Channel->join($api, $pushd, 'bob');
my $poll  = FlixIM::Test::Channel->join($api, $pushd, 'bob', poll => 1);
$_->ask('sync', {}) for $alice, $bob, $poll;

my $number = 0;
sub message {
    return { receiver_id => $api->id('bob'), content => { text => '' . ++$number }, message_type => 'private_message', content_type => 'text', client_message_id => $api->uuid };
}
# Sends until it is acknowledged, with the same id; dies if that takes too long.
sub insist {
    my ($client, $message) = @_;
    my $until = now() + 20;
    while (now() < $until) {
        my $reply = $client->ask('send_message', $message, 15);
        return if $reply->status eq 'ok';
        die $reply->text if $reply->code ne 'unavailable';
        sleep 0.1;
    }
    die 'not sent in time';
}
sub texts { return [ map { $_->{payload}{content}{text} } @_ ] }
my $unavailable = 'unavailable | unavailable';
sub verdict { my ($reply) = @_; return $reply->status eq 'ok' ? 'ok' : join ' | ', $reply->reason, $reply->code }
sub connects {
    my (@how) = @_;
    my $client = eval { FlixIM::Test::Channel->open($api, $pushd, @how) } or return $@ =~ /no (?:upgrade|session): (\d+)/ ? $1 : $@;
    return $client;
}

is verdict($alice->ask('send_message', message())), 'ok', 'all is well';
is_deeply texts($_->events(1)), [1], 'and arrives' for $bob, $poll;

# -- Away ---------------------------------------------------------------------------------------------

my @unsent = map { message() } 1 .. 3;
my ($jwt, $opaque) = ($api->jwt('carol'), $api->token('carol'));
undef $api->{dbh};
$api->cluster->stop('immediate');
$pushd->wait_for('it notices', sub { $pushd->get('/health')->status == 503 });
pass 'GET /health: 503';
is verdict($alice->ask('send_message', $unsent[0], 15)), $unavailable, 'a send: unavailable';
is verdict($alice->ask($_, { conversation_id => $api->private('alice', 'bob'), last_read_message_id => $api->uuid, message_id => $api->uuid, participant_ids => [ $api->uuid ], type => 'private' }, 15)),
    $unavailable, "$_: unavailable" for qw(sync mark_read withdraw_message get_conversation_history create_conversation get_conversations update_conversation);
is $_->beat->status, 'ok', 'a heartbeat is answered' for $alice, $bob, $poll;
is connects(token => $jwt), 503, 'a connect with a JWT: 503';
is connects(token => $opaque), 503, 'with an opaque token: 503';
my $answer = FlixIM::Test::LongPoll->new(port => $pushd->port, query => "vsn=2.0.0&token=$opaque")->get;
is $answer->status, 503, 'a new long-poll session: 503';
ok $answer->header('Retry-After'), 'with Retry-After';
is connects(token => 'x' . $jwt), 403, 'what is bad without asking the database: 403 all the same';
my $anonymous = connects();
ok ref $anonymous, 'a connect without a token is accepted';
is verdict($anonymous->enter('carol', { token => $jwt })), $unavailable, 'its join: unavailable';
is verdict($anonymous->enter('carol', { token => "x$jwt" })), 'invalid token | invalid_token', 'with a bad token: refused';
is $anonymous->beat->status, 'ok', 'and it stays open';

# -- And back -----------------------------------------------------------------------------------------

$api->cluster->up;
insist($alice, $_) for @unsent;
is_deeply texts($_->events(3)), [ 2 .. 4 ], 'it is back: all arrives, once' for $bob, $poll;
is_deeply [ $bob->now ], [], 'and nothing else';
is verdict($anonymous->enter('carol', { token => $jwt })), 'ok', 'the join is accepted';
ok ref connects(token => $opaque), 'so is a connect';
$pushd->wait_for('it is healthy', sub { $pushd->is_healthy });
pass 'GET /health: 200';

# What others sent while the daemon could not look.
my $other = FlixIM::Test::Pushd->start(api => $api);
for my $round (1 .. 3) {
    my @events;
    my $sender = FlixIM::Test::Channel->join($api, $other, 'alice');
    my @messages = map { message() } 1 .. 3;
    my @numbers = map { $_->{content}{text} } @messages;
    insist($sender, $messages[0]);
    undef $api->{dbh};
    $api->cluster->restart($round % 2 ? 'immediate' : 'fast');
    insist($sender, $_) for @messages[ 1, 2 ];
    is_deeply texts($bob->events(3, 20)), \@numbers, "round $round: a restart of PostgreSQL: all arrives, once, in order";
    is_deeply [ $bob->now ], [], "round $round: and nothing else";
    is_deeply texts($poll->events(3, 20)), \@numbers, "round $round: over long poll, too";
    ok !$alice->raw->{why} || $alice->raw->why ne 'ended', "round $round: connections stay";
}

# A statement that takes too long is given up, and its outcome is not called a refusal.
{
    my $holder = $api->cluster->connect;
    $holder->begin_work;
    $holder->do('SELECT 1 FROM flixim.users WHERE user_id = ? FOR UPDATE', undef, $api->id('bob'));
    my $message = message();
    my $begin = now();
    my $reply = $alice->ask('send_message', $message, 15);
    is verdict($reply), $unavailable, 'a send that waits for a lock: unavailable';
    cmp_ok now() - $begin, '<', 10, 'in time';
    is verdict($alice->ask('get_conversations', {})), 'ok', 'others are served meanwhile';
    $holder->rollback;
    insist($alice, $message);
    is_deeply texts($bob->events(1, 20)), [ $message->{content}{text} ], 'the same again, and it arrives once';
    is_deeply [ $bob->now ], [], 'only';

    # A join likewise; and a heartbeat behind it has to wait, as Phoenix has it.
    my $late = FlixIM::Test::LongPoll->open(port => $pushd->port, query => 'vsn=2.0.0&token=' . $api->jwt('dave'));
    $holder->begin_work;
    $holder->selectrow_array('SELECT flixim.add_users(ARRAY[?::uuid])', undef, $api->id('dave'));
    my $topic = 'user:' . $api->id('dave');
    my $wire = $late->begin('POST', body => qq(["1","1","$topic","phx_join",{}]), headers => ['Content-Type: application/x-ndjson']);
    my $got = $wire->answer;
    ok $got && $got->json->{status} =~ /^(?:200|408)$/, 'a POST whose join waits for a lock is answered' or diag $got ? $got->body : 'not';
    $holder->rollback;
    like $late->next_text(10) // '', qr/"phx_reply",\{"response":\{(?:"last_sync|"reason":"unavailable")/, 'and so is the join' if $got->json->{status} == 200;
}

# What waited for its turn behind another has its whole time: a connection is not given up for its sake.
{
    my $narrow = FlixIM::Test::Pushd->start(api => $api, settings => { hold_time => '100ms', database_timeout => '1s', database_writers => 1 });
    my @bobs = map { FlixIM::Test::Channel->join($api, $narrow, 'bob') } 1 .. 3;
    my $holder = $api->cluster->connect;
    $holder->begin_work;
    $holder->do('SELECT 1 FROM flixim.members WHERE user_id = ? FOR UPDATE', undef, $api->id('bob'));
    my @refs = map { $_->push('update_conversation', { conversation_id => $api->private('alice', 'bob'), draft => 'x' }) } @bobs;
    is verdict($bobs[$_]->reply($refs[$_], 15)), $unavailable, 'one of three that wait for a lock: unavailable' for 0 .. 2;
    $holder->rollback;
    is verdict($bobs[0]->ask('update_conversation', { conversation_id => $api->private('alice', 'bob'), draft => 'x' })), 'ok', 'and then it does';
    unlike $narrow->log, qr/FLX1205/, 'no connection was given up';
    is $narrow->metrics->{database_reconnects_total}, 0, 'and none made anew';
    $narrow->stop;
}

# A backend that is ended by hand.
for my $round (1 .. 3) {
    $api->row(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'flixim_httpd'});
    my $message = message();
    insist($alice, $message);
    is_deeply texts($bob->events(1, 20)), [ $message->{content}{text} ], "round $round: backends ended: it arrives, once";
    is_deeply [ $bob->now ], [], "round $round: only";
}

is $_->metrics->{stream_safety_caught_total}, 0, 'nothing was left to the safety poll' for $pushd, $other;
cmp_ok $pushd->metrics->{database_reconnects_total}, '>', 0, 'it says that it connected anew';
$api->finish(provoked => qr/terminating connection|canceling statement|the database system is|shut|FATAL/);
done_testing;
