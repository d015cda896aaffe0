-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.list_conversations(p_caller, p_limit, p_offset)
-- get_conversations and GET /conversations: those the caller may see, by last activity, newest first. A head and the conversations.
-- members.recent_at lags the last activity by recency_lag() at most. So the page ends no earlier than the recent_at in the page's
-- last place says, and nothing below that less the lag can be on it: what is read is the page and what was active within one lag.

CREATE OR REPLACE FUNCTION flixim.list_conversations(
    p_caller flixim.caller,
    p_limit integer DEFAULT 20,
    p_offset integer DEFAULT 0
) RETURNS SETOF flixim.conversation_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_sort = off
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    head flixim.message_answer := flixim.list_head(me, p_limit, p_offset);
    answer flixim.conversation_answer;
    edge timestamptz;
    keys uuid[];
BEGIN
    answer.outcome := head.outcome;
    answer.field := head.field;
    answer.rule := head.rule;
    RETURN NEXT answer;
    IF answer.outcome <> 'ok' THEN
        RETURN;
    END IF;

    SELECT m.recent_at INTO edge
    FROM flixim.members AS m
    WHERE m.user_id = me AND m.recent_at IS NOT NULL
    ORDER BY m.recent_at DESC
    OFFSET p_offset::bigint + p_limit - 1 LIMIT 1;

    -- Kept in a variable: with a query as its argument conversation_rows() would be planned anew in every call.
    keys := ARRAY(
        SELECT c.id
        FROM flixim.members AS m
        JOIN flixim.conversations AS c ON c.id = m.conversation
        WHERE m.user_id = me
            AND m.recent_at IS NOT NULL
            AND m.recent_at >= coalesce(edge - flixim.recency_lag(), '-infinity')
        ORDER BY coalesce(c.last_message_at, c.inserted_at) DESC, c.id DESC
        OFFSET p_offset LIMIT p_limit
    );
    RETURN QUERY SELECT r.* FROM flixim.conversation_rows(me, keys) AS r;
END
$$;

COMMENT ON FUNCTION flixim.list_conversations(flixim.caller, integer, integer) IS 'The caller''s conversations by last activity, newest first.';
