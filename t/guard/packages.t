# SPDX-License-Identifier: Apache-2.0
# Each Debian package that ./dev installs, or a benchmark takes apart, is justified in the README's table of dependencies, and back.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(slurp);
use Test::More;

my @packages = map { split ' ' } slurp('dev') =~ /^\w+_packages=\(([^)]*)\)/mg;
cmp_ok scalar @packages, '>', 10, 'there are packages';
my ($apart) = slurp('t/lib/FlixIM/Bench/Nchan.pm') =~ /^our \@packages = qw\(([^)]*)\)/m;
push @packages, split ' ', $apart;
my %in_dev = map { $_ => 1 } @packages;

my ($table) = slurp('README.md') =~ /^## Dependencies\n(.*?)^## /ms;
ok $table, 'the README has a table';
my %in_readme = map { $_ => 1 } map { /`([^`]+)`/g } map { /^\|([^|]*)\|/ ? $1 : () } split /\n/, $table // '';

ok $in_readme{$_}, "$_ is in the README" for sort keys %in_dev;
ok $in_dev{$_}, "$_ is installed by ./dev, or taken apart" for sort keys %in_readme;

done_testing;
