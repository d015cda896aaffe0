# SPDX-License-Identifier: Apache-2.0
# 64 connections post between 50 users while others read, change and sync: nothing fails, nothing is lost or told twice.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Crowd qw(users lines_of differences);
use FlixIM::Test::Token qw(write_file);
use Apache::Test        qw(-withtestmore);
use File::Temp          ();

my $cluster = FlixIM::Test::Cluster->start;
my $folder  = File::Temp->newdir;
my $secret  = 'a secret of more than thirty-two bytes';
my $key     = write_file("$folder/key", $secret, 0600);
my $httpd   = FlixIM::Test::Httpd->start(
    cluster  => $cluster,
    settings => { FlixIMTokenKeyFile => $key },
    # Prefork needs a process for each connection, and makes more but slowly.
    extra    => "<IfModule mpm_prefork_module>\nStartServers 120\nMaxSpareServers 150\n</IfModule>\n",
);
my $seconds = $ENV{FLIXIM_LONG} ? 60 : 8;
my $seed    = $ENV{FLIXIM_SEED} // time;
my $crowd = FlixIM::Test::Crowd->start('storm.js', {
    port => $httpd->port, users => [ users($cluster, 50, $secret) ], seconds => $seconds, seed => $seed, folder => "$folder",
    posters => 64, readers => 12, changers => 12, syncers => 8,
});

plan tests => 2 + 5 + 3 + 3;

my $report = $crowd->report(10 * $seconds + 60);
is $crowd->finish, 0, 'the storm is over';
is_deeply $report->{faults}, [], "no answer that should not be, no chain that breaks, of $report->{fault_count} (FLIXIM_SEED=$seed)";

my %count = %{ $report->{counts} };
cmp_ok $report->{acknowledged}, '>', 64, 'many were posted';
cmp_ok $report->{abandoned},    '>', 0,  'some by clients who went away and came again';
cmp_ok $report->{told}, '>', $report->{acknowledged}, 'and more was told';
is_deeply [ grep { / 5\d\d$/ } keys %count ], [], 'no 5xx';
my %operations = map { $_ => 1 } map {/^(.*) 2\d\d$/} keys %count;
is scalar(keys %operations), 15, 'every operation took part' or diag join ', ', sort keys %operations;

# The chains, followed all the time, and new ones from the epoch, against what is stored now.
my $states = lines($cluster->psql(<<'SQL'));
SELECT concat_ws(' ', user_id, message_id, status, to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
FROM flixim.user_messages
SQL
is differences($states, lines_of("$folder/followed")), '', 'the chains that were followed end in what is stored';
is differences($states, lines_of("$folder/fresh")), '', 'so do chains from the start';
my $stored = lines($cluster->psql(q{SELECT concat_ws(' ', sender_id, client_message_id, id) FROM flixim.messages}));
is differences($stored, lines_of("$folder/acknowledged")), '', 'acknowledged is stored once, and nothing else is stored';

is $cluster->psql('SELECT * FROM flixim.check_invariants()'), '', 'all invariants hold';
my @errors = grep {/ERROR|FATAL|PANIC|deadlock/} @{ lines_of($cluster->data . '/server.log') };
is_deeply \@errors, [], 'no deadlock and no error in the log of PostgreSQL';
unlike $httpd->log, qr/FLX|exit signal|scoreboard/, 'nor in that of httpd';

my $requests = 0;
$requests += $_ for values %count;
my @account = map {"$_: $count{$_}"} sort keys %count;
diag sprintf '%d requests in %.0f s (slowest %.2f s): %d messages acknowledged, %d states told in %d pages; %s', $requests,
    @{$report}{qw(seconds slowest acknowledged told pages)}, join ', ', @account;

sub lines { return [ split /\n/, $_[0] ] }
