# SPDX-License-Identifier: Apache-2.0
# A small server of Phoenix channels that loses, repeats, changes: for whoever has to notice. In one process, of its own, for some clients.
package FlixIM::Test::Liar;

use strict;
use warnings FATAL => 'all';

use Digest::SHA      qw(sha1_base64);
use IO::Select       ();
use IO::Socket::INET ();
use JSON::PP         ();
use Socket           qw(IPPROTO_TCP TCP_NODELAY);

=head1 SYNOPSIS

    my $liar = FlixIM::Test::Liar->start(
        lie     => 'lose a delivery',    # see %lie below; default: it is honest
        at      => 5,                    # the how manyth message (join, for a lie about joins) it lies about
        group   => { 'group:...' => [ids] },    # members of conversations that are sent to
        tell    => 1,                    # an event to each that joins
        drip    => 1,                    # what it says comes in small pieces
        ballast => 70_000,               # so much more in each event
        ping    => 1,                    # replies to a join when a ping was answered
    );
    $liar->port; $liar->stop;

It is killed at END.

=cut

my $json = JSON::PP->new->canonical->allow_nonref;
my %alive;

# What goes wrong with one message. Each is given what a truthful server would send: { ack, events: [[user, event], ...] }, texts made
# by need. ack and events are references to what is then encoded; a plain text is sent as it is.
my %lie = (
    'lose an acknowledgement'      => sub { $_[0]{ack} = undef },
    'acknowledge twice'            => sub { $_[0]{again} = 1 },
    'acknowledge something else'   => sub { $_[0]{ack}[4]{response}{client_message_id} =~ tr/0-9a-f/1-9a-f0/ },
    'acknowledge what was not sent' => sub { $_[0]{ack}[1] = '99999' },
    'refuse'                       => sub { $_[0]{ack}[4] = { status => 'error', response => { reason => 'no', code => 'unavailable' } } },
    'lose a delivery'              => sub { pop @{ $_[0]{events} } },
    'deliver twice'                => sub { push @{ $_[0]{events} }, $_[0]{events}[-1] },
    'deliver late'                 => sub { $_[0]{late} = pop @{ $_[0]{events} } },
    'change a text'                => sub { $_[0]{events}[-1][1][4]{payload}{content}{text} =~ s/usual/other/ },
    'change a number'              => sub { $_[0]{events}[-1][1][4]{payload}{content}{text} =~ s/^(\d+) \d+/$1 777/ },
    'change the sender'            => sub { $_[0]{events}[-1][1][4]{payload}{sender_id} =~ tr/0-9a-f/1-9a-f0/ },
    'change the target'            => sub { $_[0]{events}[-1][1][4]{target_user_id} =~ tr/0-9a-f/1-9a-f0/ },
    'change the id'                => sub { $_[0]{events}[-1][1][4]{payload}{id} =~ tr/0-9a-f/1-9a-f0/ },
    'tell somebody else'           => sub { $_[0]{events}[-1][0] = $_[0]{sender} },
    'change the topic'             => sub { $_[0]{events}[-1][1][2] =~ tr/0-9a-f/1-9a-f0/ },
    'cut a message'                => sub { my $text = $json->encode($_[0]{events}[-1][1]); $_[0]{events}[-1][1] = substr $text, 0, -3 },
    'say more than a message'      => sub { $_[0]{events}[-1][1] = $json->encode($_[0]{events}[-1][1]) . ' []' },
    'say six things'               => sub { push @{ $_[0]{events}[-1][1] }, {} },
    'name a thing twice'           => sub { $_[0]{events}[-1][1] = $json->encode($_[0]{events}[-1][1]) =~ s/"target_user_id"/"event_type":"new_message","target_user_id"/r },
    'mask a frame'                 => sub { $_[0]{head} = sub { substr($_[0], 1, 1) |= "\x80" } },
    'send a fragment'              => sub { $_[0]{head} = sub { substr($_[0], 0, 1) &= "\x7f" } },
    'compress'                     => sub { $_[0]{head} = sub { substr($_[0], 0, 1) |= "\x40" } },
    'send bytes'                   => sub { $_[0]{head} = sub { substr($_[0], 0, 1) = "\x82" } },
    'close'                        => sub { $_[0]{bytes} = "\x88\x02\x03\xf4" },
    'hang up'                      => sub { $_[0]{hang_up} = 1 },
);
# And with a handshake or a join.
my @at_join = ('refuse to upgrade', 'accept something else', 'refuse to join', 'never join', 'hang up at once', 'answer no heartbeat');

sub lies { return (sort keys %lie) }

sub start {
    my ($class, %option) = @_;
    die "there is no lie '$option{lie}'" if defined $option{lie} && !$lie{ $option{lie} } && !grep { $_ eq $option{lie} } @at_join;
    my $listener = IO::Socket::INET->new(Listen => 100, LocalAddr => '127.0.0.1') or die "listen: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        $SIG{TERM} = 'DEFAULT';
        my $self = bless { %option, listener => $listener, at => $option{at} // 1, messages => 0, joins => 0, client => {}, user => {} }, $class;
        eval { $self->_serve; 1 } or print {*STDERR} "# liar: $@";
        require POSIX;
        POSIX::_exit(1);
    }
    $alive{$pid} = $$;
    return bless { port => $listener->sockport, pid => $pid }, $class;
}

sub port { return $_[0]{port} }

sub stop {
    my ($self) = @_;
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    delete $alive{ $self->{pid} };
    return;
}

# -- The server ---------------------------------------------------------------------------------------

sub _serve {
    my ($self) = @_;
    my $select = $self->{select} = IO::Select->new($self->{listener});
    while (1) {
        for my $socket ($select->can_read) {
            if ($socket == $self->{listener}) {
                my $new = $socket->accept or next;
                setsockopt $new, IPPROTO_TCP, TCP_NODELAY, 1 if $self->{drip};
                $select->add($new);
                $self->{client}{$new} = { socket => $new, in => '' };
                next;
            }
            my $client = $self->{client}{$socket};
            if (!sysread $socket, $client->{in}, 65536, length $client->{in}) { $self->_drop($client); next }
            $self->_take($client);
        }
    }
    return;
}

sub _drop {
    my ($self, $client) = @_;
    $self->{select}->remove($client->{socket});
    delete $self->{client}{ $client->{socket} };
    close $client->{socket};
    return;
}

sub _is_lie {
    my ($self, $client, $name) = @_;
    return ($self->{lie} // '') eq $name && $client->{number} == $self->{at};
}

sub _take {
    my ($self, $client) = @_;
    if (!$client->{is_open}) {
        $client->{in} =~ s/\A(.*?)\r\n\r\n//s or return;
        my ($key) = $1 =~ /^Sec-WebSocket-Key: (\S+)\r?$/mi or die 'no key';
        $client->{number} = ++$self->{joins};
        return $self->_drop($client) if $self->_is_lie($client, 'hang up at once');
        return $self->_write($client, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") if $self->_is_lie($client, 'refuse to upgrade');
        $key =~ tr/A-Za-z/a-zA-Z/ if $self->_is_lie($client, 'accept something else');
        $client->{is_open} = 1;
        $self->_write($client, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            . 'Sec-WebSocket-Accept: ' . sha1_base64("${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11") . "=\r\n\r\n");
    }
    while ($client->{in} =~ /\A([\x81\x8a])([\x80-\xff])/s) {
        my ($is_pong, $length, $head) = ($1 eq "\x8a", ord($2) & 127, 2);
        ($length, $head) = (unpack('xxn', $client->{in}), 4) if $length == 126 && length $client->{in} >= 4;
        last if length $client->{in} < $head + 4 + $length;
        my (undef, $mask, $masked) = unpack "a${head}a4a$length", $client->{in};
        substr $client->{in}, 0, $head + 4 + $length, '';
        my $text = $masked ^ substr $mask x ($length / 4 + 1), 0, $length;
        if (!$is_pong) { $self->_hear($client, $json->decode($text)) }
        elsif ($text eq "ping $client->{id}") { $self->_say($client, delete $client->{reply}) }
    }
    return;
}

sub _hear {
    my ($self, $client, $message) = @_;
    my ($join_ref, $ref, $topic, $event, $payload) = @$message;
    my $reply = [ $join_ref, $ref, $topic, 'phx_reply', { status => 'ok', response => {} } ];
    if ($event eq 'phx_join') {
        ($client->{id}) = $topic =~ /^user:(.*)/;
        $self->{user}{ $client->{id} } = $client;
        return if $self->_is_lie($client, 'never join');
        $reply->[4]{status} = 'error' if $self->_is_lie($client, 'refuse to join');
        if ($self->{ping}) {
            $client->{reply} = $reply;
            return $self->_write($client, "\x89" . pack('C', 5 + length $client->{id}) . "ping $client->{id}");
        }
        $self->_say($client, $reply);
        $self->_say($client, _event($client->{id}, { id => $client->{id} })) for 1 .. $self->{tell} // 0;
        return;
    }
    return if $event eq 'heartbeat' && $self->_is_lie($client, 'answer no heartbeat');
    return $self->_say($client, $reply) if $event ne 'send_message';
    $self->{messages}++;
    my $id = sprintf '%08x-1111-4111-8111-111111111111', $self->{messages};
    my $where = $payload->{conversation_id};
    my @to = defined $where ? grep { $_ ne $client->{id} } @{ $self->{group}{$where} } : $payload->{receiver_id};
    my %sent = (id => $id, sender_id => $client->{id}, receiver_id => $payload->{receiver_id}, conversation_id => $where, content => $payload->{content});
    $reply->[4]{response} = { client_message_id => $payload->{client_message_id}, message_id => $id, status => 'sent' };
    my %act = (ack => $reply, sender => $client->{id}, events => [ map { [ $_, _event($_, { %sent, content => { %{ $payload->{content} }, ballast => 'x' x ($self->{ballast} // 0) } }) ] } @to ]);
    $lie{ $self->{lie} }->(\%act) if $self->{messages} == $self->{at} && $lie{ $self->{lie} // '' };
    return $self->_do($client, \%act);
}

sub _event {
    my ($to, $payload) = @_;
    return [ '1', undef, "user:$to", 'event', { event_type => 'new_message', id => $to, target_user_id => $to, event_timestamp => 't', payload => $payload } ];
}

sub _do {
    my ($self, $client, $act) = @_;
    $self->_say($client, $act->{ack}, $act->{head}) if $act->{ack};
    $self->_say($client, $act->{ack}) if $act->{again};
    $self->_write($client, $act->{bytes}) if $act->{bytes};
    $self->_say($self->{user}{ $_->[0] }, $_->[1]) for @{ $act->{events} };
    # What is late comes behind the next message to the same user.
    my ($late) = grep { $self->{late} && $_->[0] eq $self->{late}[0] } @{ $act->{events} };
    if ($late) {
        $self->_say($self->{user}{ $late->[0] }, delete($self->{late})->[1]);
    }
    $self->{late} = $act->{late} if $act->{late};
    $self->_drop($client) if $act->{hang_up};
    return;
}

sub _say {
    my ($self, $client, $message, $change) = @_;
    my $text = ref $message ? $json->encode($message) : $message;
    my $length = length $text;
    my $frame = "\x81" . ($length < 126 ? pack 'C', $length : $length < 65536 ? pack 'Cn', 126, $length : pack 'CQ>', 127, $length) . $text;
    $change->($frame) if $change;
    return $self->_write($client, $frame);
}

sub _write {
    my ($self, $client, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes && defined fileno $client->{socket}) {
        my $wrote = syswrite($client->{socket}, $bytes, $self->{drip} ? 1 + length($bytes) % ($self->{ballast} ? 997 : 50) : length $bytes) // last;
        substr $bytes, 0, $wrote, '';
    }
    return;
}

END {
    my $status = $?;
    kill 'KILL', grep { $alive{$_} == $$ } keys %alive;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
