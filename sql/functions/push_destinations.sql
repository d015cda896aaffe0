-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.push_destinations(p_provider)
-- The destinations for which a provider has pushes waiting: steps through the index from one to the next, however many wait for each.

CREATE OR REPLACE FUNCTION flixim.push_destinations(p_provider flixim.push_provider) RETURNS SETOF text
LANGUAGE sql STABLE ROWS 4
BEGIN ATOMIC
    WITH RECURSIVE step AS (
        SELECT (
            SELECT p.destination
            FROM flixim.pushes AS p
            WHERE p.state = 'waiting' AND p.provider = p_provider
            ORDER BY p.destination
            LIMIT 1
        ) AS destination
        UNION ALL
        SELECT (
            SELECT p.destination
            FROM flixim.pushes AS p
            WHERE p.state = 'waiting' AND p.provider = p_provider AND p.destination > s.destination
            ORDER BY p.destination
            LIMIT 1
        )
        FROM step AS s
        WHERE s.destination IS NOT NULL
    )
    SELECT s.destination FROM step AS s WHERE s.destination IS NOT NULL;
END;

COMMENT ON FUNCTION flixim.push_destinations(flixim.push_provider) IS 'The destinations for which a provider has pushes waiting.';
