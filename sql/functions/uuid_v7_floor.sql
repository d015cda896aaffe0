-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.uuid_v7_floor(p_at)
-- The smallest UUID of version 7 whose time is not before p_at: ids of messages before p_at are below it.
-- NULL for NULL; instants that no id can have count as the nearest that one can.

CREATE OR REPLACE FUNCTION flixim.uuid_v7_floor(p_at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN encode(
    substring(int8send(ceil(
        extract(epoch FROM greatest(least(p_at, '9999-12-31 00:00:00+00'), '1970-01-01 00:00:00+00')) * 1000)::bigint) FROM 3)
        || '\x70008000000000000000'::bytea,
    'hex')::uuid;

COMMENT ON FUNCTION flixim.uuid_v7_floor(timestamptz) IS 'The smallest UUID of version 7 whose time is not before the given instant.';
