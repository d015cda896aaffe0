# SPDX-License-Identifier: Apache-2.0
# Runs flixim-load: WebSocket clients by the thousand, which hold what they hear against what was said.
package FlixIM::Test::Load;

use strict;
use warnings FATAL => 'all';

use Exporter   qw(import);
use File::Temp ();
use IO::Select ();
use JSON::PP   ();
use Time::HiRes qw(time);

our @EXPORT_OK = qw(users_file groups_file issue);

=head1 SYNOPSIS

    use FlixIM::Test::Load qw(issue users_file groups_file);

    my @users = issue($cluster, 1000);                           # { id => UUID, token => an opaque token }
    my $load  = FlixIM::Test::Load->start('chat', users => users_file(@users), to => "127.0.0.1:$port", seconds => 5);
    my $ready  = $load->ready;                                   # { joined => 1000, failed => 0, seconds => 0.4 }
    my $report = $load->go;                                      # { rate => ..., lost => 0, ... }
    is $load->finish, 0, 'nothing was wrong';
    $load->say('go'); $load->report;                             # the two halves of go, for several at once

Options are flixim-load's, without their dashes: a list is an option several times, tls => 1 one without a value. What was started is killed at END,
should it still run.

=cut

my %alive;    # process ids of ours

sub start {
    my ($class, $mode, %option) = @_;
    my $build = $ENV{FLIXIM_BUILD} or die "FLIXIM_BUILD must name the folder that make was run in\n";
    my @options;
    for my $name (sort keys %option) {
        my $flag = '--' . $name =~ tr/_/-/r;
        push @options, $name eq 'tls' ? $option{tls} ? $flag : () : map { ($flag, "$_") } ref $option{$name} eq 'ARRAY' ? @{ $option{$name} } : $option{$name};
    }
    pipe my $their_in, my $our_out or die "pipe: $!";
    pipe my $our_in, my $their_out or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN,  '<&', $their_in  or die "dup: $!";
        open STDOUT, '>&', $their_out or die "dup: $!";
        close $_ for $our_in, $our_out;
        my @command = (split(' ', $ENV{FLIXIM_LOAD_WRAPPER} // ''), "$build/flixim-load", $mode, @options);
        exec { $command[0] } @command or die "flixim-load: $!";
    }
    $alive{$pid} = $$;
    $our_out->autoflush(1);
    # The files last as long as this does.
    return bless { pid => $pid, in => $our_in, out => $our_out, buffer => '', keep => \%option, seconds => $option{seconds} // 5 }, $class;
}

sub pid { return $_[0]{pid} }

sub ready {
    my ($self, $seconds) = @_;
    my $line = $self->_line($seconds // 120);
    $line =~ s/^ready // or die "flixim-load said: $line\n";
    return JSON::PP->new->utf8->decode($line);
}

sub go {
    my ($self) = @_;
    $self->say('go');
    return $self->report;
}

sub report {
    my ($self) = @_;
    return JSON::PP->new->utf8->decode($self->_line($self->{seconds} + 60));
}

sub say {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $line) = @_;
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{out} } "$line\n" or die "flixim-load has gone: $!";
    return;
}

sub _line {
    my ($self, $seconds) = @_;
    my $until  = time + $seconds;
    my $select = IO::Select->new($self->{in});
    while (index($self->{buffer}, "\n") < 0) {
        my $left = $until - time;
        die "flixim-load said nothing in $seconds s\n" if $left <= 0 || !$select->can_read($left);
        sysread($self->{in}, $self->{buffer}, 65536, length $self->{buffer}) or die "flixim-load ended without a line\n";
    }
    (my $line, $self->{buffer}) = split /\n/, $self->{buffer}, 2;
    return $line;
}

# Ends it: its exit status, or 128 + signal.
sub finish {
    my ($self) = @_;
    close $self->{out} if $self->{out}->opened;
    waitpid $self->{pid}, 0;
    delete $alive{ $self->{pid} };
    return $? & 127 ? 128 + ($? & 127) : $? >> 8;
}

# COUNT users, each with an opaque token.
sub issue {
    my ($cluster, $count) = @_;
    my $lines = $cluster->psql(<<~"SQL");
        SELECT u, flixim.issue_token(u) FROM generate_series(1, $count) AS n,
            LATERAL (SELECT format('%s-0000-4000-8000-%s', lpad(to_hex(n), 8, '0'), lpad(to_hex(n), 12, '0'))::uuid AS u) AS made
        ORDER BY n
        SQL
    return map { my ($id, $token) = split /\|/; { id => $id, token => $token } } split /\n/, $lines;
}

sub users_file  { return _file(map {"$_->{id} $_->{token}"} @_) }
sub groups_file { return _file(map { join ' ', @{$_} } @_) }    # lists of conversation and line numbers

sub _file {
    my $file = File::Temp->new;
    print {$file} map {"$_\n"} @_ or die "$file: $!";
    close $file or die "$file: $!";
    return $file;
}

END {
    my $status = $?;
    kill 'KILL', $_ for grep { $alive{$_} == $$ } keys %alive;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
