# SPDX-License-Identifier: Apache-2.0
# The seed document's session: every endpoint, field by field, in the order and with the sentences that it prints.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use Apache::Test qw(-withtestmore);

my $api = FlixIM::Test::Api->start;
my ($alice, $bob, $private) = ($api->id('alice'), $api->id('bob'), $api->private('alice', 'bob'));
my %saved;    # what an answer called {name:...} held

# The pattern of a text in which {uuid}, {time} and {text} stand for any of their kind, {me}, {you} and {us} for the
# users and their conversation, {name:kind} for one to keep, and {name} for one that was kept.
my %kind = (
    uuid => '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', time => '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', text => '[^"]+', number => '\d+',
);
sub pattern {
    my ($text) = @_;
    my %known = (%saved, me => $alice, you => $bob, us => $private);
    my $pattern = quotemeta $text;
    $pattern =~ s/\\\{(\w+)\\:(\w+)\\\}/(?<$1>$kind{$2})/g;
    $pattern =~ s/\\\{(\w+)\\\}/$kind{$1} ? $kind{$1} : quotemeta($known{$1} \/\/ die "no $1")/ge;
    return qr/\A$pattern\z/;
}

# One exchange: who, method, path, body, status, the exact answer.
sub exchange {
    my ($what, $who, $method, $path, $body, $status, $expected) = @_;
    $path =~ s/\{(\w+)\}/$saved{$1} \/\/ die "no $1"/ge;
    my $answer = $api->call($who, $method => $path, defined $body ? (body => $body) : ());
    is $answer->status, $status, "$what: $status";
    my $pattern = pattern($expected);
    if (like $answer->body, $pattern, "$what: its answer") {
        $answer->body =~ $pattern;
        %saved = (%saved, %+);
    }
    return $answer;
}

sub message {
    my ($id, $status, %other) = @_;
    my %field = (client => '{uuid}', reference => 'null', client_time => 'null', content => '{"text":"Hello, this is a test message!"}', %other);
    return qq({"id":"$id","client_message_id":"$field{client}","conversation_id":"{us}","sender_id":"{me}","receiver_id":"{you}",)
        . qq("content":$field{content},"content_type":"text","message_type":"private_message","status":"$status","reference_id":$field{reference},)
        . qq("server_timestamp":"{time}","client_timestamp":$field{client_time},"inserted_at":"{time}","updated_at":"{time}"});
}
sub answer { my ($sentence, $data) = @_; return qq({"success":true,"message":"$sentence") . (defined $data ? qq(,"data":$data}) : '}') }

my $new = qq({"receiver_id":"$bob","content":{"text":"Hello, this is a test message!"},"content_type":"text","message_type":"private_message");
my $made = exchange('POST /messages', 'alice', POST => '/messages', "$new}", 201, answer('消息创建成功', message('{first:uuid}', 'sent')));
is $made->header('Location'), "/api/v1/messages/$saved{first}", 'and where it is';
my $more = ',"reference_id":"123E4567-e89b-12d3-a456-426614174000","client_timestamp":"2025-04-10T12:29:58.0009+02:00","client_message_id":"0196F0A0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"';
my %full = (client => '0196f0a0-1c2d-7e3f-8a4b-5c6d7e8f9a0b', reference => '"123e4567-e89b-12d3-a456-426614174000"', client_time => '"2025-04-10T10:29:58.000Z"');
exchange('POST /messages with all that may be given', 'alice', POST => '/messages', "$new$more}", 201, answer('消息创建成功', message('{second:uuid}', 'sent', %full)));
exchange('the same again', 'alice', POST => '/messages', "$new$more}", 200, answer('消息创建成功', message('{second}', 'sent', %full)));
exchange('GET /messages', 'bob', GET => '/messages?limit=50&offset=0&message_type=private_message&status=unread', undef, 200,
    answer('获取消息列表成功', '[' . message('{second}', 'unread', %full) . ',' . message('{first}', 'unread') . ']'));
exchange('GET /messages/{id}', 'bob', GET => '/messages/{first}', undef, 200, answer('获取消息成功', message('{first}', 'unread')));
exchange('PUT /messages/{id}/read', 'bob', PUT => '/messages/{first}/read', undef, 200,
    answer('消息已标记为已读', '{"id":"{first}","status":"read","updated_at":"{time}"}'));
exchange('its sender sees that', 'alice', GET => '/messages/{first}', undef, 200, answer('获取消息成功', message('{first}', 'read')));
my $third = $api->send_text('alice', 'bob', 'x');
$saved{fourth} = $api->send_text('alice', 'bob', 'y');
exchange('PUT /messages/batch_read', 'bob', PUT => '/messages/batch_read', qq({"message_ids":["$saved{first}","$saved{second}","$third"]}), 200,
    answer('批量标记成功', '{"marked_count":2}'));
exchange('GET /messages/unread_count', 'bob', GET => '/messages/unread_count', undef, 200, answer('获取未读消息数量成功',
        '{"total":1,"system_notification":0,"system_announcement":0,"interaction":0,"private_message":1}'));
exchange('PUT /messages/read_all', 'bob', PUT => '/messages/read_all', undef, 200, answer('所有消息已标记为已读', '{"marked_count":1}'));
exchange('DELETE /messages/{id}', 'bob', DELETE => '/messages/{first}', undef, 200, answer('消息删除成功'));
exchange('PUT /messages/{id}/withdraw', 'alice', PUT => '/messages/{second}/withdraw', undef, 200,
    answer('消息撤回成功', message('{second}', 'withdrawn', %full, content => '{}')));
my $cursor = exchange('GET /messages/sync', 'bob', GET => "/messages/sync?last_sync_time=2025-04-10T10:30:00.000Z&user_id=$bob", undef, 200,
    answer('消息同步成功', '{"messages":['
            . message('{uuid}', 'read', content => '{"text":"x"}') . ',' . message('{fourth}', 'read', content => '{"text":"y"}') . ','
            . message('{first}', 'deleted', content => '{}') . ',' . message('{second}', 'withdrawn', %full, content => '{}')
            . '],"sync_time":"{cursor:time}","has_more":false,"resync_required":false}'));
exchange('and again from there', 'bob', GET => '/messages/sync?last_sync_time={cursor}', undef, 200,
    answer('消息同步成功', '{"messages":[],"sync_time":"{cursor}","has_more":false,"resync_required":false}'));

# Beyond the seed's nine.
my $conversation = '{"id":"{uuid}","conversation_id":"{us}","type":"private","participant_ids":["' . join('","', sort $alice, $bob)
    . '"],"last_message_id":"{fourth}","last_message_content":"y","last_message_timestamp":"{time}","inserted_at":"{time}","updated_at":"{time}"}';
my $last = '"{fourth}"';
sub pair { my ($pinned, $draft) = @_; return qq({"conversation":$conversation,"unread_count":0,"is_pinned":$pinned,"is_muted":false,"last_read_message_id":$last,"draft":$draft}) }
exchange('GET /conversations', 'bob', GET => '/conversations?limit=20&offset=0', undef, 200, answer('获取会话列表成功', '[' . pair('false', 'null') . ']'));
exchange('GET /conversations/{conversation_id}', 'bob', GET => "/conversations/$private", undef, 200, answer('获取会话成功', pair('false', 'null')));
exchange('PUT /conversations/{conversation_id}', 'bob', PUT => "/conversations/$private", '{"is_pinned":true,"draft":"草稿内容"}', 200,
    answer('会话更新成功', pair('true', '"草稿内容"')));
exchange('its messages', 'bob', GET => "/conversations/$private/messages?limit=2", undef, 200, answer('获取会话消息成功',
        '[' . message('{fourth}', 'read', content => '{"text":"y"}') . ',' . message('{uuid}', 'read', content => '{"text":"x"}') . ']'));
my $known = exchange('POST /conversations', 'bob', POST => '/conversations', qq({"participant_ids":["$alice"],"type":"private"}), 200,
    answer('会话创建成功', '{"conversation_id":"{us}",' . substr pair('true', '"草稿内容"'), 1));
is $known->header('Location'), undef, 'which was there';
my $group = exchange('a group', 'bob', POST => '/conversations', qq({"participant_ids":["$alice"],"type":"group"}), 201,
    answer('会话创建成功', '{"conversation_id":"group:{group:uuid}","conversation":{"id":"{uuid}","conversation_id":"group:{uuid}","type":"group","participant_ids":["'
            . join('","', sort $alice, $bob)
            . '"],"last_message_id":null,"last_message_content":null,"last_message_timestamp":null,"inserted_at":"{time}","updated_at":"{time}"},'
            . '"unread_count":0,"is_pinned":false,"is_muted":false,"last_read_message_id":null,"draft":null}'));
like $group->header('Location'), qr{^/api/v1/conversations/group(?::|%3A)$saved{group}$}, 'and where it is';
exchange('GET /token', 'bob', GET => '/token', undef, 200, answer('获取令牌成功', '{"token":"{text}","expires_at":"{time}","user_id":"{you}"}'));

# The language of errors, which follows the client's wish; success speaks Chinese.
for my $case ([ undef, qr/\p{Han}/ ], [ 'zh-CN,en;q=0.5', qr/\p{Han}/ ], [ 'en', qr/^[\x20-\x7e]+$/ ], [ 'en-GB, zh;q=0.1', qr/^[\x20-\x7e]+$/ ], [ 'fr', qr/\p{Han}/ ]) {
    my ($wish, $looks) = @$case;
    my @headers = defined $wish ? ('Accept-Language' => $wish) : ();
    my $refusal = $api->call('bob', GET => '/messages/' . $api->uuid, headers => \@headers);
    my $name = 'Accept-Language ' . ($wish // 'absent');
    is $refusal->verdict, '404 message_not_found', "$name: the same code";
    like $refusal->json->{message}, $looks, "$name: its sentence";
    is $refusal->header('Vary'), 'Accept-Language', "$name: Vary";
    my $fields = $api->call('bob', POST => '/messages', body => '{}', headers => \@headers);
    is $fields->fields, 'content content_type message_type', "$name: the fields at fault";
    like $_, $looks, "$name: a sentence of it" for values %{ $fields->json->{error}{fields} };
    like $api->call('bob', GET => '/messages/unread_count', headers => \@headers)->body, qr/"message":"获取未读消息数量成功"/, "$name: success is in Chinese";
}
$api->finish;
done_testing;
