-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.sync_position(p_user_id, p_cursor)
-- Where a sync begins: the cursor in milliseconds, the epoch for none, and never ahead of the user's newest position, so that a
-- cursor from a wrong clock or a lost fail-over skips nothing that comes later. The newest position is the user's clock, or the
-- floor of the kept events, if it is after the clock and the user came before it: nothing will be stamped below that any more, and
-- sync itself has handed it out as a cursor. p_cursor infinity: that position.

CREATE OR REPLACE FUNCTION flixim.sync_position(p_user_id uuid, p_cursor timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    epoch CONSTANT timestamptz := '1970-01-01 00:00:00+00';
    clock timestamptz := coalesce((SELECT u.last_event_at FROM flixim.users AS u WHERE u.user_id = p_user_id), epoch);
BEGIN
    IF p_cursor IS NULL OR p_cursor < epoch THEN
        RETURN epoch;
    END IF;
    RETURN least(date_trunc('milliseconds', p_cursor), coalesce(flixim.sync_floor(p_user_id, clock), clock));
END
$$;

COMMENT ON FUNCTION flixim.sync_position(uuid, timestamptz) IS 'Where a sync begins.';
