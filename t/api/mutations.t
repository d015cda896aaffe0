# SPDX-License-Identifier: Apache-2.0
# docs/openapi.yaml is tight: of two hundred real answers, each with anything changed is rejected.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Operations qw(operations target);
use Apache::Test qw(-withtestmore);
use JSON::PP     ();

my $api  = FlixIM::Test::Api->start;
my $json = JSON::PP->new->utf8->allow_nonref->canonical;

# Puts something of everything there; returns what the operations shall name.
sub furnish {
    my ($one, $other) = @_;
    my $group = $api->group($one, $other);
    my %text = (content => { text => '群' }, content_type => 'text', message_type => 'private_message');
    $api->call($one, POST => '/messages', body => { %text, conversation_id => $group });
    my %notice = (receiver_ids => [ map { $api->id($_) } $one, $other ], content => { n => [ { x => undef } ] }, content_type => 'system');
    $api->call('ops:system', POST => '/messages', body => { %notice, message_type => "system_$_" }) for qw(notification announcement);
    my %like = (receiver_id => $api->id($other), content => {}, content_type => 'like', message_type => 'interaction', reference_id => $api->uuid);
    $api->call($one, POST => '/messages', body => { %like, client_timestamp => '2025-04-10T10:29:58Z' });
    my ($read, $withdrawn, $deleted) = map { $api->send_text($other, $one, $_) } qw(read withdrawn deleted);
    $api->call($one,   PUT    => "/messages/$read/read");
    $api->call($other, PUT    => "/messages/$withdrawn/withdraw");
    $api->call($one,   DELETE => "/messages/$deleted");
    $api->call($one, DELETE => '/devices/' . $api->device($one));
    return (
        device => $api->device($one),
        sender => $api->send_text($one, $other, 'mine'), receiver => $api->send_text($other, $one, 'yours'),
        conversation => $api->private($one, $other), message => $api->uuid,
    );
}

# Every operation, done well and ill.
sub session {
    my ($one, $other, $language) = @_;
    my %id = furnish($one, $other);
    for my $operation (operations()) {
        my $method = $operation->{method};
        my $kind = $operation->{names} // '';
        my $path = target($operation, $kind eq 'message' ? $id{ $operation->{acts} eq 'sender' ? 'sender' : 'receiver' } : $id{$kind} // '');
        my $body = $operation->{body} && $operation->{body}->($api, $one, $other);
        my %with = defined $body ? (body => $body) : ();
        $api->call(undef, $method => $path, %with, headers => [ 'Accept-Language' => $language ]);
        $api->call($one, $method => target($operation, $kind eq 'message' ? $api->uuid : 'group:' . $api->uuid), %with) if $kind;
        $api->call($one, GET => $path, query => { map { $_ => '!' } keys %{ $operation->{query} } }) if $operation->{query};
        $api->call($one, $method => $path, body => $_) for $operation->{body} ? ('{}', '{', '[') : ();
        $api->call($one, $method => $path, %with, $operation->{lists} ? (query => { limit => 3 }) : ()) if $method ne 'DELETE';
    }
    return;
}
my $rounds = 0;
session('user' . ++$rounds, 'friend' . $rounds % 3, $rounds % 2 ? 'en' : 'zh') while $api->answers < 220 && $rounds < 10;
my @answers = grep { length $_->{body} } $api->answers;
cmp_ok scalar @answers, '>=', 200, 'there are two hundred answers';
my %statuses = map { $_->{status} => 1 } @answers;
ok $statuses{$_}, "$_ among them" for qw(200 201 400 401 404 422);
is_deeply [ grep { $api->contract->judge($_->{schema}, $_->{body}) } @answers ], [], 'as they are, all pass';

# What may be null, as the documents say: the schema must not decide it.
my %nullable = map { $_ => 1 }
    qw(reference_id client_timestamp last_message_id last_message_content last_message_timestamp last_read_message_id draft
    app_id platform locale disabled_reason quiet_hours web_push_public_key);
# Nor when settings were changed that never were; everything else has been.
sub is_nullable { my ($object, $key) = @_; return $nullable{$key} || $key eq 'updated_at' && exists $object->{show_text} }

sub other_type {
    my ($value) = @_;
    return 0 if !defined $value;
    return ref $value eq 'HASH' ? [] : ref $value eq 'ARRAY' ? {} : 'true' if ref $value;
    return $json->encode($value) =~ /^"/ ? 7 : "$value";
}

# All mutants of a value: [what was done, the value]; $path leads to it.
sub mutants {
    my ($value, $path) = @_;
    my @mutants = ([ "$path: another type", other_type($value) ]);
    if (ref $value eq 'HASH') {
        push @mutants, [ "$path: key added", { %$value, extra => 1 } ];
        for my $key (sort keys %$value) {
            my $at = "$path/$key";
            my %rest = %$value;
            my $member = delete $rest{$key};
            push @mutants, [ "$at: dropped", {%rest} ] if $path ne '/error/fields' || !%rest;
            push @mutants, [ "$at: renamed", { %rest, "${key}_" => $member } ];
            push @mutants, [ "$at: null", { %rest, $key => undef } ] if defined $member && !is_nullable($value, $key);
            my $is_content = $key eq 'content' && ref $member;
            push @mutants, map { [ $_->[0], { %rest, $key => $_->[1] } ] } $is_content ? [ "$at: another type", [] ] : mutants($member, $at);
        }
    }
    if (ref $value eq 'ARRAY') {
        for my $i (0 .. $#$value) {
            my $with = sub { my @copy = @$value; $copy[$i] = $_[0]; return \@copy };
            push @mutants, [ "$path/$i: null", $with->(undef) ];
            push @mutants, map { [ $_->[0], $with->($_->[1]) ] } mutants($value->[$i], "$path/$i");
        }
    }
    return @mutants;
}

my (%done, @survivors);
for my $answer (@answers) {
    my @mutants = mutants($json->decode($answer->{body}), '');
    my @faults = $api->contract->judge_all($answer->{schema}, map { $json->encode($_->[1]) } @mutants);
    for my $i (0 .. $#mutants) {
        my $what = $mutants[$i][0];
        $done{ $what =~ s/.*: //r }++;
        push @survivors, "$answer->{method} $answer->{path} $answer->{status} $what" if !@{ $faults[$i] };
    }
}
for my $kind ('another type', 'key added', 'dropped', 'renamed', 'null') {
    cmp_ok $done{$kind} // 0, '>=', 200, "$kind: " . ($done{$kind} // 0) . ' mutants';
    my @of_kind = grep {/: $kind$/} @survivors;
    splice @of_kind, 10;
    is join("\n", @of_kind), '', "$kind: each is rejected";
}
$api->finish;
done_testing;
