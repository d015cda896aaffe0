-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.find_user(p_user_id)
-- The row of a user, or none.
-- OFFSET 0 keeps it a lookup by key for each row that asks: merged into the query, the planner might begin with this table, and
-- read all that a user or a conversation has, when it thinks that this is little.

CREATE OR REPLACE FUNCTION flixim.find_user(p_user_id uuid) RETURNS SETOF flixim.users
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT x.* FROM flixim.users AS x WHERE x.user_id = p_user_id OFFSET 0;
END;

COMMENT ON FUNCTION flixim.find_user(uuid) IS 'The row of a user, or none.';
