-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.drop_dead_pushes(p_ids)
-- For the administrator: takes pushes that were given up away; NULL: all. Returns how many.

CREATE OR REPLACE FUNCTION flixim.drop_dead_pushes(p_ids uuid[] DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids uuid[] := coalesce(p_ids, ARRAY(SELECT p.id FROM flixim.pushes AS p WHERE p.state = 'dead'));
    dropped integer;
BEGIN
    PERFORM flixim.require_read_committed();
    PERFORM flixim.lock_pushes(ids);
    DELETE FROM flixim.pushes AS p
    WHERE p.state = 'dead' AND p.id = ANY (ids);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END
$$;

COMMENT ON FUNCTION flixim.drop_dead_pushes(uuid[]) IS 'Takes pushes that were given up away.';
