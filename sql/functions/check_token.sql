-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.check_token(p_caller)
-- Judges a token and does nothing else, for requests that are refused before their own call: a bad token wins over all other
-- refusals. ok or invalid_token. Unlike authenticate() it makes no user row.

CREATE OR REPLACE FUNCTION flixim.check_token(p_caller flixim.caller) RETURNS flixim.outcome
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN (flixim.identify(p_caller)).user_id IS NULL THEN 'invalid_token' ELSE 'ok' END;
END
$$;

COMMENT ON FUNCTION flixim.check_token(flixim.caller) IS 'Judges a token, for requests that are refused before their own call.';
