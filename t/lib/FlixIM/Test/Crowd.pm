# SPDX-License-Identifier: Apache-2.0
# Starts crowds of clients (the Node scripts in t/lib/crowd), gives them users with tokens, and reads what they report.
package FlixIM::Test::Crowd;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use Exporter       qw(import);
use File::Basename qw(dirname);
use File::Temp     ();
use IO::Select     ();
use JSON::PP       ();
use Time::HiRes    qw(time);

use FlixIM::Test::Token qw(hs256);

our @EXPORT_OK = qw(users lines_of differences);

=head1 SYNOPSIS

    use FlixIM::Test::Crowd qw(users lines_of differences);

    my @users = users($cluster, 50);                     # { id => UUID, token => an opaque token }
    my $crowd = FlixIM::Test::Crowd->start('storm.js', { port => ..., users => \@users });
    $crowd->say('go on');                                # a line on its standard input
    my $report = $crowd->report(60);                     # the next line it prints, decoded; dies if none comes in 60 s
    $crowd->stop;                                        # the end of its standard input
    is $crowd->finish, 0, 'it ended well';

What was started is killed at END, should it still run.

=cut

my $folder = abs_path(dirname(__FILE__) . '/../../crowd');
my %alive;    # process ids of ours

# Starts SCRIPT with CONFIG in a file, its only argument.
sub start {
    my ($class, $script, $config) = @_;
    my $file = File::Temp->new(SUFFIX => '.json');
    print {$file} JSON::PP->new->utf8->canonical->encode($config) or die "config: $!";
    close $file or die "config: $!";
    pipe my $their_in, my $our_out or die "pipe: $!";
    pipe my $our_in, my $their_out or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN,  '<&', $their_in  or die "dup: $!";
        open STDOUT, '>&', $their_out or die "dup: $!";
        close $_ for $our_in, $our_out;
        exec {'node'} 'node', "$folder/$script", "$file" or die "node: $!";
    }
    $alive{$pid} = $$;
    $our_out->autoflush(1);
    return bless { pid => $pid, script => $script, in => $our_in, out => $our_out, config => $file, buffer => '' }, $class;
}

sub say {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $line) = @_;
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{out} } "$line\n" or die "$self->{script} has gone: $!";
    return;
}

sub report {
    my ($self, $seconds) = @_;
    my $end = time + $seconds;
    my $select = IO::Select->new($self->{in});
    while (index($self->{buffer}, "\n") < 0) {
        my $left = $end - time;
        die "$self->{script} reported nothing in $seconds s\n" if $left <= 0 || !$select->can_read($left);
        sysread($self->{in}, $self->{buffer}, 65536, length $self->{buffer}) or die "$self->{script} ended without a report\n";
    }
    my ($line, $rest) = split /\n/, $self->{buffer}, 2;
    $self->{buffer} = $rest;
    return JSON::PP->new->utf8->decode($line);
}

# Closes its standard input, which some scripts take for the sign to stop.
sub stop {
    my ($self) = @_;
    close $self->{out};
    return;
}

# Waits for its end: the exit status, or 128 + signal.
sub finish {
    my ($self) = @_;
    $self->stop if $self->{out}->opened;
    waitpid $self->{pid}, 0;
    delete $alive{ $self->{pid} };
    return $? & 127 ? 128 + ($? & 127) : $? >> 8;
}

# COUNT users, each with an opaque token, or, where a SECRET is given, every other one with a JWT.
sub users {
    my ($cluster, $count, $secret) = @_;
    my @users = map { { id => sprintf '%08x-0000-4000-8000-%012x', $_, $_ } } 1 .. $count;
    my @tokens = split /\n/, $cluster->psql(
        q{SELECT flixim.issue_token(id::uuid) FROM unnest(string_to_array(:'ids', ' ')) WITH ORDINALITY AS u (id, place) ORDER BY place},
        vars => { ids => join ' ', map { $_->{id} } @users });
    for my $i (0 .. $#users) {
        my %claims = (sub => $users[$i]{id}, exp => 3600 + int time);
        $users[$i]{token} = defined $secret && $i % 2 ? hs256($secret, \%claims) : $tokens[$i];
    }
    return @users;
}

sub lines_of {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!";
    chomp(my @lines = <$file>);
    return \@lines;
}

# What only one of two lists of lines has, at most ten of each, as text; empty if both have the same lines equally often.
sub differences {
    my ($left, $right) = @_;
    my %count;
    $count{$_}++ for @$left;
    $count{$_}-- for @$right;
    my @left  = sort grep { $count{$_} > 0 } keys %count;
    my @right = sort grep { $count{$_} < 0 } keys %count;
    return join '', (map {"only the first: $_\n"} @left[ 0 .. ($#left > 9 ? 9 : $#left) ]),
        (map {"only the second: $_\n"} @right[ 0 .. ($#right > 9 ? 9 : $#right) ]);
}

END {
    my $status = $?;
    kill 'KILL', $_ for grep { $alive{$_} == $$ } keys %alive;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
