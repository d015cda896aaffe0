-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.apply_read(p_reader_id, p_message_ids, p_origin)
-- Marks the reader's unread ones of these messages read; the others are left as they are. At most 1,000 at a time, so that the
-- locks are short. In private conversations the sender is told, and sees read, unless the sender deleted the message.
-- Returns how many were unread. Locks the reader and those senders.

CREATE OR REPLACE FUNCTION flixim.apply_read(p_reader_id uuid, p_message_ids uuid[], p_origin uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    now_ms timestamptz;
    marked integer;
    ms CONSTANT interval := '1 millisecond';
BEGIN
    PERFORM flixim.lock_users(ARRAY(
        SELECT p_reader_id
        UNION
        SELECT m.sender_id
        FROM unnest(p_message_ids) AS wanted (id)
        CROSS JOIN LATERAL flixim.find_message(wanted.id) AS m
        CROSS JOIN LATERAL flixim.find_copy(p_reader_id, m.message_type, m.id) AS v
        CROSS JOIN LATERAL flixim.find_conversation(m.conversation) AS c
        WHERE v.status = 'unread' AND c.type = 'private'
    ), true);
    now_ms := date_trunc('milliseconds', clock_timestamp());

    WITH target AS (
        SELECT m.id AS message_id, m.conversation, m.message_type, m.sender_id, c.type AS conversation_type
        FROM (SELECT DISTINCT w.id FROM unnest(p_message_ids) AS w (id)) AS wanted
        CROSS JOIN LATERAL flixim.find_message(wanted.id) AS m
        CROSS JOIN LATERAL flixim.find_copy(p_reader_id, m.message_type, m.id) AS v
        CROSS JOIN LATERAL flixim.find_conversation(m.conversation) AS c
        WHERE v.status = 'unread'
    ),
    copy AS MATERIALIZED (
        SELECT
            t.message_id,
            t.conversation,
            t.message_type,
            told.user_id,
            told.user_id = p_reader_id AS is_readers,
            greatest(now_ms, u.last_event_at + ms)
                + (row_number() OVER (PARTITION BY told.user_id ORDER BY t.message_id) - 1) * ms AS stamp
        FROM target AS t
        CROSS JOIN LATERAL (
            SELECT p_reader_id AS user_id
            UNION ALL
            SELECT s.user_id
            FROM flixim.find_copy(t.sender_id, t.message_type, t.message_id) AS s
            WHERE t.conversation_type = 'private' AND s.status = 'sent'
        ) AS told
        CROSS JOIN LATERAL flixim.find_user(told.user_id) AS u
    ),
    written_copy AS (
        UPDATE flixim.user_messages AS v
        SET status = 'read', changed_at = c.stamp
        FROM copy AS c
        WHERE v.user_id = c.user_id AND v.message_type = c.message_type AND v.message_id = c.message_id
    ),
    written_event AS (
        INSERT INTO flixim.events (target_user_id, stamp, id, event_type, status, message_id, origin)
        SELECT c.user_id, c.stamp, flixim.uuid_v7(c.stamp), 'message_status_update', 'read', c.message_id,
            CASE WHEN c.is_readers THEN p_origin END
        FROM copy AS c
    ),
    written_member AS (
        UPDATE flixim.members AS m
        SET unread_count = m.unread_count - done.read,
            last_read_message_id = greatest(m.last_read_message_id, done.last_message_id),
            updated_at = done.stamp
        FROM (
            SELECT c.conversation, count(*) AS read, max(c.stamp) AS stamp,
                (array_agg(c.message_id ORDER BY c.message_id DESC))[1] AS last_message_id
            FROM copy AS c
            WHERE c.is_readers
            GROUP BY c.conversation
        ) AS done
        WHERE m.conversation = done.conversation AND m.user_id = p_reader_id
    ),
    written_user AS (
        UPDATE flixim.users AS u
        SET last_event_at = done.stamp,
            unread_system_notification = u.unread_system_notification - done.system_notification,
            unread_system_announcement = u.unread_system_announcement - done.system_announcement,
            unread_interaction = u.unread_interaction - done.interaction,
            unread_private_message = u.unread_private_message - done.private_message
        FROM (
            SELECT c.user_id, max(c.stamp) AS stamp,
                count(*) FILTER (WHERE c.is_readers AND c.message_type = 'system_notification') AS system_notification,
                count(*) FILTER (WHERE c.is_readers AND c.message_type = 'system_announcement') AS system_announcement,
                count(*) FILTER (WHERE c.is_readers AND c.message_type = 'interaction') AS interaction,
                count(*) FILTER (WHERE c.is_readers AND c.message_type = 'private_message') AS private_message
            FROM copy AS c
            GROUP BY c.user_id
        ) AS done
        WHERE u.user_id = done.user_id
    )
    SELECT count(*) FILTER (WHERE c.is_readers) INTO marked FROM copy AS c;

    IF marked > 0 THEN
        PERFORM flixim.wake_listeners();
    END IF;
    RETURN marked;
END
$$;

COMMENT ON FUNCTION flixim.apply_read(uuid, uuid[], uuid) IS 'Marks a reader''s unread ones of these messages read; returns how many.';
