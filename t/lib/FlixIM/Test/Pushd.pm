# SPDX-License-Identifier: Apache-2.0
# A private flixim-pushd, freshly built, for the time of one test; it ends in order, or the test has failed.
package FlixIM::Test::Pushd;

use strict;
use warnings FATAL => 'all';

use File::Path       qw(make_path remove_tree);
use File::Temp       ();
use POSIX            ();
use Time::HiRes      qw(sleep time);

use FlixIM::Test::Wire;
use FlixIM::Test::Port qw(free_port);

=head1 SYNOPSIS

    my $api   = FlixIM::Test::Api->start;                        # REST on the same database, or
    my $api   = FlixIM::Test::Api->start(httpd => 0);            # users and tokens alone
    my $pushd = FlixIM::Test::Pushd->start(
        api      => $api,                                        # the token key and the cluster are its
        cluster  => $cluster,                                    # in place of api: a cluster alone
        settings => { idle_time => '500ms' },                    # of conf/pushd.conf; undef takes one of ours away
        flags    => ['--log-level=debug'],
        limit    => { nofile => 64 },                            # for prlimit
        env      => { LISTEN_FDS => ... },
        unready  => 1,                                           # does not wait for GET /health
    );
    $pushd->port; $pushd->unix; $pushd->handoff; $pushd->pid; $pushd->log; $pushd->is_alive;
    my $answer  = $pushd->get('/health');                        # over the Unix socket: a FlixIM::Test::Answer
    my $metrics = $pushd->metrics;                               # { joins_total => 5, ... }
    $pushd->wait_for('two joins', sub { $pushd->metrics->{joins_total} == 2 });
    $pushd->configure(idle_time => '1s'); $pushd->reload;        # SIGHUP, and waits for the log to say so
    $pushd->stop;                # TERM: dies unless it ends with status 0
    $pushd->restart;             # stop, then start with the same port
    $pushd->kill;                # KILL, waits
    $pushd->up;                  # start again after stop or kill
    $pushd->faults;              # lines of its log that are errors, or a sanitizer's

$FLIXIM_BUILD names the folder that it was built in; $FLIXIM_PUSHD_WRAPPER, if set, a command to run it
under (valgrind and its options), whose name the log keeps. All of it is stopped and removed at END; then
whatever a sanitizer reported has failed the test.

=cut

my %alive;      # daemons to stop and remove, by folder
my @reports;    # of sanitizers, from those that are gone

sub start {
    my ($class, %option) = @_;
    # Short: a path of a Unix socket holds 107 bytes.
    my $dir = File::Temp::tempdir('fxp-XXXXXXXX', DIR => '/tmp');
    chmod 0755, $dir or die "chmod: $!";
    make_path("$dir/reports");
    my $self = bless { dir => $dir, owner => $$, option => \%option, port => $option{port} // free_port() }, $class;
    $alive{$dir} = $self;
    $self->configure;
    $self->up;
    return $self;
}

sub port { return $_[0]{port} }
sub unix { return "$_[0]{dir}/pushd.sock" }
sub handoff { return "$_[0]{dir}/handoff.sock" }
sub dir  { return $_[0]{dir} }
sub pid  { return $_[0]{pid} }
sub conf { return "$_[0]{dir}/pushd.conf" }
sub log  { return _slurp("$_[0]{dir}/log") }    ## no critic (ProhibitBuiltinHomonyms)

# Writes the file of settings anew, with these in place of what they were.
sub configure {
    my ($self, %changed) = @_;
    my $option = $self->{option};
    my $api = $option->{api};
    my $cluster = $option->{cluster} // ($api && $api->cluster);
    $self->{settings} //= {
        listen_unix => $self->unix,
        listen_handoff => $self->handoff,
        listen_tcp  => "127.0.0.1:$self->{port}",
        drain_time  => '200ms',
        allow_origins => undef,
        ($cluster ? (database => $cluster->conninfo(user => 'flixim_httpd')) : ()),
        ($api ? (token_key_file => $api->secret_file) : ()),
        %{ $option->{settings} // {} },
    };
    my %setting = %{ $self->{settings} } = (%{ $self->{settings} }, %changed);
    my $text = join '', map { "$_ = $setting{$_}\n" } grep { defined $setting{$_} } sort keys %setting;
    open my $file, '>', $self->conf or die "pushd.conf: $!";
    print {$file} $text or die "pushd.conf: $!";
    close $file or die "pushd.conf: $!";
    return $self;
}

# Starts it (again), and waits until it is healthy.
sub up {
    my ($self) = @_;
    my $option = $self->{option};
    my $build = $ENV{FLIXIM_BUILD} or die "FLIXIM_BUILD must name the folder that make was run in\n";
    my @command = (qw(setpriv --pdeathsig KILL), _limits(%{ $option->{limit} // {} }), split(' ', $ENV{FLIXIM_PUSHD_WRAPPER} // ''),
        "$build/flixim-pushd", '--config=' . $self->conf, @{ $option->{flags} // [] });
    my $pid = fork // die "fork: $!";
    if ($pid == 0) { $self->_become(@command) }
    $self->{pid} = $pid;
    $self->wait_for('it is healthy', sub { $self->is_healthy }, $ENV{FLIXIM_PUSHD_WRAPPER} ? 60 : 20) if !$option->{unready};
    # As its unit has it: httpd's user is in the socket's group.
    chown 0, scalar(getgrnam 'www-data'), $self->handoff if $> == 0 && -S $self->handoff;
    return $self;
}

sub _limits {
    my %limit = @_;
    return %limit ? ('prlimit', (map {"--$_=$limit{$_}"} sort keys %limit), '--') : ();
}

# In the child: the daemon.
sub _become {
    my ($self, @command) = @_;
    my $dir = $self->{dir};
    setpgrp;
    my $options = "abort_on_error=0:exitcode=99:log_path=$dir/reports/of";
    local $ENV{ASAN_OPTIONS}  = "$options:detect_leaks=1";
    local $ENV{UBSAN_OPTIONS} = "$options:print_stacktrace=1:halt_on_error=1";
    local @ENV{ keys %{ $self->{option}{env} // {} } } = values %{ $self->{option}{env} // {} };
    delete local $ENV{JOURNAL_STREAM};
    open STDIN,  '<',  '/dev/null' or POSIX::_exit(126);
    open STDOUT, '>>', "$dir/log"  or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT    or POSIX::_exit(126);
    exec { $command[0] } @command or POSIX::_exit(127);
}

# Waits until CONDITION holds; dies with the log if that takes over ten seconds, or as many as are given, or it has ended.
sub wait_for {
    my ($self, $what, $condition, $seconds) = @_;
    my $until = time + ($seconds // 10);
    while (time < $until) {
        return 1 if $condition->();
        die "flixim-pushd has ended ($self->{status}): $what\n" . $self->log if $self->{pid} && !$self->is_alive;
        sleep 0.02;
    }
    die "flixim-pushd: not reached in time: $what\n" . $self->log;
}

# Whether it runs. Its status, as a shell has it, is kept.
sub is_alive {
    my ($self) = @_;
    return 0 if !$self->{pid};
    return 1 if waitpid($self->{pid}, POSIX::WNOHANG()) != $self->{pid};
    $self->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    $self->{pid} = undef;
    return 0;
}

sub status { return $_[0]{status} }

sub is_healthy {
    my ($self) = @_;
    return -S $self->unix && eval { $self->get('/health')->status == 200 };
}

# A request over the Unix socket, over a connection of its own.
sub get {
    my ($self, $path, @headers) = @_;
    my $wire = FlixIM::Test::Wire->new($self->unix);
    $wire->send(join("\r\n", "GET $path HTTP/1.1", 'Host: localhost', @headers, 'Connection: close') . "\r\n\r\n");
    return $wire->answer // die "no answer to GET $path\n";
}

# What it counts, by name without the prefix.
sub metrics {
    my ($self) = @_;
    return { $self->get('/metrics')->body =~ /^flixim_pushd_(\w+) (\S+)$/mg };
}

# Waits for a metric to be VALUE, or to be what a function says.
sub wait_metric {
    my ($self, $name, $value) = @_;
    my $is_reached = ref $value ? $value : sub { $_[0] == $value };
    return $self->wait_for("$name", sub { $is_reached->($self->metrics->{$name}) });
}

sub reload {
    my ($self) = @_;
    my $length = length $self->log;
    kill 'HUP', $self->{pid};
    return $self->wait_for('it says that it has reloaded', sub { substr($self->log, $length) =~ /reload|settings/i });
}

# Waits for the end that was asked for; kills it if none comes.
sub wait_end {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // 20);
    while (time < $until) {
        return $self->{status} if !$self->is_alive;
        sleep 0.02;
    }
    my $log = $self->log;
    $self->kill;
    die "flixim-pushd did not end in time\n$log";
}

sub stop {
    my ($self) = @_;
    return if !$self->is_alive;
    kill 'TERM', $self->{pid};
    my $status = $self->wait_end;
    die "flixim-pushd ended with $status\n" . $self->log if $status != 0;
    return;
}

sub kill {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self) = @_;
    return if !$self->is_alive;
    CORE::kill('KILL', $self->{pid});
    waitpid $self->{pid}, 0;
    $self->{pid} = undef;
    return;
}

sub restart {
    my ($self) = @_;
    $self->stop;
    return $self->up;
}

# What ought not to stand in its log.
sub faults {
    my ($self) = @_;
    return grep {/\b(?:error|critical|fatal)\b.*FLX\d+|^<[0-3]>|Sanitizer|runtime error:|Assertion|==\d+== (?:Invalid|Conditional|[\d,]+ bytes)/i}
        split /\n/, $self->log;
}

sub _slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/ = undef;
    return scalar <$file> // '';
}

# Stops it, keeps what sanitizers had to say, and takes everything away.
sub remove {
    my ($self) = @_;
    return if $self->{owner} != $$ || !delete $alive{ $self->{dir} };
    my $is_done = eval { $self->stop; 1 };
    my $why = $@;
    $self->kill if !$is_done;
    push @reports, $why if !$is_done;
    push @reports, $self->log =~ /^(.*(?:runtime error:|Sanitizer:).*\n)/mg, map { _slurp($_) } glob "$self->{dir}/reports/*";
    remove_tree($self->{dir}) if !$ENV{FLIXIM_KEEP};
    return;
}

END {
    my $status = $?;
    for my $pushd (values %alive) {
        eval { $pushd->remove; 1 } or warn $@;
    }
    warn @reports if @reports;
    $? = $status || @reports && 1;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
