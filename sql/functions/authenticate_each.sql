-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.authenticate_each(one array per field of a caller)
-- authenticate() for many callers at once: a row for each, in the order given, with an outcome of its own. It waits for nobody: a
-- caller whose row somebody else is about to make comes back busy.
-- expires_at and live_from are those of authenticate(), issued_at and is_system are left out: nobody is issued a token.

CREATE OR REPLACE FUNCTION flixim.authenticate_each(
    p_user_ids uuid[],
    p_issued_at timestamptz[],
    p_is_system boolean[],
    p_token_digests bytea[]
) RETURNS TABLE (outcome flixim.outcome, user_id uuid, expires_at timestamptz, live_from timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_user_ids uuid[];
    found_expires_at timestamptz[];
    missing uuid[];
BEGIN
    SELECT
        array_agg(c.user_id ORDER BY c.ordinal),
        array_agg(c.expires_at ORDER BY c.ordinal),
        array_agg(c.user_id) FILTER (WHERE c.user_id IS NOT NULL AND NOT c.is_known)
    INTO found_user_ids, found_expires_at, missing
    FROM flixim.identify_each(p_user_ids, p_issued_at, p_token_digests) AS c;

    IF missing IS NOT NULL THEN
        PERFORM flixim.try_add_users(missing);
    END IF;

    RETURN QUERY
    SELECT
        CASE
            WHEN c.user_id IS NULL THEN 'invalid_token'
            WHEN u.user_id IS NULL THEN 'busy'
            ELSE 'ok'
        END::flixim.outcome,
        u.user_id,
        CASE WHEN u.user_id IS NOT NULL THEN c.expires_at END,
        flixim.newest_position(u.last_event_at, u.inserted_at, s.event_floor)
    FROM unnest(found_user_ids, found_expires_at) WITH ORDINALITY AS c (user_id, expires_at, ordinal)
    CROSS JOIN (SELECT flixim.event_floor() AS event_floor OFFSET 0) AS s
    LEFT JOIN LATERAL flixim.find_user(c.user_id) AS u ON true
    ORDER BY c.ordinal;
END
$$;

COMMENT ON FUNCTION flixim.authenticate_each(uuid[], timestamptz[], boolean[], bytea[]) IS 'Judges the tokens of many callers, for connections that will live.';
