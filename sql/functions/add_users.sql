-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.add_users(p_user_ids)
-- Makes the user rows that are missing: before any lock is taken, in the order of the key, so that two transactions that make
-- the same ones cannot wait for each other.

CREATE OR REPLACE FUNCTION flixim.add_users(p_user_ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM flixim.require_read_committed();
    INSERT INTO flixim.users (user_id)
    SELECT DISTINCT wanted.user_id
    FROM unnest(p_user_ids) AS wanted (user_id)
    WHERE NOT EXISTS (SELECT FROM flixim.users AS u WHERE u.user_id = wanted.user_id)
    ORDER BY wanted.user_id
    ON CONFLICT DO NOTHING;
END
$$;

COMMENT ON FUNCTION flixim.add_users(uuid[]) IS 'Makes the user rows that are missing.';
