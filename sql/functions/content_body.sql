-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.content_body(p_content)
-- The content as jsonb, for rules and digest, or NULL if it is JSON that jsonb cannot hold (a \u0000, half a surrogate pair, a
-- number beyond numeric): that refuses one message, where an exception would fail the batch.

CREATE OR REPLACE FUNCTION flixim.content_body(p_content json) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN p_content::jsonb;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION flixim.content_body(json) IS 'The content as jsonb, or NULL if jsonb cannot hold it.';
