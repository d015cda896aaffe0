# SPDX-License-Identifier: Apache-2.0
# The classic way: autoreconf, configure, make, make install with DESTDIR, make uninstall, make distcheck.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Build qw(run);
use FlixIM::Test::Dev   qw(scratch copy_of_the_tree);
use FlixIM::Test::Tree  qw(files);
use Test::More;

my $scratch = scratch();
my @files   = files();
my $tree    = copy_of_the_tree("$scratch/src");
my %place   = (prefix => '/usr', build => "$scratch/build", dest => "$scratch/dest");
mkdir $place{build} or die "mkdir: $!";

sub works {
    my ($name, $dir, $command) = @_;
    my ($status, $output) = run($dir, "{ $command; } 2>&1");
    is $status, 0, $name or diag $output;
    return $output;
}

works('autoreconf', $tree, 'autoreconf -fi');
works('configure, out of the tree', $place{build}, "$tree/configure -q --prefix=$place{prefix}");
works('make', $place{build}, 'make -s -j2');
works('make install', $place{build}, "make -s install DESTDIR=$place{dest}");
chomp(my $modules = `apxs -q LIBEXECDIR`);
ok -f "$place{dest}$modules/mod_flixim.so", 'the module is where apxs says';
ok !-e "$place{dest}$modules/mod_flixim.la", 'and alone';
ok -x "$place{dest}/usr/sbin/flixim-pushd", 'the daemon is among the system programs';
ok !glob("$place{dest}/usr/*bin/$_"), "$_ of the tests is not" for qw(flixim-wsecho flixim-load);
ok -f "$place{dest}/usr/share/doc/flixim/$_", "$_ is installed" for qw(pushd.conf flixim-pushd.service flixim-pushd@.service flixim-pushd.socket);
my $elf = works('readelf', $place{build}, 'readelf -hdlW flixim-pushd');
like $elf, qr/Type:\s+DYN.*FLAGS_1\).*(?=.*\bNOW\b)(?=.*\bPIE\b)/s, 'the daemon is position independent, and bound at once';
like $elf, qr/GNU_RELRO/, 'its tables are read-only then';
like $elf, qr/GNU_STACK .* RW /, 'its stack is not for running';
my @sql = grep { m{^sql/} && !m{^sql/t/} } @files;
cmp_ok scalar @sql, '>', 10, 'there is SQL';
is scalar(grep { !-f "$place{dest}/usr/share/flixim/$_" } @sql), 0, 'all of it is installed, in its folders';
ok !-e "$place{dest}/usr/share/flixim/sql/t", 'but not its tests';
ok -f "$place{dest}/usr/share/doc/flixim/flixim.conf", 'and the manual';
works('make uninstall', $place{build}, "make -s uninstall DESTDIR=$place{dest}");
is `find $place{dest} ! -type d`, '', 'leaves nothing';

my $missing = works('configure without apxs', $place{build}, "! $tree/configure -q --with-apxs=/nonexistent");
like $missing, qr/apxs not found: install the package apache2-dev/, 'names the package';
$missing = works('configure without libpq', $place{build}, "! PKG_CONFIG_LIBDIR=/nonexistent $tree/configure -q");
like $missing, qr/libpq not found: install the package libpq-dev/, 'names the package';

for my $case ([ 'http_parser.h', 'libhttp-parser-dev' ], [ 'wslay/wslay.h', 'libwslay-dev' ]) {
    my ($header, $package) = @$case;
    (my $variable = "ac_cv_header_$header") =~ s/\W/_/g;
    $missing = works("configure without $header", $place{build}, "! $variable=no $tree/configure -q");
    like $missing, qr/\Q$header\E not found: install the package \Q$package\E/, 'names the package';
}

# The tarball: it builds, checks, installs and cleans up; and nothing that is tracked is missing from it.
my $built = works('configure again', $place{build}, "$tree/configure -q --prefix=$place{prefix}");
works('make distcheck', $place{build}, 'FLIXIM_CHECK=guard make -s -j2 distcheck');
my ($tarball) = glob "$place{build}/flixim-*.tar.xz";
ok $tarball, 'there is a tarball';
my %in_tarball = map { s{^[^/]+/}{}r => 1 } split /\n/, `tar -tf $tarball`;
my @left_out = grep { !$in_tarball{$_} && !m{^\.ci/} } @files;
is "@left_out", '', 'nothing is missing from it';
ok $in_tarball{configure}, 'it has a configure';

done_testing;
