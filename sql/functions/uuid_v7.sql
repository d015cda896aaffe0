-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.uuid_v7(p_at)
-- A new UUID of version 7 (RFC 9562, 5.7) whose time is p_at, in milliseconds; the rest is random.
-- Starts from a version 4 UUID, whose variant bits are right, and turns its version 4 into 7 by two bits.

CREATE OR REPLACE FUNCTION flixim.uuid_v7(p_at timestamptz) RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN encode(
    set_bit(set_bit(
        overlay(
            uuid_send(gen_random_uuid())
            PLACING substring(int8send((date_part('epoch', p_at) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6),
        52, 1), 53, 1),
    'hex')::uuid;

COMMENT ON FUNCTION flixim.uuid_v7(timestamptz) IS 'A new UUID of version 7 whose time is the given instant.';
