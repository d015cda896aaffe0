-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.read_chunk(p_caller, p_conversation, p_up_to, p_bound, p_origin)
-- One chunk of the procedures read_all and mark_read_up_to: at most 500 of the caller's unread messages that were there at p_bound,
-- of one conversation up to a message where p_conversation is given.
-- o_found: how many it took; fewer than 500 means that nothing is left. o_marked: how many it marked.

CREATE OR REPLACE FUNCTION flixim.read_chunk(
    p_caller flixim.caller,
    p_conversation uuid,
    p_up_to uuid,
    p_bound timestamptz,
    p_origin uuid,
    OUT o_found integer,
    OUT o_marked integer
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    ids uuid[];
BEGIN
    IF p_conversation IS NULL THEN
        ids := ARRAY(
            SELECT v.message_id
            FROM flixim.user_messages AS v
            WHERE v.user_id = me AND v.status = 'unread' AND v.changed_at <= p_bound
            ORDER BY v.message_type, v.message_id
            LIMIT 500
        );
    ELSE
        -- The unread ones are mostly the newest: looking from there, the count says when the last of them is found.
        ids := ARRAY(
            SELECT unread.message_id
            FROM (
                SELECT v.message_id, v.changed_at
                FROM flixim.messages AS m
                JOIN flixim.user_messages AS v
                    ON v.user_id = me AND v.message_type = m.message_type AND v.message_id = m.id
                WHERE m.conversation = p_conversation AND v.status = 'unread'
                ORDER BY m.id DESC
                LIMIT (
                    SELECT m.unread_count FROM flixim.members AS m
                    WHERE m.conversation = p_conversation AND m.user_id = me
                )
            ) AS unread
            WHERE unread.message_id <= p_up_to AND unread.changed_at <= p_bound
            ORDER BY unread.message_id
            LIMIT 500
        );
    END IF;

    o_found := cardinality(ids);
    o_marked := CASE WHEN o_found = 0 THEN 0 ELSE flixim.apply_read(me, ids, p_origin) END;
END
$$;

COMMENT ON FUNCTION flixim.read_chunk(flixim.caller, uuid, uuid, timestamptz, uuid) IS 'At most 500 unread messages are marked read.';
