# SPDX-License-Identifier: Apache-2.0
# How calls end that the database answers in other ways: commits that hang, conflicts, faults, a schema that is too old.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Subscriber;
use File::Temp       ();
use IO::Select       ();
use IO::Socket::UNIX ();
use POSIX            ();
use Test::More;
use Time::HiRes qw(sleep time);

my $cluster = FlixIM::Test::Cluster->start;
my $db      = FlixIM::Test::Subscriber->database($cluster);
my $daemon  = FlixIM::Test::Subscriber->start($cluster, '--hold-time=0', '--safety-poll=0', '--database-timeout=1s');
$daemon->join('phone', 2);

sub uuid { return FlixIM::Test::Subscriber::uuid(@_) }

sub hanging { return $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'flixim-pushd'}) }

# Has a function fail in a way, by its SQLSTATE, as often as it says; then it does what it did.
sub break_it {
    my ($state, $times) = @_;
    $db->do('DROP SEQUENCE IF EXISTS public.tries; CREATE SEQUENCE public.tries');
    $db->do('GRANT ALL ON SEQUENCE public.tries TO PUBLIC');
    $db->do(qq{
        CREATE OR REPLACE FUNCTION flixim.token_user(p_token_digest bytea) RETURNS uuid
        LANGUAGE plpgsql VOLATILE AS \$\$
        BEGIN
            IF nextval('public.tries') <= $times THEN RAISE EXCEPTION USING ERRCODE = '$state', MESSAGE = 'on purpose'; END IF;
            RETURN NULL;
        END \$\$});
    return;
}

# Commits that wait for a standby that does not come.
$db->do(q{ALTER SYSTEM SET synchronous_standby_names = 'nobody'});
$db->do('SELECT pg_reload_conf()');
$db->do('SET synchronous_commit = off');
sleep 0.2;
my $began = time;
$daemon->say('join ' . "hung$_ " . uuid(500 + $_) . ' ' . uuid(600)) for 1 .. 3;
is $daemon->wait_line(qr/^refused hung$_ (\w+)/), 'unavailable', 'a commit that hangs: unavailable' for 1 .. 3;
cmp_ok time - $began, '>=', 1, 'when its time is over';
like $daemon->log, qr/FLX1205: reader: statement authenticate: no answer within its time/, 'and the log says so';
ok $daemon->wait_for(sub { hanging() == 0 }), 'no server process goes on waiting';
$daemon->say('sync phone - 10');
is $daemon->wait_line(qr/^synced phone \S+ (\d)/), 0, 'reading goes on';
$db->do('SELECT t.send(1, 2, ?)', undef, 'async');
is $daemon->wait_texts('phone', 'async'), 'async', 'and so does the stream';

$daemon->say('join cancelled ' . uuid(510) . ' ' . uuid(600));
$daemon->wait_for(sub { hanging() }) or die 'no commit hangs';
$db->do(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'flixim-pushd'});
is $daemon->wait_line(qr/^refused cancelled (\w+)/), 'unavailable', 'one that somebody cancels: committed here alone, so unavailable';
like $daemon->log, qr/FLX1206: reader: statement authenticate: committed here, but not on the standby/, 'and the log says why';
$db->do('ALTER SYSTEM RESET synchronous_standby_names');
$db->do('SELECT pg_reload_conf()');
$db->do('RESET synchronous_commit');
sleep 0.2;
$daemon->wait_up;
ok $daemon->join('now', 511), 'then all is well';

# Errors, by their SQLSTATE. check tells how often it ran.
sub check {
    $daemon->say('check phone');
    my ($end) = $daemon->wait_line(qr/^checked phone (\w+)/);
    return "$end " . $cluster->psql('SELECT last_value FROM public.tries');
}
for my $case (
    [ '40001', 2, 'ok 3',          'a conflict is tried three times' ],
    [ '40P01', 9, 'unavailable 3', 'and not more often' ],
    [ '55P03', 9, 'unavailable 1', 'a lock that is not to be had' ],
    [ '57014', 9, 'unavailable 1', 'cancelled' ],
    [ '53200', 9, 'unavailable 1', 'out of memory' ],
    [ 'XX000', 9, 'internal_error 1', 'a fault' ],
    [ '26000', 1, 'ok 2',          'a prepared statement that is gone: connected anew' ],
    [ '25006', 9, 'unavailable 1', 'a server that only reads' ],
) {
    my ($state, $times, $wanted, $name) = @$case;
    break_it($state, $times);
    is check(), $wanted, "$state: $name";
    $daemon->wait_up;
}
break_it('22012', 9);
check();
unlike $daemon->log, qr/22012 on purpose/, 'complaints of data are not quoted';

# Server processes that end in the middle of a call.
break_it('00000', 0);
$db->do(q{CREATE OR REPLACE FUNCTION flixim.token_user(p_token_digest bytea) RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
    BEGIN PERFORM nextval('public.tries'); IF lastval() = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$});
is check(), 'ok 2', 'a read whose connection is lost is sent once more';

# A schema that is too old.
my $source = $cluster->psql(q{SELECT pg_get_functiondef('flixim.schema_version'::regproc)});
$db->do('CREATE OR REPLACE FUNCTION flixim.schema_version() RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp RETURN 1');
$db->do(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'flixim-pushd'});
ok $daemon->wait_for(sub { $daemon->say('up'); $daemon->wait_line(qr/^up (\d \d)/) eq '0 0' }), 'with an old schema nothing is up';
ok $daemon->wait_for(sub { $daemon->log =~ /FLX1207: .* schema has version 1, and this daemon needs \d+/ }), 'and the log says why';
# Each session says it once, however often it tries; another reason is another line.
sub said { my ($pattern) = @_; return scalar(() = $daemon->log =~ /$pattern/g) }
sleep 1;
my $sessions = said('FLX1207');
sleep 2;
is said('FLX1207'), $sessions, 'once';
$db->do(q{CREATE OR REPLACE FUNCTION flixim.schema_version() RETURNS integer LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RAISE 'no version'; END $$});
ok $daemon->wait_for(sub { said('FLX1213: .* does not say which version') >= $sessions }), 'a schema that does not say its version is called that';
sleep 3;
is said('FLX1213'), $sessions, 'once';
is said('FLX1203: .*: statement schema_version: P0001 no version'), $sessions, 'with the reason';
$db->do($source);
$daemon->wait_up;
pass 'it comes up when that is mended';
$daemon->quit;

# A pooler, as far as it matters: notifications do not get through it. The daemon reads on, but says that it is not up.
my $folder = File::Temp->newdir('fxp-XXXXXXXX', DIR => '/tmp');
my $owner  = $$;
my $pooler = fork // die "fork: $!";
END { kill 'KILL', $pooler if $pooler && $owner == $$ }
if ($pooler == 0) {
    eval { swallow($folder); 1 } or warn $@;
    POSIX::_exit(1);
}
$daemon = FlixIM::Test::Subscriber->start({ conninfo => "host=$folder user=flixim_httpd dbname=flixim", unready => 1 }, '--hold-time=0');
ok $daemon->wait_for(sub { $daemon->log =~ /FLX1231: notifications do not arrive: is there a pooler/ }), 'without notifications the log names a pooler';
$daemon->say('up');
is $daemon->wait_line(qr/^up (\d \d)/), '1 0', 'and the stream is not up';
$daemon->join('phone', 2);
$db->do(q{SELECT t.send(1, 2, 'unheard')});
is $daemon->wait_texts('phone', 'unheard'), 'unheard', 'but events are delivered';
$daemon->quit;
kill 'KILL', $pooler;
waitpid $pooler, 0;

# Passes all on between clients and the cluster but notifications.
sub swallow {
    my ($dir) = @_;
    my $listener = IO::Socket::UNIX->new(Local => "$dir/.s.PGSQL.5432", Listen => 20) or die "listen: $!";
    chmod 0777, $dir, "$dir/.s.PGSQL.5432";
    my $select = IO::Select->new($listener);
    my (%peer, %is_server, %buffer);
    while (my @ready = $select->can_read) {
        for my $socket (@ready) {
            if ($socket == $listener) {
                my $client = $listener->accept or next;
                my $server = IO::Socket::UNIX->new(Peer => $cluster->host . '/.s.PGSQL.5432') or die "connect: $!";
                ($peer{$client}, $peer{$server}, $is_server{$server}) = ($server, $client, 1);
                $select->add($client, $server);
                next;
            }
            my $got = sysread $socket, $buffer{$socket}, 65536, length($buffer{$socket} // '');
            my $to = $peer{$socket};
            if (!$got) {
                $select->remove($_), close $_ for $socket, $to;
                next;
            }
            my $out = $is_server{$socket} ? '' : delete $buffer{$socket};
            while ($is_server{$socket} && length $buffer{$socket} >= 5) {
                my $length = 1 + unpack 'x N', $buffer{$socket};
                last if length $buffer{$socket} < $length;
                my $message = substr $buffer{$socket}, 0, $length, '';
                $out .= $message if $message !~ /^A/;
            }
            while (length $out) { substr $out, 0, syswrite($to, $out) // die("write: $!"), '' }
        }
    }
    return;
}

done_testing;
