-- SPDX-License-Identifier: Apache-2.0
-- A conversation's preview: the newest message that its viewer still has and that nobody withdrew, in at most 100 characters.

\ir lib/begin.sql

CREATE FUNCTION pg_temp.preview(viewer integer, conversation_id text DEFAULT t.private(1, 2)) RETURNS text
LANGUAGE sql
AS $$
    SELECT concat_ws('/', t.name(c.last_message_id), c.last_message_content)
    FROM flixim.get_conversation(t.caller(viewer), conversation_id) AS c;
$$;

CALL t.must((flixim.create_conversation(t.caller(1), ARRAY[t.u(2)], 'private')).outcome::text, 'created');
SELECT is(pg_temp.preview(1), '', 'no message, no preview');
CALL t.say(1, 2, 'a');
CALL t.say(2, 1, 'b');
CALL t.say(1, 2, 'c');
SELECT is(pg_temp.preview(1), 'c/c', 'the newest, sent');
SELECT is(pg_temp.preview(2), 'c/c', 'or received');
CALL t.must(t.delete(2, 'c'), 'ok');
SELECT is(pg_temp.preview(2), 'b/b', 'what the viewer deleted is passed over');
SELECT is(pg_temp.preview(1), 'c/c', 'by that viewer only');
CALL t.must(t.withdraw(1, 'c'), 'withdrawn');
SELECT is(pg_temp.preview(1), 'b/b', 'what was withdrawn is passed over');
CALL t.must(t.withdraw(2, 'b'), 'withdrawn');
SELECT is(pg_temp.preview(2), 'a/a', 'however many there are');
CALL t.must(t.delete(1, 'a'), 'ok');
SELECT is(pg_temp.preview(1), '', 'until none is left');
SELECT is(c.last_message_timestamp, NULL, 'nor its time') FROM flixim.get_conversation(t.caller(1), t.private(1, 2)) AS c;

CALL t.say(1, NULL, 'g', conversation_id => t.group_of(1, 2, 3));
CALL t.must(t.delete(3, 'g'), 'ok');
SELECT is(pg_temp.preview(c.viewer, t.group_of(1, 2, 3)), c.preview, 'in a group, for member ' || c.viewer)
FROM (VALUES (1, 'g/g'), (2, 'g/g'), (3, '')) AS c (viewer, preview);

-- A table of cases: what is shown of a content.
RESET ROLE;
SELECT is(flixim.preview(c.content_type::flixim.content_type, c.content::json), c.preview,
    coalesce(c.content_type, 'none') || ' ' || left(c.content, 40))
FROM (VALUES
    ('text', '{"text":"x"}', 'x'),
    ('text', '{"text":"x","title":"t"}', 'x'),
    ('image', '{"image_urls":["a"],"text":"x"}', 'x'),
    ('image', '{"image_urls":["a"],"title":"t"}', 't'),
    ('image', '{"image_urls":["a"]}', '[图片]'),
    ('image', '{"image_urls":["a"],"text":"","title":""}', '[图片]'),
    ('product', '{}', '[商品]'),
    ('order', '{}', '[订单]'),
    ('comment', '{}', '[评论]'),
    ('like', '{"text":null}', '[点赞]'),
    ('favorite', '{}', '[收藏]'),
    ('system', '{}', '[系统消息]'),
    ('text', '{"text":"' || repeat('消', 101) || '"}', repeat('消', 100)),
    (NULL, NULL, NULL)
) AS c (content_type, content, preview);

\ir lib/end.sql
