-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.lock_pushes(p_ids)
-- Locks pushes until commit, by device and message, which is the order that all keep who lock several.
-- Each is looked up by its id, then sorted, then locked: asked for in that order at once, the planner may read the whole index that has it.

CREATE OR REPLACE FUNCTION flixim.lock_pushes(p_ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM (
        SELECT p.id
        FROM unnest(p_ids) AS x (id)
        CROSS JOIN LATERAL flixim.find_push(x.id) AS p
        ORDER BY p.device_id, p.message_id
        OFFSET 0
    ) AS ordered
    CROSS JOIN LATERAL (SELECT p.id FROM flixim.pushes AS p WHERE p.id = ordered.id LIMIT 1 FOR UPDATE) AS locked;
END
$$;

COMMENT ON FUNCTION flixim.lock_pushes(uuid[]) IS 'Locks pushes in order until commit.';
