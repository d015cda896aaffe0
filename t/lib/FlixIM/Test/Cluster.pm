# SPDX-License-Identifier: Apache-2.0
# A private PostgreSQL cluster for the time of one test, gone when the test ends, however it ends.
package FlixIM::Test::Cluster;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use File::Path     qw(remove_tree);
use File::Temp     ();
use POSIX          ();

=head1 SYNOPSIS

    use FlixIM::Test::Cluster;

    my $cluster = FlixIM::Test::Cluster->start(
        databases => [qw(flixim other)],    # default: flixim
        fsync     => 1,                     # default: 0
        schema    => 0,                     # default: 1
        settings  => { work_mem => '8MB' },
    );
    $ENV{PGHOST} ... are set for the test and its children; so is $cluster->env.

    my $text = $cluster->psql('SELECT 1');                        # dies with psql's message
    my $text = $cluster->psql($sql, database => 'other', user => 'flixim_httpd', vars => { x => 1 });
    my ($out, $err, $status) = $cluster->try_psql($sql, ...);     # never dies
    my $dbh = $cluster->connect(database => 'other', user => ...);    # DBI, RaiseError, AutoCommit

    $cluster->restart('immediate'); $cluster->stop; $cluster->up; $cluster->pid;

    my $standby = $cluster->standby; $standby->promote;           # follows it; then is a primary

The cluster is destroyed at END and on SIGINT, SIGTERM and SIGHUP, by the process that started it.

=cut

my %alive;    # clusters to destroy, by folder

# The tool that does the work; sibling of this module's tree.
sub tool { return abs_path(dirname(__FILE__) . '/../..') . '/cluster' }

sub start {
    my ($class, %option) = @_;
    my $dir = $option{dir} // File::Temp::tempdir('flixim-test-XXXXXXXX', TMPDIR => 1);
    my $self = bless { dir => $dir, own_dir => !$option{dir}, owner => $$, option => \%option }, $class;
    $alive{$dir} = $self;
    $self->up;
    return $self;
}

# Starts the server (again), and sets the environment.
sub up {
    my ($self) = @_;
    my %option = %{ $self->{option} };
    my @arg = map { ('--database', $_) } @{ $option{databases} // ['flixim'] };
    push @arg, '--fsync', 'on' if $option{fsync};
    push @arg, '--no-schema' if exists $option{schema} && !$option{schema};
    my %setting = (shared_buffers => '64MB', %{ $option{settings} // {} });
    push @arg, '--', map { ('-c', "$_=$setting{$_}") } sort keys %setting;
    my $text = _run($self->tool, 'start', $self->{dir}, @arg);
    my %env = $text =~ /^(PG\w+)=(.*)$/mg;
    die "cluster printed no PGHOST: $text" if !$env{PGHOST};
    $self->{env} = \%env;
    @ENV{ keys %env } = values %env;
    return $self;
}

# A hot standby of it, with an object of its own.
sub standby {
    my ($self) = @_;
    my $dir = File::Temp::tempdir('flixim-test-XXXXXXXX', TMPDIR => 1);
    my $standby = bless { dir => $dir, own_dir => 1, owner => $$, option => {} }, ref $self;
    $alive{$dir} = $standby;
    my $text = _run($self->tool, 'standby', $dir, $self->{dir});
    $standby->{env} = { $text =~ /^(PG\w+)=(.*)$/mg };
    return $standby;
}

sub promote {
    my ($self) = @_;
    _run($self->tool, 'promote', $self->{dir});
    return;
}

sub dir  { return $_[0]{dir} }
sub env  { return %{ $_[0]{env} } }
sub host { return $_[0]{env}{PGHOST} }
sub data { return $_[0]{env}{PGDATA} }

# A conninfo string, as for libpq or DBDParams.
sub conninfo {
    my ($self, %option) = @_;
    return sprintf 'host=%s port=%s dbname=%s user=%s', @{ $self->{env} }{qw(PGHOST PGPORT)},
        $option{database} // $self->{env}{PGDATABASE}, $option{user} // 'postgres';
}

sub stop {
    my ($self, $mode) = @_;
    _run($self->tool, 'stop', $self->{dir}, $mode // 'fast');
    return;
}

sub restart {
    my ($self, $mode) = @_;
    _run($self->tool, 'restart', $self->{dir}, $mode // 'fast');
    return;
}

# The postmaster's process id, or undef.
sub pid {
    my ($self) = @_;
    my ($out) = capture($self->tool, 'pid', $self->{dir});
    return $out =~ /^(\d+)$/ ? $1 : undef;
}

sub try_psql {
    my ($self, $sql, %option) = @_;
    my %var = %{ $option{vars} // {} };
    local @ENV{ keys %{ $self->{env} } } = values %{ $self->{env} };
    my $file = File::Temp->new(SUFFIX => '.sql');
    binmode $file, ':utf8' if utf8::is_utf8($sql);
    print {$file} $sql or die "temporary file: $!";
    close $file or die "temporary file: $!";
    return capture(
        'psql', '-X', '-q', '-A', '-t',
        '-v', 'ON_ERROR_STOP=1',
        (map { ('-v', "$_=$var{$_}") } sort keys %var),
        '-d', $option{database} // $self->{env}{PGDATABASE},
        '-U', $option{user} // 'postgres',
        '-f', "$file"
    );
}

sub psql {
    my ($self, $sql, %option) = @_;
    my ($out, $err, $status) = $self->try_psql($sql, %option);
    die "psql: $err\nin: $sql\n" if $status != 0;
    chomp $out;
    return $out;
}

sub connect {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, %option) = @_;
    require DBI;
    return DBI->connect(
        sprintf('dbi:Pg:host=%s;port=%s;dbname=%s', @{ $self->{env} }{qw(PGHOST PGPORT)},
            $option{database} // $self->{env}{PGDATABASE}),
        $option{user} // 'postgres',
        '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 }
    );
}

sub destroy {
    my ($self) = @_;
    return if $self->{owner} != $$ || !delete $alive{ $self->{dir} };
    my (undef, $err, $status) = capture($self->tool, 'destroy', $self->{dir});
    warn "cluster destroy: $err" if $status != 0;
    remove_tree($self->{dir}) if $self->{own_dir};
    return;
}

sub _run {
    my @command = @_;
    my ($out, $err, $status) = capture(@command);
    die "@command[0, 1]: $err" if $status != 0;
    return $out;
}

# Runs a command; returns its output, its errors and its exit status (or 128 + signal).
sub capture {
    my @command = @_;
    my $out = File::Temp->new;
    my $err = File::Temp->new;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN,  '<',  '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>&', $out        or POSIX::_exit(126);
        open STDERR, '>&', $err        or POSIX::_exit(126);
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    1 while waitpid($pid, 0) == -1 && $!{EINTR};
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    local $/ = undef;
    seek $_, 0, 0 for $out, $err;
    return (scalar <$out> // '', scalar <$err> // '', $status);
}

# Runs a command; returns its exit status and all that it says.
sub capture_all {
    my @command = @_;
    my ($out, $err, $status) = capture(@command);
    return ($status, $out . $err);
}

for my $signal (qw(INT TERM HUP)) {
    $SIG{$signal} = sub { exit 128 + ($signal eq 'INT' ? 2 : $signal eq 'TERM' ? 15 : 1) }
        if !$SIG{$signal} || $SIG{$signal} eq 'DEFAULT';
}

END {
    my $status = $?;
    $_->destroy for values %alive;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
