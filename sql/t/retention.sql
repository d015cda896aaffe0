-- SPDX-License-Identifier: Apache-2.0
-- Events are dropped by the day once all of it is past the retention; who missed some of them is told to resync, nobody else is.

\ir lib/begin.sql

RESET ROLE;
-- Lets a day of the past have its partition, and an event have been on that day.
CREATE PROCEDURE pg_temp.have_day(days_ago integer)
LANGUAGE plpgsql
AS $$
DECLARE
    day date := current_date - days_ago;
    partition_name text := 'events_' || to_char(day, 'YYYYMMDD');
BEGIN
    EXECUTE format('CREATE TABLE flixim.%I PARTITION OF flixim.events FOR VALUES FROM (%L) TO (%L)',
        partition_name, day::timestamptz, (day + 1)::timestamptz);
    EXECUTE format('ALTER TABLE flixim.%I OWNER TO flixim_owner', partition_name);
END
$$;
CREATE PROCEDURE pg_temp.move(name text, days_ago integer)
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE flixim.events SET stamp = stamp - days_ago * interval '1 day' WHERE message_id = t.m(name);
    UPDATE flixim.user_messages SET changed_at = changed_at - days_ago * interval '1 day' WHERE message_id = t.m(name);
    UPDATE flixim.users SET inserted_at = inserted_at - days_ago * interval '1 day'
    WHERE user_id IN (SELECT v.user_id FROM flixim.user_messages AS v WHERE v.message_id = t.m(name));
    UPDATE flixim.users AS u
    SET last_event_at = (SELECT max(e.stamp) FROM flixim.events AS e WHERE e.target_user_id = u.user_id)
    WHERE u.user_id IN (SELECT v.user_id FROM flixim.user_messages AS v WHERE v.message_id = t.m(name));
END
$$;
CREATE FUNCTION pg_temp.day(days_ago integer) RETURNS text LANGUAGE sql RETURN 'events_' || to_char(current_date - days_ago, 'YYYYMMDD');
CREATE FUNCTION pg_temp.floor() RETURNS timestamptz LANGUAGE sql RETURN (current_date - 30)::timestamptz;

-- Users 1 and 2 have an old message and a new one, 3 and 4 only an old one, 5 and 6 came today, 7 came long ago and has nothing.
CALL t.say(1, 2, 'old');
CALL t.say(3, 4, 'old, too');
CALL t.say(1, 2, 'new');
CALL t.say(5, 6, 'newcomers');
CALL t.must(t.read(2, 'new'), 'read');
CALL pg_temp.have_day(29);
CALL pg_temp.have_day(30);
CALL pg_temp.have_day(31);
CALL pg_temp.have_day(40);
CALL pg_temp.move('old', 31);
CALL pg_temp.move('old, too', 40);
SELECT is((flixim.authenticate(t.caller(7))).o_outcome, 'ok', 'a user without any event');
UPDATE flixim.users SET inserted_at = inserted_at - interval '40 days' WHERE user_id = t.u(7);
SELECT is_empty($$SELECT h.* FROM flixim.sync_events(t.caller(2), NULL) AS h WHERE h.resync_required$$, 'before, nobody has lost anything');

SET LOCAL ROLE flixim_app;
SELECT is(flixim.drop_expired_events(), c.dropped, c.about)
FROM (VALUES
    (pg_temp.day(40), 'the oldest day goes first, one in each call'),
    (pg_temp.day(31), 'then the next that is past 30 days as a whole'),
    (NULL, 'a day of which a part is younger stays'),
    (NULL, 'however often one asks')
) AS c (dropped, about);
RESET ROLE;
SELECT is(to_regclass('flixim.' || pg_temp.day(c.days_ago)) IS NOT NULL, c.is_there, c.days_ago || ' days ago: '
    || CASE WHEN c.is_there THEN 'kept' ELSE 'gone' END)
FROM (VALUES (40, false), (31, false), (30, true), (29, true)) AS c (days_ago, is_there);
SELECT is((SELECT s.event_floor FROM flixim.settings AS s), pg_temp.floor(), 'the floor is the end of the last day dropped');

-- A table of cases: a user's cursor; both kinds of sync: the new cursor, resync_required, what is returned.
SET LOCAL ROLE flixim_app;
SELECT pg_temp.floor() AS floor, t.clock(1) AS clock_1, t.clock(5) AS clock_5, e.event_timestamp AS sent_at
FROM flixim.sync_events(t.caller(2), NULL) AS e WHERE e.event_type = 'new_message' \gset
SELECT is(
    (SELECT concat_ws(' ', max(e.cursor_at), bool_or(e.resync_required), string_agg(t.name(e.id), '+'))
    FROM flixim.sync_events(t.caller(c.who), c.cursor) AS e),
    concat_ws(' ', c.cursor_at, c.resync_required, c.returned), 'events: ' || c.about)
FROM (VALUES
    (1, NULL, :'clock_1'::timestamptz, true, 'new+new', 'from the start, where events were lost: the kept ones, and resync'),
    (1, :'floor'::timestamptz - interval '1 day', :'clock_1', true, 'new+new', 'from before the floor'),
    (1, :'floor'::timestamptz - interval '1 millisecond', :'clock_1', true, 'new+new', 'from just before it'),
    (1, :'floor', :'clock_1', false, 'new+new', 'from the floor: nothing was lost'),
    (1, :'sent_at', :'clock_1', false, 'new', 'from after it'),
    (3, NULL, :'floor', true, NULL, 'nothing is left: the cursor moves to the floor'),
    (3, :'floor'::timestamptz - interval '1 day', :'floor', true, NULL, 'from before it as well'),
    (3, :'floor', :'floor', false, NULL, 'the next sync is an ordinary one'),
    (3, :'floor'::timestamptz + interval '1 hour', :'floor', false, NULL, 'ahead of a clock that is below the floor: the floor'),
    (3, 'infinity', :'floor', false, NULL, 'however far ahead'),
    (3, t.clock(3), :'floor', true, NULL, 'from that clock: it is before the floor'),
    (7, NULL, :'floor', true, NULL, 'who never had an event is moved to the floor, too'),
    (7, :'floor', :'floor', false, NULL, 'and then told no more'),
    (5, NULL, :'clock_5', false, 'newcomers', 'who came after the floor has lost nothing'),
    (5, :'floor'::timestamptz - interval '1 day', :'clock_5', false, 'newcomers', 'whatever the cursor'),
    (404, NULL, '1970-01-01T00:00:00Z', false, NULL, 'who never came neither')
) AS c (who, cursor, cursor_at, resync_required, returned, about);
SELECT is(
    (SELECT concat_ws(' ', max(s.cursor_at), bool_or(s.resync_required), string_agg(t.name(s.id), '+'))
    FROM flixim.sync_messages(t.caller(c.who), c.cursor) AS s),
    concat_ws(' ', c.cursor_at, c.resync_required, c.returned), 'messages: ' || c.about)
FROM (VALUES
    (1, NULL, :'clock_1'::timestamptz, true, 'new', 'from the start, where events were lost'),
    (1, :'floor'::timestamptz, :'clock_1', false, 'new', 'from the floor'),
    (3, NULL, :'floor', true, NULL, 'nothing is left'),
    (3, :'floor', :'floor', false, NULL, 'the next sync'),
    (3, :'floor'::timestamptz + interval '1 hour', :'floor', false, NULL, 'ahead of a clock that is below the floor'),
    (7, NULL, :'floor', true, NULL, 'who never had one'),
    (7, :'floor', :'floor', false, NULL, 'and their next sync'),
    (5, NULL, :'clock_5', false, 'newcomers', 'who came after the floor')
) AS c (who, cursor, cursor_at, resync_required, returned, about);

SELECT is(string_agg(t.name(l.id), '+'), 'new+old', 'messages themselves stay: only events are dropped')
FROM flixim.list_messages(t.caller(1)) AS l;

-- Where a connection is live from: what sync takes for a position without losses, and what comes is after it.
SELECT is((flixim.authenticate(t.caller(c.who))).live_from, c.live_from, 'live from ' || c.about)
FROM (VALUES
    (1, :'clock_1'::timestamptz, 'the clock'),
    (3, :'floor', 'the floor, where the clock is below it'),
    (7, :'floor', 'the floor for who never had an event'),
    (5, :'clock_5', 'the clock of who came after the floor'),
    (8, '1970-01-01T00:00:00Z', 'the epoch for who comes now')
) AS c (who, live_from, about);
CALL t.say(3, 7, 'at last');
SELECT is(
    (SELECT concat_ws(' ', max(e.cursor_at), bool_or(e.resync_required), string_agg(t.name(e.id), '+'))
    FROM flixim.sync_events(t.caller(c.who), :'floor') AS e),
    concat_ws(' ', t.clock(c.who), false, 'at last'), 'who waited at the floor gets what comes: ' || c.who)
FROM (VALUES (3), (7)) AS c (who);

-- A shorter retention counts from the next call.
RESET ROLE;
CALL t.must((flixim.configure(p_event_retention => '29 days')).event_retention::text, '29 days');
SET LOCAL ROLE flixim_app;
SELECT is(flixim.drop_expired_events(), pg_temp.day(30), 'a shorter retention drops what is then past it');
SELECT is(flixim.drop_expired_events(), NULL, 'no more than that');

\ir lib/end.sql
