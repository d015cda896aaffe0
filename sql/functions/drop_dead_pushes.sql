-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.drop_dead_pushes(p_ids)
-- For the administrator: takes pushes that were given up away; NULL: all. Returns how many.

CREATE OR REPLACE FUNCTION flixim.drop_dead_pushes(p_ids uuid[] DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    dropped integer;
BEGIN
    PERFORM FROM flixim.pushes AS p
    WHERE p.state = 'dead' AND (p_ids IS NULL OR p.id = ANY (p_ids))
    ORDER BY p.device_id, p.message_id
    FOR UPDATE;
    DELETE FROM flixim.pushes AS p
    WHERE p.state = 'dead' AND (p_ids IS NULL OR p.id = ANY (p_ids));
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END
$$;

COMMENT ON FUNCTION flixim.drop_dead_pushes(uuid[]) IS 'Takes pushes that were given up away.';
