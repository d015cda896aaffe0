-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.is_time_zone(p_name)
-- Whether PostgreSQL knows a time zone by this name of the IANA's database. Abbreviations are none: CST is three of them; nor is what
-- POSIX makes of any word and a number.

CREATE OR REPLACE FUNCTION flixim.is_time_zone(p_name text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_name COLLATE "C" ~ '^(UTC|GMT|Etc/GMT[+-]([1-9]|1[0-4]))$' THEN
        RETURN true;
    END IF;
    IF (p_name COLLATE "C" ~ '^[A-Za-z_-]{1,30}(/[A-Za-z_-]{1,30}){1,2}$') IS NOT TRUE THEN
        RETURN false;
    END IF;
    PERFORM clock_timestamp() AT TIME ZONE p_name;
    RETURN true;
EXCEPTION
    WHEN invalid_parameter_value THEN
        RETURN false;
END
$$;

COMMENT ON FUNCTION flixim.is_time_zone(text) IS 'Whether PostgreSQL knows a time zone by this name.';
