# SPDX-License-Identifier: Apache-2.0
# A peer in a benchmark: a program on a port of the loopback that ends when its standard input does, or when it is told to.
package FlixIM::Bench::Server;

use strict;
use warnings FATAL => 'all';

use File::Temp       ();
use Time::HiRes      qw(sleep);

use FlixIM::Bench            qw(root slurp);
use FlixIM::Bench::Processor qw(family);
use FlixIM::Test::Cluster;
use FlixIM::Test::Npm ();
use FlixIM::Test::Port qw(free_port);

=head1 SYNOPSIS

    package FlixIM::Bench::Something;
    use parent -norequire, 'FlixIM::Bench::Server';

    my $self = bless { name => 'something', port => FlixIM::Bench::Server::free_port() }, $class;
    $self->launch({ PORT => $self->port }, 'node', $file);    # with these in its environment; waits until it prints "ready",
                                                              # or until $self->is_ready, where a class has that

    $server->name; $server->port;
    $server->load;               # options of flixim-load: where to, how
    $server->parents;            # process ids of ours, for FlixIM::Bench::Processor
    $server->pids;               # those and their children: all of the server, without the database
    $server->stop;

    my $folder = FlixIM::Bench::Server::packages('bench/node');    # a copy of that folder with the packages of its lock file
    my $found  = FlixIM::Bench::Server::sweep('Node', [2, 5], sub { my ($pool) = @_; ...; return $rate });    # { best, sweep }

Whatever was started is stopped at END.

=cut

my %alive;      # servers to stop, by their process id
my %folder;     # copies with packages, by the folder they are of

sub name    { return $_[0]{name} }
sub port    { return $_[0]{port} }
sub load    { return (to => "127.0.0.1:$_[0]{port}") }
sub parents { return $_[0]{pid} ? ($_[0]{pid}) : () }
sub pids    { my ($self) = @_; return family($self->parents) }

sub launch {
    my ($self, $env, @command) = @_;
    pipe my $read, my $write or die "pipe: $!";
    $self->{log} = File::Temp->new(TEMPLATE => "$self->{name}-XXXXXX", TMPDIR => 1);
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        @ENV{ keys %{$env} } = values %{$env};
        close $write;
        open STDIN,  '<&', $read        or die "stdin: $!";
        open STDOUT, '>&', $self->{log} or die "log: $!";
        open STDERR, '>&', \*STDOUT     or die "stderr: $!";
        exec { $command[0] } @command or die "$command[0]: $!";
    }
    close $read;
    @{$self}{qw(pid stdin owner)} = ($pid, $write, $$);
    $alive{$pid} = $self;
    $self->wait_for(sub { $self->is_ready });
    return $self;
}

sub is_ready { return slurp($_[0]{log}->filename) =~ /^ready$/m }

# Waits for a condition; dies with what the server has said if that takes over twenty seconds, or if it ends.
sub wait_for {
    my ($self, $condition) = @_;
    for (1 .. 400) {
        return if $condition->();
        last if waitpid($self->{pid}, 1) == $self->{pid};
        sleep 0.05;
    }
    die "$self->{name} did not start: " . slurp($self->{log}->filename);
}

sub stop {
    my ($self) = @_;
    return if !$self->{pid} || !delete $alive{ $self->{pid} };
    kill 'TERM', $self->{pid} if $self->{needs_term};
    close $self->{stdin};
    waitpid $self->{pid}, 0;
    $self->{pid} = undef;
    return;
}

# Nothing is installed in the tree.
sub packages {
    my ($from) = @_;
    return $folder{$from} //= do {
        my $folder = File::Temp->newdir('flixim-bench-XXXXXX', TMPDIR => 1);
        system('cp', '-R', root() . "/$from/.", "$folder") == 0 or die "cp $from: status $?\n";
        FlixIM::Test::Npm::install("$folder");
        $folder;
    };
}

# The size of the pool of each worker with which a server is fastest, of two passes the better; prints what each gave.
sub sweep {
    my ($name, $sizes, $measure) = @_;
    my %rate;
    for my $size (@{$sizes}, @{$sizes}) {
        my $got = int $measure->($size);
        $rate{$size} = $got if $got > ($rate{$size} // 0);
    }
    print "$name, pool of $_ per worker: $rate{$_}/s\n" for @{$sizes};
    my ($best) = sort { $rate{$b} <=> $rate{$a} } @{$sizes};
    return { best => $best, sweep => \%rate };
}

END {
    my $status = $?;
    for my $server (values %alive) {
        $server->stop if $server->{owner} == $$;
    }
    %folder = ();
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
