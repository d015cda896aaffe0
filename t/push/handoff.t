# SPDX-License-Identifier: Apache-2.0
# Clients that httpd hands over: who is taken, what goes wrong between the three packets, and that nothing is left of it.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Cluster;
use FlixIM::Test::Handoff qw(connection hand_over pair question);
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket qw(frame now);
use File::Temp             ();
use IO::Socket::INET       ();
use IO::Socket::UNIX       ();
use Socket                 qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes            qw(sleep);

my $api   = FlixIM::Test::Api->start(httpd => 0);
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { head_time => '1s' });
my $path  = '/socket/websocket?vsn=2.0.0';
my $beat  = '[null,"1","phoenix","heartbeat",{}]';
my $alive = '[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]';
my $where = $pushd->handoff;

is sprintf('%o', (stat $where)[2] & 0777), '660', 'the socket is for its group alone';

# -- Who is taken -------------------------------------------------------------------------------------

{
    my ($client, $socket) = pair();
    my $line = ask($client->request(path => "$path&token=" . $api->token('alice')));
    is_deeply $line->verdict, { status => 101, body => '' }, 'a client with a token is taken';
    is scalar($client->answer(seconds => 0.3)), undef, 'and hears nothing as long as its socket is httpd\'s';
    is $pushd->metrics->{websockets}, 0, 'nor is it a WebSocket';
    ok $line->pass(connection(), $socket), 'it comes';
    is $client->answer->{status}, 101, 'and hears it from us';
    ok $line->has_ended, 'the line has done its work';
    $client->send_text($beat);
    is $client->next_text, $alive, 'its frames are answered';
    my $id = $api->id('alice');
    $client->send_text(qq(["1","2","user:$id","phx_join",{}]));
    like $client->next_text, qr/"status":"ok"/, 'it joins, with the token of the request';
    is $pushd->metrics->{websockets}, 1, 'it is one of the WebSockets';
    $client->drop;
    $pushd->wait_metric(websockets => 0);
}
{
    my $client = hand_over($where, path => $path, behind => frame(1, $beat) . substr frame(1, $beat, mask => 'abcd'), 0, 7);
    is $client->next_text, $alive, 'what httpd has read already is not lost';
    $client->write(substr frame(1, $beat, mask => 'abcd'), 7);
    is $client->next_text, $alive, 'nor the rest of what it read half';
    $client->drop;
}
{
    my $client = hand_over($where, path => $path, behind => join '', map { frame(1, $beat) } 1 .. 1500);
    my $count = 0;
    $count++ while $count < 1500 && ($client->next_text // '') eq $alive;
    is $count, 1500, 'nor is a lot of it';
    $client->drop;
}

# The judgement is the one that clients get who come by themselves.
for my $case (
    [ 'without a token'       => {} ],
    [ 'a bad token'           => { path => "$path&token=bad" } ],
    [ 'an unknown token'      => { path => "$path&token=flx_" . 'a' x 43 } ],
    [ 'another version'       => { version => 8 } ],
    [ 'no upgrade'            => { upgrade => undef } ],
    [ 'no key'                => { key => undef } ],
    [ 'no host'               => { host => undef } ],
    [ 'POST'                  => { method => 'POST' } ],
    [ 'HTTP/1.0'              => { http => '1.0' } ],
    [ 'a foreign page'        => { origin => 'http://evil.example.org' } ],
    [ 'a page of ours'        => { origin => 'http://localhost' } ],
    [ 'forwarded for another' => { origin => 'http://evil.example.org', headers => ['X-Forwarded-Host: evil.example.org'] } ],
    [ 'another serializer'    => { path => '/socket/websocket?vsn=9.0.0' } ],
    [ 'a long head'           => { headers => [ 'X: ' . 'x' x 17_000 ] } ],
    [ 'no HTTP'               => { http => 'x' } ],
    [ 'a subprotocol'         => { protocols => 'phoenix' } ],
    [ 'a body'                => { headers => ['Content-Length: 5'] } ],
) {
    my ($name, $option) = @$case;
    my $direct = FlixIM::Test::WebSocket->connect(port => $pushd->port);
    my $head = $direct->request(path => $path, %$option);
    $direct->write($head);
    my $answer  = $direct->answer;
    my $verdict = ask($head)->verdict;
    is_deeply $verdict, { status => $answer->{status}, body => $answer->{status} == 101 ? '' : $answer->{body} }, "$name: $answer->{status}, as from the port";
    $direct->drop;
}
for my $other ('/', '/socket/longpoll?vsn=2.0.0', '/health') {
    my $line = ask(FlixIM::Test::WebSocket->request(path => $other));
    is $line->verdict->{status}, 404, "$other: is no WebSocket's";
}


# -- What goes wrong ----------------------------------------------------------------------------------

$pushd->wait_for('nothing is left', sub { $pushd->metrics->{websockets} == 0 && $pushd->metrics->{connections} <= 1 });
my $descriptors = descriptors();

# The first packet.
for my $case (
    [ 'nonsense'             => 'hello' ],
    [ 'one byte'             => 'Q' ],
    [ 'a later version'      => "Q\2\1\0GET / HTTP/1.1\r\nHost: x\r\n\r\n" ],
    [ 'another kind'         => "Q\1\3\0" ],
    [ 'no head'              => question(http => '') ],
    [ 'half of a head'       => question(http => "GET $path HTTP/1.1\r\nHost: x\r\n") ],
    [ 'more than a head'     => question(http => FlixIM::Test::WebSocket->request(path => $path) . 'x') ],
    [ 'an address of lines'  => question(http => FlixIM::Test::WebSocket->request(path => $path), "x\nFLX1: y") ],
    [ 'TLS with a head'      => question(tls => 'GET') ],
    [ 'the third packet'     => connection() ],
    [ 'a verdict'            => "V\1\0\x65" ],
    [ 'far too much'         => question(http => 'x' x 140_000) ],
) {
    my ($name, $packet) = @$case;
    bad($name, sub { my $line = FlixIM::Test::Handoff->connect($where); $line->send($packet) or die "not sent: $!"; return $line });
}
bad('with a descriptor', sub {
    my ($client, $socket) = pair();
    my $line = FlixIM::Test::Handoff->connect($where);
    $line->pass(question(http => $client->request(path => $path)), $socket);
    return ($line, $client);
});

# The third one.
for my $case (
    [ 'no descriptor'        => sub { connection() } ],
    [ 'two of them'          => sub { connection(), $_[0], (pair())[1] } ],
    [ 'a hundred of them'    => sub { connection(), $_[0], map { open my $file, '<', '/dev/null' or die "null: $!"; $file } 1 .. 99 } ],
    [ 'another packet'       => sub { 'hello', $_[0] } ],
    [ 'the question again'   => sub { question(http => FlixIM::Test::WebSocket->request(path => $path)), $_[0] } ],
    [ 'far too much'         => sub { connection('x' x 140_000), $_[0] } ],
    [ 'a file'               => sub { open my $file, '<', $0 or die "$0: $!"; connection(), $file } ],
    [ 'a pipe'               => sub { pipe my $out, my $in or die "pipe: $!"; connection(), $out } ],
    [ 'a listening socket'   => sub { connection(), IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') } ],
    [ 'a Unix socket'        => sub { connection(), IO::Socket::UNIX->new(Peer => $pushd->unix) } ],
    [ 'a socket of packets'  => sub { connection(), IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1', PeerPort => 9) } ],
) {
    my ($name, $what) = @$case;
    bad("the third packet: $name", sub {
        my ($client, $socket) = pair();
        my $line = ask($client->request(path => $path));
        is $line->verdict->{status}, 101, "$name: first a yes";
        $line->pass($what->($socket)) or die 'not sent';
        close $socket;
        return ($line, $client);
    });
}

# A client that has gone is none of httpd's faults.
{
    my ($client, $socket) = pair();
    my $line = ask($client->request(path => $path));
    $line->verdict;
    my $bad = $pushd->metrics->{handoffs_bad_total};
    setsockopt $client->{socket}, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0;
    $client->drop;
    ok $line->pass(connection(), $socket), 'a client that has broken off is taken';
    ok $line->has_ended, 'like any other';
    is $pushd->metrics->{handoffs_bad_total}, $bad, 'and is no fault';
}
clean('a client that was gone');

# httpd gives up: before it asks, after our yes, and while we judge.
for my $case ([ 'before the question' => 0 ], [ 'after our yes' => 1 ]) {
    my ($name, $asks) = @$case;
    my $lost = $pushd->metrics->{handoffs_lost_total};
    my ($client, $socket) = pair();
    my $line = FlixIM::Test::Handoff->connect($where);
    if ($asks) { $line->send(question(http => $client->request(path => $path))); $line->verdict }
    else       { $pushd->wait_metric(connections => sub {1}) }
    $line->close;
    ok $pushd->wait_metric(handoffs_lost_total => $lost + 1), "httpd gives up $name: it is forgotten";
    is scalar($client->answer(seconds => 0.2)), undef, 'the client hears nothing';
    clean($name);
}
my $holder = $api->cluster->connect;
sub lock_users { $holder->begin_work; $holder->do('LOCK TABLE flixim.users'); return }
{
    lock_users();
    my ($lost, $head) = ($pushd->metrics->{handoffs_lost_total}, FlixIM::Test::WebSocket->request(path => "$path&token=" . $api->jwt('alice')));
    my $line = ask($head);
    is $line->verdict(0.3), undef, 'PostgreSQL takes its time: so does the verdict';
    $line->close;
    ok $pushd->wait_metric(handoffs_lost_total => $lost + 1), 'httpd gives up meanwhile: it is forgotten';
    bad('the client comes before the verdict', sub {
        my ($client, $socket) = pair();
        my $hasty = ask($head);
        $hasty->pass(connection(), $socket);
        return ($hasty, $client);
    });
    $holder->commit;
    clean('hasty ones');
    my $client = hand_over($where, path => "$path&token=" . $api->jwt('alice'));
    ok $client, 'and then all is well again';
    $client->drop;
}

# Time: head_time for the question, and again for the client.
for my $case ([ 'no question' => 0 ], [ 'no client' => 1 ]) {
    my ($name, $asks) = @$case;
    my ($client, $socket) = pair();
    my $line = FlixIM::Test::Handoff->connect($where);
    if ($asks) { $line->send(question(http => $client->request(path => $path))); $line->verdict }
    my $begin = now();
    ok $line->has_ended, "$name: the daemon waits no longer";
    my $took = now() - $begin;
    ok $took > 0.9 && $took < 4, 'than head_time' or diag $took;
    is $line->pass(connection(), $socket), '', 'then nobody takes the client';
    clean($name);
}

# Who asked while the daemon was stopped, and gave up, costs it next to nothing, and nobody is written to.
{
    my ($lost, $asked) = @{ $pushd->metrics }{qw(handoffs_lost_total handoffs_total)};
    my $head = FlixIM::Test::WebSocket->request(path => "$path&token=" . $api->jwt('alice'));
    my $calls = $pushd->metrics->{database_calls_total};
    kill 'STOP', $pushd->pid;
    my @lines = map { ask($head) } 1 .. 300;
    my ($client, $socket) = pair();
    my $patient = ask($client->request(path => $path));
    $_->close for @lines;
    sleep 1.5;
    kill 'CONT', $pushd->pid;
    is $patient->verdict->{status}, 101, 'a daemon that was stopped: who waits still is answered';
    $patient->pass(connection(), $socket);
    is $client->answer->{status}, 101, 'and taken';
    $client->drop;
    ok $pushd->wait_metric(handoffs_lost_total => $lost + 300), 'who has gone is forgotten';
    is $pushd->metrics->{handoffs_total}, $asked + 1, 'unread';
    is $pushd->metrics->{database_calls_total}, $calls, 'and costs the database nothing';
    clean('a stopped daemon');
}

# -- How many -----------------------------------------------------------------------------------------

{
    $pushd->configure(connections => 6, connections_per_user => 2);
    $pushd->reload;
    my ($refused, $requests) = ($pushd->metrics->{handoffs_refused_total}, FlixIM::Test::WebSocket->request(path => $path));
    # The connection that asked for the metrics may be closing still.
    my @promised;
    for (1 .. 100) {
        my $line = ask($requests);
        if ($line->verdict->{status} == 101) { push @promised, $line }
        else                                 { sleep 0.05 }
        last if @promised == 6;
    }
    is scalar @promised, 6, 'as many yeses as there are places';
    is ask($requests)->verdict->{status}, 503, 'and no more';
    my $direct = FlixIM::Test::WebSocket->connect(port => $pushd->port);
    is $direct->answer->{status}, 503, 'not for who comes by himself either';
    my ($client, $socket) = pair();
    $promised[0]->pass(connection(), $socket);
    is $client->answer->{status}, 101, 'each yes is good for a client';
    $_->close for @promised[ 1 .. 5 ];
    $pushd->wait_for('places', sub { eval { $pushd->metrics->{handoffs_refused_total} } });
    cmp_ok $pushd->metrics->{handoffs_refused_total}, '>', $refused, 'refusals are counted';
    $client->drop;
    $pushd->configure(connections => 15000);
    $pushd->reload;

    my $mine = FlixIM::Test::WebSocket->request(path => "$path&token=" . $api->jwt('alice'));
    my @mine = map { ask($mine) } 1 .. 3;
    is join(' ', sort map { $_->verdict->{status} } @mine), '101 101 429', 'as many yeses as a user may have connections';
    $_->close for @mine;
    ok $pushd->wait_for('a place', sub { ask($mine)->verdict->{status} == 101 }), 'those that come to nothing count no more';
    $pushd->configure(connections_per_user => 100);
    $pushd->reload;
    clean('limits');
}

# Out of descriptors: each yes is kept, the rest is a no, and who is there is served.
{
    my $few  = FlixIM::Test::Pushd->start(api => $api, limit => { nofile => 64 }, settings => { head_time => '5s' });
    my $here = hand_over($few->handoff, path => $path);
    my $head = FlixIM::Test::WebSocket->request(path => $path);
    my (@yes, @no);
    for (1 .. 40) {
        my $line = FlixIM::Test::Handoff->connect($few->handoff);
        $line->send(question(http => $head));    # one that is refused before it asks has the answer all the same
        my $verdict = $line->verdict // { status => 'none: ' . $line->why };
        push @{ $verdict->{status} eq '101' ? \@yes : \@no }, [ $line, $verdict->{status} ];
    }
    cmp_ok scalar @yes, '>', 5, 'few descriptors: ' . @yes . ' of 40 get a yes';
    is_deeply [ grep { $_ ne '503' } map { $_->[1] } @no ], [], 'the others a 503 each';
    my @clients;
    for (@yes) {
        my ($client, $socket) = pair();
        $_->[0]->pass(connection(), $socket) or die 'not taken';
        push @clients, $client;
    }
    is scalar(grep { ($_->answer // { status => 0 })->{status} == 101 } @clients), scalar @yes, 'and each yes is kept';
    $here->send_text($beat);
    is $here->next_text, $alive, 'who is there is served';
    $_->drop for $here, @clients;
    ok eval { $few->wait_for('room', sub { $few->is_healthy }) }, 'and all is well again';
    $few->stop;
}

# -- The end of the daemon, and its next life ---------------------------------------------------------

{
    my $end = FlixIM::Test::Pushd->start(api => $api, settings => { drain_time => '300ms' });
    my $head = FlixIM::Test::WebSocket->request(path => $path);
    lock_users();
    my ($client, $socket) = pair();
    my ($promised, $coming, $judged, $silent) = (
        FlixIM::Test::Handoff->ask($end->handoff, $head), FlixIM::Test::Handoff->ask($end->handoff, $client->request(path => $path)),
        FlixIM::Test::Handoff->ask($end->handoff, FlixIM::Test::WebSocket->request(path => "$path&token=" . $api->jwt('alice'))),
        FlixIM::Test::Handoff->connect($end->handoff));
    is join(' ', map { $_->verdict->{status} } $promised, $coming), '101 101', 'two yeses';
    $end->wait_metric(handoffs_total => 3);
    kill 'STOP', $end->pid;
    $coming->pass(connection(), $socket) or die 'not sent';
    kill 'TERM', $end->pid;
    kill 'CONT', $end->pid;
    is $client->answer->{status}, 101, 'TERM: a client that is on its way is taken';
    is $client->close_code, 1012, 'and sent elsewhere';
    ok $judged->has_ended, 'one that is judged is let go, for another daemon to take';
    ok $silent->has_ended, 'who has not asked is let go';
    ok $promised->has_ended, 'a yes that nobody came for is taken back';
    my ($left, $kept) = pair();
    is $promised->pass(connection(), $kept), '', 'so that httpd sees it';
    $client->drop;
    $holder->commit;
    is $end->wait_end, 0, 'and it ends in order';
    ok !-e $end->handoff, 'its socket is gone';

    $end->up;
    my $there = hand_over($end->handoff, path => $path);
    my $waits = FlixIM::Test::Handoff->ask($end->handoff, $head);
    is $waits->verdict->{status}, 101, 'another yes';
    $end->kill;
    ok $there->has_ended, 'kill -9: clients see it';
    ok $waits->has_ended, 'httpd does';
    ok -S $end->handoff, 'a dead one leaves its socket';
    ok !eval { FlixIM::Test::Handoff->connect($end->handoff) }, 'at which nobody is';
    $end->up;
    ok hand_over($end->handoff, path => $path), 'the next one takes its place';
    my ($out, $err, $status) = FlixIM::Test::Cluster::capture("$ENV{FLIXIM_BUILD}/flixim-pushd", '--config', $end->conf, '--listen-tcp=', "--listen-unix=@{[ $end->dir ]}/other.sock");
    isnt $status, 0, 'but not that of a living one';
    like $out . $err, qr/FLX1316: cannot start: [^\n]*\Q${\$end->handoff}\E/, 'and says so';
    ok hand_over($end->handoff, path => $path), 'which is none the worse';
    $end->stop;
    $end->remove;
}

# -- TLS ----------------------------------------------------------------------------------------------

{
    is ask('', kind => 'tls')->verdict->{status}, 503, 'TLS without a certificate: no';
    my $dir = File::Temp->newdir;
    certificate($dir);
    $pushd->configure(tls_certificate_file => "$dir/cert.pem", tls_key_file => "$dir/key.pem");
    $pushd->reload;
    my ($old, $old_print) = secure();
    $old->send_text($beat);
    is $old->next_text, $alive, 'TLS: the handshake is ours, and all that follows';
    certificate($dir);
    $pushd->reload;
    my ($new, $new_print) = secure();
    isnt $new_print, $old_print, 'a new certificate is for new clients';
    for ($old, $new) {
        $_->send_text($beat);
        is $_->next_text, $alive, 'and the old ones live on';
    }
    $_->drop for $old, $new;
    bad('bytes that TLS cannot have been read of', sub {
        my ($client, $socket) = pair();
        my $line = ask('', kind => 'tls');
        $line->verdict;
        $line->pass(connection('x'), $socket);
        return ($line, $client);
    });
    my ($client, $socket) = pair();
    my $line = ask('', kind => 'tls');
    $line->verdict;
    $line->pass(connection(), $socket);
    $client->write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ok $client->has_ended, 'what is no TLS ends';
    clean('TLS');
}

# -- What one costs -----------------------------------------------------------------------------------

# As much as one that came by itself. Sanitizers and Valgrind keep accounts of their own.
{
    my ($warm, $count) = (100, 400);
    my %cost;
    for my $way ('direct', 'handed') {
        my $fresh = FlixIM::Test::Pushd->start(api => $api);
        my $one = sub { $way eq 'handed' ? hand_over($fresh->handoff, path => $path) : FlixIM::Test::WebSocket->open(port => $fresh->port, path => $path) };
        my @clients = map { $one->() } 1 .. $warm;
        my $before = memory($fresh);
        push @clients, map { $one->() } 1 .. $count;
        $fresh->wait_metric(websockets => $warm + $count);
        $cost{$way} = (memory($fresh) - $before) / $count;
        $_->drop for @clients;
        $fresh->remove;
    }
    diag join ', ', map { sprintf '%s: %.0f bytes', $_, $cost{$_} } sort keys %cost;
    my $most = $ENV{FLIXIM_PRELOAD} || $ENV{FLIXIM_PUSHD_WRAPPER} ? 1_000_000 : 200;
    cmp_ok $cost{handed}, '<', $cost{direct} + $most, 'one that was handed over costs no more than one that came by itself';
}

is scalar($pushd->faults), 0, 'no errors in the log' or diag $pushd->log;
$pushd->stop;
$api->finish(provoked => qr/connection to client lost/);
done_testing;

sub ask { return FlixIM::Test::Handoff->ask($where, @_) }

# What is wrong with a hand-off ends it, with a line in the log, and leaves nothing. DO returns the line, and the client, if there is one.
sub bad {
    my ($name, $do) = @_;
    my ($count, $length) = ($pushd->metrics->{handoffs_bad_total}, length $pushd->log);
    my ($line, $client) = $do->();
    ok $line->has_ended, "$name: the end";
    ok $client->has_ended && $client->rest eq '', "$name: of the client as well, without a word" if $client;
    $pushd->wait_metric(handoffs_bad_total => $count + 1);
    my @said = grep {/FLX10/} split /\n/, substr $pushd->log, $length;
    is scalar @said, 1, "$name: one line in the log" or diag "@said";
    like $said[0] // '', qr/warning: FLX1006: a hand-off of (?:192\.0\.2\.1|an unknown client) is no good: \w/, "$name: which says why";
    $line->close;
    return clean($name);
}

# Neither descriptors nor connections are left. That of the question for the metrics may be closing still.
sub clean {
    my ($name) = @_;
    my $is_clean = eval { $pushd->wait_for("$name: nothing left", sub { descriptors() <= $descriptors && $pushd->metrics->{connections} <= 1 }) };
    return ok $is_clean, "$name: nothing is left" || diag descriptors() . " descriptors, not $descriptors";
}

sub descriptors { my $count = () = glob '/proc/' . $pushd->pid . '/fd/*'; return $count }

sub memory {
    my ($daemon) = @_;
    open my $file, '<', '/proc/' . $daemon->pid . '/smaps_rollup' or die "smaps: $!";
    my ($kilobytes) = join('', <$file>) =~ /^Private_Dirty:\s+(\d+)/m;
    return $kilobytes * 1024;
}

sub certificate {
    my ($dir) = @_;
    my ($status, $output) = FlixIM::Test::Cluster::capture_all(qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost),
        -keyout => "$dir/key.pem", -out => "$dir/cert.pem");
    die "openssl: $output" if $status != 0;
    return;
}

# A client whose connection was handed over before the first byte: a WebSocket, and the fingerprint of the certificate that it saw.
sub secure {
    my ($client, $socket) = pair();
    my $line = ask('', kind => 'tls');
    my $verdict = $line->verdict;
    die "refused: $verdict->{status}\n" if $verdict->{status} != 101;
    $line->pass(connection(), $socket) or die "not taken\n";
    $client->secure(SSL_verify_mode => 0);
    $client->write($client->request(path => $path));
    die "no upgrade\n" if $client->answer->{status} != 101;
    return ($client, $client->{socket}->get_fingerprint);
}
