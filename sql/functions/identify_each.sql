-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.identify_each(p_user_ids, p_issued_at, p_token_digests)
-- What identify() says, for many callers at once: a row for each, in any order, by its ordinal. user_id NULL: the token does not count.
-- is_known: the user has a row.

CREATE OR REPLACE FUNCTION flixim.identify_each(p_user_ids uuid[], p_issued_at timestamptz[], p_token_digests bytea[])
RETURNS TABLE (ordinal bigint, user_id uuid, is_known boolean, expires_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        named.ordinal,
        CASE WHEN known.tokens_valid_from > coalesce(named.issued_at, '-infinity') THEN NULL ELSE named.user_id END,
        known.user_id IS NOT NULL,
        named.expires_at
    FROM (
        SELECT
            given.ordinal,
            CASE WHEN given.token_digest IS NULL THEN given.user_id ELSE token.user_id END AS user_id,
            CASE WHEN given.token_digest IS NULL THEN given.issued_at ELSE token.issued_at END AS issued_at,
            token.expires_at
        FROM unnest(p_user_ids, p_issued_at, p_token_digests)
            WITH ORDINALITY AS given (user_id, issued_at, token_digest, ordinal)
        LEFT JOIN LATERAL (
            SELECT t.user_id, t.issued_at, t.expires_at
            FROM flixim.tokens AS t
            WHERE t.token_digest = given.token_digest AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp()
            OFFSET 0
        ) AS token ON true
        OFFSET 0
    ) AS named
    LEFT JOIN LATERAL flixim.find_user(named.user_id) AS known ON true;
END;

COMMENT ON FUNCTION flixim.identify_each(uuid[], timestamptz[], bytea[]) IS 'The callers as the database knows them; user_id NULL where the token does not count.';
