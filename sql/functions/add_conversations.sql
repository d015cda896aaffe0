-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.add_conversations(p_conversations, p_user_ids)
-- Makes the conversations that are missing, with their members (not yet visible to any of them), and the user rows that are
-- missing: of the members and of p_user_ids (senders who are no members; may be NULL).
-- Before any lock is taken, conversations before users, each in the order of its key: see lock_conversations().

CREATE OR REPLACE FUNCTION flixim.add_conversations(
    p_conversations flixim.new_conversation[],
    p_user_ids uuid[]
) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    now_ms timestamptz := date_trunc('milliseconds', clock_timestamp());
BEGIN
    PERFORM flixim.require_read_committed();

    WITH made_conversation AS (
        INSERT INTO flixim.conversations (id, conversation_id, type, inserted_at)
        SELECT flixim.uuid_v7(now_ms), wanted.conversation_id, wanted.type, now_ms
        FROM (
            SELECT DISTINCT n.conversation_id, n.type
            FROM unnest(p_conversations) AS n
            ORDER BY n.conversation_id
        ) AS wanted
        ON CONFLICT DO NOTHING
        RETURNING id, conversation_id
    )
    INSERT INTO flixim.members (conversation, user_id, id, inserted_at, updated_at)
    SELECT DISTINCT ON (made_conversation.id, member.user_id)
        made_conversation.id, member.user_id, flixim.uuid_v7(now_ms), now_ms, now_ms
    FROM made_conversation
    JOIN unnest(p_conversations) AS n ON n.conversation_id = made_conversation.conversation_id
    CROSS JOIN unnest(n.user_ids) AS member (user_id);

    -- One call for all of them: two would break the order.
    PERFORM flixim.add_users(p_user_ids || ARRAY(
        SELECT member.user_id
        FROM unnest(p_conversations) AS n
        CROSS JOIN unnest(n.user_ids) AS member (user_id)
    ));
END
$$;

COMMENT ON FUNCTION flixim.add_conversations(flixim.new_conversation[], uuid[]) IS 'Makes the conversations and users that are missing.';
