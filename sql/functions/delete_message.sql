-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.delete_message(p_caller, p_message_id, p_origin)
-- DELETE /messages/{id}: gone for the caller alone, without a receipt to anybody; the caller's other connections are told.
-- ok or message_not_found, also for what is deleted already. Locks the caller.

CREATE OR REPLACE FUNCTION flixim.delete_message(p_caller flixim.caller, p_message_id uuid, p_origin uuid DEFAULT NULL)
RETURNS flixim.outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    mine record;
    new_stamp timestamptz;
BEGIN
    IF me IS NULL THEN
        RETURN 'invalid_token';
    END IF;

    PERFORM flixim.lock_users(ARRAY[me], true);
    SELECT m.conversation, v.message_type, v.status INTO mine
    FROM flixim.find_message(p_message_id) AS m
    CROSS JOIN LATERAL flixim.find_copy(me, m.message_type, m.id) AS v
    WHERE v.status <> 'deleted';
    IF NOT FOUND THEN
        RETURN 'message_not_found';
    END IF;

    UPDATE flixim.users AS u
    SET last_event_at = greatest(date_trunc('milliseconds', clock_timestamp()), u.last_event_at + interval '1 millisecond'),
        unread_system_notification = u.unread_system_notification
            - (mine.status = 'unread' AND mine.message_type = 'system_notification')::integer,
        unread_system_announcement = u.unread_system_announcement
            - (mine.status = 'unread' AND mine.message_type = 'system_announcement')::integer,
        unread_interaction = u.unread_interaction
            - (mine.status = 'unread' AND mine.message_type = 'interaction')::integer,
        unread_private_message = u.unread_private_message
            - (mine.status = 'unread' AND mine.message_type = 'private_message')::integer
    WHERE u.user_id = me
    RETURNING u.last_event_at INTO new_stamp;

    UPDATE flixim.user_messages AS v
    SET status = 'deleted', changed_at = new_stamp
    WHERE v.user_id = me AND v.message_type = mine.message_type AND v.message_id = p_message_id;

    IF mine.status = 'unread' THEN
        UPDATE flixim.members AS m
        SET unread_count = m.unread_count - 1, updated_at = new_stamp
        WHERE m.conversation = mine.conversation AND m.user_id = me;
    END IF;

    INSERT INTO flixim.events (target_user_id, stamp, id, event_type, status, message_id, origin)
    VALUES (me, new_stamp, flixim.uuid_v7(new_stamp), 'message_status_update', 'deleted', p_message_id, p_origin);

    PERFORM flixim.wake_listeners();
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION flixim.delete_message(flixim.caller, uuid, uuid) IS 'DELETE /messages/{id}.';
