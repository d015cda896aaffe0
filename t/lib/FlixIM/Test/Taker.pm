# SPDX-License-Identifier: Apache-2.0
# A daemon of the test's own that takes connections over from httpd, and tells what it was asked and given.
package FlixIM::Test::Taker;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use File::Path     qw(remove_tree);
use File::Temp     ();
use IO::Select     ();
use JSON::PP       ();

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
    pipe $self->{out}, my $theirs or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN,  '<',  '/dev/null' or die "/dev/null: $!";
        open STDOUT, '>&', $theirs     or die "dup: $!";
        exec {'setpriv'} qw(setpriv --pdeathsig KILL python3), $program, $self->path, @$self{qw(backlog do)} or die "setpriv: $!";
    }
    @$self{qw(pid rest)} = ($pid, '');
    close $theirs or die "close: $!";
    ($self->next_event // {})->{event} eq 'ready' or die "taker.py does not begin\n";
    return $self;
}

# The next event, or the next one with a name.
sub next_event {
    my ($self, $name) = @_;
    while (1) {
        while ($self->{rest} !~ /\n/) {
            return if !IO::Select->new($self->{out})->can_read(10) || !sysread $self->{out}, $self->{rest}, 65536, length $self->{rest};
        }
        $self->{rest} =~ s/^(.*)\n//;
        my $event = JSON::PP::decode_json($1);
        return $event if !defined $name || $event->{event} eq $name;
    }
    return;
}

sub is_quiet {
    my ($self) = @_;
    return $self->{rest} !~ /\n/ && !IO::Select->new($self->{out})->can_read(0.3) ? 1 : 0;
}

sub forget {
    my ($self) = @_;
    $self->next_event until $self->is_quiet;
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
