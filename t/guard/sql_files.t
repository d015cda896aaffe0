# SPDX-License-Identifier: Apache-2.0
# The files of sql/: one function each, listed and described; migrations numbered, listed and counted; tests that end as they should.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(files slurp);
use Test::More;

my @files = files();

# Functions.
my @names = map { m{^sql/functions/(\w+)\.sql$} ? $1 : () } @files;
cmp_ok scalar @names, '>', 40, 'there are functions';
my @listed = slurp('sql/functions.sql') =~ m{^\\ir functions/(\w+)\.sql$}mg;
is_deeply [ sort @listed ], [ sort @names ], 'functions.sql lists each file once';
for my $name (@names) {
    my $text = slurp("sql/functions/$name.sql");
    my ($kind) = $text =~ /\A-- SPDX-License-Identifier: Apache-2\.0\n-- (Function|Procedure): +flixim\.\Q$name\E\([^\n]*\n-- \S/;
    ok $kind, "$name: licence, what it is, and a sentence on it";
    my @made = $text =~ /^CREATE (?:OR REPLACE )?(\w+ \S+?)\(/mg;
    is_deeply \@made, [ uc($kind // '') . " flixim.$name" ], "$name: makes that and nothing else";
    like $text, qr/^CREATE OR REPLACE /m, "$name: may be made again";
    like $text, qr/^COMMENT ON (?:FUNCTION|PROCEDURE) flixim\.\Q$name\E\(/m, "$name: commented in the same file";
    unlike $text, qr/^\s*(?:GRANT|REVOKE|ALTER|DROP)\b/mi, "$name: its rights are in grants.sql";
}

# Grants name functions that exist.
my @granted = slurp('sql/grants.sql') =~ /^    flixim\.(\w+),?$/mg;
cmp_ok scalar @granted, '>', 20, 'there are grants';
my %is_function = map { $_ => 1 } @names;
ok $is_function{$_}, "grants.sql: $_ exists" for @granted;

# Migrations.
my @migrations = map { m{^sql/migrations/(\d{4}_\w+)\.sql$} ? $1 : () } @files;
cmp_ok scalar @migrations, '>', 0, 'there are migrations';
my $list = slurp('sql/migrations.sql');
my $number = 0;
for my $migration (sort @migrations) {
    $number++;
    my ($digits, $name) = $migration =~ /^(\d+)_(\w+)$/;
    is $digits + 0, $number, "$migration: no number is left out";
    my $step = "SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = $number) AS is_pending \\gset\n"
        . "\\if :is_pending\n    \\ir migrations/$migration.sql\n"
        . "    INSERT INTO flixim.migrations (version, name) VALUES ($number, '$name');\n\\endif\n";
    is scalar(() = $list =~ /\Q$step\E/g), 1, "$migration: applied once, under its own number and name";
}
is scalar(() = $list =~ /^\s*\\ir /mg), $number, 'migrations.sql applies nothing else';
like $list, qr/^\\set newest_version $number$/m, 'newest_version is the last';

# Tests.
my @tests = grep { m{^sql/t/\w+\.sql$} } @files;
cmp_ok scalar @tests, '>', 20, 'there are tests';
like slurp('sql/t/lib/end.sql'), qr/flixim\.check_invariants\(\).*SELECT finish\(\);\nROLLBACK;\n\z/s, 'lib/end.sql checks the invariants';
for my $test (@tests) {
    like slurp($test), qr{\n\\ir lib/end\.sql\n\z|flixim\.check_invariants\(\)[^\n]*\nSELECT finish\(\);\n\z}, "$test: ends with the invariants";
}

done_testing;
