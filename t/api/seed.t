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
my %saved;    # what an answer called {name:kind} held

# The pattern of a text in which {uuid}, {time} and {text} stand for any of their kind, {me}, {you} and {us} for the
# users and their conversation, {name:kind} for one to keep, and {name} for one that was kept.
my %kind = (uuid => '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', time => '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', text => '[^"]+');

sub pattern {
    my ($text) = @_;
    my %known = (%saved, me => $alice, you => $bob, us => $private);
    my $pattern = quotemeta $text;
    $pattern =~ s/\\\{(\w+)\\:(\w+)\\\}/(?<$1>$kind{$2})/g;
    $pattern =~ s/\\\{(\w+)\\\}/$kind{$1} ? $kind{$1} : quotemeta($known{$1} \/\/ die "no $1")/ge;
    return qr/\A$pattern\z/;
}

# One exchange: who, method, path, body, status, and the exact answer, or that of a success: its sentence and data.
sub exchange {
    my ($what, $who, $method, $path, $body, $status, $sentence, $data) = @_;
    $path =~ s/\{(\w+)\}/$saved{$1} \/\/ die "no $1"/ge;
    my $answer = $api->call($who, $method => $path, defined $body ? (body => $body) : ());
    is $answer->status, $status, "$what: $status";
    my $pattern = pattern(qq({"success":true,"message":"$sentence") . (defined $data ? qq(,"data":$data}) : '}'));
    if (like $answer->body, $pattern, "$what: its answer") {
        $answer->body =~ $pattern;
        %saved = (%saved, %+);
    }
    return $answer;
}

# A message of mine to you, of which is given what differs.
sub message {
    my ($id, $status, %other) = @_;
    my %field = (client => '{uuid}', reference => 'null', client_time => 'null', content => '{"text":"Hello, this is a test message!"}', %other);
    return qq({"id":"$id","client_message_id":"$field{client}","conversation_id":"{us}","sender_id":"{me}","receiver_id":"{you}",)
        . qq("content":$field{content},"content_type":"text","message_type":"private_message","status":"$status",)
        . qq("reference_id":$field{reference},"server_timestamp":"{time}","client_timestamp":$field{client_time},)
        . qq("inserted_at":"{time}","updated_at":"{time}"});
}
sub text { my ($id, $status, $text) = @_; return message($id, $status, content => qq({"text":"$text"})) }

# -- The nine of the seed -----------------------------------------------------------------------------

my $new = qq({"receiver_id":"$bob","content":{"text":"Hello, this is a test message!"},)
    . '"content_type":"text","message_type":"private_message"';
my $made = exchange('POST /messages', 'alice', POST => '/messages', "$new}", 201, '消息创建成功', message('{first:uuid}', 'sent'));
is $made->header('Location'), "/api/v1/messages/$saved{first}", 'and where it is';

my $reference = '123E4567-e89b-12d3-a456-426614174000';
my $client_id = '0196F0A0-1c2d-7e3f-8a4b-5c6d7e8f9a0b';
my $whole = qq($new,"reference_id":"$reference","client_timestamp":"2025-04-10T12:29:58.0009+02:00","client_message_id":"$client_id"});
my %whole = (client => lc $client_id, reference => qq("\L$reference"), client_time => '"2025-04-10T10:29:58.000Z"');
exchange('POST /messages with all it takes', 'alice', POST => '/messages', $whole, 201, '消息创建成功', message('{second:uuid}', 'sent', %whole));
exchange('the same again', 'alice', POST => '/messages', $whole, 200, '消息创建成功', message('{second}', 'sent', %whole));

my $filter = 'limit=50&offset=0&message_type=private_message&status=unread';
my @listed = (message('{second}', 'unread', %whole), message('{first}', 'unread'));
exchange('GET /messages', 'bob', GET => "/messages?$filter", undef, 200, '获取消息列表成功', "[$listed[0],$listed[1]]");
exchange('GET /messages/{id}', 'bob', GET => '/messages/{first}', undef, 200, '获取消息成功', $listed[1]);
my $read = '{"id":"{first}","status":"read","updated_at":"{time}"}';
exchange('PUT /messages/{id}/read', 'bob', PUT => '/messages/{first}/read', undef, 200, '消息已标记为已读', $read);
exchange('its sender sees that', 'alice', GET => '/messages/{first}', undef, 200, '获取消息成功', message('{first}', 'read'));

@saved{qw(third fourth)} = map { $api->send_text('alice', 'bob', $_) } qw(x y);
my $batch = qq({"message_ids":["$saved{first}","$saved{second}","$saved{third}"]});
exchange('PUT /messages/batch_read', 'bob', PUT => '/messages/batch_read', $batch, 200, '批量标记成功', '{"marked_count":2}');
my $counts = '{"total":1,"system_notification":0,"system_announcement":0,"interaction":0,"private_message":1}';
exchange('GET /messages/unread_count', 'bob', GET => '/messages/unread_count', undef, 200, '获取未读消息数量成功', $counts);
exchange('PUT /messages/read_all', 'bob', PUT => '/messages/read_all', undef, 200, '所有消息已标记为已读', '{"marked_count":1}');
exchange('DELETE /messages/{id}', 'bob', DELETE => '/messages/{first}', undef, 200, '消息删除成功');
my $withdrawn = message('{second}', 'withdrawn', %whole, content => '{}');
exchange('PUT /messages/{id}/withdraw', 'alice', PUT => '/messages/{second}/withdraw', undef, 200, '消息撤回成功', $withdrawn);

my $changes = join ',', text('{third}', 'read', 'x'), text('{fourth}', 'read', 'y'), message('{first}', 'deleted', content => '{}'), $withdrawn;
my $since = "last_sync_time=2025-04-10T10:30:00.000Z&user_id=$bob";
exchange('GET /messages/sync', 'bob', GET => "/messages/sync?$since", undef, 200, '消息同步成功',
    qq({"messages":[$changes],"sync_time":"{cursor:time}","has_more":false,"resync_required":false}));
exchange('and again from there', 'bob', GET => '/messages/sync?last_sync_time={cursor}', undef, 200, '消息同步成功',
    '{"messages":[],"sync_time":"{cursor}","has_more":false,"resync_required":false}');

# -- Beyond them --------------------------------------------------------------------------------------

my $participants = join '","', sort $alice, $bob;

# A conversation as its member sees it: its id and type, the last message's id, text and time, pinned, the draft.
sub pair {
    my ($id, $type, $last, $text, $time, $pinned, $draft) = @_;
    return qq({"conversation":{"id":"{uuid}","conversation_id":"$id","type":"$type","participant_ids":["$participants"],)
        . qq("last_message_id":$last,"last_message_content":$text,"last_message_timestamp":$time,"inserted_at":"{time}","updated_at":"{time}"},)
        . qq("unread_count":0,"is_pinned":$pinned,"is_muted":false,"last_read_message_id":$last,"draft":$draft});
}
my @ours = ('{us}', 'private', '"{fourth}"', '"y"', '"{time}"');
my ($plain, $set) = (pair(@ours, 'false', 'null'), pair(@ours, 'true', '"草稿内容"'));
exchange('GET /conversations', 'bob', GET => '/conversations?limit=20&offset=0', undef, 200, '获取会话列表成功', "[$plain]");
exchange('GET /conversations/{conversation_id}', 'bob', GET => "/conversations/$private", undef, 200, '获取会话成功', $plain);
my $settings = '{"is_pinned":true,"draft":"草稿内容"}';
exchange('PUT /conversations/{conversation_id}', 'bob', PUT => "/conversations/$private", $settings, 200, '会话更新成功', $set);
exchange('its messages', 'bob', GET => "/conversations/$private/messages?limit=2", undef, 200, '获取会话消息成功',
    '[' . text('{fourth}', 'read', 'y') . ',' . text('{third}', 'read', 'x') . ']');

sub opened { my ($id, $pair) = @_; return qq({"conversation_id":"$id",) . substr $pair, 1 }
my $known = exchange('POST /conversations', 'bob', POST => '/conversations', qq({"participant_ids":["$alice"],"type":"private"}), 200,
    '会话创建成功', opened('{us}', $set));
is $known->header('Location'), undef, 'which was there';
my $group = exchange('a group', 'bob', POST => '/conversations', qq({"participant_ids":["$alice"],"type":"group"}), 201,
    '会话创建成功', opened('group:{group:uuid}', pair('group:{uuid}', 'group', 'null', 'null', 'null', 'false', 'null')));
like $group->header('Location'), qr{^/api/v1/conversations/group(?::|%3A)$saved{group}$}, 'and where it is';
exchange('GET /token', 'bob', GET => '/token', undef, 200, '获取令牌成功', '{"token":"{text}","expires_at":"{time}","user_id":"{you}"}');

# -- Languages ----------------------------------------------------------------------------------------

my ($chinese, $english) = (qr/\p{Han}/, qr/^[\x20-\x7e]+$/);
my @wishes = ([ undef, $chinese ], [ 'zh-CN,en;q=0.5', $chinese ], [ 'fr', $chinese ], [ 'en', $english ], [ 'en-GB, zh;q=0.1', $english ]);
for my $case (@wishes) {
    my ($wish, $looks) = @$case;
    my %with = (headers => [ defined $wish ? ('Accept-Language' => $wish) : () ]);
    my $name = 'Accept-Language ' . ($wish // 'absent');
    my $refusal = $api->call('bob', GET => '/messages/' . $api->uuid, %with);
    is $refusal->verdict, '404 message_not_found', "$name: the same code";
    like $refusal->json->{message}, $looks, "$name: its sentence";
    is $refusal->header('Vary'), 'Accept-Language', "$name: Vary";
    my $fields = $api->call('bob', POST => '/messages', body => '{}', %with);
    is $fields->fields, 'content content_type message_type receiver_id', "$name: the fields at fault";
    like $_, $looks, "$name: a sentence of it" for values %{ $fields->json->{error}{fields} };
    my $success = $api->call('bob', GET => '/messages/unread_count', %with);
    like $success->body, qr/"message":"获取未读消息数量成功"/, "$name: success is in Chinese";
    is $success->header('Vary'), undef, "$name: always";
}
$api->finish;
done_testing;
