-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.list_dead_pushes(p_limit, p_before)
-- For the administrator: pushes that were given up, newest first, with the reason. p_before: the last row's ended_at, for the next page.

CREATE OR REPLACE FUNCTION flixim.list_dead_pushes(p_limit integer DEFAULT 100, p_before timestamptz DEFAULT NULL)
RETURNS TABLE (
    id uuid,
    user_id uuid,
    device_id uuid,
    provider flixim.push_provider,
    message_id uuid,
    attempts integer,
    reason text,
    inserted_at timestamptz,
    ended_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT p.id, p.user_id, p.device_id, p.provider, p.message_id, p.attempts, p.reason, p.inserted_at, p.ended_at
    FROM flixim.pushes AS p
    WHERE p.state = 'dead' AND p.ended_at < coalesce(p_before, 'infinity')
    ORDER BY p.ended_at DESC
    FETCH FIRST (p_limit) ROWS WITH TIES;
END
$$;

COMMENT ON FUNCTION flixim.list_dead_pushes(integer, timestamptz) IS 'Pushes that were given up, newest first.';
