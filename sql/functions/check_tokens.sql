-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.check_tokens(one array per field of a caller)
-- check_token() for many callers at once, and whom the opaque tokens name: a row for each, in the order given, with outcome ok or
-- invalid_token.

CREATE OR REPLACE FUNCTION flixim.check_tokens(
    p_user_ids uuid[],
    p_issued_at timestamptz[],
    p_is_system boolean[],
    p_token_digests bytea[]
) RETURNS TABLE (outcome flixim.outcome, user_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        CASE WHEN c.user_id IS NULL THEN 'invalid_token' ELSE 'ok' END::flixim.outcome,
        CASE WHEN p_token_digests[c.ordinal] IS NOT NULL THEN c.user_id END
    FROM flixim.identify_each(p_user_ids, p_issued_at, p_token_digests) AS c
    ORDER BY c.ordinal;
END
$$;

COMMENT ON FUNCTION flixim.check_tokens(uuid[], timestamptz[], boolean[], bytea[]) IS 'Judges the tokens of many callers.';
