-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.usable_devices(p_user_id)
-- The devices that pushes for a user may go to: not disabled, and registered since the user's tokens are valid, for whoever had a
-- revoked token may hold the device.
-- OFFSET 0 keeps it a lookup by key for each row that asks, see find_user().

CREATE OR REPLACE FUNCTION flixim.usable_devices(p_user_id uuid) RETURNS SETOF flixim.devices
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT x.*
    FROM flixim.devices AS x
    CROSS JOIN LATERAL flixim.find_user(x.user_id) AS u
    WHERE x.user_id = p_user_id AND x.disabled_at IS NULL AND x.updated_at >= u.tokens_valid_from
    OFFSET 0;
END;

COMMENT ON FUNCTION flixim.usable_devices(uuid) IS 'The devices that pushes for a user may go to.';
