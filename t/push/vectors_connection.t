# SPDX-License-Identifier: Apache-2.0
# Phoenix's vectors of a connection's life, with short times: control frames, silence, faults, and every end.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Pushd;
use FlixIM::Test::Vectors   qw(script all_covered covered);
use FlixIM::Test::WebSocket qw(frame close_frame now);
use Test::More;
use Time::HiRes qw(sleep);

my $api   = FlixIM::Test::Api->start(httpd => 0);
my $pushd = FlixIM::Test::Pushd->start(api => $api);
my $idle  = 1;
my $short = FlixIM::Test::Pushd->start(api => $api, settings => { idle_time => $idle * 1000 . 'ms', hold_time => '50ms' });

sub connected {
    my ($daemon) = @_;
    return FlixIM::Test::WebSocket->open(port => ($daemon // $pushd)->port, path => '/socket/websocket?vsn=2.0.0');
}
sub is_frame {
    my ($client, $opcode, $payload) = @_;
    my $frame = $client->next_frame // return 'nothing: ' . $client->why;
    return $frame->{opcode} == $opcode && $frame->{payload} eq $payload ? undef : "$frame->{opcode} $frame->{payload}";
}

my $beat     = '[null,"1","phoenix","heartbeat",{}]';
my $answered = '[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]';

script(93, "ping '$_'", connected(), do { my $text = $_; sub { $_[0]->send_ping($text); is_frame($_[0], 10, $text) } }) for 'abc', '', 'x' x 125;
script(94, 'a ping between fragments', connected(),
    sub { $_[0]->write(frame(1, substr($beat, 0, 9), fin => 0) . frame(9, 'abc')); is_frame($_[0], 10, 'abc') },
    sub { $_[0]->write(frame(0, substr($beat, 9))); is_frame($_[0], 1, $answered) });
script(95, 'two frames in a segment', connected(), "> $beat", "> $beat", "< $answered", "< $answered");
script(95, 'single bytes', connected(), sub { $_[0]->write(frame(1, $beat), 1); return }, "< $answered");
script(100, 'no UTF-8', connected(), sub { $_[0]->send_text("\xff\xfe"); return }, '! 1007');
for my $case ([ 'an unmasked frame', frame(1, $beat, mask => undef) ], [ 'RSV1', frame(1, $beat, rsv => 4) ], [ 'opcode 3', frame(3, '') ],
    [ 'a ping of 126 bytes', frame(9, 'x' x 126) ], [ 'close code 1005', close_frame(1005) ], [ 'a close frame of a byte', frame(8, 'x') ]) {
    my ($name, $bytes) = @$case;
    script(101, $name, connected(), sub { $_[0]->write($bytes); return }, '! 1002');
}
script(102, 'a header that announces 11 MB', connected(), sub { $_[0]->write(frame(1, '', length => 11_000_000, wide => 64)); return }, '! 1009');
script(102, 'one that announces 2^63 - 1', connected(), sub { $_[0]->write(frame(1, '', length => 2**62, wide => 64)); return }, '! 1009');
script(103, 'a close frame', connected(), sub { $_[0]->send_close(1000); return }, '! 1000');

# -- Silence --------------------------------------------------------------------------------------------

# How long until the close frame; what came before is passed over.
sub seconds_to {
    my ($client, $code, $name, $begin) = @_;
    $begin //= now();
    is $client->close_code(5), $code, $name;
    return now() - $begin;
}
covered(96 .. 99);
my $quiet = connected($short);
my $silent = connected($short);
my $begin = now();
$silent->send_text($beat);
cmp_ok seconds_to($quiet, 1002, '96: nothing: closed', $begin), '>=', 0.9 * $idle, '96: after the idle time';
is $silent->next_text, $answered, '99: a heartbeat is answered';
cmp_ok seconds_to($silent, 1002, '99: and then silence: closed', $begin), '<', 4 * $idle, '99: in time';
my $pings = connected($short);
my $until = now() + 3 * $idle;
my $open = 1;
while ($open && now() < $until) {
    $pings->send_ping;
    $open = $pings->next_frame;
    sleep $idle / 4;
}
ok $open, '97: pings alone keep it open';
cmp_ok seconds_to($pings, 1002, '97: and without them it is closed'), '>', 0.5 * $idle, '97: not before its time';

{
    my $carol = FlixIM::Test::Channel->join($api, $pushd, 'carol');
    my $dave = FlixIM::Test::Channel->join($api, $short, 'dave');
    my $count = 0;
    my $end = now() + 10 * $idle;
    my $code;
    while (!defined $code && now() < $end) {
        $carol->ask('send_message', { message_type => 'private_message', content_type => 'text', content => { text => 'x' },
            conversation_id => $api->private('carol', 'dave'), client_message_id => $api->uuid });
        while (defined(my $text = $dave->next_text($idle / 8))) {
            if ($text =~ /^8: (.*)/) { $code = hex $1; last }
            $count++;
        }
        $code //= $dave->raw->why if $dave->raw->is_over;
    }
    is $code, 1002, '98: pushes do not keep it open';
    cmp_ok $count, '>', 0, '98: though there were some';
}

# In the long form, for it is a minute: with neither token nor channel no byte keeps it open.
if ($ENV{FLIXIM_LONG}) {
    my $never = connected();
    my $known = FlixIM::Test::Channel->open($api, $pushd, who => 'carol');
    $begin = now();
    my $frame;
    while (now() < $begin + 70) {
        $never->send_ping;
        $known->beat;
        $frame = $never->next_frame(1) // next;
        last if $frame->{opcode} == 8 || $never->is_over;
        sleep 1;
    }
    is unpack('H*', $frame ? $frame->{payload} : ''), '03ea', '97: a connection that never joins is closed with 1002';
    cmp_ok now() - $begin, '>', 55, '97: after a minute';
    sleep 3;
    is $known->enter('carol')->status, 'ok', '97: one whose token is known stays';
}

# -- Ends -----------------------------------------------------------------------------------------------

sub joined {
    my ($who, @more) = @_;
    my $client = FlixIM::Test::Channel->open($api, $pushd);
    $client->enter($_, { token => $api->jwt($_) })->status eq 'ok' or die "$_ cannot join" for $who, @more;
    return $client;
}
covered(104 .. 106);
{
    my $both = joined('erin', 'frank');
    my $other = joined('grace');
    $pushd->wait_metric(channels => sub { $_[0] >= 3 });
    $api->row('SELECT flixim.revoke_user_tokens(?)', $api->id('erin'));
    my $frame = $both->raw->next_frame(10);
    is $frame && $frame->{opcode}, 8, '104: revoked: the close frame comes first';
    is $frame && unpack('H*', $frame->{payload}), '03e9', '104: with 1001 and no reason';
    is $other->beat->status, 'ok', '104: others stay';
    my $again = FlixIM::Test::Channel->open($api, $pushd);
    is $again->enter('erin', { token => $api->jwt('erin', iat => time - 100) })->reason, 'invalid token', '104: and it is refused from then on';
}
{
    my @clients = map { joined("user$_") } 1 .. 3;
    my $channels = $pushd->metrics->{channels};
    $clients[0]->raw->drop(reset => 1);
    $pushd->wait_metric(channels => $channels - 1);
    pass '106: a client vanishes: its channel ends';
    is $_->beat->status, 'ok', '106: others are not disturbed' for @clients[ 1, 2 ];
    my $half = joined('half');
    $half->raw->half_close;
    ok $half->raw->has_ended(8), '106: one that closes its side is let go';
}
{
    my $joined = joined('alice');
    my $bare = connected();
    kill 'TERM', $pushd->pid;
    my $frame = $joined->raw->next_frame;
    is $frame && $frame->{opcode}, 8, '105: the daemon stops: the close frame comes first';
    is $frame && unpack('H*', $frame->{payload}), '03f4', '105: with 1012';
    is $bare->close_code, 1012, '105: without a channel likewise';
    is $pushd->wait_end, 0, '105: and it ends well';
}

all_covered([ 93 .. 106 ]);
is_deeply [ map { $_->faults } $pushd, $short ], [], 'no fault in the logs';
$api->finish;
done_testing;
