# SPDX-License-Identifier: Apache-2.0
# ./dev run from the first start to the last stop: detached, again, in the foreground, two at once.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Dev qw(scratch copy_of_the_tree dev dev_in_background free_port health processes_of wait_until);
use FlixIM::Test::WebSocket;
use FlixIM::Test::Wire;
use Test::More;
use Time::HiRes qw(time);

my $tree = copy_of_the_tree(scratch() . '/clone');
my ($one, $two) = (scratch() . '/one', scratch() . '/two');
my ($port, $other_port) = (free_port(), free_port());
my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

# The first start, detached.
my ($status, $out, $err) = dev($tree, 'run', '--detach', '--port', $port, '--state', $one);
is $status, 0, 'run --detach comes back' or diag $err;
is $err, '', 'without a complaint';
like $out, qr{^  API      http://localhost:$port/api/v1$}m, 'says where the API is';
is scalar(() = $out =~ /^  user     $uuid\n  token    \S+$/mg), 2, 'names two users with tokens';
is health($port), 200, 'and health is well';
like $out, qr{^  chat     http://localhost:$port/$}m, 'says where the chat page is';
my @link = $out =~ m{^  link     (http://localhost:$port/#user=$uuid&token=\S+)$}mg;
is scalar @link, 2, 'with links that log the two in';
like $out, qr{^\Q$tree/dev\E stop --state \Q$one\E stops it\.$}m, 'and how to stop it';
my ($stop) = $out =~ /^(.+) stops it\.$/m;
ok !-e "$tree/var", 'nothing is written beside the state folder';

# The chat page, and the daemon behind the same port.
my $get = sub {
    my ($path) = @_;
    my $wire = FlixIM::Test::Wire->new($port);
    $wire->send("GET $path HTTP/1.1\r\nHost: localhost:$port\r\nConnection: close\r\n\r\n");
    return $wire->answer;
};
for my $page ([ '/' => 'text/html' ], [ '/sw.js' => 'text/javascript' ], [ '/page/main.js' => 'text/javascript' ], [ '/page/style.css' => 'text/css' ], [ '/js/flixim.js' => 'text/javascript' ], [ '/vendor/phoenix.mjs' => 'text/javascript' ]) {
    my $answer = $get->($page->[0]);
    is $answer->status, 200, "$page->[0] is there";
    is $answer->header('content-type'), "$page->[1]; charset=utf-8", 'of its type';
    like $answer->header('content-security-policy'), qr/^default-src 'none';.*frame-ancestors 'none'$/, 'under a strict policy';
    is $answer->header('x-content-type-options'), 'nosniff', 'which nobody may guess around';
}
for my $path ('/page/', '/js/', '/package.json', '/../pushd/token.key', '/../pushd/web_push.pem', '/metrics', '/health') {
    isnt $get->($path)->status, 200, "$path is not";
}
my ($token) = $link[0] =~ /token=(\S+)/;
my $talk = sub {
    my $socket = eval { FlixIM::Test::WebSocket->open(port => $port, path => "/socket/websocket?vsn=2.0.0&token=$token") } or return;
    $socket->send_text('[null,"1","phoenix","heartbeat",{}]');
    return ($socket->next_text(10) // '') =~ /"ok"/;
};
ok $talk->(), 'a WebSocket with the token of a demo user';
my $settings = sub {
    my $wire = FlixIM::Test::Wire->new($port);
    $wire->send("GET /api/v1/settings/notifications HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $token\r\nConnection: close\r\n\r\n");
    return $wire->answer->body;
};
my $key = '';
ok wait_until(20, sub { ($key) = $settings->() =~ /"web_push_public_key":"(B[\w-]{86})"/ }), 'browsers can subscribe to Web Push';
my $pushd = sub { open my $file, '<', "$one/pushd.pid" or return ''; return readline($file) =~ /(\d+)/ ? $1 : '' };
my $killed = $pushd->();
kill 'KILL', $killed;
ok wait_until(20, sub { $pushd->() ne $killed && $talk->() }), 'a daemon that dies is started again';

# Tokens.
($status, $out) = dev($tree, 'token', '33333333-3333-4333-8333-333333333333', '--state', $one);
is $status, 0, 'token';
like $out, qr/\A\S{20,}\n\z/, 'prints one token and nothing else';
my ($again) = (dev($tree, 'token', '33333333-3333-4333-8333-333333333333', '--scope', 'system', '--ttl', '60', '--state', $one))[1];
like $again, qr/\A\S{20,}\n\z/, 'one for the system as well';
isnt $again, $out, 'another one each time';
for my $bad ([ 'x', qr/is no UUID/ ], [ '--scope', 'user', qr/only scope/ ], [ '33333333-3333-4333-8333-333333333333', '--ttl', '0', qr/seconds/ ]) {
    my $sentence = pop @$bad;
    ($status, $out, $err) = dev($tree, 'token', @$bad, '--state', $one);
    isnt $status, 0, "token @$bad is refused";
    like $err, qr/\A[^\n]*$sentence[^\n]*\n\z/, 'in one sentence';
    is $out, '', 'nothing on standard output';
}

# A second run on the same state, and on the same port.
($status, undef, $err) = dev($tree, 'run', '--detach', '--port', $other_port, '--state', $one);
isnt $status, 0, 'a second run on a state in use is refused';
like $err, qr/\Adev: [^\n]*is at work on[^\n]* stop --state \Q$one\E, or [^\n]*\n\z/, 'in one sentence, which says how to stop the first';
($status, undef, $err) = dev($tree, 'run', '--detach', '--port', $port, '--state', $two);
isnt $status, 0, 'so is one on a busy port';
like $err, qr/\Adev: port $port is taken[^\n]*\n\z/, 'in one sentence';
is health($port), 200, 'the first is none the worse';

# Two states beside each other; the second in the foreground.
my $file = scratch() . '/output';
my $pid = dev_in_background($tree, $file, 'run', '--port', $other_port, '--state', $two);
ok wait_until(120, sub { health($other_port) == 200 }), 'another state on another port';
ok wait_until(10, sub { -s $file }), 'says that it is ready';
is health($port), 200, 'beside the first';
kill 'INT', $pid;
waitpid $pid, 0;
is $?, 0, 'Ctrl-C ends it';
is health($other_port), 0, 'and all of it';
is scalar processes_of($two), 0, 'no process is left';
is health($port), 200, 'but not the first';

# Stop, by what the first start has said, and start again with the same data.
my $mark = "$tree/t/lib/cluster";
my $psql = sub { my ($sql) = @_; return scalar `eval "\$('$mark' env '$one')" && psql -X -A -t -q -c "$sql"` };
$psql->('CREATE TABLE public.mark AS SELECT 42 AS x');
($out, $err, $status) = FlixIM::Test::Cluster::capture('bash', '-c', $stop // 'false');
is $status, 0, 'stop' or diag $err;
is $out . $err, '', 'says nothing';
is health($port), 0, 'stops httpd';
is scalar processes_of($one), 0, 'and PostgreSQL, and the daemon';
($status, $out, $err) = dev($tree, 'stop', '--state', $one);
is $status, 0, 'stopping twice is no fault';
my $begin = time;
($status, undef, $err) = dev($tree, 'run', '--detach', '--port', $port, '--state', $one);
is $status, 0, 'the second start' or diag $err;
cmp_ok time - $begin, '<', 10, 'takes seconds';
is $psql->('SELECT x FROM public.mark'), "42\n", 'and finds its data';
ok wait_until(20, sub { $settings->() =~ /"web_push_public_key":"\Q$key\E"/ }), 'and the key that browsers have subscribed with';

# Each of the servers dies; then the one that watches them.
dev($tree, 'stop', '--state', $one);
for my $victim ('httpd.pid', 'pgdata/postmaster.pid') {
    $pid = dev_in_background($tree, $file, 'run', '--port', $port, '--state', $one);
    ok wait_until(60, sub { -e "$one/ready" }), "running, to lose $victim";
    open my $pidfile, '<', "$one/$victim" or die "$victim: $!";
    kill 'KILL', readline($pidfile) =~ /(\d+)/;
    ok wait_until(60, sub { waitpid($pid, 1) == $pid }), 'ends';
    isnt $?, 0, 'with an error';
    open my $output, '<', $file or die "$file: $!";
    like join('', <$output>), qr/^dev: (?:httpd|PostgreSQL) has ended/m, 'and a sentence';
    is health($port), 0, 'the rest is stopped';
}
$pid = dev_in_background($tree, $file, 'run', '--port', $port, '--state', $one);
ok wait_until(60, sub { -e "$one/ready" }), 'running, to lose its watcher';
kill 'KILL', $pid;
waitpid $pid, 0;
is health($port), 200, 'whose servers run on';
($status, undef, $err) = dev($tree, 'run', '--detach', '--port', $port, '--state', $one);
is $status, 0, 'a new run takes over' or diag $err;
is health($port), 200, 'and is well';
open my $pidfile, '<', "$one/pid" or die "pid: $!";
kill 'KILL', readline($pidfile) =~ /(\d+)/;
($status, undef, $err) = dev($tree, 'stop', '--state', $one);
is $status, 0, 'stop works without a watcher as well' or diag $err;
is health($port), 0, 'all is stopped';
is scalar processes_of($one), 0, 'no process is left';

done_testing;
