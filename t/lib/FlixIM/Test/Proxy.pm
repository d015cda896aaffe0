# SPDX-License-Identifier: Apache-2.0
# A network between a client and a server that can fall silent: it takes all bytes, passes none on, and closes nothing.
package FlixIM::Test::Proxy;

use strict;
use warnings FATAL => 'all';

use IO::Select       ();
use IO::Socket::INET ();
use POSIX            ();

=head1 SYNOPSIS

    my $proxy = FlixIM::Test::Proxy->start($port);    # to a port of this machine
    $proxy->port;                                     # clients connect here
    $proxy->silence;                                  # from now on
    $proxy->stop;                                     # its connections end

=cut

my %alive;    # process id => whose

sub start {
    my ($class, $port) = @_;
    my $listener = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1') or die "listen: $!";
    my $owner = $$;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        eval { _relay($listener, $port, $owner); 1 } or warn "proxy: $@";
        POSIX::_exit(0);
    }
    $alive{$pid} = $$;
    return bless { pid => $pid, port => $listener->sockport }, $class;
}

sub port { return $_[0]{port} }

sub silence {
    my ($self) = @_;
    kill 'USR1', $self->{pid};
    return;
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} // return;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    delete $alive{$pid};
    return;
}

# In the child, until whoever started it has gone.
sub _relay {
    my ($listener, $port, $owner) = @_;
    my $is_silent = 0;
    local $SIG{USR1} = sub { $is_silent = 1 };
    local $SIG{PIPE} = 'IGNORE';
    my $select = IO::Select->new($listener);
    my %other;
    while (getppid == $owner) {
        for my $ready ($select->can_read(0.2)) {
            if ($ready == $listener) {
                my $client = $listener->accept or next;
                my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "no server: $!";
                @other{ $client, $server } = ($server, $client);
                $select->add($client, $server);
                next;
            }
            my $length = sysread $ready, my $bytes, 65536;
            if (!$length) {
                # The end is one more thing that does not come through.
                $select->remove($ready);
                shutdown $other{$ready}, 1 if !$is_silent;
            }
            elsif (!$is_silent) { print { $other{$ready} } $bytes; $other{$ready}->flush }
        }
    }
    return;
}

END {
    my $status = $?;
    kill 'KILL', $_ for grep { $alive{$_} == $$ } keys %alive;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
