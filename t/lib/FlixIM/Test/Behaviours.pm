# SPDX-License-Identifier: Apache-2.0
# What a transport does over time: how long it waits, how much it keeps for whom, and how connections end, rudely too.
package FlixIM::Test::Behaviours;

use strict;
use warnings FATAL => 'all';

use Exporter    qw(import);
use POSIX       ();
use Time::HiRes qw(sleep);

use FlixIM::Test::Echo;
use FlixIM::Test::HandoffBehaviours qw(handoff_behaviours prepare);
use FlixIM::Test::WebSocket qw(frame close_frame now);

=head1 SYNOPSIS

    for my $behaviour (behaviours()) {
        my $why = misbehaves($behaviour, program => ...);    # undef: it is as it should be
    }

    my $first = first_misbehaviour(program => ...);         # all of them side by side: "name: why", or undef

Each has a name, flags for a flixim-wsecho of its own, and a sub that is given it and says what is wrong.

=cut

our @EXPORT_OK = qw(behaviours misbehaves first_misbehaviour);

my $late = 2.5;    # seconds that a timer may be late on a machine that has other things to do

my @origins = ('--allow-origins=https://*.example.org //chat.example.com http://port.example.net:8080 http://plain.example.net http://[::1]');

sub behaviours {
    return (
        [ 'nothing received for idle_time: 1002',              ['--idle-time=1s'],                       \&_idle ],
        [ 'whatever is received counts, pings too',            ['--idle-time=1s'],                       \&_pinging ],
        [ 'what is sent does not count',                       ['--idle-time=1s'],                       \&_idle_after_message ],
        [ 'a message that takes too long: 1008',               ['--message-time=400ms'],                 \&_slow_message ],
        [ 'a frame that takes too long: 1008',                 ['--message-time=400ms'],                 \&_slow_frame ],
        [ 'who falls silent inside a message is idle',         [ '--idle-time=1s', '--message-time=10s' ], \&_idle_inside ],
        [ 'each message has its own time',                     ['--message-time=1s'],                    \&_many_messages ],
        [ 'a head that takes too long is refused',             ['--head-time=400ms'],                    \&_slow_head ],
        [ 'a silent connection ends',                          ['--head-time=400ms'],                    \&_no_head ],
        [ 'a head at its limit, and above it',                 ['--head-size=2000'],                     \&_head_size ],
        [ 'who does not read is closed with 1013',             ['--queue-size=64K'],                     \&_slow_reader ],
        [ 'who pings and does not read, too',                  ['--queue-size=64K'],                     \&_slow_pinger ],
        [ 'who asks and never reads is cut off',               ['--queue-size=64K'],                     \&_slow_asker ],
        [ 'one message may be larger than the queue',          ['--queue-size=64K'],                     \&_large_message ],
        [ 'who reads again in time has all of it',             ['--queue-size=64M'],                     \&_late_reader ],
        [ 'a queue of another one is no matter',               ['--queue-size=64K'],                     \&_others ],
        [ 'as many connections as there may be, then 503',     ['--connections=5'],                      \&_connections ],
        [ 'connections that break anywhere',                   [],                                       \&_breaking ],
        [ 'a client that says no more is still answered',      [],                                       \&_half_closed ],
        [ 'and gets the answer to what it asked before',       [],                                       \&_half_closed_http ],
        [ 'a refusal leaves the connection to the next',       [],                                       \&_keep_alive ],
        [ 'HTTP/1.0 and Connection: close end it',             [],                                       \&_no_keep_alive ],
        [ 'exchanges with bodies, one behind the other',       [],                                       \&_exchanges ],
        [ 'who waits for a 100 gets it before the body',       [],                                       \&_expecting ],
        [ 'a body that takes too long is refused',             [ '--message-time=400ms', '--idle-time=60s' ], \&_slow_body ],
        [ 'requests in one packet are answered in order',      [],                                       \&_pipelined ],
        [ 'a kept connection has its time, too',               [ '--head-time=400ms', '--idle-time=1s' ], \&_kept_idle ],
        [ 'TLS ends well, and what is no TLS ends',            [],                                       \&_tls, tls => 1 ],
        [ 'origins are compared with the list',                \@origins,                               \&_origins ],
        [ 'TERM closes with 1012',                             [],                                       \&_drained ],
        [ 'nobody is upgraded after TERM',                     ['--drain-time=2s'],                      \&_late_upgrade ],
        [ 'TERM ends handshakes, and who does not read',       [],                                       \&_drained_others ],
        handoff_behaviours(),
    );
}

# Runs one: undef, or what is wrong. What it says goes for the program, too: that must end well.
sub misbehaves {
    my ($behaviour, %option) = @_;
    my ($name, $flags, $run, @more) = @$behaviour;
    my $echo = FlixIM::Test::Echo->start(%option, @more, flags => [ @{ $option{flags} // [] }, @$flags ], unix => 1, handoff => 1);
    my $why  = eval { $run->($echo) // '' } // "died: $@";
    $why ||= 'it does not end well: ' . $echo->log if !$echo->stop;
    $echo->kill;
    return length $why ? $why : undef;
}

# Runs all of them side by side, since they mostly wait: what goes wrong in the first that says so, or undef.
sub first_misbehaviour {
    my (%option) = @_;
    my (%running, $first);
    prepare();
    for my $behaviour (behaviours()) {
        pipe my $reader, my $writer or die "pipe: $!";
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            my $why = misbehaves($behaviour, %option);
            syswrite $writer, "$behaviour->[0]: $why" if defined $why;
            POSIX::_exit(0);
        }
        $running{$pid} = $reader;
    }
    while (%running) {
        my $pid = wait;
        my $reader = delete $running{$pid} // next;
        my $why = do { local $/ = undef; <$reader> };
        $first //= $why if length $why;
    }
    return $first;
}

sub _open    { my ($echo, %more) = @_; return FlixIM::Test::WebSocket->open(port => $echo->port, %more) }
sub _raw     { my ($echo) = @_; return FlixIM::Test::WebSocket->connect(port => $echo->port) }
sub _request { return FlixIM::Test::WebSocket->request(@_) }

# Waits for a close frame: undef if it is the right one, at the right time, and TCP ends with it.
sub _closes {
    my ($client, $code, $least, $most) = @_;
    my $begin = now();
    my $got = $client->close_code($most + $late);
    my $took = now() - $begin;
    return "closed with $got" if $got ne $code;
    return sprintf 'after %.2f s', $took if $took < $least - 0.05 || $took > $most + $late;
    return $client->has_ended(2) ? undef : 'the connection does not end';
}

sub _echoes {
    my ($client, $text) = @_;
    $client->send_text($text);
    my $got = $client->next_text(5);
    return if defined $got && $got eq $text;
    return "'$text' comes back as " . ($got // $client->why);
}

sub _idle {
    my ($echo) = @_;
    return _closes(_open($echo), 1002, 1, 1.3);
}

sub _pinging {
    my ($echo) = @_;
    my $client = _open($echo);
    for (1 .. 5) {
        sleep 0.4;
        $client->send_ping("$_");
        my $frame = $client->next_frame(2) // return 'no pong: ' . $client->why;
        return "opcode $frame->{opcode}" if $frame->{opcode} != 10;
    }
    return _closes($client, 1002, 1, 1.3);
}

sub _idle_after_message {
    my ($echo) = @_;
    my $client = _open($echo);
    sleep 0.5;
    return _echoes($client, 'hello') // _closes($client, 1002, 0.9, 1.3);
}

sub _slow_message {
    my ($echo) = @_;
    my $client = _open($echo);
    $client->write(frame(1, 'a', fin => 0));
    # Pings in between do not help.
    my $begin = now();
    while (now() - $begin < 4) {
        $client->send_ping('p');    # or it is closed by now, and the frame is here
        my $frame = $client->next_frame(1) // return 'no pong: ' . $client->why;
        next if $frame->{opcode} == 10 && (sleep 0.1);
        return "opcode $frame->{opcode}" if $frame->{opcode} != 8;
        return sprintf 'after %.2f s', now() - $begin if now() - $begin < 0.35;
        return unpack('n', $frame->{payload}) == 1008 ? undef : unpack 'H*', $frame->{payload};
    }
    return 'it goes on for ever';
}

sub _slow_frame {
    my ($echo) = @_;
    for my $length (1, 3, 8) {
        my $client = _open($echo);
        $client->write(substr frame(1, 'hello'), 0, $length);
        my $why = _closes($client, 1008, 0.4, 0.7);
        return "$length bytes: $why" if $why;
    }
    return;
}

sub _idle_inside {
    my ($echo) = @_;
    my $client = _open($echo);
    $client->write(frame(1, 'a', fin => 0));
    return _closes($client, 1002, 1, 1.3);
}

sub _many_messages {
    my ($echo) = @_;
    my $client = _open($echo);
    my $begin = now();
    while (now() - $begin < 2) {
        $client->write(frame(1, 'a', fin => 0));
        sleep 0.2;
        $client->write(frame(0, 'b'));
        return 'no echo: ' . $client->why if ($client->next_text(2) // '') ne 'ab';
    }
    return;
}

sub _slow_head {
    my ($echo) = @_;
    my $client = _raw($echo);
    my $begin = now();
    my @bytes = split //, _request();
    while (now() - $begin < 4 && !$client->is_over && length $client->rest == 0) {
        $client->write(shift @bytes) if @bytes > 10;
        $client->has_ended(0.05);
    }
    my $took = now() - $begin;
    return sprintf 'after %.2f s', $took if $took < 0.35 || $took > 0.7 + $late;
    my $answer = $client->answer(seconds => 2) // return 'no answer';
    return "status $answer->{status}" if $answer->{status} != 408;
    return $client->has_ended(2) ? undef : 'the connection does not end';
}

sub _no_head {
    my ($echo) = @_;
    my $client = _raw($echo);
    my $begin = now();
    return 'it stays' if !$client->has_ended(0.7 + $late);
    return sprintf 'after %.2f s', now() - $begin if now() - $begin < 0.35;
    return;
}

sub _head_size {
    my ($echo) = @_;
    my $room = 2000 - length _request(headers => ['X: ']);
    for my $case ([ $room, 101 ], [ $room + 1, 431 ], [ $room + 5000, 431 ]) {
        my ($size, $status) = @$case;
        my $client = _raw($echo);
        $client->write(_request(headers => [ 'X: ' . 'x' x $size ]));
        my $answer = $client->answer // return "$size: no answer";
        return "$size: status $answer->{status}" if $answer->{status} != $status;
    }
    return;
}

# Over a Unix socket, whose buffers are small. All frames before the close frame are whole, and none is missing.
sub _slow_reader {
    my ($echo) = @_;
    my $client = FlixIM::Test::WebSocket->open(unix => $echo->unix);
    my $message = 'x' x 30_000;
    my @messages = map { frame(2, pack('N', $_) . $message) } 1 .. 40;
    $client->queue(join '', @messages);
    # Written by hand, without reading.
    my $deadline = now() + 3;
    while (@{ $client->{out} } && now() < $deadline) {
        my $count = syswrite $client->{socket}, $client->{out}[0];
        last if !defined $count && !$!{EAGAIN};
        sleep 0.01 if !defined $count;
        substr $client->{out}[0], 0, $count // 0, '';
        shift @{ $client->{out} } if !length $client->{out}[0];
    }
    my $next = 0;
    while (my $frame = $client->next_frame(3)) {
        if ($frame->{opcode} == 8) {
            my $code = unpack 'n', $frame->{payload};
            return "closed with $code" if $code != 1013;
            return "$next echoes" if $next == 0 || $next >= 40;
            return $client->has_ended(2) ? undef : 'the connection does not end';
        }
        return 'another message' if $frame->{payload} ne pack('N', ++$next) . $message;
    }
    return "after $next messages: " . $client->why;
}

sub _slow_pinger {
    my ($echo) = @_;
    my $client = FlixIM::Test::WebSocket->open(unix => $echo->unix);
    my $pings = frame(9, 'p' x 125) x 200;
    my $begin = now();
    while (now() - $begin < 5) {
        my $count = syswrite $client->{socket}, $pings;
        last if !defined $count && !$!{EAGAIN};
        last if !defined $count && now() - $begin > 1.5;
        # What was cut off goes on: the rest of the same bytes.
        while (defined $count && $count < length $pings && now() - $begin < 5) {
            my $more = syswrite $client->{socket}, substr $pings, $count;
            last if !defined $more && !$!{EAGAIN};
            defined $more ? $count += $more : sleep 0.01;
        }
    }
    my $got = $client->close_code(5);
    return $got eq '1013' ? undef : "closed with $got";
}

# Requests that are refused, thousands of them in a row.
sub _slow_asker {
    my ($echo) = @_;
    my $client = FlixIM::Test::WebSocket->connect(unix => $echo->unix);
    my $count = 20_000;
    my $rest = _request(version => 8) x $count;
    local $SIG{PIPE} = 'IGNORE';
    my $deadline = now() + 3;
    while (length $rest && now() < $deadline) {
        my $sent = syswrite $client->{socket}, $rest, 100_000;
        last if !defined $sent && !$!{EAGAIN};
        sleep 0.01 if !defined $sent;
        substr $rest, 0, $sent // 0, '';
    }
    return 'it stays' if !$client->has_ended(3);
    my $answers = () = $client->rest =~ m{^HTTP/1\.1 400}mg;
    return $answers < $count ? undef : 'all of it is answered';
}

sub _large_message {
    my ($echo) = @_;
    my $client = _open($echo);
    for my $n (1 .. 3) {
        my $message = $n x 200_000;
        $client->write(frame(2, $message));
        my $frame = $client->next_frame(5) // return 'nothing: ' . $client->why;
        return "opcode $frame->{opcode}" if $frame->{payload} ne $message;
    }
    return;
}

sub _late_reader {
    my ($echo) = @_;
    my $client = FlixIM::Test::WebSocket->open(unix => $echo->unix);
    my $message = 'y' x 100_000;
    $client->queue(join('', map { frame(2, pack('N', $_) . $message) } 1 .. 100), 50_000);
    sleep 0.5;
    for my $n (1 .. 100) {
        my $frame = $client->next_frame(5) // return "message $n: " . $client->why;
        return "message $n" if $frame->{payload} ne pack('N', $n) . $message;
    }
    return;
}

sub _others {
    my ($echo) = @_;
    my @clients = map { FlixIM::Test::WebSocket->open(unix => $echo->unix) } 1 .. 2;
    my $flood = frame(2, 'x' x 60_000) x 20;
    syswrite $clients[0]{socket}, $flood for 1 .. 5;
    for my $n (1 .. 50) {
        my $why = _echoes($clients[1], "number $n");
        return $why if $why;
    }
    return;
}

sub _connections {
    my ($echo) = @_;
    my @clients = map { _open($echo) } 1 .. 5;
    my $refused = _raw($echo);
    my $answer = $refused->answer(seconds => 5) // return 'no answer: ' . $refused->why;
    return "status $answer->{status}" if $answer->{status} != 503;
    return 'the refused one does not end' if !$refused->has_ended(2);
    $refused->drop;
    (shift @clients)->drop;
    my $again;
    for (1 .. 100) {
        last if $again = eval { _open($echo) };
        sleep 0.05;
    }
    return 'none after one has gone' if !$again;
    return _echoes($again, 'here') // _echoes($clients[0], 'still here');
}

sub _breaking {
    my ($echo) = @_;
    my $bytes = _request() . frame(1, 'hello') . frame(2, 'x' x 300, fin => 0) . frame(9, 'p') . frame(0, 'y') . close_frame(1000);
    my @ends = (0 .. 60, map({ length(_request()) + $_ } -3 .. 20), length($bytes) - 30 .. length $bytes);
    for my $reset (0, 1) {
        for my $end (@ends) {
            my $client = FlixIM::Test::WebSocket->connect($end % 2 ? (unix => $echo->unix) : (port => $echo->port));
            $client->write(substr $bytes, 0, $end) if $end;
            FlixIM::Test::WebSocket::turn(0, $client) if $end % 3;
            $client->drop(reset => $reset);
        }
    }
    return _echoes(_open($echo), 'still here');
}

sub _half_closed {
    my ($echo) = @_;
    my $client = _open($echo);
    $client->write(frame(1, 'one') . frame(1, 'two'));
    for my $text (qw(one two)) {
        my $got = $client->next_text(5) // $client->why;
        return "$got instead of $text" if $got ne $text;
    }
    $client->half_close;
    return $client->has_ended(3) ? undef : 'the connection does not end';
}

sub _half_closed_http {
    my ($echo) = @_;
    for my $round (1 .. 5) {
        my $client = _raw($echo);
        syswrite $client->{socket}, _request(version => 8);
        $client->half_close;
        return 'the connection does not end' if !$client->has_ended(3);
        my $answers = () = $client->rest =~ m{^HTTP/1\.1 400}mg;
        return "$answers answers" if $answers != 1;
    }
    return;
}

sub _keep_alive {
    my ($echo) = @_;
    my $client = _raw($echo);
    for my $n (1 .. 3) {
        $client->write(_request(version => 8));
        my $answer = $client->answer // return "request $n: " . $client->why;
        return "request $n: status $answer->{status}" if $answer->{status} != 400;
    }
    $client->write(_request());
    my $answer = $client->answer // return 'no upgrade: ' . $client->why;
    return "status $answer->{status}" if $answer->{status} != 101;
    return _echoes($client, 'hello');
}

sub _no_keep_alive {
    my ($echo) = @_;
    for my $request (_request(http => '1.0'), _request(connection => 'close')) {
        my $client = _raw($echo);
        $client->write($request);
        my $answer = $client->answer // return 'no answer: ' . $client->why;
        return "status $answer->{status}" if $answer->{status} != 400;
        return 'Connection: ' . ($answer->{header}{connection} // '') if ($answer->{header}{connection} // '') ne 'close';
        return 'it stays open' if !$client->has_ended(2);
    }
    return;
}

sub _pipelined {
    my ($echo) = @_;
    my $client = _raw($echo);
    $client->write(_request(version => 8) . _request(version => 9) . _request(upgrade => 'x') . _request() . frame(1, 'hello'));
    for my $wanted (qr/"8"/, qr/"9"/, qr/'upgrade'/) {
        my $answer = $client->answer // return 'no answer: ' . $client->why;
        return "$answer->{status} $answer->{body}" if $answer->{status} != 400 || $answer->{body} !~ $wanted;
    }
    my $answer = $client->answer // return 'no upgrade: ' . $client->why;
    return "status $answer->{status}" if $answer->{status} != 101;
    my $got = $client->next_text(5) // $client->why;
    return $got eq 'hello' ? undef : "then $got";
}

# flixim-wsecho answers them all with 404.
sub _post {
    my (@lines) = @_;
    return join "\r\n", 'POST /socket/longpoll HTTP/1.1', 'Host: localhost', @lines, '', '';
}

sub _exchanges {
    my ($echo) = @_;
    my $chunks = _post('Transfer-Encoding: chunked') . "5\r\nhello\r\n3;x=y\r\nyou\r\n0\r\nX-Trailer: z\r\n\r\n";
    my $length = _post('Content-Length: 5') . 'hello';
    my $bytes  = "$length$chunks$length" . _post('Content-Length: 0') . _request(version => 8);
    for my $piece (undef, 1, 7) {
        my $client = _raw($echo);
        $client->queue($bytes, $piece);
        for my $status (404, 404, 404, 404, 400) {
            my $answer = $client->answer // return 'no answer: ' . $client->why;
            return "$answer->{status} for $status" if $answer->{status} != $status;
        }
        return 'more than that: ' . $client->rest if length $client->rest;
    }
    return;
}

sub _expecting {
    my ($echo) = @_;
    my $client = _raw($echo);
    $client->write(_post('Content-Length: 5', 'Expect: 100-continue'));
    my $answer = $client->answer(seconds => 3) // return 'nothing: ' . $client->why;
    return "status $answer->{status}" if $answer->{status} != 100;
    $client->write('hello');
    $answer = $client->answer // return 'no answer: ' . $client->why;
    return "then $answer->{status}" if $answer->{status} != 404;
    $client->write(_post('Content-Length: 5'));
    $answer = $client->answer(seconds => 0.3);
    return $answer ? "unasked: $answer->{status}" : undef;
}

sub _slow_body {
    my ($echo) = @_;
    my $client = _raw($echo);
    my $begin = now();
    $client->write(_post('Content-Length: 5') . 'hell');
    my $answer = $client->answer(seconds => 0.7 + $late) // return 'no answer: ' . $client->why;
    return "status $answer->{status}" if $answer->{status} != 408;
    return sprintf 'after %.2f s', now() - $begin if now() - $begin < 0.35;
    return $client->has_ended(2) ? undef : 'the connection does not end';
}

sub _kept_idle {
    my ($echo) = @_;
    my $client = _raw($echo);
    my $refuse = sub {
        $client->write(_request(version => 8));
        my $answer = $client->answer // return $client->why;
        return $answer->{status} == 400 ? undef : "status $answer->{status}";
    };
    my $why = $refuse->();
    return $why if $why;
    sleep 0.6;    # longer than a head may take, shorter than idle_time
    $why = $refuse->();
    return "after a pause: $why" if $why;
    my $begin = now();
    return 'it stays' if !$client->has_ended(1.3 + $late);
    return sprintf 'it ends after %.2f s', now() - $begin if now() - $begin < 0.9;
    return length $client->rest ? 'with words: ' . $client->rest : undef;
}

sub _tls {
    my ($echo) = @_;
    my $client = FlixIM::Test::WebSocket->open(port => $echo->tls_port, tls => { SSL_ca_file => $echo->certificate });
    my $why = _echoes($client, 'hello');
    return $why if $why;
    { local $^W = 0; $client->{socket}->stop_SSL(SSL_fast_shutdown => 1) }    # says that it ends, and waits
    $client->{tls} = 0;
    return 'it stays' if !$client->has_ended(3);
    my $plain = FlixIM::Test::WebSocket->connect(port => $echo->tls_port);
    $plain->write(pack('H*', '1603010005') . 'hello');
    return 'what is no TLS stays' if !$plain->has_ended(3);
    return $plain->rest =~ /\A\x15\x03/ ? undef : 'no alert';
}

sub _origins {
    my ($echo) = @_;
    my %status = (
        'https://example.org' => 101, 'https://a.example.org' => 101, 'https://a.b.example.org:443' => 101, 'HTTPS://A.EXAMPLE.ORG' => 101,
        'http://a.example.org' => 403, 'https://a.example.org:8443' => 403, 'https://notexample.org' => 403, 'https://example.org.evil' => 403,
        'null' => 403, '' => 403, 'file://' => 403, 'https://' => 403, 'http://localhost' => 403, 'https://user@a.example.org' => 403,
        'http://chat.example.com' => 101, 'https://chat.example.com:99' => 101, 'https://a.chat.example.com' => 403, 'https://xchat.example.com' => 403,
        'http://port.example.net:8080' => 101, 'http://port.example.net' => 403, 'https://port.example.net:8080' => 403, 'http://plain.example.net' => 101,
        'http://plain.example.net:80' => 101, 'http://plain.example.net:8080' => 403, 'http://[::1]' => 101, 'http://[::1]:80' => 101, 'http://[::1]:81' => 403,
        'http://[::2]' => 403, 'http://[::1' => 403, 'http://[::1]x' => 403, 'http://chat.example.com:x' => 403, 'http://chat.example.com:123456' => 403,
        'http://chat.example.com/path' => 101, 'http://chat.example.com?x' => 101, 'http:chat.example.com' => 403, '//chat.example.com' => 403, '://chat.example.com' => 403,
        'http://.example.org' => 403, 'https://.example.org' => 101, 'http//chat.example.com' => 403, 'ws://plain.example.net' => 403, 'chat.example.com' => 403,
    );
    for my $origin (sort keys %status) {
        my $client = _raw($echo);
        $client->write(_request(path => '/socket/websocket', origin => $origin));
        my $answer = $client->answer // return "'$origin': no answer";
        return "'$origin': status $answer->{status}" if $answer->{status} != $status{$origin};
        return "'$origin': a body" if length $answer->{body};
    }
    my $none = _raw($echo);
    $none->write(_request(path => '/socket/websocket'));
    my $answer = $none->answer // return 'without one: no answer';
    return $answer->{status} == 101 ? undef : "without one: status $answer->{status}";
}

sub _drained {
    my ($echo) = @_;
    my @clients = map { _open($echo) } 1 .. 20;
    $clients[0]->write(frame(1, 'half', fin => 0));
    my $why = _echoes($clients[1], 'before');
    return $why if $why;
    $echo->tell_to_end;
    for my $n (0 .. $#clients) {
        my $got = $clients[$n]->close_code(5);
        return "client $n: closed with $got" if $got ne '1012';
        $clients[$n]->drop;
    }
    return;
}

sub _late_upgrade {
    my ($echo) = @_;
    my @clients = map { _raw($echo) } 1 .. 5;
    $_->write('GET /') for @clients;
    my $why = _echoes(_open($echo), 'before');
    return $why if $why;
    $echo->tell_to_end;
    sleep 0.1;
    for my $client (@clients) {
        $client->write(substr _request(), 5);
        my $answer = $client->answer(seconds => 5) // next;
        return "status $answer->{status}" if $answer->{status} != 503;
        return 'the refused one does not end' if !$client->has_ended(2);
    }
    return;
}

sub _drained_others {
    my ($echo) = @_;
    my @silent = map { _raw($echo) } 1 .. 3;
    $silent[1]->write('GET / HT');
    my $deaf = FlixIM::Test::WebSocket->open(unix => $echo->unix);
    syswrite $deaf->{socket}, frame(2, 'x' x 60_000) x 20;
    my $client = _open($echo);
    my $why = _echoes($client, 'before');
    return $why if $why;
    $echo->tell_to_end;
    for my $n (0 .. $#silent) {
        return "silent connection $n stays" if !$silent[$n]->has_ended(5);
    }
    my $got = $client->close_code(5);
    return $got eq '1012' ? undef : "closed with $got";
}

1;
