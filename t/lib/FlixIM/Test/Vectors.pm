# SPDX-License-Identifier: Apache-2.0
# Runs scripts of frames, what is sent and what must come back to the byte, and knows which vectors were run.
package FlixIM::Test::Vectors;

use strict;
use warnings FATAL => 'all';

use Exporter   qw(import);
use Test::More ();

use FlixIM::Test::WebSocket qw(frame);

our @EXPORT_OK = qw(script pattern covered all_covered reply push_of);

=head1 SYNOPSIS

    script(57, 'a crash', $client, @steps);      # $client: a FlixIM::Test::WebSocket or FlixIM::Test::LongPoll

Numbers are those of the vectors of Phoenix's protocol. A step is a text that begins with

    >   send what follows as a text; steps in a row are sent in one piece
    #   likewise a binary message, in hexadecimal digits
    <   the next frame is this text, in which <LIVE>, <TIME>, <UUID>, <EVENT>, <REASON>, <ANY>, <NUMBER> and <BOOL> stand for what they say
    !   the connection is closed with this code, and nothing comes before that
    ?   nothing has come (of what was asked before)

or a function, which is called with the client. Unless it ends with "!", a script ends with "?".

=cut

my %stands_for = (
    LIVE   => '\{"response":\{"last_sync_timestamp":"<TIME>"\},"status":"ok"\}',
    TIME   => '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z',
    UUID   => '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
    EVENT  => '\{"id":"<UUID>","event_type":"\w+","payload":\{.*\},"event_timestamp":"<TIME>","target_user_id":"<UUID>"\}',
    ANY    => '.*', NUMBER => '\d+', BOOL => '(?:true|false)',
    REASON => '\{"response":\{"reason":"[^"]+","code":"\w+"\},"status":"error"\}',
);

my %covered;
sub covered { $covered{$_} = 1 for @_; return }

# Ends a test: each of these was run; those that cannot be, by number, have a reason.
sub all_covered {
    my ($numbers, %reason) = @_;
    for my $number (@$numbers) {
        Test::More::ok($covered{$number} || $reason{$number}, "$number: " . ($covered{$number} ? 'was run' : "cannot be: " . ($reason{$number} // '?')));
    }
    return;
}

sub pattern {
    my ($text) = @_;
    my $pattern = quotemeta $text;
    1 while $pattern =~ s/\\<([A-Z]+)\\>/$stands_for{$1}/g || $pattern =~ s/<([A-Z]+)>/$stands_for{$1}/g;
    return qr/\A$pattern\z/s;
}

# A reply as V2 writes it, of JSON texts.
sub reply {
    my ($join_ref, $ref, $topic, $response, $status) = @_;
    $response = qq({"reason":"$1"}) if $response =~ /^E (.*)/;
    $status //= $response =~ /^\{"reason"/ ? 'error' : 'ok';
    return qq(< [$join_ref,$ref,$topic,"phx_reply",{"response":$response,"status":"$status"}]);
}

sub push_of {
    my ($join_ref, $topic) = @_;
    return qq(< [$join_ref,null,$topic,"event",<EVENT>]);
}

sub script {
    my ($number, $name, $client, @steps) = @_;
    covered($number);
    push @steps, '?' if !ref $steps[-1] && $steps[-1] !~ /^[!?]/;
    my @wrong;
    my $unsent = '';
    for my $step (@steps) {
        last if @wrong;
        if (!ref $step && $step =~ /^([>#])\s?(.*)/s) {
            $unsent .= $1 eq '>' ? frame(1, $2) : frame(2, pack 'H*', $2 =~ tr/ //dr);
            next;
        }
        $client->write($unsent);
        $unsent = '';
        push @wrong, grep {defined} ref $step ? $step->($client) : _step($client, $step);
    }
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::is(join("\n", map { substr $_, 0, 2000 } @wrong), '', "$number: $name");
    $client->drop;
    return !@wrong;
}

# What is wrong with a step that waits.
sub _step {
    my ($client, $step) = @_;
    if ($step =~ /^< (.*)/s) {
        my $pattern = pattern($1);
        my $got = $client->next_text // 'nothing: ' . $client->why;
        return $got =~ $pattern ? () : "got      $got\nexpected $1";
    }
    if ($step =~ /^! ?(\d+)/) {
        my $expected = $1;
        my $frame = $client->next_frame;
        return 'no close: ' . $client->why if !$frame;
        return "before the close: $frame->{opcode} $frame->{payload}" if $frame->{opcode} != 8;
        my $got = length $frame->{payload} < 2 ? 'none' : unpack 'n', $frame->{payload};
        return "closed with $got, not $expected" if $got ne $expected;
        return length $frame->{payload} > 2 ? 'closed with a reason text' : ();
    }
    die "no step: $step" if $step !~ /^\?/;
    my $is_v1 = $step =~ /V1/ || $client->{is_v1};
    $client->send_text($is_v1 ? '{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"end"}' : '[null,"end","phoenix","heartbeat",{}]');
    my $got = $client->next_text // 'nothing: ' . $client->why;
    my $end = $is_v1 ? '{"event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"end","topic":"phoenix"}'
        : '[null,"end","phoenix","phx_reply",{"response":{},"status":"ok"}]';
    return $got eq $end ? () : "came as well: $got";
}

1;
