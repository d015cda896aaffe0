-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.device_fault(p_provider, p_token, p_subscription, p_platform, p_locale, p_app_id)
-- The first rule of a Device that is broken, as 'field:rule', or NULL. Web Push has a subscription, as PushSubscription.toJSON()
-- gives it, the others a token; what else is in a subscription is not looked at.

CREATE OR REPLACE FUNCTION flixim.device_fault(
    p_provider flixim.push_provider,
    p_token text,
    p_subscription json,
    p_platform text,
    p_locale text,
    p_app_id text
) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_web CONSTANT boolean := p_provider = 'web_push';
    subscription CONSTANT json := CASE WHEN json_typeof(p_subscription) <> 'null' THEN p_subscription END;
    keys CONSTANT json := CASE WHEN json_typeof(subscription) = 'object' THEN subscription -> 'keys' END;
    endpoint CONSTANT json := CASE WHEN json_typeof(subscription) = 'object' THEN subscription -> 'endpoint' END;
BEGIN
    RETURN CASE
        WHEN p_provider IS NULL THEN 'provider:required'
        WHEN is_web AND p_token <> '' THEN 'token:provider'
        WHEN NOT is_web AND coalesce(p_token, '') = '' THEN 'token:required'
        WHEN length(p_token) > 4096 THEN 'token:too_long'
        WHEN p_provider = 'apns' AND p_token COLLATE "C" !~* '^([0-9a-f]{2}){32,100}$' THEN 'token:hex'
        WHEN p_token COLLATE "C" ~ '[^!-~]' THEN 'token:printable'
        WHEN NOT is_web AND subscription IS NOT NULL THEN 'subscription:provider'
        WHEN is_web AND subscription IS NULL THEN 'subscription:required'
        WHEN is_web AND json_typeof(subscription) <> 'object' THEN 'subscription:object'
        WHEN is_web AND flixim.text_fault(endpoint, 2048) IS NOT NULL
            THEN 'subscription.endpoint:' || flixim.text_fault(endpoint, 2048)
        WHEN is_web AND flixim.endpoint_origin(endpoint #>> '{}') IS NULL THEN 'subscription.endpoint:url'
        WHEN is_web AND coalesce(json_typeof(keys), 'null') = 'null' THEN 'subscription.keys:required'
        WHEN is_web AND json_typeof(keys) <> 'object' THEN 'subscription.keys:object'
        WHEN is_web AND flixim.text_fault(keys -> 'p256dh', 2048) IS NOT NULL
            THEN 'subscription.keys.p256dh:' || flixim.text_fault(keys -> 'p256dh', 2048)
        -- An uncompressed point begins with 4.
        WHEN is_web AND (get_byte(flixim.bytes_of(keys ->> 'p256dh', 65), 0) = 4) IS NOT TRUE THEN 'subscription.keys.p256dh:key'
        WHEN is_web AND flixim.text_fault(keys -> 'auth', 2048) IS NOT NULL
            THEN 'subscription.keys.auth:' || flixim.text_fault(keys -> 'auth', 2048)
        WHEN is_web AND flixim.bytes_of(keys ->> 'auth', 16) IS NULL THEN 'subscription.keys.auth:key'
        WHEN length(p_platform) > 32 THEN 'platform:too_long'
        WHEN length(p_locale) > 35 THEN 'locale:too_long'
        WHEN p_locale <> '' AND p_locale COLLATE "C" !~ '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$' THEN 'locale:locale'
        WHEN length(p_app_id) > 200 THEN 'app_id:too_long'
        WHEN p_app_id COLLATE "C" ~ '[^!-~]' THEN 'app_id:printable'
    END;
END
$$;

COMMENT ON FUNCTION flixim.device_fault(flixim.push_provider, text, json, text, text, text) IS
    'The first rule of a Device that is broken, as field:rule, or NULL.';
