# SPDX-License-Identifier: Apache-2.0
# Each spec of this folder: every order of its sessions' statements that can happen keeps the rules (and controls show that
# one that does not is found).
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib $Bin, "$Bin/../../../t/lib";
use File::Basename qw(basename);
use FlixIM::Test::Cluster;
use Isolation;
use Test::More;
use Time::HiRes qw(time);

my $shown = 2;    # orders shown in full when a spec fails

# Names of specs as arguments choose among them.
my %chosen = map { $_ => 1 } @ARGV;
my @files = grep { !%chosen || $chosen{ basename($_, '.spec') } } sort glob "$Bin/*.spec";
cmp_ok scalar @files, '>', 0, 'there are specs';

my @databases = qw(isolation_a isolation_b isolation_c);
my $cluster = FlixIM::Test::Cluster->start(databases => \@databases, settings => { deadlock_timeout => '100ms', jit => 'off' });
$cluster->psql("\\ir '$Bin/world.sql'", database => $_) for @databases;
my @conninfos = map { $cluster->conninfo(database => $_) } @databases;

for my $file (@files) {
    my $begin   = time;
    my $spec    = Isolation->new($file);
    my $name    = $spec->name;
    my @results = $spec->run(@conninfos);
    my @broken  = grep { @{ $_->{broken} } } @results;
    my @missed  = $spec->missed;
    my @waited  = grep { $_->{waits} } @results;
    diag sprintf '%s: %d orders, %d with a wait, %d stalls, %d missed, %d broken, %.1f s', $name, scalar @results,
        scalar @waited, $spec->stalls, scalar @missed, scalar @broken, time - $begin;

    cmp_ok scalar @results, '>=', $spec->orders, "$name: as many orders as declared" or show(@missed);
    if ($spec->is_control) {
        cmp_ok scalar @broken, '>', 0, "$name: an order that breaks the rules is found";
        my @wrong = grep { grep {/^[A-Z]+: |^no verdict/} @{ $_->{broken} } } @broken;
        is scalar @wrong, 0, "$name: and nothing else is wrong" or show(@wrong);
    }
    else {
        is scalar @broken, 0, "$name: the rules hold in every order" or show(@broken);
    }
}

done_testing;

sub show {
    my @results = @_;
    for my $result (@results[0 .. ($#results < $shown ? $#results : $shown - 1)]) {
        diag "order: @{ $result->{order} }\nbroken: ", join('; ', @{ $result->{broken} }), "\n", $result->{output};
    }
    return;
}
