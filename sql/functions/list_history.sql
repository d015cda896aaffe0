-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.list_history(p_caller, p_conversation_id, p_limit, p_before, p_before_id)
-- get_conversation_history and GET /conversations/{conversation_id}/messages: what the caller still has there, newest first.
-- p_before: server_timestamp before it; p_before_id: ids below it; NULL: from the newest.
-- Returns a head and the messages; conversation_not_found to who is no member, as to everybody where there is none.

CREATE OR REPLACE FUNCTION flixim.list_history(
    p_caller flixim.caller,
    p_conversation_id text,
    p_limit integer DEFAULT 20,
    p_before timestamptz DEFAULT NULL,
    p_before_id uuid DEFAULT NULL
) RETURNS SETOF flixim.message_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_sort = off
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    below uuid := least(p_before_id, flixim.uuid_v7_floor(p_before), 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    visible uuid := flixim.visible_conversation(me, p_conversation_id);
    answer flixim.message_answer;
    ids uuid[];
BEGIN
    answer := flixim.list_head(me, p_limit, 0);
    IF answer.outcome = 'ok' AND visible IS NULL THEN
        answer.outcome := 'conversation_not_found';
    END IF;
    RETURN NEXT answer;
    IF answer.outcome <> 'ok' THEN
        RETURN;
    END IF;

    ids := ARRAY(
        SELECT m.id
        FROM flixim.messages AS m
        CROSS JOIN LATERAL flixim.find_copy(me, m.message_type, m.id) AS v
        WHERE m.conversation = visible AND m.id < below AND v.status <> 'deleted'
        ORDER BY m.id DESC
        LIMIT p_limit
    );
    RETURN QUERY SELECT r.* FROM flixim.message_rows(me, ids) AS r;
END
$$;

COMMENT ON FUNCTION flixim.list_history(flixim.caller, text, integer, timestamptz, uuid) IS 'What the caller still has in a conversation, newest first.';
