# SPDX-License-Identifier: Apache-2.0
# Hostile bodies, fields, parameters, paths and headers (rows E of the threats): each its exact refusal, and nothing has changed.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Hostile qw(%bad_member %bad_parameter @bad_json @bad_content @bad_path @bad_header @stored_as_it_is encoded);
use FlixIM::Test::Operations qw(operations target);
use Apache::Test qw(-withtestmore);
use JSON::PP     ();

my $api  = FlixIM::Test::Api->start;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my %id = (message => $api->send_text('bob', 'alice', 'x'), conversation => $api->private('alice', 'bob'), device => $api->device('alice'));
$api->call('alice', GET => '/messages');
my $state = $api->state;

# One refusal: its verdict, and that the data is as it was.
sub refused {
    my ($name, $verdict, @call) = @_;
    $name =~ s/[^ -~]/./g;
    my $answer = $api->call('alice', @call);
    is $answer->verdict, $verdict, "$name: $verdict" or diag substr $answer->body, 0, 500;
    my $now = $api->state;
    is $now, $state, "$name: nothing has changed" if $now ne $state;
    $state = $now;
    return;
}

# A body as text: members that are given, as JSON texts, in place of an operation's own.
sub body_with {
    my ($operation, %member) = @_;
    my $own = $operation->{body}->($api, 'alice', 'bob');
    my %text = ((map { $_ => $json->encode($own->{$_}) } keys %$own), %member);
    return '{' . join(',', map { defined $text{$_} ? "\"$_\":$text{$_}" : () } sort keys %text) . '}';
}

for my $operation (operations()) {
    my $path = target($operation, $id{ $operation->{names} // '' } // '');
    my $name = "$operation->{method} $operation->{path}";
    my @call = ($operation->{method} => $path);
    if ($operation->{body}) {
        refused("$name: $_->[0]", '400 invalid_json body', @call, body => $_->[1]) for @bad_json;
        refused("$name: $_ bytes", '413 payload_too_large', @call, body => '{"x":"' . 'x' x ($_ - 8) . '"}') for 262145, 1_000_000;
        my @required;
        for my $field (sort keys %{ $operation->{fields} }) {
            my ($member, $is_required) = $field =~ /^(\w+)(!?)$/;
            my $verdict = "422 invalid_fields $member";
            for my $value (@{ $bad_member{ $operation->{fields}{$field} } }) {
                refused("$name: $member $value", $verdict, @call, body => body_with($operation, $member => $value));
            }
            next if !$is_required;
            push @required, $member;
            refused("$name: $member missing", $verdict, @call, body => body_with($operation, $member => undef));
            refused("$name: $member null", $verdict, @call, body => body_with($operation, $member => 'null'));
        }
        push @required, $operation->{one_of} // ();
        refused("$name: all missing", join(' ', '422 invalid_fields', @required), @call, body => '{}') if @required;
    }
    for my $parameter (sort keys %{ $operation->{query} // {} }) {
        my $verdict = "400 invalid_query $parameter";
        for my $value (@{ $bad_parameter{ $operation->{query}{$parameter} } }) {
            refused("$name: $parameter=$value", $verdict, @call, query => "$parameter=" . encoded($value));
        }
        refused("$name: $parameter twice", $verdict, @call, query => "$parameter=1&$parameter=1");
        for my $value (qw(% %4 %zz %00 %ff %C0%80 %ED%A0%80 %F4%90%80%80)) {
            refused("$name: $parameter=$value", '400 invalid_query query', @call, query => "$parameter=$value");
        }
    }
    for my $case ($operation->{names} ? @bad_path : ()) {
        my ($id, $verdict) = @$case;
        my @body = $operation->{body} ? (body => '{}') : ();
        $verdict //= "404 $operation->{names}_not_found";
        refused("$name: id $id", $verdict, $operation->{method} => target($operation, $id), @body);
    }
}
refused("GET /messages: limit=$_", '400 invalid_query limit', GET => '/messages', query => "limit=$_") for qw(0 201 99999999999999999999);
refused("GET /messages: offset=$_", '400 invalid_query offset', GET => '/messages', query => "offset=$_") for qw(2147483648 99999999999999999999);
refused('GET /messages: status=sent', '400 invalid_query status', GET => '/messages?status=sent');
refused('GET /messages: a plus is a space', '400 invalid_query before', GET => '/messages?before=2025-04-10T10:30:00+02:00');
refused('GET /messages: several at fault', '400 invalid_query before limit offset', GET => '/messages?before=x&limit=x&offset=x');

my %text = (receiver_id => $api->id('bob'), message_type => 'private_message', content_type => 'text', content => { text => 'x' });
for my $case (@bad_content) {
    my ($type, $content, $fields) = @$case;
    my $body = $json->encode({ %text, content_type => $type, content => 'HERE' }) =~ s/"HERE"/$content/r;
    refused('content ' . substr($content, 0, 40) . " of type $type", "422 invalid_fields $fields", POST => '/messages', body => $body);
}
for my $case (
    [ 'no receiver',   'receiver_id',  receiver_id => undef ],
    [ 'to oneself',    'receiver_id',  receiver_id => $api->id('alice') ],
    [ 'two receivers', 'receiver_id',  conversation_id => $api->private('alice', 'carol') ],
    [ 'both ways',     'receiver_ids', receiver_ids => [ $api->id('bob') ], message_type => 'system_notification' ],
    [ 'to nobody',     'receiver_ids', receiver_id => undef, receiver_ids => [], message_type => 'system_notification' ],
  ) {
    my ($name, $fields, %member) = @$case;
    refused($name, "422 invalid_fields $fields", POST => '/messages', body => { %text, %member });
}
my @others = map { $api->uuid } 1 .. 500;
for my $case ([ private => 'nobody' ], [ private => 'oneself', $api->id('alice') ], [ private => 'two', @others[ 0, 1 ] ], [ group => '500', @others ]) {
    my ($type, $name, @ids) = @$case;
    my $body = { participant_ids => \@ids, type => $type };
    refused("a $type conversation with $name", '422 invalid_fields participant_ids', POST => '/conversations', body => $body);
}

for my $case (@bad_header) {
    my ($verdict, $name, $value, %option) = @$case;
    refused("$name: " . ($value =~ s/[^ -~]/./gr), $verdict, POST => '/messages', body => \%text, headers => [ $name => $value ], %option);
}
refused('two Idempotency-Keys', '422 invalid_fields Idempotency-Key', POST => '/messages', body => { %text }, headers => [ ('Idempotency-Key' => 'x') x 2 ]);
refused("an Idempotency-Key $_", '422 invalid_fields Idempotency-Key', POST => '/messages', body => { %text }, headers => [ 'Idempotency-Key' => $_ ])
    for '', '""', 'x' x 256;
refused('an Idempotency-Key that contradicts the body', '422 invalid_fields client_message_id', POST => '/messages',
    body => { %text, client_message_id => $api->uuid }, headers => [ 'Idempotency-Key' => $_ ]) for 'x', $api->uuid;

# What looks dangerous and is not: stored and given back as it is.
for my $text (@stored_as_it_is) {
    my $name = $json->encode(substr $text, 0, 30);
    my $content = { text => $text, $text => [$text], deep_link => $text };
    my $key = substr encoded($text), 0, 255;
    my $sent = $api->call('alice', POST => '/messages', body => { %text, content => $content }, headers => [ 'Idempotency-Key' => $key ]);
    is $sent->status, 201, "$name: sent";
    is_deeply $api->call('bob', GET => '/messages/' . $sent->data->{id})->data->{content}, $content, "$name: received";
    is $api->call('alice', PUT => "/conversations/$id{conversation}", body => { draft => $text })->data->{draft}, $text, "$name: kept as a draft";
    is $api->call('bob', GET => "/conversations/$id{conversation}")->status, 200, "$name: previewed";
}
my $numbers = '[-0,1E+2,9223372036854775808,18446744073709551616,1e99,0.1e-99]';
my $body = $json->encode({ %text, content => { text => 'x', n => 'HERE' } }) =~ s/"HERE"/$numbers/r;
like $api->call('alice', POST => '/messages', body => $body)->body, qr/"n":\Q$numbers\E/, 'numbers are kept as they are written';
my @queries = (
    '', '&&', '=', 'x', 'x=1&x=2', 'limit=200&offset=2147483647', 'before=2025-04-10T10:30:00%2B02:00',
    'before=2025-04-10t10:30:00.123456789z', 'before_id=' . uc $api->uuid,
);
is $api->call('alice', GET => '/messages', query => $_)->status, 200, "query '$_' is fine" for @queries;
is $api->call('alice', GET => '/messages/sync', query => "last_sync_time=$_")->status, 200, "cursor '$_' is fine"
    for '', '0', '1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '0001-01-01T00:00:00Z';

is scalar(grep { $_->{status} >= 500 } $api->answers), 0, 'never a 5xx';
unlike $api->httpd->log, qr/[^\x20-\x7e\n\t]/, 'nothing raw in the log';
is scalar(grep {!/^\[|^AH\d+: |^\z/} split /\n/, $api->httpd->log), 0, 'and no line that is not httpd\'s own';
$api->finish;
done_testing;
