-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.sync_events(p_caller, p_cursor, p_limit)
-- The channel's sync: the caller's events after the cursor, oldest first. p_cursor NULL: from the start.
-- Returns a head with the new cursor, has_more and resync_required, and the events. resync_required: events of this user from
-- after the cursor have been dropped; the cursor then moves at least to where the kept ones begin.

CREATE OR REPLACE FUNCTION flixim.sync_events(p_caller flixim.caller, p_cursor timestamptz, p_limit integer DEFAULT 500)
RETURNS SETOF flixim.event_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_sort = off
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    start_at timestamptz := flixim.sync_position(me, p_cursor);
    page_limit integer := greatest(least(p_limit, 500), 1);
    floor_at timestamptz := flixim.sync_floor(me, start_at);
    answer flixim.event_answer;
    stamps timestamptz[];
    targets uuid[];
BEGIN
    IF me IS NULL THEN
        answer.outcome := 'invalid_token';
        RETURN NEXT answer;
        RETURN;
    END IF;

    -- Who knows all up to the clock needs no look into the partitions: so it is with almost everybody after a daemon's restart.
    IF EXISTS (SELECT FROM flixim.users AS u WHERE u.user_id = me AND u.last_event_at > start_at) THEN
        SELECT array_agg(k.stamp) INTO stamps
        FROM (
            SELECT e.stamp
            FROM flixim.events AS e
            WHERE e.target_user_id = me AND e.stamp > start_at AND e.event_type <> 'session_revoked'
            ORDER BY e.stamp
            LIMIT page_limit + 1
        ) AS k;
    END IF;

    answer.outcome := 'ok';
    answer.resync_required := floor_at IS NOT NULL;
    answer.has_more := coalesce(cardinality(stamps), 0) > page_limit;
    stamps := stamps[:page_limit];
    answer.cursor_at := coalesce(stamps[cardinality(stamps)], greatest(start_at, floor_at));
    RETURN NEXT answer;

    IF stamps <> '{}' THEN
        targets := array_fill(me, ARRAY[cardinality(stamps)]);
        RETURN QUERY
        SELECT r.* FROM flixim.event_rows(targets, stamps) AS r;
    END IF;
END
$$;

COMMENT ON FUNCTION flixim.sync_events(flixim.caller, timestamptz, integer) IS 'The channel''s sync.';
