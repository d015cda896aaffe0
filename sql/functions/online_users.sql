-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.online_users(p_user_ids)
-- For the administrator: which of these users are online, and on how many daemons each; NULL: of all.

CREATE OR REPLACE FUNCTION flixim.online_users(p_user_ids uuid[] DEFAULT NULL) RETURNS TABLE (user_id uuid, daemons bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_user_ids IS NULL THEN
        RETURN QUERY SELECT p.user_id, count(*) FROM flixim.presence AS p GROUP BY p.user_id ORDER BY p.user_id;
    ELSE
        RETURN QUERY
        SELECT p.user_id, count(*)
        FROM flixim.presence AS p
        WHERE p.user_id = ANY (p_user_ids)
        GROUP BY p.user_id
        ORDER BY p.user_id;
    END IF;
END
$$;

COMMENT ON FUNCTION flixim.online_users(uuid[]) IS 'Which users are online, and on how many daemons.';
