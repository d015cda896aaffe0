-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.defer_messages(p_batch, p_conversations, p_user_ids)
-- Marks busy what send_messages() cannot write without waiting: messages that need a row not locked (or not there, as somebody else is
-- about to make it), and everything later of the same sender, whose order must hold.
-- p_conversations and p_user_ids are what was locked. Returns the batch.

CREATE OR REPLACE FUNCTION flixim.defer_messages(
    p_batch flixim.outgoing[],
    p_conversations uuid[],
    p_user_ids uuid[]
) RETURNS flixim.outgoing[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT array_agg(ROW(b.ordinal,
            CASE WHEN b.outcome IS NULL AND b.ordinal >= stuck.ordinal THEN 'busy' ELSE b.outcome END,
            b.field, b.rule, b.sender_id, b.client_message_id, b.conversation_id, b.conversation_type,
            b.conversation, b.is_missing, b.receiver_id, b.message_type, b.content_type, b.content, b.request_digest, b.reference_id,
            b.client_timestamp, b.origin)::flixim.outgoing ORDER BY b.ordinal)
        FROM unnest(p_batch) AS b
        LEFT JOIN (
            SELECT s.sender_id, min(s.ordinal) AS ordinal
            FROM unnest(p_batch) AS s
            WHERE s.outcome IS NULL
                AND (s.is_missing
                    OR (s.conversation = ANY (p_conversations)) IS NOT TRUE
                    OR s.sender_id <> ALL (p_user_ids)
                    OR EXISTS (
                        SELECT FROM flixim.members AS m
                        WHERE m.conversation = s.conversation AND m.user_id <> ALL (p_user_ids)
                    ))
            GROUP BY s.sender_id
        ) AS stuck ON stuck.sender_id = b.sender_id
    );
END
$$;

COMMENT ON FUNCTION flixim.defer_messages(flixim.outgoing[], uuid[], uuid[]) IS 'Marks busy what cannot be written without waiting.';
