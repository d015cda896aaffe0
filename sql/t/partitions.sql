-- SPDX-License-Identifier: Apache-2.0
-- The daily partitions of events: from yesterday to a week ahead, in UTC, each like the other.

\ir lib/begin.sql

RESET ROLE;
CREATE FUNCTION pg_temp.partitions() RETURNS TABLE (name text, bounds text)
LANGUAGE sql
AS $$
    SELECT c.relname::text, pg_get_expr(c.relpartbound, c.oid)
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'flixim.events'::regclass
    ORDER BY c.relname;
$$;
CREATE FUNCTION pg_temp.wanted() RETURNS TABLE (name text, bounds text)
LANGUAGE sql
AS $$
    SELECT 'events_' || to_char(d, 'YYYYMMDD'),
        format('FOR VALUES FROM (''%s 00:00:00+00'') TO (''%s 00:00:00+00'')', d::date, d::date + 1)
    FROM generate_series(current_date - 1, current_date + 7, interval '1 day') AS d;
$$;

SELECT results_eq('SELECT * FROM pg_temp.partitions()', 'SELECT * FROM pg_temp.wanted()',
    'the installer makes nine days, each from midnight to midnight UTC');
SET LOCAL ROLE flixim_app;
SELECT is(flixim.keep_partitions(), 0, 'nothing is missing: nothing is made');
RESET ROLE;

DO $$
BEGIN
    EXECUTE 'DROP TABLE flixim.events_' || to_char(current_date + 6, 'YYYYMMDD');
    EXECUTE 'DROP TABLE flixim.events_' || to_char(current_date + 7, 'YYYYMMDD');
END
$$;
SET LOCAL TIME ZONE 'Asia/Shanghai';
SET LOCAL DateStyle = 'German';
SET LOCAL ROLE flixim_app;
SELECT is(flixim.keep_partitions(), 2, 'what is missing is made, by whoever calls');
RESET ROLE;
SET LOCAL TIME ZONE 'UTC';
SET LOCAL DateStyle = 'ISO';
SELECT results_eq('SELECT * FROM pg_temp.partitions()', 'SELECT * FROM pg_temp.wanted()', 'in UTC, wherever the caller is');

SELECT is(
    (SELECT count(*) FROM pg_index AS i WHERE i.indrelid = ('flixim.' || p.name)::regclass),
    (SELECT count(*) FROM pg_index AS i WHERE i.indrelid = 'flixim.events'::regclass), 'indexed like the others: ' || p.name)
FROM pg_temp.partitions() AS p;
SELECT is_empty(
    $$SELECT p.name, c.relowner::regrole, c.relacl FROM pg_temp.partitions() AS p
    JOIN pg_class AS c ON c.oid = ('flixim.' || p.name)::regclass
    WHERE c.relowner <> 'flixim_owner'::regrole OR c.relacl IS NOT NULL OR obj_description(c.oid) IS NULL$$,
    'each belongs to the owner, is granted to nobody and commented');

-- A day that was dropped stays dropped.
UPDATE flixim.settings SET event_floor = current_date::timestamptz;
DO $$
BEGIN
    EXECUTE 'DROP TABLE flixim.events_' || to_char(current_date - 1, 'YYYYMMDD');
END
$$;
SET LOCAL ROLE flixim_app;
SELECT is(flixim.keep_partitions(), 0, 'a day below the floor is not made again');

-- Unless a clock was wrong when it was dropped.
RESET ROLE;
UPDATE flixim.settings SET event_floor = current_date + 1;
DO $$
BEGIN
    EXECUTE 'DROP TABLE flixim.events_' || to_char(current_date, 'YYYYMMDD');
END
$$;
SET LOCAL ROLE flixim_app;
SELECT is(flixim.keep_partitions(), 1, 'a floor in the future does not keep today from being made');
RESET ROLE;
SELECT is(s.event_floor, current_date::timestamptz, 'and comes back to today') FROM flixim.settings AS s;
SET LOCAL ROLE flixim_app;

-- Until the last of them.
CALL t.say(1, 2, 'now');
CALL t.put_clock(2, '6 days');
SELECT is(t.verdict(t.send(1, 2)), 'created', 'events of a clock that is a week ahead have their place');

\ir lib/end.sql
