# SPDX-License-Identifier: Apache-2.0
# The suite sanitize itself, for programs of ours: what a sanitizer finds in flixim-pushd or flixim-wsecho, at its very end too, fails the
# test that started it. A little program takes their place.
use strict;
use warnings FATAL => 'all';

use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Build qw(run);
use FlixIM::Test::Cluster;
use Test::More;

# The fault, what a test says that has started such a program, and whether the test fails then.
my @cases = (
    [ 'none',      qr/\A1\.\.1\nok 1\n\z/,                                          0 ],
    [ 'leak',      qr/ERROR: LeakSanitizer: detected memory leaks.* of 1000 byte/s, 1 ],
    [ 'overrun',   qr/ERROR: AddressSanitizer: heap-buffer-overflow/,               1 ],
    [ 'undefined', qr/runtime error: signed integer overflow/,                      1 ],
);

my $source = <<'C';
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *volatile lost;
static volatile int many = INT_MAX;

int main(void)
{
    const char *fault = getenv("FAULT");
    sigset_t signals;
    int number;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    puts("ready");
    fflush(stdout);
    sigwait(&signals, &number);
    lost = malloc(1000);
    if (strcmp(fault, "overrun") == 0) {
        lost[1000] = 1;
    }
    if (strcmp(fault, "undefined") == 0) {
        many = many + 1;
    }
    if (strcmp(fault, "leak") != 0) {
        free(lost);
    }
    lost = NULL;
    return 0;
}
C

# Tests that start it in the place of one and of the other, and end it.
my %test = (
    'flixim-wsecho' => <<'PERL',
use FlixIM::Test::Echo;
use Test::More tests => 1;
my $echo = FlixIM::Test::Echo->start;
$echo->stop;
ok 1;
PERL
    'flixim-pushd' => <<'PERL',
use FlixIM::Test::Pushd;
use Test::More tests => 1;
my $pushd = FlixIM::Test::Pushd->start(unready => 1);
$pushd->wait_for('it is ready', sub { $pushd->log =~ /ready/ });
eval { $pushd->stop };
ok 1;
PERL
);

my $dir = File::Temp->newdir('flixim-faulty-XXXXXXXX', TMPDIR => 1);
open my $file, '>', "$dir/faulty.c" or die "faulty.c: $!";
print {$file} $source or die "faulty.c: $!";
close $file or die "faulty.c: $!";
my ($built, $said) = run($dir, 'gcc -O0 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -o flixim-wsecho faulty.c 2>&1 && cp flixim-wsecho flixim-pushd');
is $built, 0, 'there is a faulty program' or diag $said;

delete $ENV{FLIXIM_PRELOAD};
$ENV{FLIXIM_BUILD} = "$dir";
for my $program (sort keys %test) {
    for my $case (@cases) {
        my ($fault, $says, $fails) = @$case;
        local $ENV{FAULT} = $fault;
        my ($status, $output) = FlixIM::Test::Cluster::capture_all($^X, '-w', "-I$Bin/../lib", '-e', $test{$program});
        is !!$status, !!$fails, "$program, $fault: the test " . ($fails ? 'fails' : 'passes') or diag $output;
        like $output, $says, "$program, $fault: and says why";
    }
}

done_testing;
