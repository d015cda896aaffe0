# SPDX-License-Identifier: Apache-2.0
# The daemon as a process: its end in order, signals, sockets that it finds or is given, limits, and a log that cannot be written to.
use strict;
use warnings FATAL => 'all';

use File::Temp          ();
use FindBin             qw($Bin);
use IO::Select          ();
use IO::Socket::INET    ();
use IO::Socket::UNIX    ();
use POSIX               ();
use Socket              qw(AF_UNIX SOCK_DGRAM SOCK_SEQPACKET SOCK_STREAM pack_sockaddr_un);
use Time::HiRes         qw(sleep time);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Cluster;
use FlixIM::Test::Handoff qw(hand_over);
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket;
use Test::More;

my $api   = FlixIM::Test::Api->start(httpd => 0);
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { drain_time => '500ms' });
my $dir   = File::Temp->newdir('/tmp/fxt-XXXXXXXX');
chmod 0755, "$dir" or die "chmod: $!";

# The end in order.
{
    my @clients = map { FlixIM::Test::Channel->join($api, $pushd, $_) } qw(alice bob carol);
    my $poll = FlixIM::Test::Channel->join($api, $pushd, 'dave', poll => 1);
    my $waiting = $poll->raw->begin('GET');
    my $bare = FlixIM::Test::Wire->new($pushd->port);
    my $ref = $clients[0]->push('send_message', { client_message_id => '00000000-0000-4000-8000-000000000001', receiver_id => $api->id('bob'),
        message_type => 'private_message', content_type => 'text', content => { text => 'the last one' } });
    is $clients[0]->reply($ref)->status, 'ok', 'a message is sent';
    my $begin = time;
    kill 'TERM', $pushd->pid;
    is $_->close_code, 1012, 'TERM closes a WebSocket with 1012' for @clients;
    my $answer = $waiting->answer;
    is $answer && $answer->json->{status}, 204, 'a waiting poll is answered 204';
    $_->raw->drop for @clients;
    is $pushd->wait_end, 0, 'and the daemon ends with status 0';
    cmp_ok time - $begin, '<', 8, 'soon';
    ok !-e $pushd->unix, 'its socket file is gone';
    like $pushd->log, qr/FLX1303: draining: \d+ connections, over 500 ms\n.*FLX1319: ended\n\z/s, 'it has said so';
    unlike $pushd->log, qr/FLX1302|FLX1318/, 'and has left nothing on its loop';
    is $api->row('SELECT count(*) FROM flixim.messages'), 1, 'what was acknowledged is there';
}

# What was accepted before the end is answered; what comes after it is not begun.
$pushd->up;
{
    my $client = FlixIM::Test::Channel->join($api, $pushd, 'alice');
    my $text = sub {
        my ($number) = @_;
        return { client_message_id => "00000000-0000-4000-8000-00000000010$number", receiver_id => $api->id('bob'),
            message_type => 'private_message', content_type => 'text', content => { text => "number $number" } };
    };
    my $holder = $api->cluster->connect;
    $holder->begin_work;
    $holder->do('LOCK TABLE flixim.messages IN ACCESS EXCLUSIVE MODE');
    my $ref = $client->push('send_message', $text->(1));
    $pushd->wait_for('it waits', sub { $api->row(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'}) > 0 });
    kill 'TERM', $pushd->pid;
    $pushd->wait_for('it drains', sub { !-e $pushd->unix });
    $client->push('send_message', $text->(2));
    $holder->rollback;
    $holder->disconnect;
    is $client->reply($ref)->status, 'ok', 'a message on its way when the end begins is acknowledged';
    is $client->close_code, 1012, 'then the connection ends';
    $client->raw->drop;
    is $pushd->wait_end, 0, 'in order';
    is $api->row('SELECT count(*) FROM flixim.messages'), 2, 'one that came later was not begun';
}

# A second TERM does not wait.
$pushd->configure(drain_time => '1min');
$pushd->up;
{
    my @clients = map { FlixIM::Test::WebSocket->open(port => $pushd->port, path => '/socket/websocket?vsn=2.0.0') } 1 .. 5;
    kill 'TERM', $pushd->pid;
    $pushd->wait_for('it drains', sub { $pushd->log =~ /FLX1303: draining: \d+ connections, over 60000 ms/ });
    ok !IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $pushd->port), 'while it drains nobody else gets in';
    ok $pushd->is_alive, 'it takes its time';
    kill 'INT', $pushd->pid;
    is $pushd->wait_end(5), 1, 'until it is told a second time';
    like $pushd->log, qr/FLX1314/, 'and says so';
}
$pushd->configure(drain_time => '200ms');

# Killed, it leaves its socket file, which the next one replaces; that of a living one stays.
$pushd->up;
$pushd->kill;
ok -S $pushd->unix, 'killed, it leaves its socket file';
my $begin = time;
$pushd->up;
cmp_ok time - $begin, '<', 3, 'and is back in no time';
{
    my ($out, $err, $status) = FlixIM::Test::Cluster::capture("$ENV{FLIXIM_BUILD}/flixim-pushd", '--config', $pushd->conf, '--listen-tcp=');
    isnt $status, 0, 'a second daemon on its socket is refused';
    like $out . $err, qr/FLX1316: cannot start: [^\n]*\Q${\$pushd->unix}\E/, 'in a sentence that names it';
    is $pushd->get('/health')->status, 200, 'the first is none the worse';
    ($out, $err, $status) = FlixIM::Test::Cluster::capture("$ENV{FLIXIM_BUILD}/flixim-pushd", '--config', $pushd->conf, "--listen-unix=$dir/other.sock");
    isnt $status, 0, 'so is one on its port';
    like $out . $err, qr/FLX1316: cannot start: [^\n]*127\.0\.0\.1:\d+/, 'in a sentence that names it';
    ok !-e "$dir/other.sock", 'and takes its other socket with it';
}

# Stopped and continued.
{
    my $client = FlixIM::Test::Channel->join($api, $pushd, 'alice');
    kill 'STOP', $pushd->pid;
    my $late = FlixIM::Test::WebSocket->connect(port => $pushd->port);
    sleep 2;
    kill 'CONT', $pushd->pid;
    ok defined $client->now, 'stopped and continued, it goes on';
    $late->write($late->request(path => '/socket/websocket?vsn=2.0.0'));
    is $late->answer->{status}, 101, 'with who came meanwhile as well';
}

# Too many clients: 503 beyond connections; and with too few file descriptors it neither spins nor forgets who is there.
$pushd->configure(connections => 10);
$pushd->reload;
{
    my $refused = $pushd->metrics->{connections_refused_total};
    $pushd->wait_metric(connections => 1);    # that of the question
    my @clients = map { FlixIM::Test::WebSocket->open(port => $pushd->port, path => '/socket/websocket?vsn=2.0.0') } 1 .. 8;
    # The last place may still be a question's.
    $pushd->wait_for('the last place', sub { push @clients, eval { FlixIM::Test::WebSocket->open(port => $pushd->port, path => '/socket/websocket?vsn=2.0.0') } // (); @clients == 10 });
    my $more = FlixIM::Test::WebSocket->connect(port => $pushd->port);
    is $more->answer->{status}, 503, 'one connection too many is answered 503';
    $clients[0]->drop;
    ok $pushd->wait_for('it is counted', sub { ($pushd->metrics->{connections_refused_total} // 0) > $refused }), 'and counted';
}
$pushd->stop;
$pushd->configure(connections => 15000);
{
    my $few = FlixIM::Test::Pushd->start(api => $api, limit => { nofile => 64 });
    like $few->log, qr/warning: FLX1311: RLIMIT_NOFILE is 64, and 15000 connections need 16124/, 'few file descriptors: a warning';
    my $first = FlixIM::Test::Channel->join($api, $few, 'alice');
    my @clients = map { FlixIM::Test::WebSocket->connect(port => $few->port) } 1 .. 100;
    sleep 0.5;
    my $before = processor_time($few->pid);
    sleep 1;
    cmp_ok processor_time($few->pid) - $before, '<', 0.5, 'without them it does not spin';
    ok defined $first->now, 'and serves who is there';
    $_->drop for @clients;
    ok eval { $few->wait_for('a place', sub { $few->is_healthy }) }, 'and others, when there is room again';
    $few->stop;
}

sub processor_time {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/stat" or die "stat: $!";
    my @field = split ' ', (<$file> =~ s/.*\) //r);
    return ($field[11] + $field[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# Runs the daemon in the child, after what PREPARE does there: its process id.
sub launch {
    my ($prepare, @flags) = @_;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN,  '<', '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>', '/dev/null' or POSIX::_exit(126);
        open STDERR, '>', '/dev/null' or POSIX::_exit(126);
        $prepare->();
        exec 'setpriv', '--pdeathsig', 'KILL', "$ENV{FLIXIM_BUILD}/flixim-pushd", '--config=' . $pushd->conf, @flags or POSIX::_exit(127);
    }
    return $pid;
}

sub reap {
    my ($pid) = @_;
    for (1 .. 500) {
        return $? & 127 ? 128 + ($? & 127) : $? >> 8 if waitpid($pid, POSIX::WNOHANG()) == $pid;
        sleep 0.02;
    }
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return 'killed';
}

sub answers {
    my ($where) = @_;
    for (1 .. 250) {
        my $answer = eval { my $wire = FlixIM::Test::Wire->new($where); $wire->send("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); $wire->answer };
        return $answer->status if $answer && $answer->status != 503;
        sleep 0.02;
    }
    return 0;
}

# Sockets that systemd hands over, and what it is told.
{
    my $unix   = IO::Socket::UNIX->new(Local => "$dir/given.sock", Listen => 100, Type => SOCK_STREAM) or die "socket: $!";
    my $tcp    = IO::Socket::INET->new(Listen => 100, LocalAddr => '127.0.0.1') or die "socket: $!";
    socket my $packets, AF_UNIX, SOCK_SEQPACKET, 0 or die "socket: $!";
    bind $packets, pack_sockaddr_un("$dir/given.handoff") and listen $packets, 100 or die "socket: $!";
    my $notify = IO::Socket::UNIX->new(Local => "$dir/notify", Type => SOCK_DGRAM) or die "socket: $!";
    my $told = sub {
        my ($what) = @_;
        my $text = '';
        my $until = time + 10;
        while (time < $until && $text !~ $what) {
            next if !IO::Select->new($notify)->can_read(0.1);
            $notify->recv(my $message, 4096) // last;
            $text .= "$message\n";
        }
        return $text;
    };
    my $pid = launch(sub {
        POSIX::dup2(fileno $unix, 200);
        POSIX::dup2(fileno $tcp, 201);
        POSIX::dup2(fileno $packets, 202);
        POSIX::dup2(200, 3);
        POSIX::dup2(201, 4);
        POSIX::dup2(202, 5);
        POSIX::close($_) for 200, 201, 202;
        @ENV{qw(LISTEN_FDS LISTEN_PID NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID)} = (3, $$, "$dir/notify", 300_000, $$);
    }, "--listen-unix=$dir/unused.sock");
    like $told->(qr/^READY=1$/m), qr/^READY=1$/m, 'it says that it is ready';
    is answers("$dir/given.sock"), 200, 'and serves the Unix socket that it was given';
    my $client = FlixIM::Test::WebSocket->open(port => $tcp->sockport, path => '/socket/websocket?vsn=2.0.0');
    ok $client, 'and the port';
    my $handed = hand_over("$dir/given.handoff", path => '/socket/websocket?vsn=2.0.0');
    ok $handed, 'and the socket for hand-offs';
    $handed->drop;
    ok !-e "$dir/unused.sock", 'and none of its own';
    like $told->(qr/WATCHDOG=1.*WATCHDOG=1/s), qr/WATCHDOG=1.*WATCHDOG=1/s, 'it says that it is alive, again and again';
    kill 'HUP', $pid;
    like $told->(qr/RELOADING=1.*READY=1/s), qr/RELOADING=1\nMONOTONIC_USEC=\d+\n.*READY=1/s, 'that it reloads, and has';
    kill 'TERM', $pid;
    like $told->(qr/STOPPING=1/), qr/STOPPING=1/, 'and that it ends';
    is $client->close_code, 1012, 'in order';
    $client->drop;
    is reap($pid), 0, 'with status 0';
    ok -S "$dir/given.sock", 'a socket that was given stays';
}

# A log that nobody reads, or that is gone; and the journal's.
for my $case (
    [ 'a pipe that nobody reads' => sub { pipe my $out, my $in or die "pipe: $!"; $in->blocking(0); 1 while syswrite $in, 'x' x 4096; $in->blocking(1); return ($in, $out) } ],
    [ 'a pipe that is gone'      => sub { pipe my $out, my $in or die "pipe: $!"; close $out; return $in } ],
    [ 'a full disk'              => sub { open my $full, '>', '/dev/full' or die "/dev/full: $!"; return $full } ],
) {
    my ($name, $make) = @$case;
    my ($in, $out) = $make->();
    my $pid = launch(sub { POSIX::dup2(fileno $in, 2) }, "--listen-unix=$dir/log.sock", '--log-level=debug');
    is answers("$dir/log.sock"), 200, "$name for a log: it serves";
    kill 'HUP', $pid;
    is answers("$dir/log.sock"), 200, 'and goes on';
    kill 'TERM', $pid;
    is reap($pid), 0, 'and ends';
}
{
    open my $file, '+>', "$dir/journal" or die "journal: $!";
    my ($device, $inode) = stat $file;
    my $pid = launch(sub { POSIX::dup2(fileno $file, 2); $ENV{JOURNAL_STREAM} = "$device:$inode" }, "--listen-unix=$dir/log.sock");
    is answers("$dir/log.sock"), 200, 'with the journal';
    kill 'TERM', $pid;
    is reap($pid), 0, 'it serves and ends';
    open my $again, '<', "$dir/journal" or die "journal: $!";
    my @lines = <$again>;
    is scalar(grep { !/^<[3467]>FLX1\d{3}: / } @lines), 0, "its lines have the journal's priorities and no time" or diag @lines;
}
is scalar($pushd->faults), 0, 'no errors in the log' or diag $pushd->log;

$api->finish(provoked => qr{connection to client lost});
done_testing;
