-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.get_message(p_caller, p_message_id)
-- GET /messages/{id}. One row: the message as the caller sees it, or message_not_found for what the caller never had or deleted.

CREATE OR REPLACE FUNCTION flixim.get_message(p_caller flixim.caller, p_message_id uuid) RETURNS flixim.message_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    answer flixim.message_answer;
BEGIN
    IF me IS NULL THEN
        answer.outcome := 'invalid_token';
        RETURN answer;
    END IF;

    SELECT r.* INTO answer FROM flixim.message_rows(me, ARRAY[p_message_id]) AS r WHERE r.status <> 'deleted';
    answer.outcome := CASE WHEN FOUND THEN 'ok' ELSE 'message_not_found' END;
    RETURN answer;
END
$$;

COMMENT ON FUNCTION flixim.get_message(flixim.caller, uuid) IS 'GET /messages/{id}.';
