# SPDX-License-Identifier: Apache-2.0
# The npm packages of t/clients, installed once for all tests of a run; and Node's tests as Perl sees them.
package FlixIM::Test::Npm;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use Fcntl          qw(:flock);
use File::Basename qw(dirname);
use File::Copy     qw(copy);
use File::Path     qw(make_path remove_tree);
use File::Spec     ();
use File::Temp     ();

use Exporter qw(import);
our @EXPORT_OK = qw(clients node_modules run_node tap_of);

=head1 SYNOPSIS

    use FlixIM::Test::Npm qw(clients node_modules run_node tap_of);

    my $folder = clients();         # t/clients, js and page of clients/, and node_modules beside them
    my $path   = node_modules();    # its node_modules
    run_node($file, @arguments);    # exec: a Node program below $folder, in place of this test
    tap_of($file);                  # each test of a file of Node's own test runner as one of Test::More

The folder is a copy: modules find their packages as in any project, and the tree stays clean. It is below
$FLIXIM_SHARED, which t/run makes for a run and takes away; a test that runs alone takes its own away.

=cut

my $root = abs_path(dirname(abs_path(__FILE__)) . '/../../../..');
my $own;    # a folder of this test alone, to remove

sub clients {
    my $base = $ENV{FLIXIM_SHARED} // ($own //= File::Temp->newdir('flixim-t-XXXXXXXX', TMPDIR => 1));
    my $folder = "$base/npm";
    make_path($folder);
    open my $lock, '>>', "$folder/lock" or die "$folder/lock: $!";
    flock $lock, LOCK_EX or die "flock: $!";
    if (!-e "$folder/ready") {
        _copy($folder);
        install("$folder/t/clients");
        open my $ready, '>', "$folder/ready" or die "$folder/ready: $!";
        close $ready or die "close: $!";
    }
    close $lock or die "close: $!";
    return "$folder/t/clients";
}

sub node_modules { return clients() . '/node_modules' }

sub _copy {
    my ($folder) = @_;
    remove_tree("$folder/t", "$folder/clients");
    make_path("$folder/t");
    for my $part (qw(t/clients clients)) {
        system('cp', '-R', "$root/$part", "$folder/$part") == 0 or die "cp $part: status $?\n";
    }
    # What a developer may have installed there is none of ours.
    my $theirs = "$folder/t/clients/node_modules";
    -l $theirs ? unlink $theirs : remove_tree($theirs);
    return;
}

# The packages of the lock file in FOLDER. A registry may have a bad moment: three tries.
sub install {
    my ($folder) = @_;
    my $log = "$folder/npm.log";
    for my $try (1 .. 3) {
        my $status = system("cd '$folder' && npm ci --ignore-scripts --no-audit --no-fund --loglevel=http >'$log' 2>&1");
        return if $status == 0;
        sleep 2 * $try;
    }
    open my $file, '<', $log or die "npm ci failed, without a log\n";
    local $/ = undef;
    die "npm ci failed in $folder:\n" . <$file>;
}

sub run_node {
    my ($file, @arguments) = @_;
    exec 'node', clients() . "/$file", @arguments or die "node: $!";
}

# Needs a plan or done_testing of the caller's.
sub tap_of {
    my ($file) = @_;
    require Test::More;
    my $folder = clients();
    open my $output, '-|', 'node', '--test-reporter=tap', "$folder/$file" or die "node: $!";
    my ($count, @lines) = (0);
    while (my $line = <$output>) {
        push @lines, $line;
        next if $line !~ /^(not )?ok \d+ - (.*)$/;
        my ($is_bad, $name) = ($1, $2);
        $count++;
        # Node skips and excuses with directives as well; neither is a pass here.
        Test::More::ok(!$is_bad && $name !~ /# (?:SKIP|TODO)/i, $name);
    }
    my $is_fine = close $output;
    Test::More::ok($is_fine, "$file: Node ends with status 0");
    Test::More::cmp_ok($count, '>', 0, "$file: there are tests");
    Test::More::diag(@lines) if !$is_fine;
    return;
}

END { $own = undef }

1;
