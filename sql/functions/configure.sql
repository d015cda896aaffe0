-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.configure(p_withdraw_window, p_event_retention, p_push_delay, p_push_lifetime)
-- For the administrator: changes the settings that are given and returns all of them.

CREATE OR REPLACE FUNCTION flixim.configure(
    p_withdraw_window interval DEFAULT NULL,
    p_event_retention interval DEFAULT NULL,
    p_push_delay interval DEFAULT NULL,
    p_push_lifetime interval DEFAULT NULL
) RETURNS flixim.settings
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    settings flixim.settings;
BEGIN
    UPDATE flixim.settings AS s
    SET withdraw_window = coalesce(p_withdraw_window, s.withdraw_window),
        event_retention = coalesce(p_event_retention, s.event_retention),
        push_delay = coalesce(p_push_delay, s.push_delay),
        push_lifetime = coalesce(p_push_lifetime, s.push_lifetime)
    RETURNING s.* INTO settings;
    RETURN settings;
END
$$;

COMMENT ON FUNCTION flixim.configure(interval, interval, interval, interval) IS 'Changes and returns the site''s settings.';
