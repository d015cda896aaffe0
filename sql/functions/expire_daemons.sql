-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.expire_daemons()
-- Buries daemons whose lease is over: makes pushes for what their users may have missed, which is what was written from the daemon's
-- oldest horizon on, takes the users out of presence, frees the pushes that the daemon was sending, and takes out its row.
-- In two calls at least, each to be committed: from the first on nobody counts as online there (wanted_message()), and only the
-- next one judges. Whatever somebody else has passed over because of such a user had been written by then, and is found.
-- Ten thousand users at a time, and one caller: the next call goes on. Returns how many users it judged.

CREATE OR REPLACE FUNCTION flixim.expire_daemons() RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    batch CONSTANT integer := 10000;
    dead record;
    user_ids uuid[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('flixim expire daemons')) THEN
        RETURN 0;
    END IF;
    SELECT d.daemon_id, d.horizon_times[1] AS horizon_at, d.horizon_xids[1] AS horizon_xid
    INTO dead
    FROM flixim.daemons AS d
    WHERE d.lease_until = '-infinity'
    ORDER BY d.daemon_id
    LIMIT 1
    FOR UPDATE SKIP LOCKED;

    -- If one of these comes back now, it is to tell all its users again.
    UPDATE flixim.daemons AS d
    SET lease_until = '-infinity'
    WHERE d.daemon_id = ANY (ARRAY(
        SELECT x.daemon_id
        FROM flixim.daemons AS x
        WHERE x.lease_until < clock_timestamp() AND x.lease_until > '-infinity'
        ORDER BY x.daemon_id
        FOR UPDATE SKIP LOCKED
    ));
    IF dead.daemon_id IS NULL THEN
        RETURN 0;
    END IF;

    user_ids := ARRAY(
        SELECT p.user_id FROM flixim.presence AS p WHERE p.daemon_id = dead.daemon_id ORDER BY p.user_id LIMIT batch
    );
    DELETE FROM flixim.presence AS p WHERE p.daemon_id = dead.daemon_id AND p.user_id = ANY (user_ids);
    PERFORM flixim.add_missed(
        user_ids, array_fill(dead.horizon_at - interval '1 hour', ARRAY[cardinality(user_ids)]), dead.horizon_xid);

    IF cardinality(user_ids) < batch THEN
        PERFORM flixim.free_pushes(dead.daemon_id);
        DELETE FROM flixim.daemons AS d WHERE d.daemon_id = dead.daemon_id;
    END IF;
    RETURN cardinality(user_ids);
END
$$;

COMMENT ON FUNCTION flixim.expire_daemons() IS 'Buries daemons whose lease is over, and judges their users again.';
