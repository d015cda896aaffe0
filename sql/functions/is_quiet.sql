-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.is_quiet(p_from, p_until, p_time_zone, p_at)
-- Whether an instant is within a user's quiet hours: from p_from on, until before p_until, over midnight where that is before p_from.
-- A zone that PostgreSQL knows no more, after an update of the system's, is as good as none: one user's must not stop all pushes.

CREATE OR REPLACE FUNCTION flixim.is_quiet(p_from time, p_until time, p_time_zone text, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    local_time time;
BEGIN
    local_time := (p_at AT TIME ZONE p_time_zone)::time;
    RETURN CASE
        WHEN p_from < p_until THEN local_time >= p_from AND local_time < p_until
        ELSE local_time >= p_from OR local_time < p_until
    END;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END
$$;

COMMENT ON FUNCTION flixim.is_quiet(time, time, text, timestamptz) IS 'Whether an instant is within quiet hours.';
