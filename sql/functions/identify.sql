-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.identify(p_caller)
-- Who asks, checked in every call: an opaque token is looked up, and no token issued before the user's tokens_valid_from counts.
-- Returns the caller with user_id, issued_at and is_system filled in, or with user_id NULL: outcome invalid_token.
-- A user without a row yet is fine: it has nothing to revoke.

CREATE OR REPLACE FUNCTION flixim.identify(p_caller flixim.caller) RETURNS flixim.caller
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_caller flixim.caller := p_caller;
BEGIN
    IF p_caller.token_digest IS NOT NULL THEN
        SELECT t.user_id, t.issued_at, t.is_system, t.token_digest
        INTO found_caller
        FROM flixim.tokens AS t
        CROSS JOIN LATERAL flixim.find_user(t.user_id) AS u
        WHERE t.token_digest = p_caller.token_digest
            AND t.revoked_at IS NULL
            AND t.expires_at > clock_timestamp()
            AND t.issued_at >= u.tokens_valid_from;
    ELSIF EXISTS (
        SELECT FROM flixim.users AS u
        WHERE u.user_id = found_caller.user_id
            AND u.tokens_valid_from > coalesce(found_caller.issued_at, '-infinity')
    ) THEN
        found_caller.user_id := NULL;
    END IF;

    RETURN found_caller;
END
$$;

COMMENT ON FUNCTION flixim.identify(flixim.caller) IS 'The caller as the database knows it; user_id NULL when the token does not count.';
