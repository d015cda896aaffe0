-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.text_fault(p_value, p_length)
-- The rule that a member of JSON breaks which has to be a text of 1 to p_length characters, or NULL.

CREATE OR REPLACE FUNCTION flixim.text_fault(p_value json, p_length integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_value IS NULL OR json_typeof(p_value) = 'null' THEN 'required'
    WHEN json_typeof(p_value) <> 'string' THEN 'string'
    WHEN p_value #>> '{}' = '' THEN 'required'
    WHEN length(p_value #>> '{}') > p_length THEN 'too_long'
END;

COMMENT ON FUNCTION flixim.text_fault(json, integer) IS 'The rule that a text in JSON breaks, or NULL.';
