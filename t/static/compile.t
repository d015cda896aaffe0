# SPDX-License-Identifier: Apache-2.0
# The whole build without one warning: gcc, gcc's analyzer, clang, and with the sanitizers.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Build qw(configured run);
use Test::More;

# The analyzer of gcc 12 takes a pointer to a member for a leak of what it is a member of; leaks are the sanitizers' to find.
my @builds = (
    [ 'gcc',            'CC=gcc --enable-werror' ],
    [ 'gcc -O3',        'CC=gcc CFLAGS="-O3 -g" --enable-werror' ],
    [ 'gcc -fanalyzer', 'CC=gcc CFLAGS="-O1 -g -fanalyzer -Wno-analyzer-malloc-leak" --enable-werror' ],
    [ 'clang',          'CC=clang --enable-werror' ],
    [ 'sanitizers',     'CC=gcc --enable-werror --enable-sanitize' ],
    [ 'clang sanitizers', 'CC=clang --enable-werror --enable-sanitize' ],
);
plan tests => 3 * @builds;

for my $build (@builds) {
    my ($name, $arguments) = @$build;
    my $dir = configured($arguments);
    my ($status, $output) = run($dir, 'make -s -j2 V=1 2>&1');
    is $status, 0, "$name: builds" or diag grep {/error|warning|\*\*\*/i && !/^libtool:/} map {"$_\n"} split /\n/, $output;
    unlike $output, qr/warning:/, "$name: no warning";
    (undef, $output) = run($dir, 'nm -D --defined-only .libs/mod_flixim.so');
    is join(' ', grep { !/^(?:__|_init$|_fini$|_edata$|_end$)/ } $output =~ /\S+ \S (\S+)$/mg), 'flixim_module', "$name: one symbol leaves the module";
}
