-- SPDX-License-Identifier: Apache-2.0
-- Procedure:  flixim.mark_read_up_to(p_caller, p_conversation_id, p_last_read_message_id, p_origin, o_outcome, updated_count)
-- The channel's mark_read: everything the caller had unread in a conversation up to a message (NULL: all), in chunks as read_all.

CREATE OR REPLACE PROCEDURE flixim.mark_read_up_to(
    p_caller flixim.caller,
    p_conversation_id pg_catalog.text,
    p_last_read_message_id pg_catalog.uuid,
    p_origin pg_catalog.uuid,
    INOUT o_outcome flixim.outcome,
    INOUT updated_count pg_catalog.int4
)
LANGUAGE plpgsql
AS $$
DECLARE
    start pg_catalog.record;
    chunk pg_catalog.record;
    up_to pg_catalog.uuid;
BEGIN
    SELECT s.o_outcome, s.o_bound, s.o_conversation, s.o_up_to INTO start
    FROM flixim.begin_read_up_to(p_caller, p_conversation_id, p_last_read_message_id) AS s;
    o_outcome := start.o_outcome;
    updated_count := 0;
    IF o_outcome OPERATOR(pg_catalog.<>) 'ok' OR start.o_up_to IS NULL THEN
        RETURN;
    END IF;

    up_to := start.o_up_to;
    LOOP
        -- Also before the first chunk: it must not hold the member's row while it waits for user rows.
        COMMIT;
        SELECT c.o_marked, c.o_has_more, c.o_up_to INTO chunk
        FROM flixim.read_chunk(p_caller, start.o_conversation, up_to, start.o_bound, p_origin) AS c;
        updated_count := updated_count OPERATOR(pg_catalog.+) chunk.o_marked;
        EXIT WHEN NOT chunk.o_has_more;
        up_to := chunk.o_up_to;
        COMMIT;
        PERFORM pg_catalog.pg_sleep(0.001);
    END LOOP;
END
$$;

COMMENT ON PROCEDURE flixim.mark_read_up_to(flixim.caller, text, uuid, uuid, flixim.outcome, integer) IS 'The channel''s mark_read.';
