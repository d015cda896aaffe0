# SPDX-License-Identifier: Apache-2.0
# Who is online: told to the database without a write per connection, true after the death of a daemon and while clients do not take
# what they are sent; and what such a client may have missed is judged again.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Online;
use FlixIM::Test::Pushd;
use Apache::Test qw(-withtestmore);
use Time::HiRes  qw(sleep time);

my $api = FlixIM::Test::Api->start(httpd => 0);
$api->row("SELECT flixim.configure(p_push_delay => '1 second')::text");
my %setting = (hold_time => '100ms', presence_lease => '3s', idle_time => '30s');
my @pushd = map { FlixIM::Test::Pushd->start(api => $api, settings => \%setting) } 1 .. 2;

my $online = FlixIM::Test::Online->new($api, $pushd[0]);
sub id { return $api->id($_[0]) }
sub joined { return $online->joined(@_) }
sub synced { return $online->synced(@_) }
sub becomes { return $online->becomes(@_) }
sub say_to { return $online->say(@_) }
sub pushes_become { return $online->pushes_become(@_) }

sub forget { my ($table) = @_; return $api->row("WITH gone AS (DELETE FROM flixim.$table RETURNING 1) SELECT count(*) FROM gone") }

my $any_time = qr/1 \d{4}-.*/;
my $writer = joined('writer');

# -- Who is there -------------------------------------------------------------------------------------

my $alice = joined('alice');
becomes('who has joined is online, for what comes from now on', 'alice', $any_time);
$alice->ask('sync', { last_sync_timestamp => '' });
becomes('and after a sync, for all', 'alice', '1 -infinity');
$alice->beat;
my $second = synced('alice');
sleep 0.6;
$second->leave;
sleep 0.6;
$online->is('one of two connections leaves', 'alice', '1 -infinity');
$alice->leave;
becomes('the last one leaves', 'alice', '0');

my @both = map { synced('bob', pushd => $_) } @pushd;
becomes('on two daemons', 'bob', '2 -infinity');
$both[0]->raw->drop;
becomes('the connection to one is cut', 'bob', '1 -infinity');
$both[1]->raw->drop;
becomes('and to the other', 'bob', '0');
is $api->row('SELECT count(*) FROM flixim.online_users(ARRAY[?]::uuid[])', id('writer')), 1, 'the administrator asks';

# -- Many at once -------------------------------------------------------------------------------------

{
    my $calls = sub { $pushd[0]->metrics->{database_calls_total} };
    my @many = map { FlixIM::Test::Channel->open($api, $pushd[0], who => "many$_:jwt") } 1 .. 200;
    my $before = $calls->();
    for my $i (1 .. 200) { $many[ $i - 1 ]->enter("many$i:jwt") }
    my $told = sub { $api->row("SELECT count(*) FROM flixim.presence WHERE since > '-infinity'") };
    $pushd[0]->wait_for('all are online', sub { $told->() >= 200 });
    my $spent = $calls->() - $before - 200;
    cmp_ok $spent, '<', 40, "200 joins: $spent calls beside them";
    $_->raw->drop for @many;
    $pushd[0]->wait_for('all are gone', sub { $api->row('SELECT count(*) FROM flixim.presence') == 1 });
    cmp_ok $calls->() - $before - 200, '<', 80, 'and few when they go';
    is $pushd[0]->metrics->{presence_users}, 1, 'as it counts itself';
}

# -- A daemon dies ------------------------------------------------------------------------------------

{
    my $carol = synced('carol', pushd => $pushd[1]);
    $online->device('carol');
    becomes('she is online', 'carol', '1 -infinity');
    $pushd[1]->kill;
    say_to($writer, 'carol');
    my $took = becomes('her daemon is killed: she is not online when its lease is over', 'carol', '0', 15);
    cmp_ok $took, '<', 8, sprintf '%.1f s', $took;
    pushes_become('and what she may have missed is pushed', 'carol', 1);
    $pushd[1]->up;
}

# -- PostgreSQL restarts ------------------------------------------------------------------------------

{
    my $dora = synced('dora');
    becomes('dora is online', 'dora', '1 -infinity');
    $api->cluster->restart;
    forget('presence');
    becomes('after a restart of PostgreSQL all are told again', 'dora', '1 -infinity', 20);
    forget('daemons');
    forget('presence');
    becomes('and where the database does not know the daemon', 'dora', '1 -infinity', 20);
}

# -- Who does not answer ------------------------------------------------------------------------------

{
    $writer = joined('writer');
    my $erin = synced('erin', unix => 1, silent => 1);
    $online->device('erin');
    becomes('she is online', 'erin', '1 -infinity');
    sleep 1.5;
    $online->is('and stays so while nothing is sent to her', 'erin', '1 -infinity');
    $erin->beat;
    is $erin->pings, 0, 'nor is she pinged';
    my $id = say_to($writer, 'erin');
    is $erin->event->{payload}{id}, $id, 'she gets a message';
    becomes('but she does not answer: she is not online', 'erin', '0', 5);
    pushes_become('and what she may have missed is pushed', 'erin', 1);
    is $erin->next_text(0.1), undef, 'nothing else came';
    is $erin->pings, 1, 'but a ping';
    is $pushd[0]->metrics->{channels_doubtful}, 1, 'one channel is in doubt';
    $erin->beat;
    becomes('she is heard from: she is online', 'erin', '1 -infinity', 5);
    is $pushd[0]->metrics->{channels_doubtful}, 0, 'and not in doubt any more';
    say_to($writer, 'erin');
    $erin->event;
    sleep 0.5;
    $erin->beat;
    sleep 2;
    $online->is('one who is heard from after an event stays online', 'erin', '1 -infinity');
    $erin->raw->drop;
    becomes('and leaves', 'erin', '0');
    sleep 0.5;
    pushes_become('with nothing missed', 'erin', 1);
}

{
    my $fay = synced('fay');
    $online->device('fay');
    becomes('fay is online', 'fay', '1 -infinity');
    say_to($writer, 'fay');
    $fay->event;
    $fay->raw->drop;
    becomes('her connection is cut right after an event', 'fay', '0');
    pushes_become('which is pushed', 'fay', 1);
}

{
    my $flo = synced('flo');
    $online->device('flo');
    becomes('flo is online', 'flo', '1 -infinity');
    say_to($writer, 'flo');
    $flo->event;
    $flo->raw->send_close(1001);
    becomes('she says goodbye right after an event, which may not have got to her page', 'flo', '0');
    pushes_become('so it is pushed', 'flo', 1);
}

{
    my $gina = joined('gina', poll => 1);
    $gina->ask('sync', { last_sync_timestamp => '' });
    $online->device('gina');
    becomes('gina polls: she is online', 'gina', '1 -infinity');
    say_to($writer, 'gina');
    $gina->event;
    becomes('she does not come back for more: she is not', 'gina', '0', 5);
    pushes_become('and what she may have missed is pushed', 'gina', 1);
    my $poll = $gina->raw->begin('GET');
    becomes('she comes back', 'gina', '1 -infinity', 5);
}

# -- The end ------------------------------------------------------------------------------------------

{
    my $hanna = synced('hanna', pushd => $pushd[1]);
    becomes('hanna is online', 'hanna', '1 -infinity');
    $pushd[1]->stop;
    $online->is('a daemon that ends in order leaves nobody behind', 'hanna', '0');
    is $api->row('SELECT count(*) FROM flixim.daemons'), 1, 'nor its own row';
    is join("\n", map { $_->faults } @pushd), '', 'nothing in the logs';
}

$api->finish(provoked => qr/FATAL|connection to client lost|FLX0501/);
done_testing;
