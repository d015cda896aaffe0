# SPDX-License-Identifier: Apache-2.0
# Each parser of outside bytes under its fuzzer: the corpus again, what of the parser it covers, and new inputs for some seconds.
use strict;
use warnings FATAL => 'all';

use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Build qw(run);
use FlixIM::Test::Tree  qw(root slurp);
use Test::More;

# What a target is for, where that is not the file of libflixim that it is named after.
my %parser = (
    answers      => ['pushd/provider_answer.c'],
    cipher       => ['pushd/web_push_cipher.c'],
    endpoint     => ['pushd/web_push_endpoint.c'],
    handoffs     => [ map {"pushd/$_.c"} qw(handoff parcel) ],
    notification => ['pushd/notification_text.c'],
    request      => ['pushd/request.c'],
    serializer   => ['pushd/serializer.c'],
    settings     => [ map {"pushd/settings$_.c"} '', '_table', '_value' ],
    socket       => [ map {"pushd/$_.c"} qw(socket channel join) ],
    subscription => [ map {"pushd/$_.c"} qw(subscription catch_up reach) ],
    upgrade      => [ map {"libflixim/flx_$_.c"} qw(upgrade connect request origin) ],
    websocket    => [ map {"pushd/$_.c"} qw(websocket frames) ],
);

# target => what it needs beside that, and libraries
my @keys   = qw(flx_keys.c flx_base64url.c flx_json_scan.c flx_hex.c flx_utf8.c -lcjose -lcrypto);
my @libpq  = ('-isystem $(pg_config --includedir)', '-lpq');
my %target = (
    answers      => [ map {"flx_$_.c"} qw(hex json_scan utf8) ],
    base64url    => [],
    cipher       => [qw(flx_buffer.c -lcrypto)],
    client_hello => [],
    endpoint     => ['-lcurl'],
    form         => [ map({ "flx_$_.c" } qw(hex json json_scan query time utf8 uuid)), '-ljson-c', '-luuid' ],
    handoff      => ['flx_buffer.c'],
    handoffs     => [ map({"flx_$_.c"} qw(buffer handoff)), 'block.c', '-D_GNU_SOURCE', '-luv' ],
    json_scan    => [qw(flx_hex.c flx_utf8.c -ljson-c)],
    jwks         => \@keys,
    language     => [],
    notification => [ map {"flx_$_.c"} qw(hex json_scan utf8) ],
    query        => [qw(flx_hex.c flx_utf8.c)],
    request      => [ map({"flx_$_.c"} qw(buffer request)), '-lhttp_parser' ],
    serializer   => [ map {"flx_$_.c"} qw(buffer hex json_scan utf8) ],
    settings     => [],
    socket       => [
        root() . '/libflixim/*.c', @libpq, qw(-luuid -ljson-c -lcjose -lcrypto),
        map({"$_.c"} qw(block catch_up deadline event identity payload pushes reach reply serializer subscription user_limits users)),
        map({"event_$_.c"} qw(conversations history read send sync withdraw)),
    ],
    subscription => [ qw(flx_result.c flx_time.c block.c users.c), @libpq ],
    time         => [],
    token        => [ qw(flx_jwks.c flx_buffer.c flx_uuid.c), @keys, '-luuid' ],
    url_token    => ['flx_hex.c'],
    upgrade      => [ map({"flx_$_.c"} qw(buffer hex query utf8)), '-lcrypto' ],
    uuid         => [qw(flx_hex.c -luuid)],
    websocket    => [qw(flx_buffer.c flx_utf8.c block.c -luv -lwslay)],
);
my $seconds = $ENV{FLIXIM_FUZZ_SECONDS} // ($ENV{FLIXIM_LONG} ? 60 : 3);    # 0, as make check has it: the corpus alone, without clang
my $covered = 85;                             # per cent of the parser's lines, by the corpus alone

my $before;                                   # the fuzzer of the target before, at work
for my $name (sort keys %target) {
    my $dir    = File::Temp->newdir('flixim-fuzz-XXXXXXXX', TMPDIR => 1);
    my @inputs = unpack_corpus($name, $dir);
    cmp_ok scalar @inputs, '>', 20, "$name: there is a corpus";
    my @parser  = @{ $parser{$name} // ["libflixim/flx_$name.c"] };
    my @rest    = (map({ root() . "/$_" } @parser), map { /^flx_\w+\.c$/ ? root() . "/libflixim/$_" : /^\w+\.c$/ ? root() . "/pushd/$_" : $_ } @{ $target{$name} });
    my $include = join ' ', '-iquote ' . root() . '/pushd', map { '-I' . root() . "/$_" } qw(t/fuzz libflixim);

    # Beside what comes next and the next target's compilers. What the fuzzer finds goes to a folder of its own: the coverage is the corpus's alone.
    my $fuzzer = $seconds && begin($dir,
        "clang -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $include -o fuzz "
            . root() . "/t/fuzz/fuzz_$name.c @rest 2>&1 && mkdir found && ./fuzz -max_total_time=$seconds -max_len=4096 found corpus 2>&1");
    my ($status, $output) = run($dir,
        "gcc -std=gnu11 -O0 -g --coverage -fsanitize=address,undefined -fno-sanitize-recover=all $include -o replay "
            . root() . '/t/fuzz/replay.c ' . root() . "/t/fuzz/fuzz_$name.c @rest 2>&1 && ./replay corpus/*");
    is $status, 0, "$name: the corpus passes" or diag $output;
    for my $file (map {/([^\/]+)\.c$/} @parser) {
        (undef, $output) = run($dir, "gcov -n replay-$file.gcda 2>&1");
        my ($share) = $output =~ /File '\S*\b$file\.c'\nLines executed:([\d.]+)%/;
        cmp_ok $share // 0, '>=', $covered, "$name: the corpus covers $covered% of the lines of $file" or diag $output;
        diag sprintf '%s: %d inputs, %s%% of the lines of %s', $name, scalar @inputs, $share // '?', $file;
    }

    judge($before) if $before;
    $before = $fuzzer && { name => $name, dir => $dir, output => $fuzzer };
}
judge($before) if $before;

done_testing;

# Starts a command in a folder; its output is read from what this returns.
sub begin {
    my ($dir, $command) = @_;
    open my $output, '-|', 'bash', '-c', 'cd "$0" && eval "$1"', $dir, $command or die "bash: $!";
    return $output;
}

# Waits for a fuzzer.
sub judge {
    my ($fuzzer) = @_;
    my $output = do { local $/ = undef; readline $fuzzer->{output} };
    close $fuzzer->{output};
    is $?, 0, "$fuzzer->{name}: new inputs for $seconds s find nothing" or diag substr $output, -3000;
    my ($runs) = $output =~ /Done (\d+) runs/;
    cmp_ok $runs // 0, '>', 1000, "$fuzzer->{name}: that were many inputs";
    return;
}

# The corpus as files, as libFuzzer wants it.
sub unpack_corpus {
    my ($name, $dir) = @_;
    my @lines = grep { !/^#/ } split /\n/, slurp("t/fuzz/corpus/$name.hex");
    mkdir "$dir/corpus" or die "$dir/corpus: $!";
    for my $i (0 .. $#lines) {
        open my $file, '>:raw', sprintf '%s/corpus/%04d', $dir, $i or die "corpus: $!";
        print $file $lines[$i] eq '-' ? '' : pack 'H*', $lines[$i];
        close $file or die "corpus: $!";
    }
    return @lines;
}
