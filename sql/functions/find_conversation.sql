-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.find_conversation(p_id)
-- The row of a conversation, or none.
-- OFFSET 0 keeps it a lookup by key for each row that asks: merged into the query, the planner might begin with this table, and
-- read all that a user or a conversation has, when it thinks that this is little.

CREATE OR REPLACE FUNCTION flixim.find_conversation(p_id uuid) RETURNS SETOF flixim.conversations
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT x.* FROM flixim.conversations AS x WHERE x.id = p_id OFFSET 0;
END;

COMMENT ON FUNCTION flixim.find_conversation(uuid) IS 'The row of a conversation, or none.';
