-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.device_pushes(p_device_ids)
-- The pushes for devices, in whatever state. OFFSET 0: see find_push().

CREATE OR REPLACE FUNCTION flixim.device_pushes(p_device_ids uuid[]) RETURNS SETOF flixim.pushes
LANGUAGE sql STABLE ROWS 10
BEGIN ATOMIC
    SELECT p.*
    FROM unnest(p_device_ids) AS device (id)
    CROSS JOIN LATERAL (SELECT x.* FROM flixim.pushes AS x WHERE x.device_id = device.id OFFSET 0) AS p;
END;

COMMENT ON FUNCTION flixim.device_pushes(uuid[]) IS 'The pushes for devices.';
