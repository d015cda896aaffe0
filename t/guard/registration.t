# SPDX-License-Identifier: Apache-2.0
# Every test is in a suite of t/run, every source in Makefile.am, every top-level folder in the README.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(files slurp root);
use Test::More;

my @files = files();
chdir root() or die "chdir: $!";

my %suite_of;
for my $line (split /\n/, `t/run --list`) {
    my ($suite, $pattern) = split /\t/, $line;
    $suite_of{$_} = $suite for glob $pattern;
}
my @tests = grep { m{\.t$|^sql/t/[^/]+\.sql$} } @files;
cmp_ok scalar @tests, '>', 10, 'there are tests';
ok $suite_of{$_}, "$_ is in a suite" for @tests;

my $makefile = slurp('Makefile.am');
my @sources = grep { m{^(?:libflixim|mod_flixim|pushd)/.*\.[ch]$} } @files;
cmp_ok scalar @sources, '>', 10, 'there are sources';
like $makefile, qr{\b\Q$_\E\b}, "$_ is in Makefile.am" for @sources;

my $readme = slurp('README.md');
my %top = map { m{^([^/]+)/} ? ($1 => 1) : () } @files;
cmp_ok scalar keys %top, '>', 4, 'there are folders';
like $readme, qr{`\Q$_\E/`}, "README.md names $_/" for sort keys %top;
like $readme, qr{\./dev \Q$_\E\b}, "README.md names ./dev $_" for qw(run test);
ok -e 'README', 'README is there';
is slurp('README'), $readme, 'and leads to README.md';

done_testing;
