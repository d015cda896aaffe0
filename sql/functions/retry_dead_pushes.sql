-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.retry_dead_pushes(p_ids)
-- For the administrator: tries pushes that were given up again, as if they were new; NULL: all. What is not wanted any more is not sent, nor
-- what a device would get that is disabled. Returns how many.

CREATE OR REPLACE FUNCTION flixim.retry_dead_pushes(p_ids uuid[] DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[] := coalesce(p_ids, ARRAY(SELECT p.id FROM flixim.pushes AS p WHERE p.state = 'dead'));
    now_at timestamptz := clock_timestamp();
    retried integer;
BEGIN
    PERFORM flixim.require_read_committed();
    PERFORM flixim.lock_pushes(ids);
    UPDATE flixim.pushes AS p
    SET state = 'waiting', due_at = now_at, inserted_at = now_at, attempts = 0, ended_at = NULL
    WHERE p.state = 'dead' AND p.id = ANY (ids);
    GET DIAGNOSTICS retried = ROW_COUNT;
    RETURN retried;
END
$$;

COMMENT ON FUNCTION flixim.retry_dead_pushes(uuid[]) IS 'Tries pushes that were given up again.';
