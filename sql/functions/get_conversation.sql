-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.get_conversation(p_caller, p_conversation_id)
-- GET /conversations/{conversation_id}. One row: the conversation as the caller sees it, or conversation_not_found.

CREATE OR REPLACE FUNCTION flixim.get_conversation(p_caller flixim.caller, p_conversation_id text)
RETURNS flixim.conversation_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    visible uuid := flixim.visible_conversation(me, p_conversation_id);
    answer flixim.conversation_answer;
BEGIN
    IF me IS NULL THEN
        answer.outcome := 'invalid_token';
        RETURN answer;
    END IF;

    SELECT r.* INTO answer FROM flixim.conversation_rows(me, ARRAY[visible]) AS r;
    answer.outcome := CASE WHEN FOUND THEN 'ok' ELSE 'conversation_not_found' END;
    RETURN answer;
END
$$;

COMMENT ON FUNCTION flixim.get_conversation(flixim.caller, text) IS 'GET /conversations/{conversation_id}.';
