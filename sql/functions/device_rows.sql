-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.device_rows(p_user_id)
-- A user's devices as the user sees them, oldest first. One that was registered with a token that has been revoked since is disabled
-- until it is registered again (users.tokens_valid_from).

CREATE OR REPLACE FUNCTION flixim.device_rows(p_user_id uuid) RETURNS SETOF flixim.device_answer
LANGUAGE sql STABLE ROWS 5
BEGIN ATOMIC
    SELECT 'ok'::flixim.outcome, NULL::text, NULL::text, d.id, d.provider, nullif(d.app_id, ''), d.token, nullif(d.platform, ''),
        nullif(d.locale, ''),
        CASE WHEN d.disabled_at IS NULL AND d.updated_at >= u.tokens_valid_from THEN 'active' ELSE 'disabled' END,
        CASE WHEN d.disabled_at IS NOT NULL THEN d.disabled_reason WHEN d.updated_at < u.tokens_valid_from THEN 'tokens_revoked' END,
        d.inserted_at, d.updated_at
    FROM flixim.devices AS d
    JOIN flixim.users AS u ON u.user_id = d.user_id
    WHERE d.user_id = p_user_id
    ORDER BY d.inserted_at, d.id;
END;

COMMENT ON FUNCTION flixim.device_rows(uuid) IS 'A user''s devices, oldest first.';
