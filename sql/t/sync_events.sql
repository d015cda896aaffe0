-- SPDX-License-Identifier: Apache-2.0
-- The channel's sync: a user's events after a cursor, oldest first, 500 at a time; the cursor never goes back and never says now.

\ir lib/begin.sql

-- Steps in time: s(n) is the stamp of user 2's n-th event.
CALL t.say(1, 2, 'a');
CALL t.say(1, 2, 'b');
CALL t.must(t.read(2, 'a'), 'read');
CALL t.must(t.withdraw(1, 'b'), 'withdrawn');
CALL t.must(t.delete(2, 'b'), 'ok');
CREATE TEMP TABLE stamp AS
SELECT row_number() OVER () AS n, e.event_timestamp AS at FROM flixim.sync_events(t.caller(2), NULL) AS e WHERE e.event_id IS NOT NULL;
CREATE FUNCTION pg_temp.s(n bigint) RETURNS timestamptz LANGUAGE sql AS $$ SELECT s.at FROM stamp AS s WHERE s.n = $1 $$;

SELECT results_eq(
    $$SELECT e.outcome::text, e.has_more, e.resync_required, e.event_type::text, e.event_status::text, t.name(e.id),
        e.status::text, e.content::text
    FROM flixim.sync_events(t.caller(2), NULL) AS e$$,
    $$VALUES ('ok', false, false, NULL, NULL, NULL, NULL, NULL),
        (NULL, NULL, NULL, 'new_message', NULL, 'a', 'read', '{"text" : "a"}'),
        (NULL, NULL, NULL, 'new_message', NULL, 'b', 'deleted', '{}'),
        (NULL, NULL, NULL, 'message_status_update', 'read', 'a', 'read', '{"text" : "a"}'),
        (NULL, NULL, NULL, 'message_recalled', 'withdrawn', 'b', 'deleted', '{}'),
        (NULL, NULL, NULL, 'message_status_update', 'deleted', 'b', 'deleted', '{}')$$,
    'a head and the events, oldest first: their status is of then, the message is as it is now');
SELECT is_empty(
    $$SELECT e.event_id FROM flixim.sync_events(t.caller(2), NULL) AS e WHERE e.event_id IS NOT NULL AND e.target_user_id <> t.u(2)$$,
    'they are the caller''s own');

-- A table of cases: the cursor and the page asked for, the new cursor, whether there is more, how many events.
SELECT is(concat_ws(' ', max(e.cursor_at)::text, bool_or(e.has_more), count(e.event_id)), concat_ws(' ', c.cursor_at::text,
    c.has_more, c.events), c.about)
FROM (VALUES
    (NULL, 500, pg_temp.s(5), false, 5, 'no cursor: from the start'),
    ('1970-01-01T00:00:00Z', 500, pg_temp.s(5), false, 5, 'the epoch: from the start'),
    ('0001-01-01T00:00:00Z', 500, pg_temp.s(5), false, 5, 'before the epoch, too'),
    ('-infinity', 500, pg_temp.s(5), false, 5, 'before everything'),
    (pg_temp.s(1), 500, pg_temp.s(5), false, 4, 'what is at the cursor is not returned again'),
    (pg_temp.s(1) + interval '900 microseconds', 500, pg_temp.s(5), false, 4, 'a cursor counts in whole milliseconds'),
    (pg_temp.s(1) - interval '1 millisecond', 500, pg_temp.s(5), false, 5, 'what is after it is'),
    (pg_temp.s(5), 500, pg_temp.s(5), false, 0, 'nothing new: the cursor is unchanged'),
    (pg_temp.s(5) + interval '1 hour', 500, pg_temp.s(5), false, 0, 'a cursor ahead of the user''s clock: the clock'),
    ('infinity', 500, pg_temp.s(5), false, 0, 'however far ahead'),
    (NULL, 2, pg_temp.s(2), true, 2, 'a page'),
    (pg_temp.s(2), 2, pg_temp.s(4), true, 2, 'the next'),
    (pg_temp.s(4), 2, pg_temp.s(5), false, 1, 'the last'),
    (pg_temp.s(3), 2, pg_temp.s(5), false, 2, 'a full last page has no more')
) AS c (cursor, page_size, cursor_at, has_more, events, about),
LATERAL flixim.sync_events(t.caller(2), c.cursor, c.page_size) AS e
GROUP BY c.cursor, c.page_size, c.cursor_at, c.has_more, c.events, c.about;

SELECT is(concat_ws(' ', e.cursor_at, e.has_more, e.resync_required), '1970-01-01 00:00:00+00 f f',
    'a user without events, no cursor: the epoch')
FROM flixim.sync_events(t.caller(404), NULL) AS e;
SELECT is(concat_ws(' ', e.cursor_at, e.has_more), '1970-01-01 00:00:00+00 f', 'with a cursor: the same, their clock')
FROM flixim.sync_events(t.caller(404), '2025-01-01') AS e;

-- Pages of 500 at most, and all of them together everything once.
SELECT count(*) AS made FROM t.send_all(array_fill(3, ARRAY[1100]), array_fill(4, ARRAY[1100]), array_fill('x'::text,
    ARRAY[1100])) AS s \gset
CREATE TEMP TABLE page AS
WITH RECURSIVE step AS (
    SELECT 1 AS n, h.cursor_at, h.has_more FROM flixim.sync_events(t.caller(4), NULL, 10000) AS h WHERE h.outcome = 'ok'
    UNION ALL
    SELECT step.n + 1, h.cursor_at, h.has_more FROM step, LATERAL flixim.sync_events(t.caller(4), step.cursor_at) AS h
    WHERE step.has_more AND h.outcome = 'ok'
)
SELECT step.n, e.event_id FROM step
LEFT JOIN step AS before ON before.n = step.n - 1,
LATERAL flixim.sync_events(t.caller(4), before.cursor_at) AS e WHERE e.event_id IS NOT NULL;
SELECT results_eq('SELECT count(*)::integer FROM page GROUP BY n ORDER BY n', 'VALUES (500), (500), (100)',
    'a page has 500 events at most');
SELECT is(count(DISTINCT event_id), 1100::bigint, 'all pages have every event once') FROM page;

SELECT is(string_agg(concat_ws(' ', e.outcome, e.event_id), ','), 'invalid_token', 'a token that does not count gets nothing')
FROM flixim.sync_events(ROW(NULL, NULL, false, '\x00')::flixim.caller, NULL) AS e;

\ir lib/end.sql
