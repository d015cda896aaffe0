# SPDX-License-Identifier: Apache-2.0
# Random operations of twenty users in one session: every answer is the oracle's.
# FLIXIM_LONG=1: 100,000 of them rather than 5,000. FLIXIM_SEED: repeats a run.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use Test::More;
use Time::HiRes qw(time);
use lib "$Bin/lib", "$Bin/../../../t/lib";
use FlixIM::Test::Cluster;
use Model::Database;
use Model::Walk;

my $seed = $ENV{FLIXIM_SEED} // int(time) ^ $$;
my ($wanted, $pause) = $ENV{FLIXIM_LONG} ? (100_000, 10_000) : (5_000, 1_000);
diag "FLIXIM_SEED=$seed repeats this run";
srand $seed;

my $cluster = FlixIM::Test::Cluster->start;
my $owner = Model::Database->new($cluster->connect);
my $walk = Model::Walk->new(
    app   => Model::Database->new($cluster->connect(user => 'flixim_httpd')),
    owner => $owner,
    users => 20,
);

my $busy = 0;
while ($walk->done < $wanted) {
    my $end = $walk->done + $pause;
    my $begin = time;
    my $is_fine = eval { $walk->go while $walk->done < $end; 1 };
    $busy += time - $begin;
    my $report = $@;
    ok $is_fine, 'every answer is the oracle\'s, after ' . $walk->done . ' operations' or diag($report), last;
    my $violations = $owner->dbh->selectall_arrayref('SELECT invariant, detail FROM flixim.check_invariants()');
    is_deeply $violations, [], 'no invariant is violated';
}
note sprintf '%d operations, %.0f per second', $walk->done, $walk->done / $busy;

$walk->finish;
done_testing;
