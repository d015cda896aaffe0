# SPDX-License-Identifier: Apache-2.0
# Processor time that the processes of a benchmark used: of the database, of a server, of who makes the load, and of all others.
package FlixIM::Bench::Processor;

use strict;
use warnings FATAL => 'all';

use Exporter    qw(import);
use Time::HiRes qw(time);

use FlixIM::Bench qw(slurp);

our @EXPORT_OK = qw(cpu used family);

=head1 SYNOPSIS

    my $before = cpu($cluster, $server);           # a FlixIM::Test::Cluster; process ids of a server's parents, or none
    ...                                            # $calls calls
    my $used = used($before, $calls);              # { cpu_db_us, cpu_server_us, cpu_client_us, others }
    my @ids  = family(@pids);                      # these processes and their children

Who makes the load are children of ours that have ended when used() is asked. Of them this counts all, also their start: wrk
takes some 0.1 s to read its requests.

=cut

# Seconds used so far.
sub cpu {
    my ($cluster, @server) = @_;
    my @times = times;
    my ($all) = slurp('/proc/stat') =~ /^cpu +([\d ]+)/;
    # user, nice, system, irq, softirq, steal: what is neither idle nor waiting.
    my @all = split ' ', $all;
    return {
        of => [ $cluster, @server ],
        db => family_seconds($cluster->pid), server => family_seconds(@server), client => $times[2] + $times[3],
        all => ($all[0] + $all[1] + $all[2] + $all[5] + $all[6] + $all[7]) / 100, wall => time,
    };
}

# Microseconds per call since then, and how many processors all others used meanwhile.
sub used {
    my ($before, $calls) = @_;
    die "nothing was done: give it more seconds\n" if !$calls;
    my $now = cpu(@{ $before->{of} });
    my %spent = map { ($_ => $now->{$_} - $before->{$_}) } qw(db server client all wall);
    return {
        others => ($spent{all} - $spent{db} - $spent{server} - $spent{client}) / $spent{wall},
        map { ("cpu_${_}_us" => 1e6 * $spent{$_} / $calls) } qw(db server client),
    };
}

# Processes, their children that live, and their children that have ended.
sub family_seconds {
    my %parent = map { $_ => 1 } @_;
    my $ticks = 0;
    for my $stat (%parent ? glob '/proc/[0-9]*/stat' : ()) {
        my ($id, $parent, @time) = slurp($stat) =~ /^(\d+) \(.*\) \S (\d+)(?: \S+){9} (\d+) (\d+) (\d+) (\d+)/ or next;
        $ticks += $time[0] + $time[1] if $parent{$id} || $parent{$parent};
        $ticks += $time[2] + $time[3] if $parent{$id};
    }
    return $ticks / 100;
}

# Processes and their children.
sub family {
    my %parent = map { $_ => 1 } @_;
    my @ids;
    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($id, $parent) = slurp($stat) =~ /^(\d+) \(.*\) \S (\d+)/ or next;
        push @ids, $id if $parent{$id} || $parent{$parent};
    }
    return @ids;
}

1;
