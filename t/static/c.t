# SPDX-License-Identifier: Apache-2.0
# C sources as clang-format, cppcheck and clang-tidy want them, and what C files may include.
use strict;
use warnings FATAL => 'all';

use File::Temp ();
use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Build qw(run);
use FlixIM::Test::Tree  qw(files root slurp);
use Test::More;

my @rooms   = qw(mod_flixim libflixim pushd);
my @sources = grep { m{^(?:mod_flixim|libflixim|pushd|bench/load|t/unit|t/fuzz)/.*\.[ch]$} } files();
my @units   = grep {/\.c$/} @sources;
cmp_ok scalar @units, '>', 10, 'there are sources';

for my $file (@sources) {
    my ($status, $output) = run(root(), "clang-format-14 --dry-run -Werror $file");
    is $status, 0, "$file: formatted" or diag $output;
}

# Functions of at most 60 lines, lines of at most 100 columns.
for my $file (@units) {
    my ($line, $start) = (0, undef);
    my @long;
    for my $text (split /\n/, slurp($file)) {
        $line++;
        $start = $line if $text eq '{';
        push @long, $start if $text eq '}' && defined $start && $line - $start > 60;
    }
    is "@long", '', "$file: no function over 60 lines";
}

my %only = (
    'cjose/cjose.h' => [qw(libflixim/flx_keys.c pushd/signer.c)],
    'curl/curl.h'   => [qw(pushd/http_multi.h pushd/trust.c t/fuzz/fuzz_endpoint.c)],
    'json-c/json.h' => [qw(libflixim/flx_json.c t/fuzz/fuzz_json_scan.c)],
    'mod_dbd.h'     => [qw(mod_flixim/database.c)],
    # exchange sends and waits, session knows one server process, database decides; dbd_pool reads connection strings.
    'libpq-fe.h' => [qw(libflixim/flx_render.h libflixim/flx_result.h mod_flixim/canceller.c mod_flixim/database.c mod_flixim/dbd_pool.c
        mod_flixim/exchange.c mod_flixim/session.c pushd/canceller.h pushd/conninfo.c pushd/database.h pushd/notification.h pushd/pipeline.h pushd/reload.c)],
);
for my $header (sort keys %only) {
    is_deeply [ grep { slurp($_) =~ /#include ["<]\Q$header\E[">]/ } @sources ], $only{$header}, "$header is included where it belongs only";
}
for my $file (grep {m{^libflixim/}} @sources) {
    unlike slurp($file), qr/#include ["<](?:httpd|http_|apr_|uv)\w*\.h/, "$file: knows neither httpd nor libuv";
}

chomp(my $includes = `apxs -q INCLUDEDIR` . ' ' . `apxs -q APR_INCLUDEDIR` . ' ' . `pg_config --includedir`);
my @includes = split ' ', $includes;
my ($status, $output) = run(
    root(),
    'cppcheck --quiet -j 2 --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 '
        . '--suppress=missingIncludeSystem --library=posix -Ilibflixim -Ipushd -Ibench/load -It/unit -It/fuzz -D__linux__ -DAP_MODULE_DECLARE_DATA= ' . "@units"
);
is $status, 0, 'cppcheck finds nothing' or diag $output;

my $flags = join ' ', '-std=gnu11 -Ilibflixim -DLINUX -D_REENTRANT -D_GNU_SOURCE -DSYSCONFDIR=\\"/etc\\" -DPACKAGE_VERSION=\\"0\\"', map {"-isystem $_"} @includes;
# Two at a time: each takes seconds.
my $scratch = File::Temp->newdir;
# The daemon has a header that is named as one of httpd's, which the module is to find.
my $ours = '-iquote pushd -iquote bench/load -It/unit -It/fuzz';
my $each = qq{out="$scratch/\$(printf %s "\$1" | tr / _)"; case "\$1" in mod_flixim/*) ours= ;; *) ours="$ours" ;; esac; clang-tidy --quiet "\$1" -- \$ours $flags >"\$out" 2>/dev/null; echo \$? >"\$out.status"};
($status, $output) = run(root(), "printf '%s\\n' @units | xargs -P 2 -n 1 bash -c '$each' bash");
is $status, 0, 'clang-tidy can be run' or diag $output;
for my $file (@units) {
    my $result = "$scratch/" . $file =~ tr{/}{_}r;
    is text_of("$result.status"), "0\n", "$file: clang-tidy finds nothing" or diag text_of($result);
}

sub text_of {
    my ($path) = @_;
    open my $file, '<', $path or return "$path: $!";
    local $/ = undef;
    return scalar <$file> // '';
}

done_testing;
