# SPDX-License-Identifier: Apache-2.0
# clients/js: its model against a server's books, and its connection against a server in memory.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Npm qw(tap_of);
use Test::More;

tap_of($_) for qw(model.test.mjs module.test.mjs);

done_testing;
