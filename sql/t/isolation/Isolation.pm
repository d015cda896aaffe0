# SPDX-License-Identifier: Apache-2.0
# Steps the sessions of a spec file through all orders of their statements that can happen, and judges each order.
package Isolation;

use strict;
use warnings FATAL => 'all';

use File::Basename qw(basename dirname);
use File::Temp     ();
use List::Util     qw(first min);
use POSIX          ();

=head1 SPEC FILES

are those of PostgreSQL's isolationtester (src/test/isolation/README there), without permutations. Each order of the steps is
run from C<setup> to C<teardown>; the last column that is headed C<verdict> has one row C<ok>, or a row per rule that was
broken. C<ok if notified> is ok if that order's output shows a NOTIFY. Comments at the head of the file declare:

    # orders: 62             how many orders there are at least, so that they cannot grow fewer unseen
    # expect: violations     a control: some order must break a rule
    # last: heard            a step that comes after all others in every order
    # alone: why             on one database, with nothing else going on in the cluster

C<session> and C<step> start their lines; a step that opens a transaction says BEGIN, one that ends it COMMIT or ROLLBACK.
SQL holds no braces.

=head1 WHY NOT ALL PERMUTATIONS

Without a list of permutations, isolationtester runs all that are thinkable. Where one session waits for another, most of them
cannot happen (the one that waits has the next step): it then stalls until it cancels the statement. So the orders are listed
here. Which of them can happen, nobody has to say: each run shows which sessions wait after each step. An order is followed to
its end; at each of its steps every other session that did not wait there makes an order to be tried next.

Where two sessions wait for a third, it is a race which of them it wakes. An order that took the wrong one stalls and is tried
again; one that never came about is counted apart.

=cut

my $patience = '500ms';    # how long a statement may wait for a lock, until the order counts as stalled
my $give_up  = 10;         # seconds after which isolationtester cancels a statement
my $attempts = 8;          # how often an order is tried that stalls

# The program, from PostgreSQL's development package: beside the makefiles for extensions.
sub tester {
    my $pgxs = qx(pg_config --pgxs) or die "pg_config is missing: install postgresql-server-dev-15\n";
    chomp $pgxs;
    my $tester = dirname($pgxs) . '/../test/isolation/isolationtester';
    -x $tester or die "isolationtester is missing ($tester): install postgresql-server-dev-15\n";
    return $tester;
}

sub new {
    my ($class, $file) = @_;
    open my $handle, '<', $file or die "$file: $!\n";
    my $text = do { local $/ = undef; <$handle> };
    close $handle or die "$file: $!\n";

    my $self = bless { name => basename($file, '.spec'), text => $text, sessions => [], steps => {}, step => {} }, $class;
    ($self->{orders}) = $text =~ /^# orders: (\d+)$/m or die "$file: no number of orders\n";
    $self->{is_control} = scalar $text =~ /^# expect: violations$/m;
    $self->{is_alone} = scalar $text =~ /^# alone: /m;
    my ($last) = $text =~ /^# last: (\w+)$/m;

    my $session;
    for my $piece (split /^(?=(?:session|step|setup|teardown)\b)/m, $text) {
        if ($piece =~ /\Asession\s+(\w+)/) {
            $session = $1;
            push @{ $self->{sessions} }, $session;
        }
        elsif ($piece =~ /\Astep\s+(\w+)\s*\{(.*?)\}/s) {
            my ($name, $sql) = ($1, $2);
            die "$file: step $name twice\n" if $self->{step}{$name};
            $self->{step}{$name} = {
                session => $session,
                opens   => scalar($sql =~ /\bBEGIN;/),
                closes  => scalar($sql =~ /\b(?:COMMIT|ROLLBACK);/),
                is_last => defined $last && $name eq $last,
            };
            push @{ $self->{steps}{$session} }, $name;
        }
    }
    return $self;
}

sub name       { return $_[0]{name} }
sub orders     { return $_[0]{orders} }
sub is_control { return $_[0]{is_control} }
sub stalls     { return $_[0]{stalls} }
sub missed     { return @{ $_[0]{missed} } }

# Runs all orders, on as many databases at once as conninfos are given. Returns a list of
# { order => [step...], output => text, waits => how many steps had to wait, broken => [rule...] }
sub run {
    my ($self, @conninfos) = @_;
    my (%seen, %tried, @results);
    splice @conninfos, 1 if $self->{is_alone};
    $self->{waiting} = {};    # by steps so far: which sessions wait after them
    @{$self}{qw(stalls missed)} = (0, []);
    $self->{avoid}   = {};    # by steps so far: the session that stalled there in the last attempt
    my @targets = ([]);
    while (@targets) {
        my @wave = map { { target => $_, order => [$self->complete(@{$_})] } } @targets;
        $self->execute(\@wave, @conninfos);
        @targets = ();
        for my $run (@wave) {
            if ($run->{stalled_at}) {
                $self->{stalls}++;
                my $key = join ' ', @{ $run->{target} };
                push @targets, $run->{target} if ++$tried{$key} < $attempts;
                push @{ $self->{missed} }, { %{$run}, broken => ['stalled'] } if $tried{$key} == $attempts;
                next;
            }
            push @results, { %{$run}, broken => [broken($run->{output})] };
            $seen{"@{ $run->{order} }[0 .. $_]"} = 1 for 0 .. $#{ $run->{order} };
            push @targets, grep { !$seen{"@{$_}"}++ } $self->branches(@{ $run->{order} });
        }
    }
    return @results;
}

# The steps that can follow these, at most one per session.
sub ready {
    my ($self, @done) = @_;
    my %done = map { $_ => 1 } @done;
    my $waiting = $self->{waiting}{"@done"} // {};
    my @next = grep { defined } map { first { !$done{$_} } @{ $self->{steps}{$_} } } @{ $self->{sessions} };
    my @early = grep { !$self->{step}{$_}{is_last} } @next;
    return grep { !$waiting->{ $self->{step}{$_}{session} } } @early ? @early : @next;
}

# What could have been done otherwise at each step of an order.
sub branches {
    my ($self, @order) = @_;
    my @branches;
    for my $i (0 .. $#order) {
        my @done = @order[0 .. $i - 1];
        push @branches, map { [@done, $_] } grep { $_ ne $order[$i] } $self->ready(@done);
    }
    return @branches;
}

# Completes an order whose last step is new, so that nobody knows yet who waits after it. Transactions that are open and do not
# wait end first, oldest first; then those that wait, as their turn comes; what has not begun comes last.
sub complete {
    my ($self, @order) = @_;
    my $newest  = @order ? $self->{step}{ $order[-1] } : {};
    my $waiting = $self->{waiting}{ join ' ', @order[0 .. $#order - 1] } // {};
    my (%open, %done);
    for my $i (0 .. $#order) {
        my $step = $self->{step}{ $order[$i] };
        $open{ $step->{session} } = $i if $step->{opens};
        delete $open{ $step->{session} } if $step->{closes};
        $done{ $order[$i] } = 1;
    }
    my $rank = sub {
        my ($session) = @_;
        return 4 if !exists $open{$session};
        return $newest->{opens} ? 3 : 1 if $session eq ($newest->{session} // '');
        return $waiting->{$session} ? 2 : 0;
    };
    my @sessions = sort { $rank->($a) <=> $rank->($b) || ($open{$a} // 0) <=> ($open{$b} // 0) } @{ $self->{sessions} };
    while (1) {
        my @left = grep { first { !$done{$_} } @{ $self->{steps}{$_} } } @sessions;
        last if !@left;
        my %is_early = map { $_ => 1 } grep { !$self->{step}{ first { !$done{$_} } @{ $self->{steps}{$_} } }{is_last} } @left;
        @left = grep { $is_early{$_} } @left if %is_early;
        my $avoided = $self->{avoid}{"@order"} // '';
        my $session = (first { $_ ne $avoided } @left) // $left[0];
        my $step = first { !$done{$_} } @{ $self->{steps}{$session} };
        push @order, $step;
        $done{$step} = 1;
        # Whoever ended a transaction lets the others go first.
        @sessions = ((grep { $_ ne $session } @sessions), $session) if $self->{step}{$step}{closes};
    }
    return @order;
}

# Runs the orders of a wave, spread over the databases; adds output, waits and stalled_at, and learns who waits where.
sub execute {
    my ($self, $wave, @conninfos) = @_;
    my @jobs;
    for my $i (0 .. min($#conninfos, $#{$wave})) {
        my @share = grep { ($_ % @conninfos) == $i } 0 .. $#{$wave};
        my $text  = $self->text_with(map { $_->{order} } @{$wave}[@share]);
        push @jobs, { runs => [@{$wave}[@share]], start_tester($text, $conninfos[$i]) };
    }
    for my $job (@jobs) {
        waitpid $job->{pid}, 0;
        my $status = $?;
        my ($out, $err) = map { seek $_, 0, 0; local $/ = undef; scalar <$_> // '' } @{$job}{qw(out err)};
        die "$self->{name}: isolationtester ended with status $status: $err\n$out\n" if $status != 0 || $err ne '';
        my (undef, @outputs) = split /^starting permutation: .*\n/m, $out;
        die "$self->{name}: isolationtester ran other orders than asked for\n" if @outputs != @{ $job->{runs} };
        $self->learn($_, shift @outputs) for @{ $job->{runs} };
    }
    return;
}

sub text_with {
    my ($self, @orders) = @_;
    return join "\n", $self->{text}, (map { "permutation @{$_}" } @orders), "";
}

sub start_tester {
    my ($text, $conninfo) = @_;
    my $tester = tester();
    my ($in, $out, $err) = map { File::Temp->new } 1 .. 3;
    print {$in} $text or die "temporary file: $!\n";
    seek $in, 0, 0;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        $ENV{PGISOLATIONTIMEOUT} = $give_up;
        open STDIN,  '<&', $in  or POSIX::_exit(126);
        open STDOUT, '>&', $out or POSIX::_exit(126);
        open STDERR, '>&', $err or POSIX::_exit(126);
        exec { $tester } $tester, "$conninfo options='-c lock_timeout=$patience'" or POSIX::_exit(127);
    }
    return (pid => $pid, out => $out, err => $err);
}

# Reads from an order's output which sessions waited after each of its steps.
sub learn {
    my ($self, $run, $output) = @_;
    $run->{output} = $output;
    $run->{waits}  = 0;
    my (%waiting, @done);
    for my $piece (split /^(?=step \w+: )/m, $output) {
        my ($name) = $piece =~ /\Astep (\w+): / or next;
        my $session = $self->{step}{$name}{session};
        if ($piece =~ /\Astep \w+: <\.\.\. completed>$/m) {
            delete $waiting{$session};
            if ($piece =~ /^ERROR:  canceling statement due to lock timeout$/m) {
                $run->{stalled_at} = "@done";
                $self->{avoid}{"@done"} = $session;
                return;
            }
        }
        else {
            push @done, $name;
            $waiting{$session} = 1 if $piece =~ / <waiting \.\.\.>$/m && ++$run->{waits};
        }
        $self->{waiting}{"@done"} = {%waiting};
    }
    return;
}

# What is wrong with the output of an order.
sub broken {
    my ($output) = @_;
    my @broken = $output =~ /^(?:\w+: )?((?:ERROR|FATAL|PANIC|WARNING): .*)$/mg;
    my ($rows) = $output =~ /.*^verdict *\n-+\n(.*?)^\(\d+ rows?\)$/ms;
    my @verdict = map { s/ +\z//r } split /\n/, $rows // '';
    push @broken, 'no verdict' if !@verdict;
    return @broken if "@verdict" eq 'ok';
    return (@broken, $output =~ /^\w+: NOTIFY /m ? () : 'neither seen nor notified') if "@verdict" eq 'ok if notified';
    return (@broken, @verdict);
}

1;
