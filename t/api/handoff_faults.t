# SPDX-License-Identifier: Apache-2.0
# Daemons that are away, hang, are full or say nonsense; several of them; many WebSockets at once; restarts; descriptors.
use strict;
use warnings FATAL => 'all';

use FindBin     qw($Bin);
use Time::HiRes qw(sleep time);
use lib "$Bin/../lib";
use FlixIM::Test::Httpd;
use FlixIM::Test::Taker;
use FlixIM::Test::Token qw(hs256);
use FlixIM::Test::WebSocket;
use Test::More;

my $mpm   = $ENV{FLIXIM_MPM} // 'event';
my $where = '/socket/websocket';
my ($one, $two) = map { FlixIM::Test::Taker->start } 1, 2;
my $small = FlixIM::Test::Taker->start(backlog => 0);
# One child of four threads; prefork: four children.
my $httpd = FlixIM::Test::Httpd->start(
    bare    => 1,
    modules => [qw(headers)],
    ports   => 3,
    extra   => sub {
        my ($self) = @_;
        my @port = map { $self->port($_) } 0 .. 3;
        my ($first, $second, $third) = map { $_->path } $one, $two, $small;
        return <<"CONF";
<IfModule !mpm_prefork_module>
    ServerLimit 1
    StartServers 1
    ThreadsPerChild 4
    MaxRequestWorkers 4
    MinSpareThreads 1
    MaxSpareThreads 4
</IfModule>
<IfModule mpm_prefork_module>
    ServerLimit 4
    StartServers 4
    MinSpareServers 4
    MaxSpareServers 4
    MaxRequestWorkers 4
</IfModule>
ListenBackLog 511
LogFormat "%>s %{flixim-daemon}n %U%q" all
CustomLog access.log all
FlixIMHandoffWait 1s
FlixIMHandoff $first
<VirtualHost *:$port[1]>
    ServerName several
    FlixIMHandoff /nonexistent/handoff.sock $first $second
</VirtualHost>
<VirtualHost *:$port[2]>
    ServerName full
    FlixIMHandoff $third
</VirtualHost>
<VirtualHost *:$port[3]>
    ServerName away
    FlixIMHandoff /nonexistent/handoff.sock
</VirtualHost>
CONF
    },
);

sub client {
    my ($host, $path, @more) = @_;
    my $client = FlixIM::Test::WebSocket->connect(port => $httpd->port($host));
    $client->queue($client->request(path => "$where$path", @more));
    FlixIM::Test::WebSocket::turn(0.05, $client);
    return $client;
}

# The status that a client gets, and after how many seconds.
sub status_of {
    my ($client) = @_;
    my $begin = time;
    my $answer = $client->answer;
    # Else one that httpd has refused keeps a thread for a while, if it is not event.
    $client->half_close if $answer && $answer->{status} != 101;
    return ($answer ? $answer->{status} : 0, time - $begin, $answer);
}

# Whether all of them are answered by their daemon still.
sub count_alive {
    my (@clients) = @_;
    $_->{in} = '' for @clients;
    $_->queue('still there?') for @clients;
    my $until = time + 20;
    FlixIM::Test::WebSocket::turn(0.1, @clients) while time < $until && grep { $_->rest ne 'still there?' } @clients;
    return scalar grep { $_->rest eq 'still there?' } @clients;
}

sub is_refused {
    my ($client, $name) = @_;
    my ($status, $seconds, $answer) = status_of($client);
    is $status, 503, "$name: 503";
    is $answer->{header}{'retry-after'}, 1, 'with Retry-After';
    ok $client->has_ended, 'in order';
    is $client->rest, '', 'and nothing comes behind it';
    return $seconds;
}

# Waits until one that was silent is asked again.
sub await_pardon {
    my ($host) = @_;
    for (1 .. 50) {
        return 1 if (status_of(client($host // 0, '')))[0] == 101;
        sleep 0.1;
    }
    return 0;
}

# -- Faults -------------------------------------------------------------------------------------------------
cmp_ok is_refused(client(3, ''), 'no daemon'), '<', 1, 'at once';
for my $do (qw(leave nonsense)) {
    cmp_ok is_refused(client(0, "?do=$do"), "do=$do"), '<', 1, 'at once';
}
# One that ends just when it is to get the connection: either httpd still has it, or it ends with the daemon.
{
    my $client = client(0, '?do=drop');
    my ($status) = status_of($client);
    ok $status == 503 || $status == 0 && $client->is_over, "do=drop: 503, or the end ($status)";
    ok $client->has_ended, 'in order';
    is $client->rest, '', 'and nothing comes behind it';
}
{
    my $seconds = is_refused(client(0, '?do=silent&after=1500'), 'no verdict');
    cmp_ok $seconds, '>', 0.9, 'not before its time';
    cmp_ok $seconds, '<', 4, 'and soon after';
    my $event = $one->next_event;
    $event = $one->next_event until !$event || $event->{event} =~ /^(?:hung up|too late)$/;
    ok $event, 'the daemon sees that nobody waits any more';
    ok await_pardon(), 'and is asked again';
}
{
    $one->pause;
    my @waiting = map { client(0, "?hung=$_") } 1 .. 4;
    my $begin = time;
    is join(' ', map { (status_of($_))[0] } @waiting), '503 503 503 503', 'a daemon that is stopped: 503 for all';
    cmp_ok time - $begin, '<', 6, 'within the wait, not one after the other';
    # Each child of prefork has to find out by itself.
    $begin = time;
    my @later = map { client(0, "?later=$_") } 1 .. 40;
    is scalar(grep { (status_of($_))[0] == 503 } @later), 40, 'and then more of them';
    my $told = () = $httpd->log =~ /FLX0501/g;
    ok $told > 0 && $told < 30, "of whom the log does not tell one by one ($told)";
    cmp_ok time - $begin, '<', $mpm eq 'prefork' ? 20 : 8, 'who do not all wait';
    $one->go_on;
    ok await_pardon(), 'it goes on: 101 again';
    is scalar(grep { $_->has_ended && $_->rest eq '' } @waiting, @later), 44, 'and it writes to none of those who were refused';
}
{
    $small->pause;
    my @waiting = map { client(2, "?full=$_") } 1 .. 3;
    my @found = map { join ' ', (status_of($_))[0] } @waiting;
    is "@found", '503 503 503', 'a daemon whose backlog is full: 503';
    like $httpd->log, qr/FLX0501: no daemon for a client \(\S+: Resource temporarily unavailable\)/, 'and the log says why';
    $small->go_on;
    ok await_pardon(2), 'when it has room: 101';
}
$one->end;
cmp_ok is_refused(client(0, ''), 'a daemon that was killed'), '<', 1, 'at once';
$one->begin;
is((status_of(client(0, '')))[0], 101, 'and when it is back: 101, at once');

# -- Several daemons ----------------------------------------------------------------------------------------
# Who has the users, by their tokens: the process that has answered.
sub places {
    my %place;
    for my $user (map { sprintf '%08d-0000-4000-8000-000000000000', $_ } 1 .. 40) {
        my $token = hs256('s' x 32, { sub => $user, exp => time + 1000, rand => rand });
        my ($status, undef, $answer) = status_of(client(1, "?vsn=2.0.0&token=$token"));
        $place{$user} = $status == 101 ? $answer->{header}{'x-pid'} : $status;
    }
    return \%place;
}

sub count_of { my ($places, $pid) = @_; return scalar grep { $_ eq $pid } values %$places }

my ($before, $again) = (places(), places());
is_deeply $again, $before, 'each user has one daemon, whatever the token';
cmp_ok count_of($before, $_->pid), '>=', 8, 'each has its part of them: ' . count_of($before, $_->pid) for $one, $two;
is count_of($before, $one->pid) + count_of($before, $two->pid), 40, 'one that is not there has none';
{
    my ($lives, $dies) = ($one->pid, $two->pid);
    $two->end;
    my $without = places();
    is count_of($without, $lives), 40, 'one dies: the other has all';
    $two->begin;
    my $with = places();
    is_deeply [ map { $with->{$_} eq $two->pid ? 1 : 0 } sort keys %$with ], [ map { $before->{$_} eq $dies ? 1 : 0 } sort keys %$before ], 'it is back, and so are just its users';
    $two->pause;
    my %first = map { $_ => (status_of(client(1, "?token=$_")))[0] } 1 .. 12;
    my %second = map { $_ => (status_of(client(1, "?token=$_")))[0] } 1 .. 12;
    # Each child of prefork finds out by itself, a second at a time: there it is few.
    cmp_ok scalar(grep { $_ == 101 } values %second), '>=', $mpm eq 'prefork' ? 1 : 9, 'one is stopped: soon its users are the other\'s';
    $two->go_on;
    ok await_pardon(1), 'until it goes on';
}

# -- Many ---------------------------------------------------------------------------------------------------
$_->forget for $one, $two;
my @many;
{
    my $begin = time;
    @many = map { client(0, "?n=$_") } 1 .. 300;
    is scalar(grep { (status_of($_))[0] == 101 } @many), 300, '300 at once through four threads';
    is count_alive(@many), 300, 'all of them live';
    my $plain = FlixIM::Test::WebSocket->connect(port => $httpd->port);
    $plain->write("GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    my ($status, $seconds) = status_of($plain);
    is $status, 404, 'and httpd has threads';
    cmp_ok $seconds, '<', 1, 'at once';
}

sub children { return grep { (slurp("/proc/$_/stat") =~ /\) \S (\d+)/ ? $1 : 0) == $httpd->pid } map {m{(\d+)$}} glob '/proc/[0-9]*' }

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    return join '', <$file>;
}

# Sockets of all children: they have one each to listen on, and none of a client's. A child that has just ended one may still be at it.
sub sockets {
    my ($most) = @_;
    my $count;
    for (1 .. 100) {
        $count = grep { (readlink $_ // '') =~ /^socket:/ } map { glob "/proc/$_/fd/*" } children();
        last if $count <= $most;
        sleep 0.1;
    }
    return $count;
}

my $listening = 4 * children();
is sockets($listening), $listening, 'no child has a descriptor of theirs';
for my $round (1 .. 10) {
    my @some = map { client(0, $_ % 10 ? '' : '?do=403') } 1 .. 100;
    my $good = grep { (status_of($_))[0] =~ /^(?:101|403)$/ } @some;
    is $good, 100, "${round}00 more" if $good != 100 || $round == 10;
    $_->drop for @some;
}
is sockets($listening), $listening, 'and none is left of a thousand';

# -- Restarts -----------------------------------------------------------------------------------------------
for my $restart (1 .. 2) {
    $httpd->graceful;
    is count_alive(@many), 300, "graceful restart $restart: they live";
    is((status_of(client(0, '')))[0], 101, 'and new ones come');
}
$httpd->restart;
is count_alive(@many), 300, 'a restart: they live';
is((status_of(client(0, '')))[0], 101, 'and new ones come');
$httpd->stop;
is count_alive(@many), 300, 'httpd is gone: they live';

my @lines = slurp($httpd->dir . '/access.log') =~ m{^(101 \S+ /socket/websocket\?n=\d+)$}gm;
is scalar(keys %{ { map { $_ => 1 } @lines } }), 300, 'each has its line in the access log';
unlike $httpd->log, qr/exit signal|Segmentation|AH02550|AH01579/, 'nothing to complain of';
done_testing;
