# SPDX-License-Identifier: Apache-2.0
# The unit tests of libflixim and of rooms of the daemon, each built with AddressSanitizer and UndefinedBehaviorSanitizer and run.
use strict;
use warnings FATAL => 'all';

use File::Basename qw(basename);
use File::Temp     ();
use FindBin        qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Build qw(run);
use FlixIM::Test::Tree  qw(root slurp);
use Test::More;

my @tests = sort glob root() . '/t/unit/test_*.c';
cmp_ok scalar @tests, '>', 0, 'there are unit tests';
my $dir = File::Temp->newdir('flixim-unit-XXXXXXXX', TMPDIR => 1);
chomp(my $libpq = `pg_config --includedir`);

my $flags = '-std=gnu11 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all '
    . "-I'@{[root()]}/t/unit' -I'@{[root()]}/libflixim' -iquote '@{[root()]}/pushd' -isystem $libpq";
my ($built, $said) = run($dir, "printf '%s\\n' '@{[root()]}'/libflixim/*.c | xargs -P 2 -n 4 gcc $flags -c 2>&1 && ar rcs libflixim.a ./*.o");
is $built, 0, 'libflixim builds without a warning' or BAIL_OUT($said);

for my $test (@tests) {
    my $name = basename($test, '.c');
    # Of the daemon a test names what it needs: "/* With pushd: limits.c -luv */".
    my ($with) = slurp("t/unit/$name.c") =~ m{^/\* With pushd: (.*) \*/$}m;
    my @pushd = map { /\.c$/ ? "'@{[root()]}/pushd/$_'" : $_ } split ' ', $with // '';
    my ($status, $output) = run($dir,
        "gcc $flags -o $name '$test' @pushd libflixim.a -lcmocka -lpq -luuid -ljson-c -lcjose -lcrypto 2>&1");
    is $status, 0, "$name: builds without a warning" or do { diag $output; next };
    ($status, $output) = run($dir, "./$name 2>&1");
    while ($output =~ /^((?:not )?ok) \d+ - (.*)$/mg) {
        is $1, 'ok', "$name: $2";
    }
    is $status, 0, "$name: ends well" or diag $output;
}

done_testing;
