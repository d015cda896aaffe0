# SPDX-License-Identifier: Apache-2.0
# A build of the module whose GET /health runs the statements of t/lib/probe.c, to see how each ends.
package FlixIM::Test::Probe;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use Exporter       qw(import);
use File::Basename qw(dirname);
use File::Temp     ();

use FlixIM::Test::Build qw(run);

our @EXPORT_OK = qw(build_probe);

=head1 SYNOPSIS

    use FlixIM::Test::Probe qw(build_probe);

    build_probe();    # before FlixIM::Test::Httpd->start: $FLIXIM_BUILD is then that build
    GET '/api/v1/health?write';    # 200 done, 503 unavailable, 500 refused, 504 unknown: its message

=cut

my $dir;    # removed when the test ends

# Links the module's own objects, but for api_health, with the probe.
sub build_probe {
    my $root  = abs_path(dirname(__FILE__) . '/../../../..');
    my $build = $ENV{FLIXIM_BUILD} or die "FLIXIM_BUILD must name the folder that make was run in\n";
    $dir = File::Temp->newdir('flixim-probe-XXXXXXXX', TMPDIR => 1);
    chmod 0755, "$dir" or die "chmod: $!";
    mkdir "$dir/.libs" or die "mkdir: $!";
    my @objects  = grep { !/api_health\.o$/ } glob "$build/mod_flixim/.libs/*.o";
    my $sanitize = ($ENV{FLIXIM_PRELOAD} // '') =~ /asan/ ? '-fsanitize=address,undefined' : '';
    my $includes = join ' ', map {"-isystem `apxs -q $_`"} qw(INCLUDEDIR APR_INCLUDEDIR APU_INCLUDEDIR);
    my ($status, $output) = run("$dir",
        "gcc -std=gnu11 -g -O1 -fPIC -shared $sanitize -I'$root/mod_flixim' -I'$root/libflixim' "
            . "`apxs -q EXTRA_CPPFLAGS` $includes -o .libs/mod_flixim.so '$root/t/lib/probe.c' "
            . "@objects '$build/.libs/libflixim.a' `sed -n \"s/^LIBS = //p; s/^[A-Z]*_LIBS = //p\" '$build/Makefile' | tr '\\n' ' '`");
    die "the probe does not build: $output" if $status != 0;
    $ENV{FLIXIM_BUILD} = "$dir";
    return;
}

1;
