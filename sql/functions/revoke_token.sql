-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.revoke_token(p_token_digest)
-- For the administrator: ends one opaque token, named by the SHA-256 of its text. Daemons judge the user's connections again.
-- Returns whether there was such a token to end.

CREATE OR REPLACE FUNCTION flixim.revoke_token(p_token_digest bytea) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    whose uuid;
BEGIN
    SELECT t.user_id INTO whose FROM flixim.tokens AS t WHERE t.token_digest = p_token_digest AND t.revoked_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    PERFORM flixim.lock_users(ARRAY[whose], true);
    UPDATE flixim.tokens AS t SET revoked_at = clock_timestamp() WHERE t.token_digest = p_token_digest;
    PERFORM flixim.announce_revocation(whose);
    RETURN true;
END
$$;

COMMENT ON FUNCTION flixim.revoke_token(bytea) IS 'Ends one opaque token.';
