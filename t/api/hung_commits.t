# SPDX-License-Identifier: Apache-2.0
# Every commit hangs (a synchronous standby is missing): writers get 503 in time, readers are served, nothing stays behind.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Dev qw(wait_until);
use FlixIM::Test::Httpd;
use FlixIM::Test::Crowd  qw(users);
use FlixIM::Test::Volley qw(fire answers volley statuses request message);
use Apache::Test         qw(-withtestmore);
use Time::HiRes          qw(time sleep);

my $timeout = 2;
my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(
    cluster  => $cluster,
    settings => { FlixIMDatabaseTimeout => "${timeout}s" },
    # Prefork has a process for each request: enough for all that hang, since it makes new ones but slowly.
    extra    => "<IfModule mpm_prefork_module>\nStartServers 90\nMinSpareServers 10\nMaxSpareServers 90\n</IfModule>\n",
);
my ($alice, $bob) = users($cluster, 2);
my $last_id = 0;

plan tests => 1 + 4 + 5 + 5 + 5 + 1;

# With a device syncs are noted, which must not wait either.
$cluster->psql("SELECT FROM flixim.add_device(ROW('$bob->{id}', now(), false, NULL), 'fcm', 'x')");

sub posts { return map { request(POST => '/messages', $alice->{token}, message($bob->{id}, $_)) } @_ }

sub new_ids {
    return map { sprintf '00000000-0000-4000-8000-%012d', ++$last_id } 1 .. $_[0];
}

# What else is asked meanwhile.
my @reads = (
    map { request(GET => $_, $bob->{token}) } '/messages', '/messages/unread_count', '/messages/sync', '/conversations', '/health'
);

sub slowest {
    my ($slowest) = sort { $b <=> $a } map { $_->{seconds} } @_;
    return $slowest;
}

# The sessions of httpd that wait for the standby.
sub waiting {
    return $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'flixim_httpd' AND wait_event = 'SyncRep'});
}

sub set_standby {
    my ($name) = @_;
    $cluster->psql("ALTER SYSTEM SET synchronous_standby_names = '$name'");
    $cluster->psql('SELECT pg_reload_conf()');
    wait_until(10, sub { $cluster->psql('SHOW synchronous_standby_names') eq $name }) or die 'the setting does not come';
    return;
}

is statuses(volley($httpd->port, posts(new_ids(4)))), '201: 4', 'before: posted';

set_standby('ghost');
my @lost  = new_ids(4);
my $shots = fire($httpd->port, posts(@lost));
my @reads_meanwhile = map { volley($httpd->port, @reads) } 1 .. 10;
my @writes = answers($shots, 10);
is statuses(@writes), '503: 4', 'commits hang: posts get 503';
is scalar(grep { $_->{head} =~ /^Retry-After: \d+\r?$/m } @writes), 4, 'with Retry-After';
cmp_ok slowest(@writes), '<', $timeout + 1, 'within the timeout and a little';
cmp_ok slowest(@writes), '>', $timeout / 2, 'not before it is worth giving up';
is statuses(@reads_meanwhile), '200: 50', 'whoever reads is served meanwhile';
cmp_ok slowest(@reads_meanwhile), '<', 1, 'at once';
is $cluster->psql("SELECT r.reached_at > '2000-01-01' FROM flixim.reached AS r WHERE r.user_id = '$bob->{id}'"), 't', 'and what was synced is noted';
ok wait_until(5, sub { waiting() == 0 }), 'no session goes on waiting for the standby';
like $writes[0]{body}, qr/"code":"unavailable"/, 'the posts are told that the service is unavailable';

# Many of them, more than the cluster has connections for.
my @many = new_ids(60);
my $busy = fire($httpd->port, posts(@many));
my @while_busy = map { volley($httpd->port, @reads) } 1 .. 10;
my @failed = answers($busy, 60);
is statuses(@failed), '503: 60', 'sixty posts at once: 503';
cmp_ok slowest(@failed), '<', 60 / 4, 'in time';
is statuses(@while_busy), '200: 50', 'whoever reads is served';
cmp_ok slowest(@while_busy), '<', 2, 'soon';
ok wait_until(5, sub { waiting() == 0 }), 'no session goes on waiting';

set_standby('');
my @again = map { volley($httpd->port, posts($_)) } new_ids(10);
is statuses(@again), '201: 10', 'the setting is gone: posted';
my @retries = map { volley($httpd->port, posts($_)) } @lost, @many;
is statuses(grep { $_->{status} != 200 && $_->{status} != 201 } @retries), '', 'retries of what failed are acknowledged';
is $cluster->psql('SELECT count(*), count(DISTINCT client_message_id) FROM flixim.messages'), '78|78', 'each is stored once';
is $cluster->psql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'flixim_httpd' AND state <> 'idle'}), 0, 'no session is busy';
is $cluster->psql('SELECT * FROM flixim.check_invariants()'), '', 'all invariants hold';
unlike $httpd->log, qr/exit signal|Segmentation/, 'no child died';
