# SPDX-License-Identifier: Apache-2.0
# A child that has served thousands of requests of every kind has no more memory than after the first hundreds.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Httpd;
use FlixIM::Test::Operations qw(operations target);
use FlixIM::Test::Probe      qw(build_probe);
use FlixIM::Test::Wire;
use Test::More;

# How often each kind is asked for until everything that grows to a size once has it: lists are of 20, pools keep
# what they had, the database's connection has prepared every statement.
my $before = 60;
# How often then, half of it over one connection and half over one connection each; and by how many kB the child
# may grow: over each kind, and over all. What is lost by each request of a kind shows from 330 bytes on, what is lost
# by each request of any kind from 25 bytes. The rest is noise of malloc's: pages that it gives back and takes.
my $times    = 200;
my $by_kind  = 64;
my $by_all   = 128;
my $leak     = 1000;    # bytes that the probe's statement "leak" loses

# One child that lives to the end.
my $mpm = $ENV{FLIXIM_MPM} // 'event';
my $one = $mpm eq 'prefork'
    ? "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nMaxRequestWorkers 1\n"
    : "StartServers 1\nServerLimit 1\nThreadsPerChild 2\nMaxRequestWorkers 2\nMinSpareThreads 1\nMaxSpareThreads 2\n";
$one .= "MaxKeepAliveRequests 0\n";
my $api = FlixIM::Test::Api->start(extra => $one, settings => { FlixIMDatabaseConnections => 1 });

my $message = $api->send_text('bob', 'alice', 'to be read over and over');
my $child = child($api->httpd);
my $conversation = $api->private('alice', 'bob');
# Of each kind: its name, the status it has, and how to ask for it.
my @kinds = (
    (map { [ "$_->{method} $_->{path}", $_->{answers}, valid($_) ] } operations()),
    [ 'a signed token',     200, as('alice:jwt',  GET => '/messages/unread_count') ],
    [ 'no token',           401, as(undef,        GET => '/messages') ],
    [ 'a bad signed token', 401, as('=e30.e30.x', GET => '/messages') ],
    [ 'an unknown token',   401, as('=unknown',   GET => '/messages') ],
    [ 'no such route',      404, as('alice', GET   => '/nothing') ],
    [ 'no such method',     405, as('alice', PATCH => '/messages') ],
    [ 'no such message',    404, as('alice', GET   => '/messages/' . FlixIM::Test::Api::uuid()) ],
    [ 'no JSON',            400, as('alice', POST  => '/messages', body => '{"content":{"text":["') ],
    [ 'bad fields',         422, as('alice', POST  => '/messages', body => { map { $_ => [] } qw(receiver_id content message_type) }) ],
    [ 'a bad query',        400, as('alice', GET   => '/messages', query => 'limit=x&before=%ff') ],
    [ 'a long body',        413, as('alice', PUT   => '/messages/batch_read', body => ' ' x 300_000) ],
    [ 'HEAD',               200, as('alice', HEAD    => '/messages') ],
    [ 'OPTIONS',            204, as('alice', OPTIONS => '/messages') ],
);

plan tests => 2 * @kinds + 1 + 1 + 4;

sub as {
    my @request = @_;
    return sub { return $api->call(@request, @_) };
}

# One of alice's devices: she can have no more than 25, and registers many.
sub device {
    my $devices = $api->call('alice', GET => '/devices', unchecked => 1)->data;
    return @$devices ? $devices->[0]{id} : $api->device('alice');
}

# Asks an operation for what it is there for.
sub valid {
    my ($operation) = @_;
    my ($names, $body) = @{$operation}{qw(names body)};
    return sub {
        my $id = !$names ? undef : $names eq 'conversation' ? $conversation : $names eq 'device' ? device()
            : $operation->{method} eq 'DELETE' ? $api->send_text('bob', 'alice', 'x')
            : $operation->{acts} eq 'sender' ? $api->send_text('alice', 'bob', 'x') : $message;
        return $api->call($operation->{open} ? undef : 'alice', $operation->{method}, target($operation, $id // ''),
            ($body ? (body => $body->($api, 'alice', 'bob')) : ()), ($operation->{lists} ? (query => { limit => 20 }) : ()), @_);
    };
}

# The one child of a server that has answered.
sub child {
    my ($httpd) = @_;
    my $parent = $httpd->pid;
    my @children = grep { contents("/proc/$_/stat") =~ /\) \S $parent / } map {m{(\d+)}} glob '/proc/[0-9]*';
    die "children: @children" if @children != 1;
    return $children[0];
}

sub contents {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    return join '', <$file>;
}

# kB of memory that a process has of its own. (VmRSS and RssAnon lag behind.)
sub memory {
    my ($pid) = @_;
    return contents("/proc/$pid/smaps_rollup") =~ /^Anonymous:\s+(\d+) kB/m ? $1 : die "child $pid has gone";
}

# By how many kB a process grows while something is done.
sub growth {
    my ($pid, $action) = @_;
    my $kb = memory($pid);
    $action->();
    return memory($pid) - $kb;
}

my @closed = (unchecked => 1, headers => [ Connection => 'close' ]);
for my $kind (@kinds) {
    is $kind->[2]->()->status, $kind->[1], "$kind->[0]: $kind->[1]";
}
for my $time (1 .. $before / 2) {
    for my $kind (@kinds) {
        $kind->[2]->(unchecked => 1);
        $kind->[2]->(@closed);
    }
}

my $all = growth($child, sub {
    for my $kind (@kinds) {
        my $kb = growth($child, sub {
            $kind->[2]->(unchecked => 1) for 1 .. $times / 2;
            $kind->[2]->(@closed)        for 1 .. $times / 2;
        });
        cmp_ok $kb, '<=', $by_kind, "$kind->[0]: no growth";
    }
});
cmp_ok $all, '<=', $by_all, 'nor by all of them';
diag sprintf '%d requests, %d kB, %+d kB', $times * @kinds, memory($child), $all;

# Would it be seen?
build_probe();
my $leaky = FlixIM::Test::Httpd->start(cluster => $api->cluster, extra => $one);
my $wire = FlixIM::Test::Wire->new($leaky->port);
my $ask = sub {
    for (1 .. $times) {
        $wire->send("GET /api/v1/health?fault=leak HTTP/1.1\r\nHost: localhost\r\n\r\n");
        $wire->answer;
    }
};
$ask->();
cmp_ok growth(child($leaky), $ask), '>', 2 * $by_kind, "$leak bytes lost by each request are seen";

$api->finish;
