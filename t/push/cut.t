# SPDX-License-Identifier: Apache-2.0
# A connection that is cut without a word, or taken by nobody: what is sent over it does not arrive, the kernel says so, and it is
# pushed. Late, but never not at all.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Cable;
use FlixIM::Test::Channel;
use FlixIM::Test::Handoff qw(hand_over);
use FlixIM::Test::Online;
use FlixIM::Test::Pushd;
use FlixIM::Test::WebSocket;
use Apache::Test qw(-withtestmore);
use Time::HiRes  qw(sleep time);

my $dir = File::Temp->newdir('flixim-cut-XXXXXXXX', TMPDIR => 1);
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null") == 0 or die 'openssl';
chmod 0755, "$dir" or die "chmod: $!";

my $cable = FlixIM::Test::Cable->start;    # who may have no second host has the rest alone
my $here  = $cable ? $cable->here : '127.0.0.1';
my $api   = FlixIM::Test::Api->start(httpd => 0);
$api->row("SELECT flixim.configure(p_push_delay => '1 second')::text");
my ($port, $tls_port) = map { FlixIM::Test::Pushd::free_port() } 1, 2;
my $pushd = FlixIM::Test::Pushd->start(api => $api, settings => {
    listen_tcp => "$here:$port", listen_tls => "$here:$tls_port", hold_time => '100ms', idle_time => '6s',
    tls_certificate_file => "$dir/cert.pem", tls_key_file => "$dir/key.pem",
});
my $online = FlixIM::Test::Online->new($api, $pushd);
my $writer = $online->joined('writer', unix => 1);

sub path { my ($who) = @_; return '/socket/websocket?vsn=2.0.0&token=' . $api->token($who) }

# Somebody on the other host who has joined and synced.
sub far {
    my ($who, %how) = @_;
    my $raw = $cable->there(sub { FlixIM::Test::WebSocket->open(host => $here, path => path($who), %how) });
    my $client = $online->synced($who, raw => $raw);
    $online->device($who);
    $online->becomes("$who is online", $who, '1 -infinity');
    return $client;
}

for my $case ($cable ? ([ 'anna', port => $port ], [ 'tina', port => $tls_port, tls => { SSL_verify_mode => 0 } ]) : ()) {
    my ($who, %how) = @$case;
    my $client = far($who, %how);

    # Silent as she is, what she is sent arrives.
    for my $round (1 .. 30) {
        $online->say($writer, $who, 'x' x 500);
        sleep 0.1;
    }
    is scalar($client->events(30)), 30, "$who: gets what she is sent, and says nothing";
    is $client->pings, 0, "$who: nor is she asked to";
    $online->is("$who: stays online", $who, '1 -infinity');
    is $pushd->metrics->{channels_doubtful_total}, $how{tls} ? 1 : 0, "$who: without a doubt";
    $client->beat;

    $cable->cut;
    my $sent = time;
    my $id = $online->say($writer, $who);
    $online->becomes("$who: the cable is cut, and something sent: she is not online", $who, '0', 5);
    $online->pushes_become("$who: it is pushed", $who, 1);
    cmp_ok time - $sent, '<', 3.5, sprintf "$who: %.1f s after it was sent", time - $sent;
    is $pushd->metrics->{channels_doubtful}, 1, "$who: the connection is in doubt";
    if (!$how{tls}) {
        $cable->mend;
        my $took = $online->becomes("$who: the cable is mended: she is online", $who, '1 -infinity', 20);
        ok $took, sprintf "$who: %.1f s later", $took;
        is $client->event->{payload}{id}, $id, "$who: and gets it";
        $client->raw->drop;
        $online->becomes("$who: leaves", $who, '0');
        next;
    }
    $pushd->wait_metric(closed_idle_total => sub { $_[0] >= 1 });
    $cable->mend;
    $client->raw->drop;
    $online->pushes_become("$who: is closed, and nothing is pushed twice", $who, 1);
}

# Nothing is sent until the daemon has noticed by itself.
if ($cable) {
    my $client = far('nina', port => $port);
    $cable->cut;
    $online->becomes('nina: nobody notices until idle_time is over', 'nina', '0', 20);
    $writer = $online->joined('writer', unix => 1);
    $online->say($writer, 'nina');
    is $online->pushes('nina'), 0, 'nina: what is sent then is no business of the connection';
    $cable->mend;
}

# Clients that httpd handed over are the kernel's business wherever they are; this one takes nothing.
{
    my $raw = hand_over($pushd->handoff, path => path('fred'));
    my $client = $online->synced('fred', raw => $raw);
    $online->device('fred');
    $online->becomes('fred is online', 'fred', '1 -infinity');
    $online->say($writer, 'fred');
    ok $client->event, 'fred: gets a message';
    sleep 1.5;
    $online->say($writer, 'fred', 'y' x 9000) for 1 .. 40;
    $online->becomes('fred: takes nothing of what he is sent: he is not online', 'fred', '0', 8);
    $pushd->wait_for('what has not arrived is pushed', sub { $online->pushes('fred') > 0 });
    cmp_ok $online->pushes('fred'), '<', 40, 'fred: what has not arrived is pushed, and not what has';
    is scalar($client->events(40)), 40, 'fred: takes all of it';
    $online->becomes('fred: is online', 'fred', '1 -infinity', 10);
    is $client->pings, 0, 'fred: was not pinged';
}

is join("\n", $pushd->faults), '', 'nothing in the log';
$api->finish;
done_testing;
