# SPDX-License-Identifier: Apache-2.0
# Two virtual hosts on two databases: each answers for its own, and the trouble of one is not the other's.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use Apache::Test        qw(-withtestmore);
use Apache::TestRequest qw(GET);
use JSON::PP            qw(decode_json);

my $cluster = FlixIM::Test::Cluster->start(databases => [qw(flixim one two)]);
my $httpd   = FlixIM::Test::Httpd->start(
    cluster => $cluster,
    vhosts  => [ { database => 'one', settings => { FlixIMDatabaseConnections => 5 } }, { database => 'two' } ],
);

plan tests => 3 + 3 + 3 + 2 + 4;

sub health { return GET $httpd->url($_[0]) . '/api/v1/health' }

for my $i (0 .. 2) {
    is health($i)->code, 200, "server $i answers";
}

my %version = (flixim => 1001, one => 1002, two => 1003);
$cluster->psql("CREATE OR REPLACE FUNCTION flixim.schema_version() RETURNS integer LANGUAGE sql AS 'SELECT $version{$_}'", database => $_)
    for keys %version;
my @names = qw(flixim one two);
for my $i (0 .. 2) {
    is decode_json(health($i)->content)->{data}{schema_version}, $version{ $names[$i] }, "server $i reports $names[$i]";
}

$cluster->psql('ALTER DATABASE one ALLOW_CONNECTIONS false', database => 'postgres');
$cluster->psql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'one'}, database => 'postgres');
is health(1)->code, 503, 'a database that lets nobody in: 503';
is health(0)->code, 200, 'but not for the main server';
is health(2)->code, 200, 'nor for the other virtual host';
is health(1)->code, 503, 'it stays 503';
is health(2)->code, 200, 'and the other 200';

# The virtual host without a directive of ours has a breaker of its own as well.
$cluster->psql('ALTER DATABASE one ALLOW_CONNECTIONS true', database => 'postgres');
$cluster->psql('ALTER DATABASE two ALLOW_CONNECTIONS false', database => 'postgres');
$cluster->psql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'two'}, database => 'postgres');
for my $try (1, 2) {
    is health(2)->code, 503, "the other one's database lets nobody in: 503 ($try)";
    is health(0)->code, 200, "and the main server answers ($try)";
}
