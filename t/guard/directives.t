# SPDX-License-Identifier: Apache-2.0
# Each directive of the module is in conf/flixim.conf with syntax, context, meaning and default, and back.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(slurp);
use Test::More;

my $source = slurp('mod_flixim/directives.c');
my $manual = slurp('conf/flixim.conf');
my $members = join '', slurp('mod_flixim/config.h') =~ /#define FLIXIM_CONFIG_(?:SECTION_)?MEMBERS\(X\)(.*?)\n\n/sg;

# A directive that adds to a list sets a member in the plural.
my %list = (FlixIMAllowOrigin => 'allowed_origins');

my @directives = $source =~ /AP_INIT_\w+\(\s*"(\w+)"/g;
cmp_ok scalar @directives, '>=', 12, 'the module has directives';

for my $name (@directives) {
    my ($entry) = $manual =~ /((?:^ *#.*\n)+)^ *#\Q$name\E \S.*$/m;
    ok $entry, "$name: at its default, commented out" or next;
    like $entry, qr/^ *# Syntax:   \Q$name\E /m, "$name: its syntax";
    like $entry, qr/^ *# Context:  /m, "$name: its context";
    like $entry, qr/^ *# Meaning:  /m, "$name: its meaning";
    my $member = $list{$name} // lc(($name =~ s/^FlixIM//r) =~ s/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/_/gr);
    like $members, qr/\b\Q$member\E\b/, "$name: sets the member $member";
}

my %known = map { $_ => 1 } @directives;
for my $name (sort keys %{ { map { $_ => 1 } $manual =~ /\b(FlixIM[A-Z]\w+)/g } }) {
    ok $known{$name}, "$name: in the manual, and known to the module";
}

my @members = $members =~ /X\([\w *]+, (\w+),/g;
is scalar @members, scalar @directives, 'as many settings as directives';

done_testing;
