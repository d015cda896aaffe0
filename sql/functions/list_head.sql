-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.list_head(p_user_id, p_limit, p_offset)
-- The head of a list: refused when the caller is unknown (NULL) or the page is out of range, else ok.

CREATE OR REPLACE FUNCTION flixim.list_head(p_user_id uuid, p_limit integer, p_offset integer) RETURNS flixim.message_answer
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    answer flixim.message_answer;
BEGIN
    IF p_user_id IS NULL THEN
        answer.outcome := 'invalid_token';
    ELSIF (p_limit BETWEEN 1 AND 200) IS NOT TRUE THEN
        answer.outcome := 'invalid';
        answer.field := 'limit';
        answer.rule := 'range';
    ELSIF (p_offset >= 0) IS NOT TRUE THEN
        answer.outcome := 'invalid';
        answer.field := 'offset';
        answer.rule := 'range';
    ELSE
        answer.outcome := 'ok';
    END IF;
    RETURN answer;
END
$$;

COMMENT ON FUNCTION flixim.list_head(uuid, integer, integer) IS 'The head of a list: the caller and the page are judged.';
