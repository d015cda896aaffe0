-- SPDX-License-Identifier: Apache-2.0
-- Of which messages users are told on their devices: each rule alone, when the message is found (collect_pushes()), and again just before
-- it is sent (claim_pushes()).

\ir lib/pushes.sql

-- What happens to user n and message mn from user 1, and whether that is to be told then. Each case has two users: to one it happens
-- before the message is found, to the other (n + 100) after that.
CREATE TABLE t.cases (n integer, type text, what text, about text, is_wanted boolean);
INSERT INTO t.cases VALUES
    (10, 'private_message', 'SELECT 1', 'nothing', true),
    (11, 'private_message', 'SELECT t.read(@n, ''m@n'')', 'read', false),
    (12, 'private_message', 'SELECT t.withdraw(1, ''m@n'')', 'withdrawn', false),
    (13, 'private_message', 'SELECT t.delete(@n, ''m@n'')', 'deleted', false),
    (14, 'private_message', 'SELECT flixim.update_conversation(t.caller(@n), t.private(1, @n), p_is_muted => true)', 'muted', false),
    (15, 'private_message', 'SELECT flixim.update_conversation(t.caller(1), t.private(1, @n), p_is_muted => true)', 'muted by the sender', true),
    (16, 'private_message', 'SELECT flixim.update_notification_settings(t.caller(@n), p_message_types => ''{"private_message":false}'')',
        'private messages switched off', false),
    (17, 'private_message', 'SELECT flixim.update_notification_settings(t.caller(@n), p_message_types =>
        ''{"system_notification":false,"system_announcement":false,"interaction":false}'')', 'the other types switched off', true),
    (18, 'system_notification', 'SELECT 1', 'a notification', true),
    (19, 'system_announcement', 'SELECT 1', 'an announcement', true),
    (20, 'interaction', 'SELECT 1', 'an interaction', true),
    (21, 'system_notification', 'SELECT flixim.update_notification_settings(t.caller(@n), p_message_types => ''{"system_notification":false}'')',
        'notifications switched off', false),
    (22, 'system_announcement', 'SELECT flixim.update_notification_settings(t.caller(@n), p_message_types => ''{"system_announcement":false}'')',
        'announcements switched off', false),
    (23, 'interaction', 'SELECT flixim.update_notification_settings(t.caller(@n), p_message_types => ''{"interaction":false}'')',
        'interactions switched off', false),
    (24, 'private_message', 'CALL t.quiet(@n, ''-1 hour'', ''1 hour'')', 'quiet hours', false),
    (25, 'private_message', 'CALL t.quiet(@n, ''1 hour'', ''2 hours'')', 'quiet hours that are still to come', true),
    (26, 'private_message', 'CALL t.quiet(@n, ''-1 hour'', ''1 hour'', ''Mars/Base'')', 'quiet hours of a zone that is no more', true),
    (27, 'private_message', 'SELECT flixim.update_notification_settings(t.caller(@n), p_show_text => false)', 'texts switched off', true),
    (30, 'private_message', 'CALL t.online(@n)', 'online, and synced', false),
    (31, 'private_message', 'CALL t.online(@n, t.stamp(@n, ''m@n'') - interval ''1 ms'')', 'online since before', false),
    (32, 'private_message', 'CALL t.online(@n, t.stamp(@n, ''m@n''))', 'online from that very event on', true),
    (33, 'private_message', 'CALL t.online(@n, t.stamp(@n, ''m@n'') + interval ''1 ms'')', 'online since later', true),
    (34, 'private_message', 'CALL t.online(@n, daemon => 902); UPDATE flixim.daemons SET lease_until = now() WHERE daemon_id = t.u(902)', 'online at a daemon whose lease is over, as long as nobody has found that', false),
    (35, 'private_message', 'CALL t.online(@n); CALL t.online(@n, NULL)', 'online no more', true),
    (36, 'private_message', 'CALL t.online(1)', 'the sender is online', true),
    (37, 'private_message', 'CALL t.reach(@n, t.stamp(@n, ''m@n''))', 'reached', false),
    (38, 'private_message', 'CALL t.reach(@n, t.stamp(@n, ''m@n'') - interval ''1 ms'')', 'reached only up to what was before', true),
    (40, 'private_message', 'UPDATE flixim.devices SET disabled_at = now(), disabled_reason = ''x'' WHERE user_id = t.u(@n)', 'the device disabled', false),
    (41, 'private_message', 'SELECT flixim.revoke_user_tokens(t.u(@n))', 'the tokens revoked', false),
    (42, 'private_message', 'SELECT flixim.delete_device(t.caller(@n), t.d(''d@n''))', 'the device deleted', false),
    (43, 'private_message', 'SELECT flixim.add_device(t.caller(9), ''webhook'', ''d@n'')', 'the device in other hands', false);

CREATE PROCEDURE t.quiet(number integer, since interval, until interval, zone text DEFAULT 'UTC')
LANGUAGE sql
AS $$
    INSERT INTO flixim.notification_settings (user_id, quiet_from, quiet_until, quiet_time_zone, updated_at)
    VALUES (t.u(number), (now() + since)::time, (now() + until)::time, zone, now());
$$;
CREATE PROCEDURE t.reach(number integer, at timestamptz)
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM flixim.update_presence(t.u(901), ARRAY[t.u(number)], ARRAY[NULL]::timestamptz[], ARRAY[at]);
END
$$;

SELECT flixim.beat(t.u(901), '1 hour', '1 minute', NULL), flixim.beat(t.u(902), '1 hour', '1 minute', NULL) \g /dev/null
SELECT format('CALL t.device(%s, %L)', c.n + late, 'd' || c.n + late) FROM t.cases AS c, unnest('{0,100}'::integer[]) AS late \gexec
CALL t.say(1, 9, 'from before');
SELECT t.collect() AS given \gset
SELECT format('CALL t.say(1, %s, %L, %L)', c.n + late, 'm' || c.n + late, c.type) FROM t.cases AS c, unnest('{0,100}'::integer[]) AS late \gexec
\set QUIET on
\o /dev/null
SELECT step
FROM t.cases AS c, regexp_split_to_table(replace(c.what, '@n', c.n::text), '; ') WITH ORDINALITY AS s (step, place) ORDER BY c.n, s.place \gexec
SELECT t.collect();
\o
SELECT is((t.push('d' || c.n, 'm' || c.n)).id IS NOT NULL, c.is_wanted, 'before it is found: ' || c.about) FROM t.cases AS c ORDER BY c.n;
SELECT is((t.push('d' || c.n, 'm' || c.n)).id IS NOT NULL, true, 'what happens to others is no matter: ' || c.about)
FROM (SELECT x.n + 100 AS n, x.about FROM t.cases AS x ORDER BY x.n) AS c;
\o /dev/null
SELECT step
FROM t.cases AS c, regexp_split_to_table(replace(c.what, '@n', (c.n + 100)::text), '; ') WITH ORDINALITY AS s (step, place)
ORDER BY c.n, s.place \gexec
\o
CREATE TABLE t.taken AS SELECT c.* FROM flixim.claim_pushes(t.u(901), 'webhook', 1000, '{}', '1 minute') AS c;
SELECT is(EXISTS (SELECT FROM t.taken AS k WHERE k.user_id = t.u(c.n) AND k.message_id = t.m('m' || c.n)), c.is_wanted,
    'after it was found: ' || c.about)
FROM (SELECT x.n + 100 AS n, x.about, x.is_wanted FROM t.cases AS x ORDER BY x.n) AS c;
SELECT is(EXISTS (SELECT FROM flixim.pushes AS p WHERE p.message_id = t.m('m' || c.n)), false, 'and what is not wanted is there no more: ' || c.about)
FROM (SELECT x.n + 100 AS n, x.about FROM t.cases AS x WHERE NOT x.is_wanted ORDER BY x.n) AS c;
SELECT is(t.pushes('dead') || t.pushes('sent'), '', 'nor given up');

SELECT is(a.outcome, 'ok', 'whose tokens were revoked registers the device again')
FROM flixim.add_device(ROW(t.u(41), clock_timestamp() + interval '2 seconds', false, NULL), 'webhook', 'd41') AS a;
CALL t.say(1, 41, 'later');
SELECT t.collect() AS given \gset
SELECT is((t.push('d41', 'later')).id IS NOT NULL, true, 'and it is used again');

-- Quiet hours to the minute.
SELECT is(flixim.is_quiet(c.since, c.until, c.zone, c.at), c.is_quiet,
    concat_ws(' ', c.at, 'from', c.since, 'until', c.until, c.zone))
FROM (VALUES
    ('22:00'::time, '08:00'::time, 'UTC', '2026-03-01 21:59:59.999+00'::timestamptz, false),
    ('22:00', '08:00', 'UTC', '2026-03-01 22:00+00', true),
    ('22:00', '08:00', 'UTC', '2026-03-02 00:00+00', true),
    ('22:00', '08:00', 'UTC', '2026-03-02 07:59:59.999+00', true),
    ('22:00', '08:00', 'UTC', '2026-03-02 08:00+00', false),
    ('12:30', '14:00', 'UTC', '2026-03-02 12:29:59.999+00', false),
    ('12:30', '14:00', 'UTC', '2026-03-02 12:30+00', true),
    ('12:30', '14:00', 'UTC', '2026-03-02 13:59:59.999+00', true),
    ('12:30', '14:00', 'UTC', '2026-03-02 14:00+00', false),
    ('22:00', '08:00', 'Asia/Shanghai', '2026-03-02 13:59:59+00', false),
    ('22:00', '08:00', 'Asia/Shanghai', '2026-03-02 14:00+00', true),
    ('22:00', '08:00', 'Asia/Shanghai', '2026-03-02 23:59:59+00', true),
    ('22:00', '08:00', 'Asia/Shanghai', '2026-03-03 00:00+00', false),
    ('22:00', '08:00', 'America/New_York', '2026-03-07 12:59:59+00', true),
    ('22:00', '08:00', 'America/New_York', '2026-03-07 13:00+00', false),
    ('22:00', '08:00', 'America/New_York', '2026-03-08 11:59:59+00', true),
    ('22:00', '08:00', 'America/New_York', '2026-03-08 12:00+00', false),
    ('00:00', '12:00', 'Asia/Kathmandu', '2026-03-02 18:14:59+00', false),
    ('00:00', '12:00', 'Asia/Kathmandu', '2026-03-02 18:15+00', true),
    ('22:00', '00:00', 'UTC', '2026-03-02 23:59:59+00', true),
    ('22:00', '00:00', 'UTC', '2026-03-02 00:00+00', false),
    ('22:00', '08:00', 'Mars/Base', '2026-03-02 23:00+00', false)
) AS c (since, until, zone, at, is_quiet);

SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
