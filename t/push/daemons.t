# SPDX-License-Identifier: Apache-2.0
# Several daemons on one database, behind one httpd that hands their clients over: who is where, who is told what, and what becomes of
# the users of one that dies.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Pushd;
use Test::More;
use Time::HiRes qw(time);

my @daemons;
my $api = FlixIM::Test::Api->start(with => sub {
    my ($self) = @_;
    $self->write_file(secret => $self->secret);
    @daemons = map { FlixIM::Test::Pushd->start(api => $self, settings => { safety_poll => 0, idle_time => '10min' }) } 1 .. 3;
    return (handoff => [ map { $_->handoff } @daemons ]);
});
my $httpd = $api->httpd;

sub counts { my ($name) = @_; return map { $_->metrics->{$name} } @daemons }
sub sum    { my $sum = 0; $sum += $_ for @_; return $sum }
sub ids    { return [ map { $_->{payload}{id} } @_ ] }
# Sends a message, over REST: its id.
my $count = 0;
sub sent { my ($to) = @_; return $api->send_text('sender', $to, 'hello ' . ++$count) }

# -- One user on all of them --------------------------------------------------------------------------

# Two connections on each, and one more that httpd hands to whom it likes: each is told once.
{
    my @mine = map { my $daemon = $_; map { FlixIM::Test::Channel->join($api, $daemon, 'alice') } 1 .. 2 } @daemons;
    push @mine, FlixIM::Test::Channel->join($api, $httpd, 'alice');
    is sum(counts('channels')), 7, 'alice is on three daemons, seven times';
    my @ids = map { sent('alice') } 1 .. 20;
    for my $i (0 .. $#mine) {
        is_deeply ids($mine[$i]->events(20)), \@ids, "connection $i: all of it, in order";
        is_deeply [ $mine[$i]->now ], [], "connection $i: and nothing twice";
    }
    my $reply = $mine[0]->ask('send_message', { receiver_id => $api->id('bob'), message_type => 'private_message', content_type => 'text', content => { text => 'x' } });
    is $reply->status, 'ok', 'one of them sends';
    my $id = $reply->response->{message_id};
    is_deeply [ map { ids($_->events(1)) } @mine[ 1 .. 6 ] ], [ map { [$id] } 1 .. 6 ], 'the six others are told, on whatever daemon';
    is_deeply [ map { $_->now } @mine ], [], 'and nobody else';
    is sum(counts('events_pushed_total')), 7 * 20 + 6, 'and all of them together all of it';
    $_->raw->drop for @mine;
    $_->wait_metric(channels => 0) for @daemons;
}

# -- Who is where -------------------------------------------------------------------------------------

my @users = map {"user$_"} 1 .. 48;
my %client = map { $_ => joined($_) } @users;
my @per = counts('channels');
is sum(@per), 48, 'clients are handed over';
is scalar(grep { $_ >= 6 } @per), 3, "to all daemons: @per";
is sum(counts('handoffs_refused_total')), 0, 'none was refused';
{
    my @again = map { joined('user1') } 1 .. 5;
    my @grown = map { $_->[1] - $_->[0] } map { [ $per[$_], (counts('channels'))[$_] ] } 0 .. 2;
    is join(' ', sort @grown), '0 0 5', 'one user is always on the same';
    $_->raw->drop for @again;
}
$_->wait_for('those have gone', sub { sum(counts('channels')) == 48 }) for $daemons[0];

# -- One dies -----------------------------------------------------------------------------------------

# What each user has seen, live or by a sync, and how far the sync goes.
my (%seen, %cursor, %twice);
my %expected;
$cursor{$_} = $client{$_}->live_from for @users;
for my $name (@users) { push @{ $expected{$name} }, sent($name) }
my $victim = $daemons[0];
my @moved = users_on($victim);
cmp_ok scalar @moved, '>=', 6, @moved . ' users are on the first daemon';
$victim->kill;
# Nobody waits for them: what is sent now they have to find.
for my $name (@users) { push @{ $expected{$name} }, sent($name) }
my $begin = time;
for my $name (@users) {
    take($name);
    next if !$client{$name}->raw->is_over;
    $client{$name} = joined($name);
    resync($name);
}
diag sprintf '%d users moved in %.1f s', scalar @moved, time - $begin;
is_deeply [ sort map { users_on($_) } @daemons[ 1, 2 ] ], [ sort @users ], 'whoever was on it is on another';
for my $name (@users) { push @{ $expected{$name} }, sent($name) }
for my $name (@users) { take($name, 3) }
is_deeply [ grep { join(' ', sort keys %{ $seen{$_} }) ne join(' ', sort @{ $expected{$_} }) } @users ], [], 'nobody has lost anything';
is_deeply \%twice, {}, 'no connection was told twice';

# It comes back: its part of the users is its own again, when they connect anew.
$victim->up;
{
    my @back = map { joined($_) } @moved;
    is $victim->metrics->{channels}, scalar @moved, 'back again it gets its part of the users';
    $_->raw->drop for @back;
}

# One that ends in order sends its users to the others at once, although their part is its own.
{
    my @mine = map { joined($_) } @moved;
    $victim->stop;
    is_deeply [ map { $_->raw->close_code } @mine ], [ map {1012} @mine ], 'one that ends sends its users away';
    my @others = map { joined($_) } @moved;
    is scalar @others, scalar @moved, 'the others take them';
    $_->raw->drop for @mine, @others;
}

# Without any, httpd says so.
{
    $_->raw->drop for values %client;
    $_->stop for @daemons[ 1, 2 ];
    my $client = FlixIM::Test::WebSocket->connect(port => $httpd->port);
    $client->write($client->request(path => '/socket/websocket?vsn=2.0.0'));
    my $answer = $client->answer;
    is $answer->{status}, 503, 'without a daemon: 503';
    ok $answer->{header}{'retry-after'}, 'and when to come again';
}

is_deeply [ map { $_->faults } @daemons ], [], 'no fault in the logs of the daemons';
is join("\n", FlixIM::Test::Channel::faults()), '', 'every frame is as docs/asyncapi.yaml says';
$api->finish(provoked => qr/connection to client lost|FLX0501/);
done_testing;

sub joined { my ($name) = @_; return FlixIM::Test::Channel->join($api, $httpd, $name) }

# Whose connections a daemon has: the sockets' other ends are its own.
sub users_on {
    my ($daemon) = @_;
    my %port = map { $_ => 1 } ports_of($daemon->pid);
    return grep { !$client{$_}->raw->is_over && $port{ $client{$_}->raw->{socket}->sockport } } @users;
}

# The ports of the clients of a process.
sub ports_of {
    my ($pid) = @_;
    my %inode;
    for my $link (glob "/proc/$pid/fd/*") { $inode{$1} = 1 if (readlink($link) // '') =~ /^socket:\[(\d+)\]$/ }
    open my $table, '<', '/proc/net/tcp' or die "tcp: $!";
    my @fields = map { [ split ' ' ] } <$table>;
    return map { hex((split /:/, $_->[2])[1]) } grep { $inode{ $_->[9] } } @fields;
}

# Takes what a user's connection was told: as many as are missing, if a number of all is given.
sub take {
    my ($name, $count) = @_;
    my $live = $client{$name}{told} //= {};
    my @events;
    if ($count) {
        while (keys %{ $seen{$name} } < $count) { note_seen($name, $live, $client{$name}->event // last) }
    }
    else {
        while (defined(my $event = eval { $client{$name}->event(0.02) })) { note_seen($name, $live, $event) }
    }
    return;
}

sub note_seen {
    my ($name, $live, $event) = @_;
    my $id = $event->{payload}{id};
    $seen{$name}{$id} = 1;
    $twice{"$name: $id"} = 1 if $live->{$id}++;
    return;
}

# From the last position that the user knows.
sub resync {
    my ($name) = @_;
    my $answer = $client{$name}->ask('sync', { last_sync_timestamp => $cursor{$name} })->response;
    $seen{$name}{ $_->{payload}{id} } = 1 for @{ $answer->{events} };
    die "more than one page\n" if $answer->{has_more};
    return;
}
