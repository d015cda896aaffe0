# SPDX-License-Identifier: Apache-2.0
# Each log line of ours has a tag, and each tag is one place.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(files slurp);
use Test::More;

my (%places, $lines);
for my $file (grep {m{^(?:mod_flixim|pushd)/.*\.c$}} files()) {
    my $text = slurp($file);
    push @{ $places{$_} }, $file for $text =~ /"(FLX\d{4}): /g;
    for my $call ($text =~ /\bap_log_\w*error\(APLOG_MARK,(.*?)\);/gs) {
        $lines++;
        like $call, qr/"FLX0\d{3}: /, "$file: " . ($call =~ /"(.{0,50})/ ? $1 : 'a line');
    }
    for my $call ($text =~ /\bpush_log\(PUSH_LOG_\w+,(.*?)\);/gs) {
        $lines++;
        like $call, qr/"FLX1\d{3}: /, "$file: " . ($call =~ /"(.{0,50})/ ? $1 : 'a line');
    }
}
cmp_ok $lines, '>', 10, 'there are log lines';
is "@{ $places{$_} }", $places{$_}[0], "$_ is in one place" for sort keys %places;

done_testing;
