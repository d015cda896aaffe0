# SPDX-License-Identifier: Apache-2.0
# A private flixim-wsecho, the daemon's transport without the daemon, for the time of one test.
package FlixIM::Test::Echo;

use strict;
use warnings FATAL => 'all';

use File::Path       qw(remove_tree);
use File::Temp       ();
use POSIX            ();
use Time::HiRes      qw(sleep);

use FlixIM::Test::Cluster;
use FlixIM::Test::WebSocket qw(now);
use FlixIM::Test::Port qw(free_port);

=head1 SYNOPSIS

    my $echo = FlixIM::Test::Echo->start(
        flags   => ['--frame-size=100000'],
        tls     => 1,                            # also with TLS, and a certificate of its own
        unix    => 1,                            # also on a Unix socket
        handoff => 1,                            # and takes clients that are handed over
        program => '/some/other/echo',           # default: flixim-wsecho in $FLIXIM_BUILD
        seconds => 5,                            # to start, and to end, in (60 and 30)
        is_faulty => 1,                          # a sanitizer may report what it likes: that does not fail the test
    );
    $echo->port; $echo->tls_port; $echo->certificate; $echo->unix; $echo->handoff; $echo->pid; $echo->log;
    ok $echo->stop or diag $echo->log;           # TERM: whether it ended with status 0 and no sanitizer had to say anything

Runs under $FLIXIM_PUSHD_WRAPPER, if that is set. Dies unless it says "ready" within a minute. Killed and removed at END,
when whatever a sanitizer reported has failed the test.

=cut

my %alive;
my @reports;

sub start {
    my ($class, %option) = @_;
    my $dir = File::Temp::tempdir('fxe-XXXXXXXX', DIR => '/tmp');
    chmod 0755, $dir or die "chmod: $!";
    my $self = bless { dir => $dir, owner => $$, port => free_port(), option => \%option }, $class;
    $alive{$dir} = $self;
    mkdir "$dir/reports" or die "reports: $!";
    my @flags = ('--port', $self->port, @{ $option{flags} // [] });
    push @flags, '--unix', $self->unix if $option{unix};
    push @flags, '--handoff', $self->handoff if $option{handoff};
    push @flags, $self->_tls if $option{tls};
    pipe my $reader, my $writer or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) { $self->_become($writer, @flags) }
    $self->{pid} = $pid;
    close $writer;
    $self->_wait_for_ready($reader);
    # httpd's user is in the socket's group.
    chown 0, scalar(getgrnam 'www-data'), $self->handoff if $> == 0 && -S $self->handoff;
    return $self;
}

sub port        { return $_[0]{port} }
sub tls_port    { return $_[0]{tls_port} }
sub unix        { return "$_[0]{dir}/echo.sock" }
sub handoff     { return "$_[0]{dir}/handoff.sock" }
sub certificate { return "$_[0]{dir}/certificate.pem" }
sub pid         { return $_[0]{pid} }
sub log         { return $_[0]{last_log} // _slurp("$_[0]{dir}/log") }    ## no critic (ProhibitBuiltinHomonyms)

sub _tls {
    my ($self) = @_;
    my $key = "$self->{dir}/key.pem";
    my @openssl = (qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost),
        -addext => 'subjectAltName=DNS:localhost,IP:127.0.0.1', -keyout => $key, -out => $self->certificate);
    my ($status, $output) = FlixIM::Test::Cluster::capture_all(@openssl);
    die "openssl: $output" if $status != 0;
    $self->{tls_port} = free_port();
    return ('--tls-port', $self->{tls_port}, '--certificate', $self->certificate, '--key', $key);
}

# In the child: the echo.
sub _become {
    my ($self, $writer, @flags) = @_;
    my $program = $self->{option}{program} // ($ENV{FLIXIM_BUILD} // '.') . '/flixim-wsecho';
    my $options = "abort_on_error=0:exitcode=99:log_path=$self->{dir}/reports/of";
    local $ENV{ASAN_OPTIONS}  = "$options:detect_leaks=1";
    local $ENV{UBSAN_OPTIONS} = "$options:print_stacktrace=1:halt_on_error=1";
    my @command = (qw(setpriv --pdeathsig KILL), split(' ', $ENV{FLIXIM_PUSHD_WRAPPER} // ''), $program, @flags);
    open STDIN,  '<',  '/dev/null'       or POSIX::_exit(126);
    open STDOUT, '>&', $writer           or POSIX::_exit(126);
    open STDERR, '>>', "$self->{dir}/log" or POSIX::_exit(126);
    exec { $command[0] } @command or POSIX::_exit(127);
}

sub _wait_for_ready {
    my ($self, $reader) = @_;
    my ($said, $deadline) = ('', now() + ($self->{option}{seconds} // 60));
    while ($said !~ /^ready\n/m && now() < $deadline) {
        my $set = '';
        vec($set, fileno $reader, 1) = 1;
        next if select($set, undef, undef, 1) < 1;
        last if !sysread $reader, $said, 1000, length $said;
    }
    $self->{reader} = $reader;
    die "flixim-wsecho does not start: $said\n" . $self->log if $said !~ /^ready\n/m;
    return;
}

# TERM, without waiting for the end. Told twice, while it ends, it would end as the signal's default has it.
sub tell_to_end {
    my ($self) = @_;
    $self->{is_told} = 1;
    CORE::kill 'TERM', $self->{pid};
    return;
}

# Ends it in order: whether it did, with status 0 and without reports.
sub stop {
    my ($self) = @_;
    my $pid = $self->{pid} // return 0;
    $self->tell_to_end if !$self->{is_told};
    my $deadline = now() + ($self->{option}{seconds} // 30);
    while (waitpid($pid, POSIX::WNOHANG()) != $pid) {
        return 0 if now() > $deadline;    # to be killed at END
        sleep 0.02;
    }
    my $status = $?;
    $self->{pid} = undef;
    my @said = $self->_reports;
    push @reports, @said if !$self->{option}{is_faulty};
    $self->_remove;
    return $status == 0 && !@said;
}

# Ends it without a word, if it still runs.
sub kill {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self) = @_;
    return $self->_remove;
}

# Whether it still runs.
sub is_alive {
    my ($self) = @_;
    return $self->{pid} && waitpid($self->{pid}, POSIX::WNOHANG()) == 0;
}

sub _reports {
    my ($self) = @_;
    return ($self->log =~ /^(.*(?:runtime error:|Sanitizer:).*\n)/mg, map { _slurp($_) } glob "$self->{dir}/reports/*");
}

sub _remove {
    my ($self) = @_;
    return if $self->{owner} != $$ || !delete $alive{ $self->{dir} };
    if ($self->{pid}) {
        CORE::kill 'KILL', $self->{pid};
        waitpid $self->{pid}, 0;
        push @reports, $self->_reports if !$self->{option}{is_faulty};
    }
    $self->{last_log} = $self->log;
    remove_tree($self->{dir});
    return;
}

sub _slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/ = undef;
    return scalar <$file> // '';
}

END {
    my $status = $?;
    $_->_remove for values %alive;
    warn @reports if @reports;
    $? = $status || @reports && 1;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
