# SPDX-License-Identifier: Apache-2.0
# A long-poll session as Phoenix's clients keep one: GETs that wait, POSTs beside them; every answer can be seen.
package FlixIM::Test::LongPoll;

use strict;
use warnings FATAL => 'all';

use JSON::PP     ();
use MIME::Base64 qw(encode_base64);
use Time::HiRes  qw(time);

use FlixIM::Test::Wire;

=head1 SYNOPSIS

    my $poll = FlixIM::Test::LongPoll->open(port => $port, query => 'vsn=2.0.0');    # or unix => $path; dies if refused
    $poll->send_text($text); $poll->send_binary($bytes);     # a POST each; dies unless it is answered 200
    my $text = $poll->next_text($seconds);                   # polls as often as it takes; undef: nothing came

    my $poll = FlixIM::Test::LongPoll->new(port => $port, query => ...);    # nothing sent yet
    my $answer = $poll->get;                     # FlixIM::Test::Answer; its json has status, messages, token
    my $answer = $poll->post($body, type => 'application/x-ndjson');
    my $answer = $poll->exchange($method, %option);          # query => whole query, headers => [lines], body, head
    my $wire   = $poll->begin('GET');                        # sent, not waited for: $wire->answer later
    $poll->token;                                # the session's

=cut

sub new {
    my ($class, %option) = @_;
    return bless { where => $option{unix} // $option{port}, query => $option{query} // 'vsn=2.0.0', headers => $option{headers} // [],
        path => $option{path} // '/socket/longpoll', got => [], patience => $option{patience} // 20 }, $class;
}

sub open {    ## no critic (ProhibitBuiltinHomonyms)
    my ($class, %option) = @_;
    my $self = $class->new(%option);
    my $answer = $self->get;
    die 'no session: ' . $answer->status . ' ' . $answer->body . "\n" if ($answer->json->{status} // 0) != 410;
    $self->{token} = $answer->json->{token};
    return $self;
}

sub token { return $_[0]{token} }

# The query of the next request, as the JS client has it: the session's token behind all else.
sub query {
    my ($self) = @_;
    return $self->{query} . (defined $self->{token} ? "&token=$self->{token}" : '&');
}

sub begin {
    my ($self, $method, %option) = @_;
    my $wire = FlixIM::Test::Wire->new($self->{where}, patience => $self->{patience});
    my $query = $option{query} // $self->query;
    my @lines = ("$method $self->{path}?$query HTTP/1.1", 'Host: localhost', @{ $option{headers} // $self->{headers} }, 'Connection: close');
    push @lines, 'Content-Length: ' . length $option{body} if defined $option{body};
    $wire->send(join("\r\n", @lines) . "\r\n\r\n" . ($option{body} // ''));
    return $wire;
}

sub exchange {
    my ($self, $method, %option) = @_;
    my $wire = $self->begin($method, %option);
    return $wire->answer(head => $option{head}) // die "no answer to $method\n";
}

sub get { my ($self, %option) = @_; return $self->exchange('GET', %option) }

sub post {
    my ($self, $body, %option) = @_;
    my @type = exists $option{type} ? $option{type} // () : 'application/x-ndjson';
    return $self->exchange('POST', body => $body, %option, headers => [ @{ $self->{headers} }, map({"Content-Type: $_"} @type), @{ $option{headers} // [] } ]);
}

sub _sent {
    my ($self, $body) = @_;
    my $answer = $self->post($body, type => $body =~ /\A\{/ ? 'application/json' : 'application/x-ndjson');
    die 'not sent: ' . $answer->status . ' ' . $answer->body . "\n" if ($answer->json->{status} // 0) != 200;
    return 1;
}

sub send_text   { return $_[0]->_sent($_[1]) }
sub send_binary { return $_[0]->_sent(encode_base64($_[1], '')) }

# Characters of JSON are bytes here, as on a WebSocket.
sub next_text {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // 10);
    until (@{ $self->{got} }) {
        return if time >= $until || $self->{end};
        my $json = $self->get->json;
        if    ($json->{status} == 200) { @{ $self->{got} } = @{ $json->{messages} } }
        elsif ($json->{status} != 204) { $self->{end} = $json->{status} }
    }
    my $text = shift @{ $self->{got} };
    utf8::encode($text);
    return $text;
}

# What ended it, once next_text came back with nothing: the status of a poll; there are no close codes here.
sub close_code {
    my ($self, $seconds) = @_;
    1 while defined $self->next_text($seconds);
    return $self->{end} // 'too late';
}

sub why { return $_[0]{end} // 'too late' }

# The client goes away; nobody is told.
sub drop { return }

1;
