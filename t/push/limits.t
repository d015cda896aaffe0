# SPDX-License-Identifier: Apache-2.0
# What one client can take up (rows of C and E of the threats): each limit is reached, said so, and disturbs nobody else.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::LongPoll;
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket qw(frame now);
use Socket qw(INADDR_LOOPBACK PF_INET SOCK_STREAM SOL_SOCKET SO_RCVBUF pack_sockaddr_in);
use Test::More;
use Time::HiRes qw(sleep);

my $api = FlixIM::Test::Api->start(httpd => 0);
my @daemons;
sub daemon {
    my ($settings, %option) = @_;
    my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => { hold_time => '50ms', %$settings }, %option);
    push @daemons, $pushd;
    return $pushd;
}
sub joined { my ($pushd, $who, @how) = @_; return FlixIM::Test::Channel->join($api, $pushd, $who, @how) }
sub raw { my ($pushd) = @_; return FlixIM::Test::WebSocket->connect(port => $pushd->port) }
sub opened { my ($pushd, $query) = @_; return FlixIM::Test::WebSocket->open(port => $pushd->port, path => '/socket/websocket?' . ($query // 'vsn=2.0.0')) }
sub status_of {
    my ($pushd, $query) = @_;
    my $client = raw($pushd);
    $client->write($client->request(path => '/socket/websocket?' . ($query // 'vsn=2.0.0')));
    my $answer = $client->answer(seconds => 5);
    return ($answer ? $answer->{status} : 'none', $client, $answer);
}
my $beat = '[null,"1","phoenix","heartbeat",{}]';
sub is_alive { my ($client) = @_; $client->send_text($beat); return ($client->next_text // '') =~ /"status":"ok"/ }

# -- A client that never reads ------------------------------------------------------------------------

{
    my $pushd = daemon({ queue_size => '256K', frame_size => '256K', push_burst => 100_000 });
    my $slow = joined($pushd, 'alice');
    setsockopt $slow->raw->{socket}, SOL_SOCKET, SO_RCVBUF, 262_144 or die "setsockopt: $!";
    my $quick = joined($pushd, 'alice');
    my $other = joined($pushd, 'carol');
    my $sender = joined($pushd, 'bob');
    my $count = 0;
    my $closed = 0;
    my $worst = 0;
    my $until = now() + 60;
    my %message = (message_type => 'private_message', content_type => 'text', content => { text => 'x' x 9000, more => 'y' x 60_000 });
    while (!$closed && now() < $until) {
        $sender->ask('send_message', { %message, receiver_id => $api->id('alice') })->status eq 'ok' or die 'not sent';
        $quick->event->{payload}{content}{text} eq 'x' x 9000 or die 'not told';
        my $begin = now();
        $sender->ask('send_message', { %message, content => { text => 'y' }, receiver_id => $api->id('carol') });
        $other->event or die 'carol is not told';
        $worst = now() - $begin if now() - $begin > $worst;
        $closed = $pushd->metrics->{closed_slow_reader_total} if ++$count % 5 == 0;
    }
    is $closed, 1, "queue_size: a client that reads nothing is closed, after $count messages";
    cmp_ok $worst, '<', 2, 'others are told meanwhile';
    is $quick->beat->status, 'ok', 'the same user\'s other connection stays';
    my $code = $slow->close_code(20);
    ok $code eq '1013' || $code =~ /^(?:ended|broken)/, "with 1013, if it can still be told: $code";
    my $again = joined($pushd, 'alice');
    my ($cursor, %got) = ($slow->live_from);
    while (defined $cursor) {
        my $answer = $again->ask('sync', { last_sync_timestamp => $cursor })->response;
        $got{ $_->{id} } = 1 for @{ $answer->{events} };
        $cursor = $answer->{has_more} ? $answer->{new_last_sync_timestamp} : undef;
    }
    is scalar keys %got, $count, 'and what it missed, its next sync has';
    $pushd->wait_for('memory is given back', sub { $pushd->metrics->{websockets} <= 5 });

    # Long poll likewise.
    my $poll = joined($pushd, 'dave', poll => 1);
    my $before = _memory($pushd->pid);
    my @sent = map { $sender->ask('send_message', { %message, receiver_id => $api->id('dave') })->response->{message_id} } 1 .. 100;
    # Sanitizers keep what was freed for a while.
    cmp_ok _memory($pushd->pid) - $before, '<', $ENV{FLIXIM_PRELOAD} ? 1 << 20 : 4096, 'queue_size: 7 MB for a long-poll session that does not ask for them: they do not wait in memory';
    # Either the session is ended, or the rest waits in the database for it to go on.
    my @came;
    while (@came < 100 && defined(my $event = eval { $poll->event(5) })) { push @came, $event->{payload}{id} }
    ok $poll->raw->why eq '410' || $poll->raw->why eq '403' || "@came" eq "@sent", 'it is ended, or gets all in order' or diag $poll->raw->why . ' after ' . @came;
}

# More at once than a long-poll session may have waiting: the poll that waits has what is whole, and the session is over.
{
    my $pushd = daemon({ queue_size => '64K', longpoll_window => '10s' });
    my $poll = joined($pushd, 'erin', poll => 1);
    $poll->ask('sync', {});
    my $wire = $poll->raw->begin('GET');
    my $frank = $api->id('frank');
    $api->cluster->connect(user => 'flixim_httpd')->do(<<'SQL', {}, $frank, $api->id('erin'));
SELECT flixim.send_messages(array_agg(?::uuid), array_agg(now()), array_agg(false), array_agg(NULL::uuid), array_agg(NULL::text), array_agg(?::uuid),
    array_agg('private_message'::flixim.message_type), array_agg('text'::flixim.content_type), array_agg(format('{"text":"%s"}', repeat('z', 9000))::json),
    array_agg(NULL::uuid), array_agg(NULL::timestamptz), array_agg(NULL::uuid)) FROM generate_series(1, 20)
SQL
    my $answer = $wire->answer;
    my $json = $answer->json;
    is $json->{status}, 200, 'queue_size: too much at once for a poll that waits: it is answered with JSON' or diag substr $answer->body, -60;
    my $count = @{ $json->{messages} // [] };
    ok $count > 0 && $count < 20, "but not with all of it: $count messages";
    is $poll->raw->get->json->{status}, 410, 'and the session is over';
}

# What a client has missed is more than its queue takes: it comes as the client asks for it, and ends no session.
{
    my $pushd = daemon({ queue_size => '64K' });
    $api->cluster->connect(user => 'flixim_httpd')->do(<<'SQL', {}, $api->id('frank'), $api->id('grace'));
SELECT flixim.send_messages(array_agg(?::uuid), array_agg(now()), array_agg(false), array_agg(NULL::uuid), array_agg(NULL::text), array_agg(?::uuid),
    array_agg('private_message'::flixim.message_type), array_agg('text'::flixim.content_type), array_agg(format('{"text":"%s%s"}', n, repeat('z', 900))::json),
    array_agg(NULL::uuid), array_agg(NULL::timestamptz), array_agg(NULL::uuid)) FROM generate_series(1, 200) AS n
SQL
    my $poll = joined($pushd, 'grace', poll => 1);
    my $page = $poll->ask('sync', {})->response;
    ok $page->{has_more}, 'queue_size: a sync has no more than half of it';
    my %seen = map { $_->{id} => 1 } @{ $page->{events} };
    while (keys %seen < 200) { my $event = eval { $poll->event(5) } or last; $seen{ $event->{id} } = 1 }
    is scalar keys %seen, 200, 'the rest is pushed, as the client takes it' or diag $poll->raw->why;
}

# -- Clients that take their time ---------------------------------------------------------------------

{
    my $pushd = daemon({ head_time => '500ms', message_time => '500ms', idle_time => '30s' });
    my $good = opened($pushd);
    my @slow;
    for my $bytes ('', 'G', "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\n", "POST /socket/longpoll HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc") {
        my $client = raw($pushd);
        $client->write($bytes);
        push @slow, [ length($bytes) . ' bytes of a request', $client ];
    }
    for my $bytes ("\x81", substr(frame(1, $beat), 0, 5), substr(frame(1, $beat), 0, 20), frame(1, '[', fin => 0)) {
        my $client = opened($pushd);
        $client->write($bytes);
        push @slow, [ length($bytes) . ' bytes of a message', $client ];
    }
    # One byte each 100 ms: whoever looks only at silence waits for it for ever.
    my $dripping = raw($pushd);
    my $rest = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\n" . 'x: y' x 100;
    my $begin = now();
    while (!$dripping->is_over && now() < $begin + 5) {
        $dripping->queue(substr $rest, 0, 1, '');
        FlixIM::Test::WebSocket::turn(0.05, $dripping) for 1 .. 2;
    }
    ok $dripping->is_over, 'head_time: a head that comes byte by byte is given up';
    cmp_ok now() - $begin, '<', 4, 'in time';
    my $dripping_frame = opened($pushd);
    my $frame = frame(1, $beat . ' ' x 500);
    $begin = now();
    while (!$dripping_frame->is_over && now() < $begin + 6 && length $frame) {
        $dripping_frame->queue(substr $frame, 0, 1, '');
        FlixIM::Test::WebSocket::turn(0.05, $dripping_frame) for 1 .. 2;
        last if $dripping_frame->rest =~ /\A\x88/;
    }
    ok $dripping_frame->is_over || $dripping_frame->rest =~ /\A\x88/, 'message_time: a message that comes byte by byte is given up';
    ok $_->[1]->has_ended(8), "given up: $_->[0]" for @slow;
    cmp_ok $pushd->metrics->{closed_slow_writer_total}, '>=', 5, 'it says so';
    ok is_alive($good), 'a good client stays';
}

# A message that is longer than the whole queue comes when it is alone, also over a connection that stays open.
{
    my $pushd = daemon({ queue_size => '64K' });
    my $poll = joined($pushd, 'heidi', poll => 1);
    $poll->ask('sync', { last_sync_timestamp => $poll->live_from });
    my $sender = joined($pushd, 'bob');
    $sender->ask('send_message', { message_type => 'private_message', content_type => 'text', content => { text => 'x', more => 'y' x 90_000 }, receiver_id => $api->id('heidi') });
    my $client = raw($pushd);
    for my $round (1 .. 2) {
        $client->write('GET /socket/longpoll?' . $poll->raw->query . " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        my $answer = $client->answer(seconds => 15);
        my $body = $answer ? $answer->{body} : '';
        like substr($body, 0, 100), qr/\A\{"messages":\[@{[$round == 1 ? '"' : '\\]']}/, "poll $round is answered";
        cmp_ok length $body, '>', 90_000, 'with all of the long message' if $round == 1;
    }
}

# One that takes a long answer slowly gets all of it, although it wants no other one after it.
{
    my $pushd = daemon({});
    my $poll = joined($pushd, 'grace', poll => 1);
    $poll->ask('sync', { last_sync_timestamp => $poll->live_from });
    $api->cluster->connect(user => 'flixim_httpd')->do(<<'SQL', {}, $api->id('frank'), $api->id('grace'));
SELECT flixim.send_messages(array_agg(?::uuid), array_agg(now()), array_agg(false), array_agg(NULL::uuid), array_agg(NULL::text), array_agg(?::uuid),
    array_agg('private_message'::flixim.message_type), array_agg('image'::flixim.content_type), array_agg(format('{"image_urls":["x"],"z":"%s"}', repeat('z', 110000))::json),
    array_agg(NULL::uuid), array_agg(NULL::timestamptz), array_agg(NULL::uuid)) FROM generate_series(1, 8)
SQL
    $pushd->wait_for('all of it waits', sub { $pushd->metrics->{events_pushed_total} >= 8 });
    socket my $slow, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
    setsockopt $slow, SOL_SOCKET, SO_RCVBUF, 8192 or die "setsockopt: $!";
    connect $slow, pack_sockaddr_in($pushd->port, INADDR_LOOPBACK) or die "connect: $!";
    syswrite $slow, 'GET /socket/longpoll?' . $poll->raw->query . " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" or die "write: $!";
    my ($text, $begin, $got) = ('', now());
    while (($got = sysread $slow, $text, 8000, length $text) && now() < $begin + 30) { sleep 0.08 }
    my ($length) = $text =~ /^content-length: (\d+)/im;
    $text =~ s/\A.*?\r\n\r\n//s;
    cmp_ok now() - $begin, '>', 6, 'a client takes an answer slowly';
    is length $text, $length, 'and gets all of it';
}

# -- Sizes --------------------------------------------------------------------------------------------

{
    my $pushd = daemon({ frame_size => '64K', fragments => 16, head_size => '4K' });
    my $whole = sub { qq([null,"1","phoenix","heartbeat","$_[0]"]) };
    my $client = opened($pushd);
    $client->send_text($whole->('x' x 60_000));
    like $client->next_text, qr/"status":"ok"/, 'frame_size: a large message';
    $client->send_text($whole->('x' x 66_000));
    is $client->close_code, 1009, 'frame_size: one too large: 1009';
    $client = opened($pushd);
    $client->write(frame(1, '[' . ' ' x 30_000, fin => 0) . frame(0, ' ' x 30_000, fin => 0) . frame(0, ' ' x 10_000, fin => 0));
    is $client->close_code, 1009, 'frame_size: too large in several frames: 1009';
    $client = opened($pushd);
    my $text = $whole->('');
    $client->write(join '', map { frame($_ ? 0 : 1, substr($text, $_, $_ == 15 ? length $text : 1), fin => $_ == 15) } 0 .. 15);
    like $client->next_text, qr/"status":"ok"/, 'fragments: as many as may be';
    $client->write(join '', map { frame($_ ? 0 : 1, '', fin => 0) } 0 .. 20);
    is $client->close_code, 1009, 'fragments: more: 1009';
    cmp_ok $pushd->metrics->{closed_size_total}, '>=', 3, 'it says so';
    my $long = raw($pushd);
    $long->write("GET /socket/websocket?vsn=2.0.0&x=" . 'y' x 5000 . " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    my $answer = $long->answer;
    like $answer ? $answer->{status} : 'none', qr/^(?:414|431|400)$/, 'head_size: a longer head is refused';
}

# Who has not joined is not to fill the memory: 64 KiB, over either transport, whatever frame_size says.
{
    my $pushd = daemon({});
    my $large = sub { my ($length) = @_; return qq([null,"1","phoenix","heartbeat","@{[ 'x' x $length ]}"]) };
    my $client = opened($pushd);
    $client->send_text($large->(65_000));
    like $client->next_text, qr/"status":"ok"/, 'before a join: 64 KiB';
    $client->send_text($large->(66_000));
    is $client->close_code, 1009, 'before a join: more: 1009';
    $client = opened($pushd);
    $client->write(join '', frame(1, '[', fin => 0), map { frame(0, ' ' x 30_000, fin => 0) } 1 .. 3);
    is $client->close_code, 1009, 'before a join: more, in several frames: 1009';
    $client = opened($pushd, 'vsn=2.0.0&token=' . $api->jwt('alice'));
    $client->write(substr frame(1, 'x' x 66_000), 0, 14);
    is $client->close_code, 1009, 'before a join: at once, and with a token at connect as well';
    my $alice = joined($pushd, 'alice');
    for my $state ('after a join', 'after it has left') {
        $alice->raw->send_text($large->(300_000));
        like $alice->raw->next_text, qr/"status":"ok"/, "$state: more";
        $alice->leave;
        $alice->raw->next_text;
    }

    my $head = sub { my ($query, $length) = @_; return "POST /socket/longpoll?vsn=2.0.0$query HTTP/1.1\r\nHost: localhost\r\nContent-Length: $length\r\n" };
    for my $session ('', '&token=nonsense', '&token=flxlp.' . 'x' x 32) {
        my $post = raw($pushd);
        $post->write($head->($session, 1_000_000) . "Expect: 100-continue\r\n\r\n");
        my $answer = $post->answer;
        is $answer ? "$answer->{status} $answer->{body}" : 'none', '200 {"status":410}', "a POST for no session ('$session'): 410 before its body comes";
        ok $post->has_ended(8), 'and that is the end of the connection';
    }
    my $poll = FlixIM::Test::LongPoll->open(port => $pushd->port, query => 'vsn=2.0.0');
    is $poll->post($large->(65_000))->json->{status}, 200, 'a POST before a join: 64 KiB';
    my $post = raw($pushd);
    $post->write($head->('&' . $poll->query =~ s/.*(?=token=)//r, 70_000) . "\r\n" . $large->(69_000));
    my $answer = $post->answer;
    is $answer ? $answer->{status} : 'none', 413, 'a POST before a join: more: 413';
    $poll = joined($pushd, 'bob', poll => 1);
    is $poll->raw->post($large->(300_000))->json->{status}, 200, 'a POST after a join: more';
}

# -- How many -----------------------------------------------------------------------------------------

{
    my $pushd = daemon({ connections_per_user => 2 });
    my $token = $api->jwt('alice');
    my @alice = map { joined($pushd, 'alice', poll => $_) } 0, 1;
    is +(status_of($pushd, "vsn=2.0.0&token=$token"))[0], 429, 'connections_per_user: one too many: 429';
    my $anonymous = FlixIM::Test::Channel->open($api, $pushd);
    my $reply = $anonymous->enter('alice', { token => $token });
    is $reply->code, 'too_many_connections', 'at a join: refused';
    is $anonymous->enter('bob', { token => $api->jwt('bob') })->status, 'ok', 'others join';
    $alice[0]->raw->drop(reset => 1);
    $pushd->wait_for('its place is free', sub { $anonymous->enter('alice', { token => $token })->status =~ /ok|error/ && $pushd->metrics->{channels} >= 1 });
    $pushd->wait_for('a new one', sub { my ($status, $client) = status_of($pushd, "vsn=2.0.0&token=$token"); $client->drop; $anonymous->leave; $status == 101 });
    pass 'and one that goes makes room';
    cmp_ok $pushd->metrics->{user_connections_refused_total}, '>=', 2, 'it says so';
}
{
    my $pushd = daemon({ pushes_per_second => 5, push_burst => 10 });
    my $alice = joined($pushd, 'alice');
    my $bob = joined($pushd, 'bob');
    my @refs = map { $alice->push('get_conversations', {}) } 1 .. 30;
    my @replies = map { $alice->next } @refs;
    my %count;
    $count{ $_->{payload}{response}{code} // 'ok' }++ for @replies;
    cmp_ok $count{ok}, '>=', 10, "pushes_per_second: a burst: $count{ok} of 30";
    cmp_ok $count{rate_limited} // 0, '>=', 10, 'then refusals';
    is join(' ', map { $_->{ref} } @replies), join(' ', @refs), 'each in its turn';
    is $bob->ask('get_conversations', {})->status, 'ok', 'others are not limited by it';
    is $alice->beat->status, 'ok', 'nor are heartbeats';
    sleep 0.5;
    is $alice->ask('get_conversations', {})->status, 'ok', 'and a while later it may again';
    cmp_ok $pushd->metrics->{pushes_refused_total}, '>=', 10, 'it says so';
}
{
    my $pushd = daemon({ pushes_per_second => 1, push_burst => 10 });
    my $alice = joined($pushd, 'alice');
    my @refs = map { $alice->push('get_conversations', { x => 'x' x 120_000 }) } 1 .. 2;
    is join(' ', map { $alice->reply($_)->code || 'ok' } @refs), 'ok rate_limited', 'pushes_per_second: a large push counts as several';
}
{
    # Ten guesses at a token, one behind the other; what is said to others is answered meanwhile.
    my $pushd = daemon({});
    my @guessing = (FlixIM::Test::Channel->open($api, $pushd), FlixIM::Test::Channel->open($api, $pushd, poll => 1));
    my $good = opened($pushd);
    for my $client (@guessing) {
        my $begin = now();
        my @replies = map { $client->enter('alice', { token => $_ % 2 ? 'a.b.c' : "guess$_" })->code } 1 .. 10;
        is join(' ', @replies), join(' ', ('invalid_token') x 10), 'guesses at a token are refused';
        cmp_ok now() - $begin, '>', 0.4, 'and each has to wait for the one before';
        is $client->enter('alice', { token => $api->jwt('alice') })->status, 'ok', 'a good one joins then';
    }
    my $last = FlixIM::Test::Channel->open($api, $pushd);
    $last->enter('alice', { token => 'guess' });
    $last->raw->drop(reset => 1);
    ok is_alive($good), 'one that goes while it waits disturbs nobody';
}
{
    my $pushd = daemon({ joins_per_second => 10 });
    my @clients = map { FlixIM::Test::Channel->open($api, $pushd) } 1 .. 25;
    my $begin = now();
    my $topic = sub { 'user:' . $api->id("user$_[0]") };
    for my $i (0 .. $#clients) { $clients[$i]->send(sprintf '["1","1","%s","phx_join",{"token":"%s"}]', $topic->($i), $api->jwt("user$i")) }
    my $ok = grep { ($_->next_text(10) // '') =~ /"status":"ok"/ } @clients;
    is $ok, 25, 'joins_per_second: all join in the end';
    cmp_ok now() - $begin, '>', 0.8, 'but not at once';
    cmp_ok $pushd->metrics->{joins_delayed_total}, '>=', 5, 'it says so';
}
{
    my $pushd = daemon({ connections => 8 });
    my @open = map { opened($pushd) } 1 .. 6;
    my (@statuses, @more);
    for (1 .. 6) { my ($status, $client) = status_of($pushd); push @statuses, $status; push @more, $client }
    ok scalar(grep { $_ eq '503' || $_ eq 'none' } @statuses), "connections: too many are refused: @statuses";
    ok !grep({ !is_alive($_) } @open), 'those that are open stay';
    $_->drop for @more, splice @open, 0, 4;
    $pushd->wait_for('room', sub { my ($status, $client) = status_of($pushd); $client->drop; $status eq '101' });
    pass 'and those that go make room';
    cmp_ok $pushd->metrics->{connections_refused_total}, '>', 0, 'it says so';
}
{
    my $pushd = daemon({ longpoll_sessions => 3 });
    my @polls = map { FlixIM::Test::LongPoll->open(port => $pushd->port, query => 'vsn=2.0.0') } 1 .. 3;
    my $answer = FlixIM::Test::LongPoll->new(port => $pushd->port, query => 'vsn=2.0.0')->get;
    ok $answer->status == 503 || $answer->status == 429 || ($answer->json->{status} // 0) == 403, 'longpoll_sessions: one too many is refused' or diag $answer->status . ' ' . $answer->body;
    $_->send_text($beat) for @polls;
    ok !grep({ ($_->next_text // '') !~ /"status":"ok"/ } @polls), 'the others go on';
}
{
    # No file descriptors left: what is open goes on, what is new waits or is refused, and afterwards all is well.
    my $pushd = daemon({ database_readers => 1, database_writers => 1, database_senders => 1 }, limit => { nofile => 48 });
    my $alice = joined($pushd, 'alice');
    my $bob = joined($pushd, 'bob');
    my @more = map { raw($pushd) } 1 .. 60;
    sleep 0.3;
    is $alice->ask('send_message', { receiver_id => $api->id('bob'), message_type => 'private_message', content_type => 'text', content => { text => 'x' } })->status, 'ok',
        'EMFILE: what is open goes on';
    is $bob->event->{payload}{content}{text}, 'x', 'and is told';
    my $before = _ticks($pushd->pid);
    sleep 0.5;
    cmp_ok _ticks($pushd->pid) - $before, '<', 30, 'it does not spin';
    $_->drop for @more;
    $pushd->wait_for('new ones get in', sub { my ($status, $client) = eval { status_of($pushd) } or return 0; $client->drop; $status eq '101' });
    pass 'and once there are some, new ones get in';
}

# Resident memory of a process, in KiB.
sub _memory {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/status" or return 0;
    return join('', <$file>) =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}

# Processor time of a process, in hundredths of a second.
sub _ticks {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/stat" or return 0;
    my @field = split ' ', readline($file) =~ s/^.*\) //r;
    return $field[11] + $field[12];
}

is_deeply [ map { $_->faults } @daemons ], [], 'no fault in the logs';
$api->finish;
done_testing;
