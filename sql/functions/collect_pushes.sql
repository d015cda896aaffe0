-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.collect_pushes()
-- For daemons: makes a push for each usable device of each user who is to be told of a new message. Writers have no part in it: this
-- reads the events that the oldest snapshot in push_horizons cannot see and a later one can, once that one is push_delay old.
-- So a late commit is found when it is there, and each event is looked at once (docs/decisions/0027-the-outbox.md).
-- One caller at a time does it, and one call looks at some 20,000 events: whole transactions, in the order of their xids.
-- is_mine:    false: somebody else is at it
-- collected:  how many pushes this made
-- has_more:   there is more to look at right now
-- next_in_ms: when there will be; NULL: not before the next event

CREATE OR REPLACE FUNCTION flixim.collect_pushes(
    OUT is_mine boolean,
    OUT collected integer,
    OUT has_more boolean,
    OUT next_in_ms bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- The joins are written in the order in which they cost least: most users have no device. Sorted by xid, a page of a large backlog
-- would read all of it: the index has that order.
SET join_collapse_limit = 1
SET enable_sort = off
AS $$
DECLARE
    page CONSTANT integer := 20000;
    settings flixim.settings;
    taken pg_snapshot;
    now_at timestamptz;
    since timestamptz;
    spacing interval;
    oldest flixim.push_horizons;
    ripe flixim.push_horizons;
    newest flixim.push_horizons;
    seen integer;
    last_xid xid8;
    is_ahead boolean;
BEGIN
    PERFORM flixim.require_read_committed();
    collected := 0;
    has_more := false;
    is_mine := pg_try_advisory_xact_lock(hashtext('flixim collect pushes'));
    IF NOT is_mine THEN
        next_in_ms := 1000;
        RETURN;
    END IF;
    -- Under the lock, so that snapshots are stored in their order, and before anything is written: if this commit is there after a
    -- crash, so is all that ended before it, and no xid that this snapshot knows is given out again.
    taken := pg_current_snapshot();
    now_at := clock_timestamp();

    PERFORM flixim.tidy_pushes(now_at);
    IF NOT EXISTS (SELECT FROM flixim.devices) THEN
        IF EXISTS (SELECT FROM flixim.push_horizons) AND pg_try_advisory_xact_lock(hashtext('flixim end of horizons')) THEN
            DELETE FROM flixim.push_horizons AS h WHERE NOT EXISTS (SELECT FROM flixim.devices);
        END IF;
        RETURN;
    END IF;

    SELECT s.* INTO settings FROM flixim.settings AS s;
    SELECT h.* INTO oldest FROM flixim.push_horizons AS h ORDER BY h.taken_at LIMIT 1;
    SELECT h.* INTO newest FROM flixim.push_horizons AS h ORDER BY h.taken_at DESC LIMIT 1;
    -- A snapshot from the future is of another cluster's xids: this one was restored from a dump.
    IF oldest.taken_at IS NULL OR pg_snapshot_xmax(newest.snapshot) > pg_snapshot_xmax(taken) THEN
        DELETE FROM flixim.push_horizons AS h;
        INSERT INTO flixim.push_horizons (taken_at, snapshot) VALUES (now_at, taken);
        RETURN;
    END IF;

    -- What is older is not told any more: nobody has collected for long, or a transaction was open for that long. It is asked for by two
    -- conditions, as in read_stream(): they choose the partitions, but not the index.
    since := now_at - settings.push_delay - settings.push_lifetime;

    -- The newest that is old enough, unless another one has been begun with. One that is ahead of the clock was taken before that was
    -- put back.
    SELECT h.* INTO ripe
    FROM flixim.push_horizons AS h
    WHERE h.taken_at > oldest.taken_at AND (h.taken_at <= now_at - settings.push_delay OR h.taken_at > now_at)
    ORDER BY CASE WHEN oldest.done_xid IS NULL THEN h.taken_at END DESC, h.taken_at
    LIMIT 1;
    IF FOUND THEN
        WITH found AS MATERIALIZED (
            (SELECT e.xid, e.target_user_id, e.stamp, e.event_type, e.status, e.message_id
            FROM flixim.events AS e
            WHERE e.xid >= pg_snapshot_xmax(oldest.snapshot)
                AND e.xid > coalesce(oldest.done_xid, '0')
                AND e.xid < pg_snapshot_xmax(ripe.snapshot)
                AND pg_visible_in_snapshot(e.xid, ripe.snapshot)
                AND (e.stamp > since OR e.stamp = since)
            ORDER BY e.xid
            FETCH FIRST (page) ROWS WITH TIES)
            UNION ALL
            -- Those that were open then, with the first page.
            SELECT e.xid, e.target_user_id, e.stamp, e.event_type, e.status, e.message_id
            FROM flixim.events AS e
            WHERE oldest.done_xid IS NULL
                AND e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(oldest.snapshot)))
                AND pg_visible_in_snapshot(e.xid, ripe.snapshot)
                AND (e.stamp > since OR e.stamp = since)
        ),
        made AS (
            INSERT INTO flixim.pushes (id, device_id, provider, destination, user_id, message_id, stamp, due_at, inserted_at)
            SELECT flixim.uuid_v7(now_at), d.id, d.provider, d.destination, f.target_user_id, f.message_id, f.stamp, now_at, now_at
            FROM found AS f
            CROSS JOIN LATERAL flixim.usable_devices(f.target_user_id) AS d
            CROSS JOIN LATERAL flixim.wanted_message(f.target_user_id, f.message_id, f.stamp, now_at) AS m
            WHERE f.event_type = 'new_message' AND f.status = 'unread'
            ORDER BY d.id, f.message_id
            ON CONFLICT (device_id, message_id) DO NOTHING
            RETURNING 1
        )
        SELECT count(*) FILTER (WHERE f.xid >= pg_snapshot_xmax(oldest.snapshot)), max(f.xid), (SELECT count(*) FROM made)
        INTO seen, last_xid, collected
        FROM found AS f;

        has_more := seen >= page;
        DELETE FROM flixim.push_horizons AS h
        WHERE h.taken_at < ripe.taken_at AND (NOT has_more OR h.taken_at > oldest.taken_at);
        IF has_more THEN
            UPDATE flixim.push_horizons AS h SET done_xid = last_xid WHERE h.taken_at = oldest.taken_at;
        END IF;
    END IF;

    -- A new horizon, if there is anything before it, but not with each call.
    spacing := least(interval '250 milliseconds', settings.push_delay / 4);
    is_ahead := EXISTS (
        SELECT FROM flixim.events AS e
        WHERE e.xid >= pg_snapshot_xmax(newest.snapshot) AND (e.stamp > since OR e.stamp = since)
    ) OR EXISTS (
        SELECT FROM flixim.events AS e
        WHERE e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(newest.snapshot))) AND (e.stamp > since OR e.stamp = since)
    );
    IF is_ahead AND (newest.taken_at <= now_at - spacing OR newest.taken_at > now_at) THEN
        INSERT INTO flixim.push_horizons (taken_at, snapshot)
        VALUES (greatest(now_at, newest.taken_at + interval '1 microsecond'), taken);
        is_ahead := false;
    END IF;

    next_in_ms := CASE WHEN has_more THEN 0 ELSE (
        SELECT ceil(extract(epoch FROM greatest(min(h.at) - now_at, '1 millisecond')) * 1000)
        FROM (
            SELECT x.taken_at + settings.push_delay AS at
            FROM flixim.push_horizons AS x
            WHERE x.taken_at > (SELECT min(y.taken_at) FROM flixim.push_horizons AS y)
            UNION ALL
            SELECT newest.taken_at + spacing
            WHERE is_ahead
        ) AS h
        HAVING count(*) > 0
    ) END;
END
$$;

COMMENT ON FUNCTION flixim.collect_pushes() IS 'For daemons: makes pushes for the new messages whose time has come.';
