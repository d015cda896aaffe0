-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.free_pushes(p_daemon_id)
-- The pushes that a daemon had claimed are due now: it is gone.

CREATE OR REPLACE FUNCTION flixim.free_pushes(p_daemon_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM flixim.lock_pushes(ARRAY(SELECT p.id FROM flixim.pushes AS p WHERE p.claimed_by = p_daemon_id));
    UPDATE flixim.pushes AS p
    SET claimed_by = NULL, due_at = clock_timestamp()
    WHERE p.claimed_by = p_daemon_id;
END
$$;

COMMENT ON FUNCTION flixim.free_pushes(uuid) IS 'The pushes that a daemon had claimed are due now.';
