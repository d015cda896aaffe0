-- SPDX-License-Identifier: Apache-2.0
-- A retry, whenever and however it comes, is answered with the first message as it is now, and creates nothing; a different
-- message under the same client id is a conflict.

\ir lib/begin.sql

CREATE FUNCTION pg_temp.again(content text DEFAULT '{"text":"hello","n":{"a":1,"b":2}}') RETURNS flixim.message_answer
LANGUAGE sql
AS $$
    SELECT t.send(1, 2, content => content, client_id => t.u(70), reference_id => t.u(71), client_timestamp => '2025-04-10T10:00:00Z');
$$;
INSERT INTO t.messages SELECT 'first', a.id FROM pg_temp.again() AS a;

-- A table of cases: the first request again, but for one thing.
SELECT is(
    t.verdict(t.send(1, c.receiver, content => c.content, content_type => c.content_type, type => c.type,
        conversation_id => c.conversation_id, client_id => t.u(70), reference_id => c.reference_id,
        client_timestamp => c.client_timestamp, origin => c.origin)),
    c.verdict, c.about)
FROM (VALUES
    (2, '{"text":"hello","n":{"a":1,"b":2}}', 'text', 'private_message', NULL, t.u(71), '2025-04-10T10:00:00Z'::timestamptz, NULL,
        'ok', 'the same is a retry'),
    (2, '{"text":"hello","n":{"a":1,"b":2}}', 'text', 'private_message', NULL, t.u(71), '2026-01-01', 100,
        'ok', 'at another time, from another connection'),
    (2, '{"text":"hello","n":{"a":1,"b":2}}', 'text', 'private_message', NULL, t.u(71), NULL, NULL,
        'ok', 'without a time'),
    (2, '{"text":"hello","n":{"a":1,"b":2}}', 'text', 'private_message', t.private(1, 2), t.u(71), NULL, NULL,
        'ok', 'the target spelt otherwise'),
    (NULL, '{"text":"hello","n":{"a":1,"b":2}}', 'text', 'private_message', t.private(1, 2), t.u(71), NULL, NULL,
        'ok', 'or only so'),
    (2, E'{ "n":\n{"b": 2,"a":1} ,"text":"\\u0068ello"}', 'text', 'private_message', NULL, t.u(71), NULL, NULL,
        'ok', 'with other blanks, escapes and order of keys'),
    (3, '{"text":"hello","n":{"a":1,"b":2}}', 'text', 'private_message', NULL, t.u(71), NULL, NULL,
        'idempotency_conflict', 'to another receiver'),
    (NULL, '{"text":"hello","n":{"a":1,"b":2}}', 'text', 'private_message', t.group_of(1, 2, 3), t.u(71), NULL, NULL,
        'idempotency_conflict', 'in another conversation'),
    (2, '{"text":"hello","n":{"a":1,"b":2}}', 'text', 'interaction', NULL, t.u(71), NULL, NULL,
        'idempotency_conflict', 'of another type'),
    (2, '{"text":"hello","n":{"a":1,"b":2}}', 'comment', 'private_message', NULL, t.u(71), NULL, NULL,
        'idempotency_conflict', 'of another content type'),
    (2, '{"text":"hello","n":{"a":1,"b":2}}', 'text', 'private_message', NULL, t.u(72), NULL, NULL,
        'idempotency_conflict', 'about something else'),
    (2, '{"text":"hello","n":{"a":1,"b":2}}', 'text', 'private_message', NULL, NULL, NULL, NULL,
        'idempotency_conflict', 'about nothing'),
    (2, '{"text":"Hello","n":{"a":1,"b":2}}', 'text', 'private_message', NULL, t.u(71), NULL, NULL,
        'idempotency_conflict', 'with another text'),
    (2, '{"text":"hello","n":{"a":1,"b":"2"}}', 'text', 'private_message', NULL, t.u(71), NULL, NULL,
        'idempotency_conflict', 'with another unknown key'),
    (2, '{"text":"hello"}', 'text', 'private_message', NULL, t.u(71), NULL, NULL,
        'idempotency_conflict', 'or without it'),
    (2, '{"text":""}', 'text', 'private_message', NULL, t.u(71), NULL, NULL,
        'invalid content.text:required', 'what breaks a rule does so first')
) AS c (receiver, content, content_type, type, conversation_id, reference_id, client_timestamp, origin, verdict, about);
SELECT is(count(*), 1::bigint, 'all of which created nothing') FROM flixim.list_messages(t.caller(1)) AS l WHERE l.id IS NOT NULL;
SELECT is_empty(
    $$SELECT id FROM t.send(1, 3, client_id => t.u(70)) WHERE id IS NOT NULL OR content IS NOT NULL OR server_timestamp IS NOT NULL$$,
    'a conflict shows nothing of the first');

-- What the answer is, whatever has become of the first.
CREATE FUNCTION pg_temp.answered() RETURNS text
LANGUAGE sql
AS $$
    SELECT concat_ws(' ', a.outcome, t.name(a.id), t.n(a.client_message_id), a.status, a.content,
        a.server_timestamp = (SELECT g.server_timestamp FROM flixim.list_messages(t.caller(2)) AS g WHERE g.id = t.m('first')))
    FROM pg_temp.again() AS a;
$$;
SELECT is(pg_temp.answered(), 'ok first 70 sent {"text":"hello","n":{"a":1,"b":2}} t', 'id, client id, stamp and text are the first''s');
CALL t.must(t.read(2, 'first'), 'read');
SELECT is(pg_temp.answered(), 'ok first 70 read {"text":"hello","n":{"a":1,"b":2}} t', 'after it was read');
CALL t.must(t.withdraw(1, 'first'), 'withdrawn');
SELECT is(pg_temp.answered(), 'ok first 70 withdrawn {} t', 'after it was withdrawn');
SELECT is(t.verdict(pg_temp.again('{"text":"other"}')), 'idempotency_conflict', 'when another text still is a conflict');
CALL t.must(t.delete(1, 'first'), 'ok');
SELECT is(pg_temp.answered(), 'ok first 70 deleted {} t', 'after its sender deleted it');

CALL t.must(t.verdict(t.send(1, 2, 'kept', client_id => t.u(73))), 'created');
CALL t.must(t.delete(1, 'kept'), 'ok');
SELECT is(s.status || s.content::text, 'deleted{}', 'of a deleted message only {} comes back')
FROM t.send(1, 2, content => '{"text":"kept"}', client_id => t.u(73)) AS s;

-- Whose id it is.
SELECT is(t.verdict(t.send(2, 1, client_id => t.u(70))), 'created', 'another sender''s same id is another message');
SELECT is(t.verdict(t.send(1, 2, client_id => t.u(80), type => 'interaction')), 'created', 'ids serve all types');
SELECT is(t.verdict(t.send(1, NULL, client_id => t.u(81), conversation_id => t.group_of(1, 2, 3))), 'created', 'and groups');
SELECT is(t.verdict(t.send(1, NULL, client_id => t.u(81), conversation_id => t.group_of(1, 2, 3))), 'ok', 'whose retries are retries');
SELECT is(t.verdict(t.send(1, 2, client_id => t.u(81), wait => false)), 'idempotency_conflict', 'in the fast lane, too');

-- Within one batch.
SELECT results_eq(
    $$SELECT s.outcome::text, s.id = first_value(s.id) OVER w, s.server_timestamp = first_value(s.server_timestamp) OVER w
    FROM t.send_all('{1,1,1,1,2}', '{2,2,2,3,1}', '{a,a,b,a,a}', ARRAY[t.u(90), t.u(90), t.u(90), t.u(90), t.u(90)]) AS s
    WINDOW w AS (ORDER BY s.ordinal)$$,
    $$VALUES ('created', true, true), ('ok', true, true), ('idempotency_conflict', NULL, NULL), ('idempotency_conflict', NULL, NULL),
        ('created', false, false)$$,
    'in one batch the first counts: the same is a retry, another a conflict, another sender''s is independent');
SELECT results_eq(
    $$SELECT s.outcome::text FROM t.send_all('{1,1,1}', '{1,2,2}', '{a,a,a}', ARRAY[t.u(91), t.u(91), t.u(91)]) AS s$$,
    $$VALUES ('invalid'), ('created'), ('ok')$$,
    'a refused one does not count as the first');
SELECT is(t.unread_in(2, t.private(1, 2)), 3, 'what was sent again and again is counted once: kept, and one of each batch');

\ir lib/end.sql
