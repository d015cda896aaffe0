# SPDX-License-Identifier: Apache-2.0
# The load generator itself: it finds nothing wrong with the daemon, and everything with a server that lies.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Echo;
use FlixIM::Test::Liar;
use FlixIM::Test::Load qw(groups_file issue users_file);
use FlixIM::Test::Pushd;
use Test::More;

my @four  = map { { id => sprintf('%08x-0000-4000-8000-000000000000', $_), token => 'none' } } 1 .. 4;
my $users = users_file(@four);
my @group = ('group:10000000-0000-4000-8000-000000000000', 1 .. 4);
my $groups = groups_file([@group]);

# -- A server that lies -------------------------------------------------------------------------------

# A run against a server with a lie: what "ready" and "go" said, and how it ended.
sub run {
    my ($mode, $lie, %option) = @_;
    my $liar = FlixIM::Test::Liar->start(lie => $lie, at => delete $option{at} // 3, tell => delete $option{tell} // 0, (map { ($_ => delete $option{$_}) } grep { exists $option{$_} } qw(ping drip ballast)),
        group => { $group[0] => [ map { $_->{id} } @four ] });
    my $load = FlixIM::Test::Load->start($mode, users => $users, to => '127.0.0.1:' . $liar->port, seconds => 0.2, grace => 0.2, %option);
    my $ready  = $load->ready;
    my $report = $ready->{failed} ? {} : $load->go;
    my $status = $load->finish;
    $liar->stop;
    return ($status, $report, $ready);
}

# Which of the three accounts a fault is in, whatever else it brings with it.
my %chat = (
    'lose an acknowledgement' => 'lost', 'acknowledge twice' => 'repeated', 'lose a delivery' => 'lost', 'deliver twice' => 'repeated',
    map { ($_ => 'wrong') } 'acknowledge something else', 'acknowledge what was not sent', 'refuse', 'change a text', 'change a number', 'change the sender',
    'change the target', 'change the id', 'tell somebody else', 'change the topic', 'cut a message', 'say more than a message', 'say six things',
    'name a thing twice', 'mask a frame', 'send a fragment', 'compress', 'send bytes', 'close', 'hang up', 'deliver late',
);
is join(', ', sort keys %chat), join(', ', FlixIM::Test::Liar::lies()), 'all lies are told';

my ($status, $report, $ready) = run('chat', undef);
is $status, 0, 'an honest server: all is well' or diag explain $report;
is $ready->{joined}, 4, 'all have joined';
cmp_ok $report->{sent}, '>', 20, 'messages were sent';
is join(' ', @{$report}{qw(acknowledged delivered lost repeated wrong)}), "$report->{sent} $report->{sent} 0 0 0", 'each was acknowledged and delivered';

for my $how ([ drip => 1 ], [ ballast => 1000 ], [ ballast => 70_000 ], [ ballast => 70_000, drip => 1 ]) {
    ($status, $report) = run('chat', undef, @$how, grace => 5);
    is $status, 0, "@$how: all is well, too" or diag explain $report;
    cmp_ok $report->{delivered}, '>', 3, 'and delivered';
}

for my $lie (sort keys %chat) {
    # Two messages have to be under way for one to pass the other.
    ($status, $report) = run('chat', $lie, $lie eq 'deliver late' ? (rate => 2000) : ());
    is $status, 1, "chat: $lie: it ends with 1";
    cmp_ok $report->{ $chat{$lie} }, '>', 0, "it is $chat{$lie}" or diag explain $report;
    like $report->{first} // '', qr/^(?:connection \d+|group \S+): \w/, 'with the first case';
    is $report->{gone}, $lie =~ /^(?:mask|send|compress|close|hang)/ ? 1 : 0, 'and how many went';
}

for my $lie (grep { !/^deliver late$/ } sort keys %chat) {
    ($status, $report) = run('fanout', $lie, groups => $groups);
    is $status, 1, "fanout: $lie: it ends with 1";
    cmp_ok $report->{ $chat{$lie} }, '>', 0, "it is $chat{$lie}" or diag explain $report;
}
($status, $report) = run('fanout', undef, groups => $groups);
is $status, 0, 'fanout: an honest server' or diag explain $report;
cmp_ok $report->{delivered}, '>=', 3 * ($report->{sent} - 1), 'each message reaches three';

for my $lie ('refuse to upgrade', 'accept something else', 'refuse to join', 'never join', 'hang up at once') {
    ($status, undef, $ready) = run('connect', $lie, patience => 0.5);
    is "$status $ready->{joined} $ready->{failed}", '1 3 1', "connect: $lie: one has failed";
    like $ready->{first}, qr/^connection \d: \w/, 'which is said' or diag explain $ready;
}
($status, $report) = run('connect', 'answer no heartbeat', beat => 0.1, seconds => 1);
is "$status $report->{wrong}", '1 0', 'connect: a heartbeat that is not answered is noticed';
cmp_ok $report->{lost}, '>', 0, 'as lost';
($status, $report) = run('connect', undef, beat => 1, seconds => 3);
is $status, 0, 'and those that are are not' or diag explain $report;
($status, undef, $ready) = run('connect', undef, ping => 1);
is "$status $ready->{joined}", '0 4', 'connect: pings are answered';
($status, $report) = run('connect', undef, tell => 1);
is "$status $report->{told} $report->{events}", '0 4 4', 'connect: all were told';
($status, $report) = run('connect', undef, tell => 2);
is "$status $report->{repeated}", '1 4', 'connect: the same again is noticed';
($status, $report) = run('connect', undef);
is "$status $report->{told}", '0 0', 'connect: nobody was told';

# -- The daemon ---------------------------------------------------------------------------------------

my $cluster = FlixIM::Test::Cluster->start;
my $tls     = FlixIM::Test::Echo->start(tls => 1);    # for its certificate
my ($certificate, $key) = ($tls->certificate, $tls->certificate =~ s/certificate/key/r);
my $tls_port = FlixIM::Test::Pushd::free_port();
my $pushd = FlixIM::Test::Pushd->start(cluster => $cluster, settings => {
    pushes_per_second => 0, listen_tls => "127.0.0.1:$tls_port", tls_certificate_file => $certificate, tls_key_file => $key,
});
my @users = issue($cluster, 60);
my $file  = users_file(@users);
my $conversation = $cluster->psql(
    q{SELECT conversation_id FROM flixim.create_conversation(ROW(:'first', NULL, NULL, NULL)::flixim.caller, string_to_array(:'ids', ' ')::uuid[], 'group')},
    vars => { first => $users[0]{id}, ids => join ' ', map { $_->{id} } @users[ 0 .. 39 ] });
my $members = groups_file([ $conversation, 1 .. 40 ]);

for my $case ([ 'chat' ], [ 'chat', rate => 200 ], [ 'fanout', groups => $members ], [ 'chat', tls => 1, host => 'localhost', ca => $certificate ]) {
    my ($mode, %option) = @$case;
    my $load = FlixIM::Test::Load->start($mode, users => $file, seconds => 1, from => [qw(127.0.0.2 127.0.0.3)],
        to => '127.0.0.1:' . ($option{tls} ? $tls_port : $pushd->port), %option);
    my $name = join ' ', $mode, map {"$_"} grep { !ref && !m{/} } %option;
    is $load->ready->{joined}, 60, "$name: all have joined";
    for my $round (1, 2) {
        my $got = $load->go;
        cmp_ok $got->{delivered}, '>', 20, 'messages are delivered';
        is $got->{lost} + $got->{repeated} + $got->{wrong}, 0, 'and all is well' or diag explain $got;
        is $got->{sent}, 200, 'as many as were to be' if $option{rate};
        cmp_ok $got->{own}{writes}, '<', 1.3, 'and hardly any heartbeats' if $mode eq 'chat';
    }
    is $load->finish, 0, 'it says so';
}
is $cluster->psql('SELECT count(*) FROM flixim.check_invariants()'), 0, 'no invariant is violated';
ok $tls->stop, 'the echo has ended';

done_testing;
