-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.find_push(p_push_id)
-- The row of a push, or none.
-- OFFSET 0 keeps it a lookup by key for each row that asks: merged into the query, the planner might take an index of all that wait.

CREATE OR REPLACE FUNCTION flixim.find_push(p_push_id uuid) RETURNS SETOF flixim.pushes
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT x.* FROM flixim.pushes AS x WHERE x.id = p_push_id OFFSET 0;
END;

COMMENT ON FUNCTION flixim.find_push(uuid) IS 'The row of a push, or none.';
