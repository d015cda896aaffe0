-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.withdraw_message(p_caller, p_message_id, p_origin)
-- Takes a message back for everybody: its content becomes {}, unread counters fall, every participant is told.
-- One row: ok (again: ok), with the message as the sender sees it; withdraw_window_closed; forbidden to who received it;
-- message_not_found. Whoever deleted the message keeps it deleted.
-- Locks the participants and the sender.

CREATE OR REPLACE FUNCTION flixim.withdraw_message(p_caller flixim.caller, p_message_id uuid, p_origin uuid DEFAULT NULL)
RETURNS flixim.message_answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    answer flixim.message_answer;
    now_ms timestamptz;
    ms CONSTANT interval := '1 millisecond';
BEGIN
    answer := flixim.get_message(p_caller, p_message_id);
    IF answer.outcome = 'ok' AND answer.sender_id <> me THEN
        answer := NULL;
        answer.outcome := 'forbidden';
    END IF;
    IF answer.outcome <> 'ok' THEN
        RETURN answer;
    END IF;

    PERFORM flixim.lock_users(ARRAY(
        SELECT member.user_id
        FROM flixim.messages AS m
        JOIN flixim.members AS member ON member.conversation = m.conversation
        WHERE m.id = p_message_id
        UNION
        SELECT me
    ), true);
    now_ms := date_trunc('milliseconds', clock_timestamp());

    answer := flixim.get_message(p_caller, p_message_id);
    IF answer.outcome <> 'ok' OR answer.status = 'withdrawn' THEN
        RETURN answer;
    END IF;
    IF now_ms > answer.inserted_at + (SELECT s.withdraw_window FROM flixim.settings AS s) THEN
        answer := NULL;
        answer.outcome := 'withdraw_window_closed';
        RETURN answer;
    END IF;

    WITH copy AS MATERIALIZED (
        SELECT v.user_id, m.conversation, m.message_type, v.status, greatest(now_ms, u.last_event_at + ms) AS stamp
        FROM flixim.messages AS m
        CROSS JOIN LATERAL (
            SELECT member.user_id FROM flixim.members AS member WHERE member.conversation = m.conversation
            UNION
            SELECT me
        ) AS told
        CROSS JOIN LATERAL flixim.find_copy(told.user_id, m.message_type, m.id) AS v
        CROSS JOIN LATERAL flixim.find_user(told.user_id) AS u
        WHERE m.id = p_message_id
    ),
    written_message AS (
        UPDATE flixim.messages AS m
        SET content = '{}', withdrawn_at = now_ms
        WHERE m.id = p_message_id
    ),
    written_copy AS (
        UPDATE flixim.user_messages AS v
        SET status = 'withdrawn', changed_at = c.stamp
        FROM copy AS c
        WHERE v.user_id = c.user_id AND v.message_type = c.message_type AND v.message_id = p_message_id
            AND c.status <> 'deleted'
    ),
    written_event AS (
        INSERT INTO flixim.events (target_user_id, stamp, id, event_type, status, message_id, origin)
        SELECT c.user_id, c.stamp, flixim.uuid_v7(c.stamp), 'message_recalled', 'withdrawn', p_message_id,
            CASE WHEN c.user_id = me THEN p_origin END
        FROM copy AS c
    ),
    written_member AS (
        UPDATE flixim.members AS m
        SET unread_count = m.unread_count - 1, updated_at = c.stamp
        FROM copy AS c
        WHERE m.conversation = c.conversation AND m.user_id = c.user_id AND c.status = 'unread'
    )
    UPDATE flixim.users AS u
    SET last_event_at = c.stamp,
        unread_system_notification = u.unread_system_notification
            - (c.status = 'unread' AND c.message_type = 'system_notification')::integer,
        unread_system_announcement = u.unread_system_announcement
            - (c.status = 'unread' AND c.message_type = 'system_announcement')::integer,
        unread_interaction = u.unread_interaction
            - (c.status = 'unread' AND c.message_type = 'interaction')::integer,
        unread_private_message = u.unread_private_message
            - (c.status = 'unread' AND c.message_type = 'private_message')::integer
    FROM copy AS c
    WHERE u.user_id = c.user_id;

    PERFORM flixim.wake_listeners();
    RETURN flixim.get_message(p_caller, p_message_id);
END
$$;

COMMENT ON FUNCTION flixim.withdraw_message(flixim.caller, uuid, uuid) IS 'PUT /messages/{id}/withdraw and the channel''s withdraw_message.';
