# SPDX-License-Identifier: Apache-2.0
# Phoenix's vectors of long poll, with a short window, and the tokens of the API beside those of sessions.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::LongPoll;
use FlixIM::Test::Pushd;
use FlixIM::Test::Vectors qw(all_covered covered pattern);
use JSON::PP     ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);

# Sessions live for one and a half to three windows after a GET; where that is not what is looked at, it must be long.
my ($window, $short_window) = (2, 1);
my $api   = FlixIM::Test::Api->start(httpd => 0);
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { longpoll_window => "${window}s", strict_channels => 'on', hold_time => '100ms' });
my $short = FlixIM::Test::Pushd->start(api => $api, settings => { longpoll_window => "${short_window}s" });
my %token = map { $_ => $api->jwt($_) } qw(alice bob);
my $A     = 'user:' . $api->id('alice');
my $app   = "token=$token{alice}&vsn=2.0.0";

my $ndjson = 'application/x-ndjson';
my $json_headers = qr{^application/json; charset=utf-8$};
my $beat     = sub { qq([null,"$_[0]","phoenix","heartbeat",{}]) };
my $answered = sub { qq([null,"$_[0]","phoenix","phx_reply",{"response":{},"status":"ok"}]) };
my $join     = qq(["1","1","$A","phx_join",{}]);
my $joined   = pattern(qq(["1","1","$A","phx_reply",<LIVE>]));

sub fresh { my ($query) = @_; return FlixIM::Test::LongPoll->new(port => $pushd->port, query => $query // $app) }
sub opened { my ($query, $daemon) = @_; return FlixIM::Test::LongPoll->open(port => ($daemon // $pushd)->port, query => $query // $app) }

# An answer: HTTP status, body as a hash (or text), and the headers that all have.
sub is_answer {
    my ($number, $name, $answer, $status, $body) = @_;
    covered($number);
    is $answer->status, $status, "$number: $name: HTTP $status";
    return if !defined $body;
    ref $body ? is_deeply $answer->json, $body, "$number: $name: its body" : is $answer->body, $body, "$number: $name: its body";
    return if $status != 200 || !ref $body;
    like $answer->header('Content-Type'), $json_headers, "$number: $name: JSON";
    is $answer->header('Access-Control-Allow-Origin'), '*', "$number: $name: for every origin";
    is $answer->header('Cache-Control'), 'no-store', "$number: $name: not to be stored";
    return;
}
sub is_gone {
    my ($number, $name, $answer, %option) = @_;
    my $json = $answer->json;
    my $token = $json->{token} // '';
    is_answer($number, $name, $answer, 200, { status => 410, messages => [], token => $token });
    like $token, qr/^[A-Za-z0-9_.-]{20,}$/, "$number: $name: with a token";
    isnt $token, $option{old}, "$number: $name: another one" if $option{old};
    return $token;
}
sub messages { my ($answer) = @_; return @{ $answer->json->{messages} // [] } }

my $first = fresh()->get;
my $T = is_gone(107, 'the first GET', $first);
{
    my $poll = opened(undef, $short);
    my $begin = time;
    is_answer(108, 'nothing queued', $poll->get, 200, { messages => [], status => 204, token => $poll->token });
    my $seconds = time - $begin;
    ok $seconds > 0.9 * $short_window && $seconds < $short_window + 2, "108: after the window: $seconds";
    $poll = opened();
    is_answer(109, "POST as $_", $poll->post($beat->(7), type => $_), 200, { status => 200 }) for 'text/plain', 'application/json', 'application/x-ndjson; charset=utf-8', '';
    is_answer(109, 'POST with no type', $poll->post($beat->(7), type => undef), 200, { status => 200 });
    is_deeply [ messages($poll->get) ], [ ($answered->(7)) x 5 ], '109: and what was queued comes in one answer';
}
{
    my $poll = opened();
    my $carol = FlixIM::Test::Channel->join($api, $pushd, 'carol');
    is_answer(110, 'a join', $poll->post($join), 200, { status => 200 });
    $carol->ask('send_message', { message_type => 'private_message', content_type => 'text', content => { text => 'x' },
        conversation_id => $api->private('carol', 'alice'), client_message_id => $api->uuid });
    my $reply = $poll->next_text;
    my $event = $poll->next_text;
    like $reply, $joined, '110: the reply first';
    like $event, pattern(qq(["1",null,"$A","event",<EVENT>])), '110: then the push';
    my $wire = $poll->begin('GET');
    $poll->post($beat->(8));
    my $begin = time;
    my $answer = $wire->answer;
    is_answer(111, 'a waiting GET', $answer, 200, { messages => [ $answered->(8) ], status => 200, token => $poll->token });
    cmp_ok time - $begin, '<', 0.9 * $window, '111: at once';
    is_answer(112, 'a topic that is not joined', $poll->post('["1","2","nope","echo",{}]'), 200, { status => 200 });
    is $poll->next_text, '[null,"2","nope","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]', '112: its reply';
    for my $end ("\n", "\r\n") {
        is_answer(113, 'three lines', $poll->post(join $end, map { $beat->($_) } 1 .. 3), 200, { status => 200 });
        is_deeply [ messages($poll->get) ], [ map { $answered->($_) } 1 .. 3 ], '113: three replies';
    }
    is_answer(114, '101 lines', $poll->post(join "\n", map { $beat->($_) } 1 .. 101), 200, { status => 200 });
    is_deeply [ messages($poll->get) ], [ map { $answered->($_) } 1 .. 100 ], '114: a hundred replies';
    my $binary = pack('C5', 0, 1, 1, length $A, 17) . "12$A" . 'get_conversations' . 'x';
    is_answer(115, 'a line of base64', $poll->post(join "\n", $beat->(1), encode_base64($binary, ''), $beat->(2)), 200, { status => 200 });
    my @got = messages($poll->get);
    push @got, messages($poll->get) if @got < 3;
    is_deeply [ @got[ 0, -1 ] ], [ $answered->(1), $answered->(2) ], '115: those around it are answered' or diag explain \@got;
    like join("\n", @got), pattern(join "\n", $answered->(1), qq(["1","2","$A","phx_reply",<REASON>]), $answered->(2)), '115: and it is no crash';
    is_answer(116, 'a stale line', $poll->post(join "\n", qq(["9","2","$A","get_conversations",{}]), $beat->(2)), 200, { status => 200 });
    is_deeply [ messages($poll->get) ], [ $answered->(2) ], '116: has no effect';
    is_answer(117, 'a line that is neither', $poll->post('!!!'), 500, undef);
    $poll->post($beat->(9));
    is_deeply [ messages($poll->get) ], [ $answered->(9) ], '117: the session lives';
    is_answer(118, 'lines that are empty', $poll->post($beat->(1) . "\n\n"), 200, { status => 200 });
    is_deeply [ messages($poll->get) ], [ $answered->(1) ], '118: are passed over';
    is_answer(128, 'a crash', $poll->post(qq(["1","5","$A","nope",{}])), 200, { status => 200 });
    is $poll->next_text, qq(["1","1","$A","phx_error",{"reason":"channel_crash"}]), '128: is told';
}
for my $body ('{', '', '[1,', '5', '["1","2","x","y"]') {
    my $poll = opened();
    my $begin = time;
    is_answer(118, "undecodable: $body", $poll->post($body, type => 'text/plain'), 200, { status => 408 });
    cmp_ok time - $begin, '<', 0.9 * $window, '118: at once';
    is_gone(118, "after $body", $poll->get, old => $poll->token);
    is_answer(118, "POST after $body", $poll->post($beat->(1)), 200, { status => 410 });
}
is_answer(120, "POST with the session $_", fresh("vsn=2.0.0&token=$_")->post($beat->(1), query => "vsn=2.0.0&token=$_"), 200, { status => 410 })
    for 'nonsense', '', 'flxlp.' . 'x' x 32;
is_answer(120, 'POST without a session', fresh()->post($beat->(1), query => 'vsn=2.0.0'), 200, { status => 410 });
is_gone(121, 'GET with a bad session', fresh()->get(query => "$app&token=flxlp." . 'x' x 32));
{
    my $poll = opened();
    $poll->post($beat->(1));
    is_answer(122, 'the token twice', $poll->get(query => "$app&token=" . $poll->token), 200, { messages => [ $answered->(1) ], status => 200, token => $poll->token });
    $poll->post($beat->(2));
    my $answer = $poll->get(query => $app, headers => [ 'X-Phoenix-Longpoll-Token: ' . $poll->token ]);
    is_answer(123, 'the token in a header', $answer, 200, { messages => [ $answered->(2) ], status => 200, token => $poll->token });
    $poll->post($beat->(3), query => 'vsn=2.0.0', headers => [ 'X-Phoenix-Longpoll-Token: ' . $poll->token ]);
    is_deeply [ messages($poll->get) ], [ $answered->(3) ], '123: of a POST, too';
}
is_answer(124, "GET refused: $_", fresh()->get(query => $_), 200, { status => 403 })
    for 'vsn=9.0.0', 'vsn=2.0', 'vsn=2.0.0&token=nonsense', 'vsn=2.0.0&token=' . $api->jwt('alice', exp => time - 3600);
is_answer(125, "$_ with a bad Origin", fresh()->exchange($_, headers => ['Origin: http://notallowed.com']), 200, { status => 403 }) for qw(GET OPTIONS);
{
    my $answer = fresh()->exchange('OPTIONS', headers => ['access-control-request-headers: content-type,x-foo']);
    is_answer(126, 'OPTIONS', $answer, 200, '');
    is $answer->header('access-control-allow-headers'), 'content-type,x-foo', '126: the headers are echoed';
    is $answer->header('access-control-allow-methods'), 'get, post, options', '126: methods';
    is $answer->header('access-control-max-age'), '3600', '126: age';
    is $answer->header('access-control-allow-origin'), '*', '126: origins';
}
is_answer(127, $_, fresh()->exchange($_, head => $_ eq 'HEAD'), 400, '') for qw(PUT HEAD DELETE PATCH);
{
    covered(129);
    my $poll = opened(undef, $short);
    $poll->send_text($join);
    like $poll->next_text, $joined, '129: joined';
    $short->wait_metric(channels => 0);
    pass '129: without a GET its channels end';
    is_answer(129, 'and the session', $poll->post($beat->(1)), 200, { status => 410 });
    is_gone(129, 'GET', $poll->get, old => $poll->token);
}
{
    my $poll = opened('vsn=2.0.0&token=' . $api->jwt('dave'));
    my $topic = 'user:' . $api->id('dave');
    $poll->send_text(qq(["1","1","$topic","phx_join",{}]));
    like $poll->next_text, qr/"status":"ok"/, '130: joined';
    $api->row('SELECT flixim.revoke_user_tokens(?)', $api->id('dave'));
    $pushd->wait_metric(closed_revoked_total => 1);
    is_answer(130, 'revoked', $poll->get, 200, { status => 403 });
    my $other = $poll->get(query => 'vsn=2.0.0&token=' . $poll->token);
    is_gone(130, 'without the token that is revoked', $other, old => $poll->token);
}
{
    my $poll = opened("token=$token{alice}&vsn=1.0.0");
    is_answer(131, 'V1', $poll->post(qq({"topic":"$A","event":"phx_join","payload":{},"ref":"1"}), type => 'application/json'), 200, { status => 200 });
    like $poll->next_text, pattern(qq({"event":"phx_reply","payload":<LIVE>,"ref":"1","topic":"$A"})), '131: an object';
}
{
    my $poll = opened();
    my $older = $poll->begin('GET');
    # It waits when the daemon has read it, and not before: two connections are two.
    sleep 0.1;
    my $newer = $poll->begin('GET');
    sleep 0.1;
    $poll->post($beat->(1));
    is_answer(132, 'the newer of two GETs', $newer->answer, 200, { messages => [ $answered->(1) ], status => 200, token => $poll->token });
    is_answer(132, 'the older', $older->answer, 200, { messages => [], status => 204, token => $poll->token });
}
{
    # A GET that its client gave up takes nothing with it.
    my $poll = opened();
    my $gone = $poll->begin('GET');
    sleep 0.05;
    undef $gone;
    sleep 0.05;
    $poll->post($beat->(1));
    is $poll->next_text, $answered->(1), 'a poll whose client went away swallows nothing';
}
{
    my $poll = opened();
    my $wire = $poll->begin('GET');
    sleep 0.05;
    kill 'TERM', $pushd->pid;
    is_answer(132, 'a waiting GET when the daemon ends', $wire->answer, 200, { messages => [], status => 204, token => $poll->token });
    is $pushd->wait_end, 0, 'and it ends well';
}

all_covered([ 107 .. 132 ], 119 => 'a request does not hold the answer to its POST; a slow join is in t/push/outage.t');
is_deeply [ map { $_->faults } $pushd, $short ], [], 'no fault in the log';
$api->finish;
done_testing;
