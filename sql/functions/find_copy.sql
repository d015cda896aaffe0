-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.find_copy(p_user_id, p_message_type, p_message_id)
-- What a user sees of a message, or none.
-- OFFSET 0 keeps it a lookup by key for each row that asks: merged into the query, the planner might begin with this table, and
-- read all that a user or a conversation has, when it thinks that this is little.

CREATE OR REPLACE FUNCTION flixim.find_copy(p_user_id uuid, p_message_type flixim.message_type, p_message_id uuid) RETURNS SETOF flixim.user_messages
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT x.* FROM flixim.user_messages AS x WHERE x.user_id = p_user_id AND x.message_type = p_message_type AND x.message_id = p_message_id OFFSET 0;
END;

COMMENT ON FUNCTION flixim.find_copy(uuid, flixim.message_type, uuid) IS 'What a user sees of a message, or none.';
