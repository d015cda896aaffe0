-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.push_missed(p_user_ids, p_from)
-- For daemons: makes pushes for what users may have missed after a stamp each, on their own clock: up to there they have been told
-- (NULL: nothing is known of them). Called after update_presence() has committed that they are gone: what was committed
-- before that, and not pushed because they were online, is found here; what is committed later is found by collect_pushes().
-- Returns how many pushes it made.

CREATE OR REPLACE FUNCTION flixim.push_missed(p_user_ids uuid[], p_from timestamptz[]) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET join_collapse_limit = 1
AS $$
DECLARE
    user_ids uuid[];
    since timestamptz[];
BEGIN
    PERFORM flixim.require_read_committed();
    -- Each once, or the same push would be made twice in one statement.
    SELECT array_agg(u.user_id), array_agg(u.since)
    INTO user_ids, since
    FROM (
        SELECT x.user_id, min(coalesce(x.since, '-infinity')) AS since
        FROM unnest(p_user_ids, p_from) AS x (user_id, since)
        GROUP BY x.user_id
    ) AS u;
    RETURN flixim.add_missed(user_ids, since, NULL);
END
$$;

COMMENT ON FUNCTION flixim.push_missed(uuid[], timestamptz[]) IS 'For daemons: makes pushes for what users may have missed.';
