-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.revoke_user_tokens(p_user_id)
-- For the administrator: ends every token of a user issued until now, JWTs too. Daemons judge the user's connections again, and the
-- devices that were registered until now get no pushes any more, until they are registered again: any of them may be that of a thief.
-- A JWT's iat has whole seconds, so the second of the revocation counts as before it. The millisecond is for a token issued for the
-- time after a revocation that is revoked again within that second. Returns from when on tokens are valid.

CREATE OR REPLACE FUNCTION flixim.revoke_user_tokens(p_user_id uuid) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    valid_from timestamptz;
BEGIN
    PERFORM flixim.add_users(ARRAY[p_user_id]);
    PERFORM flixim.lock_users(ARRAY[p_user_id], true);
    UPDATE flixim.users AS u
    SET tokens_valid_from = greatest(
        date_trunc('second', clock_timestamp()) + interval '1 second',
        u.tokens_valid_from + interval '1 millisecond')
    WHERE u.user_id = p_user_id
    RETURNING u.tokens_valid_from INTO valid_from;
    PERFORM flixim.announce_revocation(p_user_id);
    RETURN valid_from;
END
$$;

COMMENT ON FUNCTION flixim.revoke_user_tokens(uuid) IS 'Ends every token of a user issued until now.';
