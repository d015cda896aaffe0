-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.read_bound(p_caller)
-- What bulk reading begins with: whether the caller counts, and the caller's clock now, so that what arrives later stays unread.

CREATE OR REPLACE FUNCTION flixim.read_bound(p_caller flixim.caller, OUT o_outcome flixim.outcome, OUT o_bound timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
BEGIN
    o_outcome := CASE WHEN me IS NULL THEN 'invalid_token' ELSE 'ok' END;
    SELECT u.last_event_at INTO o_bound FROM flixim.users AS u WHERE u.user_id = me;
END
$$;

COMMENT ON FUNCTION flixim.read_bound(flixim.caller) IS 'The caller''s clock, where bulk reading ends.';
