# SPDX-License-Identifier: Apache-2.0
# A raw WebSocket client: any bytes can be sent, right or wrong, in pieces of any size; all that comes back is seen.
package FlixIM::Test::WebSocket;

use strict;
use warnings FATAL => 'all';

use Digest::SHA      qw(sha1);
use Errno            qw(EAGAIN EINTR EWOULDBLOCK);
use Exporter         qw(import);
use IO::Select       ();
use IO::Socket::INET ();
use IO::Socket::UNIX ();
use MIME::Base64     qw(encode_base64);
use Socket           qw(IPPROTO_TCP TCP_NODELAY SOCK_STREAM SOL_SOCKET SO_LINGER);
use Test::More       ();
use Time::HiRes      qw(clock_gettime CLOCK_MONOTONIC);

=head1 SYNOPSIS

    use FlixIM::Test::WebSocket qw(frame close_frame);

    # Where: port (of 127.0.0.1, or host), or unix; tls: arguments of IO::Socket::SSL; local: the address to come from.
    my $client = FlixIM::Test::WebSocket->open(port => 4000, path => '/socket/websocket?vsn=2.0.0');   # 101, or it dies
    $client->send_text('[null,"1","phoenix","heartbeat",{}]');
    is $client->next_text, '...';                 # undef: nothing came within the time (10 s)
    my $frame = $client->next_frame(2);           # { fin, rsv, opcode, masked, payload }; undef: see $client->why
    $client->send_ping('abc');
    $client->expect_close(1011, 'a close code');  # Test::More's is: skips what comes before the close frame
    ok $client->has_ended(6), 'TCP ends, too';

    my $raw = FlixIM::Test::WebSocket->connect(unix => '/run/x.sock');
    $raw->write($raw->request(version => '8', headers => ['Origin: http://a'], key => undef), 1);    # byte by byte
    my $answer = $raw->answer;                    # { status, reason, version, header => { lower case => value }, lines, head, body }

    $raw->write(frame(1, 'text', mask => undef));             # unmasked
    $raw->write(frame(2, 'x' x 10, fin => 0, rsv => 4, wide => 64, length => 2**32), 3);

    # Several at once: queue() and then turn() until what is to happen has happened.
    $_->queue($bytes, 1) for @clients;
    FlixIM::Test::WebSocket::turn(0.1, @clients) until !grep { !$_->is_over } @clients;

Bytes, not characters, go in and come out. Times are in seconds on the monotonic clock. Nothing blocks for longer
than they say; nothing is answered by itself, pings neither.

=cut

our @EXPORT_OK = qw(frame close_frame now);

my $patience = 10;
my $guid     = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
my $size     = 65536;

sub now { return clock_gettime(CLOCK_MONOTONIC) }

# -- Connections --------------------------------------------------------------------------------------------

# A connection without anything sent over it. Dies if there is none.
sub connect {    ## no critic (ProhibitBuiltinHomonyms)
    my ($class, %where) = @_;
    my $socket =
        $where{unix}
        ? IO::Socket::UNIX->new(Peer => $where{unix}, Type => SOCK_STREAM)
        : IO::Socket::INET->new(PeerAddr => $where{host} // '127.0.0.1', PeerPort => $where{port}, Proto => 'tcp', Timeout => $patience,
            $where{local} ? (LocalAddr => $where{local}) : ());
    die 'no connection to ' . ($where{unix} // "port $where{port}") . ": $!\n" if !$socket;
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1 if !$where{unix};
    $socket->blocking(0);
    my $self = bless { socket => $socket, in => '', out => [], open => 1, tls => $where{tls}, why => '' }, $class;
    $self->secure(ref $where{tls} ? %{ $where{tls} } : ()) if $where{tls};
    return $self;
}

# Speaks TLS from now on. Takes arguments of IO::Socket::SSL; dies if the handshake fails.
sub secure {
    my ($self, %tls) = @_;
    local $SIG{PIPE} = 'IGNORE';
    require IO::Socket::SSL;
    $self->{socket}->blocking(1);
    IO::Socket::SSL->start_SSL($self->{socket}, Timeout => $patience, SSL_hostname => 'localhost', %tls) or die 'no TLS: ' . IO::Socket::SSL::errstr() . "\n";
    $self->{socket}->blocking(0);
    $self->{tls} = 1;
    return $self;
}

# A connection that has become a WebSocket: takes connect's and request's options. Dies if it does not.
sub open {    ## no critic (ProhibitBuiltinHomonyms)
    my ($class, %option) = @_;
    my $self = $class->connect(%option);
    $option{key} //= encode_base64(pack('N4', map { int rand 2**32 } 1 .. 4), '');
    $self->write($self->request(%option));
    my $answer = $self->answer // die "no answer to the upgrade: $self->{why}\n";
    die "no upgrade: $answer->{status} $answer->{body}\n" if $answer->{status} != 101;
    my $accept = encode_base64(sha1($option{key} . $guid), '');
    die "a wrong Sec-WebSocket-Accept: $answer->{head}\n" if ($answer->{header}{'sec-websocket-accept'} // '') ne $accept;
    $self->{answer} = $answer;
    return $self;
}

# The head of an upgrade. method, path, version (of WebSocket), http, host, upgrade, connection, key, origin, protocols: the
# usual ones if not given, left out if undef; headers: more lines; body: sent behind it.
sub request {
    my ($self, %option) = @_;
    my %line = (
        'Host'                  => exists $option{host} ? $option{host} : 'localhost',
        'Upgrade'               => exists $option{upgrade} ? $option{upgrade} : 'websocket',
        'Connection'            => exists $option{connection} ? $option{connection} : 'Upgrade',
        'Sec-WebSocket-Key'     => exists $option{key} ? $option{key} : 'dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version' => exists $option{version} ? $option{version} : 13,
        'Origin'                => $option{origin},
        'Sec-WebSocket-Protocol' => $option{protocols},
    );
    my @names = ('Host', 'Upgrade', 'Connection', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Origin', 'Sec-WebSocket-Protocol');
    return join "\r\n", sprintf('%s %s HTTP/%s', $option{method} // 'GET', $option{path} // '/', $option{http} // '1.1'),
        (map {"$_: $line{$_}"} grep { defined $line{$_} } @names), @{ $option{headers} // [] }, '', $option{body} // '';
}

# Whether everything is over: the other side has closed, or the connection broke.
sub is_over { return !$_[0]{open} }

# Why the last call came back with nothing: "too late", or how the connection ended.
sub why { return $_[0]{why} }

# What has arrived and was not yet looked at.
sub rest { return $_[0]{in} }

# Bytes that wait to be sent.
sub unsent {
    my ($self) = @_;
    my $sum = 0;
    $sum += length for @{ $self->{out} };
    return $sum;
}

# Sends no more, but still receives.
sub half_close {
    my ($self) = @_;
    shutdown $self->{socket}, 1;
    return;
}

# Ends it without a word, with a reset if wanted.
sub drop {
    my ($self, %option) = @_;
    setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if $option{reset};
    close $self->{socket};
    $self->{open} = 0;
    return;
}

# -- Bytes --------------------------------------------------------------------------------------------------

# Puts bytes in line, in pieces of the given size: each is one write of its own, and one turn sends one.
sub queue {
    my ($self, $bytes, $piece) = @_;
    push @{ $self->{out} }, $piece ? unpack "(a$piece)*", $bytes : $bytes if length $bytes;
    return;
}

# Sends bytes, all of them; false if the connection ended or stood still.
sub write {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $bytes, $piece, $seconds) = @_;
    $self->queue($bytes, $piece);
    return $self->_until(sub { !@{ $self->{out} } }, $seconds) && !defined $self->{broken};
}

# One turn of the loop over connections: waits until one of them can do something, for so many seconds at most; sends a
# piece of each that has one, and takes in what has come.
sub turn {
    my ($seconds, @clients) = @_;
    my @open = grep { $_->{open} } @clients;
    my ($read, $written) = ('', '');
    for my $client (@open) {
        vec($read, fileno $client->{socket}, 1) = 1;
        vec($written, fileno $client->{socket}, 1) = 1 if @{ $client->{out} };
        $seconds = 0 if $client->{tls} && $client->{socket}->pending;
    }
    my $count = select $read, $written, undef, $seconds;
    for my $client (@open) {
        my $number = fileno $client->{socket};
        $client->_receive if $client->{tls} || ($count > 0 && vec $read, $number, 1);
        $client->_send    if $client->{open} && @{ $client->{out} } && $count > 0 && vec $written, $number, 1;
    }
    return $count;
}

sub _send {
    my ($self) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $count = syswrite $self->{socket}, $self->{out}[0];
    if (!defined $count) {
        return if $!{EAGAIN} || $!{EINTR} || $!{EWOULDBLOCK};
        # What it has said before it closed is still to be read.
        $self->{broken} = "$!";
        @{ $self->{out} } = ();
        return;
    }
    substr $self->{out}[0], 0, $count, '';
    shift @{ $self->{out} } if !length $self->{out}[0];
    return;
}

sub _receive {
    my ($self) = @_;
    while (1) {
        my $count = sysread $self->{socket}, (my $bytes), $size;
        if (!defined $count) {
            return if $!{EAGAIN} || $!{EINTR} || $!{EWOULDBLOCK};
            @$self{qw(open why)} = (0, "broken: $!");
            return;
        }
        if ($count == 0) {
            @$self{qw(open why)} = (0, 'ended');
            return;
        }
        $self->{in} .= $bytes;
        return if $count < $size && !$self->{tls};
    }
    return;
}

# Goes on until a condition holds; false if the time is over or the connection, with why.
sub _until {
    my ($self, $condition, $seconds) = @_;
    my $deadline = now() + ($seconds // $patience);
    until ($condition->()) {
        return 0 if !$self->{open};
        my $left = $deadline - now();
        if ($left <= 0) {
            $self->{why} = 'too late';
            return 0;
        }
        turn($left, $self);
    }
    return 1;
}

# Whether the other side ends the connection within the time, whatever it still sends.
sub has_ended {
    my ($self, $seconds) = @_;
    $self->_until(sub { !$self->{open} }, $seconds);
    return !$self->{open};
}

# -- HTTP ---------------------------------------------------------------------------------------------------

# The next HTTP answer, exactly; undef if none came. method: of the request, since a HEAD's answer has no body.
sub answer {
    my ($self, %option) = @_;
    my $end = sub { index $self->{in}, "\r\n\r\n" };
    $self->_until(sub { $end->() >= 0 }, $option{seconds}) or return;
    my $head = substr $self->{in}, 0, $end->() + 4, '';
    my ($first, @lines) = split /\r\n/, $head;
    my ($version, $status, $reason) = $first =~ m{^HTTP/(\d\.\d) (\d{3}) (.*)$} or die "no HTTP: $first\n";
    my %header;
    for (@lines) {
        my ($name, $value) = /^([!#\$%&'*+.^_`|~\w-]+): ?(.*)$/ or die "no header: $_\n";
        $header{ lc $name } = join ', ', $header{ lc $name } // (), $value;
    }
    my %answer = (
        status => $status, reason => $reason, version => $version, head => $head, header => \%header,
        lines  => [@lines], body => '',
    );
    return \%answer if $status =~ /^(?:1..|204|304)$/ || ($option{method} // '') eq 'HEAD';
    my $length = $header{'content-length'};
    $self->_until(sub { defined $length && length $self->{in} >= $length }, $option{seconds}) or defined $length && return;
    $answer{body} = substr $self->{in}, 0, $length // length $self->{in}, '';
    return \%answer;
}

# -- Frames -------------------------------------------------------------------------------------------------

# A frame as bytes. fin (1), rsv (0 to 7: RSV1 is 4), mask (four bytes; undef: none, as a client must not), length (what it
# claims; the payload's), wide (7, 16 or 64 bits of length; the shortest).
sub frame {
    my ($opcode, $payload, %option) = @_;
    my $length = $option{length} // length $payload;
    my $wide   = $option{wide}   // ($length < 126 ? 7 : $length < 65536 ? 16 : 64);
    my $mask   = exists $option{mask} ? $option{mask} : pack 'N', int rand 2**32;
    my $second = defined $mask ? 0x80 : 0;
    return pack('C', ($option{fin} // 1) << 7 | ($option{rsv} // 0) << 4 | $opcode)
        . ($wide == 7 ? pack 'C', $second | $length : $wide == 16 ? pack 'Cn', $second | 126, $length : pack 'CQ>', $second | 127, $length)
        . (defined $mask ? $mask . ("$payload" ^ substr $mask x (length($payload) / 4 + 1), 0, length $payload) : $payload);
}

# A close frame with a code (undef: empty) and a reason; options as frame's.
sub close_frame {
    my ($code, $reason, %option) = @_;
    return frame(8, defined $code ? pack('n', $code) . ($reason // '') : '', %option);
}

sub send_frame { my ($self, @frame) = @_; return $self->write(frame(@frame)) }
sub send_text   { return $_[0]->send_frame(1,  $_[1]) }
sub send_binary { return $_[0]->send_frame(2,  $_[1]) }
sub send_ping   { return $_[0]->send_frame(9,  $_[1] // '') }
sub send_pong   { return $_[0]->send_frame(10, $_[1] // '') }
sub send_close  { my ($self, @close) = @_; return $self->write(close_frame(@close)) }

# Takes a frame off the front of what has arrived; undef if it is not there as a whole.
sub take_frame {
    my ($self) = @_;
    return if length $self->{in} < 2;
    my ($first, $second) = unpack 'CC', $self->{in};
    my $length = $second & 0x7f;
    my $head   = 2;
    if ($length >= 126) {
        my ($count, $format) = $length == 126 ? (2, 'n') : (8, 'Q>');
        return if length $self->{in} < 2 + $count;
        $length = unpack $format, substr $self->{in}, 2, $count;
        $head += $count;
    }
    my $masked = $second >> 7;
    $head += 4 if $masked;
    return if length $self->{in} < $head + $length;
    my $payload = substr $self->{in}, 0, $head + $length, '';
    return {
        fin => $first >> 7, rsv => $first >> 4 & 7, opcode => $first & 15, masked => $masked, head => $head,
        payload => substr $payload, $head,
    };
}

# The next frame; undef if none came, with why.
sub next_frame {
    my ($self, $seconds) = @_;
    my $frame;
    $self->_until(sub { $frame = $self->take_frame }, $seconds);
    return $frame;
}

# The text of the next frame, which must be a whole text: another one is told as "opcode: payload".
sub next_text {
    my ($self, $seconds) = @_;
    my $frame = $self->next_frame($seconds) // return;
    return $frame->{opcode} == 1 && $frame->{fin} ? $frame->{payload} : "$frame->{opcode}: " . unpack 'H*', $frame->{payload};
}

# Reads up to the close frame: its code, "none" if it has none, or how else it came to an end.
sub close_code {
    my ($self, $seconds) = @_;
    my $deadline = now() + ($seconds // $patience);
    while (my $frame = $self->next_frame($deadline - now())) {
        next if $frame->{opcode} != 8;
        $self->{reason} = length $frame->{payload} > 2 ? substr $frame->{payload}, 2 : '';
        return length $frame->{payload} < 2 ? 'none' : unpack 'n', $frame->{payload};
    }
    return $self->{why};
}

# Tests that it is closed with a code and without a reason text, and that nothing comes behind that.
sub expect_close {
    my ($self, $code, $name, $seconds) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $got = $self->close_code($seconds);
    $got .= " with the reason '$self->{reason}'" if length($self->{reason} // '');
    $got .= ' and more behind it' if length $self->{in};
    return Test::More::is($got, $code, $name // "closed with $code");
}

1;
