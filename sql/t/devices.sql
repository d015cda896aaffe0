-- SPDX-License-Identifier: Apache-2.0
-- Devices: registered, known again, taken over, disabled, and no more than 25 of them; and what their users want to be told there.

\ir lib/begin.sql

RESET ROLE;
-- One registration: the outcome, the rule that is broken, and the id by a name.
CREATE TABLE t.devices (name text PRIMARY KEY, id uuid NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON t.devices TO PUBLIC;

CREATE FUNCTION t.add(
    caller integer,
    called text,
    provider text DEFAULT 'fcm',
    token text DEFAULT NULL,
    subscription json DEFAULT NULL,
    platform text DEFAULT NULL,
    locale text DEFAULT NULL,
    app_id text DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    answer flixim.device_answer;
BEGIN
    SELECT a.* INTO answer
    FROM flixim.add_device(t.caller(caller), provider::flixim.push_provider, coalesce(token, CASE WHEN subscription IS NULL THEN called END),
        subscription, platform, locale, app_id) AS a;
    IF answer.outcome IN ('ok', 'created') THEN
        INSERT INTO t.devices VALUES (called || ' of ' || caller, answer.id)
        ON CONFLICT (name) DO UPDATE SET id = excluded.id;
    END IF;
    RETURN concat_ws(' ', answer.outcome, answer.field || ':' || answer.rule);
END
$$;
CREATE FUNCTION t.d(name text) RETURNS uuid
LANGUAGE sql STABLE
RETURN (SELECT d.id FROM t.devices AS d WHERE d.name = $1);
CREATE FUNCTION t.d_list(caller integer) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT string_agg(concat_ws(' ', coalesce(l.token, l.outcome::text), nullif(l.status, 'active'), l.disabled_reason), ', ')
    FROM flixim.list_devices(t.caller(caller)) AS l;
$$;

-- Looks inside, and what others than the user do to a device.
CREATE FUNCTION t.inside(about text, number integer) RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER
AS $$
    SELECT CASE about
        WHEN 'reached' THEN (SELECT r.reached_at::text FROM flixim.reached AS r WHERE r.user_id = t.u(number))
        WHEN 'horizons' THEN (SELECT count(*)::text FROM flixim.push_horizons)
        WHEN 'pushes' THEN (SELECT count(*)::text FROM flixim.pushes AS p WHERE p.user_id = t.u(number))
    END;
$$;
CREATE PROCEDURE t.disable(device text)
LANGUAGE sql SECURITY DEFINER
AS $$
    UPDATE flixim.devices SET disabled_at = clock_timestamp(), disabled_reason = 'Unregistered' WHERE id = t.d(device);
$$;
CREATE PROCEDURE t.push_to(device text, message text)
LANGUAGE sql SECURITY DEFINER
AS $$
    INSERT INTO flixim.pushes (id, device_id, provider, destination, user_id, message_id, stamp, due_at, inserted_at)
    SELECT flixim.uuid_v7(clock_timestamp()), d.id, d.provider, d.destination, d.user_id, t.m(message), clock_timestamp(), clock_timestamp(), clock_timestamp()
    FROM flixim.devices AS d WHERE d.id = t.d(device);
$$;
CREATE FUNCTION t.revoke(number integer) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER
RETURN flixim.revoke_user_tokens(t.u(number)) IS NOT NULL;
-- Who has a token from after that.
CREATE FUNCTION t.later_caller(number integer) RETURNS flixim.caller
LANGUAGE sql VOLATILE
RETURN ROW(t.u(number), clock_timestamp() + interval '2 seconds', false, NULL)::flixim.caller;

SET LOCAL ROLE flixim_app;

-- The first one of all.
CALL t.say(2, 1, 'from before');
SELECT is(t.inside('horizons', 0), '0', 'nobody has a device: nothing is collected');
SELECT is(t.d_list(1), 'ok', 'the list is empty');
SELECT is(t.add(1, 'one'), 'created', 'a device is made');
SELECT is(t.inside('horizons', 0), '1', 'the first one begins the horizons');
SELECT is(t.inside('reached', 1), t.clock(1)::text, 'what came before it is not told there');
SELECT is(t.d_list(1), 'ok, one', 'it is listed');
CREATE TEMP TABLE before AS SELECT t.d('one of 1') AS id, t.inside('reached', 1) AS reached;
CALL t.say(2, 1, 'and after');
SELECT is(t.add(1, 'one'), 'ok', 'the same again is known');
SELECT is(t.d('one of 1'), b.id, 'by the same id') FROM before AS b;
SELECT is(t.inside('reached', 1), b.reached, 'and changes nothing of how far its user was told') FROM before AS b;
SELECT is(t.add(3, 'another'), 'created', 'and one of somebody else');
SELECT is(t.inside('horizons', 0), '1', 'begins nothing');
SELECT is(t.add(1, 'one of x', token => 'one', app_id => 'x'), 'created', 'a token of another app is another device');
SELECT is(t.add(1, 'one by webhook', token => 'one', provider => 'webhook'), 'created', 'and one of another provider');
SELECT is(t.d_list(1), 'ok, one, one, one', 'oldest first');

-- All fields of each kind.
CREATE FUNCTION pg_temp.web(endpoint text DEFAULT '"https://push.example.org/a?b=c"', p256dh text DEFAULT NULL, auth text DEFAULT NULL) RETURNS json
LANGUAGE sql IMMUTABLE
RETURN format('{"endpoint": %s, "expirationTime": null, "keys": {"p256dh": %s, "auth": %s}}', endpoint,
    coalesce(p256dh, '"B' || repeat('A', 86) || '"'), coalesce(auth, '"' || repeat('_', 21) || 'w"'))::json;
SELECT is(row_to_json(a)::jsonb - 'id' - 'inserted_at' - 'updated_at', c.answer::jsonb, c.about)
FROM (VALUES
    ('web_push', NULL, pg_temp.web(), 'web', 'zh-CN', NULL, '{"outcome": "created", "field": null, "rule": null, "provider": "web_push", "app_id": null,
        "token": "https://push.example.org/a?b=c", "platform": "web", "locale": "zh-CN", "status": "active", "disabled_reason": null}', 'Web Push'),
    ('apns', repeat('AB', 32), NULL, 'ios', 'en', 'org.example.app', '{"outcome": "created", "field": null, "rule": null, "provider": "apns",
        "app_id": "org.example.app", "token": "' || repeat('ab', 32) || '", "platform": "ios", "locale": "en", "status": "active",
        "disabled_reason": null}', 'APNs: hexadecimal digits are in lower case'),
    ('apns', repeat('ab', 32), NULL, NULL, NULL, 'org.example.app', '{"outcome": "ok", "field": null, "rule": null, "provider": "apns",
        "app_id": "org.example.app", "token": "' || repeat('ab', 32) || '", "platform": null, "locale": null, "status": "active",
        "disabled_reason": null}', 'registered again: it is what it says now')
) AS c (provider, token, subscription, platform, locale, app_id, answer, about),
LATERAL flixim.add_device(t.caller(4), c.provider::flixim.push_provider, c.token, c.subscription, c.platform, c.locale, c.app_id) AS a;
SELECT is(t.add(4, 'web', 'web_push', subscription => pg_temp.web(p256dh => '"BB' || repeat('A', 85) || '"')), 'ok', 'a browser may have new keys');
RESET ROLE;
SELECT is(concat_ws(' ', d.destination, octet_length(d.p256dh), get_byte(d.p256dh, 1), encode(d.auth, 'hex')),
    'https://push.example.org 65 16 ' || repeat('ff', 16), 'which are kept as bytes, with the origin of the endpoint')
FROM flixim.devices AS d WHERE d.id = t.d('web of 4');
SET LOCAL ROLE flixim_app;

-- What is refused.
SELECT is(t.add(5, 'x', c.provider, coalesce(c.token, CASE WHEN c.provider = 'web_push' THEN '' END), c.subscription, c.platform, c.locale, c.app_id),
    coalesce('invalid ' || c.fault, 'created'), coalesce(c.fault, 'fine') || ': ' || c.about)
FROM (VALUES
    (NULL, 'x', NULL::json, NULL, NULL, NULL, 'provider:required', 'of no service'),
    ('fcm', '', NULL, NULL, NULL, NULL, 'token:required', 'without a token'),
    ('fcm', repeat('x', 4096), NULL, NULL, NULL, NULL, NULL, '4,096 characters'),
    ('fcm', repeat('x', 4097), NULL, NULL, NULL, NULL, 'token:too_long', 'one more'),
    ('fcm', 'a b', NULL, NULL, NULL, NULL, 'token:printable', 'a blank'),
    ('webhook', E'a\nb', NULL, NULL, NULL, NULL, 'token:printable', 'a line end'),
    ('webhook', 'é', NULL, NULL, NULL, NULL, 'token:printable', 'no ASCII'),
    ('apns', repeat('a', 63), NULL, NULL, NULL, NULL, 'token:hex', 'too short'),
    ('apns', repeat('a', 65), NULL, NULL, NULL, NULL, 'token:hex', 'half a byte'),
    ('apns', repeat('a', 202), NULL, NULL, NULL, NULL, 'token:hex', 'too long'),
    ('apns', repeat('g', 64), NULL, NULL, NULL, NULL, 'token:hex', 'no digits'),
    ('apns', repeat('a', 200), NULL, NULL, NULL, NULL, NULL, '100 bytes'),
    ('fcm', 'x', pg_temp.web(), NULL, NULL, NULL, 'subscription:provider', 'a subscription'),
    ('fcm', 'null', 'null', NULL, NULL, NULL, NULL, 'null is none'),
    ('web_push', 'x', pg_temp.web(), NULL, NULL, NULL, 'token:provider', 'a token'),
    ('web_push', NULL, NULL, NULL, NULL, NULL, 'subscription:required', 'without a subscription'),
    ('web_push', NULL, 'null', NULL, NULL, NULL, 'subscription:required', 'null is none'),
    ('web_push', NULL, '[]', NULL, NULL, NULL, 'subscription:object', 'a list'),
    ('web_push', NULL, '{"keys": {}}', NULL, NULL, NULL, 'subscription.endpoint:required', 'without an endpoint'),
    ('web_push', NULL, pg_temp.web('null'), NULL, NULL, NULL, 'subscription.endpoint:required', 'null'),
    ('web_push', NULL, pg_temp.web('5'), NULL, NULL, NULL, 'subscription.endpoint:string', 'a number'),
    ('web_push', NULL, pg_temp.web('"https://h/' || repeat('x', 2038) || '"'), NULL, NULL, NULL, NULL, '2,048 characters'),
    ('web_push', NULL, pg_temp.web('"https://h/' || repeat('x', 2039) || '"'), NULL, NULL, NULL, 'subscription.endpoint:too_long', 'one more'),
    ('web_push', NULL, '{"endpoint": "https://h/"}', NULL, NULL, NULL, 'subscription.keys:required', 'without keys'),
    ('web_push', NULL, '{"endpoint": "https://h/", "keys": "x"}', NULL, NULL, NULL, 'subscription.keys:object', 'keys that are none'),
    ('web_push', NULL, pg_temp.web(p256dh => 'null'), NULL, NULL, NULL, 'subscription.keys.p256dh:required', 'without a key'),
    ('web_push', NULL, pg_temp.web(p256dh => '{}'), NULL, NULL, NULL, 'subscription.keys.p256dh:string', 'an object'),
    ('web_push', NULL, pg_temp.web(p256dh => '"B' || repeat('A', 85) || '"'), NULL, NULL, NULL, 'subscription.keys.p256dh:key', 'too short'),
    ('web_push', NULL, pg_temp.web(p256dh => '"B' || repeat('A', 87) || '"'), NULL, NULL, NULL, 'subscription.keys.p256dh:key', 'too long'),
    ('web_push', NULL, pg_temp.web(p256dh => '"B' || repeat('A', 86) || '="'), NULL, NULL, NULL, 'subscription.keys.p256dh:key', 'padded'),
    ('web_push', NULL, pg_temp.web(p256dh => '"B' || repeat('A', 85) || '+"'), NULL, NULL, NULL, 'subscription.keys.p256dh:key', 'the other alphabet'),
    ('web_push', NULL, pg_temp.web(p256dh => '"B' || repeat('A', 85) || 'B"'), NULL, NULL, NULL, 'subscription.keys.p256dh:key', 'bits to spare'),
    ('web_push', NULL, pg_temp.web(p256dh => '"A' || repeat('A', 86) || '"'), NULL, NULL, NULL, 'subscription.keys.p256dh:key', 'a compressed point'),
    ('web_push', NULL, pg_temp.web(auth => 'null'), NULL, NULL, NULL, 'subscription.keys.auth:required', 'without a secret'),
    ('web_push', NULL, pg_temp.web(auth => '"' || repeat('A', 21) || '"'), NULL, NULL, NULL, 'subscription.keys.auth:key', 'too short'),
    ('web_push', NULL, pg_temp.web(auth => '"' || repeat('A', 22) || '=="'), NULL, NULL, NULL, 'subscription.keys.auth:key', 'padded'),
    ('fcm', 'p', NULL, repeat('消', 32), NULL, NULL, NULL, '32 characters'),
    ('fcm', 'p', NULL, repeat('消', 33), NULL, NULL, 'platform:too_long', 'one more'),
    ('fcm', 'l', NULL, NULL, 'zh-Hant-TW', NULL, NULL, 'a tag'),
    ('fcm', 'm', NULL, NULL, 'zh_CN', NULL, 'locale:locale', 'as C has it'),
    ('fcm', 'm', NULL, NULL, 'x', NULL, 'locale:locale', 'a letter'),
    ('fcm', 'm', NULL, NULL, 'zh-', NULL, 'locale:locale', 'half a tag'),
    ('fcm', 'm', NULL, NULL, 'zh' || repeat('-abcdefgh', 4), NULL, 'locale:too_long', '38 characters'),
    ('fcm', 'a', NULL, NULL, NULL, repeat('x', 200), NULL, '200 characters'),
    ('fcm', 'a', NULL, NULL, NULL, repeat('x', 201), 'app_id:too_long', 'one more'),
    ('fcm', 'a', NULL, NULL, NULL, 'a b', 'app_id:printable', 'a blank')
) AS c (provider, token, subscription, platform, locale, app_id, fault, about);
RESET ROLE;
SELECT is(flixim.endpoint_origin(c.endpoint), c.origin, regexp_replace(c.endpoint, '[^!-~]', '.', 'g') || ': ' || coalesce(c.origin, 'no'))
FROM (VALUES
    ('https://fcm.googleapis.com/fcm/send/a:b', 'https://fcm.googleapis.com'),
    ('https://web.push.apple.com', 'https://web.push.apple.com'),
    ('https://h:8443/x', 'https://h:8443'),
    ('https://h:65535/', 'https://h:65535'),
    ('https://h?x', 'https://h'),
    ('https://[2001:db8::1]:443/x', 'https://[2001:db8::1]:443'),
    ('http://localhost:8080/x', 'http://localhost:8080'),
    ('http://127.0.0.1/', 'http://127.0.0.1'),
    ('http://[::1]:1/', 'http://[::1]:1'),
    ('http://example.org/', NULL), ('http://localhost.example.org/', NULL), ('HTTPS://h/', NULL), ('https://H/', NULL),
    ('https:///x', NULL), ('https://', NULL), ('https://h:/', NULL), ('https://h:0/', NULL), ('https://h:65536/', NULL), ('https://h:x/', NULL),
    ('https://user@h/', NULL), ('https://user:password@h/', NULL), ('https://h/#x', NULL), ('https://h\@x/', NULL), ('https://h/ x', NULL),
    (E'https://h/\r\nX: y', NULL), (E'https://h/\n', NULL), ('https://h/é', NULL), ('https://-h/', NULL), ('https://h./', NULL),
    ('ftp://h/', NULL), ('//h/', NULL), ('javascript:alert(1)', NULL), ('file:///etc/passwd', NULL), ('', NULL)
) AS c (endpoint, origin);
SET LOCAL ROLE flixim_app;
SELECT is(t.d_list(6), 'ok', 'and nothing is kept of what was refused');

-- A token that changes hands.
CALL t.say(2, 3, 'for three');
CALL t.push_to('another of 3', 'for three');
SELECT is(t.inside('pushes', 3), '1', 'a push waits');
SELECT is(t.add(7, 'another'), 'created', 'another user registers that device');
SELECT isnt(t.d('another of 7'), t.d('another of 3'), 'it has an id of its own');
SELECT is(t.d_list(3), 'ok', 'the first user has it no more');
SELECT is(t.inside('pushes', 3), '0', 'and nothing of theirs goes there');

-- Deleting.
CALL t.say(2, 7, 'for seven');
CALL t.push_to('another of 7', 'for seven');
SELECT is(flixim.delete_device(t.caller(3), t.d('another of 7')), 'device_not_found', 'others have no such device');
SELECT is(flixim.delete_device(t.caller(7), t.u(1)), 'device_not_found', 'nor is there one');
SELECT is(t.inside('pushes', 7), '1', 'nothing is changed');
SELECT is(t.add(7, 'second'), 'created', 'of two');
SELECT is(flixim.delete_device(t.caller(7), t.d('another of 7')), 'ok', 'one is deleted');
SELECT is(t.d_list(7), 'ok, second', 'it is gone');
SELECT is(t.inside('pushes', 7), '0', 'with what was to go there');
SELECT isnt(t.inside('reached', 7), NULL, 'the user is still noted');
SELECT is(flixim.delete_device(t.caller(7), t.d('another of 7')), 'device_not_found', 'twice it is not');
SELECT is(flixim.delete_device(t.caller(7), t.d('second of 7')), 'ok', 'the last one');
SELECT is(t.inside('reached', 7), NULL, 'and the note with it');

-- Disabled by its provider, and by a revocation.
CALL t.disable('one of 1');
SELECT is(t.d_list(1), 'ok, one disabled Unregistered, one, one', 'disabled, with the reason');
SELECT is(t.add(1, 'one'), 'ok', 'registering it again');
SELECT is(t.d_list(1), 'ok, one, one, one', 'enables it');
SELECT ok(t.revoke(1), 'all tokens of the user end');
SELECT is((SELECT string_agg(concat_ws(' ', l.status, l.disabled_reason), ', ') FROM flixim.list_devices(t.later_caller(1)) AS l WHERE l.id IS NOT NULL),
    'disabled tokens_revoked, disabled tokens_revoked, disabled tokens_revoked', 'whoever had them may have registered the devices');
SELECT is((flixim.add_device(ROW(t.u(1), clock_timestamp() - interval '2 seconds', false, NULL)::flixim.caller, 'fcm', 'one')).outcome, 'invalid_token',
    'with such a token none is');
SELECT is((flixim.add_device(t.later_caller(1), 'fcm', 'one')).status, 'active', 'with a new one it counts again, within the same second, too');
SELECT is((SELECT string_agg(l.status, ', ') FROM flixim.list_devices(t.later_caller(1)) AS l), 'active, disabled, disabled', 'that one alone');

-- 25 of them.
SELECT is(string_agg(DISTINCT t.add(8, 'many ' || n, token => 'many-' || n), ' '), 'created', '25 may be registered') FROM generate_series(1, 25) AS n;
SELECT is(t.add(8, 'one more'  , token => 'one-more'), 'too_many_devices', 'the 26th is not');
SELECT is(t.add(8, 'second'), 'too_many_devices', 'whatever it is');
SELECT is(t.add(8, 'many 3', token => 'many-3'), 'ok', 'those that are there may be registered again');
CALL t.disable('many 3 of 8');
CALL t.disable('many 7 of 8');
SELECT is(t.add(8, 'one more', token => 'one-more'), 'created', 'a disabled one makes room');
SELECT is(t.add(8, 'yet one', token => 'yet-one'), 'created', 'then the other');
SELECT is(t.add(8, 'no more', token => 'no-more'), 'too_many_devices', 'and no other');
SELECT is((SELECT count(*) || ' ' || bool_or(l.token IN ('many-3', 'many-7')) FROM flixim.list_devices(t.caller(8)) AS l WHERE l.id IS NOT NULL), '25 false',
    'they are gone');

-- What a user wants.
CREATE FUNCTION pg_temp.wants(caller integer, quiet_hours json DEFAULT NULL, message_types json DEFAULT NULL, show_text boolean DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT concat_ws(' ', s.outcome, s.field || ':' || s.rule, s.quiet_from || '-' || s.quiet_until, s.quiet_time_zone,
        s.system_notification, s.system_announcement, s.interaction, s.private_message, s.show_text, s.web_push_public_key)
    FROM flixim.update_notification_settings(t.caller(caller), quiet_hours, message_types, show_text) AS s;
$$;
SELECT is(concat_ws(' ', s.outcome, s.quiet_from, s.private_message, s.show_text, s.web_push_public_key, s.updated_at), 'ok t t', 'who has said nothing wants everything')
FROM flixim.get_notification_settings(t.caller(9)) AS s;
SELECT is(pg_temp.wants(9, c.quiet_hours, c.message_types, c.show_text), c.answer, c.about)
FROM (VALUES
    (NULL::json, NULL::json, NULL::boolean, 'ok t t t t t', 'nothing given: nothing changes'),
    ('{"from": "22:00", "until": "08:30", "time_zone": "Asia/Shanghai"}', NULL, NULL, 'ok 22:00-08:30 Asia/Shanghai t t t t t', 'quiet hours'),
    (NULL, '{"interaction": false, "other": 5}', NULL, 'ok 22:00-08:30 Asia/Shanghai t t f t t', 'one type off; unknown keys are left alone'),
    (NULL, '{"interaction": null, "private_message": false}', NULL, 'ok 22:00-08:30 Asia/Shanghai t t f f t', 'another; null leaves it'),
    (NULL, 'null', false, 'ok 22:00-08:30 Asia/Shanghai t t f f f', 'no texts'),
    ('null', '{"interaction": true, "private_message": true}', true, 'ok t t t t t', 'and all of it back'),
    ('{"from": "00:00", "until": "23:59", "time_zone": "UTC", "x": 1}', NULL, NULL, 'ok 00:00-23:59 UTC t t t t t', 'a whole day'),
    ('[]', NULL, NULL, 'invalid quiet_hours:object', 'a list'),
    ('{}', NULL, NULL, 'invalid quiet_hours.from:required', 'nothing in it'),
    ('{"from": 22, "until": "08:00", "time_zone": "UTC"}', NULL, NULL, 'invalid quiet_hours.from:time_of_day', 'a number'),
    ('{"from": "24:00", "until": "08:00", "time_zone": "UTC"}', NULL, NULL, 'invalid quiet_hours.from:time_of_day', '24 o''clock'),
    ('{"from": "9:00", "until": "08:00", "time_zone": "UTC"}', NULL, NULL, 'invalid quiet_hours.from:time_of_day', 'one digit'),
    ('{"from": "22:00", "time_zone": "UTC"}', NULL, NULL, 'invalid quiet_hours.until:required', 'no end'),
    ('{"from": "22:00", "until": "08:00:00", "time_zone": "UTC"}', NULL, NULL, 'invalid quiet_hours.until:time_of_day', 'seconds'),
    ('{"from": "22:00", "until": "22:00", "time_zone": "UTC"}', NULL, NULL, 'invalid quiet_hours.until:same', 'no hours at all'),
    ('{"from": "22:00", "until": "08:00"}', NULL, NULL, 'invalid quiet_hours.time_zone:required', 'nowhere'),
    ('{"from": "22:00", "until": "08:00", "time_zone": "CST"}', NULL, NULL, 'invalid quiet_hours.time_zone:time_zone', 'an abbreviation'),
    (NULL, '[]', NULL, 'invalid message_types:object', 'a list'),
    (NULL, '{"private_message": "no"}', NULL, 'invalid message_types.private_message:boolean', 'a text'),
    (NULL, NULL, NULL, 'ok 00:00-23:59 UTC t t t t t', 'what was refused has changed nothing')
) AS c (quiet_hours, message_types, show_text, answer, about);
RESET ROLE;
SELECT is(flixim.is_time_zone(c.name), c.is_one, c.name || CASE WHEN c.is_one THEN '' ELSE ' is none' END)
FROM (VALUES
    ('Asia/Shanghai', true), ('America/Argentina/Buenos_Aires', true), ('America/Port-au-Prince', true), ('Etc/GMT+8', true), ('Etc/GMT-14', true), ('GMT', true),
    ('Mars/Base', false), ('Mars/Base1', false), ('Etc/GMT+15', false), ('EST5EDT', false), ('XYZ-8', false), ('+08:00', false), ('8', false),
    ('../../etc/passwd', false), ('posixrules', false), ('Asia/Shanghai ', false), ('', false), (repeat('a/', 100), false), (NULL, NULL::boolean)
) AS c (name, is_one)
WHERE c.name IS NOT NULL;
SELECT is(flixim.is_time_zone(NULL), false, 'nor is nothing');
INSERT INTO flixim.daemons (daemon_id, lease_until, current_since, web_push_key) VALUES
    (t.u(1), clock_timestamp() - interval '1 second', now(), 'Adead'), (t.u(2), clock_timestamp() + interval '1 minute', now(), NULL),
    (t.u(3), clock_timestamp() + interval '1 minute', now(), 'Balive');
SET LOCAL ROLE flixim_app;
SELECT is((flixim.get_notification_settings(t.caller(9))).web_push_public_key, 'Balive', 'the key is that of a daemon that is alive');

-- A token that does not count.
SELECT is(c.outcome, 'invalid_token', c.about)
FROM (VALUES
    ((flixim.add_device(NULL, 'fcm', 'x')).outcome, 'no device'),
    ((flixim.add_device(NULL, 'fcm', '')).outcome, 'whatever else is wrong'),
    ((SELECT l.outcome FROM flixim.list_devices(NULL) AS l), 'no list'),
    (flixim.delete_device(NULL, t.u(1)), 'none deleted'),
    ((flixim.get_notification_settings(NULL)).outcome, 'no settings'),
    ((flixim.update_notification_settings(NULL, '[]')).outcome, 'none changed'),
    ((SELECT s.outcome FROM flixim.sync_and_note(NULL, NULL) AS s), 'no sync')
) AS c (outcome, about);

-- A sync is noted, for who has a device.
CREATE FUNCTION pg_temp.synced(caller integer, cursor timestamptz DEFAULT NULL, page_size integer DEFAULT 500, notes boolean DEFAULT true) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT string_agg(coalesce(t.name(s.id), s.cursor_at::text), ', ') FROM flixim.sync_and_note(t.caller(caller), cursor, page_size, notes) AS s;
$$;
SELECT is(t.add(11, 'eleven'), 'created', 'eleven has a device');
CALL t.say(10, 11, 'first');
CALL t.say(10, 11, 'second');
CALL t.say(10, 12, 'to who has none');
CREATE FUNCTION pg_temp.reached(number integer) RETURNS text
LANGUAGE sql VOLATILE
RETURN CASE t.inside('reached', number)
    WHEN (SELECT m.server_timestamp::text FROM flixim.get_message(t.caller(10), t.m('first')) AS m) THEN 'first'
    WHEN t.clock(number)::text THEN 'all'
    WHEN '1970-01-01 00:00:00+00' THEN 'nothing'
    ELSE t.inside('reached', number)
END;
SELECT is(pg_temp.reached(11), 'nothing', 'and has been told nothing');
SELECT is(pg_temp.synced(11, notes => false), t.clock(11) || ', first, second', 'a sync whose answer nobody gets');
SELECT is(pg_temp.reached(11), 'nothing', 'is not noted');
SELECT matches(pg_temp.synced(11, page_size => 1), ', first$', 'a page');
SELECT is(pg_temp.reached(11), 'first', 'is noted as far as it goes');
SELECT is(current_setting('synchronous_commit'), 'off', 'and nobody waits for it');
SELECT is(pg_temp.synced(11), t.clock(11) || ', first, second', 'all of it');
SELECT is(pg_temp.reached(11), 'all', 'is noted');
SELECT is(pg_temp.synced(11, page_size => 1), (SELECT m.server_timestamp::text FROM flixim.get_message(t.caller(10), t.m('first')) AS m) || ', first', 'an older one');
SELECT is(pg_temp.reached(11), 'all', 'takes nothing back');
SELECT is(pg_temp.synced(11, 'infinity'), t.clock(11)::text, 'nor does one from the future');
SELECT is(pg_temp.reached(11), 'all', 'go beyond what there is');
SELECT is(pg_temp.synced(12), t.clock(12) || ', to who has none', 'who has no device syncs as well');
SELECT is(pg_temp.reached(12), NULL, 'and is not noted');

-- An answer ends early when it is too large: what is not in it is not noted.
SELECT is(string_agg(DISTINCT t.verdict(t.send(10, 11, 'large ' || n, content => json_build_object('text', 'x', 'more', repeat('x', 200000))::text)), ' '), 'created',
    'ten megabytes') FROM generate_series(1, 50) AS n;
SELECT is((SELECT count(*) || ' ' || (max(s.cursor_at) = t.clock(11)) FROM flixim.sync_and_note(t.caller(11), NULL) AS s), '53 true', 'the database gives all of them');
SELECT is((SELECT count(*) FROM flixim.sync_and_note(t.caller(11), t.inside('reached', 11)::timestamptz, 500, false) AS s WHERE s.id IS NOT NULL),
    50 - ceil((8 * 1024 * 1024 - 2000) / 201100.0)::bigint, 'what has been noted is what is certain to be in an answer');

\ir lib/end.sql
