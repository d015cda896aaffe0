-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.listener_horizon()
-- Up to where a daemon reads on before it sleeps: until pg_snapshot_xmin() of a read_stream() is above the xid returned here.
-- Called in a transaction of its own after listener_idle() has committed. Whoever looked for leases before that one was visible had
-- its xid by then (wake_listeners() is called after the inserts), so it is below; whoever comes later sees the lease and notifies.
-- The list of a snapshot would not do: the newest xid can be in progress without being on it (docs/decisions).

CREATE OR REPLACE FUNCTION flixim.listener_horizon() RETURNS xid8
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN pg_current_xact_id();
END
$$;

COMMENT ON FUNCTION flixim.listener_horizon() IS 'Up to where a daemon reads on before it sleeps.';
