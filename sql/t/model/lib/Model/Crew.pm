# SPDX-License-Identifier: Apache-2.0
# Processes that work beside the test: each runs a piece of code and hands its result back.
package Model::Crew;

use strict;
use warnings FATAL => 'all';

use File::Temp ();
use POSIX      ();
use Storable   ();

sub new {
    my ($class) = @_;
    return bless { dir => File::Temp->newdir('flixim-crew-XXXXXXXX', TMPDIR => 1), pid => {}, owner => $$ }, $class;
}

# Starts a process; what $code returns is what finish() returns for that name. It has random numbers of its own.
sub start {
    my ($self, $name, $code) = @_;
    my $seed = int rand 2**31;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        srand $seed;
        @SIG{qw(INT TERM HUP)} = ('DEFAULT') x 3;
        my $result = eval { { value => $code->() } } || { error => $@ || 'unknown' };
        my $is_stored = eval { Storable::nstore($result, "$self->{dir}/$name"); 1 };
        POSIX::_exit($is_stored ? 0 : 1);    # the test's own handles and END blocks are not this process's to run
    }
    $self->{pid}{$name} = $pid;
    return;
}

# Waits for processes; returns their results in that order, and dies with the error of one that failed.
sub finish {
    my ($self, @names) = @_;
    my @results;
    for my $name (@names) {
        waitpid delete $self->{pid}{$name}, 0;
        my $result = -e "$self->{dir}/$name" ? Storable::retrieve("$self->{dir}/$name") : { error => "died of $?" };
        die "$name: $result->{error}\n" if $result->{error};
        push @results, $result->{value};
    }
    return @results;
}

# A flag that the processes can see: raise() sets it.
sub raise {
    my ($self, $flag) = @_;
    open my $file, '>', "$self->{dir}/$flag.flag" or die "flag: $!";
    return close $file;
}

sub is_raised {
    my ($self, $flag) = @_;
    return -e "$self->{dir}/$flag.flag";
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local $? = $?;
    for my $pid (values %{ $self->{pid} }) {
        kill 'TERM', $pid;
        waitpid $pid, 0;
    }
    return;
}

1;
