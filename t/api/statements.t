# SPDX-License-Identifier: Apache-2.0
# How a statement ends, for whatever the database answers: prepared, refused, in conflict, unreplicated.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Probe qw(build_probe);
use Apache::Test        qw(-withtestmore);
use Apache::TestRequest qw(GET);
use JSON::PP            qw(decode_json);
use Time::HiRes         qw(time sleep);

# What becomes of an error: SQLSTATE, status, and how often the statement ran.
my @errors = (
    [ '40001', 503, 3 ], [ '40P01', 503, 3 ], [ '25006', 503, 1 ], [ '53100', 503, 1 ], [ '53200', 503, 1 ],
    [ '53300', 503, 1 ], [ '55P03', 503, 1 ], [ '57014', 503, 1 ], [ '57P01', 503, 1 ], [ '57P03', 503, 1 ],
    [ '58030', 503, 1 ], [ '58P01', 503, 1 ], [ '26000', 503, 2 ], [ '0A000', 500, 1 ], [ '22P02', 500, 1 ],
    [ '23505', 500, 1 ], [ '40000', 500, 1 ], [ '42501', 500, 1 ], [ 'P0001', 500, 1 ], [ 'XX000', 500, 1 ],
);

plan tests => 10 + 2 * @errors + 3 + 5 + 5 + 4 + 4 + 2;

# One child with one connection, so that each request finds what the one before it left.
my $mpm = $ENV{FLIXIM_MPM} // 'event';
my $one = $mpm eq 'prefork'
    ? "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nMaxRequestWorkers 1\n"
    : "StartServers 1\nServerLimit 1\nThreadsPerChild 5\nMaxRequestWorkers 5\nMinSpareThreads 1\nMaxSpareThreads 5\n";
build_probe();
my $cluster = FlixIM::Test::Cluster->start(settings => { synchronous_standby_names => 'ghost', synchronous_commit => 'local' });
$cluster->psql(<<'SQL');
CREATE SEQUENCE public.tries;
GRANT USAGE ON SEQUENCE public.tries TO PUBLIC;
CREATE TABLE public.kept (n integer);
GRANT INSERT, SELECT ON public.kept TO PUBLIC;
SQL
my $httpd = FlixIM::Test::Httpd->start(
    cluster => $cluster, extra => $one . "LogLevel flixim:debug\n",
    settings => { FlixIMDatabaseTimeout => '1s', FlixIMDatabaseConnections => 1 },
);

# Has a function of the probe do BODY, in PL/pgSQL.
sub define {
    my ($name, $body, $type) = @_;
    $type //= 'integer';
    $cluster->psql("SET client_min_messages = warning; DROP FUNCTION IF EXISTS public.probe_$name;"
            . "CREATE FUNCTION public.probe_$name() RETURNS $type LANGUAGE plpgsql AS \$\$ BEGIN $body; END \$\$");
    return;
}

# Runs a statement of the probe: "200 7" for status and number.
sub ask {
    my ($name) = @_;
    my $answer = GET "/api/v1/health?$name";
    return join ' ', $answer->code, $answer->code == 200 ? decode_json($answer->content)->{data} : ();
}

sub tries { return $cluster->psql(q{SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM public.tries}) }

sub end_sessions {
    $cluster->psql(q{SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'flixim_httpd'});
    return;
}

# Prepared once for each server process.
my $prepared = 'RETURN (SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql)';
define(read  => $prepared);
define(write => $prepared);
is ask('read'),  '200 1', 'the first statement is prepared';
is ask('read'),  '200 1', 'and not prepared again';
is ask('write'), '200 2', 'nor is the second one in its place';
define(read => "EXECUTE 'DEALLOCATE ALL'; $prepared");
is ask('read'), '200 0', 'the server forgets all of them';
is ask('write'), '200 1', 'which is mended';
end_sessions();
define(read => q{EXECUTE 'PREPARE write AS SELECT 0'; RETURN 8});
is ask('read'), '200 8', 'the name is taken by another one';
is ask('write'), '200 2', 'which makes way';
define(row => 'RETURN 4');
is ask('row'), '200 4', 'a result of one type';
define(row => 'RETURN 5', 'bigint');
like ask('row'), qr/^200 /, 'becomes another one';
end_sessions();
is ask('write'), '200 1', 'a server process made anew is told anew';

# Errors.
for my $case (@errors) {
    my ($state, $status, $tries) = @$case;
    define(write => "PERFORM nextval('public.tries'); RAISE 'x' USING ERRCODE = '$state'");
    $cluster->psql(q{SELECT setval('public.tries', 1, false)});
    is ask('write'), $status, "$state: $status";
    is tries(), $tries, "$state: ran $tries times";
}
define(write => q{INSERT INTO public.kept VALUES (1); IF nextval('public.tries') < 3 THEN RAISE 'x' USING ERRCODE = '40001'; END IF; RETURN 7});
$cluster->psql(q{TRUNCATE public.kept; SELECT setval('public.tries', 1, false)});
is ask('write'), '200 7', 'a conflict that goes away is not seen';
is $cluster->psql('SELECT count(*) FROM public.kept'), 1, 'and the statement ran once';
unlike $httpd->log, qr/FLX0102: statement write: 40001 x\n.*\n.*FLX0102: statement write: 40001 x\n.*FLX0102: statement write: 40001/, 'an error is logged once';

# A server that only reads: another connection may lead to another one.
my $pid = 'RETURN pg_backend_pid()';
define(read => $pid);
my $before = ask('read');
define(write => q{RAISE 'x' USING ERRCODE = '53100'});
is ask('write'), '503', 'a full disk';
is ask('read'), $before, 'leaves the connection as it is';
define(write => q{RAISE 'x' USING ERRCODE = '25006'});
is ask('write'), '503', 'a server that only reads';
my $after = ask('read');
like $after, qr/^200 \d+$/, 'still reads';
isnt $after, $before, 'on a connection made anew';

# Patience.
my $limit = q{RETURN (SELECT setting FROM pg_settings WHERE name = 'statement_timeout')};
define(read => $limit);
is join(', ', map { ask($_) } qw(read patient read)), '200 900, 200 2700, 200 900', 'a statement has the time it needs';
define(read => 'PERFORM pg_sleep(1.5); RETURN 6');
is ask('patient'), '200 6', 'which may be more than the timeout';
my $begin = time;
is ask('read'), '503', 'but is not, as a rule';
cmp_ok time - $begin, '<', 1.3, 'when it is over in time';
like $httpd->log, qr/FLX0102: statement read: 57014/, 'stopped by the server';

# A commit that the server calls a success when its wait for the standby was cancelled.
define(write => 'INSERT INTO public.kept VALUES (2); RETURN 9');
$cluster->psql('ALTER ROLE flixim_httpd SET client_min_messages = error');
end_sessions();
is ask('write'), '200 9', 'a commit that nobody hinders';
define(write => q{SET LOCAL synchronous_commit = 'on'; INSERT INTO public.kept VALUES (2); RETURN 9});
my $child = fork // die "fork: $!";
if ($child == 0) {
    my $killer = DBI->connect('dbi:Pg:dbname=flixim', 'postgres', '', { RaiseError => 1 }) if require DBI;
    for (1 .. 200) {
        last if $killer->selectrow_array(q{SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'}) > 0;
        sleep 0.02;
    }
    $killer->disconnect;
    require POSIX;
    POSIX::_exit(0);
}
is ask('write'), '504', 'one whose wait for the standby is cancelled: unknown';
waitpid $child, 0;
like $httpd->log, qr/FLX0109: statement write: /, 'and the log says why';
define(write => 'RETURN 9');
is ask('write'), '200 9', 'and after that all is well';

# A server that is stopped, found out by a statement that writes.
my @stopped = ($cluster->pid, split /\n/, $cluster->psql(q{SELECT pid FROM pg_stat_activity WHERE usename = 'flixim_httpd'}));
sub timed { my ($name) = @_; my $then = time; my $answer = ask($name); return sprintf '%s in %.1f', $answer, time - $then }
define(read => 'RETURN 6');
kill 'STOP', @stopped;
like timed('write'), qr/^504 in (?:0\.9|1\.[0-2])$/, 'a server that is stopped, under a statement that writes: unknown';
like timed('read'), qr/^503 in \d/, 'whoever is next looks whether it is there';
is timed('read'), '503 in 0.0', 'and the others know that it is not';
kill 'CONT', @stopped;
my $until = time + 5;
sleep 0.05 while ask('read') ne '200 6' && time < $until;
is ask('write'), '200 9', 'it goes on';

unlike $httpd->log, qr/exit signal/, 'no child died';
unlike $httpd->log, qr/FLX\d+:.*\bone\b/, 'no parameter is in the log';
