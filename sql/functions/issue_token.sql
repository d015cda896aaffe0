-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.issue_token(p_user_id, p_is_system, p_lifetime)
-- For the administrator: a new opaque token for a user. Its text is returned this once and kept nowhere; 244 of its bits are random.

CREATE OR REPLACE FUNCTION flixim.issue_token(
    p_user_id uuid,
    p_is_system boolean DEFAULT false,
    p_lifetime interval DEFAULT '1 day'
) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    secret text := 'flx_' || translate(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    now_at timestamptz := clock_timestamp();
BEGIN
    IF p_user_id IS NULL OR p_is_system IS NULL OR (p_lifetime > '0') IS NOT TRUE THEN
        RAISE EXCEPTION 'a token needs a user, a scope and a lifetime above zero'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    PERFORM flixim.add_users(ARRAY[p_user_id]);
    INSERT INTO flixim.tokens (token_digest, user_id, is_system, issued_at, expires_at)
    SELECT sha256(convert_to(secret, 'UTF8')), u.user_id, p_is_system,
        -- A revocation counts to the end of its second; a token issued after it must not fall under it.
        greatest(now_at, u.tokens_valid_from), now_at + p_lifetime
    FROM flixim.users AS u
    WHERE u.user_id = p_user_id;
    RETURN secret;
END
$$;

COMMENT ON FUNCTION flixim.issue_token(uuid, boolean, interval) IS 'A new opaque token for a user; its text is returned this once.';
