-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.add_device(p_caller, p_provider, p_token, p_subscription, p_platform, p_locale, p_app_id)
-- POST /devices: from now on the caller is told there. One row: the device; outcome created, or ok where the caller had it already,
-- which makes it active again; or a refusal.
-- A token belongs to whoever registered it last. When it changes hands it gets a new id, and what was to go there to the first user does
-- not: on a shared phone nobody is shown what was for another.
-- At most 25 of a user are active. Those that are not make room, oldest first.

CREATE OR REPLACE FUNCTION flixim.add_device(
    p_caller flixim.caller,
    p_provider flixim.push_provider,
    p_token text DEFAULT NULL,
    p_subscription json DEFAULT NULL,
    p_platform text DEFAULT NULL,
    p_locale text DEFAULT NULL,
    p_app_id text DEFAULT NULL
) RETURNS flixim.device_answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most CONSTANT integer := 25;
    me uuid := (flixim.identify(p_caller)).user_id;
    fault text := flixim.device_fault(p_provider, p_token, p_subscription, p_platform, p_locale, p_app_id);
    device flixim.devices;
    known flixim.devices;
    own flixim.users;
    answer flixim.device_answer;
BEGIN
    PERFORM flixim.require_read_committed();
    IF me IS NOT NULL AND fault IS NULL THEN
        -- The user's lock, so that there are never more than 25; and a token that was revoked while we waited registers nothing.
        PERFORM flixim.add_users(ARRAY[me]);
        PERFORM flixim.lock_users(ARRAY[me], true);
        me := (flixim.identify(p_caller)).user_id;
    END IF;
    IF me IS NULL OR fault IS NOT NULL THEN
        answer.outcome := CASE WHEN me IS NULL THEN 'invalid_token' ELSE 'invalid' END;
        answer.field := CASE WHEN me IS NOT NULL THEN split_part(fault, ':', 1) END;
        answer.rule := CASE WHEN me IS NOT NULL THEN split_part(fault, ':', 2) END;
        RETURN answer;
    END IF;

    SELECT u.* INTO own FROM flixim.users AS u WHERE u.user_id = me;
    device.user_id := me;
    device.provider := p_provider;
    device.app_id := coalesce(p_app_id, '');
    device.token := CASE p_provider WHEN 'web_push' THEN p_subscription ->> 'endpoint' WHEN 'apns' THEN lower(p_token) ELSE p_token END;
    device.token_digest := sha256(convert_to(device.token, 'UTF8'));
    device.platform := coalesce(p_platform, '');
    device.locale := coalesce(p_locale, '');
    device.destination := '';
    IF p_provider = 'web_push' THEN
        device.p256dh := flixim.bytes_of(p_subscription #>> '{keys,p256dh}', 65);
        device.auth := flixim.bytes_of(p_subscription #>> '{keys,auth}', 16);
        device.destination := flixim.endpoint_origin(device.token);
    END IF;
    device.inserted_at := date_trunc('milliseconds', clock_timestamp());
    -- A revocation counts to the end of its second; what comes with a token from after it must not fall under it.
    device.updated_at := greatest(device.inserted_at, own.tokens_valid_from);

    LOOP
        SELECT d.* INTO known
        FROM flixim.devices AS d
        WHERE d.provider = device.provider AND d.app_id = device.app_id AND d.token_digest = device.token_digest
        FOR UPDATE;
        IF known.user_id = me THEN
            UPDATE flixim.devices AS d
            SET p256dh = device.p256dh, auth = device.auth, platform = device.platform, locale = device.locale,
                updated_at = device.updated_at, disabled_at = NULL, disabled_reason = NULL
            WHERE d.id = known.id;
            device.id := known.id;
            answer.outcome := 'ok';
            EXIT;
        END IF;

        IF (SELECT count(*) FROM flixim.device_rows(me) AS r WHERE r.status = 'active') >= most THEN
            answer.outcome := 'too_many_devices';
            RETURN answer;
        END IF;
        PERFORM flixim.remove_devices(ARRAY(
            SELECT r.id
            FROM flixim.device_rows(me) AS r
            WHERE r.status <> 'active'
            ORDER BY r.updated_at
            LIMIT greatest((SELECT count(*) FROM flixim.device_rows(me)) - (most - 1), 0)
        ) || known.id);
        device.id := flixim.uuid_v7(device.inserted_at);
        INSERT INTO flixim.devices SELECT (device).*
        ON CONFLICT (provider, app_id, token_digest) DO NOTHING;
        IF FOUND THEN
            answer.outcome := 'created';
            EXIT;
        END IF;
        -- Somebody else has registered it at this moment.
    END LOOP;

    -- What came before there was a device is not told there.
    INSERT INTO flixim.reached (user_id, reached_at) VALUES (me, own.last_event_at) ON CONFLICT (user_id) DO NOTHING;
    PERFORM flixim.begin_horizons();

    SELECT answer.outcome, r.field, r.rule, r.id, r.provider, r.app_id, r.token, r.platform, r.locale, r.status, r.disabled_reason,
        r.inserted_at, r.updated_at
    INTO answer
    FROM flixim.device_rows(me) AS r
    WHERE r.id = device.id;
    RETURN answer;
END
$$;

COMMENT ON FUNCTION flixim.add_device(flixim.caller, flixim.push_provider, text, json, text, text, text) IS 'POST /devices.';
