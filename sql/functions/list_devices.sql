-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.list_devices(p_caller)
-- GET /devices. A head and the caller's devices, oldest first.

CREATE OR REPLACE FUNCTION flixim.list_devices(p_caller flixim.caller) RETURNS SETOF flixim.device_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    answer flixim.device_answer;
BEGIN
    answer.outcome := CASE WHEN me IS NULL THEN 'invalid_token' ELSE 'ok' END;
    RETURN NEXT answer;
    RETURN QUERY SELECT r.* FROM flixim.device_rows(me) AS r;
END
$$;

COMMENT ON FUNCTION flixim.list_devices(flixim.caller) IS 'GET /devices.';
