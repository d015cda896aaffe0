# SPDX-License-Identifier: Apache-2.0
# A user's connection to flixim-pushd and its channel: joins, asks, and waits for what is pushed, over either transport.
package FlixIM::Test::Channel;

use strict;
use warnings FATAL => 'all';

use JSON::PP    ();
use Time::HiRes qw(time);

use FlixIM::Test::Contract;
use FlixIM::Test::LongPoll;
use FlixIM::Test::WebSocket;

=head1 SYNOPSIS

    my $alice = FlixIM::Test::Channel->join($api, $pushd, 'alice');      # connected with a token, joined; dies if refused
    my $alice = FlixIM::Test::Channel->open($api, $pushd,                # connected
        who       => 'alice:jwt',      # whose token, in the query; undef: none. As FlixIM::Test::Api names users
        token     => 'TEXT',           # in place of who's
        vsn       => '1.0.0',          # 2.0.0
        poll      => 1,                # long-poll
        unix      => 1,                # over the Unix socket, as httpd does
        port      => ..., local => ..., tls => {...},    # elsewhere: as FlixIM::Test::WebSocket has it
        query     => 'x=1',            # more of the query
        headers   => [...], protocols => '...',
        silent    => 1,                # does not answer pings
        raw       => $websocket,       # a FlixIM::Test::WebSocket that is open, in place of one made here
    );
    my $reply = $alice->enter('alice', { token => ... });     # phx_join: a reply, see below
    my $reply = $alice->ask('send_message', { ... });         # a reply to a push into the channel
    $reply->status; $reply->response; $reply->verdict;        # "ok", or code and fields: "invalid_fields content.text"
    my $ref   = $alice->push('sync', { ... });                # not waited for
    my $reply = $alice->reply($ref);
    my $event = $alice->event($seconds);      # the next Event that was pushed; undef: none came
    my @events = $alice->events($count);      # so many, or fewer if they do not come
    $alice->now;                              # what was pushed up to now: a heartbeat's reply is waited for
    $alice->leave;

    $alice->send($text); $alice->raw;         # FlixIM::Test::WebSocket or FlixIM::Test::LongPoll below
    my $text  = $alice->next_text;            # a frame as it is
    my $frame = $alice->next;                 # { join_ref, ref, topic, event, payload, text }; join_ref is not V1's
    is $alice->close_code, 1008;

    # What of all replies and events that any of them got is not as docs/asyncapi.yaml has it: to be nothing.
    is join("\n", FlixIM::Test::Channel::faults()), '';

=cut

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my @seen;    # texts of V2 frames, with what they answer: [ event asked, text ]

sub faults {
    my $contract = FlixIM::Test::Contract->new('asyncapi.yaml');
    my $messages = $contract->document->{components}{messages};
    my %message = map { ($messages->{$_}{name} => $_) } grep { $messages->{"${_}Ok"} || $_ eq 'event' } CORE::keys %$messages;
    my (%texts, %fault, %pages);
    for (@seen) {
        my ($asked, $text) = @$_;
        # What the API does not know is refused all the same.
        my $name = $asked eq 'event' ? 'event' : $text =~ /"status":"error"\}\]\z/ ? 'refused' : ($message{$asked} // "($asked)") . 'Ok';
        # Long pages are much alike, and take the validator seconds.
        next if length $text > 50_000 && $pages{$name}++;
        if ($messages->{$name}) { CORE::push @{ $texts{$name} }, $text }
        else                    { $fault{"$asked is not documented"} = 1 }
    }
    for my $name (CORE::keys %texts) {
        my @lists = $contract->judge_all("#/components/messages/$name/payload", @{ $texts{$name} });
        for my $i (0 .. $#lists) { $fault{"$name: $_: " . substr $texts{$name}[$i], 0, 300} = 1 for @{ $lists[$i] } }
    }
    my @faults = sort { $a cmp $b } CORE::keys %fault;
    return splice @faults, 0, 20;
}

sub open {    ## no critic (ProhibitBuiltinHomonyms)
    my ($class, $api, $pushd, %option) = @_;
    my $vsn = $option{vsn} // '2.0.0';
    my $token = exists $option{token} ? $option{token} : defined $option{who} ? $api->token($option{who}) : undef;
    my $query = join '&', defined $token ? "token=$token" : (), $option{query} // (), "vsn=$vsn";
    my @where = $option{unix} ? (unix => $pushd->unix) : (port => $option{port} // $pushd->port);
    my @how = (@where, map { defined $option{$_} ? ($_ => $option{$_}) : () } qw(headers protocols local tls));
    my $self = bless {
        api => $api, is_silent => $option{silent}, pings => 0, vsn => $vsn =~ /^1/ ? 1 : 2, ref => 0, waiting => [], asked => {},
        raw => $option{raw} ? $option{raw} : $option{poll} ? FlixIM::Test::LongPoll->open(@how, query => $query)
            : FlixIM::Test::WebSocket->open(@how, path => "/socket/websocket?$query"),
    }, $class;
    return $self;
}

sub join {    ## no critic (ProhibitBuiltinHomonyms)
    my ($class, $api, $pushd, $who, %option) = @_;
    my $self = $class->open($api, $pushd, who => $who, %option);
    my $reply = $self->enter($who);
    die "$who cannot join: " . $reply->{text} . "\n" if $reply->status ne 'ok';
    $self->{live_from} = $reply->response->{last_sync_timestamp};
    return $self;
}

sub raw   { return $_[0]{raw} }
sub topic { return $_[0]{topic} }
# The position that the join's reply gave.
sub live_from { return $_[0]{live_from} }

sub enter {
    my ($self, $who, $payload, %option) = @_;
    $self->{topic} = $option{topic} // 'user:' . $self->{api}->id($who);
    my $ref = $self->{join_ref} = $option{ref} // ++$self->{ref};
    return $self->reply($self->_put($ref, $ref, $self->{topic}, 'phx_join', $payload // {}));
}

# One message, whatever its parts; returns its ref.
sub _put {
    my ($self, $join_ref, $ref, $topic, $event, $payload) = @_;
    $self->{asked}{$ref} = $event if defined $ref;
    my $text = ref $payload eq 'SCALAR' ? $$payload : $json->encode($payload);
    my @part = map { $json->encode($_) } defined $join_ref ? "$join_ref" : undef, defined $ref ? "$ref" : undef, $topic, $event;
    $self->send($self->{vsn} == 2 ? '[' . CORE::join(',', @part, $text) . ']'
        : qq({"topic":$part[2],"event":$part[3],"payload":$text,"ref":$part[1],"join_ref":$part[0]}));
    return $ref;
}

# A payload is a hash, or a reference to its text.
sub push {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $event, $payload) = @_;
    return $self->_put($self->{join_ref}, ++$self->{ref}, $self->{topic}, $event, $payload // {});
}

sub ask {
    my ($self, $event, $payload, $seconds) = @_;
    return $self->reply($self->push($event, $payload), $seconds);
}

sub leave { return $_[0]->ask('phx_leave') }

sub send {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $text) = @_;
    return $self->{raw}->send_text($text);
}

# The next text. Pings are answered, as any client's library does by itself.
sub next_text {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // 10);
    while ((my $left = $until - time) > 0) {
        my $text = $self->{raw}->next_text($left) // return;
        my ($payload) = $text =~ /^9: (\w*)$/ or return $text;
        $self->{pings}++;
        $self->{raw}->send_frame(10, pack 'H*', $payload) if !$self->{is_silent};
    }
    return;
}

# The next frame, decoded; what was set aside comes first.
sub next {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $seconds) = @_;
    return shift @{ $self->{waiting} } if @{ $self->{waiting} };
    return $self->_take($seconds);
}

sub _take {
    my ($self, $seconds) = @_;
    my $text = $self->next_text($seconds) // return;
    $self->{last} = $text;
    my $message = eval { $json->decode($text) } // die "no message: $text\n";
    my %frame;
    if (ref $message eq 'ARRAY') { @frame{qw(join_ref ref topic event payload)} = @$message }
    else                         { %frame = (join_ref => undef, %$message) }
    my $event = $frame{event} // '';
    my $asked = $event eq 'event' ? 'event' : $event eq 'phx_reply' ? $self->{asked}{ $frame{ref} // '' } : undef;
    CORE::push @seen, [ $asked, $text ] if defined $asked && $self->{vsn} == 2;
    return { %frame, text => $text };
}

# Waits for the first frame that a function likes; the others are set aside, in their order.
sub wait_for {
    my ($self, $likes, $seconds) = @_;
    my $waiting = $self->{waiting};
    for my $i (0 .. $#$waiting) { return splice @$waiting, $i, 1 if $likes->($waiting->[$i]) }
    my $until = time + ($seconds // 10);
    while ((my $left = $until - time) > 0) {
        my $frame = $self->_take($left) // return;
        return $frame if $likes->($frame);
        CORE::push @$waiting, $frame;
    }
    return;
}

sub reply {
    my ($self, $ref, $seconds) = @_;
    my $frame = $self->wait_for(sub { $_[0]{event} eq 'phx_reply' && ($_[0]{ref} // '') eq $ref }, $seconds);
    die "no reply to $self->{asked}{$ref}: " . $self->{raw}->why . "\n" if !$frame;
    return bless { %{ $frame->{payload} }, text => $frame->{text} }, 'FlixIM::Test::Reply';
}

sub event {
    my ($self, $seconds) = @_;
    my $frame = $self->wait_for(sub { $_[0]{event} eq 'event' }, $seconds);
    return $frame && $frame->{payload};
}

sub events {
    my ($self, $count, $seconds) = @_;
    my @events;
    while (@events < $count) { CORE::push @events, $self->event($seconds) // last }
    return @events;
}

# A heartbeat there and back: what had been sent before it has arrived.
sub beat {
    my ($self, $seconds) = @_;
    my $ref = $self->_put(undef, ++$self->{ref}, 'phoenix', 'heartbeat', {});
    return $self->reply($ref, $seconds);
}

# The Events that came up to now.
sub now {
    my ($self) = @_;
    $self->beat;
    my @now = map { $_->{payload} } grep { $_->{event} eq 'event' } @{ $self->{waiting} };
    @{ $self->{waiting} } = grep { $_->{event} ne 'event' } @{ $self->{waiting} };
    return @now;
}

# How many pings came.
sub pings { return $_[0]{pings} }

sub close_code { my ($self, $seconds) = @_; return $self->{raw}->close_code($seconds) }

package FlixIM::Test::Reply;

sub status   { return $_[0]{status} }
sub response { return $_[0]{response} }
sub text     { return $_[0]{text} }
sub code     { return $_[0]{response}{code} // '' }
sub reason   { return $_[0]{response}{reason} // '' }
sub fields   { return CORE::join ' ', sort { $a cmp $b } CORE::keys %{ $_[0]{response}{fields} // {} } }
# "ok", or what is wrong, for tables of cases.
sub verdict { return $_[0]{status} eq 'ok' ? 'ok' : CORE::join ' ', grep {length} $_[0]->code, $_[0]->fields }
# Its keys, in order: the schema of success in one line.
sub keys { return CORE::join ' ', sort { $a cmp $b } CORE::keys %{ $_[0]{response} } }    ## no critic (ProhibitBuiltinHomonyms)

1;
