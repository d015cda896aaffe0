# SPDX-License-Identifier: Apache-2.0
# Shell, Perl and JavaScript: shellcheck finds nothing, and everything compiles without a warning.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Build qw(run);
use FlixIM::Test::Tree  qw(files root scripts);
use Test::More;

my @shell = scripts('(?:ba)?sh', qr/\.sh$/);
cmp_ok scalar @shell, '>=', 3, 'there are shell scripts';
for my $file (@shell) {
    my ($status, $output) = run(root(), "shellcheck --external-sources --source-path=. $file");
    is $status, 0, "$file: shellcheck finds nothing" or diag $output;
}

my @perl = scripts('perl', qr/\.(?:t|pm|pl)$/);
cmp_ok scalar @perl, '>', 10, 'there are Perl files';
for my $file (@perl) {
    my ($status, $output) = run(root(), "perl -It/lib -wc $file");
    is $status, 0, "$file: compiles" or diag $output;
    unlike $output, qr/(?<!syntax OK)\n(?!\z)/, "$file: without a warning" or diag $output;
}

my @javascript = scripts('node', qr/\.js$/);
cmp_ok scalar @javascript, '>=', 3, 'there is JavaScript';
for my $file (@javascript) {
    my ($status, $output) = run(root(), "node --check $file");
    is $status, 0, "$file: compiles" or diag $output;
}

done_testing;
