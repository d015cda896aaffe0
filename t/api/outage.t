# SPDX-License-Identifier: Apache-2.0
# The database goes away and comes back: 503 at once meanwhile, 200 soon after, no restart of httpd.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use Apache::Test        qw(-withtestmore);
use Apache::TestRequest qw(GET);
use JSON::PP            qw(decode_json);
use Time::HiRes         qw(time sleep);

my $cluster = FlixIM::Test::Cluster->start;
my $httpd = FlixIM::Test::Httpd->start(cluster => $cluster, settings => { FlixIMDatabaseTimeout => '1s' });

plan tests => 4 + 3 + 1 + 5 + 1 + 2 + 5 + 2 + 2;

sub status { return GET('/api/v1/health')->code }

# Seconds until all children have noticed that it is there again (ten answers in a row), at most ten.
sub recovery {
    my $begin = time;
    my $well  = 0;
    while ($well < 10 && time < $begin + 10) {
        $well = status() == 200 ? $well + 1 : 0;
        sleep 0.02;
    }
    return time - $begin;
}

# How many of twenty requests are answered, the first of them a quarter of a second after the database
# is back: every child has looked again by then.
sub answered {
    sleep 0.25;
    return scalar grep { status() == 200 } 1 .. 20;
}

# The processes of the cluster that serve httpd.
sub backends { return split /\n/, $cluster->psql(q{SELECT pid FROM pg_stat_activity WHERE usename = 'flixim_httpd'}) }

# Warm connections in all children: each of them has to notice by itself.
for my $i (1 .. 4) {
    is status(), 200, "request $i before";
}

for my $mode (qw(fast immediate)) {
    $cluster->restart($mode);
    is status(), 200, "after a $mode restart the first request is answered";
}
$cluster->psql("SELECT pg_terminate_backend($_)") for backends();
is status(), 200, 'after all its sessions were terminated as well';

unlike $httpd->log, qr/FLX/, 'which is nothing to complain of';

$cluster->stop;
my $begin = time;
my $answer = GET '/api/v1/health';
is $answer->code, 503, 'while it is stopped: 503';
cmp_ok time - $begin, '<', 0.5, 'at once';
like $answer->header('Retry-After'), qr/^\d+$/, 'with Retry-After';
is decode_json($answer->content)->{error}{code}, 'unavailable', 'unavailable';
sleep 1.2;
is status(), 503, 'still, a second later';
$cluster->up;
is answered(), 20, 'a quarter of a second after it is back: 200, from every child';

kill 'KILL', $cluster->pid;
sleep 0.3;
is status(), 503, 'its postmaster killed: 503';
$cluster->up;
is answered(), 20, 'and back a quarter of a second after the start';

my $postmaster = $cluster->pid;
my @stopped = ($postmaster, backends());
kill 'STOP', @stopped;
$begin = time;
is status(), 503, 'stopped in its tracks: 503';
cmp_ok time - $begin, '<', 3.2, 'within the timeout and that for connecting';
$begin = time;
is status(), 503, 'and again';
kill 'CONT', @stopped;
cmp_ok recovery(), '<', 4, 'and back when it goes on';
is answered(), 20, 'for good';

is scalar(() = $httpd->log =~ /exit signal/g), 0, 'no child died';
is scalar(grep { !/^\d+$/ } backends()), 0, 'the cluster is well';

$cluster->psql('ALTER FUNCTION flixim.schema_version() RENAME TO no_schema_version');
is status(), 503, 'a schema without the function: 503';
like $httpd->log, qr/FLX0102: statement schema_version: 42883/, 'and the log says why';
