-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.wake_listeners()
-- Notifies, if some daemon sleeps. Called after the inserts, so that the transaction holds an xid, and as a statement of its own,
-- so that it has a new snapshot: a daemon whose lease that snapshot does not show yet reads on until this xid has ended, see
-- listener_horizon().

CREATE OR REPLACE FUNCTION flixim.wake_listeners() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM flixim.listeners AS l WHERE l.idle_until > clock_timestamp()) THEN
        PERFORM pg_notify('flixim_events', '');
    END IF;
END
$$;

COMMENT ON FUNCTION flixim.wake_listeners() IS 'Wakes the daemons, if one sleeps.';
