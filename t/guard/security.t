# SPDX-License-Identifier: Apache-2.0
# docs/security.md: each row of the threats is there, with tests that exist or a sentence that says why none.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(root slurp);
use Test::More;

my $text = slurp('docs/security.md');
my @rows = map { [ split /\s*\|\s*/, s/^\|\s*//r ] } grep { /^\| [A-HP]\d/ } split /\n/, $text;
my %row  = map { my $row = $_; map { $_ => $row } split /, /, $row->[0] } @rows;

my %last = (A => 12, C => 8, E => 13, F => 8, G => 14, P => 11);
for my $letter (sort keys %last) { ok $row{"$letter$_"}, "$letter$_ is there" for 1 .. $last{$letter} }
like $text, qr{^## H\. .*t/api/matrix\.t}ms, 'and so is H';

for my $row (@rows) {
    my ($name, undef, undef, $tests) = @$row;
    my @tests = ($tests // '') =~ /`([^`]+)`/g;
    if (@tests) {
        ok -e root() . "/$_", "$name: $_ exists" for @tests;
    }
    else {
        ok length join('', @$row[ 2, 3 ]) > 5, "$name: why there is no test";
    }
}
ok -e root() . "/$_", "$_ exists" for $text =~ m{`((?:t|sql)/[\w./]+\.\w+)`}g;

done_testing;
