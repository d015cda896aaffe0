-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.read_chunk(p_caller, p_conversation, p_up_to, p_bound, p_origin)
-- One chunk of the procedures read_all and mark_read_up_to: takes the messages that unread_ids() finds, and marks them read.
-- o_marked: how many it marked (others may have been read or withdrawn meanwhile). o_has_more: whether another chunk is due; with a
-- conversation its p_up_to is then o_up_to, the oldest message of this one.
-- 250 at a time: another's send to the same user waits for one chunk at most, which is some 30 ms.

CREATE OR REPLACE FUNCTION flixim.read_chunk(
    p_caller flixim.caller,
    p_conversation uuid,
    p_up_to uuid,
    p_bound timestamptz,
    p_origin uuid,
    OUT o_marked integer,
    OUT o_has_more boolean,
    OUT o_up_to uuid
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    chunk CONSTANT integer := 250;
    ids uuid[] := flixim.unread_ids(me, p_conversation, p_up_to, p_bound, chunk);
BEGIN
    o_marked := CASE WHEN cardinality(ids) = 0 THEN 0 ELSE flixim.apply_read(me, ids, p_origin) END;
    o_has_more := cardinality(ids) = chunk;
    o_up_to := ids[cardinality(ids)];
END
$$;

COMMENT ON FUNCTION flixim.read_chunk(flixim.caller, uuid, uuid, timestamptz, uuid) IS 'A chunk of the unread messages is marked read.';
