-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.update_notification_settings(p_caller, p_quiet_hours, p_message_types, p_show_text)
-- PUT /settings/notifications. NULL, and a message type that is not named, leaves it as it is; the JSON null ends the quiet hours.
-- One row: the caller's settings as they are now, or a refusal.

CREATE OR REPLACE FUNCTION flixim.update_notification_settings(
    p_caller flixim.caller,
    p_quiet_hours json DEFAULT NULL,
    p_message_types json DEFAULT NULL,
    p_show_text boolean DEFAULT NULL
) RETURNS flixim.notification_settings_answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    fault text := flixim.notification_settings_fault(p_quiet_hours, p_message_types);
    hours CONSTANT json := CASE WHEN json_typeof(p_quiet_hours) = 'object' THEN p_quiet_hours END;
    types CONSTANT json := CASE WHEN json_typeof(p_message_types) = 'object' THEN p_message_types END;
    answer flixim.notification_settings_answer;
BEGIN
    PERFORM flixim.require_read_committed();
    IF me IS NULL OR fault IS NOT NULL THEN
        answer.outcome := CASE WHEN me IS NULL THEN 'invalid_token' ELSE 'invalid' END;
        answer.field := CASE WHEN me IS NOT NULL THEN split_part(fault, ':', 1) END;
        answer.rule := CASE WHEN me IS NOT NULL THEN split_part(fault, ':', 2) END;
        RETURN answer;
    END IF;

    INSERT INTO flixim.notification_settings (user_id, updated_at)
    VALUES (me, date_trunc('milliseconds', clock_timestamp()))
    ON CONFLICT (user_id) DO NOTHING;
    UPDATE flixim.notification_settings AS n
    SET quiet_from = CASE WHEN p_quiet_hours IS NULL THEN n.quiet_from ELSE (hours ->> 'from')::time END,
        quiet_until = CASE WHEN p_quiet_hours IS NULL THEN n.quiet_until ELSE (hours ->> 'until')::time END,
        quiet_time_zone = CASE WHEN p_quiet_hours IS NULL THEN n.quiet_time_zone ELSE hours ->> 'time_zone' END,
        system_notification = coalesce((types ->> 'system_notification')::boolean, n.system_notification),
        system_announcement = coalesce((types ->> 'system_announcement')::boolean, n.system_announcement),
        interaction = coalesce((types ->> 'interaction')::boolean, n.interaction),
        private_message = coalesce((types ->> 'private_message')::boolean, n.private_message),
        shows_text = coalesce(p_show_text, n.shows_text),
        updated_at = date_trunc('milliseconds', clock_timestamp())
    WHERE n.user_id = me;
    RETURN flixim.notification_settings_row(me);
END
$$;

COMMENT ON FUNCTION flixim.update_notification_settings(flixim.caller, json, json, boolean) IS 'PUT /settings/notifications.';
