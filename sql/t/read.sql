-- SPDX-License-Identifier: Apache-2.0
-- Marking read: one message or a batch of them, by who received it; idempotent; told to the sender of a private one only.

\ir lib/begin.sql

CALL t.say(1, 2, 'hello');
CALL t.say(1, 2, 'second');
CALL t.say(1, NULL, 'group', conversation_id => t.group_of(1, 2, 3));
CALL t.say(1, 2, 'like', 'interaction');

SELECT is(t.read(1, 'hello'), 'forbidden', 'the sender cannot read it');
SELECT is(t.read(3, 'hello'), 'message_not_found', 'for a stranger there is no such message');
SELECT is(t.read(3, 'none'), 'message_not_found', 'as where there is none');
SELECT is(t.read(2, 'hello'), 'read', 'the receiver can');
SELECT is(t.seen('hello'), '1 read, 2 read', 'the sender of a private message sees it');
SELECT is(t.unread(2), '{3,0,0,1,2}', 'the counter falls');
SELECT is(t.unread_in(2, t.private(1, 2)), 1, 'that of the conversation, too');
SELECT is((flixim.get_conversation(t.caller(2), t.private(1, 2))).last_read_message_id, t.m('hello'), 'which notes how far it was read');
SELECT is(m.updated_at, t.clock(2), 'it changed now') FROM flixim.get_message(t.caller(2), t.m('hello')) AS m;

SELECT t.clock(2) AS clock_before \gset
SELECT is(t.read(2, 'hello'), 'read', 'again: the same answer');
SELECT is(t.clock(2), :'clock_before', 'and nothing changes');
SELECT is(t.unread(2), '{3,0,0,1,2}', 'nor is it counted twice');

SELECT is(t.read(2, 'group'), 'read', 'a group message');
SELECT is(t.seen('group'), '1 sent, 2 read, 3 unread', 'is read for the reader alone');
SELECT is(t.read(2, 'like'), 'read', 'an interaction');
SELECT is(t.seen('like'), '1 sent, 2 read', 'as well');

-- Out of order: how far was read does not go back.
CALL t.say(1, 2, 'third');
CALL t.must(t.read(2, 'third'), 'read');
CALL t.must(t.read(2, 'second'), 'read');
SELECT is((flixim.get_conversation(t.caller(2), t.private(1, 2))).last_read_message_id, t.m('third'),
    'reading an older one later does not set it back');

-- What cannot be read any more.
CALL t.say(1, 2, 'withdrawn');
CALL t.must(t.withdraw(1, 'withdrawn'), 'withdrawn');
SELECT is(t.read(2, 'withdrawn'), 'withdrawn', 'a withdrawn message stays withdrawn');
CALL t.say(1, 2, 'deleted');
CALL t.must(t.delete(2, 'deleted'), 'ok');
SELECT is(t.read(2, 'deleted'), 'message_not_found', 'a deleted one is gone');
CALL t.say(1, 2, 'deleted by its sender');
CALL t.must(t.delete(1, 'deleted by its sender'), 'ok');
SELECT is(t.read(2, 'deleted by its sender'), 'read', 'what its sender deleted can be read');
SELECT is(t.seen('deleted by its sender'), '1 deleted, 2 read', 'and stays deleted for the sender');

-- A batch.
CREATE FUNCTION pg_temp.batch(reader integer, names text[]) RETURNS integer
LANGUAGE sql
AS $$
    SELECT b.marked_count FROM flixim.mark_read_batch(t.caller(reader), ARRAY(SELECT t.m(n) FROM unnest(names) AS n)) AS b;
$$;
CALL t.say(1, 2, 'a');
CALL t.say(1, 2, 'b');
CALL t.say(2, 1, 'mine');
CALL t.say(3, 4, 'theirs');
SELECT is(pg_temp.batch(2, '{a,b,a,hello,mine,theirs,none,withdrawn,deleted}'), 2,
    'counted are those that were unread: not twice, not what was read, sent, deleted, withdrawn, another''s or nobody''s');
SELECT is(t.seen(c.name), c.seen, 'after the batch: ' || c.name)
FROM (VALUES
    ('a', '1 read, 2 read'), ('b', '1 read, 2 read'), ('mine', '1 unread, 2 sent'), ('theirs', '3 sent, 4 unread')
) AS c (name, seen);
SELECT is(pg_temp.batch(2, '{a,b}'), 0, 'again: none');
SELECT is(pg_temp.batch(2, '{}'), 0, 'an empty batch is one');
SELECT is(pg_temp.batch(7, '{a}'), 0, 'a user without any messages reads none');
SELECT is(t.unread(2), '{0,0,0,0,0}', 'nothing is left');

SELECT is(concat_ws(' ', b.o_outcome, b.field, b.rule, b.marked_count), c.verdict, c.about)
FROM (VALUES (1000, 'ok 0', '1,000 ids are allowed'), (1001, 'invalid message_ids too_many', '1,001 are not')) AS c (ids, verdict, about),
LATERAL flixim.mark_read_batch(t.caller(2), ARRAY(SELECT t.u(n) FROM generate_series(1, c.ids) AS n)) AS b;

-- A batch over all kinds of conversation.
CALL t.say(9, 5, 'n', 'system_notification');
CALL t.say(9, 5, 'n2', 'system_announcement');
CALL t.say(9, 5, 'n3', 'interaction');
CALL t.say(9, 5, 'n4');
SELECT is(pg_temp.batch(5, '{n,n2,n3,n4}'), 4, 'messages of all types in one batch');
SELECT is(t.unread(5), '{0,0,0,0,0}', 'lower the counter of each');
SELECT is(t.status(9, c.name), c.status, 'its sender then sees ' || c.status)
FROM (VALUES ('n', 'sent'), ('n2', 'sent'), ('n3', 'sent'), ('n4', 'read')) AS c (name, status);

\ir lib/end.sql
