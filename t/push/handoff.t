# SPDX-License-Identifier: Apache-2.0
# Clients that httpd hands over: who is taken, what goes wrong between the three packets, and that nothing is left of it.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Cluster;
use FlixIM::Test::Handoff qw(connection hand_over pair question);
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket qw(frame now);
use File::Temp             ();
use IO::Socket::INET       ();
use IO::Socket::UNIX       ();
use Socket                 qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes            qw(sleep);

my $api   = FlixIM::Test::Api->start(httpd => 0);
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { head_time => '1s' });
my $path  = '/socket/websocket?vsn=2.0.0';
my $beat  = '[null,"1","phoenix","heartbeat",{}]';
my $alive = '[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]';
my $where = $pushd->handoff;

is sprintf('%o', (stat $where)[2] & 0777), '660', 'the socket is for its group alone';

# -- Who is taken -------------------------------------------------------------------------------------

{
    my ($client, $socket) = pair();
    my $line = FlixIM::Test::Handoff->ask($where, $client->request(path => "$path&token=" . $api->token('alice')));
    is_deeply $line->verdict, { status => 101, body => '' }, 'a client with a token is taken';
    is scalar($client->answer(seconds => 0.3)), undef, 'and hears nothing as long as its socket is httpd\'s';
    is $pushd->metrics->{websockets}, 0, 'nor is it a WebSocket';
    ok $line->pass(connection(), $socket), 'it comes';
    is $client->answer->{status}, 101, 'and hears it from us';
    ok $line->has_ended, 'the line has done its work';
    $client->send_text($beat);
    is $client->next_text, $alive, 'its frames are answered';
    my $id = $api->id('alice');
    $client->send_text(qq(["1","2","user:$id","phx_join",{}]));
    like $client->next_text, qr/"status":"ok"/, 'it joins, with the token of the request';
    is $pushd->metrics->{websockets}, 1, 'it is one of the WebSockets';
    $client->drop;
    $pushd->wait_metric(websockets => 0);
}
{
    my $client = hand_over($where, path => $path, behind => frame(1, $beat) . substr frame(1, $beat, mask => 'abcd'), 0, 7);
    is $client->next_text, $alive, 'what httpd has read already is not lost';
    $client->write(substr frame(1, $beat, mask => 'abcd'), 7);
    is $client->next_text, $alive, 'nor the rest of what it read half';
    $client->drop;
}
{
    my $client = hand_over($where, path => $path, behind => join '', map { frame(1, $beat) } 1 .. 1500);
    my $count = 0;
    $count++ while $count < 1500 && ($client->next_text // '') eq $alive;
    is $count, 1500, 'nor is a lot of it';
    $client->drop;
}

# The judgement is the one that clients get who come by themselves.
for my $case (
    [ 'without a token'       => {} ],
    [ 'a bad token'           => { path => "$path&token=bad" } ],
    [ 'an unknown token'      => { path => "$path&token=flx_" . 'a' x 43 } ],
    [ 'another version'       => { version => 8 } ],
    [ 'no upgrade'            => { upgrade => undef } ],
    [ 'no key'                => { key => undef } ],
    [ 'no host'               => { host => undef } ],
    [ 'POST'                  => { method => 'POST' } ],
    [ 'HTTP/1.0'              => { http => '1.0' } ],
    [ 'a foreign page'        => { origin => 'http://evil.example.org' } ],
    [ 'a page of ours'        => { origin => 'http://localhost' } ],
    [ 'forwarded for another' => { origin => 'http://evil.example.org', headers => ['X-Forwarded-Host: evil.example.org'] } ],
    [ 'another serializer'    => { path => '/socket/websocket?vsn=9.0.0' } ],
    [ 'a long head'           => { headers => [ 'X: ' . 'x' x 17_000 ] } ],
    [ 'no HTTP'               => { http => 'x' } ],
    [ 'a subprotocol'         => { protocols => 'phoenix' } ],
    [ 'a body'                => { headers => ['Content-Length: 5'] } ],
) {
    my ($name, $option) = @$case;
    my $direct = FlixIM::Test::WebSocket->connect(port => $pushd->port);
    my $head = $direct->request(path => $path, %$option);
    $direct->write($head);
    my $answer  = $direct->answer;
    my $verdict = FlixIM::Test::Handoff->ask($where, $head)->verdict;
    is_deeply $verdict, { status => $answer->{status}, body => $answer->{status} == 101 ? '' : $answer->{body} }, "$name: $answer->{status}, as from the port";
    $direct->drop;
}
for my $other ('/', '/socket/longpoll?vsn=2.0.0', '/health') {
    my $line = FlixIM::Test::Handoff->ask($where, FlixIM::Test::WebSocket->request(path => $other));
    is $line->verdict->{status}, 404, "$other: is no WebSocket's";
}

$pushd->wait_for('nothing is left', sub { $pushd->metrics->{websockets} == 0 && $pushd->metrics->{connections} <= 1 });

is scalar($pushd->faults), 0, 'no errors in the log' or diag $pushd->log;
$pushd->stop;
$api->finish;
done_testing;
