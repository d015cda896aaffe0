-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.event_floor()
-- No event before this instant is kept. A query that asks by a call has its snapshot by then: what it reads beside is from before any
-- wait for the settings, as t/push/positions.t needs it, which holds joins still by locking them.

CREATE OR REPLACE FUNCTION flixim.event_floor() RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT s.event_floor FROM flixim.settings AS s);
END
$$;

COMMENT ON FUNCTION flixim.event_floor() IS 'No event before this instant is kept.';
