# SPDX-License-Identifier: Apache-2.0
# What a transport does with clients that httpd hands over, in terms of an echo: who is taken, what is refused, what ends.
package FlixIM::Test::HandoffBehaviours;

use strict;
use warnings FATAL => 'all';

use Exporter         qw(import);
use IO::Socket::INET ();
use IO::Socket::UNIX ();

use FlixIM::Test::Handoff qw(connection pair prepare question);
use FlixIM::Test::WebSocket qw(frame now);

=head1 SYNOPSIS

    push @behaviours, handoff_behaviours();    # as FlixIM::Test::Behaviours has them

=cut

our @EXPORT_OK = qw(handoff_behaviours prepare);    # prepare: to be called before processes are forked that run them

my $late = 2.5;    # seconds that a timer may be late on a machine that has other things to do

sub handoff_behaviours {
    return (
        [ 'a client that is handed over is served',        [],                                            \&_handed ],
        [ 'one that is refused is for httpd to answer',    [],                                            \&_refused ],
        [ 'a question that is none ends',                  [],                                            \&_no_question ],
        [ 'what is no client ends',                        [],                                            \&_no_client ],
        [ 'as many yeses as there are places',             ['--connections=3'],                           \&_places ],
        [ 'nobody is waited for beyond head_time',         ['--head-time=400ms'],                         \&_late ],
        [ 'TLS is handed over before its first byte',      [],                                            \&_tls, tls => 1 ],
        [ 'TERM takes who is on his way, and nobody else', [],                                            \&_drained ],
    );
}

sub _request { return FlixIM::Test::WebSocket->request(@_) }

# Asks, with a client's request or another head: the line and its status.
sub _ask {
    my ($echo, $head, %option) = @_;
    my $line = FlixIM::Test::Handoff->ask($echo->handoff, $head, %option);
    my $verdict = $line->verdict(5);
    return ($line, $verdict ? $verdict->{status} : 'no verdict: ' . $line->why, $verdict);
}

sub _echoes {
    my ($client, $text) = @_;
    my $got = $client->next_text(5);
    return if defined $got && $got eq $text;
    return "'$text' comes back as " . ($got // $client->why);
}

sub _handed {
    my ($echo) = @_;
    my ($client, $socket) = pair();
    my ($line, $status) = _ask($echo, $client->request);
    return "status $status" if $status ne '101';
    return 'it is answered too early' if defined $client->next_frame(0.2) || length $client->rest;
    $line->pass(connection(frame(1, 'before') . substr frame(1, 'half', mask => 'abcd'), 0, 7), $socket) or return 'it is not taken';
    my $answer = $client->answer(seconds => 5) // return 'no answer: ' . $client->why;
    return "answer $answer->{status}" if $answer->{status} != 101;
    return 'the line does not end' if !$line->has_ended(5);
    $client->write(substr(frame(1, 'half', mask => 'abcd'), 7) . frame(1, 'after'));
    my $why = _echoes($client, 'before') // _echoes($client, 'half') // _echoes($client, 'after');
    return $why if $why;
    # Who gives up is no fault.
    FlixIM::Test::Handoff->connect($echo->handoff)->close;
    my ($other) = _ask($echo, _request());
    $other->close;
    # Nor is who does not stay for the verdict.
    my $deaf = FlixIM::Test::Handoff->ask($echo->handoff, _request());
    return 'no verdict comes' if !$deaf->waits(5);
    $deaf->close;
    my ($again) = _ask($echo, _request());
    return 'a fault is seen where there is none' if $echo->log =~ /FLX1006/;
    $again->close;
    return;
}

sub _refused {
    my ($echo) = @_;
    for my $case (
        [ 400, '', method => 'POST' ],
        [ 400, qr/^'upgrade' header/, upgrade => undef ],
        [ 400, qr/HTTP\/1\.0/, http => '1.0' ],
        [ 404, '', path => '/socket/longpoll' ],
        [ 505, '', http => '2.0' ],
        [ 431, '', headers => [ 'X: ' . 'x' x 20_000 ] ],
    ) {
        my ($status, $text, @request) = @$case;
        my ($line, $got, $verdict) = _ask($echo, _request(@request));
        return "@request[0, 1]: $got" if $got ne "$status";
        return "@request[0, 1]: '$verdict->{body}'" if ref $text ? $verdict->{body} !~ $text : $verdict->{body} ne $text;
        return 'the line does not end' if !$line->has_ended(5);
    }
    my (undef, $status) = _ask($echo, '', kind => 'tls');
    return "TLS, without a certificate: $status" if $status ne '503';
    return;
}

sub _no_question {
    my ($echo) = @_;
    my $good = _request();
    my $faults = 0;
    for my $packet ('hello', connection(), question(http => ''), question(http => substr $good, 0, -2), question(http => "${good}x"), question(tls => $good),
        question(http => 'x' x 140_000))
    {
        my $line = FlixIM::Test::Handoff->connect($echo->handoff);
        $line->send($packet);
        return 'an answer: ' . unpack 'H*', $packet if defined $line->receive(5);
        return 'it stays: ' . unpack 'H*', substr $packet, 0, 80 if $line->why eq 'too late';
        $faults++;
    }
    my ($client, $socket) = pair();
    my $line = FlixIM::Test::Handoff->connect($echo->handoff);
    $line->pass(question(http => $good), $socket);
    return 'a question with a descriptor is answered' if defined $line->receive(5);
    return 'it keeps the descriptor' if !$client->has_ended(5);
    my $said = () = $echo->log =~ /FLX1006/g;
    return "$said lines of the log" if $said != $faults + 1;
    return;
}

sub _no_client {
    my ($echo) = @_;
    my @cases = (
        sub { connection() },
        sub { connection(), $_[0], (pair())[1] },
        sub { connection(), $_[0], map { (pair())[1] } 1 .. 5 },
        sub { question(http => _request()), $_[0] },
        sub { connection('x' x 140_000), $_[0] },
        sub { open my $file, '<', '/dev/null' or die "null: $!"; connection(), $file },
        sub { connection(), IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') },
        sub { connection(), IO::Socket::UNIX->new(Peer => $echo->unix) },
        sub { connection(), IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1', PeerPort => 9) },
    );
    for my $i (0 .. $#cases) {
        my ($client, $socket) = pair();
        my ($line, $status) = _ask($echo, _request());
        return "case $i: $status" if $status ne '101';
        $line->pass($cases[$i]->($socket));
        close $socket;
        return "case $i: the line stays" if !$line->has_ended(5);
        return "case $i: the client stays" if !$client->has_ended(5);
        return "case $i: the client hears something" if length $client->rest;
    }
    my $said = () = $echo->log =~ /FLX1006/g;
    return "$said lines of the log for " . @cases if $said != @cases;
    return;
}

sub _places {
    my ($echo) = @_;
    my @promised = map { [ _ask($echo, _request()) ] } 1 .. 4;
    my $got = join ' ', map { $_->[1] } @promised;
    return $got if $got ne '101 101 101 503';
    my $direct = FlixIM::Test::WebSocket->connect(port => $echo->port);
    my $answer = $direct->answer(seconds => 5) // return 'who comes by himself hears nothing';
    return "who comes by himself: $answer->{status}" if $answer->{status} != 503;
    $direct->drop;    # it would be a connection for as long as it stays
    my ($client, $socket) = pair();
    $promised[0][0]->pass(connection(), $socket);
    return 'a yes is not kept' if ($client->answer(seconds => 5) // { status => 0 })->{status} != 101;
    my (undef, $full) = _ask($echo, _request());
    return "with one taken: $full" if $full ne '503';
    $promised[1][0]->close;
    for (1 .. 100) {
        my ($line, $status) = _ask($echo, _request());
        return if $status eq '101';
        select undef, undef, undef, 0.05;
    }
    return 'a place is not given back';
}

sub _late {
    my ($echo) = @_;
    for my $asks (0, 1) {
        my ($client, $socket) = pair();
        my $line = FlixIM::Test::Handoff->connect($echo->handoff);
        if ($asks) {
            $line->send(question(http => _request()));
            return 'no verdict' if !$line->verdict(5);
        }
        my $begin = now();
        return 'it stays' if !$line->has_ended(0.6 + $late);
        return sprintf 'after %.2f s', now() - $begin if now() - $begin < 0.3;
        return 'it is taken all the same' if $line->pass(connection(), $socket);
    }
    return;
}

sub _tls {
    my ($echo) = @_;
    for my $behind ('x', '') {
        my ($client, $socket) = pair();
        my ($line, $status) = _ask($echo, '', kind => 'tls');
        return "status $status" if $status ne '101';
        $line->pass(connection($behind), $socket) or return 'it is not taken';
        return 'the line does not end' if !$line->has_ended(5);
        if (length $behind) {
            return 'bytes of TLS are taken' if !$client->has_ended(5);
            next;
        }
        $client->secure(SSL_ca_file => $echo->certificate);
        $client->write($client->request);
        my $answer = $client->answer(seconds => 5) // return 'no answer: ' . $client->why;
        return "answer $answer->{status}" if $answer->{status} != 101;
        $client->send_text('hello');
        return _echoes($client, 'hello');
    }
    return;
}

sub _drained {
    my ($echo) = @_;
    my ($client, $socket) = pair();
    my ($coming, $status) = _ask($echo, $client->request);
    my ($promised, $other) = _ask($echo, _request());
    my $silent = FlixIM::Test::Handoff->connect($echo->handoff);
    return "$status and $other" if "$status $other" ne '101 101';
    kill 'STOP', $echo->pid;
    $coming->pass(connection(), $socket) or return 'it cannot be sent';
    $echo->tell_to_end;
    kill 'CONT', $echo->pid;
    my $answer = $client->answer(seconds => 5) // return 'who is on his way is lost';
    return "who is on his way: $answer->{status}" if $answer->{status} != 101;
    my $code = $client->close_code(5);
    return "and closed with $code" if $code ne '1012';
    $client->drop;
    return 'a yes that nobody came for stays' if !$promised->has_ended(5);
    return 'who has not asked stays' if !$silent->has_ended(5);
    return;
}

1;
