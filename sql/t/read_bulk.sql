-- SPDX-License-Identifier: Apache-2.0
-- read_all and mark_read_up_to: procedures that commit in chunks, so this test has no transaction around it.

SET TIME ZONE 'UTC';
\ir lib/helpers.sql
\ir lib/inside.sql
SELECT no_plan();
SET ROLE flixim_app;

CALL t.say(5, 2, 'earlier, elsewhere');
CALL t.say(1, 2, 'first');
CALL t.say(1, 2, 'second');
CALL t.say(1, 2, 'third');
CALL t.say(2, 1, 'mine');
CALL t.say(1, NULL, 'group', conversation_id => t.group_of(1, 2, 3));

-- Up to a message of a conversation.
CALL flixim.mark_read_up_to(t.caller(2), t.private(1, 2), t.m('second'), t.u(102), NULL, NULL) \gset
SELECT is(:'o_outcome'::text || :updated_count, 'ok2', 'up to a message: that one and the earlier ones');
SELECT is(t.status(2, c.name), c.status, c.name || ' is ' || c.status)
FROM (VALUES ('first', 'read'), ('second', 'read'), ('third', 'unread')) AS c (name, status);
SELECT is(t.status(1, 'first'), 'read', 'their sender sees it');
SELECT results_eq(
    $$SELECT e.who, e.about, e.origin FROM t.told() AS e WHERE e.what = 'message_status_update read'$$,
    $$VALUES (1, 'first', NULL), (1, 'second', NULL), (2, 'first', 102), (2, 'second', 102)$$,
    'both are told, but not the connection that asked');
SELECT is((flixim.get_conversation(t.caller(2), t.private(1, 2))).last_read_message_id, t.m('second'), 'how far is noted');
CALL flixim.mark_read_up_to(t.caller(2), t.private(1, 2), t.m('second'), NULL, NULL, NULL) \gset
SELECT is(:'o_outcome'::text || :updated_count, 'ok0', 'again: nothing');
CALL flixim.mark_read_up_to(t.caller(2), t.private(1, 2), t.m('mine'), NULL, NULL, NULL) \gset
SELECT is(:'o_outcome'::text || :updated_count, 'ok1', 'the message may be one''s own');
SELECT is((flixim.get_conversation(t.caller(2), t.private(1, 2))).last_read_message_id, t.m('mine'), 'and is noted then');
CALL flixim.mark_read_up_to(t.caller(2), t.private(1, 2), t.m('first'), NULL, NULL, NULL) \gset
SELECT is((flixim.get_conversation(t.caller(2), t.private(1, 2))).last_read_message_id, t.m('mine'), 'how far never goes back');
SELECT is(t.unread(2), '{2,0,0,0,2}', 'other conversations stay unread, older messages or newer');
CALL flixim.mark_read_up_to(t.caller(2), t.group_of(1, 2, 3), NULL, NULL, NULL, NULL) \gset
SELECT is(:'o_outcome'::text || :updated_count, 'ok1', 'without a message: all of it');
SELECT is(t.seen('group'), '1 sent, 2 read, 3 unread', 'for the reader alone');

-- Refused.
CALL t.say(3, 4, 'theirs');
CALL t.say(1, 5, 'elsewhere');
CREATE TEMP TABLE refused (caller flixim.caller, conversation_id text, up_to uuid, wanted text, about text, got text);
INSERT INTO refused VALUES
    (t.caller(2), t.private(3, 4), NULL, 'conversation_not_found', 'another''s conversation'),
    (t.caller(2), t.private(2, 9), NULL, 'conversation_not_found', 'one that does not exist'),
    (t.caller(2), t.private(1, 2), t.m('theirs'), 'message_not_found', 'another''s message'),
    (t.caller(1), t.private(1, 2), t.m('elsewhere'), 'message_not_found', 'a message of another conversation of one''s own'),
    (t.caller(2), t.private(1, 2), t.u(404), 'message_not_found', 'a message that does not exist'),
    (ROW(NULL, NULL, false, '\x00'), t.private(1, 2), NULL, 'invalid_token', 'a token that does not count');
DO $$
DECLARE
    r refused;
    outcome flixim.outcome;
    updated integer;
BEGIN
    FOR r IN SELECT * FROM refused LOOP
        CALL flixim.mark_read_up_to(r.caller, r.conversation_id, r.up_to, NULL, outcome, updated);
        UPDATE refused SET got = outcome || repeat('!', updated) WHERE about = r.about;
    END LOOP;
END
$$;
SELECT is(r.got, r.wanted, 'refused: ' || r.about) FROM refused AS r;
CALL flixim.read_all(ROW(NULL, NULL, false, '\x00'), NULL, NULL, NULL) \gset
SELECT is(:'o_outcome'::text || :marked_count, 'invalid_token0', 'read_all refuses a token that does not count, too');
CALL flixim.read_all(t.caller(404), NULL, NULL, NULL) \gset
SELECT is(:'o_outcome'::text || :marked_count, 'ok0', 'a user without any messages has nothing to read');
CALL t.must(t.delete(1, 'mine'), 'ok');
CALL flixim.mark_read_up_to(t.caller(1), t.private(1, 2), t.m('mine'), NULL, NULL, NULL) \gset
SELECT is(:'o_outcome'::text, 'message_not_found', 'what the caller deleted is no place to read up to');

-- Everything, in more than one chunk: 1,201 of all types.
CREATE PROCEDURE pg_temp.many(number integer, type text DEFAULT 'private_message')
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM t.send_all(array_fill(1, ARRAY[number]), array_fill(6, ARRAY[number]), array_fill('x'::text, ARRAY[number]), type => type);
END
$$;
CALL pg_temp.many(1000);
CALL pg_temp.many(200, 'interaction');
CALL t.say(9, 6, 'last', 'system_announcement');
SELECT is(t.unread(6), '{1201,0,1,200,1000}', 'given 1,201 unread');
CALL flixim.read_all(t.caller(6), t.u(100), NULL, NULL) \gset
SELECT is(:'o_outcome'::text || :marked_count, 'ok1201', 'read_all marks them all');
SELECT is(t.unread(6), '{0,0,0,0,0}', 'and no counter is left');
SELECT is(t.unread_in(6, t.private(1, 6)), 0, 'nor in a conversation');
SELECT is(count(*), 1201::bigint, 'each has its event, with the origin')
FROM t.told() AS e WHERE e.who = 6 AND e.what = 'message_status_update read' AND e.origin = 100;
SELECT is(count(*), 1000::bigint, 'and of the private ones their sender is told')
FROM flixim.list_messages(t.caller(1), 200, 0) AS l
CROSS JOIN generate_series(0, 800, 200) AS page,
LATERAL flixim.list_messages(t.caller(1), 200, page, 'private_message', 'read') AS r
WHERE l.id IS NULL AND r.receiver_id = t.u(6);
CALL flixim.read_all(t.caller(6), NULL, NULL, NULL) \gset
SELECT is(:'o_outcome'::text || :marked_count, 'ok0', 'again: nothing');

-- More than a chunk in one conversation.
CALL pg_temp.many(1001);
CALL flixim.mark_read_up_to(t.caller(6), t.private(1, 6), NULL, NULL, NULL, NULL) \gset
SELECT is(:updated_count, 1001, 'up to the end of a conversation, in three chunks');

-- They commit, so they refuse to be part of a transaction.
BEGIN;
CALL t.say(1, 6, 'in a transaction');
\set ON_ERROR_STOP off
CALL flixim.mark_read_up_to(t.caller(6), t.private(1, 6), NULL, NULL, NULL, NULL);
\set refused :LAST_ERROR_SQLSTATE
\set ON_ERROR_STOP on
ROLLBACK;
SELECT is(:'refused'::text, '2D000', 'they cannot run within a transaction');


RESET ROLE;
SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
