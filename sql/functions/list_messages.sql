-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.list_messages(p_caller, p_limit, p_offset, p_message_type, p_status, p_before_id, p_before)
-- GET /messages: what the caller sent and received, newest first.
-- p_message_type, p_status:  NULL: any, but deleted messages are listed under status deleted only; sent is no filter
-- p_before_id:               pages by key: ids below it; p_before: server_timestamp before it; NULL: from the newest
-- Returns a head and the messages. Reads p_offset + p_limit index entries and one per branch, and those of deleted messages between.

CREATE OR REPLACE FUNCTION flixim.list_messages(
    p_caller flixim.caller,
    p_limit integer DEFAULT 50,
    p_offset integer DEFAULT 0,
    p_message_type flixim.message_type DEFAULT NULL,
    p_status flixim.message_status DEFAULT NULL,
    p_before_id uuid DEFAULT NULL,
    p_before timestamptz DEFAULT NULL
) RETURNS SETOF flixim.message_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_sort = off
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    below uuid := least(p_before_id, flixim.uuid_v7_floor(p_before), 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    answer flixim.message_answer;
BEGIN
    answer := flixim.list_head(me, p_limit, p_offset);
    IF answer.outcome = 'ok' AND p_status = 'sent' THEN
        answer.outcome := 'invalid';
        answer.field := 'status';
        answer.rule := 'no_filter';
    END IF;
    RETURN NEXT answer;
    IF answer.outcome <> 'ok' THEN
        RETURN;
    END IF;

    -- One branch per message type, each an ordered range of an index: the merge stops when the page is full. A generic plan does
    -- not know the limit and might rather read all and sort, hence enable_sort = off.
    IF p_status IS NULL THEN
        RETURN QUERY
        SELECT r.*
        FROM (
            SELECT branch.*
            FROM (
                (SELECT v.message_id, v.status, v.changed_at FROM flixim.user_messages AS v
                WHERE (p_message_type IS NULL OR p_message_type = 'system_notification')
                    AND v.user_id = me AND v.message_type = 'system_notification' AND v.message_id < below
                    AND v.status <> 'deleted'
                ORDER BY v.message_id DESC)
                UNION ALL
                (SELECT v.message_id, v.status, v.changed_at FROM flixim.user_messages AS v
                WHERE (p_message_type IS NULL OR p_message_type = 'system_announcement')
                    AND v.user_id = me AND v.message_type = 'system_announcement' AND v.message_id < below
                    AND v.status <> 'deleted'
                ORDER BY v.message_id DESC)
                UNION ALL
                (SELECT v.message_id, v.status, v.changed_at FROM flixim.user_messages AS v
                WHERE (p_message_type IS NULL OR p_message_type = 'interaction')
                    AND v.user_id = me AND v.message_type = 'interaction' AND v.message_id < below
                    AND v.status <> 'deleted'
                ORDER BY v.message_id DESC)
                UNION ALL
                (SELECT v.message_id, v.status, v.changed_at FROM flixim.user_messages AS v
                WHERE (p_message_type IS NULL OR p_message_type = 'private_message')
                    AND v.user_id = me AND v.message_type = 'private_message' AND v.message_id < below
                    AND v.status <> 'deleted'
                ORDER BY v.message_id DESC)
            ) AS branch
            ORDER BY branch.message_id DESC
            OFFSET p_offset LIMIT p_limit
        ) AS page
        CROSS JOIN LATERAL flixim.message_row(page.message_id, page.status, page.changed_at) AS r
        ORDER BY page.message_id DESC;
    ELSE
        RETURN QUERY
        SELECT r.*
        FROM (
            SELECT branch.*
            FROM (
                (SELECT v.message_id, v.status, v.changed_at FROM flixim.user_messages AS v
                WHERE (p_message_type IS NULL OR p_message_type = 'system_notification')
                    AND v.user_id = me AND v.message_type = 'system_notification' AND v.message_id < below
                    AND v.status = p_status AND v.status <> 'sent'
                ORDER BY v.message_id DESC)
                UNION ALL
                (SELECT v.message_id, v.status, v.changed_at FROM flixim.user_messages AS v
                WHERE (p_message_type IS NULL OR p_message_type = 'system_announcement')
                    AND v.user_id = me AND v.message_type = 'system_announcement' AND v.message_id < below
                    AND v.status = p_status AND v.status <> 'sent'
                ORDER BY v.message_id DESC)
                UNION ALL
                (SELECT v.message_id, v.status, v.changed_at FROM flixim.user_messages AS v
                WHERE (p_message_type IS NULL OR p_message_type = 'interaction')
                    AND v.user_id = me AND v.message_type = 'interaction' AND v.message_id < below
                    AND v.status = p_status AND v.status <> 'sent'
                ORDER BY v.message_id DESC)
                UNION ALL
                (SELECT v.message_id, v.status, v.changed_at FROM flixim.user_messages AS v
                WHERE (p_message_type IS NULL OR p_message_type = 'private_message')
                    AND v.user_id = me AND v.message_type = 'private_message' AND v.message_id < below
                    AND v.status = p_status AND v.status <> 'sent'
                ORDER BY v.message_id DESC)
            ) AS branch
            ORDER BY branch.message_id DESC
            OFFSET p_offset LIMIT p_limit
        ) AS page
        CROSS JOIN LATERAL flixim.message_row(page.message_id, page.status, page.changed_at) AS r
        ORDER BY page.message_id DESC;
    END IF;
END
$$;

COMMENT ON FUNCTION flixim.list_messages(
    flixim.caller, integer, integer, flixim.message_type, flixim.message_status, uuid, timestamptz
) IS 'GET /messages: what the caller sent and received, newest first.';
