-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.uuid_v7_floor(p_at)
-- The smallest UUID of version 7 whose time is not before p_at: ids of messages before p_at are below it.

CREATE OR REPLACE FUNCTION flixim.uuid_v7_floor(p_at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(
    substring(int8send(ceil(extract(epoch FROM p_at) * 1000)::bigint) FROM 3)
        || '\x70008000000000000000'::bytea,
    'hex')::uuid;

COMMENT ON FUNCTION flixim.uuid_v7_floor(timestamptz) IS 'The smallest UUID of version 7 whose time is not before the given instant.';
