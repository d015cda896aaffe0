# SPDX-License-Identifier: Apache-2.0
# As many children as there can be, kept by open tunnels through five graceful restarts: REST answers all the same.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Crowd  qw(users);
use FlixIM::Test::Volley qw(fire answers request);
use Apache::Test         qw(-withtestmore);
use Time::HiRes          qw(sleep);

my $restarts = 5;
my $mpm      = $ENV{FLIXIM_MPM} // 'event';
my $each     = $mpm eq 'prefork' ? 6 : 18;    # tunnels for each generation: all its children get some
my $cluster  = FlixIM::Test::Cluster->start;
my $crowd    = FlixIM::Test::Crowd->start('tunnels.js', {});
my $echo     = $crowd->report(10)->{port};

# As many children as there can be, so that as many as there can be are kept. MaxRequestWorkers and ServerLimit
# are those that conf/flixim.conf ships.
my $httpd = FlixIM::Test::Httpd->start(cluster => $cluster, modules => [qw(proxy proxy_wstunnel)], extra => <<"CONF");
ProxyPass "/socket" "ws://127.0.0.1:$echo/socket"
<IfModule !mpm_prefork_module>
    StartServers 6
    MinSpareThreads 150
    MaxSpareThreads 175
</IfModule>
# Each tunnel takes a process, and new ones are made once a second only.
<IfModule mpm_prefork_module>
    StartServers 12
    MinSpareServers 10
    MaxSpareServers 20
</IfModule>
CONF
my ($user) = users($cluster, 1);

plan tests => 2 * ($restarts + 1) + 2 + 3 + 3;

# The slowest of twenty requests, in seconds; an hour if one of them was not answered well within five seconds.
sub slowest {
    my $slowest = 0;
    for (1 .. 20) {
        my ($answer) = answers(fire($httpd->port, request(GET => '/messages/unread_count', $user->{token})), 5);
        return 3600 if $answer->{status} != 200;
        $slowest = $answer->{seconds} if $answer->{seconds} > $slowest;
    }
    return $slowest;
}

# The children of httpd.
sub children {
    my $parent = $httpd->pid;
    return grep { (stat_of($_))[1] == $parent } map {m{(\d+)}} glob '/proc/[0-9]*';
}

# State and parent of a process.
sub stat_of {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/stat" or return ('', 0);
    return ((<$file> // '') =~ /\) (\S) (\d+)/ ? ($1, $2) : ('', 0));
}

# Waits until a generation, all its children, is there; without room for it we go on and see.
sub await_generation {
    my (%old) = map { $_ => 1 } @_;
    for (1 .. 50) {
        last if grep({ !$old{$_} } children()) >= ($mpm eq 'prefork' ? 2 : 6);
        sleep 0.1;
    }
    return;
}

for my $restart (0 .. $restarts) {
    my @old = $restart > 0 ? children() : ();
    $httpd->graceful if $restart > 0;
    await_generation(@old);
    cmp_ok slowest(), '<', 1, "restart $restart: REST answers within a second";
    $crowd->say(join ' ', 'open', $httpd->port, $each);
    is $crowd->report(60)->{opened}, $each, "restart $restart: $each more tunnels";
}
my $all = $each * ($restarts + 1);
$crowd->say('echo');
my $report = $crowd->report(60);
is $report->{echoed}, $all, "all $all tunnels still echo";
cmp_ok $report->{seconds}, '<', 5, 'soon';

my @children = children();
cmp_ok scalar @children, '>', $restarts, 'children of every generation are there: ' . @children;
cmp_ok slowest(), '<', 1, 'REST answers within a second, still';
is scalar(() = $httpd->log =~ /scoreboard is full/g), 0, 'there was room for all of them';

is $crowd->finish, 0, 'the tunnels are closed';
for (1 .. 100) {
    last if children() < @children;
    sleep 0.1;
}
cmp_ok scalar(children()), '<', scalar @children, 'and their children end';
unlike $httpd->log, qr/FLX|exit signal|Segmentation/, 'nothing to complain of';
