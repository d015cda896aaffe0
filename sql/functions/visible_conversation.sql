-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.visible_conversation(p_user_id, p_conversation_id)
-- The key of a conversation that the user is a member of and may see, or NULL.

CREATE OR REPLACE FUNCTION flixim.visible_conversation(p_user_id uuid, p_conversation_id text) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        -- recent_at is judged in the output: as a condition it would invite the plan that reads all of the user's conversations.
        SELECT CASE WHEN m.recent_at IS NOT NULL THEN c.id END
        FROM flixim.conversations AS c
        JOIN flixim.members AS m ON m.conversation = c.id AND m.user_id = p_user_id
        WHERE c.conversation_id = p_conversation_id
    );
END
$$;

COMMENT ON FUNCTION flixim.visible_conversation(uuid, text) IS 'The key of a conversation that the user may see, or NULL.';
