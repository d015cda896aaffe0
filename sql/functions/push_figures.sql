-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.push_figures()
-- How many pushes of each provider wait, how many of these are due, for how long the oldest has been, and how many are dead.
-- oldest_due_ms: 0 where none is due

CREATE OR REPLACE FUNCTION flixim.push_figures()
RETURNS TABLE (provider flixim.push_provider, waiting bigint, due bigint, oldest_due_ms bigint, dead bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    now_at timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    SELECT each.provider, w.waiting, w.due, coalesce(floor(extract(epoch FROM now_at - w.oldest) * 1000)::bigint, 0), coalesce(d.dead, 0)
    FROM unnest(enum_range(NULL::flixim.push_provider)) AS each (provider)
    CROSS JOIN LATERAL (
        SELECT count(*) AS waiting, count(*) FILTER (WHERE p.due_at <= now_at) AS due,
            min(p.due_at) FILTER (WHERE p.due_at <= now_at) AS oldest
        FROM flixim.pushes AS p
        WHERE p.state = 'waiting' AND p.provider = each.provider
    ) AS w
    LEFT JOIN (
        SELECT p.provider, count(*) AS dead FROM flixim.pushes AS p WHERE p.state = 'dead' GROUP BY p.provider
    ) AS d ON d.provider = each.provider
    ORDER BY each.provider;
END
$$;

COMMENT ON FUNCTION flixim.push_figures() IS 'How many pushes of each provider wait, are due and are dead.';
