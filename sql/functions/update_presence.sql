-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.update_presence(p_daemon_id, p_user_ids, p_since, p_reached)
-- For a daemon: which users are online there now, many in one call.
-- p_since:   events with a later stamp reach the user there, -infinity: all; NULL: the user is gone, see push_missed()
-- p_reached: events up to this stamp have reached the user for certain, which is kept for those who have a device; NULL: says nothing
-- A daemon that is not known (beat()) has no users: it tells all of them once it is. Rows are written in the order of users.

CREATE OR REPLACE FUNCTION flixim.update_presence(
    p_daemon_id uuid,
    p_user_ids uuid[],
    p_since timestamptz[],
    p_reached timestamptz[]
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM flixim.require_read_committed();
    -- Until this commits, nobody takes the daemon for dead.
    PERFORM FROM flixim.daemons AS d WHERE d.daemon_id = p_daemon_id AND d.lease_until > '-infinity' FOR KEY SHARE;
    IF FOUND THEN
        INSERT INTO flixim.presence AS p (user_id, daemon_id, since)
        SELECT DISTINCT ON (u.user_id) u.user_id, p_daemon_id, u.since
        FROM unnest(p_user_ids, p_since) WITH ORDINALITY AS u (user_id, since, place)
        WHERE u.since IS NOT NULL
        ORDER BY u.user_id, u.place DESC
        ON CONFLICT (user_id, daemon_id) DO UPDATE SET since = excluded.since WHERE p.since <> excluded.since;

        DELETE FROM flixim.presence AS p
        USING (
            SELECT DISTINCT ON (x.user_id) x.user_id, x.since
            FROM unnest(p_user_ids, p_since) WITH ORDINALITY AS x (user_id, since, place)
            ORDER BY x.user_id, x.place DESC
        ) AS u
        WHERE u.since IS NULL AND p.user_id = u.user_id AND p.daemon_id = p_daemon_id;
    END IF;

    INSERT INTO flixim.reached AS r (user_id, reached_at)
    SELECT u.user_id, max(u.reached)
    FROM unnest(p_user_ids, p_reached) AS u (user_id, reached)
    WHERE u.reached IS NOT NULL AND u.reached > '-infinity'
        AND EXISTS (SELECT FROM flixim.devices AS d WHERE d.user_id = u.user_id OFFSET 0)
    GROUP BY u.user_id
    ORDER BY u.user_id
    ON CONFLICT (user_id) DO UPDATE SET reached_at = excluded.reached_at WHERE r.reached_at < excluded.reached_at;
END
$$;

COMMENT ON FUNCTION flixim.update_presence(uuid, uuid[], timestamptz[], timestamptz[]) IS 'For a daemon: which users are online there now.';
