-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.mark_read(p_caller, p_message_id, p_origin)
-- PUT /messages/{id}/read. Idempotent: a message that is read or withdrawn already comes back as it is.
-- One row: the message as the caller sees it; forbidden to its sender; message_not_found.

CREATE OR REPLACE FUNCTION flixim.mark_read(p_caller flixim.caller, p_message_id uuid, p_origin uuid DEFAULT NULL)
RETURNS flixim.message_answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    answer flixim.message_answer;
BEGIN
    answer := flixim.get_message(p_caller, p_message_id);
    IF answer.outcome <> 'ok' THEN
        RETURN answer;
    END IF;
    IF answer.sender_id = me AND answer.receiver_id IS DISTINCT FROM me THEN
        answer := NULL;
        answer.outcome := 'forbidden';
        RETURN answer;
    END IF;

    IF answer.status = 'unread' THEN
        PERFORM flixim.apply_read(me, ARRAY[p_message_id], p_origin);
        -- As it is now: it may have been withdrawn or deleted while this waited.
        answer := flixim.get_message(p_caller, p_message_id);
    END IF;
    RETURN answer;
END
$$;

COMMENT ON FUNCTION flixim.mark_read(flixim.caller, uuid, uuid) IS 'PUT /messages/{id}/read.';
