# SPDX-License-Identifier: Apache-2.0
# What a benchmark is measured against: pgbench with the same function and arguments, and nothing around it.
package FlixIM::Bench::Floor;

use strict;
use warnings FATAL => 'all';

use Exporter   qw(import);
use File::Temp ();

use FlixIM::Bench qw(spew);
use FlixIM::Test::Cluster;

our @EXPORT_OK = qw(pgbench);

=head1 SYNOPSIS

    my ($calls, $time) = pgbench($sql, $seconds,
        connections => 10,
        numbers     => 10_000,    # :n is a random number of 1 .. numbers, in each call another; without it
    );                            # it is the number of the connection, from 1

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

1;
