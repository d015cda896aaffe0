# SPDX-License-Identifier: Apache-2.0
# Hostile input over the channel (rows E1 to E13 of the threats): every event, member by member, and frames that are none.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Events  qw(channel_events);
use FlixIM::Test::Hostile qw(%bad_member @bad_json @bad_content @stored_as_it_is);
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket qw(frame);
use Apache::Test qw(-withtestmore);
use JSON::PP ();

my $api   = FlixIM::Test::Api->start;
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { pushes_per_second => 0, hold_time => '50ms', fragments => 100 });
my $json  = JSON::PP->new->utf8->canonical->allow_nonref;
my $alice = FlixIM::Test::Channel->join($api, $pushd, 'alice');
my $topic = $alice->topic;

# Members of a payload, as text, with one of them replaced.
sub with {
    my ($payload, $member, $text) = @_;
    my %member = map { $_ => $json->encode($payload->{$_}) } keys %$payload;
    delete $member{$member};
    return '{' . join(',', (map {"\"$_\":$member{$_}"} sort keys %member), "\"$member\":$text") . '}';
}
my %kind = (
    %bad_member,
    number => [ '"x"', -1, 1.5, 'true', '[]', '{}', '1e9', '99999999999999999999' ],
    cursor => [ 5, 'true', '[]', '{}', grep { !/^"(?:0)?"$/ } grep {/^"/} @{ $bad_member{time} } ],
);
# Texts that the strict scanner refuses close the connection; here are those that are JSON.
sub is_json {
    my ($text) = @_;
    return defined eval { $json->decode($text); 1 };
}

for my $row (channel_events()) {
    my $event = $row->{event};
    my $payload = $row->{payload}->($api, 'alice', 'bob');
    my $before = $api->state;
    for my $name (sort keys %{ $row->{fields} }) {
        (my $member = $name) =~ s/!//;
        my $kind = $row->{fields}{$name};
        my %seen;
        for my $text (grep { !$seen{$_}++ && is_json($_) } @{ $kind{$kind} // die "no $kind" }) {
            my $reply = $alice->ask($event, \with($payload, $member, $text));
            my $label = "$event: $member is " . substr $text =~ s/[^ -~]/./gr, 0, 40;
            is $reply->verdict, "invalid_fields $member", $label or diag substr $reply->text, 0, 400;
            my $reason = $row->{bad}{$member} // 'invalid parameters';
            my $is_missing = $text eq '""' || $name =~ /!/ ? '|missing.*' : '';
            like $reply->reason, qr/^(?:\Q$reason\E$is_missing)$/, "$label: the reason";
        }
        next if $name !~ /!/;
        my %without = %$payload;
        delete $without{$member};
        for my $case ([ 'absent', $json->encode(\%without) ], [ 'null', with($payload, $member, 'null') ]) {
            my $reply = $alice->ask($event, \$case->[1]);
            is $reply->reason . ' | ' . $reply->verdict, ($row->{missing} // 'missing required parameters') . " | invalid_fields $member", "$event: $member is $case->[0]";
        }
    }
    for my $text ('null', '[]', '5', '"x"', 'true', '[{}]', '"{}"') {
        next if $event =~ /^(?:sync|get_conversations)$/ && $text eq 'null';
        my $reply = $alice->ask($event, \$text);
        is $reply->status, 'error', "$event with the payload $text";
        like $reply->code, qr/^invalid_(?:json|fields)$/, "$event with the payload $text: the code";
    }
    is $api->state, $before, "$event: nothing was written";
    is $alice->ask($event, { %$payload, x => [ {} ], toString => 1, __proto__ => {}, user_id => $api->id('bob') })->verdict, 'ok', "$event: unknown members are ignored";
}

# -- Contents -----------------------------------------------------------------------------------------

my %text = (conversation_id => $api->private('alice', 'bob'), content_type => 'text', message_type => 'private_message');
for (@bad_content) {
    my ($type, $content, $member) = @$_;
    next if !is_json($content);
    my $reply = $alice->ask('send_message', \with({ %text, content_type => $type }, content => $content));
    is $reply->verdict, "invalid_fields $member", "content $type " . substr $content, 0, 40;
}
my $bob = FlixIM::Test::Channel->join($api, $pushd, 'bob');
$bob->ask('sync', {});
for my $said (@stored_as_it_is) {
    my $reply = $alice->ask('send_message', { %text, content => { text => $said, $said => [$said] } });
    my $label = 'kept as it is: ' . substr $said =~ s/[^ -~]/./gr, 0, 30;
    is $reply->verdict, 'ok', $label;
    is_deeply $bob->event->{payload}{content}, { text => $said, $said => [$said] }, "$label: in the event";
    is_deeply $api->call('bob', GET => '/messages/' . $reply->response->{message_id})->data->{content}, { text => $said, $said => [$said] }, "$label: over REST";
}

# -- Whole messages -----------------------------------------------------------------------------------

sub connected { return FlixIM::Test::WebSocket->open(port => $pushd->port, path => '/socket/websocket?vsn=2.0.0') }
# One that has joined may send large messages.
sub joined { return FlixIM::Test::Channel->join($api, $pushd, 'carol')->raw }
joined()->drop;
# What becomes of a text: "closed CODE", or the reply's status.
sub fate {
    my ($client) = @_;
    my $frame = $client->next_frame // return $client->why;
    return $frame->{opcode} == 8 ? 'closed ' . unpack 'n', $frame->{payload} : $frame->{payload} =~ /"status":"(\w+)"/ ? $1 : $frame->{payload};
}
my $before = $api->state;
for (@bad_json) {
    my ($name, $text) = @$_;
    my $client = joined();
    $client->send_text(qq([null,"1","$topic","x",$text]));
    my $got = fate($client);
    my $expected = $name =~ /^E3/ ? qr/^closed 100[7]$|^closed 1011$/ : $name =~ /no object|an object/ ? qr/^error$/ : qr/^closed 1011$/;
    # An array of five elements may hold more; what ends early is no array.
    $expected = qr/^(?:closed 1011|error)$/ if $name =~ /^E8 (?:nothing|more than|something|cut)/ || $text =~ /^\{"x":(?:\[|\{"a":)/;
    # JSON that is not ours to keep is for whoever reads the payload to refuse.
    $expected = qr/^(?:error|closed 1011)$/ if $name =~ /^(?:E1 a NUL|E4|E5 a number|E8 a key twice)/;
    like $got, $expected, "$name";
    $client->drop;
}
for my $content ('{"text":"a\u0000b"}', '{"text":"a","text":"b"}', '{"text":"a","n":1e999}', '{"text":"a","d":' . '[' x 32 . ']' x 32 . '}') {
    my $payload = '{"conversation_id":"' . $api->private('alice', 'bob') . qq(","message_type":"private_message","content_type":"text","content":$content});
    my $reply = $alice->ask('send_message', \$payload);
    is $reply->verdict, 'invalid_json body', 'E1 to E8: an error reply, no close: ' . substr $content, 0, 30;
}
my $huge = 'x' x 1_000_000;
for my $case (
    [ 'an event name of a megabyte', qq([null,"1","$topic","$huge",{}]), qr/^(?:error|closed 1009)$/ ],
    [ 'a topic of 200,000 characters', '[null,"1","' . 'y' x 200_000 . '","phx_join",{}]', qr/^error$/ ],
    [ 'a ref of 200,000 characters', '[null,"' . 'y' x 200_000 . '","phoenix","heartbeat",{}]', qr/^(?:ok|closed 1011)$/ ],
    [ 'a payload of more than 256 KiB', qq([null,"1","$topic","x",{"a":") . 'y' x 262_200 . '"}]', qr/^(?:error|closed 1009)$/ ],
    [ 'refs of other types', '[{"a":[1,null]},[true],"phoenix","heartbeat",{}]', qr/^ok$/ ],
    [ 'a number with an exponent', '[null,1e300,"phoenix","heartbeat",{}]', qr/^ok$/ ],
    [ 'depth', '[null,"1","phoenix","heartbeat",' . '[' x 100_000 . ']' x 100_000 . ']', qr/^closed 10(?:11|09)$/ ],
    [ 'a NUL', qq([null,"1","phoenix","heartbeat","\0"]), qr/^closed 1011$/ ],
    [ 'a topic with a comma', '[null,"1","user:a,b","phx_join",{}]', qr/^error$/ ],
) {
    my ($name, $text, $expected) = @$case;
    my $client = joined();
    $client->send_text($text);
    like fate($client), $expected, "E13 $name";
    $client->drop;
    $client = connected();
    $client->send_text($text);
    like fate($client), length $text > 65_536 ? qr/^closed 1009$/ : $expected, "E13 $name, without a join";
    $client->drop;
}
{
    my $reply = $alice->ask('send_message', { %text, content => { text => 'x', more => 'y' x 262_144 } });
    is $reply->reason . ' | ' . $reply->code, 'payload too large | payload_too_large', 'E13 a payload over 256 KiB: a refusal, no close';
}
for my $case (
    [ 'a million fragments', sub { frame(1, 'x', fin => 0) . join '', map { frame(0, 'x', fin => 0) } 1 .. 2000 }, 'closed 1009' ],
    [ 'a length of 2^63', sub { "\x81\xff\x80" . "\0" x 7 . 'mask' }, qr/^closed 100[29]$/ ],
    [ 'RSV1', sub { frame(1, 'x', rsv => 4) }, 'closed 1002' ],
    [ 'a reserved opcode', sub { frame(11, 'x') }, 'closed 1002' ],
    [ 'no frame', sub {"GET / HTTP/1.1\r\n\r\n"}, qr/^closed 1002$/ ],
) {
    my ($name, $bytes, $expected) = @$case;
    my $client = connected();
    $client->write($bytes->());
    like fate($client), ref $expected ? $expected : qr/^$expected$/, "E13 $name";
    $client->drop;
}
{
    my $client = connected();
    $client->write(join '', map { frame(9, 'x' x 100) } 1 .. 2000);
    my $pongs = 0;
    while (my $frame = $client->next_frame(2)) { last if $frame->{opcode} != 10; last if ++$pongs == 2000 }
    cmp_ok $pongs, '>', 0, "E13 a flood of pings is answered or closed: $pongs";
    is $alice->beat->status, 'ok', 'and delays nobody';
    $client->drop;
}
is $api->state, $before, 'and nothing of it was written';
is $alice->beat->status, 'ok', 'others are not disturbed';

# What came in stands nowhere in the log.
unlike $pushd->log, qr/\e|DROP TABLE|X-Evil|<script>|secret/, 'the log has nothing of it';
is_deeply [ $pushd->faults ], [], 'no fault in the log';
is join("\n", FlixIM::Test::Channel::faults()), '', 'every frame is as docs/asyncapi.yaml says';
$api->finish;
done_testing;
