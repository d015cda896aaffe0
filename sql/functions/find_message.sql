-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.find_message(p_id)
-- The row of a message, or none.
-- OFFSET 0 keeps it a lookup by key for each row that asks: merged into the query, the planner might begin with this table, and
-- read all that a user or a conversation has, when it thinks that this is little.

CREATE OR REPLACE FUNCTION flixim.find_message(p_id uuid) RETURNS SETOF flixim.messages
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT x.* FROM flixim.messages AS x WHERE x.id = p_id OFFSET 0;
END;

COMMENT ON FUNCTION flixim.find_message(uuid) IS 'The row of a message, or none.';
