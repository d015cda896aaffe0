-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.remove_devices(p_device_ids)
-- Deletes devices and the pushes for them.

CREATE OR REPLACE FUNCTION flixim.remove_devices(p_device_ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM flixim.devices AS d WHERE d.id = ANY (p_device_ids);
    PERFORM flixim.lock_pushes(ARRAY(SELECT p.id FROM flixim.device_pushes(p_device_ids) AS p));
    DELETE FROM flixim.pushes AS p WHERE p.device_id = ANY (p_device_ids);
END
$$;

COMMENT ON FUNCTION flixim.remove_devices(uuid[]) IS 'Deletes devices and the pushes for them.';
