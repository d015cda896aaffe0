-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.announce_revocation(p_user_id)
-- Tells the daemons, through the event stream, to judge a user's connections again. The caller holds the lock of the user's row.

CREATE OR REPLACE FUNCTION flixim.announce_revocation(p_user_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    new_stamp timestamptz;
BEGIN
    UPDATE flixim.users AS u
    SET last_event_at = greatest(date_trunc('milliseconds', clock_timestamp()), u.last_event_at + interval '1 millisecond')
    WHERE u.user_id = p_user_id
    RETURNING u.last_event_at INTO new_stamp;
    INSERT INTO flixim.events (target_user_id, stamp, id, event_type)
    VALUES (p_user_id, new_stamp, flixim.uuid_v7(new_stamp), 'session_revoked');
    PERFORM flixim.wake_listeners();
END
$$;

COMMENT ON FUNCTION flixim.announce_revocation(uuid) IS 'Tells the daemons to judge a user''s connections again.';
