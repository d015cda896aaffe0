-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.check_invariants()
-- For the administrator and the tests: every violated invariant with the row that violates it; no row when all is well.
-- Reads everything, in one snapshot: not for a busy hour.

CREATE OR REPLACE FUNCTION flixim.check_invariants() RETURNS TABLE (invariant text, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB'
SET jit = off
AS $$
BEGIN
    RETURN QUERY
    -- Counters.
    SELECT 'users: the unread counters are the unread messages', row_to_json(x)::text
    FROM (
        SELECT u.user_id,
            u.unread_system_notification, count(v.message_type) FILTER (WHERE v.message_type = 'system_notification') AS n,
            u.unread_system_announcement, count(v.message_type) FILTER (WHERE v.message_type = 'system_announcement') AS a,
            u.unread_interaction, count(v.message_type) FILTER (WHERE v.message_type = 'interaction') AS i,
            u.unread_private_message, count(v.message_type) FILTER (WHERE v.message_type = 'private_message') AS p
        FROM flixim.users AS u
        LEFT JOIN flixim.user_messages AS v ON v.user_id = u.user_id AND v.status = 'unread'
        GROUP BY u.user_id
    ) AS x
    WHERE (x.unread_system_notification, x.unread_system_announcement, x.unread_interaction, x.unread_private_message)
        <> (x.n, x.a, x.i, x.p)
    UNION ALL
    SELECT 'members: unread_count is the unread messages', row_to_json(x)::text
    FROM (
        SELECT m.conversation, m.user_id, m.unread_count, count(v.message_id) AS unread
        FROM flixim.members AS m
        LEFT JOIN flixim.user_messages AS v
            ON v.user_id = m.user_id AND v.conversation = m.conversation AND v.status = 'unread'
        GROUP BY m.conversation, m.user_id
    ) AS x
    WHERE x.unread_count <> x.unread

    -- Orphans.
    UNION ALL
    SELECT 'members: conversation and user exist', row_to_json(m)::text
    FROM flixim.members AS m
    WHERE NOT EXISTS (SELECT FROM flixim.conversations AS c WHERE c.id = m.conversation)
        OR NOT EXISTS (SELECT FROM flixim.users AS u WHERE u.user_id = m.user_id)
    UNION ALL
    SELECT 'messages: the conversation exists', m.id::text
    FROM flixim.messages AS m
    WHERE NOT EXISTS (SELECT FROM flixim.conversations AS c WHERE c.id = m.conversation)
    UNION ALL
    SELECT 'user_messages: the message exists and agrees', row_to_json(v)::text
    FROM flixim.user_messages AS v
    WHERE NOT EXISTS (
        SELECT FROM flixim.messages AS m
        WHERE m.id = v.message_id AND m.conversation = v.conversation AND m.message_type = v.message_type
    )
    UNION ALL
    SELECT 'user_messages: exactly the members and the sender', row_to_json(x)::text
    FROM (
        SELECT m.id AS message_id, member.user_id
        FROM flixim.messages AS m
        JOIN flixim.members AS member ON member.conversation = m.conversation
        UNION
        SELECT m.id, m.sender_id
        FROM flixim.messages AS m
    ) AS told
    FULL JOIN flixim.user_messages AS x ON x.message_id = told.message_id AND x.user_id = told.user_id
    WHERE x.message_id IS NULL OR told.message_id IS NULL
    UNION ALL
    SELECT 'events: user, message and viewer''s copy exist', row_to_json(e)::text
    FROM flixim.events AS e
    WHERE NOT EXISTS (SELECT FROM flixim.users AS u WHERE u.user_id = e.target_user_id)
        OR (e.event_type = 'session_revoked') <> (e.message_id IS NULL)
        OR (e.message_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM flixim.user_messages AS v WHERE v.user_id = e.target_user_id AND v.message_id = e.message_id
        ))
    UNION ALL
    SELECT 'conversations: the id names the members', row_to_json(x)::text
    FROM (
        SELECT c.conversation_id, c.type, array_agg(m.user_id ORDER BY m.user_id) AS user_ids
        FROM flixim.conversations AS c
        LEFT JOIN flixim.members AS m ON m.conversation = c.id
        GROUP BY c.id
    ) AS x
    WHERE x.conversation_id NOT LIKE CASE x.type
        WHEN 'private' THEN 'private:' || x.user_ids[1] || ':' || x.user_ids[2]
        WHEN 'group' THEN 'group:%'
        ELSE '%:' || x.user_ids[1]
    END
        OR NOT cardinality(x.user_ids) BETWEEN CASE x.type WHEN 'system' THEN 1 ELSE 2 END
            AND CASE x.type WHEN 'private' THEN 2 WHEN 'group' THEN 500 ELSE 1 END

    -- Clocks.
    UNION ALL
    SELECT 'users: the clock is not behind an event or a change', row_to_json(x)::text
    FROM (
        SELECT u.user_id, u.last_event_at, greatest(max(e.stamp), max(v.changed_at)) AS newest
        FROM flixim.users AS u
        LEFT JOIN LATERAL (SELECT max(stamp) AS stamp FROM flixim.events WHERE target_user_id = u.user_id) AS e ON true
        LEFT JOIN LATERAL (SELECT max(changed_at) AS changed_at FROM flixim.user_messages WHERE user_id = u.user_id) AS v ON true
        GROUP BY u.user_id
    ) AS x
    WHERE x.newest > x.last_event_at
    UNION ALL
    SELECT 'user_messages: each change has its event', row_to_json(v)::text
    FROM flixim.user_messages AS v
    WHERE v.changed_at >= (SELECT s.event_floor FROM flixim.settings AS s)
        AND NOT EXISTS (
            SELECT FROM flixim.events AS e
            WHERE e.target_user_id = v.user_id AND e.stamp = v.changed_at AND e.message_id = v.message_id
                AND (e.event_type = 'new_message') = (coalesce(e.status, 'sent') IN ('sent', 'unread'))
                AND coalesce(e.status, v.status) = v.status
        )
    UNION ALL
    SELECT 'conversations: the clock is the newest message', row_to_json(x)::text
    FROM (
        SELECT c.conversation_id, c.last_message_at, max(m.server_timestamp) AS newest
        FROM flixim.conversations AS c
        LEFT JOIN flixim.messages AS m ON m.conversation = c.id
        GROUP BY c.id
    ) AS x
    WHERE x.last_message_at IS DISTINCT FROM x.newest
    UNION ALL
    SELECT 'messages: within a conversation each server_timestamp once, in the order of ids', row_to_json(x)::text
    FROM (
        SELECT m.id, m.conversation, m.server_timestamp,
            lag(m.server_timestamp) OVER (PARTITION BY m.conversation ORDER BY m.id) AS before
        FROM flixim.messages AS m
    ) AS x
    WHERE x.server_timestamp <= x.before
    UNION ALL
    SELECT 'messages: the id''s time is server_timestamp', m.id::text
    FROM flixim.messages AS m
    WHERE NOT (m.id >= flixim.uuid_v7_floor(m.server_timestamp)
        AND m.id < flixim.uuid_v7_floor(m.server_timestamp + interval '1 millisecond'))

    -- Duplicate ids. The primary keys and messages_client hold the rest.
    UNION ALL
    SELECT 'events: each id once', e.id::text
    FROM flixim.events AS e
    GROUP BY e.id
    HAVING count(*) > 1
    UNION ALL
    SELECT 'members: each id once', m.id::text
    FROM flixim.members AS m
    GROUP BY m.id
    HAVING count(*) > 1

    -- Status.
    UNION ALL
    SELECT 'messages: withdrawn for all, with no content left', row_to_json(v)::text || coalesce(m.withdrawn_at::text, '')
    FROM flixim.messages AS m
    JOIN flixim.user_messages AS v ON v.message_id = m.id
    WHERE (m.withdrawn_at IS NOT NULL AND (m.content::text <> '{}' OR v.status NOT IN ('withdrawn', 'deleted')))
        OR (m.withdrawn_at IS NULL AND v.status = 'withdrawn')
    UNION ALL
    SELECT 'user_messages: sent is its sender''s, unread a receiver''s', row_to_json(v)::text
    FROM flixim.messages AS m
    JOIN flixim.user_messages AS v ON v.message_id = m.id
    WHERE (v.status = 'sent' AND (v.user_id <> m.sender_id OR m.receiver_id IS NOT DISTINCT FROM m.sender_id))
        OR (v.status = 'unread' AND v.user_id = m.sender_id AND m.receiver_id IS DISTINCT FROM m.sender_id)
    UNION ALL
    SELECT 'user_messages: the sender sees read exactly when the receiver of a private message has read it',
        row_to_json(mine)::text
    FROM flixim.messages AS m
    JOIN flixim.conversations AS c ON c.id = m.conversation
    JOIN flixim.user_messages AS mine ON mine.message_id = m.id AND mine.user_id = m.sender_id
    LEFT JOIN flixim.user_messages AS theirs ON theirs.message_id = m.id AND theirs.user_id = m.receiver_id
    WHERE m.receiver_id IS DISTINCT FROM m.sender_id
        AND ((mine.status = 'read' AND (c.type <> 'private' OR theirs.status NOT IN ('read', 'deleted')))
            OR (mine.status = 'sent' AND c.type = 'private' AND theirs.status = 'read'))

    -- Members.
    UNION ALL
    SELECT 'members: recent_at lags the last activity by recency_lag() at most', row_to_json(m)::text
    FROM flixim.members AS m
    JOIN flixim.conversations AS c ON c.id = m.conversation
    WHERE m.recent_at > coalesce(c.last_message_at, c.inserted_at)
        OR m.recent_at < coalesce(c.last_message_at, c.inserted_at) - flixim.recency_lag()
        OR (m.recent_at IS NULL AND c.last_message_at IS NOT NULL)
    UNION ALL
    SELECT 'members: last_read_message_id is a message there', row_to_json(m)::text
    FROM flixim.members AS m
    WHERE m.last_read_message_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM flixim.messages AS x WHERE x.id = m.last_read_message_id AND x.conversation = m.conversation
        )

    -- Presence and pushes.
    UNION ALL
    SELECT 'presence: the daemon is known', row_to_json(p)::text
    FROM flixim.presence AS p
    WHERE NOT EXISTS (SELECT FROM flixim.daemons AS d WHERE d.daemon_id = p.daemon_id)
    UNION ALL
    SELECT 'daemons: the horizons rise', row_to_json(d)::text
    FROM flixim.daemons AS d
    WHERE d.horizon_xids <> ARRAY(SELECT x FROM unnest(d.horizon_xids) AS x ORDER BY x)
        OR d.horizon_times <> ARRAY(SELECT x FROM unnest(d.horizon_times) AS x ORDER BY x)
    UNION ALL
    SELECT 'push_horizons: each sees what the one before sees, and only the oldest is in work', row_to_json(x)::text
    FROM (
        SELECT h.taken_at, h.snapshot, h.done_xid, lag(h.snapshot) OVER (ORDER BY h.taken_at) AS before
        FROM flixim.push_horizons AS h
    ) AS x
    WHERE pg_snapshot_xmax(x.before) > pg_snapshot_xmax(x.snapshot)
        OR pg_snapshot_xmin(x.before) > pg_snapshot_xmin(x.snapshot)
        OR (x.before IS NOT NULL AND x.done_xid IS NOT NULL)
    UNION ALL
    SELECT 'pushes: of a message that the user was sent', row_to_json(p)::text
    FROM flixim.pushes AS p
    WHERE NOT EXISTS (
        SELECT FROM flixim.user_messages AS v WHERE v.user_id = p.user_id AND v.message_id = p.message_id AND v.status <> 'sent'
    )
    UNION ALL
    SELECT 'pushes: the device, as long as it is there, is the user''s', row_to_json(p)::text
    FROM flixim.pushes AS p
    JOIN flixim.devices AS d ON d.id = p.device_id
    WHERE (d.user_id, d.provider, d.destination) <> (p.user_id, p.provider, p.destination)
    UNION ALL
    SELECT 'pushes: what is claimed waits', row_to_json(p)::text
    FROM flixim.pushes AS p
    WHERE p.claimed_by IS NOT NULL AND (p.state <> 'waiting' OR p.attempts = 0);
END
$$;

COMMENT ON FUNCTION flixim.check_invariants() IS 'Every violated invariant with its row; no row when all is well.';
