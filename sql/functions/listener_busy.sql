-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.listener_busy(p_listener_id)
-- A daemon reads by itself again: nobody need wake it. Commits asynchronously. Rows of daemons long dead go with it.

CREATE OR REPLACE FUNCTION flixim.listener_busy(p_listener_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE flixim.listeners AS l SET idle_until = clock_timestamp() WHERE l.listener_id = p_listener_id;
    DELETE FROM flixim.listeners AS l
    WHERE l.listener_id IN (
        SELECT dead.listener_id
        FROM flixim.listeners AS dead
        WHERE dead.idle_until < clock_timestamp() - interval '1 day' AND dead.listener_id <> p_listener_id
        ORDER BY dead.listener_id
        FOR UPDATE SKIP LOCKED
    );
END
$$;

COMMENT ON FUNCTION flixim.listener_busy(uuid) IS 'A daemon reads by itself again.';
