-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.newest_position(p_last_event_at, p_inserted_at, p_event_floor)
-- The newest position that a sync of a user could have: the user's clock, or the floor of the kept events, if it is after the clock and
-- the user came before it. Nothing will be stamped below that any more, and sync itself has handed it out as a cursor.

CREATE OR REPLACE FUNCTION flixim.newest_position(
    p_last_event_at timestamptz,
    p_inserted_at timestamptz,
    p_event_floor timestamptz
) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_event_floor > p_last_event_at AND p_event_floor > p_inserted_at THEN p_event_floor
    ELSE p_last_event_at
END;

COMMENT ON FUNCTION flixim.newest_position(timestamptz, timestamptz, timestamptz) IS 'The newest position that a sync of a user could have.';
