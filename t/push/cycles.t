# SPDX-License-Identifier: Apache-2.0
# Connect, join, leave, over and over: neither descriptors nor memory grow.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Crowd qw(users);
use FlixIM::Test::Pushd;
use Test::More tests => 11;
use Time::HiRes qw(sleep);

my $cycles = $ENV{FLIXIM_LONG} ? 100_000 : 4_000;
my $api    = FlixIM::Test::Api->start(httpd => 0);
my $pushd  = FlixIM::Test::Pushd->start(api => $api);
my $crowd  = FlixIM::Test::Crowd->start('cycles.js', { port => $pushd->port, users => [ users($api->cluster, 200, $api->secret) ], atOnce => 32 });

# What there is to be allocated once is allocated in the first part.
my %before = after(int $cycles / 4);
my %after  = after($cycles - int $cycles / 4);
is_deeply $after{report}{faults}, [], 'all joined and left';
is $after{report}{done}, $cycles, "$cycles times";
is $crowd->finish, 0, 'to the end';
cmp_ok $after{descriptors}, '<=', $before{descriptors}, 'no descriptor is left';
# Valgrind has memory of its own.
my $slack = $ENV{FLIXIM_PUSHD_WRAPPER} ? 400_000 : 2_000;
cmp_ok $after{kilobytes}, '<=', $before{kilobytes} + $slack, 'no memory either';
is_deeply { map { ($_ => $pushd->metrics->{$_}) } qw(websockets channels) }, { websockets => 0, channels => 0 }, 'nobody is there any more';
is_deeply [ $pushd->faults ], [], 'nothing in the log';
diag "$cycles cycles: $before{kilobytes} kB and $before{descriptors} descriptors after a quarter, $after{kilobytes} kB and $after{descriptors} at the end";
$pushd->stop;
$api->finish;

# So many cycles; what the daemon then holds, once all are gone.
sub after {
    my ($count) = @_;
    $crowd->say($count);
    my $report = $crowd->report(60 + $count / 100);
    $pushd->wait_metric(websockets => 0);
    # The connection that asks for the metrics is one of them, and may be closing still when we look.
    $pushd->wait_metric(connections => sub { $_[0] <= 1 });
    my $descriptors;
    for (1 .. 20) {
        my $count = () = glob '/proc/' . $pushd->pid . '/fd/*';
        $descriptors = $count if !defined $descriptors || $count < $descriptors;
        sleep 0.1;
    }
    open my $file, '<', '/proc/' . $pushd->pid . '/status' or die "status: $!";
    my ($kilobytes) = join('', <$file>) =~ /^VmRSS:\s+(\d+)/m;
    return (report => $report, descriptors => $descriptors, kilobytes => $kilobytes);
}
