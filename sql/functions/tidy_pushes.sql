-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.tidy_pushes(p_at)
-- Takes away pushes that were sent a day ago and dead ones after 30 days, and gives up those that nobody tried for their
-- lifetime, which are of a provider that no daemon serves. A thousand of each at a time; what is in use now can wait.

CREATE OR REPLACE FUNCTION flixim.tidy_pushes(p_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    batch CONSTANT integer := 1000;
    lifetime interval := (SELECT s.push_lifetime FROM flixim.settings AS s);
BEGIN
    DELETE FROM flixim.pushes AS p
    WHERE p.id = ANY (ARRAY(
        SELECT old.id
        FROM (VALUES
            ('sent'::flixim.push_state, interval '1 day'),
            ('dead', interval '30 days')
        ) AS kept (state, for_time)
        CROSS JOIN LATERAL (
            SELECT x.id
            FROM flixim.pushes AS x
            WHERE x.state = kept.state AND x.state <> 'waiting' AND x.ended_at < p_at - kept.for_time
            ORDER BY x.ended_at
            LIMIT batch
            FOR UPDATE SKIP LOCKED
        ) AS old
    ));

    UPDATE flixim.pushes AS p
    SET state = 'dead', reason = 'expired: nobody tried', ended_at = p_at, claimed_by = NULL
    WHERE p.id = ANY (ARRAY(
        SELECT old.id
        FROM unnest(enum_range(NULL::flixim.push_provider)) AS each (provider)
        CROSS JOIN LATERAL flixim.push_destinations(each.provider) AS found (destination)
        CROSS JOIN LATERAL (
            SELECT x.id
            FROM flixim.pushes AS x
            WHERE x.state = 'waiting' AND x.provider = each.provider AND x.destination = found.destination
                AND x.due_at < p_at - lifetime
            ORDER BY x.due_at
            LIMIT batch
            FOR UPDATE SKIP LOCKED
        ) AS old
    ));
END
$$;

COMMENT ON FUNCTION flixim.tidy_pushes(timestamptz) IS 'Takes away pushes that are long over, and gives up those that nobody tries.';
