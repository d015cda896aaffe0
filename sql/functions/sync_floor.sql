-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.sync_floor(p_user_id, p_start_at)
-- Where the kept events begin, if events of this user from after p_start_at have been dropped; else NULL.
-- Who came after the floor, or has seen all before it, has lost nothing.

CREATE OR REPLACE FUNCTION flixim.sync_floor(p_user_id uuid, p_start_at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT s.event_floor
        FROM flixim.settings AS s
        JOIN flixim.users AS u ON u.user_id = p_user_id AND u.inserted_at < s.event_floor
        WHERE s.event_floor > p_start_at
    );
END
$$;

COMMENT ON FUNCTION flixim.sync_floor(uuid, timestamptz) IS 'Where the kept events begin, if some of the user''s have been dropped.';
