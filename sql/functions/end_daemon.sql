-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.end_daemon(p_daemon_id)
-- A daemon ends in order: it has told that its users are gone, and sends no more pushes.

CREATE OR REPLACE FUNCTION flixim.end_daemon(p_daemon_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM flixim.require_read_committed();
    PERFORM FROM flixim.daemons AS d WHERE d.daemon_id = p_daemon_id FOR UPDATE;
    DELETE FROM flixim.presence AS p WHERE p.daemon_id = p_daemon_id;
    PERFORM flixim.free_pushes(p_daemon_id);
    DELETE FROM flixim.daemons AS d WHERE d.daemon_id = p_daemon_id;
END
$$;

COMMENT ON FUNCTION flixim.end_daemon(uuid) IS 'A daemon ends in order.';
