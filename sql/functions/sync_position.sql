-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.sync_position(p_user_id, p_cursor)
-- Where a sync begins: the cursor in milliseconds, the epoch for none, and never ahead of the user's newest position, so that a
-- cursor from a wrong clock or a lost fail-over skips nothing that comes later (see newest_position).

CREATE OR REPLACE FUNCTION flixim.sync_position(p_user_id uuid, p_cursor timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    epoch CONSTANT timestamptz := '1970-01-01 00:00:00+00';
    newest timestamptz := (
        SELECT flixim.newest_position(u.last_event_at, u.inserted_at, s.event_floor)
        FROM flixim.users AS u
        CROSS JOIN flixim.settings AS s
        WHERE u.user_id = p_user_id
    );
BEGIN
    IF p_cursor IS NULL OR p_cursor < epoch THEN
        RETURN epoch;
    END IF;
    RETURN least(date_trunc('milliseconds', p_cursor), coalesce(newest, epoch));
END
$$;

COMMENT ON FUNCTION flixim.sync_position(uuid, timestamptz) IS 'Where a sync begins.';
