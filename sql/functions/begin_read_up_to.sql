-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.begin_read_up_to(p_caller, p_conversation_id, p_up_to)
-- What mark_read_up_to begins with: judges the request, notes how far the caller has read (also where nothing is unread), and
-- gives the conversation's key and the bound of read_bound().
-- p_up_to NULL: all there is. A message that the caller does not have in that conversation: message_not_found.

CREATE OR REPLACE FUNCTION flixim.begin_read_up_to(
    p_caller flixim.caller,
    p_conversation_id text,
    p_up_to uuid,
    OUT o_outcome flixim.outcome,
    OUT o_bound timestamptz,
    OUT o_conversation uuid,
    OUT o_up_to uuid
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
BEGIN
    PERFORM flixim.require_read_committed();
    SELECT b.o_outcome, b.o_bound INTO o_outcome, o_bound FROM flixim.read_bound(p_caller) AS b;
    IF o_outcome <> 'ok' THEN
        RETURN;
    END IF;
    o_conversation := flixim.visible_conversation(me, p_conversation_id);
    IF o_conversation IS NULL THEN
        o_outcome := 'conversation_not_found';
        RETURN;
    END IF;

    SELECT m.id INTO o_up_to
    FROM flixim.messages AS m
    CROSS JOIN LATERAL flixim.find_copy(me, m.message_type, m.id) AS v
    WHERE m.conversation = o_conversation
        AND m.id >= coalesce(p_up_to, '00000000-0000-0000-0000-000000000000')
        AND m.id <= coalesce(p_up_to, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        AND v.status <> 'deleted'
    ORDER BY m.id DESC
    LIMIT 1;
    IF o_up_to IS NULL AND p_up_to IS NOT NULL THEN
        o_outcome := 'message_not_found';
        RETURN;
    END IF;

    UPDATE flixim.members AS m
    SET last_read_message_id = o_up_to, updated_at = date_trunc('milliseconds', clock_timestamp())
    WHERE m.conversation = o_conversation
        AND m.user_id = me
        AND (m.last_read_message_id IS NULL OR m.last_read_message_id < o_up_to);
END
$$;

COMMENT ON FUNCTION flixim.begin_read_up_to(flixim.caller, text, uuid) IS 'The first step of mark_read_up_to.';
