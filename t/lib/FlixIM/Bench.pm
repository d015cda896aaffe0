# SPDX-License-Identifier: Apache-2.0
# What all benchmarks have in common: how long and how often, rounds in turn with their medians, what others used meanwhile, the lines of ratios.
package FlixIM::Bench;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use Exporter       qw(import);
use File::Basename qw(dirname);
use JSON::PP       ();

our @EXPORT_OK = qw(root median medians rounds ratio_line others_line say_json slurp spew);

=head1 SYNOPSIS

    our $seconds, $rounds;                                   # BENCH_SECONDS, BENCH_ROUNDS

    my $medians = medians(rounds({                           # the parts take turns within a round, back and forth, so that
        floor  => sub { return { rate => ... } },            # a noisy moment of the machine meets all of them
        flixim => sub { my ($seconds) = @_; ... },
    }));                                                     # { floor => { rate => ... }, flixim => ... }
    my $ratio = ratio_line('Flix IM of the floor', $one, $other, $target);    # prints it, returns the ratio
    say_json(chat => { ... });                               # the last line of each benchmark

    BENCH_PARTS='flixim floor'                               # which parts to run; default: all

=cut

our $seconds = $ENV{BENCH_SECONDS} // 5;
our $rounds  = $ENV{BENCH_ROUNDS}  // 5;

my $root = abs_path(dirname(__FILE__) . '/../../..');

sub root { return $root }

# Is this part wanted?
sub wants {
    my ($name) = @_;
    return 1 if !defined $ENV{BENCH_PARTS};
    return scalar grep { $_ eq $name } split ' ', $ENV{BENCH_PARTS};
}

# Runs each of the parts once to warm it, then in each round: what it returned, by part, figure and round.
sub rounds {
    my ($part) = @_;
    $part->{$_}->($seconds) for sort keys %{$part};
    my %got;
    for my $number (1 .. $rounds) {
        for my $name (sort { ($a cmp $b) * ($number % 2 ? 1 : -1) } keys %{$part}) {
            my $figures = $part->{$name}->($seconds);
            push @{ $got{$name}{$_} }, $figures->{$_} for keys %{$figures};
            print '.';
            STDOUT->flush;
        }
    }
    print "\n";
    return \%got;
}

sub medians {
    my ($got) = @_;
    my %result;
    for my $name (keys %{$got}) {
        $result{$name} = { map { ($_ => sprintf('%.3f', median(@{ $got->{$name}{$_} })) + 0) } keys %{ $got->{$name} } };
    }
    return \%result;
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return $sorted[ $#sorted / 2 ];
}

sub ratio_line {
    my ($label, $one, $other, $target) = @_;
    if (!$other) {    # too short a run
        print "$label: no figure\n";
        return;
    }
    my $ratio = $one / $other;
    printf "%-56s %.2f", $label, $ratio;
    printf ' (target %.2f: %s)', $target, $ratio >= $target ? 'reached' : 'missed' if defined $target;
    print "\n";
    return sprintf('%.3f', $ratio) + 0;
}

# Says how many processors other processes used meanwhile, at most: see FlixIM::Bench::Processor.
sub others_line {
    my ($most) = sort { $b <=> $a } @_;
    printf "Other processes used up to %.2f processors meanwhile%s\n", $most,
        $most > 0.2 ? ': the machine was not ours, and the ratios are not to be believed' : '';
    return;
}

sub say_json {
    my ($name, $result) = @_;
    print JSON::PP->new->canonical->encode({ bench => $name, %{$result} }), "\n";
    return;
}

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/ = undef;
    return scalar <$file> // '';
}

sub spew {
    my ($path, @text) = @_;
    open my $file, '>', $path or die "$path: $!";
    print {$file} @text or die "$path: $!";
    close $file or die "$path: $!";
    return $path;
}

1;
