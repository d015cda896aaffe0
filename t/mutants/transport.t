# SPDX-License-Identifier: Apache-2.0
# Whether the tests of the transport see what they are to see: a naive server does not get through, nor does flixim-wsecho with any one
# check of its sources broken (FlixIM::Test::Mutants): a unit test, the cases or the behaviours must fail. What no test can see is listed with its reason (FlixIM::Test::Unseen). Without
# FLIXIM_LONG, which ./dev test all sets, a sample; FLIXIM_MUTANTS chooses by a pattern of their names.
use strict;
use warnings FATAL => 'all';

use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Behaviours     qw(first_misbehaviour);
use FlixIM::Test::Build          qw(run);
use FlixIM::Test::Conformance    qw(jobs);
use FlixIM::Test::Echo;
use FlixIM::Test::HandshakeCases qw(handshake_cases);
use FlixIM::Test::Mutants        qw(mutants);
use FlixIM::Test::Tree           qw(root);
use FlixIM::Test::Unseen         qw(unseen unused);
use FlixIM::Test::WebSocketCases qw(frame_cases limit_cases);
use Test::More;

my @sources = (
    (map {"pushd/$_.c"} qw(websocket frames request http upgrade connection connections handoff parcel)),
    (map {"libflixim/flx_$_.c"} qw(upgrade connect request origin)),
);
# Where there is a unit test.
my %unit = (
    'pushd/request.c' => 'test_request',
    map { ("libflixim/flx_$_.c" => 'test_upgrade') } qw(upgrade connect request origin),
);
my $libraries = '-lcmocka -luv -lwslay -lhttp_parser -lssl -lcrypto -lsystemd -lpq -ljson-c -luuid -lcjose';
my $sample = $ENV{FLIXIM_LONG} ? undef : 8;
my $build  = $ENV{FLIXIM_BUILD} or die "FLIXIM_BUILD must name the folder that make was run in\n";
my $dir    = File::Temp->newdir('flixim-mutants-XXXXXXXX', TMPDIR => 1);

# The largest that the cases of frames need, and those of limits can do with.
my %limit = (frame_size => 1_048_576, fragments => 2500);
my @flags = map { tr{_}{-}r } map {"--$_=$limit{$_}"} sort keys %limit;

# All cases in one write first: what can be seen is mostly seen there.
my @frames     = jobs(frame_cases(), limit_cases(%limit));
my @handshakes = jobs(handshake_cases());
my @quick = grep { $_->{way} eq 'in one write' } @frames;
my @rest  = grep { $_->{way} ne 'in one write' } @frames;

my $naive = FlixIM::Test::Echo->start(program => "$Bin/naive", seconds => 10);
my @failures = FlixIM::Test::Conformance::run(port => $naive->port, jobs => [ grep { $_->{name} !~ /^UTF8/ } @quick ], patience => 2);
cmp_ok scalar @failures, '>', 200, 'a naive server fails ' . @failures . ' cases';
$naive->kill;

is first_failure([ program => "$build/flixim-wsecho" ], \@quick, \@handshakes, \@rest), undef, 'ours fails none';

my @mutants;
for my $source (@sources) {
    my @made = mutants($source);
    cmp_ok scalar @made, '>', 0, "$source: there are mutants";
    push @mutants, @made;
}
my @seen = grep { !defined unseen($_) } @mutants;
is join("\n", unused()), '', 'what is said of those that nobody sees is said of some';
diag sprintf '%d mutants, %d of which change nothing that can be seen', scalar @mutants, @mutants - @seen;
@seen = map { $seen[ int(($_ + 0.5) * @seen / $sample) ] } 0 .. $sample - 1 if $sample;
@seen = grep { $_->{name} =~ /$ENV{FLIXIM_MUTANTS}/ } @mutants if defined $ENV{FLIXIM_MUTANTS};

my $caught = 0;
for my $mutant (@seen) {
    my $program = build($mutant) // next;
    my $first = unit_failure($mutant)
        // first_failure([ program => $program, is_faulty => 1 ], $mutant->{file} =~ /websocket|frames|connection/ ? (\@quick, \@handshakes, \@rest) : (\@handshakes, \@quick));
    $caught++ if defined $first;
    ok defined $first, "$mutant->{name}: " . ($first // 'nothing sees it') =~ s/\n.*//sr;
}
diag sprintf '%d of %d caught', $caught, scalar @seen;

done_testing;

# The echo with that one source: the program, or undef (and a failed test) if it does not compile.
sub build {
    my ($mutant) = @_;
    my ($room) = split m{/}, $mutant->{file};
    open my $file, '>', "$dir/mutant.c" or die "mutant.c: $!";
    print {$file} $mutant->{text} or die "mutant.c: $!";
    close $file or die "mutant.c: $!";
    my $root = root();
    my ($status, $output) = run($dir,
        "gcc -std=gnu11 -O1 -g -w -fsanitize=address -D_GNU_SOURCE -iquote $root/$room -I$root/libflixim -iquote $root/pushd -c mutant.c -o mutant.o 2>&1 && "
            . "gcc -fsanitize=address -o mutant mutant.o $build/pushd/flixim_wsecho-wsecho.o $build/.libs/libpushd.a $build/.libs/libflixim.a "
            . "$libraries 2>&1");
    is $status, 0, "$mutant->{name} compiles" or diag $output;
    return $status == 0 ? "$dir/mutant" : undef;
}

# What the unit test of a mutant's source says, if there is one: undef if it passes.
sub unit_failure {
    my ($mutant) = @_;
    my $name = $unit{ $mutant->{file} } // return;
    my $root = root();
    my ($status, $output) = run($dir,
        "gcc -std=gnu11 -w -fsanitize=address -D_GNU_SOURCE -I$root/t/unit -I$root/libflixim -iquote $root/pushd -o unit $root/t/unit/$name.c mutant.o "
            . "$build/.libs/libpushd.a $build/.libs/libflixim.a $libraries 2>&1");
    die "$name: $output" if $status != 0;
    ($status, $output) = run($dir, 'timeout 10 ./unit 2>&1');
    return if $status == 0;
    return "$name: " . ($output =~ /^not ok \d+ - (.*)/m ? $1 : "ends with $status");
}

# What a program does wrong first; undef: nothing.
sub first_failure {
    my ($echo_options, @jobs) = @_;
    my $echo = eval { FlixIM::Test::Echo->start(@$echo_options, flags => \@flags, seconds => 5) } // return "it does not start: $@";
    for my $jobs (@jobs) {
        my ($first) = FlixIM::Test::Conformance::run(port => $echo->port, jobs => $jobs, stop => 1, patience => 6);
        next if !defined $first;
        $echo->kill;
        return $first;
    }
    my $has_ended = $echo->stop;
    $echo->kill;
    return 'it does not end well' if !$has_ended;
    # Twice: what has to do with time may fail on a busy machine.
    my $why = first_misbehaviour(@$echo_options, seconds => 5);
    return defined $why ? first_misbehaviour(@$echo_options, seconds => 5) : undef;
}
