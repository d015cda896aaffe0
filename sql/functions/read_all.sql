-- SPDX-License-Identifier: Apache-2.0
-- Procedure:  flixim.read_all(p_caller, p_origin, o_outcome, marked_count)
-- PUT /messages/read_all: everything the caller had unread when it began, in chunks with a commit after each, so that no
-- lock is held for long; the pause lets those in that waited for it. CALL it outside a transaction block.
-- Neither SECURITY DEFINER nor SET, since PostgreSQL then refuses COMMIT: each name is qualified.

CREATE OR REPLACE PROCEDURE flixim.read_all(
    p_caller flixim.caller,
    p_origin uuid,
    INOUT o_outcome flixim.outcome,
    INOUT marked_count pg_catalog.int4
)
LANGUAGE plpgsql
AS $$
DECLARE
    bound pg_catalog.timestamptz;
    chunk pg_catalog.record;
BEGIN
    SELECT b.o_outcome, b.o_bound INTO o_outcome, bound FROM flixim.read_bound(p_caller) AS b;
    marked_count := 0;
    IF o_outcome OPERATOR(pg_catalog.<>) 'ok' THEN
        RETURN;
    END IF;

    LOOP
        SELECT c.o_marked, c.o_has_more INTO chunk FROM flixim.read_chunk(p_caller, NULL, NULL, bound, p_origin) AS c;
        marked_count := marked_count OPERATOR(pg_catalog.+) chunk.o_marked;
        EXIT WHEN NOT chunk.o_has_more;
        COMMIT;
        PERFORM pg_catalog.pg_sleep(0.001);
    END LOOP;
END
$$;

COMMENT ON PROCEDURE flixim.read_all(flixim.caller, uuid, flixim.outcome, integer) IS 'PUT /messages/read_all.';
