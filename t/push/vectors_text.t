# SPDX-License-Identifier: Apache-2.0
# Phoenix's vectors of text and binary messages, V2 and V1, with the events of the API, lenient and strict.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Pushd;
use FlixIM::Test::Vectors qw(script all_covered covered reply push_of);
use FlixIM::Test::WebSocket;
use Test::More;

my $api = FlixIM::Test::Api->start(httpd => 0);
my %pushd = map {
    ($_ => FlixIM::Test::Pushd->start(api => $api, settings => { strict_channels => $_ eq 'strict' ? 'on' : 'off', hold_time => '100ms' }))
} qw(lenient strict);
my ($mode, $pushd);

my $A = '"user:' . $api->id('alice') . '"';
my $B = '"user:' . $api->id('bob') . '"';
my %token = map { $_ => $api->jwt($_) } qw(alice bob);

# Events of the API in place of those that Phoenix's tests have.
my $echo    = '"get_conversations",{}';
my $echoed  = '{"conversations":[]}';
my $wrong   = '"withdraw_message",{"message_id":"00000000-0000-4000-8000-000000000000"}';
my $refused = '{"reason":"message not found","code":"message_not_found"}';
my $unmatched = 'E unmatched topic';
my $join   = qq(> ["1","1",$A,"phx_join",{}]);
my $joined = qq(< ["1","1",$A,"phx_reply",<LIVE>]);
my @join   = ($join, $joined);

sub connected {
    my ($vsn, $token) = @_;
    my $query = join '&', defined $token ? "token=$token" : (), "vsn=$vsn";
    my $client = FlixIM::Test::WebSocket->open(port => $pushd->port, path => "/socket/websocket?$query");
    $client->{is_v1} = $vsn =~ /^1/;
    return $client;
}
sub v2 { my ($number, $name, @steps) = @_; return script($number, "$name, $mode", connected('2.0.0', $token{alice}), @steps) }
sub v1 { my ($number, $name, @steps) = @_; return script($number, "$name, $mode", connected('1.0.0', $token{alice}), @steps) }

sub hex_of { return unpack 'H*', $_[0] }
sub binary {
    my ($join_ref, $ref, $topic, $event, $payload) = @_;
    return '# ' . unpack 'H*', pack('C5', 0, map {length} $join_ref, $ref, $topic, $event) . $join_ref . $ref . $topic . $event . $payload;
}
my $topic = $A =~ tr/"//dr;

# What an unknown event does to the channel of alice.
sub unknown {
    my ($ref) = @_;
    return $mode eq 'strict' ? qq(< ["1","1",$A,"phx_error",{"reason":"channel_crash"}])
        : reply('"1"', $ref, $A, '{"reason":"unknown event","code":"unknown_event"}');
}

for (sort keys %pushd) {
    $mode = $_;
    $pushd = $pushd{$mode};
    v2_vectors();
    v2_channels();
    v2_undecodable();
    v1_vectors();
}
several();

sub v2_vectors {
    v2(25, 'heartbeat', '> [null,"7","phoenix","heartbeat",{}]', reply('null', '"7"', '"phoenix"', '{}'));
    v2(26, 'heartbeat with a number', '> [null,7,"phoenix","heartbeat",null]', reply('null', 7, '"phoenix"', '{}'));
    v2(27, 'heartbeat without a ref', '> ["x",null,"phoenix","heartbeat",[1]]', reply('null', 'null', '"phoenix"', '{}'));
    v2(28, 'more elements', '> [null,"1","phoenix","heartbeat",{},"extra",5]', reply('null', '"1"', '"phoenix"', '{}'));
    v2(29, 'spaces', '>  [ null , "1" , "phoenix" , "heartbeat" , { } ] ', reply('null', '"1"', '"phoenix"', '{}'));
    v2(30, 'another event', '> [null,"1","phoenix","nope",{}]', reply('null', '"1"', '"phoenix"', $unmatched));
    v2(31, 'join', @join);
    v2(32, 'join with two refs', qq(> ["11","1",$A,"phx_join",{}]), qq(< ["11","1",$A,"phx_reply",<LIVE>]));
    v2(33, 'join refused', qq(> ["5","6",$B,"phx_join",{}]), reply('"5"', '"6"', $B, '{"reason":"unauthorized","code":"forbidden"}'));
    v2(35, 'no such topic', '> ["5","6","nope:x","phx_join",{}]', reply('null', '"6"', '"nope:x"', $unmatched));
    v2(37, 'reply', @join, qq(> ["1","2",$A,$echo]), reply('"1"', '"2"', $A, $echoed));
    v2(38, 'error', @join, qq(> ["1","2",$A,$wrong]), reply('"1"', '"2"', $A, $refused));
    v2(41, 'ref null', @join, qq(> ["1",null,$A,$echo]), reply('"1"', 'null', $A, $echoed));
    v2(42, 'join_ref null', @join, qq(> [null,"2",$A,$echo]), reply('"1"', '"2"', $A, $echoed));
    v2(43, 'stale join_ref', @join, qq(> ["99","2",$A,$echo]), qq(> ["1","3",$A,$echo]), reply('"1"', '"3"', $A, $echoed));
    v2(47, 'never joined', qq(> ["1","2",$A,$echo]), reply('null', '"2"', $A, $unmatched));
    v2(65, 'topics of other types', '> ["1","2",5,"echo",{}]', '> ["1","2",null,"echo",{}]', reply('null', '"2"', 5, $unmatched),
        reply('null', '"2"', 'null', $unmatched));
    v2(65, 'topics of more types', '> [1.5,[1],{"a":[1]},"echo",{}]', '> ["1","2",true,"phx_join",{}]', reply('null', '[1]', '{"a":[1]}', $unmatched),
        reply('null', '"2"', 'true', $unmatched));
    v2(65, 'escapes are decoded', '> [null,"\u0041\/b\u00e9\n","no\"pe","x",{}]', reply('null', "\"A/b\xc3\xa9\\n\"", '"no\"pe"', $unmatched));
    v2(65, 'big numbers', '> [null,12345678901234567890123,"x","y",{}]', reply('null', '12345678901234567890123', '"x"', $unmatched));
    return;
}

sub v2_channels {
    my $close = qq(< ["1","1",$A,"phx_close",{}]);
    my @left = (@join, qq(> ["1","2",$A,"phx_leave",{}]), reply('"1"', '"2"', $A, '{}'), $close);
    v2(48, 'leave', @left);
    v2(49, 'then echo', @left, qq(> ["1","3",$A,$echo]), reply('null', '"3"', $A, $unmatched));
    v2(50, 'then leave', @left, qq(> ["1","4",$A,"phx_leave",{}]), '> [null,"5","never","phx_leave",null]',
        reply('"1"', '"4"', $A, '{}'), reply('null', '"5"', '"never"', '{}'));
    v2(51, 'stale leave', @join, qq(> ["77","2",$A,"phx_leave",{}]), qq(> ["1","3",$A,$echo]), reply('"1"', '"3"', $A, $echoed));
    v2(52, 'leave with null', @join, qq(> [null,"2",$A,"phx_leave",{}]), reply('"1"', '"2"', $A, '{}'), $close);
    my @twice = (@join, qq(> ["2","2",$A,"phx_join",{}]), qq(< ["2","2",$A,"phx_reply",<LIVE>]), $close);
    v2(53, 'join twice', @twice);
    v2(53, 'join twice in a burst', $join, qq(> ["2","2",$A,"phx_join",{}]), $joined, qq(< ["2","2",$A,"phx_reply",<LIVE>]), $close);
    v2(53, 'the second is refused', @join, qq(> ["2","2",$A,"phx_join",{"token":"x"}]),
        reply('"2"', '"2"', $A, '{"reason":"invalid token","code":"invalid_token"}'), $close,
        qq(> ["1","3",$A,$echo]), reply('null', '"3"', $A, $unmatched));
    v2(54, 'then the old instance', @twice, qq(> ["1","4",$A,$echo]), qq(> ["2","3",$A,$echo]), reply('"2"', '"3"', $A, $echoed));
    v2(55, 'join, leave, join', $join, qq(> ["1","2",$A,"phx_leave",{}]), qq(> ["3","3",$A,"phx_join",{}]), $joined,
        reply('"1"', '"2"', $A, '{}'), $close, qq(< ["3","3",$A,"phx_reply",<LIVE>]), qq(> ["3","4",$A,$echo]), reply('"3"', '"4"', $A, $echoed));
    my $is_strict = $mode eq 'strict';
    for my $event ('"nope"', '""', '5', 'null', '["x"]', '"phx_join "') {
        v2(57, "unknown event $event", @join, qq(> ["1","2",$A,$event,{}]), unknown('"2"'));
    }
    v2(58, 'and after that', @join, qq(> ["1","2",$A,"nope",{}]), unknown('"2"'), qq(> ["1","3",$A,$echo]),
        $is_strict ? (reply('null', '"3"', $A, $unmatched), qq(> ["4","4",$A,"phx_join",{}]), qq(< ["4","4",$A,"phx_reply",<LIVE>]))
            : reply('"1"', '"3"', $A, $echoed));
    v2(60, 'null join_refs', qq(> [null,"6",$A,"phx_join",{}]), qq(< [null,"6",$A,"phx_reply",<LIVE>]), qq(> [null,"7",$A,$echo]),
        reply('"6"', '"7"', $A, $echoed), qq(> [null,"8",$A,"phx_leave",{}]), reply('"6"', '"8"', $A, '{}'), qq(< [null,null,$A,"phx_close",{}]));
    v2(61, 'refs that are numbers', qq(> [1,1,$A,"phx_join",{}]), qq(< [1,1,$A,"phx_reply",<LIVE>]), qq(> [1,2,$A,$echo]), qq(> ["1","3",$A,$echo]),
        qq(> [1.0,"4",$A,$echo]), reply(1, 2, $A, $echoed));
    for my $event (qw(phx_reply phx_error phx_close)) {
        v2(66, "$event from a client", @join, qq(> ["1","2",$A,"$event",{"status":"ok","response":{}}]), unknown('"2"'));
    }
    v2(67, 'heartbeat on another topic', @join, qq(> ["1","2",$A,"heartbeat",{}]), unknown('"2"'));
    v2(68, 'a binary push', @join, binary(1, 2, $topic, 'sync', "\1\2"), qq(< ["1","2",$A,"phx_reply",<REASON>]));
    v2(69, 'a binary push without join_ref', @join, binary('', 2, $topic, 'get_conversations', ''));
    v2(70, 'binary heartbeat', binary('', 9, 'phoenix', 'heartbeat', ''), reply('null', '"9"', '"phoenix"', '{}'));
    v2(70, 'binary join and leave', binary(1, 1, $topic, 'phx_join', ''), $joined, binary(1, 2, $topic, 'phx_leave', ''),
        reply('"1"', '"2"', $A, '{}'), $close);
    return;
}

sub v2_undecodable {
    v2(71, 'four elements', '> [null,"1","phoenix","heartbeat"]', '! 1011');
    v2(72, 'V1 on V2', '> {"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}', '! 1011');
    for my $text ('[1,', '', '5', '[null,"1","phoenix","heartbeat",{}] x', '[null,"\ud800","phoenix","heartbeat",{}]', '"', 'null', '[]',
        '[null,"1","phoenix","heartbeat",{},]', "[null,\"1\",\"phoenix\",\"heartbeat\",{\"a\":01}]") {
        v2(73, "undecodable: $text", "> $text", '! 1011');
    }
    v2(74, 'text in a binary frame', '# ' . hex_of('[null,"1","phoenix","heartbeat",{}]'), '! 1011');
    v2(75, "binary $_", "# $_", '! 1011') for '5b', '', '01', '01 01 01 08 02 31 32', '00 05 01 01 01', '00', '02 08 04', '03 00 00 00 00';
    v2(76, 'an answer before it', $join, '> {', $joined, '! 1011');
    return;
}

sub v1_message {
    my ($event, $payload, $ref, $join_ref, $topic) = @_;
    $topic //= $A;
    return qq(> {"topic":$topic,"event":"$event","payload":$payload,"ref":$ref) . (defined $join_ref ? qq(,"join_ref":$join_ref}) : '}');
}
sub v1_reply {
    my ($ref, $response, $topic) = @_;
    $response = qq({"reason":"$1"}) if $response =~ /^E (.*)/;
    my $status = $response =~ /^\{"reason"/ ? 'error' : 'ok';
    my $payload = $response eq 'LIVE' ? '<LIVE>' : qq({"response":$response,"status":"$status"});
    return sprintf '< {"event":"phx_reply","payload":%s,"ref":%s,"topic":%s}', $payload, $ref, $topic // $A;
}
sub v1_close { return qq(< {"event":"phx_close","payload":{},"ref":$_[0],"topic":$A}) }

sub v1_vectors {
    my $beat = sub { v1_message('heartbeat', $_[1] // '{}', $_[0], undef, '"phoenix"') };
    my @v1_join = (v1_message('phx_join', '{}', '"1"'), v1_reply('"1"', 'LIVE'));
    my @ref_join = (v1_message('phx_join', '{}', '"1"', '"1"'), v1_reply('"1"', 'LIVE'));
    v1(77, 'heartbeat', $beat->('"1"'), v1_reply('"1"', '{}', '"phoenix"'));
    v1(78, "heartbeat with ref $_", $beat->($_), v1_reply($_, '{}', '"phoenix"')) for 'null', 4;
    v1(78, 'heartbeat with payload null', $beat->('"1"', 'null'), v1_reply('"1"', '{}', '"phoenix"'));
    v1(79, 'join', @v1_join);
    v1(80, 'then echo', @v1_join, v1_message('get_conversations', '{}', '"2"'), v1_reply('"2"', $echoed));
    my @v1_left = (@v1_join, v1_message('phx_leave', '{}', '"6"'), v1_reply('"6"', '{}'), v1_close('null'));
    v1(81, 'then leave', @v1_left);
    v1(82, 'then echo', @v1_left, v1_message('get_conversations', '{}', '"7"'), v1_reply('"7"', $unmatched));
    v1(83, 'join and leave with a join_ref', @ref_join, v1_message('phx_leave', '{}', '"2"', '"1"'), v1_reply('"2"', '{}'), v1_close('"1"'));
    v1(84, 'other join_refs', @ref_join, v1_message('get_conversations', '{}', '"2"', '"9"'), v1_message('get_conversations', '{}', '"3"'),
        v1_reply('"3"', $echoed));
    v1(85, 'unknown event', @v1_join, v1_message('nope', '{}', '"2"'),
        $mode eq 'strict' ? qq(< {"event":"phx_error","payload":{"reason":"channel_crash"},"ref":null,"topic":$A})
            : v1_reply('"2"', '{"reason":"unknown event","code":"unknown_event"}'));
    v1(86, 'join twice without join_ref', @v1_join, v1_message('phx_join', '{}', '"2"'), v1_reply('"2"', 'LIVE'));
    v1(87, 'join twice with join_refs', @ref_join, v1_message('phx_join', '{}', '"2"', '"2"'), v1_reply('"2"', 'LIVE'), v1_close('"1"'));
    v1(88, 'join refused', v1_message('phx_join', '{}', '"2"', undef, $B), v1_message('phx_join', '{}', '"3"', undef, '"zzz"'),
        v1_reply('"2"', '{"reason":"unauthorized","code":"forbidden"}', $B), v1_reply('"3"', $unmatched, '"zzz"'));
    my %whole = (topic => '"phoenix"', event => '"heartbeat"', payload => '{}', ref => '"1"');
    for my $missing (sort keys %whole) {
        my $text = join ',', map {"\"$_\":$whole{$_}"} grep { $_ ne $missing } sort keys %whole;
        v1(89, "without $missing", "> {$text}", '! 1011');
    }
    v1(90, "undecodable: $_", "> $_", '! 1011') for '[null,"1","phoenix","heartbeat",{}]', '{', '{}', '5', '';
    v1(91, 'more keys', '> {"x":[1],"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1","y":null}', v1_reply('"1"', '{}', '"phoenix"'));
    v1(92, 'in a binary frame', '# ' . hex_of('{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}'), v1_reply('"1"', '{}', '"phoenix"'));
    return;
}

# Those that need more than one connection, topic, or a database that is slow.
sub several {
    ($mode, $pushd) = ('lenient', $pushd{lenient});
    # Events, in place of what handlers of Phoenix's tests broadcast.
    my $send = sub {
        my ($from, $to) = @_;
        my $sender = $from->ask('send_message',
            { message_type => 'private_message', content_type => 'text', content => { text => 'x' }, conversation_id => $api->private('carol', $to), client_message_id => $api->uuid });
        return $sender->status eq 'ok' ? undef : 'not sent: ' . $sender->text;
    };
    my $carol = FlixIM::Test::Channel->join($api, $pushd, 'carol');
    my $D = '"user:' . $api->id('dave') . '"';
    my $dave = sub { connected('2.0.0', $api->token('dave')) };
    script(36, 'a push comes after the reply', $dave->(), qq(> ["3","3",$D,"phx_join",{}]), qq(< ["3","3",$D,"phx_reply",<LIVE>]),
        sub { $send->($carol, 'dave') }, push_of('"3"', $D));
    script(56, 'a push into the second instance', $dave->(), qq(> ["1","1",$D,"phx_join",{}]), qq(< ["1","1",$D,"phx_reply",<LIVE>]),
        qq(> ["2","2",$D,"phx_join",{}]), qq(< ["2","2",$D,"phx_reply",<LIVE>]), qq(< ["1","1",$D,"phx_close",{}]),
        sub { $send->($carol, 'dave') }, push_of('"2"', $D));
    my $other = connected('2.0.0', $api->token('dave'));
    $other->send_text(qq(["1","1",$D,"phx_join",{}]));
    $other->next_text;
    script(46, 'two connections', $dave->(), qq(> ["1","1",$D,"phx_join",{}]), qq(< ["1","1",$D,"phx_reply",<LIVE>]),
        sub { $send->($carol, 'dave') }, push_of('"1"', $D));
    like $other->next_text, qr/^\["1",null,$D,"event",/, '46: the other one, too';
    $other->drop;
    my $V = '"user:' . $api->id('victor') . '"';
    my $victor = connected('1.0.0', $api->token('victor'));
    script(80, 'a push over V1', $victor, qq(> {"topic":$V,"event":"phx_join","payload":{},"ref":"1","join_ref":"1"}),
        qq(< {"event":"phx_reply","payload":<LIVE>,"ref":"1","topic":$V}), sub { $send->($carol, 'victor') },
        qq(< {"event":"event","payload":<EVENT>,"ref":null,"topic":$V}));

    # 100 topics on one connection: each with the token of its user.
    my @users = map {"user$_"} 1 .. 101;
    my %topic = map { $_ => '"user:' . $api->id($_) . '"' } @users;
    my (@ask, @get);
    for my $i (1 .. 101) {
        push @ask, sprintf '> ["%d","%d",%s,"phx_join",{"token":"%s"}]', $i, $i, $topic{"user$i"}, $api->jwt("user$i");
        push @get, $i < 101 ? sprintf '< ["%d","%d",%s,"phx_reply",<LIVE>]', $i, $i, $topic{"user$i"}
            : reply('"101"', '"101"', $topic{user101}, 'E too many channels joined');
    }
    script(62, '101 joins', connected('2.0.0'), @ask, @get);

    # A join, and a request, that wait for a row which somebody holds.
    my $holder = $api->cluster->connect;
    my $hold = sub {
        my ($who) = @_;
        $holder->begin_work;
        $holder->do('SELECT 1 FROM flixim.users WHERE user_id = ? FOR UPDATE', undef, $api->id($who));
        return;
    };
    my $beat = '> [null,"2","phoenix","heartbeat",{}]';
    my $N = '"user:' . $api->id('newcomer') . '"';
    my $slow = connected('2.0.0');
    # A join makes the user's row; that somebody is just making it, too, holds it up.
    $holder->begin_work;
    $holder->selectrow_array('SELECT flixim.add_users(ARRAY[?::uuid])', undef, $api->id('newcomer'));
    script(63, 'a slow join holds what comes behind it', $slow, qq(> ["1","1",$N,"phx_join",{"token":"@{[ $api->jwt('newcomer') ]}"}]), $beat,
        sub { my $got = $_[0]->next_text(0.4); defined $got ? "before the join: $got" : undef }, sub { $holder->rollback; return },
        qq(< ["1","1",$N,"phx_reply",<LIVE>]), reply('null', '"2"', '"phoenix"', '{}'));
    my $both = connected('2.0.0');
    my $quick = qq(> ["2","4",$B,$echo]);
    my $slow_send = qq(> ["1","3",$A,"send_message",{"message_type":"private_message","content_type":"text","content":{"text":"x"},)
        . qq("conversation_id":"@{[ $api->private('alice', 'erin') ]}","client_message_id":"@{[ $api->uuid ]}"}]);
    script(64, 'a slow request delays nothing but its channel', $both, qq(> ["1","1",$A,"phx_join",{"token":"$token{alice}"}]), $joined,
        qq(> ["2","2",$B,"phx_join",{"token":"$token{bob}"}]), qq(< ["2","2",$B,"phx_reply",<LIVE>]), sub { $hold->('alice') },
        $slow_send, qq(> ["1","5",$A,$wrong]), $quick, $beat,
        sub {
            my %got = map { ($_[0]->next_text // 'nothing') => 1 } 1, 2;
            my @expected = (substr(reply('"2"', '"4"', $B, $echoed), 2), substr reply('null', '"2"', '"phoenix"', '{}'), 2);
            return !grep({ !$got{$_} } @expected) ? undef : join ' ', keys %got;
        },
        sub { $holder->rollback; return },
        qq(< ["1","3",$A,"phx_reply",{"response":{"client_message_id":"<UUID>","message_id":"<UUID>","server_timestamp":"<TIME>","status":"sent"},"status":"ok"}]),
        reply('"1"', '"5"', $A, $refused));
    return;
}

all_covered([ 25 .. 92 ],
    34 => 'no join of the API can throw',
    39 => 'no event of the API is answered with nothing',
    40 => 'every event of the API has a reply',
    44 => 'nobody is pushed what they caused over the connection that asks',
    45 => 'likewise; t/push/told.t has what others are pushed',
    59 => 'no event of the API ends its channel',
);
is_deeply [ map { $_->faults } values %pushd ], [], 'no fault in the logs';
$api->finish;
done_testing;
