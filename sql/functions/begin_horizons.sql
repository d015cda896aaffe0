-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.begin_horizons()
-- From now on events are looked at for pushes. Called by whoever registers a device, in that transaction.
-- The first lock keeps collect_pushes() from taking the horizons away for want of devices, while this one cannot be seen yet; the
-- second keeps a second first device from beginning anew.

CREATE OR REPLACE FUNCTION flixim.begin_horizons() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('flixim end of horizons'));
    IF NOT EXISTS (SELECT FROM flixim.push_horizons) THEN
        PERFORM pg_advisory_xact_lock(hashtext('flixim begin of horizons'));
        INSERT INTO flixim.push_horizons (taken_at, snapshot)
        SELECT clock_timestamp(), pg_current_snapshot()
        WHERE NOT EXISTS (SELECT FROM flixim.push_horizons);
    END IF;
END
$$;

COMMENT ON FUNCTION flixim.begin_horizons() IS 'From now on events are looked at for pushes.';
