-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.read_stream(p_snapshot, p_since, p_limit)
-- For a daemon: which events have become visible since p_snapshot, exactly: those of transactions that snapshot could not see,
-- however long they stayed open. A transaction that somebody leaves open costs nothing and stalls nobody.
-- p_snapshot: NULL to begin: no events, only the snapshot to go on from.
-- p_since:    no event that is looked for is older (NULL: nothing is known); keeps the number of partitions read small. All that is looked for was
--             written by transactions with xids from p_snapshot's xmin on, and stamped when they had these. So where an xid below xmin was
--             given out (listener_horizon()) after some time, that time will do, less what the database's clock may step back. The
--             times of reads alone will not: the newest xid can be in progress for long without being on any snapshot's list.
-- p_limit:    with more events than that is_overrun is true and none are returned: the daemon then brings its channels up by sync.
-- Returns a head with the snapshot of this very statement, and a row per event, in stamp order per user.
-- Whatever changes what a target sees of a message has its event. So these rows alone say what each target sees, as of the snapshot, of
-- the messages that they tell of: the status of the target's last row of that message.

CREATE OR REPLACE FUNCTION flixim.read_stream(p_snapshot pg_snapshot, p_since timestamptz, p_limit integer DEFAULT 10000)
RETURNS SETOF flixim.stream_row
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    since timestamptz := coalesce(p_since, '-infinity');
    head flixim.stream_row;
    found_rows flixim.stream_row[];
BEGIN
    head.snapshot := pg_current_snapshot();
    head.read_at := clock_timestamp();

    -- STABLE: this query sees exactly what the head's snapshot says.
    -- The bound is written as two conditions, which choose the partitions, but which no plain index scan can use. With one the plan may
    -- read the whole of events_pkey, each time, for all that its cost says in a partition that was empty when it was made, or where a
    -- transaction writes many events: then it is kept for the session's life.
    SELECT array_agg(
        ROW(NULL, NULL, NULL, e.target_user_id, e.stamp, e.id, e.event_type, e.origin, e.message_id, e.status)::flixim.stream_row
        ORDER BY e.stamp)
    INTO found_rows
    FROM (
        SELECT n.target_user_id, n.stamp, n.id, n.event_type, n.origin, n.message_id, n.status
        FROM (
            SELECT e.target_user_id, e.stamp, e.id, e.event_type, e.origin, e.message_id, e.status
            FROM flixim.events AS e
            WHERE e.xid >= pg_snapshot_xmax(p_snapshot) AND (e.stamp > since OR e.stamp = since)
            UNION ALL
            SELECT e.target_user_id, e.stamp, e.id, e.event_type, e.origin, e.message_id, e.status
            FROM flixim.events AS e
            WHERE e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(p_snapshot))) AND (e.stamp > since OR e.stamp = since)
        ) AS n
        LIMIT p_limit + 1
    ) AS e;

    head.is_overrun := coalesce(cardinality(found_rows), 0) > p_limit;
    RETURN NEXT head;
    IF NOT head.is_overrun THEN
        RETURN QUERY SELECT r.* FROM unnest(found_rows) AS r;
    END IF;
END
$$;

COMMENT ON FUNCTION flixim.read_stream(pg_snapshot, timestamptz, integer) IS 'For a daemon: which events have become visible since a snapshot.';
