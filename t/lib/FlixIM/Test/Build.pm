# SPDX-License-Identifier: Apache-2.0
# Builds of the sources for tests, each in a folder of its own, out of the tree.
package FlixIM::Test::Build;

use strict;
use warnings FATAL => 'all';

use Cwd        qw(abs_path);
use Exporter   qw(import);
use File::Temp ();

use FlixIM::Test::Cluster;

our @EXPORT_OK = qw(source run configured);

# The copy of the sources that ./dev has made, with its configure.
sub source {
    my $source = abs_path(($ENV{FLIXIM_BUILD} // '.') . '/../src');
    die "no configured sources beside \$FLIXIM_BUILD: run this by ./dev test\n" if !$source || !-x "$source/configure";
    return $source;
}

# Runs a shell command in a folder: its exit status and all it says.
sub run {
    my ($dir, $command) = @_;
    return FlixIM::Test::Cluster::capture_all('bash', '-c', "cd '$dir' && $command");
}

# A fresh build folder, configured with the arguments given; removed at the end of the test.
sub configured {
    my ($arguments) = @_;
    my $dir = File::Temp->newdir('flixim-build-XXXXXXXX', TMPDIR => 1);
    chmod 0755, "$dir" or die "chmod: $!";    # for httpd's user, whose sanitizers look names up in what was built
    my ($status, $output) = run($dir, source() . "/configure -q $arguments");
    die "configure $arguments: $output" if $status != 0;
    return $dir;
}

1;
