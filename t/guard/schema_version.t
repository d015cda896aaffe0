# SPDX-License-Identifier: Apache-2.0
# The schema version that module and daemon are built for is the number of the newest migration.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(files slurp);
use Test::More tests => 2;

my @numbers = sort { $a <=> $b } map { m{^sql/migrations/0*(\d+)_} ? $1 : () } files();
cmp_ok scalar @numbers, '>', 0, 'there are migrations';
my ($built_for) = slurp('libflixim/flx_statement.h') =~ /#define FLX_SCHEMA_VERSION (\d+)/;
is $built_for, $numbers[-1], 'FLX_SCHEMA_VERSION is the newest';
