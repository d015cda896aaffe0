-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.get_notification_settings(p_caller)
-- GET /settings/notifications. One row: the caller's.

CREATE OR REPLACE FUNCTION flixim.get_notification_settings(p_caller flixim.caller) RETURNS flixim.notification_settings_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    answer flixim.notification_settings_answer;
BEGIN
    IF me IS NULL THEN
        answer.outcome := 'invalid_token';
        RETURN answer;
    END IF;
    RETURN flixim.notification_settings_row(me);
END
$$;

COMMENT ON FUNCTION flixim.get_notification_settings(flixim.caller) IS 'GET /settings/notifications.';
