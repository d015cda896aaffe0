-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.unread_ids(p_user_id, p_conversation, p_up_to, p_bound, p_limit)
-- For read_chunk: at most p_limit of the user's unread messages that were there at p_bound: the oldest of all; or, where
-- p_conversation is given, the newest of that conversation up to the message p_up_to.

CREATE OR REPLACE FUNCTION flixim.unread_ids(
    p_user_id uuid,
    p_conversation uuid,
    p_up_to uuid,
    p_bound timestamptz,
    p_limit integer
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
            LIMIT p_limit
        );
    END IF;

    -- Through the user's unread messages of that type, newest first, until the count says that this conversation's are found.
    RETURN ARRAY(
        SELECT v.message_id
        FROM flixim.user_messages AS v
        WHERE v.user_id = p_user_id
            AND v.status = 'unread'
            AND v.message_type = (SELECT m.message_type FROM flixim.find_message(p_up_to) AS m)
            AND v.message_id <= p_up_to
            AND v.conversation = p_conversation
            AND v.changed_at <= p_bound
        ORDER BY v.message_id DESC
        LIMIT least(p_limit, (
            SELECT m.unread_count FROM flixim.members AS m
            WHERE m.conversation = p_conversation AND m.user_id = p_user_id
        ))
    );
END
$$;

COMMENT ON FUNCTION flixim.unread_ids(uuid, uuid, uuid, timestamptz, integer) IS 'Some of a user''s unread messages.';
