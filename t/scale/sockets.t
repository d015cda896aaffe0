# SPDX-License-Identifier: Apache-2.0
# Thousands of WebSockets through one httpd with 50 worker threads: none is kept busy, all are told, and restarts of httpd end none.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Load qw(issue users_file);
use FlixIM::Test::Pushd;
use FlixIM::Test::Scale qw(busy children open_all rest_answers tell_all $httpd_conf);
use Test::More;

# The numbers of issue 5, and what a run of all tests has time for.
my ($one, $two) = $ENV{FLIXIM_LONG} ? (15_000, 30_000) : (2000, 1000);
my $cluster = FlixIM::Test::Cluster->start(settings => { max_connections => 200 });
my %daemon  = (cluster => $cluster, settings => { connections => 19_000, connect_backlog => 4096, joins_per_second => 1_000_000 });
my @users   = issue($cluster, $two > $one ? $two : $one);
my @pushds  = (FlixIM::Test::Pushd->start(%daemon));

# -- One port, one daemon -----------------------------------------------------------------------------
{
    my $httpd = FlixIM::Test::Httpd->start(cluster => $cluster, handoff => [ $pushds[0]->handoff ], modules => ['status'], extra => $httpd_conf);
    my ($load) = open_all([ @users[ 0 .. $one - 1 ] ], "127.0.0.1:" . $httpd->port);
    is $pushds[0]->metrics->{websockets}, $one, "all $one came to the daemon";
    is busy($httpd), 1, 'of 50 threads one is busy: the one that says so';
    rest_answers($httpd, $users[0]);
    tell_all($cluster, [ @users[ 0 .. $one - 1 ] ], $load);

    my @children = children($httpd->pid);
    $httpd->graceful;
    tell_all($cluster, [ @users[ 0 .. $one - 1 ] ], $load, 'after a graceful restart');
    $httpd->restart;
    my %before = map { $_ => 1 } @children;
    is scalar(grep { $before{$_} } children($httpd->pid)), 0, 'no process that handed one over is there any more';
    tell_all($cluster, [ @users[ 0 .. $one - 1 ] ], $load, 'after a restart that waits for nobody');
    $httpd->stop;
    tell_all($cluster, [ @users[ 0 .. $one - 1 ] ], $load, 'without an httpd');
    is $load->finish, 0, 'nothing was wrong';
    unlike $httpd->log, qr/FLX|exit signal|Segmentation/, 'httpd has nothing to complain of';
}

# -- Two daemons, several addresses -------------------------------------------------------------------
{
    push @pushds, FlixIM::Test::Pushd->start(%daemon);
    my $httpd = FlixIM::Test::Httpd->start(cluster => $cluster, handoff => [ map { $_->handoff } @pushds ], modules => ['status'], extra => $httpd_conf);
    $_->wait_metric(websockets => 0) for @pushds;
    # A process has so many descriptors, too: two of them.
    my $half  = $two / 2;
    my @parts = ([ @users[ 0 .. $half - 1 ] ], [ @users[ $half .. $two - 1 ] ]);
    my @loads = open_all($parts[0], "127.0.0.1:" . $httpd->port);
    push @loads, open_all($parts[1], "127.0.0.1:" . $httpd->port);
    my @has = map { $_->metrics->{websockets} } @pushds;
    is $has[0] + $has[1], $two, "all $two came to a daemon: @has";
    cmp_ok abs($has[0] - $has[1]), '<', $two / 5, 'each has about half of them';
    is busy($httpd), 1, 'of 50 threads one is busy: the one that says so';
    rest_answers($httpd, $users[0]);
    tell_all($cluster, [ @users[ 0 .. $two - 1 ] ], \@loads);
    is join(' ', map { $_->finish } @loads), '0 0', 'nothing was wrong';
    unlike $httpd->log, qr/FLX|exit signal|Segmentation/, 'httpd has nothing to complain of';
}

is join("\n", map { $_->faults } @pushds), '', 'nor have the daemons';
$_->stop for @pushds;
is $cluster->psql('SELECT count(*) FROM flixim.check_invariants()'), 0, 'no invariant is violated';

done_testing;
