-- SPDX-License-Identifier: Apache-2.0
-- The same notice to each of many: all or nothing, answered in the order given, and retried like a single message.

\ir lib/begin.sql

-- User 9 to these users, the client id of each being 1000 + its number, or what ids says.
CREATE FUNCTION pg_temp.send(
    receivers integer[],
    said text DEFAULT 'to all',
    ids integer[] DEFAULT NULL,
    type text DEFAULT 'system_notification',
    content_type text DEFAULT 'text',
    is_system boolean DEFAULT true
) RETURNS SETOF flixim.message_answer
LANGUAGE sql VOLATILE
AS $$
    SELECT s.*
    FROM flixim.send_to_each(t.caller(9, is_system),
        CASE WHEN receivers IS NOT NULL THEN
            ARRAY(SELECT t.u(coalesce(ids[r.place], 1000 + r.n)) FROM unnest(receivers) WITH ORDINALITY AS r (n, place) ORDER BY r.place)
        END,
        ARRAY(SELECT t.u(r.n) FROM unnest(receivers) WITH ORDINALITY AS r (n, place) ORDER BY r.place),
        type::flixim.message_type, content_type::flixim.content_type, json_build_object('text', said), t.u(99),
        '2025-04-10T10:00:00Z') AS s;
$$;
-- What became of it: ordinal, receiver and verdict of each row.
CREATE FUNCTION pg_temp.sent(
    receivers integer[],
    said text DEFAULT 'to all',
    ids integer[] DEFAULT NULL,
    type text DEFAULT 'system_notification',
    content_type text DEFAULT 'text',
    is_system boolean DEFAULT true
) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT string_agg(concat_ws(' ', s.ordinal, t.n(s.receiver_id), t.verdict(s)), ', ')
    FROM pg_temp.send(receivers, said, ids, type, content_type, is_system) AS s;
$$;
CREATE FUNCTION pg_temp.rows_of(name text) RETURNS SETOF flixim.message_answer
LANGUAGE sql STABLE
AS $$
    SELECT l.* FROM flixim.list_messages(t.caller(9), 200) AS l WHERE l.content ->> 'text' = name;
$$;

-- Sent.
SELECT is(pg_temp.sent('{3,1,2}'), '1 3 created, 2 1 created, 3 2 created', 'to each, in the order given');
SELECT results_eq(
    $$SELECT t.n(l.receiver_id), t.n(l.client_message_id), l.message_type::text, l.content_type::text, l.content::text, l.reference_id,
        l.client_timestamp, l.conversation_id, l.status::text
    FROM pg_temp.rows_of('to all') AS l ORDER BY l.receiver_id$$,
    $$SELECT n, 1000 + n, 'system_notification', 'text', '{"text" : "to all"}', t.u(99), '2025-04-10T10:00:00Z'::timestamptz,
        'system:notification:' || t.u(n), 'sent'
    FROM generate_series(1, 3) AS n$$,
    'each is a message of its own, with all that was given');
SELECT is(t.unread(n), '{1,1,0,0,0}', 'unread of user ' || n) FROM generate_series(1, 3) AS n;
SELECT results_eq('SELECT e.who, e.what, count(*) FROM t.told() AS e GROUP BY 1, 2 ORDER BY 1',
    $$VALUES (1, 'new_message', 1::bigint), (2, 'new_message', 1), (3, 'new_message', 1), (9, 'new_message', 3)$$,
    'each receiver is told, and the sender of each');

-- Again.
CREATE TEMP TABLE answered AS SELECT s.* FROM pg_temp.rows_of('to all') AS s;
SELECT is(pg_temp.sent('{3,1,2}'), '1 3 ok, 2 1 ok, 3 2 ok', 'the same again is ok for each');
SELECT results_eq(
    'SELECT s.id, s.client_message_id, s.server_timestamp, s.content::text FROM pg_temp.send(''{1,2,3}'') AS s',
    'SELECT a.id, a.client_message_id, a.server_timestamp, a.content::text FROM answered AS a ORDER BY a.receiver_id',
    'with the ids and times of the first');
SELECT is(pg_temp.sent('{4,2,5,3}'), '1 4 created, 2 2 ok, 3 5 created, 4 3 ok', 'known and new ones in one call');
SELECT is(count(*), 5::bigint, 'five messages in all') FROM pg_temp.rows_of('to all');
SELECT is(pg_temp.sent('{6,7,6}'), '1 6 created, 2 7 created, 3 6 ok', 'who is named twice under one client id gets it once');
SELECT is(count(DISTINCT s.id), 1::bigint, 'and both rows are that message') FROM pg_temp.send('{6,6}') AS s;
SELECT is(pg_temp.sent('{6,6}', 'twice', '{1,2}'), '1 6 created, 2 6 created', 'under two client ids, twice');
SELECT is(t.unread(6), '{3,3,0,0,0}', 'as its counter says');
SELECT is(string_agg(concat_ws(' ', s.ordinal, s.outcome), ', '), '1 created, 2 created', 'without client ids they are made up')
FROM flixim.send_to_each(t.caller(9, true), NULL, ARRAY[t.u(1), t.u(2)], 'system_announcement', 'text', '{"text":"x"}', NULL, NULL) AS s;
SELECT is(pg_temp.sent('{9,1}', 'and to oneself', '{11,12}'), '1 9 created, 2 1 created', 'the sender may be among them');

-- All or nothing.
SELECT isnt_empty('SELECT * FROM t.told()', 'so far somebody was told');
CREATE TEMP TABLE unread AS SELECT n, t.unread(n) AS counts FROM generate_series(1, 9) AS n;
SELECT is(pg_temp.sent('{20,2,21}', 'another text'), '2 2 idempotency_conflict', 'a conflict in the middle is all that is answered');
SELECT is(pg_temp.sent('{2,20,3,21}', 'another text'), '1 2 idempotency_conflict, 3 3 idempotency_conflict', 'two of them, both');
SELECT is(pg_temp.sent('{20,21,2}', 'another text'), '3 2 idempotency_conflict', 'at the end as well');
SELECT is(pg_temp.sent('{20,21}', 'in one call', '{30,30}'), '2 21 idempotency_conflict', 'or between two of the call itself');
SELECT is_empty($$SELECT id FROM pg_temp.send('{20,2,21}', 'another text') WHERE id IS NOT NULL OR content IS NOT NULL$$,
    'a conflict shows nothing of the first');
SELECT is_empty($$SELECT * FROM pg_temp.rows_of('another text') UNION ALL SELECT * FROM pg_temp.rows_of('in one call')$$,
    'nothing of it is there');
SELECT is_empty('SELECT * FROM t.told()', 'nobody was told');
SELECT is_empty('SELECT u.n FROM unread AS u WHERE t.unread(u.n) <> u.counts', 'no counter moved');
SELECT is(t.clock(20), NULL, 'no user was made');
SELECT is_empty('SELECT * FROM t.rows_with(t.u(20)::text)', 'and no conversation');
SELECT is(pg_temp.sent('{20,21}', 'another text'), '1 20 created, 2 21 created', 'without it the same is sent');

-- Refusals in their order: the token, the fields, the scope.
CREATE FUNCTION pg_temp.refused(caller flixim.caller, receivers uuid[], type text, content text) RETURNS text
LANGUAGE sql
AS $$
    SELECT string_agg(t.verdict(s), ', ')
    FROM flixim.send_to_each(caller, NULL, receivers, type::flixim.message_type, 'text', content::json, NULL, NULL) AS s;
$$;
SELECT is(pg_temp.refused(c.caller, c.receivers, c.type, c.content), c.verdict, c.about)
FROM (VALUES
    (NULL::flixim.caller, NULL::uuid[], 'private_message', '{}', 'invalid_token', 'a bad token wins over all else'),
    (ROW(t.u(9), now(), true, sha256('x'))::flixim.caller, ARRAY[t.u(1), t.u(2)], 'system_notification', '{"text":"x"}',
        'invalid_token', 'and is told once'),
    (t.caller(9), NULL, 'interaction', '{}', 'invalid receiver_ids:required', 'nobody'),
    (t.caller(9), '{}', 'interaction', '{}', 'invalid receiver_ids:required', 'an empty list'),
    (t.caller(9), array_fill(t.u(1), ARRAY[1001]), 'interaction', '{}', 'invalid receiver_ids:too_many', 'more than 1,000'),
    (t.caller(9, true), ARRAY[t.u(1)], 'interaction', '{}', 'invalid receiver_ids:system_only', 'interactions go to one'),
    (t.caller(9, true), ARRAY[t.u(1)], 'private_message', '{"text":"x"}', 'invalid receiver_ids:system_only', 'so do private messages'),
    (t.caller(9), ARRAY[t.u(1), t.u(2)], 'system_notification', '{}', 'invalid content.text:required, invalid content.text:required',
        'fields are judged before the scope'),
    (t.caller(9, true), array_fill(t.u(1), ARRAY[1000]), 'system_notification',
        json_build_object('text', 'x', 'more', repeat('x', 41943))::text, 'invalid content:too_long', 'more than 40 MiB in all'),
    (t.caller(9), ARRAY[t.u(1)], NULL, '{"text":"x"}', 'invalid message_type:required', 'no type'),
    (t.caller(9, true), ARRAY[t.u(1), NULL], 'system_notification', '{"text":"x"}', 'invalid receiver_id:required', 'one that is nobody'),
    (t.caller(9), ARRAY[t.u(1)], 'system_announcement', '{"text":"x"}', 'insufficient_scope', 'without the scope'),
    (t.caller(9, NULL), ARRAY[t.u(1)], 'system_announcement', '{"text":"x"}', 'insufficient_scope', 'or a word on it')
) AS c (caller, receivers, type, content, verdict, about);
SELECT throws_ok(
    $$SELECT flixim.send_to_each(t.caller(9, true), ARRAY[t.u(1)], ARRAY[t.u(1), t.u(2)], 'system_notification', 'text', '{}', NULL, NULL)$$,
    '2202E', NULL, 'too few client ids are the caller''s mistake');
SELECT is_empty('SELECT * FROM t.told() AS e WHERE e.who NOT IN (9, 20, 21)', 'and nobody was told of any of it');

-- By an opaque token, whose scope is its own.
RESET ROLE;
SELECT flixim.issue_token(t.u(9), true) AS system, flixim.issue_token(t.u(9)) AS plain \gset
SET LOCAL ROLE flixim_app;
SELECT is(string_agg(t.verdict(s), ', '), c.verdict, c.about)
FROM (VALUES (:'system', 'created, created', 'a token with the scope'), (:'plain', 'insufficient_scope, insufficient_scope', 'one without'))
    AS c (token, verdict, about),
LATERAL flixim.send_to_each(ROW(t.u(9), now(), true, sha256(convert_to(c.token, 'UTF8')))::flixim.caller, NULL, ARRAY[t.u(1), t.u(2)],
    'system_notification', 'text', '{"text":"by token"}', NULL, NULL) AS s
GROUP BY c.verdict, c.about;

-- To 1,000.
SELECT is(count(*) FILTER (WHERE s.outcome = 'created' AND t.n(s.receiver_id) = 1000 + s.ordinal), 1000::bigint, 'a thousand in one call')
FROM pg_temp.send(ARRAY(SELECT n FROM generate_series(1001, 2000) AS n), 'to a thousand') AS s;
SELECT is(count(*), 1000::bigint, 'each has one unread') FROM generate_series(1001, 2000) AS n WHERE t.unread(n) = '{1,1,0,0,0}';

\ir lib/end.sql
