# SPDX-License-Identifier: Apache-2.0
# Many requests at once, each on a connection of its own, and how long each took to be answered.
package FlixIM::Test::Volley;

use strict;
use warnings FATAL => 'all';

use Exporter         qw(import);
use IO::Select       ();
use IO::Socket::INET ();
use Time::HiRes      qw(time);

our @EXPORT_OK = qw(fire answers volley statuses request message);

=head1 SYNOPSIS

    my @answers = volley($port, map { request(GET => '/messages', $token) } 1 .. 8);
    # in the order of the requests: { status, seconds, head, body }; status 0: not answered within 30 s

    my $shots = fire($port, @requests);    # the same in two steps: send them now,
    my @answers = answers($shots, 10);     # and see later (within 10 s from now) what became of them

=cut

# The bytes of a request of the API for the bearer of a token.
sub request {
    my ($method, $path, $token, $body) = @_;
    my @lines = ("$method /api/v1$path HTTP/1.1", 'Host: localhost', 'Connection: close');
    push @lines, "Authorization: Bearer $token" if $token;
    push @lines, 'Content-Type: application/json', 'Content-Length: ' . length $body if defined $body;
    return join "\r\n", @lines, '', $body // '';
}

# The body of a private message.
sub message {
    my ($receiver, $client_message_id) = @_;
    return sprintf '{"client_message_id":"%s","receiver_id":"%s",%s}', $client_message_id, $receiver,
        '"message_type":"private_message","content_type":"text","content":{"text":"x"}';
}

sub fire {
    my ($port, @requests) = @_;
    my @shots;
    for my $request (@requests) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die "connect: $!";
        print {$socket} $request or die "write: $!";
        $socket->flush;
        push @shots, { socket => $socket, begin => time, bytes => '' };
    }
    return \@shots;
}

sub answers {
    my ($shots, $seconds) = @_;
    my $end    = time + $seconds;
    my $select = IO::Select->new(map { $_->{socket} } @$shots);
    my %shot   = map { fileno $_->{socket} => $_ } @$shots;
    while ($select->count && time < $end) {
        for my $socket ($select->can_read($end - time)) {
            my $shot = $shot{ fileno $socket };
            next if sysread $socket, $shot->{bytes}, 65536, length $shot->{bytes};
            $shot->{seconds} = time - $shot->{begin};
            $select->remove($socket);
        }
    }
    return map { answer($_) } @$shots;
}

sub answer {
    my ($shot) = @_;
    my ($head, $body) = split /\r\n\r\n/, $shot->{bytes}, 2;
    my ($status) = ($head // '') =~ m{^HTTP/1\.1 (\d+)};
    return { status => defined $shot->{seconds} && $status || 0, seconds => $shot->{seconds} // time - $shot->{begin},
        head => $head // '', body => $body // '' };
}

sub volley {
    my ($port, @requests) = @_;
    return answers(fire($port, @requests), 30);
}

# How often each status came, as text: "200: 3, 503: 5".
sub statuses {
    my %count;
    $count{ $_->{status} }++ for @_;
    return join ', ', map {"$_: $count{$_}"} sort keys %count;
}

1;
