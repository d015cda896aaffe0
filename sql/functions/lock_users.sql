-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.lock_users(p_user_ids, p_wait)
-- Locks user rows until commit, after lock_conversations(), in the order of their key. Under this lock a user's clock advances,
-- so that stamps are unique, rise, and become visible in order.
-- p_wait false: rows that somebody else holds are skipped. Returns the user_ids locked; unknown ones are not among them.

CREATE OR REPLACE FUNCTION flixim.lock_users(p_user_ids uuid[], p_wait boolean) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    locked uuid[];
BEGIN
    PERFORM flixim.require_read_committed();
    IF p_wait THEN
        SELECT array_agg(l.user_id) INTO locked
        FROM (
            SELECT u.user_id
            FROM flixim.users AS u
            WHERE u.user_id = ANY (p_user_ids)
            ORDER BY u.user_id
            FOR NO KEY UPDATE
        ) AS l;
    ELSE
        SELECT array_agg(l.user_id) INTO locked
        FROM (
            SELECT u.user_id
            FROM flixim.users AS u
            WHERE u.user_id = ANY (p_user_ids)
            ORDER BY u.user_id
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS l;
    END IF;
    RETURN coalesce(locked, '{}');
END
$$;

COMMENT ON FUNCTION flixim.lock_users(uuid[], boolean) IS 'Locks users in order until commit; returns those locked.';
