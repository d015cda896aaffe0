# SPDX-License-Identifier: Apache-2.0
# What one call really reads: index entries, rows of sequential scans, and buffers, as PostgreSQL counts them.
package Model::Cost;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);
use JSON::PP ();

our @EXPORT_OK = qw(cost_of);

# Of an index tuples_returned are the entries that its scans returned; of a table the rows of sequential and bitmap scans,
# and numscans its sequential scans.
my $counters = <<'SQL';
SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(c.oid)), 0),
    coalesce(sum(pg_stat_get_xact_numscans(c.oid)) FILTER (
        WHERE c.relkind = 'r' AND c.relname ~ '^(events|((user_)?messages|members|conversations|users|devices|pushes|presence|reached)$)'
    ), 0)
FROM pg_class AS c
WHERE c.relnamespace = 'flixim'::regnamespace AND c.relkind IN ('r', 'i')
SQL

# Runs a query that calls a function, in a transaction that is rolled back: rows, scans (sequential ones of the big tables),
# buffers, and how many rows came.
sub cost_of {
    my ($dbh, $sql, @arguments) = @_;
    $dbh->begin_work;
    my @before = $dbh->selectrow_array($counters);
    my $came = $dbh->selectall_arrayref($sql, undef, @arguments);
    my @after = $dbh->selectrow_array($counters);
    $dbh->rollback;
    $dbh->begin_work;
    my ($plan) = $dbh->selectrow_array("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) $sql", undef, @arguments);
    $dbh->rollback;
    my $top = JSON::PP::decode_json($plan)->[0]{Plan};
    return {
        rows    => $after[0] - $before[0],
        scans   => $after[1] - $before[1],
        buffers => $top->{'Shared Hit Blocks'} + $top->{'Shared Read Blocks'},
        came    => scalar @$came,
    };
}

1;
