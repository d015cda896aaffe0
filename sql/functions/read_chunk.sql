-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.read_chunk(p_caller, p_conversation, p_up_to, p_bound, p_origin)
-- One chunk of the procedures read_all and mark_read_up_to: takes the messages that unread_ids() finds, and marks them read.
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
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    ids uuid[] := flixim.unread_ids(me, p_conversation, p_up_to, p_bound);
BEGIN
    o_found := cardinality(ids);
    o_marked := CASE WHEN o_found = 0 THEN 0 ELSE flixim.apply_read(me, ids, p_origin) END;
END
$$;

COMMENT ON FUNCTION flixim.read_chunk(flixim.caller, uuid, uuid, timestamptz, uuid) IS 'At most 500 unread messages are marked read.';
