-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.sync_messages(p_caller, p_cursor, p_limit)
-- GET /messages/sync: messages whose state, as the caller sees it, changed after the cursor: oldest change first, each once,
-- as it is now. A deletion is told with content {}.
-- p_cursor NULL: from the start. Returns a head (cursor_at, has_more, resync_required as in sync_events) and the messages.
-- The caller's events say what changed and when, in the order of commits; of a message's events only the last one counts, the one
-- that user_messages.changed_at names. The others are passed over: their message comes later. Where many of them stand together (all
-- was read long after it came) a call looks at 2,000 events and then returns what it has, with has_more and the stamp of the last
-- event it looked at as the cursor.

CREATE OR REPLACE FUNCTION flixim.sync_messages(p_caller flixim.caller, p_cursor timestamptz, p_limit integer DEFAULT 500)
RETURNS SETOF flixim.message_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_sort = off
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    start_at timestamptz := flixim.sync_position(me, p_cursor);
    floor_at timestamptz := flixim.sync_floor(me, start_at);
    page_limit integer := greatest(least(p_limit, 500), 1);
    answer flixim.message_answer;
    ids uuid[] := '{}';
    looked_at integer := 0;
    budget CONSTANT integer := 2000;
    change record;
BEGIN
    IF me IS NULL THEN
        answer.outcome := 'invalid_token';
        RETURN NEXT answer;
        RETURN;
    END IF;

    answer.outcome := 'ok';
    answer.resync_required := floor_at IS NOT NULL;
    answer.has_more := false;
    FOR change IN
        SELECT e.stamp, e.message_id, v.changed_at = e.stamp AS is_last
        FROM flixim.events AS e
        CROSS JOIN LATERAL flixim.find_message(e.message_id) AS m
        CROSS JOIN LATERAL flixim.find_copy(me, m.message_type, m.id) AS v
        WHERE e.target_user_id = me AND e.stamp > start_at
        ORDER BY e.stamp
    LOOP
        IF cardinality(ids) = page_limit AND change.is_last OR looked_at = budget THEN
            answer.has_more := true;
            EXIT;
        END IF;
        looked_at := looked_at + 1;
        IF change.is_last THEN
            ids := ids || change.message_id;
            answer.cursor_at := change.stamp;
        ELSIF looked_at = budget THEN
            answer.cursor_at := change.stamp;
        END IF;
    END LOOP;
    answer.cursor_at := coalesce(answer.cursor_at, greatest(start_at, floor_at));
    RETURN NEXT answer;

    RETURN QUERY
    SELECT r.outcome, r.field, r.rule, r.ordinal, r.cursor_at, r.has_more, r.resync_required, r.id, r.client_message_id,
        r.conversation_id, r.sender_id, r.receiver_id, CASE WHEN r.status = 'deleted' THEN '{}' ELSE r.content END,
        r.content_type, r.message_type, r.status, r.reference_id, r.server_timestamp, r.client_timestamp, r.inserted_at,
        r.updated_at
    FROM flixim.message_rows(me, ids) AS r;
END
$$;

COMMENT ON FUNCTION flixim.sync_messages(flixim.caller, timestamptz, integer) IS 'GET /messages/sync.';
