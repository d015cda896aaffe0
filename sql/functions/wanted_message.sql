-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.wanted_message(p_user_id, p_message_id, p_stamp, p_at)
-- The message, if the user is to be told of it on devices at the instant p_at; or none. p_stamp: of its event, on the user's clock.
-- It is not wanted when it is no longer unread; its conversation is muted, its type switched off, or these are quiet hours; or the
-- event has reached the user: over a connection that was heard from later, by a sync, or because the user is online.
-- A row of presence counts until somebody takes it away, whatever its daemon's lease says: who takes it away
-- looks for what was not told for its sake (push_missed(), expire_daemons()), and after PostgreSQL was away all leases are over.
-- Only those of a daemon that is being buried do not, or two who leave at once would each take the other for being there.
-- OFFSET 0 keeps each lookup one by key, see find_user().

CREATE OR REPLACE FUNCTION flixim.wanted_message(p_user_id uuid, p_message_id uuid, p_stamp timestamptz, p_at timestamptz)
RETURNS SETOF flixim.messages
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT m.*
    FROM flixim.find_message(p_message_id) AS m
    CROSS JOIN LATERAL flixim.find_copy(p_user_id, m.message_type, m.id) AS v
    CROSS JOIN LATERAL (
        SELECT x.is_muted FROM flixim.members AS x WHERE x.conversation = m.conversation AND x.user_id = p_user_id OFFSET 0
    ) AS member
    LEFT JOIN LATERAL (
        SELECT x.* FROM flixim.notification_settings AS x WHERE x.user_id = p_user_id OFFSET 0
    ) AS wish ON true
    WHERE v.status = 'unread'
        AND NOT member.is_muted
        AND CASE m.message_type
            WHEN 'system_notification' THEN wish.system_notification
            WHEN 'system_announcement' THEN wish.system_announcement
            WHEN 'interaction' THEN wish.interaction
            WHEN 'private_message' THEN wish.private_message
        END IS NOT FALSE
        AND CASE WHEN wish.quiet_from IS NOT NULL
            THEN NOT flixim.is_quiet(wish.quiet_from, wish.quiet_until, wish.quiet_time_zone, p_at)
            ELSE true
        END
        AND NOT EXISTS (SELECT FROM flixim.reached AS x WHERE x.user_id = p_user_id AND x.reached_at >= p_stamp OFFSET 0)
        AND NOT EXISTS (
            SELECT FROM flixim.presence AS x
            WHERE x.user_id = p_user_id AND x.since < p_stamp
                AND NOT EXISTS (SELECT FROM flixim.daemons AS d WHERE d.daemon_id = x.daemon_id AND d.lease_until = '-infinity' OFFSET 0)
            OFFSET 0
        )
    OFFSET 0;
END;

COMMENT ON FUNCTION flixim.wanted_message(uuid, uuid, timestamptz, timestamptz) IS 'The message, if a user is to be told of it on devices.';
