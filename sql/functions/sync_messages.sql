-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.sync_messages(p_caller, p_cursor, p_limit)
-- GET /messages/sync: messages whose state, as the caller sees it, changed after the cursor: oldest change first, each once,
-- as it is now. A deletion is told with content {}.
-- p_cursor NULL: from the start. Returns a head (cursor_at, has_more, resync_required as in sync_events) and the messages.
-- The caller's events say what changed and when, in the order of commits; of a message's events only the last one counts, the one
-- that user_messages.changed_at names. A message has four of them at most, which bounds what is read.

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
    ids uuid[];
    stamps timestamptz[];
BEGIN
    IF me IS NULL THEN
        answer.outcome := 'invalid_token';
        RETURN NEXT answer;
        RETURN;
    END IF;

    SELECT array_agg(k.message_id), array_agg(k.stamp) INTO ids, stamps
    FROM (
        SELECT e.message_id, e.stamp
        FROM flixim.events AS e
        CROSS JOIN LATERAL flixim.find_message(e.message_id) AS m
        CROSS JOIN LATERAL flixim.find_copy(me, m.message_type, m.id) AS v
        WHERE e.target_user_id = me AND e.stamp > start_at AND v.changed_at = e.stamp
        ORDER BY e.stamp
        LIMIT page_limit + 1
    ) AS k;

    answer.outcome := 'ok';
    answer.resync_required := floor_at IS NOT NULL;
    answer.has_more := coalesce(cardinality(ids), 0) > page_limit;
    ids := ids[:page_limit];
    stamps := stamps[:page_limit];
    answer.cursor_at := coalesce(stamps[cardinality(stamps)], greatest(start_at, floor_at));
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
