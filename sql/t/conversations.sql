-- SPDX-License-Identifier: Apache-2.0
-- Conversations: made at once or with the first message, listed by last activity, set up by each member apart.

\ir lib/begin.sql

-- What is answered: the outcome, the refusal if it is one, and the participants.
CREATE FUNCTION pg_temp.made(caller integer, others integer[], type text) RETURNS text
LANGUAGE sql
AS $$
    SELECT concat_ws(' ', c.outcome, c.field || ':' || c.rule,
        (SELECT string_agg(t.n(p)::text, '+') FROM unnest(c.participant_ids) AS p))
    FROM flixim.create_conversation(t.caller(caller), ARRAY(SELECT t.u(o) FROM unnest(others) AS o), type::flixim.conversation_type) AS c;
$$;
SELECT is(pg_temp.made(c.caller, c.others, c.type), c.made, c.about)
FROM (VALUES
    (1, '{2}'::integer[], 'private', 'created 1+2', 'private with another'),
    (1, '{2}', 'private', 'ok 1+2', 'again: the one that is there'),
    (1, '{1,2}', 'private', 'ok 1+2', 'oneself may be named'),
    (1, '{2,2,1,1}', 'private', 'ok 1+2', 'twice, too'),
    (2, '{1}', 'private', 'created 1+2', 'for the other it is new: nobody tells that it was opened'),
    (2, '{1}', 'private', 'ok 1+2', 'but once'),
    (1, '{1}', 'private', 'invalid participant_ids:not_self', 'not with oneself'),
    (1, '{}', 'private', 'invalid participant_ids:required', 'not with nobody'),
    (1, '{2,3}', 'private', 'invalid participant_ids:too_many', 'not with two'),
    (1, '{2,3}', 'group', 'created 1+2+3', 'a group of three'),
    (1, '{1}', 'group', 'invalid participant_ids:not_self', 'not alone'),
    (1, '{}', 'group', 'invalid participant_ids:required', 'nor with nobody'),
    (1, '{2}', 'system', 'invalid type:private_or_group', 'those of the system are not to be made'),
    (1, '{2}', NULL, 'invalid type:private_or_group', 'a conversation has a type')
) AS c (caller, others, type, made, about);
SELECT is((flixim.create_conversation(t.caller(5), ARRAY[t.u(4)], 'private')).conversation_id, t.private(4, 5),
    'its name has the two in order');

-- A list: names newest first, users for private ones.
CREATE FUNCTION pg_temp.listed(viewer integer, page_size integer DEFAULT 20, start integer DEFAULT 0) RETURNS text
LANGUAGE sql
AS $$
    SELECT string_agg(coalesce(
        (SELECT string_agg(t.n(p)::text, '+') FROM unnest(c.participant_ids) AS p),
        nullif(concat_ws(' ', c.outcome, c.field, c.rule), 'ok')), ' ')
    FROM flixim.list_conversations(t.caller(viewer), page_size, start) AS c;
$$;
CALL t.say(20, 21, 'one');
CALL t.say(22, 20, 'two');
CALL t.say(23, 20, 'three');
SELECT is(pg_temp.listed(20), '20+23 20+22 20+21', 'by last activity, newest first');
CALL t.say(20, 21, 'four');
SELECT is(pg_temp.listed(20), '20+21 20+23 20+22', 'sending is activity');
CALL t.must(t.read(20, 'two'), 'read');
CALL t.must(t.delete(20, 'three'), 'ok');
CALL t.must(t.withdraw(20, 'four'), 'withdrawn');
SELECT is(pg_temp.listed(20), '20+21 20+23 20+22', 'reading, deleting and withdrawing are not');
CALL t.must(pg_temp.made(20, '{24}', 'private'), 'created 20+24');
SELECT is(pg_temp.listed(20), '20+24 20+21 20+23 20+22', 'one without a message stands where it was made');
SELECT is(pg_temp.listed(24), NULL, 'for its maker only');
CALL t.must(pg_temp.made(24, '{20}', 'private'), 'created 20+24');
SELECT is(pg_temp.listed(24), '20+24', 'or for who makes it as well');
SELECT is(pg_temp.listed(20, c.page_size, c.start), c.listed, c.about)
FROM (VALUES
    (2, 0, '20+24 20+21', 'the first page'),
    (2, 2, '20+23 20+22', 'the second'),
    (2, 3, '20+22', 'the last is shorter'),
    (2, 4, NULL, 'behind it there is nothing'),
    (200, 0, '20+24 20+21 20+23 20+22', 'a page of 200 is allowed'),
    (201, 0, 'invalid limit range', '201 are not'),
    (0, 0, 'invalid limit range', 'nor is none'),
    (20, -1, 'invalid offset range', 'it cannot begin before the first'),
    (200, 2147483647, NULL, 'but at the end of all numbers')
) AS c (page_size, start, listed, about);

-- A long list whose order has turned within the lag of members.recent_at.
DO $$
DECLARE
    n integer;
BEGIN
    FOR n IN SELECT * FROM generate_series(31, 90) LOOP
        CALL t.say(30, n, 'to ' || n);
        PERFORM pg_sleep(0.001);
    END LOOP;
    FOR n IN SELECT * FROM generate_series(90, 31, -1) LOOP
        CALL t.say(n, 30, 'from ' || n);
        PERFORM pg_sleep(0.001);
    END LOOP;
END
$$;
SELECT is(pg_temp.listed(30, 10, page * 10),
    (SELECT string_agg('30+' || n, ' ' ORDER BY n) FROM generate_series(31 + page * 10, 40 + page * 10) AS n),
    'page ' || page || ' of a list that has turned over') FROM generate_series(0, 5) AS page;

-- What a member sets, for oneself.
CREATE FUNCTION pg_temp.set(caller integer, is_pinned boolean, is_muted boolean, draft text) RETURNS text
LANGUAGE sql
AS $$
    SELECT concat_ws(' ', c.outcome, c.field || ':' || c.rule, c.is_pinned, c.is_muted, left(c.draft, 9))
    FROM flixim.update_conversation(t.caller(caller), t.private(20, 21), is_pinned, is_muted, draft) AS c;
$$;
SELECT is(pg_temp.set(20, c.is_pinned, c.is_muted, c.draft), c.answer, c.about)
FROM (VALUES
    (NULL::boolean, NULL::boolean, NULL, 'ok f f', 'nothing given: nothing changes'),
    (true, NULL, NULL, 'ok t f', 'pinned'),
    (NULL, true, NULL, 'ok t t', 'muted'),
    (NULL, NULL, 'draft', 'ok t t draft', 'a draft'),
    (false, NULL, NULL, 'ok f t draft', 'each alone'),
    (NULL, NULL, '', 'ok f t', 'an empty draft removes it'),
    (NULL, NULL, repeat('消', 10000), 'ok f t 消消消消消消消消消', '10,000 characters are allowed'),
    (NULL, NULL, repeat('消', 10001), 'invalid draft:too_long', '10,001 are not')
) AS c (is_pinned, is_muted, draft, answer, about);
SELECT is(concat_ws(' ', c.is_pinned, c.is_muted, c.draft), 'f f', 'the other member''s are their own')
FROM flixim.get_conversation(t.caller(21), t.private(20, 21)) AS c;
CREATE TEMP TABLE answer AS SELECT u.* FROM flixim.update_conversation(t.caller(20), t.private(20, 21), true, false, 'x') AS u;
SELECT is(a::text, g::text, 'the answer is the conversation as it is now')
FROM answer AS a, flixim.get_conversation(t.caller(20), t.private(20, 21)) AS g;
SELECT is((flixim.update_conversation(t.caller(22), t.private(20, 21), true)).outcome, 'conversation_not_found',
    'a stranger has nothing to set');

-- All fields of one.
CALL t.say(21, 20, 'five');
CALL t.say(21, 20, 'six');
SELECT results_eq(
    $$SELECT c.outcome::text, c.conversation_id, c.type::text, c.participant_ids, c.last_message_id, c.last_message_content,
        c.last_message_timestamp, c.updated_at, c.unread_count, c.is_pinned, c.is_muted, c.last_read_message_id, c.draft
    FROM flixim.get_conversation(t.caller(20), t.private(20, 21)) AS c$$,
    $$SELECT 'ok', t.private(20, 21), 'private', ARRAY[t.u(20), t.u(21)], m.id, 'six', m.server_timestamp, m.server_timestamp, 2,
        true, false, NULL::uuid, 'x' FROM flixim.get_message(t.caller(20), t.m('six')) AS m$$,
    'get_conversation gives all there is');
SELECT is(to_jsonb(l) - 'outcome', to_jsonb(g) - 'outcome', 'the list gives the same')
FROM flixim.list_conversations(t.caller(20)) AS l, flixim.get_conversation(t.caller(20), l.conversation_id) AS g WHERE l.id IS NOT NULL;
CALL t.must(t.read(20, 'five'), 'read');
SELECT is((flixim.get_conversation(t.caller(20), t.private(20, 21))).last_read_message_id, t.m('five'), 'how far was read is known');

\ir lib/end.sql
