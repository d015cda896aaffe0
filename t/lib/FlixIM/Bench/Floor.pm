# SPDX-License-Identifier: Apache-2.0
# What a benchmark is measured against: pgbench with the same function and arguments, and nothing around it.
package FlixIM::Bench::Floor;

use strict;
use warnings FATAL => 'all';

use Exporter   qw(import);
use File::Temp ();

use FlixIM::Bench qw(spew);
use FlixIM::Bench::Processor qw(cpu used);
use FlixIM::Test::Cluster;

our @EXPORT_OK = qw(floor pgbench floor_line);

=head1 SYNOPSIS

    my ($calls, $time) = pgbench($sql, $seconds,
        connections => 10,
        numbers     => 10_000,    # :n is a random number of 1 .. numbers, in each call another; without it
    );                            # it is the number of the connection, from 1

    my $figures = floor($cluster, $sql, $seconds, %as_above);    # { rate, uncorrected, picking_us, p50_ms, cpu_... } of SQL with :n a row of bench.call, b
    floor_line($figures);                                        # says what it is

One round trip over the Unix socket for each call, the answer's columns as text, fetched but not looked at; prepared statements.

=cut

sub pgbench {
    my ($sql, $for, %option) = @_;
    my $script = File::Temp->new(TEMPLATE => 'floor-XXXXXX', TMPDIR => 1, SUFFIX => '.sql');
    my $number = $option{numbers} ? "random(1, $option{numbers})" : ':client_id + 1';
    spew($script->filename, "\\set n $number\n", $sql =~ s/\s+/ /gr, ";\n");
    my ($status, $text) = FlixIM::Test::Cluster::capture_all(qw(pgbench -n -M prepared -j 2 -U flixim_httpd -c), $option{connections},
        '-T', $for, '-f', $script->filename);
    my ($tps)   = $text =~ /^tps = ([\d.]+)/m;
    my ($calls) = $text =~ /transactions actually processed: (\d+)/;
    die "pgbench failed:\n$text" if $status || !$calls || $text =~ /aborted|failed transactions: [1-9]/;
    return ($calls, $calls / $tps);
}

# The arguments are picked by a lookup in the same statement, whose cost, measured right after it, is taken off: a client has them at hand.
sub floor {    ## no critic (ProhibitBuiltinHomonyms)
    my ($cluster, $sql, $for, %how) = @_;
    my $before = cpu($cluster);
    my ($calls, $time) = pgbench($sql, $for, %how);
    my $used = used($before, $calls);
    my ($empty_calls, $empty_time) = pgbench('SELECT :n::integer', 1, %how);
    my ($pick_calls, $pick_time) = pgbench('SELECT b.n FROM bench.call AS b WHERE b.n = :n', 1, %how);
    my $picking = $pick_time / $pick_calls - $empty_time / $empty_calls;
    $picking = 0 if $picking < 0;
    return {
        rate => 1 / ($time / $calls - $picking), uncorrected => $calls / $time, picking_us => 1e6 * $picking,
        p50_ms => 1000 * $how{connections} * $time / $calls, %{$used},
    };
}

sub floor_line {
    my ($figures) = @_;
    printf "floor: pgbench -M prepared, the rows fetched as text over the socket, no HTTP and no JSON; %.0f/s with the picking of arguments (%.1f us)\n",
        @{$figures}{qw(uncorrected picking_us)};
    return;
}

1;
