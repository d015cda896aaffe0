# SPDX-License-Identifier: Apache-2.0
# What every file of the tree keeps to: licence line, one sentence, size, and no place of one machine.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(files slurp root);
use Test::More;

# Pictures are no text.
my @files = grep { !/\.png$/ } files();

# Prose, data and JSON, which has no comments, have no licence line of their own, and may be longer.
my @sources = grep { !m{\.md$|\.json$|(?:^|/)LICENSE$|^docs/|/data/} } @files;
cmp_ok scalar @sources, '>', 50, 'there are sources to look at';

for my $file (@sources) {
    my @lines = split /\n/, slurp($file), -1;
    shift @lines if @lines && $lines[0] =~ /^#!/;
    my $licence = $lines[0] // '';
    my $sentence = ($lines[1] // '') =~ s/^# shellcheck shell=bash$/$lines[2]/r;
    like $licence, qr{SPDX-License-Identifier: Apache-2\.0}, "$file: licence on the first line";
    like $sentence, qr{^(?:#|--|/\*|//|;|dnl|<!--|\.\.) ?\S.{14,}}, "$file: then one sentence on what lives here";
}

for my $file (@sources) {
    my $lines = () = slurp($file) =~ /\n/g;
    my ($limit) = $file =~ /\.h$/ ? 150 : 600;
    cmp_ok $lines, '<=', $limit, "$file: at most $limit lines";
}

for my $file (@files) {
    my $text = slurp($file);
    unlike $text, qr{(?<![\w.])/(?:home|work|Users)/[\w.]}, "$file: no folder of one machine";
    unlike $text, qr{[ \t]$}m, "$file: no blanks at line ends" if $file !~ /\.md$/;
    unlike $text, qr{\r}, "$file: no carriage returns";
    like $text, qr{(?:^|\n)\z}, "$file: ends with a line end";
}

done_testing;
