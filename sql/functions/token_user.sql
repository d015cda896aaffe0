-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.token_user(p_token_digest)
-- Whom an opaque token names, or NULL where identify() would refuse it: for the log line of a request, whose statement has it as
-- a column beside the answer. NULL for NULL, which a JWT gives, costs no call.

CREATE OR REPLACE FUNCTION flixim.token_user(p_token_digest bytea) RETURNS uuid
LANGUAGE plpgsql STRICT STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT t.user_id
        FROM flixim.tokens AS t
        CROSS JOIN LATERAL flixim.find_user(t.user_id) AS u
        WHERE t.token_digest = p_token_digest
            AND t.revoked_at IS NULL
            AND t.expires_at > clock_timestamp()
            AND t.issued_at >= u.tokens_valid_from
    );
END
$$;

COMMENT ON FUNCTION flixim.token_user(bytea) IS 'Whom a live opaque token names, or NULL.';
