-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.delete_device(p_caller, p_device_id)
-- DELETE /devices/{device_id}: nothing goes to it any more. Whose last one it was need not be known to be reached.

CREATE OR REPLACE FUNCTION flixim.delete_device(p_caller flixim.caller, p_device_id uuid) RETURNS flixim.outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
BEGIN
    PERFORM flixim.require_read_committed();
    IF me IS NULL THEN
        RETURN 'invalid_token';
    END IF;
    -- Under the user's lock, so that no other device comes while this one is taken for the last.
    PERFORM flixim.lock_users(ARRAY[me], true);
    IF NOT EXISTS (SELECT FROM flixim.devices AS d WHERE d.id = p_device_id AND d.user_id = me) THEN
        RETURN 'device_not_found';
    END IF;
    PERFORM flixim.remove_devices(ARRAY[p_device_id]);
    DELETE FROM flixim.reached AS r
    WHERE r.user_id = me AND NOT EXISTS (SELECT FROM flixim.devices AS d WHERE d.user_id = me);
    RETURN 'ok';
END
$$;

COMMENT ON FUNCTION flixim.delete_device(flixim.caller, uuid) IS 'DELETE /devices/{device_id}.';
