-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.keep_partitions()
-- Makes the daily partitions of events from yesterday to a week ahead that are missing. Called by the installer, and by
-- whatever writes events, hourly; one caller at a time does it, the others go on. Returns how many it made.
-- A table is made and then attached: that locks events against other changes of its kind, not against inserts.

CREATE OR REPLACE FUNCTION flixim.keep_partitions() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '1s'
AS $$
DECLARE
    day date;
    partition_name text;
    made integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('flixim partitions')) THEN
        RETURN 0;
    END IF;

    -- A floor in the future comes from a clock that was wrong when partitions were dropped.
    UPDATE flixim.settings AS s SET event_floor = current_date WHERE s.event_floor > current_date;

    FOR day IN
        SELECT wanted.day::date
        FROM generate_series(current_date - 1, current_date + 7, interval '1 day') AS wanted (day)
        WHERE to_regclass('flixim.events_' || to_char(wanted.day, 'YYYYMMDD')) IS NULL
            -- A day that was dropped stays dropped.
            AND wanted.day >= (SELECT s.event_floor FROM flixim.settings AS s)
    LOOP
        partition_name := 'events_' || to_char(day, 'YYYYMMDD');
        EXECUTE format('CREATE TABLE flixim.%I (LIKE flixim.events INCLUDING ALL)', partition_name);
        EXECUTE format('COMMENT ON TABLE flixim.%I IS %L', partition_name, 'The events of that day, UTC.');
        EXECUTE format('ALTER TABLE flixim.events ATTACH PARTITION flixim.%I FOR VALUES FROM (%L) TO (%L)',
            partition_name, day::timestamptz, (day + 1)::timestamptz);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

COMMENT ON FUNCTION flixim.keep_partitions() IS 'Makes the partitions of events that are missing up to a week ahead.';
