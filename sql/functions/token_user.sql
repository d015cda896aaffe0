-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.token_user(p_token_digest)
-- Whom an opaque token names, or NULL where identify() refuses it: httpd's children ask when they first meet a token, for their
-- log. NULL for NULL, which a JWT gives, costs no call.

CREATE OR REPLACE FUNCTION flixim.token_user(p_token_digest bytea) RETURNS uuid
LANGUAGE plpgsql STRICT STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (flixim.identify(ROW(NULL, NULL, NULL, p_token_digest)::flixim.caller)).user_id;
END
$$;

COMMENT ON FUNCTION flixim.token_user(bytea) IS 'Whom a live opaque token names, or NULL.';
