# SPDX-License-Identifier: Apache-2.0
# Who is told of what, caused over the channel or over REST: every connection of every target, and nobody else.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Channel;
use FlixIM::Test::Pushd;
use Apache::Test qw(-withtestmore);

my $api = FlixIM::Test::Api->start;
# Two daemons, as on two hosts: they share nothing but the database.
my @pushd = map { FlixIM::Test::Pushd->start(api => $api, settings => { hold_time => '100ms' }) } 1 .. 2;

# alice acts over a1, or over REST; a2 and a3 are hers, too, b1 and b2 bob's; carol is in the group, dave is nobody.
my %client = (
    a1 => FlixIM::Test::Channel->join($api, $pushd[0], 'alice'),
    a2 => FlixIM::Test::Channel->join($api, $pushd[0], 'alice', poll => 1),
    a3 => FlixIM::Test::Channel->join($api, $pushd[1], 'alice'),
    b1 => FlixIM::Test::Channel->join($api, $pushd[0], 'bob'),
    b2 => FlixIM::Test::Channel->join($api, $pushd[1], 'bob', vsn => '1.0.0'),
    c1 => FlixIM::Test::Channel->join($api, $pushd[1], 'carol'),
    d1 => FlixIM::Test::Channel->join($api, $pushd[0], 'dave'),
);
my %user_of = map { $_ => { a => 'alice', b => 'bob', c => 'carol', d => 'dave' }->{ substr $_, 0, 1 } } keys %client;
my @all = sort keys %client;
my $group = $api->group(qw(alice bob carol));
my $us = $api->private('alice', 'bob');

# One line for an event: what it is, and its message.
sub line {
    my ($event) = @_;
    my $payload = $event->{payload};
    return join ' ', $event->{event_type}, grep {defined} $payload->{status}, $payload->{message_id} // $payload->{id};
}

# An event for each user: a hash of its messages' ids.
sub mark {
    my @receivers = map { $api->id($_) } qw(alice bob carol dave);
    my %notice = (message_type => 'system_notification', content_type => 'system', content => {}, receiver_ids => \@receivers);
    return map { $_->{receiver_id} => $_->{id} } @{ $api->call('ops:system', POST => '/messages', body => \%notice)->data };
}

# What a connection is pushed before the mark.
sub before {
    my ($client, %mark) = @_;
    my @events;
    while (my $event = $client{$client}->event(10)) {
        return @events if ($event->{payload}{id} // '') eq $mark{ $api->id($user_of{$client}) };
        push @events, $event;
    }
    return (@events, { event_type => 'the mark did not come', payload => {} });
}

# Takes what is on its way.
sub drain {
    my %mark = mark();
    before($_, %mark) for @all;
    return;
}

# Does something, and tests what each connection is pushed: by its name (or a pattern of names), lines. The mark behind
# it, an event for all, shows that nothing else comes.
sub told {
    my ($name, $act, %expected) = @_;
    my @lines = $act->();
    my %mark = mark();
    for my $client (@all) {
        my @events = before($client, %mark);
        is scalar(grep { $_->{target_user_id} ne $api->id($user_of{$client}) } @events), 0, "$name: $client: its own";
        my ($pattern) = grep { $client =~ /^(?:$_)$/ } sort keys %expected;
        my $of = $pattern ? $expected{$pattern} : [];
        is_deeply [ map { line($_) } @events ], [ map { s/(\$\d)/$lines[substr($1, 1) - 1]/gr } @$of ], "$name: what $client is told";
    }
    return;
}

sub text { my ($to, $text) = @_; return { conversation_id => $to, content => { text => $text // 'x' }, message_type => 'private_message', content_type => 'text' } }
sub sent { my ($who, $to) = @_; return $client{$who}->ask('send_message', text($to))->response->{message_id} }
sub posted { my ($who, $to) = @_; return $api->call($who, POST => '/messages', body => text($to))->data->{id} }
sub read_up { my ($who, $to, $id) = @_; $client{$who}->ask('mark_read', { conversation_id => $to, last_read_message_id => $id })->status eq 'ok' or die 'mark_read'; return $id }

my $new = 'new_message';
my $status = 'message_status_update';

# -- Sent ---------------------------------------------------------------------------------------------

told('sent by a1', sub { sent('a1', $us) }, a1 => [], 'a2|a3' => ["$new sent \$1"], 'b.' => ["$new unread \$1"]);
told('sent by a2, long poll', sub { sent('a2', $us) }, a2 => [], 'a1|a3' => ["$new sent \$1"], 'b.' => ["$new unread \$1"]);
told('sent by b2, V1', sub { sent('b2', $us) }, b2 => [], b1 => ["$new sent \$1"], 'a.' => ["$new unread \$1"]);
told('sent over REST', sub { posted('alice', $us) }, 'a.' => ["$new sent \$1"], 'b.' => ["$new unread \$1"]);
told('sent into the group by a1', sub { sent('a1', $group) }, a1 => [], 'a2|a3' => ["$new sent \$1"], 'b.|c1' => ["$new unread \$1"]);
told('sent into the group over REST', sub { posted('alice', $group) }, 'a.' => ["$new sent \$1"], 'b.|c1' => ["$new unread \$1"]);
told('a retry', sub { my $id = $api->uuid; my @sent = map { $client{a1}->ask('send_message', { %{ text($us) }, client_message_id => $id })->response->{message_id} } 1 .. 3; $sent[0] },
    a1 => [], 'a2|a3' => ["$new sent \$1"], 'b.' => ["$new unread \$1"]);
told('two in a row by a1', sub { (sent('a1', $us), sent('a1', $us)) }, a1 => [], 'a2|a3' => [ "$new sent \$1", "$new sent \$2" ], 'b.' => [ "$new unread \$1", "$new unread \$2" ]);
told('an interaction', sub {
    $client{a1}->ask('send_message', { message_type => 'interaction', content_type => 'like', content => {}, receiver_id => $api->id('bob') })->response->{message_id};
}, a1 => [], 'a2|a3' => ["$new sent \$1"], 'b.' => ["$new unread \$1"]);
my %notice = (message_type => 'system_announcement', content_type => 'system', content => { text => 'x' });
told('a notice over REST', sub { $api->call('ops:system', POST => '/messages', body => { %notice, receiver_id => $api->id('bob') })->data->{id} }, 'b.' => ["$new unread \$1"]);
told('notices for two', sub {
    map { $_->{id} } @{ $api->call('ops:system', POST => '/messages', body => { %notice, receiver_ids => [ map { $api->id($_) } qw(bob carol) ] })->data };
}, 'b.' => ["$new unread \$1"], c1 => ["$new unread \$2"]);
told('one that is refused', sub { $client{a1}->ask('send_message', text($api->private('bob', 'carol'))); 'x' });

# -- Read ---------------------------------------------------------------------------------------------

$api->call($_, PUT => '/messages/read_all') for qw(alice bob carol dave);
drain();

# Messages of alice that all have been told of: a message that is read at once may be told as read.
sub known {
    my (@to) = @_;
    my @ids = map { posted('alice', $_) } @to;
    drain();
    return @ids;
}

my ($one, $two, $three, $four, $five, $six, $seven) = known($us, $us, $group, $group, $us, $us, $us);
told('read by b1', sub { read_up('b1', $us, $one) }, 'a.|b2' => ["$status read \$1"]);
told('read a second time', sub { read_up('b1', $us, $one); 'x' });
told('read over REST', sub { $api->call('bob', PUT => "/messages/$two/read"); $two }, 'a.|b.' => ["$status read \$1"]);
told('read in the group by b1', sub { read_up('b1', $group, $three) }, b2 => ["$status read \$1"]);
told('read in the group over REST', sub { $api->call('bob', PUT => "/messages/$four/read"); $four }, 'b.' => ["$status read \$1"]);
told('several read at once', sub { read_up('b1', $us, $seven); ($five, $six, $seven) }, 'a.|b2' => [ map {"$status read \$$_"} 1 .. 3 ]);
my @batch = known($us, $us);
told('a batch over REST', sub { $api->call('bob', PUT => '/messages/batch_read', body => { message_ids => \@batch }); @batch }, 'a.|b.' => [ map {"$status read \$$_"} 1, 2 ]);
my ($mine) = known($us);
told('read by its sender', sub { $client{a1}->ask('mark_read', { conversation_id => $us, last_read_message_id => $mine }); 'x' });

# -- Withdrawn and deleted ----------------------------------------------------------------------------

my $recalled = 'message_recalled withdrawn';
# A message that is withdrawn before it could be told is told as withdrawn; so the two are told apart.
my ($first, $second, $third, $fourth) = known($us, $us, $group, $us);
told('withdrawn by a1', sub { $client{a1}->ask('withdraw_message', { message_id => $first }); $first }, a1 => [], 'a2|a3|b.' => ["$recalled \$1"]);
told('withdrawn over REST', sub { $api->call('alice', PUT => "/messages/$second/withdraw"); $second }, 'a.|b.' => ["$recalled \$1"]);
told('withdrawn in the group', sub { $client{a1}->ask('withdraw_message', { message_id => $third }); $third }, a1 => [], 'a2|a3|b.|c1' => ["$recalled \$1"]);
told('withdrawn again', sub { $client{a1}->ask('withdraw_message', { message_id => $first }); 'x' });
told('deleted by its receiver', sub { $api->call('bob', DELETE => "/messages/$fourth"); $fourth }, 'b.' => ["$status deleted \$1"]);
told('deleted by its sender', sub { $api->call('alice', DELETE => "/messages/$fourth"); $fourth }, 'a.' => ["$status deleted \$1"]);
told('settings of a conversation', sub { $client{a1}->ask('update_conversation', { conversation_id => $us, is_pinned => JSON::PP::true() }); 'x' });
told('a conversation opened', sub { $client{a1}->ask('create_conversation', { type => 'private', participant_ids => [ $api->id('dave') ] }); 'x' });
told('a group founded', sub { $client{a1}->ask('create_conversation', { type => 'group', participant_ids => [ $api->id('dave') ] }); 'x' });

# What is told of a recalled message holds nothing of it, also to who asks later.
{
    my $secret = $client{a1}->ask('send_message', text($us, 'the secret'))->response->{message_id};
    $client{a1}->ask('withdraw_message', { message_id => $secret });
    my $late = FlixIM::Test::Channel->join($api, $pushd[1], 'bob');
    my $cursor = '';
    my $reply;
    do {
        $reply = $late->ask('sync', { last_sync_timestamp => $cursor });
        unlike $reply->text, qr/the secret/, 'a sync holds nothing of what was withdrawn';
        $cursor = $reply->response->{new_last_sync_timestamp};
    } while ($reply->response->{has_more});
    like $reply->text, qr/"event_type":"message_recalled","payload":\{"message_id":"$secret"/, 'but tells of it';
}

is join("\n", FlixIM::Test::Channel::faults()), '', 'every frame is as docs/asyncapi.yaml says';
is_deeply [ map { $_->faults } @pushd ], [], 'no fault in the logs';
is $_->metrics->{stream_safety_caught_total}, 0, 'nothing was left to the safety poll' for @pushd;
$api->finish;
done_testing;
