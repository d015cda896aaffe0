# SPDX-License-Identifier: Apache-2.0
# Runs ./dev for tests of ./dev: copies of the tree in odd places, states, ports, and their end.
package FlixIM::Test::Dev;

use strict;
use warnings FATAL => 'all';

use Cwd              qw(abs_path);
use Exporter         qw(import);
use File::Basename   qw(dirname);
use File::Path       qw(make_path);
use File::Temp       ();
use IO::Socket::INET ();
use POSIX            ();
use Time::HiRes      qw(time sleep);

use FlixIM::Test::Cluster;
use FlixIM::Test::Tree qw(files root);
use FlixIM::Test::Port qw(free_port);

our @EXPORT_OK = qw(scratch copy_of_the_tree dev dev_in_background free_port health processes_of wait_until);

my $scratch;
my @started;    # [folder of the tree, state] to stop at the end

# A folder for this test.
sub scratch {
    if (!$scratch) {
        $scratch = File::Temp::tempdir('flixim-dev-XXXXXXXX', TMPDIR => 1);
        chmod 0755, $scratch or die "chmod: $!";
    }
    return $scratch;
}

# Copies what a clone would hold to a folder.
sub copy_of_the_tree {
    my ($to) = @_;
    make_path($to);
    my $list = File::Temp->new;
    print {$list} map {"$_\0"} files(), 'README' or die "list: $!";
    close $list or die "list: $!";
    my ($status, $output) = FlixIM::Test::Cluster::capture_all('bash', '-c',
        "tar -C '" . root() . "' --null --files-from='$list' -cf - | tar -C '$to' -xf -");
    die "copy to $to: $output" if $status != 0;
    return $to;
}

# Runs ./dev of a copy: exit status, standard output, errors.
sub dev {
    my ($tree, @arg) = @_;
    remember($tree, @arg);
    my ($out, $err, $status) = FlixIM::Test::Cluster::capture("$tree/dev", @arg);
    return ($status, $out, $err);
}

# Starts ./dev of a copy and goes on: its process id; its output goes to a file.
sub dev_in_background {
    my ($tree, $file, @arg) = @_;
    remember($tree, @arg);
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        POSIX::setsid();
        open STDIN,  '<',  '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>',  $file       or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT    or POSIX::_exit(126);
        exec { "$tree/dev" } "$tree/dev", @arg or POSIX::_exit(127);
    }
    return $pid;
}

sub remember {
    my ($tree, @arg) = @_;
    return if $arg[0] ne 'run';
    my ($state) = "@arg" =~ /--state (\S+)/;
    push @started, [ $tree, $state // "$tree/var" ];
    return;
}

# The status of GET /api/v1/health on a port, 0 if nobody answers.
sub health {
    my ($port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or return 0;
    print {$socket} "GET /api/v1/health HTTP/1.0\r\n\r\n";
    my $answer = do { local $/ = undef; <$socket> // '' };
    return $answer =~ m{^HTTP/1\.1 (\d+)} ? $1 : 0;
}

# The processes that have a path among their arguments.
sub processes_of {
    my ($path) = @_;
    my @pids;
    for my $proc (glob '/proc/[0-9]*') {
        open my $file, '<', "$proc/cmdline" or next;
        my $line = do { local $/ = undef; <$file> // '' };
        push @pids, $proc =~ /(\d+)/ if $line =~ m{^[^\0]*(?:postgres|apache2|flixim-pushd)\0.*\Q$path\E}s;
    }
    return @pids;
}

sub wait_until {
    my ($seconds, $condition) = @_;
    my $end = time + $seconds;
    while (time < $end) {
        return 1 if $condition->();
        sleep 0.1;
    }
    return 0;
}

END {
    my $status = $?;
    for my $run (@started) {
        my ($tree, $state) = @$run;
        next if !-e "$state/.flixim-state";
        FlixIM::Test::Cluster::capture("$tree/dev", 'stop', '--state', $state);
        FlixIM::Test::Cluster::capture("$tree/t/lib/cluster", 'destroy', $state);
        FlixIM::Test::Cluster::capture('bash', '-c', ". '$tree/t/lib/place.sh' && place_remove '$state' httpd && place_remove '$state' pushd");
    }
    if ($scratch) {
        system 'chmod', '-R', 'u+rwx', $scratch;
        system 'rm', '-rf', $scratch;
    }
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
