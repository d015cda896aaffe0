-- SPDX-License-Identifier: Apache-2.0
-- REST sync: messages whose state, as the caller sees it, changed after a cursor; each once, as it is now, oldest change first.

\ir lib/begin.sql

CREATE FUNCTION pg_temp.synced(viewer integer, cursor timestamptz DEFAULT NULL, page_size integer DEFAULT 500) RETURNS text
LANGUAGE sql
AS $$
    SELECT string_agg(concat_ws(' ', t.name(s.id), s.status, s.content ->> 'text'), ', ') FILTER (WHERE s.id IS NOT NULL)
    FROM flixim.sync_messages(t.caller(viewer), cursor, page_size) AS s;
$$;
CREATE FUNCTION pg_temp.cursor(viewer integer, cursor timestamptz DEFAULT NULL, page_size integer DEFAULT 500) RETURNS timestamptz
LANGUAGE sql
AS $$
    SELECT s.cursor_at FROM flixim.sync_messages(t.caller(viewer), cursor, page_size) AS s WHERE s.outcome = 'ok';
$$;

CALL t.say(1, 2, 'a');
CALL t.say(2, 1, 'b');
CALL t.say(1, 2, 'c');
SELECT is(pg_temp.synced(2), 'a unread a, b sent b, c unread c', 'from the start: all, sent and received, oldest first');
SELECT pg_temp.cursor(2) AS seen, pg_temp.cursor(1) AS sender_seen \gset
SELECT is(pg_temp.synced(2, :'seen'), NULL, 'nothing has changed since');
SELECT is(pg_temp.cursor(2, :'seen'), :'seen', 'and the cursor is unchanged');

-- A table of cases: a change, and what sync then tells both since the beginning of the table.
CREATE FUNCTION pg_temp.after(request text, viewer integer, cursor timestamptz) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE 'SELECT ' || request;
    RETURN pg_temp.synced(viewer, cursor);
END
$$;
SELECT is(pg_temp.after(c.request, 2, :'seen'), c.synced, c.about)
FROM (VALUES
    ($$t.read(2, 'a')$$, 'a read a', 'what was read'),
    ($$t.read(1, 'b')$$, 'a read a, b read b', 'what the other has read'),
    ($$t.withdraw(1, 'c')$$, 'a read a, b read b, c withdrawn', 'what was withdrawn, without its content'),
    ($$t.delete(2, 'a')$$, 'b read b, c withdrawn, a deleted', 'what was deleted, without its content, in its new place'),
    ($$t.delete(1, 'b')$$, 'b read b, c withdrawn, a deleted', 'not what the other deleted'),
    ($$t.withdraw(1, 'a')$$, 'b read b, c withdrawn, a deleted', 'a deletion is told once, though the message was withdrawn after it'),
    ($$t.send(1, 2, 'd')$$, 'b read b, c withdrawn, a deleted, d unread d', 'what is new comes last')
) AS c (request, synced, about);
SELECT is(pg_temp.synced(1, :'sender_seen'), 'c withdrawn, b deleted, a withdrawn, d sent d', 'and the other: their own view');
SELECT is(pg_temp.synced(2), 'b read b, c withdrawn, a deleted, d unread d', 'from the start each is told once');
SELECT is(pg_temp.synced(2, pg_temp.cursor(2, page_size => 3)), 'd unread d', 'what was returned is not told again');
SELECT is(s.updated_at, e.event_timestamp, 'updated_at is the stamp of the event that changed it last: ' || t.name(s.id))
FROM flixim.sync_messages(t.caller(2), NULL) AS s
JOIN LATERAL (
    SELECT max(e.event_timestamp) FILTER (WHERE e.event_status IS NOT DISTINCT FROM nullif(s.status, 'unread')) AS event_timestamp
    FROM flixim.sync_events(t.caller(2), NULL) AS e WHERE e.id = s.id
) AS e ON s.id IS NOT NULL;

-- Pages.
SELECT is(concat_ws(' / ', pg_temp.synced(2, c.cursor, c.page_size), h.has_more), c.synced, c.about)
FROM (VALUES
    (NULL, 2, 'b read b, c withdrawn / t', 'a page'),
    (pg_temp.cursor(2, page_size => 2), 2, 'a deleted, d unread d / f', 'the next, full and the last'),
    (pg_temp.cursor(2) + interval '1 hour', 2, 'f', 'a cursor ahead of the user''s clock'),
    ('-infinity', 500, 'b read b, c withdrawn, a deleted, d unread d / f', 'one before everything')
) AS c (cursor, page_size, synced, about),
LATERAL flixim.sync_messages(t.caller(2), c.cursor, c.page_size) AS h
WHERE h.outcome = 'ok';
SELECT is(pg_temp.cursor(2, pg_temp.cursor(2) + interval '1 hour'), t.clock(2), 'is answered with the clock');
SELECT is(pg_temp.cursor(404), '1970-01-01T00:00:00Z', 'a user without messages: the epoch');
SELECT count(*) AS made FROM t.send_all(array_fill(3, ARRAY[501]), array_fill(4, ARRAY[501]), array_fill('x'::text, ARRAY[501])) AS s \gset
SELECT is(count(s.id) || ' ' || bool_or(s.has_more), '500 true', 'a page has 500 messages at most')
    FROM flixim.sync_messages(t.caller(4), NULL, 10000) AS s;
SELECT is(count(s.id) || ' ' || bool_or(s.has_more), '1 false', 'the rest follows')
FROM flixim.sync_messages(t.caller(4), pg_temp.cursor(4)) AS s;

SELECT is(string_agg(concat_ws(' ', s.outcome, s.id), ','), 'invalid_token', 'a token that does not count gets nothing')
FROM flixim.sync_messages(ROW(NULL, NULL, false, '\x00')::flixim.caller, NULL) AS s;

-- What was read long after it came: thousands of events that no longer count stand before those that do.
SELECT count(*) AS given FROM generate_series(1, 3) AS batch, LATERAL flixim.send_messages(
    array_fill(t.u(50), ARRAY[800]), array_fill(clock_timestamp(), ARRAY[800]), array_fill(false, ARRAY[800]),
    array_fill(NULL::uuid, ARRAY[800]), array_fill(NULL::text, ARRAY[800]), array_fill(t.u(51), ARRAY[800]),
    array_fill('private_message'::flixim.message_type, ARRAY[800]), array_fill('text'::flixim.content_type, ARRAY[800]),
    array_fill('{"text":"long ago"}'::json, ARRAY[800]), array_fill(NULL::uuid, ARRAY[800]),
    array_fill(NULL::timestamptz, ARRAY[800]), array_fill(NULL::uuid, ARRAY[800]), batch > 0) AS sent \gset
RESET ROLE;
CREATE TEMP TABLE late AS SELECT v.message_id AS id FROM flixim.user_messages AS v WHERE v.user_id = t.u(51);
GRANT SELECT ON late TO PUBLIC;
SET LOCAL ROLE flixim_app;
SELECT count(flixim.mark_read_batch(t.caller(51), ARRAY(SELECT id FROM late ORDER BY id OFFSET n * 800 LIMIT 800))) AS given
FROM generate_series(0, 2) AS n \gset
SELECT is(concat_ws(' ', max(a.cursor_at) IS NOT NULL, bool_or(a.has_more), count(a.id)), 't t 0',
    'a call looks at 2,000 events: it may have none to tell, but goes on')
FROM flixim.sync_messages(t.caller(51), NULL, 10) AS a;
WITH RECURSIVE page AS (
    SELECT 0 AS n, NULL::timestamptz AS cursor_at, true AS has_more, 0::bigint AS told
    UNION ALL
    SELECT page.n + 1, next.cursor_at, next.has_more, next.told
    FROM page, LATERAL (
        SELECT max(a.cursor_at) AS cursor_at, bool_or(a.has_more) AS has_more, count(a.id) AS told
        FROM flixim.sync_messages(t.caller(51), page.cursor_at, 500) AS a
    ) AS next
    WHERE page.has_more
)
SELECT is(concat_ws(' ', sum(told), max(n)), '2400 6', 'and the chain has every message once') FROM page;

\ir lib/end.sql
