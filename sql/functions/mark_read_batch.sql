-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.mark_read_batch(p_caller, p_message_ids, p_origin)
-- PUT /messages/batch_read: marks those read that the caller has unread; others are not counted, whoever they belong to.

CREATE OR REPLACE FUNCTION flixim.mark_read_batch(
    p_caller flixim.caller,
    p_message_ids uuid[],
    p_origin uuid DEFAULT NULL,
    OUT o_outcome flixim.outcome,
    OUT field text,
    OUT rule text,
    OUT marked_count integer
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
BEGIN
    IF me IS NULL THEN
        o_outcome := 'invalid_token';
    ELSIF cardinality(p_message_ids) > 1000 THEN
        o_outcome := 'invalid';
        field := 'message_ids';
        rule := 'too_many';
    ELSE
        o_outcome := 'ok';
        marked_count := flixim.apply_read(me, p_message_ids, p_origin);
    END IF;
END
$$;

COMMENT ON FUNCTION flixim.mark_read_batch(flixim.caller, uuid[], uuid) IS 'PUT /messages/batch_read.';
