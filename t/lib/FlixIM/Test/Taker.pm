# SPDX-License-Identifier: Apache-2.0
# A daemon of the test's own that takes connections over from httpd, and tells what it was asked and given.
package FlixIM::Test::Taker;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use File::Path     qw(remove_tree);
use File::Temp     ();
use JSON::PP       ();
use Time::HiRes    qw(sleep time);

=head1 SYNOPSIS

    my $taker = FlixIM::Test::Taker->start(backlog => 0,      # 128
        do => '403');                                         # take: what it does where no request says so
    $taker->path;                                             # of its socket, for FlixIMHandoff
    my $event = $taker->next_event;                           # { event => 'question', kind, address, head },
                                                              # 'connection' { count, read (100 bytes), length }, 'end', 'hung up'; undef:
                                                              # none in 10 s
    my $event = $taker->next_event('connection');             # the next one of its kind, whatever else comes before
    ok $taker->is_quiet;                                      # no event within 0.3 s
    $taker->forget;                                           # what has happened up to now
    $taker->pause; $taker->go_on;                             # STOP, CONT
    $taker->end;                                              # KILL; its socket's file stays
    $taker->begin;                                            # again, on the same path

What it does with each request stands in t/lib/taker.py. Killed and removed at END.

=cut

my $program = abs_path(dirname(__FILE__) . '/../../taker.py');
my %alive;

sub start {
    my ($class, %option) = @_;
    # Short: a path of a Unix socket holds 107 bytes.
    my $dir = File::Temp::tempdir('fxt-XXXXXXXX', DIR => '/tmp');
    chmod 0755, $dir or die "chmod: $!";
    my $self = bless { dir => $dir, owner => $$, backlog => $option{backlog} // 128, do => $option{do} // 'take' }, $class;
    $alive{$dir} = $self;
    return $self->begin;
}

sub path { return "$_[0]{dir}/handoff.sock" }
sub pid  { return $_[0]{pid} }

sub begin {
    my ($self) = @_;
    unlink $self->path;
    # What it tells goes to a file: to a pipe that nobody reads it would wait to write.
    open my $theirs, '>', "$self->{dir}/events" or die "events: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN,  '<',  '/dev/null' or die "/dev/null: $!";
        open STDOUT, '>&', $theirs     or die "dup: $!";
        exec {'setpriv'} qw(setpriv --pdeathsig KILL python3), $program, $self->path, @$self{qw(backlog do)} or die "setpriv: $!";
    }
    close $theirs or die "close: $!";
    open $self->{out}, '<', "$self->{dir}/events" or die "events: $!";
    @$self{qw(pid rest)} = ($pid, '');
    ($self->next_event // { event => 'nothing' })->{event} eq 'ready' or die "taker.py does not begin\n";
    return $self;
}

# Whether there is an event within so many seconds.
sub _await {
    my ($self, $seconds) = @_;
    my $until = time + $seconds;
    while (1) {
        return 1 if $self->{rest} =~ /\n/;
        sysread $self->{out}, $self->{rest}, 65536, length $self->{rest} and next;
        return 0 if time >= $until;
        sleep 0.02;
    }
    return;
}

# The next event, or the next one with a name.
sub next_event {
    my ($self, $name) = @_;
    while ($self->_await(10)) {
        $self->{rest} =~ s/^(.*)\n//;
        my $event = JSON::PP::decode_json($1);
        return $event if !defined $name || $event->{event} eq $name;
    }
    return;
}

sub is_quiet { my ($self) = @_; return $self->_await(0.3) ? 0 : 1 }

sub forget {
    my ($self) = @_;
    1 while !$self->is_quiet && $self->next_event;
    return;
}

sub pause { kill 'STOP', $_[0]{pid}; return }
sub go_on { kill 'CONT', $_[0]{pid}; return }

sub end {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return;
}

END {
    my $status = $?;
    for my $taker (grep { $_->{owner} == $$ } values %alive) {
        $taker->end;
        remove_tree($taker->{dir});
    }
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
