-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.notification_settings_row(p_user_id)
-- What a user wants pushes for: everything, with text, for who has said nothing. With the key that browsers subscribe with: of any daemon
-- that is alive, for they all have the same.

CREATE OR REPLACE FUNCTION flixim.notification_settings_row(p_user_id uuid) RETURNS flixim.notification_settings_answer
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT 'ok'::flixim.outcome, NULL::text, NULL::text, to_char(n.quiet_from, 'HH24:MI'), to_char(n.quiet_until, 'HH24:MI'),
        n.quiet_time_zone, coalesce(n.system_notification, true), coalesce(n.system_announcement, true),
        coalesce(n.interaction, true), coalesce(n.private_message, true), coalesce(n.shows_text, true),
        (
            SELECT min(d.web_push_key)
            FROM flixim.daemons AS d
            WHERE d.lease_until > clock_timestamp()
        ),
        n.updated_at
    FROM (VALUES (p_user_id)) AS u (id)
    LEFT JOIN flixim.notification_settings AS n ON n.user_id = u.id;
END;

COMMENT ON FUNCTION flixim.notification_settings_row(uuid) IS 'What a user wants pushes for.';
