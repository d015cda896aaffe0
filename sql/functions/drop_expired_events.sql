-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.drop_expired_events()
-- Drops the oldest daily partition of events, if all of it is past the retention, and moves the floor that sync tells of.
-- Returns its name, or NULL when nothing is due, or when the locks were not to be had within 50 ms: a writer never waits longer
-- for it than that, and the next call tries again (docs/decisions).

CREATE OR REPLACE FUNCTION flixim.drop_expired_events() RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '50ms'
AS $$
DECLARE
    oldest text;
    upper_bound timestamptz;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('flixim partitions')) THEN
        RETURN NULL;
    END IF;

    SELECT c.relname, to_date(substr(c.relname, 8), 'YYYYMMDD') + 1
    INTO oldest, upper_bound
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'flixim.events'::regclass
    ORDER BY c.relname
    LIMIT 1;
    IF upper_bound IS NULL
        OR upper_bound > clock_timestamp() - (SELECT s.event_retention FROM flixim.settings AS s)
    THEN
        RETURN NULL;
    END IF;

    UPDATE flixim.settings AS s SET event_floor = greatest(s.event_floor, upper_bound);
    EXECUTE format('DROP TABLE flixim.%I', oldest);
    RETURN oldest;
EXCEPTION WHEN lock_not_available THEN
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION flixim.drop_expired_events() IS 'Drops the oldest partition of events, if it is past the retention.';
