# SPDX-License-Identifier: Apache-2.0
# Runs cases of the WebSocket protocol against a server that echoes: many connections at once, in one loop.
package FlixIM::Test::Conformance;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

use FlixIM::Test::WebSocket qw(frame close_frame now);

=head1 SYNOPSIS

    my @failures = run(port => 4000, jobs => [ jobs(@cases) ]);    # "name, byte by byte: why"
    my ($first)  = run(port => 4000, jobs => [...], stop => 1);     # is there any?

A case of frames is { name, send => [ bytes ], want => [ [ opcode, payload ] ], code }: code is that of the server's close
frame. Where fault is false the client closes at the end (and the code is 1000), otherwise the server must do it by itself,
and the case is run once more with messages behind the fault, which nobody may answer.
A case of a handshake is { name, head, status, text, header => { name => value or undef } }; after a 101 a ping must be answered.
Each is run in several ways: in one write, byte by byte (or in as many pieces), and frames together with the handshake.

=cut

our @EXPORT_OK = qw(jobs run);

my $together = 100;     # connections at once
my $pieces   = 400;     # writes of a job, at most
my $patience = 15;      # seconds in which something must move on a connection

# What to do for cases: one job for each way.
sub jobs {
    my (@cases) = @_;
    return map { exists $_->{head} ? _handshake_jobs($_) : _frame_jobs($_) } @cases;
}

sub _frame_jobs {
    my ($case) = @_;
    my $head  = FlixIM::Test::WebSocket->request;
    my $bytes = join '', @{ $case->{send} };
    my %job   = (want => $case->{want}, code => $case->{code}, status => 101, header => {});
    $bytes .= close_frame(1000) if !$case->{fault};
    my $piece = length $bytes > $pieces ? int(length($bytes) / $pieces) + 1 : 1;
    my @jobs = (
        { %job, way => 'in one write',       first => [$head], then => [$bytes] },
        { %job, way => 'in pieces',          first => [$head], then => [ unpack "(a$piece)*", $bytes ] },
        { %job, way => 'with the handshake', first => [ $head . $bytes ], then => [] },
    );
    my $more = frame(1, 'late') . frame(9, 'late') . close_frame(1000);
    push @jobs, { %job, way => 'with more behind it', first => [$head], then => [ $bytes . $more ] } if $case->{fault} && !$case->{partial};
    $_->{name} = "$case->{name}, $_->{way}" for @jobs;
    return @jobs;
}

sub _handshake_jobs {
    my ($case) = @_;
    my %job = (%$case, want => [ [ 10, 'p' ] ], code => 1000);
    my $frames = frame(9, 'p') . close_frame(1000);
    my @then = $case->{status} == 101 ? $frames : ();
    my $piece = length $case->{head} > $pieces ? int(length($case->{head}) / $pieces) + 1 : 1;
    my @jobs = (
        { %job, way => 'in one write', first => [ $case->{head} ], then => [@then] },
        { %job, way => 'in pieces', first => [ unpack "(a$piece)*", $case->{head} ], then => [@then] },
    );
    push @jobs, { %job, way => 'with frames', first => [ $case->{head} . $frames ], then => [] } if @then;
    $_->{name} = "$case->{name}, $_->{way}" for @jobs;
    return @jobs;
}

# Runs jobs: what failed, and why. With stop: no more than the first.
sub run {
    my (%option) = @_;
    my @waiting = @{ $option{jobs} };
    my (@running, @failures);
    while (@waiting || @running) {
        while (@waiting && @running < $together) {
            my $job = { %{ shift @waiting } };
            $job->{client} = eval { FlixIM::Test::WebSocket->connect(port => $option{port}, unix => $option{unix}, tls => $option{tls}) };
            if (!$job->{client}) {
                push @failures, "$job->{name}: $@";
                return @failures if $option{stop};
                next;
            }
            $job->{moved} = [ now(), 0 ];
            $job->{client}->queue($_) for @{ $job->{first} };
            push @running, $job;
        }
        FlixIM::Test::WebSocket::turn(0.5, map { $_->{client} } @running);
        my @still;
        for my $job (@running) {
            _advance($job);
            my $is_late = _is_late($job, $option{patience} // $patience);
            my $is_refused = $job->{answer} && $job->{answer}{status} != 101;
            if (!$is_late && !$is_refused && !$job->{client}->is_over) {
                push @still, $job;
                next;
            }
            my $why = $is_late ? _judge($job) // 'is right, but it does not end' : _judge($job);
            $job->{client}->drop;
            push @failures, "$job->{name}: $why" if defined $why;
            return @failures if defined $why && $option{stop};
        }
        @running = @still;
    }
    return @failures;
}

# Whether nothing was sent or received for so long.
sub _is_late {
    my ($job, $seconds) = @_;
    my $client = $job->{client};
    my $state = join ' ', $client->unsent, length $client->rest, defined $job->{answer} ? 1 : 0;
    $job->{moved} = [ now(), $state ] if $state ne $job->{moved}[1];
    return now() > $job->{moved}[0] + $seconds;
}

# Takes the answer to the handshake once it is there, and sends what comes after it.
sub _advance {
    my ($job) = @_;
    return if $job->{answer} || index($job->{client}->rest, "\r\n\r\n") < 0;
    my ($method) = $job->{first}[0] =~ /^(\w+)/;
    $job->{answer} = eval { $job->{client}->answer(seconds => 0, method => $job->{status} == 101 ? 'GET' : $job->{method} // $method) };
    return if !$job->{answer} || $job->{answer}{status} != 101;
    $job->{client}->queue($_) for @{ $job->{then} };
    return;
}

# What is wrong with what came back; undef: nothing.
sub _judge {
    my ($job) = @_;
    my $client = $job->{client};
    # A bare end is as good a refusal where no status is named.
    return length $client->rest ? 'not a whole answer: ' . _show($client->rest) : 'the connection ' . ($client->why || 'stays silent')
        if !$job->{answer} && !$job->{may_end};
    return if !$job->{answer};
    return _judge_answer($job) // ($job->{answer}{status} == 101 ? _judge_frames($job) : undef);
}

sub _judge_answer {
    my ($job) = @_;
    my $answer = $job->{answer};
    return "status $answer->{status} $answer->{body}" if $answer->{status} !~ /^(?:$job->{status})$/;
    return "answered with the text '$answer->{body}'" if defined $job->{text} && $answer->{body} ne $job->{text};
    for my $name (sort keys %{ $job->{header} // {} }) {
        my ($got, $wanted) = ($answer->{header}{$name}, $job->{header}{$name});
        return "$name: " . ($got // 'absent') if ($got // "\0") ne ($wanted // "\0");
    }
    return;
}

sub _judge_frames {
    my ($job) = @_;
    my $client = $job->{client};
    my @want = (@{ $job->{want} }, [ 8, pack 'n', $job->{code} ]);
    for my $want (@want) {
        my $frame = $client->take_frame;
        my $name = _name(@$want);
        return "$name did not come: " . ($client->why || 'silence') . (length $client->rest ? ' after ' . _show($client->rest) : '') if !$frame;
        my $got = _name(@$frame{qw(opcode payload)});
        return "$got instead of $name" if $frame->{opcode} != $want->[0] || $frame->{payload} ne $want->[1];
        my $length = length $frame->{payload};
        my $head = $length < 126 ? 2 : $length < 65536 ? 4 : 10;
        return "$got with flaws in its head" if !$frame->{fin} || $frame->{rsv} || $frame->{masked} || $frame->{head} != $head;
    }
    return 'more behind the close frame: ' . _show($client->rest) if length $client->rest;
    return "the connection $client->{why}" if $client->is_over && $client->why ne 'ended';
    return;
}

sub _name {
    my ($opcode, $payload) = @_;
    my $kind = { 0 => 'continuation', 1 => 'text', 2 => 'binary', 8 => 'close', 9 => 'ping', 10 => 'pong' }->{$opcode} // "opcode $opcode";
    return "$kind " . ($opcode == 8 && length $payload == 2 ? unpack 'n', $payload : _show($payload));
}

sub _show {
    my ($bytes) = @_;
    my $start = unpack 'H*', substr $bytes, 0, 24;
    return length $bytes ? sprintf '%s%s (%d bytes)', $start, length $bytes > 24 ? '..' : '', length $bytes : '(empty)';
}

1;
