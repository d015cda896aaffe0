# SPDX-License-Identifier: Apache-2.0
# The transport over time, as flixim-wsecho has it: what it waits for, what it keeps, how it ends.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Behaviours qw(behaviours misbehaves);
use Test::More;

for my $behaviour (behaviours()) {
    my $why = misbehaves($behaviour);
    ok !defined $why, $behaviour->[0] or diag $why;
}

done_testing;
