-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.bytes_of(p_text, p_length)
-- What a text in base64url without padding holds, as browsers write the keys of a subscription; NULL if that is not p_length bytes
-- in their one spelling.

CREATE OR REPLACE FUNCTION flixim.bytes_of(p_text text, p_length integer) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bytes bytea;
BEGIN
    IF (p_text COLLATE "C" ~ '^[A-Za-z0-9_-]*$' AND length(p_text) = (p_length * 4 + 2) / 3) IS NOT TRUE THEN
        RETURN NULL;
    END IF;
    bytes := decode(translate(p_text, '-_', '+/') || repeat('=', (4 - length(p_text) % 4) % 4), 'base64');
    IF rtrim(translate(encode(bytes, 'base64'), E'+/\n', '-_'), '=') <> p_text THEN
        RETURN NULL;
    END IF;
    RETURN bytes;
END
$$;

COMMENT ON FUNCTION flixim.bytes_of(text, integer) IS 'The bytes of a text in base64url, or NULL if it is none.';
