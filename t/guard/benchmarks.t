# SPDX-License-Identifier: Apache-2.0
# docs/performance.md describes every benchmark of ./dev bench and every variable that they look at, and no others.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(files root slurp);
use Test::More;

my $text = slurp('docs/performance.md');
my ($benchmarks) = $text =~ /^\| benchmark \|.*\n\| --- .*\n((?:\|.*\n)+)/m;
my ($variables)  = $text =~ /^\| variable \|.*\n\| --- .*\n((?:\|.*\n)+)/m;
my @described = ($benchmarks // '') =~ /^\| `([^`]+)` \|/mg;
my @programs = map {m{^bench/([^/]+)$}} grep { -x root() . "/$_" } files();
cmp_ok scalar @programs, '>', 5, 'there are benchmarks';
is_deeply [ sort @described ], [ sort @programs ], 'each benchmark is described';

my @explained = map { /`(BENCH_\w+)/g } map { /^\|([^|]*)\|/ ? $1 : () } split /\n/, $variables // '';
my %asked = map { $_ => 1 } map { slurp($_) =~ /\$ENV\{(BENCH_\w+)\}/g } grep { m{^bench/[^/]+$|^t/lib/FlixIM/Bench} } files();
is_deeply [ sort @explained ], [ sort keys %asked ], 'and each variable';

my @links = $text =~ /\]\(([^)#]+)\)/g;
ok -e root() . "/docs/$_", "$_ is there" for grep { !/^\w+:/ } @links;
done_testing;
