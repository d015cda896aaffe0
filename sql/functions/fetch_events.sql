-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.fetch_events(p_user_ids, p_stamps)
-- For a daemon of before migration 8 that has read keys from read_stream(): the events named by target and stamp, in that order. No head.

CREATE OR REPLACE FUNCTION flixim.fetch_events(p_user_ids uuid[], p_stamps timestamptz[]) RETURNS SETOF flixim.event_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT r.* FROM flixim.event_rows(p_user_ids, p_stamps) AS r;
END
$$;

COMMENT ON FUNCTION flixim.fetch_events(uuid[], timestamptz[]) IS 'For a daemon: the events that it is about to push.';
