-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.add_missed(p_user_ids, p_from, p_xid)
-- Makes pushes for the unread new messages of users after a stamp each, written by transactions from p_xid on (NULL: by any), which
-- they may have missed: due push_delay from now. Of a user's the thousand newest: a call is for many users, and one who has missed
-- tens of thousands, on 25 devices, would keep it from ever ending in time for all of them. Returns how many.
-- What is there already is locked: claim_pushes() may just be taking it away because the user was online when it looked. This
-- then waits, and makes it anew.

CREATE OR REPLACE FUNCTION flixim.add_missed(p_user_ids uuid[], p_from timestamptz[], p_xid xid8) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most CONSTANT integer := 1000;
    settings flixim.settings;
    now_at timestamptz := clock_timestamp();
    added integer;
BEGIN
    SELECT s.* INTO settings FROM flixim.settings AS s;

    INSERT INTO flixim.pushes (id, device_id, provider, destination, user_id, message_id, stamp, due_at, inserted_at)
    SELECT flixim.uuid_v7(now_at), d.id, d.provider, d.destination, u.user_id, e.message_id, e.stamp,
        -- A page that is loaded again, and the clients of a daemon that ends, have most of it on the screen: they get the time to be back.
        now_at + settings.push_delay, now_at
    FROM unnest(p_user_ids, p_from) AS u (user_id, since)
    -- Most users have no device: of them nothing else is read.
    CROSS JOIN LATERAL (SELECT FROM flixim.usable_devices(u.user_id) LIMIT 1) AS has_device
    CROSS JOIN LATERAL (
        SELECT x.stamp, x.message_id
        FROM flixim.events AS x
        CROSS JOIN LATERAL flixim.wanted_message(u.user_id, x.message_id, x.stamp, now_at) AS m
        WHERE x.target_user_id = u.user_id
            -- Pushes that were sent are known for a day: what is older could be pushed a second time.
            AND x.stamp > greatest(u.since, now_at - least(settings.push_lifetime, interval '1 day'))
            AND x.event_type = 'new_message'
            AND x.status = 'unread'
            AND (p_xid IS NULL OR x.xid >= p_xid)
        ORDER BY x.stamp DESC
        LIMIT most
    ) AS e
    CROSS JOIN LATERAL flixim.usable_devices(u.user_id) AS d
    ORDER BY d.id, e.message_id
    ON CONFLICT (device_id, message_id) DO UPDATE SET due_at = excluded.due_at WHERE false;
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN added;
END
$$;

COMMENT ON FUNCTION flixim.add_missed(uuid[], timestamptz[], xid8) IS 'Makes pushes for new messages that users may have missed.';
