-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.listener_idle(p_listener_id, p_lease)
-- A daemon goes to sleep, or renews its lease: until it ends, writers notify. Commits asynchronously: nothing is lost with it.
-- When this has committed, the daemon calls listener_horizon() and reads on up to there, since a writer may have looked for leases
-- before this one could be seen. Only then may it sleep.

CREATE OR REPLACE FUNCTION flixim.listener_idle(p_listener_id uuid, p_lease interval) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO flixim.listeners AS l (listener_id, idle_until)
    VALUES (p_listener_id, clock_timestamp() + p_lease)
    ON CONFLICT (listener_id) DO UPDATE SET idle_until = excluded.idle_until;
END
$$;

COMMENT ON FUNCTION flixim.listener_idle(uuid, interval) IS 'A daemon goes to sleep and wants to be woken until the lease ends.';
