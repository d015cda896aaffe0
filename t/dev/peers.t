# SPDX-License-Identifier: Apache-2.0
# The servers that the benchmarks compare with: each starts, says what Flix IM says or delivers what is published, and leaves nothing behind.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Bench::Flixim;
use FlixIM::Bench::Nchan;
use FlixIM::Bench::Node;
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Dev qw(wait_until);
use FlixIM::Test::WebSocket;
use HTTP::Tiny ();
use Test::More;

my $api = FlixIM::Test::Api->start(httpd => 0);
my $group = $api->row(
    q{SELECT conversation_id FROM flixim.create_conversation(ROW(?, now(), false, NULL)::flixim.caller, ARRAY[?, ?]::uuid[], 'group')},
    map { $api->id($_) } qw(alice bob carol));

# The same talk with either server. What differs from one message to the next is left out of what is compared.
sub talk {
    my ($server) = @_;
    my @said;
    my %user = map { my $who = $_; ($who => FlixIM::Test::Channel->join($api, $server, "$who:" . ($who eq 'bob' ? 'jwt' : 'opaque'))) } qw(alice bob carol);
    my $second = FlixIM::Test::Channel->join($api, $server, 'alice');
    my $note = sub { push @said, map { defined $_ ? _plain($_) : 'none' } @_ };
    for my $target ({ receiver_id => $api->id('bob') }, { conversation_id => $group }) {
        my %message = (client_message_id => FlixIM::Test::Api::uuid(), message_type => 'private_message', content_type => 'text',
            content => { text => "\x{4f60}\x{597d} \"\n" }, client_timestamp => '2026-01-02T03:04:05.600Z', %{$target});
        my $reply = $user{alice}->ask('send_message', \%message);
        $note->($reply->verdict, $reply->response);
        $note->($user{bob}->event(10), $second->event(10), $target->{receiver_id} ? () : $user{carol}->event(10));
        $note->($user{alice}->ask('send_message', \%message)->verdict, map { scalar $_->now } $user{alice}, $user{bob}, $second, $user{carol});
    }
    $note->($user{alice}->ask('send_message', { message_type => 'private_message', content_type => 'text', content => { text => 'x' },
        receiver_id => $api->id('alice') })->verdict);
    my $stranger = FlixIM::Test::Channel->open($api, $server, who => 'carol');
    $note->($stranger->enter('bob')->reason);
    return @said;
}

sub _plain {
    my ($value) = @_;
    my $text = ref $value ? JSON::PP->new->canonical->encode($value) : $value;
    my %known = map { ($api->id($_) => $_) } qw(alice bob carol);
    $text =~ s/$_/$known{$_}/g for keys %known;
    $text =~ s/$group/GROUP/g;
    return $text =~ s/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/ID/gr =~ s/20(?!26-01-02)\d\d-\d\d-\d\dT[\d:.]+Z/TIME/gr;
}

sub has_ended {
    my ($name, @pids) = @_;
    ok wait_until(10, sub { !grep { kill 0, $_ } @pids }), "$name: all of its processes end";
    return;
}

my $flixim = FlixIM::Bench::Flixim->start(cluster => $api->cluster, settings => { token_key_file => $api->secret_file });
cmp_ok scalar $flixim->pids, '>', 2, 'Flix IM: httpd, its children and the daemon';
my @expected = talk($flixim);
cmp_ok scalar(grep {/"event_type":"new_message"/} @expected), '==', 5, 'it tells each of them';
my @pids = $flixim->pids;
$flixim->stop;
has_ended('Flix IM', @pids);

my $node = FlixIM::Bench::Node->start(cluster => $api->cluster, pool => 2, key_file => $api->secret_file);
is scalar $node->pids, 3, 'Node: a primary process and two workers';
is_deeply [talk($node)], \@expected, 'it says and tells the same';
@pids = $node->pids;
$node->stop;
has_ended('Node', @pids);
is join("\n", FlixIM::Test::Channel::faults()), '', 'all of it is as docs/asyncapi.yaml has it';

my $nchan = FlixIM::Bench::Nchan->start(groups => { 'group:one' => [qw(alice bob)] });
is scalar $nchan->pids, 3, 'Nchan: a master process and two workers';
my @subscribers = map { FlixIM::Test::WebSocket->open(port => $nchan->port, path => "/sub/$_") } qw(alice bob carol);
for my $case ([ 'group:one', 1, 1, 0 ], [ carol => 0, 0, 1 ]) {
    my ($channel, @heard) = @{$case};
    my $answer = HTTP::Tiny->new->post('http://127.0.0.1:' . $nchan->port . "/pub/$channel", { content => "to $channel", headers => { 'Content-Type' => 'text/plain' } });
    is $answer->{status}, 201, "$channel: published";
    is_deeply [ map { $heard[$_] ? $subscribers[$_]->next_text(10) : undef } 0 .. 2 ], [ map { $_ ? "to $channel" : undef } @heard ], "$channel: heard by its subscribers";
}
is_deeply [ map { scalar $_->next_text(0.1) } @subscribers ], [ (undef) x 3 ], 'and by nobody else';
@pids = $nchan->pids;
$nchan->stop;
has_ended('Nchan', @pids);

$api->finish;
done_testing;
