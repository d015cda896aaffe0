-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.visible_conversation(p_user_id, p_conversation_id)
-- The key of a conversation that the user is a member of and may see, or NULL.

CREATE OR REPLACE FUNCTION flixim.visible_conversation(p_user_id uuid, p_conversation_id text) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT c.id
        FROM flixim.conversations AS c
        JOIN flixim.members AS m ON m.conversation = c.id AND m.user_id = p_user_id
        WHERE c.conversation_id = p_conversation_id AND m.recent_at IS NOT NULL
    );
END
$$;

COMMENT ON FUNCTION flixim.visible_conversation(uuid, text) IS 'The key of a conversation that the user may see, or NULL.';
