-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.notification_settings_fault(p_quiet_hours, p_message_types)
-- The first rule of NotificationSettings that is broken, as 'field:rule', or NULL. Unknown keys are not looked at.

CREATE OR REPLACE FUNCTION flixim.notification_settings_fault(p_quiet_hours json, p_message_types json) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    time_of_day CONSTANT text := '^([01][0-9]|2[0-3]):[0-5][0-9]$';
    fault text;
BEGIN
    IF json_typeof(p_quiet_hours) = 'object' THEN
        fault := CASE
            WHEN flixim.text_fault(p_quiet_hours -> 'from', 5) = 'required' THEN 'quiet_hours.from:required'
            WHEN (p_quiet_hours ->> 'from') !~ time_of_day THEN 'quiet_hours.from:time_of_day'
            WHEN flixim.text_fault(p_quiet_hours -> 'until', 5) = 'required' THEN 'quiet_hours.until:required'
            WHEN (p_quiet_hours ->> 'until') !~ time_of_day THEN 'quiet_hours.until:time_of_day'
            WHEN (p_quiet_hours ->> 'from') = (p_quiet_hours ->> 'until') THEN 'quiet_hours.until:same'
            WHEN flixim.text_fault(p_quiet_hours -> 'time_zone', 100) = 'required' THEN 'quiet_hours.time_zone:required'
            WHEN NOT flixim.is_time_zone(p_quiet_hours ->> 'time_zone') THEN 'quiet_hours.time_zone:time_zone'
        END;
    ELSIF json_typeof(p_quiet_hours) <> 'null' THEN
        fault := 'quiet_hours:object';
    END IF;
    IF fault IS NULL AND json_typeof(p_message_types) NOT IN ('object', 'null') THEN
        fault := 'message_types:object';
    ELSIF fault IS NULL AND json_typeof(p_message_types) = 'object' THEN
        SELECT 'message_types.' || k.label || ':boolean' INTO fault
        FROM unnest(enum_range(NULL::flixim.message_type)) AS k (label)
        WHERE json_typeof(p_message_types -> k.label::text) NOT IN ('boolean', 'null')
        ORDER BY k.label
        LIMIT 1;
    END IF;
    RETURN fault;
END
$$;

COMMENT ON FUNCTION flixim.notification_settings_fault(json, json) IS
    'The first rule of NotificationSettings that is broken, as field:rule, or NULL.';
