# SPDX-License-Identifier: Apache-2.0
# HTTP by hand: sends bytes as they are given and reads answers one by one off the same connection.
package FlixIM::Test::Wire;

use strict;
use warnings FATAL => 'all';

use IO::Select       ();
use IO::Socket::INET ();
use IO::Socket::UNIX ();
use Time::HiRes      qw(time);

=head1 SYNOPSIS

    my $wire = FlixIM::Test::Wire->new($port);        # or the path of a Unix socket
    $wire->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    my $answer = $wire->answer;                  # undef: the server closed, or said nothing for ten seconds
    my $answer = $wire->answer(head => 1);       # of a HEAD: no body follows
    my $answer = $wire->answer(interim => 1);    # 1xx answers count, too; otherwise they are passed over
    $wire->is_closed;                            # waits for the end of the connection: has it come?

An answer is a FlixIM::Test::Answer.

=cut

sub new {
    my ($class, $port, %option) = @_;
    my $socket = $port =~ m{/} ? IO::Socket::UNIX->new(Peer => $port) : IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
    die "connect to port $port: $!" if !$socket;
    binmode $socket;
    return bless { socket => $socket, rest => '', patience => $option{patience} // 10 }, $class;
}

# Never dies: a server that refuses a request may close while it is still being sent.
sub send {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $sent = syswrite $self->{socket}, $bytes;
        return 0 if !$sent;
        substr $bytes, 0, $sent, '';
    }
    return 1;
}

# Reads more into the rest: false at the end of the connection, or of our patience.
sub _more {
    my ($self) = @_;
    return 0 if !IO::Select->new($self->{socket})->can_read($self->{patience});
    return sysread $self->{socket}, $self->{rest}, 65536, length $self->{rest};
}

sub is_closed {
    my ($self) = @_;
    my $until = time + $self->{patience};
    1 while time < $until && $self->_more;
    return time < $until;
}

# What has come and was not read as part of an answer.
sub rest { return $_[0]{rest} }

sub _take_until {
    my ($self, $end) = @_;
    while (index($self->{rest}, $end) < 0) {
        return undef if !$self->_more;    ## no critic (ProhibitExplicitReturnUndef)
    }
    my $text = substr $self->{rest}, 0, index $self->{rest}, $end;
    substr $self->{rest}, 0, length($text) + length $end, '';
    return $text;
}

sub _take {
    my ($self, $length) = @_;
    while (length $self->{rest} < $length) {
        return undef if !$self->_more;    ## no critic (ProhibitExplicitReturnUndef)
    }
    return substr $self->{rest}, 0, $length, '';
}

sub answer {
    my ($self, %option) = @_;
    my $head = $self->_take_until("\r\n\r\n");
    return if !defined $head;
    my ($line, @lines) = split /\r\n/, $head;
    my ($status) = $line =~ m{^HTTP/1\.[01] (\d{3})} or die "no status line: $line";
    my @headers = map { [ split /:[ \t]*/, $_, 2 ] } @lines;
    my $answer = bless { status => $status, headers => \@headers, body => '' }, 'FlixIM::Test::Answer';
    if ($status < 200) { return $option{interim} ? $answer : $self->answer(%option) }
    return $answer if $option{head} || $status == 204 || $status == 304;
    if (($answer->header('Transfer-Encoding') // '') eq 'chunked') { $answer->{body} = $self->_chunks }
    elsif (defined(my $length = $answer->header('Content-Length'))) { $answer->{body} = $self->_take($length) }
    else { 1 while $self->_more; $answer->{body} = $self->_take(length $self->{rest}) }
    die "an answer was cut short: $head" if !defined $answer->{body};
    return $answer;
}

sub _chunks {
    my ($self) = @_;
    my $body = '';
    while (defined(my $size = $self->_take_until("\r\n"))) {
        my $chunk = $self->_take(hex $size);
        $self->_take_until("\r\n");
        return $body if hex $size == 0;
        $body .= $chunk;
    }
    return;
}

package FlixIM::Test::Answer;

use JSON::PP ();

sub status { return $_[0]{status} }
sub body   { return $_[0]{body} }

# The values of a header, joined as a list.
sub header {
    my ($self, $name) = @_;
    my @values = map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $self->{headers} };
    return @values ? join ', ', @values : undef;
}

sub json { return $_[0]{json} //= eval { JSON::PP::decode_json($_[0]{body}) } // {} }
sub data { return $_[0]->json->{data} }
sub code { return $_[0]->json->{error}{code} // '' }
# The fields at fault, in the order of their names.
sub fields { return join ' ', sort keys %{ $_[0]->json->{error}{fields} // {} } }
# Status, code and fields in one line, for tables of cases.
sub verdict { return join ' ', grep {length} $_[0]{status}, $_[0]->code, $_[0]->fields }

# All that a client could tell two answers apart by.
sub look {
    my ($self) = @_;
    my @headers = map {"$_->[0]: $_->[1]"} grep { $_->[0] !~ /^(?:Date|Connection|Keep-Alive)$/ } @{ $self->{headers} };
    return join "\n", $self->{status}, @headers, '', $self->{body};
}

1;
