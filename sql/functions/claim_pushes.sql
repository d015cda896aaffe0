-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.claim_pushes(p_daemon_id, p_provider, p_limit, p_busy, p_claim)
-- For a daemon: takes up to p_limit pushes of a provider that are due, in the order in which they are, and judges them as of now. What is not
-- wanted any more is deleted, what is too old is dead, and the others are the daemon's to send and settle within p_claim: then they
-- are due again, for the daemon may be dead. No lock outlasts the call, and none is waited for.
-- p_busy: destinations that are to be left alone
-- Returns a head and a row per push to be sent, see push_row.

CREATE OR REPLACE FUNCTION flixim.claim_pushes(
    p_daemon_id uuid,
    p_provider flixim.push_provider,
    p_limit integer,
    p_busy text[],
    p_claim interval
) RETURNS SETOF flixim.push_row
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET join_collapse_limit = 1
AS $$
DECLARE
    now_at timestamptz := clock_timestamp();
    lifetime interval := (SELECT s.push_lifetime FROM flixim.settings AS s);
    due uuid[];
    head flixim.push_row;
    taken flixim.push_row[];
BEGIN
    PERFORM flixim.require_read_committed();
    due := ARRAY(
        SELECT ready.id
        FROM flixim.push_destinations(p_provider) AS found (destination)
        CROSS JOIN LATERAL (
            SELECT x.id, x.due_at
            FROM flixim.pushes AS x
            WHERE x.state = 'waiting' AND x.provider = p_provider AND x.destination = found.destination AND x.due_at <= now_at
            ORDER BY x.due_at
            LIMIT p_limit
            FOR UPDATE SKIP LOCKED
        ) AS ready
        WHERE found.destination <> ALL (coalesce(p_busy, '{}'))
        ORDER BY ready.due_at
        LIMIT p_limit
    );
    head.looked_at := cardinality(due);

    -- Judged by what is seen now, that the rows are locked: whoever takes a user out of presence after this finds them locked, waits,
    -- and makes them anew (add_missed()).
    WITH judged AS MATERIALIZED (
        SELECT p.id, p.due_at, p.attempts + 1 AS attempt, p.reason, p.inserted_at + lifetime AS expires_at, p.user_id, d.id AS device_id, d.provider, d.app_id,
            d.token, d.destination, d.p256dh, d.auth, d.platform, d.locale, m.id AS message_id, m.conversation, m.sender_id, m.message_type,
            m.content_type, m.content, m.server_timestamp
        FROM unnest(due) AS x (id)
        CROSS JOIN LATERAL flixim.find_push(x.id) AS p
        LEFT JOIN LATERAL flixim.usable_devices(p.user_id) AS d ON d.id = p.device_id
        LEFT JOIN LATERAL flixim.wanted_message(p.user_id, p.message_id, p.stamp, now_at) AS m ON d.id IS NOT NULL
    ),
    dropped AS (
        DELETE FROM flixim.pushes AS p
        USING judged AS j
        WHERE p.id = j.id AND j.message_id IS NULL
    ),
    expired AS (
        UPDATE flixim.pushes AS p
        SET state = 'dead', reason = concat_ws(': ', 'expired', j.reason), ended_at = now_at, claimed_by = NULL
        FROM judged AS j
        WHERE p.id = j.id AND j.message_id IS NOT NULL AND j.expires_at <= now_at
    ),
    claimed AS (
        UPDATE flixim.pushes AS p
        SET due_at = now_at + p_claim, attempts = j.attempt, claimed_by = p_daemon_id, claimed_at = date_trunc('milliseconds', now_at)
        FROM judged AS j
        WHERE p.id = j.id AND j.message_id IS NOT NULL AND j.expires_at > now_at
    )
    SELECT array_agg(
        ROW(NULL, NULL, j.id, j.attempt, j.device_id, j.provider, j.app_id, j.token, j.destination, j.p256dh, j.auth, j.platform, j.locale,
            wish.shows_text, u.unread_system_notification + u.unread_system_announcement + u.unread_interaction + u.unread_private_message,
            j.expires_at, j.user_id, j.message_id, c.conversation_id, j.sender_id, j.message_type, j.content_type,
            CASE WHEN wish.shows_text THEN j.content ELSE '{}' END, j.server_timestamp)::flixim.push_row
        ORDER BY j.due_at)
    INTO taken
    FROM judged AS j
    CROSS JOIN LATERAL flixim.find_user(j.user_id) AS u
    CROSS JOIN LATERAL flixim.find_conversation(j.conversation) AS c
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT x.shows_text FROM flixim.notification_settings AS x WHERE x.user_id = j.user_id), true) AS shows_text
        OFFSET 0
    ) AS wish
    WHERE j.message_id IS NOT NULL AND j.expires_at > now_at;

    -- What is due but held by somebody else is worth another look in a moment.
    head.next_in_ms := (
        SELECT ceil(extract(epoch FROM greatest(
            min(ready.due_at) - now_at,
            CASE WHEN head.looked_at = 0 THEN interval '100 milliseconds' ELSE '0' END)) * 1000)
        FROM flixim.push_destinations(p_provider) AS found (destination)
        CROSS JOIN LATERAL (
            SELECT x.due_at
            FROM flixim.pushes AS x
            WHERE x.state = 'waiting' AND x.provider = p_provider AND x.destination = found.destination
            ORDER BY x.due_at
            LIMIT 1
        ) AS ready
        WHERE found.destination <> ALL (coalesce(p_busy, '{}'))
        HAVING count(*) > 0
    );
    RETURN NEXT head;
    RETURN QUERY SELECT r.* FROM unnest(taken) AS r;
END
$$;

COMMENT ON FUNCTION flixim.claim_pushes(uuid, flixim.push_provider, integer, text[], interval) IS 'For a daemon: takes pushes that are due.';
