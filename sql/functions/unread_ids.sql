-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.unread_ids(p_user_id, p_conversation, p_up_to, p_bound)
-- For read_chunk: at most 500 of the user's unread messages that were there at p_bound; where p_conversation is given, of that
-- conversation and up to the message p_up_to.

CREATE OR REPLACE FUNCTION flixim.unread_ids(
    p_user_id uuid,
    p_conversation uuid,
    p_up_to uuid,
    p_bound timestamptz
) RETURNS uuid[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_sort = off
AS $$
BEGIN
    IF p_conversation IS NULL THEN
        RETURN ARRAY(
            SELECT v.message_id
            FROM flixim.user_messages AS v
            WHERE v.user_id = p_user_id AND v.status = 'unread' AND v.changed_at <= p_bound
            ORDER BY v.message_type, v.message_id
            LIMIT 500
        );
    END IF;

    -- The unread ones are mostly the newest: looking from there, the count says when the last of them is found.
    RETURN ARRAY(
        SELECT unread.message_id
        FROM (
            SELECT v.message_id, v.changed_at
            FROM flixim.messages AS m
            CROSS JOIN LATERAL flixim.find_copy(p_user_id, m.message_type, m.id) AS v
            WHERE m.conversation = p_conversation AND v.status = 'unread'
            ORDER BY m.id DESC
            LIMIT (
                SELECT member.unread_count FROM flixim.members AS member
                WHERE member.conversation = p_conversation AND member.user_id = p_user_id
            )
        ) AS unread
        WHERE unread.message_id <= p_up_to AND unread.changed_at <= p_bound
        ORDER BY unread.message_id
        LIMIT 500
    );
END
$$;

COMMENT ON FUNCTION flixim.unread_ids(uuid, uuid, uuid, timestamptz) IS 'At most 500 of a user''s unread messages.';
