# SPDX-License-Identifier: Apache-2.0
# A schema older than the module: 503 and a line in the log, until it is brought up to date.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use Apache::Test        qw(-withtestmore);
use Apache::TestRequest qw(GET);
use JSON::PP            qw(decode_json);

my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(cluster => $cluster);

plan tests => 6;

sub pretend {
    my ($version) = @_;
    $cluster->psql("CREATE OR REPLACE FUNCTION flixim.schema_version() RETURNS integer LANGUAGE sql AS 'SELECT $version'");
    return;
}

pretend(0);
my $answer = GET '/api/v1/health';
is $answer->code, 503, 'too old: 503';
is decode_json($answer->content)->{error}{code}, 'schema_outdated', 'says that it is the schema';
ok $answer->header('Retry-After'), 'may be tried again later';
is scalar(() = $httpd->log =~ /FLX0003: .* schema version 0/g), 1, 'one line in the log';

pretend(9999);
$answer = GET '/api/v1/health';
is $answer->code, 200, 'newer than the module: served';
is decode_json($answer->content)->{data}{schema_version}, 9999, 'and reported';
