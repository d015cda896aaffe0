-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.conversation_rows(p_viewer_id, p_conversations)
-- The conversations named by key, in that order, as a member sees them. The preview is the newest message that the member still
-- has and that is not withdrawn.

CREATE OR REPLACE FUNCTION flixim.conversation_rows(p_viewer_id uuid, p_conversations uuid[])
RETURNS SETOF flixim.conversation_answer
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NULL::flixim.outcome, NULL::text, NULL::text, c.id, c.conversation_id, c.type,
        ARRAY(SELECT p.user_id FROM flixim.members AS p WHERE p.conversation = c.id ORDER BY p.user_id),
        latest.id, flixim.preview(latest.content_type, latest.content), latest.server_timestamp,
        c.inserted_at, coalesce(c.last_message_at, c.inserted_at),
        m.unread_count, m.is_pinned, m.is_muted, m.last_read_message_id, m.draft
    FROM unnest(p_conversations) WITH ORDINALITY AS wanted (id, place)
    CROSS JOIN LATERAL flixim.find_conversation(wanted.id) AS c
    CROSS JOIN LATERAL (
        SELECT x.* FROM flixim.members AS x WHERE x.conversation = c.id AND x.user_id = p_viewer_id OFFSET 0
    ) AS m
    LEFT JOIN LATERAL (
        SELECT message.id, message.content_type, message.content, message.server_timestamp
        FROM flixim.messages AS message
        CROSS JOIN LATERAL flixim.find_copy(p_viewer_id, message.message_type, message.id) AS v
        WHERE message.conversation = c.id AND message.withdrawn_at IS NULL AND v.status <> 'deleted'
        ORDER BY message.id DESC
        LIMIT 1
    ) AS latest ON true
    ORDER BY wanted.place;
END;

COMMENT ON FUNCTION flixim.conversation_rows(uuid, uuid[]) IS 'Conversations in the order named, as one member sees them.';
