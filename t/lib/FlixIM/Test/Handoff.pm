# SPDX-License-Identifier: Apache-2.0
# Hands clients over to flixim-pushd as httpd does, one step at a time, right or wrong.
package FlixIM::Test::Handoff;

use strict;
use warnings FATAL => 'all';

use Exporter         qw(import);
use Fcntl            qw(F_SETFD);
use File::Temp       ();
use FindBin          qw($Bin);
use IO::Select       ();
use IO::Socket::INET ();
use POSIX            ();
use Socket           qw(AF_UNIX SOCK_SEQPACKET pack_sockaddr_un);

use FlixIM::Test::Build qw(run);
use FlixIM::Test::WebSocket;

=head1 SYNOPSIS

    use FlixIM::Test::Handoff qw(question connection hand_over);

    my $client = hand_over($pushd->handoff, path => '/socket/websocket?vsn=2.0.0');   # an open FlixIM::Test::WebSocket

    my $line = FlixIM::Test::Handoff->ask($pushd->handoff, $client->request(path => ...));     # connects and asks
    my $line = FlixIM::Test::Handoff->connect($pushd->handoff);                                # connects
    $line->send(question(http => $head, '192.0.2.1'));           # any packet; false: nobody is there to take it
    my $verdict = $line->verdict($seconds);                      # { status, body }; undef: none came
    my ($client, $socket) = pair();                              # a client, and httpd's end of its connection
    $line->pass(connection($bytes), $socket, ...);               # a packet with descriptors, which are closed here
    $line->has_ended($seconds);                                  # nothing came any more, and the daemon has closed
    $line->close;

=cut

our @EXPORT_OK = qw(question connection hand_over pair prepare);

my $patience = 10;
my $program;    # pass_fd, once it was built
my $dir;

sub question {
    my ($kind, $head, $address) = @_;
    $address //= '192.0.2.1';
    return 'Q' . chr(1) . chr($kind eq 'tls' ? 2 : 1) . chr(length $address) . $address . ($head // '');
}

sub connection { return 'C' . chr(1) . ($_[0] // '') }

sub connect {    ## no critic (ProhibitBuiltinHomonyms)
    my ($class, $path) = @_;
    socket my $socket, AF_UNIX, SOCK_SEQPACKET, 0 or die "socket: $!";
    CORE::connect $socket, pack_sockaddr_un($path) or die "no daemon at $path: $!\n";
    return bless { socket => $socket }, $class;
}

sub ask {
    my ($class, $path, $head, %option) = @_;
    my $self = $class->connect($path);
    $self->send(question($option{kind} // 'http', $head, $option{address})) or die "cannot ask: $!\n";
    return $self;
}

sub send {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $packet) = @_;
    local $SIG{PIPE} = 'IGNORE';
    return defined CORE::send $self->{socket}, $packet, 0;
}

# Whether something waits to be received, or the end.
sub waits { my ($self, $seconds) = @_; return IO::Select->new($self->{socket})->can_read($seconds // $patience) ? 1 : 0 }

# The next packet; undef: there is none, and why says so.
sub receive {
    my ($self, $seconds) = @_;
    $self->{why} = 'too late';
    return undef if !$self->waits($seconds);
    my $got = recv $self->{socket}, my $packet, 262_144, 0;
    $self->{why} = defined $got ? 'ended' : "broken: $!";
    return defined $got && length $packet ? $packet : undef;
}

sub why { return $_[0]{why} }

sub verdict {
    my ($self, $seconds) = @_;
    my $packet = $self->receive($seconds) // return undef;
    my ($status, $body) = $packet =~ /\AV\x01(..)(.*)\z/s or die 'no verdict: ' . unpack 'H*', $packet;
    return { status => unpack('n', $status), body => $body };
}

sub has_ended {
    my ($self, $seconds) = @_;
    return !defined $self->receive($seconds) && $self->{why} ne 'too late';
}

sub close { close $_[0]{socket}; return }    ## no critic (ProhibitBuiltinHomonyms)

# A client, and httpd's end of its connection.
sub pair {
    my $door   = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "socket: $!";
    my $client = FlixIM::Test::WebSocket->connect(port => $door->sockport);
    my $socket = $door->accept or die "accept: $!";
    return ($client, $socket);
}

# Sends a packet with descriptors. Returns whether it was taken.
sub pass {
    my ($self, $packet, @sockets) = @_;
    prepare();
    pipe my $reader, my $writer or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN,  '<&', $reader      or POSIX::_exit(126);
        open STDERR, '>',  '/dev/null' or POSIX::_exit(126);
        CORE::close $writer;
        fcntl $_, F_SETFD, 0 for $self->{socket}, @sockets;
        exec {$program} $program, map { fileno $_ } $self->{socket}, @sockets or POSIX::_exit(127);
    }
    CORE::close $reader;
    { local $SIG{PIPE} = 'IGNORE'; print {$writer} $packet }
    CORE::close $writer;
    waitpid $pid, 0;
    my $status = $?;
    CORE::close $_ for @sockets;
    die "pass_fd: $status\n" if $status != 0 && $status >> 8 != 1;
    return $status == 0;
}

# All three packets, and the client's answer. Takes the options of FlixIM::Test::WebSocket's request; behind: bytes that httpd had
# read already. Dies if the client is refused.
sub hand_over {
    my ($path, %option) = @_;
    my ($client, $socket) = pair();
    my $line = __PACKAGE__->ask($path, $client->request(%option));
    my $verdict = $line->verdict // die 'no verdict: ' . $line->why . "\n";
    die "no upgrade: $verdict->{status} $verdict->{body}\n" if $verdict->{status} != 101;
    $line->pass(connection($option{behind}), $socket) or die "not taken\n";
    my $answer = $client->answer // die "no answer to the upgrade\n";
    die "no upgrade: $answer->{status}\n" if $answer->{status} != 101;
    return $client;
}

# Builds what passes descriptors. Processes that are to share it are forked behind this.
sub prepare {
    return if $program;
    $dir = File::Temp->newdir('flixim-pass-XXXXXXXX', TMPDIR => 1);
    my ($status, $output) = run("$dir", "gcc -std=gnu11 -O1 -Wall -Wextra -Werror -o pass_fd '$Bin/../lib/pass_fd.c'");
    die "pass_fd does not build: $output" if $status != 0;
    $program = "$dir/pass_fd";
    return;
}

1;
