# SPDX-License-Identifier: Apache-2.0
# What the benchmarks with WebSockets have in common: a run of flixim-load against a server, its figures, and memory.
package FlixIM::Bench::Sockets;

use strict;
use warnings FATAL => 'all';

use Exporter    qw(import);
use Time::HiRes qw(sleep);

use FlixIM::Bench            qw(slurp);
use FlixIM::Bench::Processor qw(cpu used);
use FlixIM::Test::Load;

our @EXPORT_OK = qw(measure opened memory);

=head1 SYNOPSIS

    my $figures = measure($cluster, $server, 'chat', users => users_file(@users), seconds => 5, warm => 1);
    # { rate, ack_p50, ack_p99, delivered_p50, delivered_p99, cpu_db_us, cpu_server_us, cpu_client_us, others }
    my ($load, $seconds) = opened($server, users => $file);    # all have joined; then $load->finish
    my $bytes = memory($server->pids);                         # of user space, what is shared counted once

A server is an object as FlixIM::Bench::Server and FlixIM::Bench::Flixim are. All die unless every connection joined and all that came was right.
Clients have several addresses of the loopback, so that ports of connections that have just ended do not run out.

=cut

my @from = (from => [ map {"127.0.0.$_"} 2 .. 9 ]);

sub opened {
    my ($server, %option) = @_;
    my $load = FlixIM::Test::Load->start('connect', $server->load, @from, %option);
    my $ready = $load->ready;
    die $server->name . ": $ready->{failed} connections failed, first: $ready->{first}\n" if $ready->{failed};
    return ($load, $ready->{seconds});
}

sub measure {
    my ($cluster, $server, $mode, %option) = @_;
    my $load = FlixIM::Test::Load->start($mode, $server->load, @from, %option);
    my $ready = $load->ready;
    die $server->name . ": $ready->{failed} connections failed, first: $ready->{first}\n" if $ready->{failed};
    my $before = cpu($cluster, $server->parents);
    my $got    = $load->go;
    my $status = $load->finish;
    die $server->name . ": lost $got->{lost}, repeated $got->{repeated}, wrong $got->{wrong}: " . ($got->{first} // '') . "\n" if $status != 0;
    my $all = $got->{delivered} * (1 + ($option{warm} // 0) / $option{seconds});
    return {
        rate => $got->{rate}, %{ used($before, $all) }, cpu_client_us => $got->{own}{cpu_us},
        map { my $p = $_; ("ack_$p" => $got->{send_to_ack}{$p}, "delivered_$p" => $got->{send_to_delivered}{$p}) } qw(p50 p99),
    };
}

# Pss: what processes share counts in parts.
sub memory {
    my $kilobytes = 0;
    for my $pid (@_) {
        my ($pss) = slurp("/proc/$pid/smaps_rollup") =~ /^Pss: +(\d+) kB/m or next;
        $kilobytes += $pss;
    }
    die "no memory of @_\n" if !$kilobytes;
    return 1024 * $kilobytes;
}

1;
