-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.beat(p_daemon_id, p_lease, p_silence, p_web_push_key)
-- A daemon is alive, and will be for p_lease without another word. Called every third of that, while the daemon reads the stream.
-- p_silence:      how long its clients may be silent: what was committed before was told them, and they have been heard since
-- p_web_push_key: the public key with which browsers subscribe, or NULL
-- is_known:       false if the daemon was not known, or its users are already being judged again: it then tells all its users again
-- push_delay_ms:  settings.push_delay, which is also how long what is sent to a client may take to arrive
-- Buries others whose lease is over, but only if this one has renewed its own in time for a whole lease: after PostgreSQL was away,
-- all leases are over, and everybody gets the time to renew.

CREATE OR REPLACE FUNCTION flixim.beat(
    p_daemon_id uuid,
    p_lease interval,
    p_silence interval,
    p_web_push_key text,
    OUT is_known boolean,
    OUT push_delay_ms bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET join_collapse_limit = 1
AS $$
DECLARE
    oldest_open xid8;
    now_at timestamptz;
    daemon flixim.daemons;
BEGIN
    PERFORM flixim.require_read_committed();
    -- In this order: what is older than the one was committed at the other.
    oldest_open := pg_snapshot_xmin(pg_current_snapshot());
    now_at := clock_timestamp();

    SELECT d.* INTO daemon FROM flixim.daemons AS d WHERE d.daemon_id = p_daemon_id FOR NO KEY UPDATE;
    is_known := FOUND AND daemon.lease_until > '-infinity';
    IF NOT is_known THEN
        DELETE FROM flixim.presence AS p WHERE p.daemon_id = p_daemon_id;
        daemon := ROW(p_daemon_id, now_at, now_at, '{}', '{}', NULL);
    END IF;
    daemon.current_since := CASE WHEN daemon.lease_until < now_at THEN now_at ELSE least(daemon.current_since, now_at) END;

    -- Horizons: where the clock was put back, the old ones count as of now. No more than some thirty, however long the silence.
    daemon.horizon_times := ARRAY(
        SELECT least(h.at, now_at) FROM unnest(daemon.horizon_times) WITH ORDINALITY AS h (at, place) ORDER BY h.place
    );
    IF daemon.horizon_times[cardinality(daemon.horizon_times)] > now_at - p_silence / 32 IS NOT TRUE THEN
        daemon.horizon_xids := daemon.horizon_xids || oldest_open;
        daemon.horizon_times := daemon.horizon_times || now_at;
    END IF;
    WHILE daemon.horizon_times[2] <= now_at - p_silence LOOP
        daemon.horizon_xids := daemon.horizon_xids[2:];
        daemon.horizon_times := daemon.horizon_times[2:];
    END LOOP;

    INSERT INTO flixim.daemons AS d (daemon_id, lease_until, current_since, horizon_xids, horizon_times, web_push_key)
    VALUES (p_daemon_id, now_at + p_lease, daemon.current_since, daemon.horizon_xids, daemon.horizon_times, p_web_push_key)
    ON CONFLICT (daemon_id) DO UPDATE
    SET lease_until = excluded.lease_until,
        current_since = excluded.current_since,
        horizon_xids = excluded.horizon_xids,
        horizon_times = excluded.horizon_times,
        web_push_key = excluded.web_push_key;

    IF daemon.current_since <= now_at - p_lease THEN
        PERFORM flixim.expire_daemons();
    END IF;
    SELECT extract(epoch FROM s.push_delay) * 1000 INTO push_delay_ms FROM flixim.settings AS s;
END
$$;

COMMENT ON FUNCTION flixim.beat(uuid, interval, interval, text) IS 'A daemon is alive; buries others that are not.';
