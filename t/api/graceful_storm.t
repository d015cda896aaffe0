# SPDX-License-Identifier: Apache-2.0
# A graceful restart each second under load: no request is lost of which httpd read a byte.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Crowd qw(users lines_of differences);
use Apache::Test        qw(-withtestmore);
use File::Temp          ();
use Time::HiRes         qw(time sleep);

my $cluster  = FlixIM::Test::Cluster->start;
my $httpd    = FlixIM::Test::Httpd->start(
    cluster => $cluster,
    # Prefork needs a process for each connection, and makes more but slowly.
    extra   => "<IfModule mpm_prefork_module>\nStartServers 30\nMaxSpareServers 40\n</IfModule>\n",
);
my $file     = File::Temp->new;
my $restarts = $ENV{FLIXIM_LONG} ? 10 : 5;
my @groups   = ('fresh', 'kept', 'pipelined', 'slow head', 'slow body');

plan tests => 3 + @groups + 2 + 2;

# What counts as lost is explained in the script.
my $seed = $ENV{FLIXIM_SEED} // time;
my $crowd = FlixIM::Test::Crowd->start('graceful.js', {
    port => $httpd->port, users => [ users($cluster, 20) ], seed => int $seed, file => "$file",
});
for (1 .. $restarts) {
    my $next = time + 1;
    sleep $next - time if $next > time;
    $httpd->graceful;
}
sleep 1;
$crowd->stop;
my $report = $crowd->report(60);
is $crowd->finish, 0, "$restarts restarts are over";
is_deeply $report->{lost},  [], "no request was lost (FLIXIM_SEED=$seed)";
is_deeply $report->{wrong}, [], 'nor answered but as it should be';
cmp_ok $report->{answered}{$_} // 0, '>', $restarts, "$_: asked before and after each restart" for @groups;

my @stored = split /\n/, $cluster->psql(q{SELECT concat_ws(' ', sender_id, client_message_id, id) FROM flixim.messages});
is differences(\@stored, lines_of($file)), '', 'acknowledged is stored once, and nothing else is stored';
is $cluster->psql('SELECT * FROM flixim.check_invariants()'), '', 'all invariants hold';

unlike $httpd->log, qr/FLX|exit signal|Segmentation|scoreboard/, 'no child died, nothing to complain of';
$httpd->stop;
sleep 0.2;
is $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'flixim_httpd'}), 0, 'no session is left';
diag sprintf '%s; %d times a kept connection was just being closed, %d times the server said that it closes',
    join(', ', map {"$_: $report->{answered}{$_}"} sort keys %{ $report->{answered} }), @{$report}{qw(races announced)};
