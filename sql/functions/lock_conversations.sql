-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.lock_conversations(p_conversations, p_wait)
-- Locks conversation rows until commit. The first of the two places where rows are locked: conversations before users, each in
-- the order of its key, so that no two transactions wait for each other.
-- p_wait false: rows that somebody else holds are skipped. Returns the keys locked.

CREATE OR REPLACE FUNCTION flixim.lock_conversations(p_conversations uuid[], p_wait boolean) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    locked uuid[];
BEGIN
    IF p_wait THEN
        SELECT array_agg(l.id) INTO locked
        FROM (
            SELECT c.id
            FROM flixim.conversations AS c
            WHERE c.id = ANY (p_conversations)
            ORDER BY c.id
            FOR NO KEY UPDATE
        ) AS l;
    ELSE
        SELECT array_agg(l.id) INTO locked
        FROM (
            SELECT c.id
            FROM flixim.conversations AS c
            WHERE c.id = ANY (p_conversations)
            ORDER BY c.id
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS l;
    END IF;
    RETURN coalesce(locked, '{}');
END
$$;

COMMENT ON FUNCTION flixim.lock_conversations(uuid[], boolean) IS 'Locks conversations in order until commit; returns those locked.';
