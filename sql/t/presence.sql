-- SPDX-License-Identifier: Apache-2.0
-- Who is online, and what becomes of it: daemons that beat, end, die and come back, and what their users may have missed.

\ir lib/pushes.sql

CREATE FUNCTION t.beat(daemon integer, lease interval DEFAULT '15 seconds', silence interval DEFAULT '1 minute', key text DEFAULT NULL) RETURNS boolean
LANGUAGE sql VOLATILE
RETURN (flixim.beat(t.u(daemon), lease, silence, key)).is_known;
CREATE FUNCTION t.update(daemon integer, users integer[], since timestamptz[], reached timestamptz[] DEFAULT '{}') RETURNS text
LANGUAGE sql VOLATILE
RETURN flixim.update_presence(t.u(daemon), ARRAY(SELECT t.u(n) FROM unnest(users) WITH ORDINALITY AS x (n, place) ORDER BY place), since,
    reached)::text;
CREATE FUNCTION t.present() RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT CASE WHEN count(*) > 10 THEN count(*)::text ELSE
        coalesce(string_agg(concat_ws(' ', t.n(p.daemon_id), t.n(p.user_id), to_char(p.since, 'YYYY')), ', ' ORDER BY p.daemon_id, p.user_id), '')
        END
    FROM flixim.presence AS p;
$$;
CREATE FUNCTION t.reached(number integer) RETURNS text
LANGUAGE sql STABLE
RETURN (SELECT to_char(r.reached_at, 'YYYY') FROM flixim.reached AS r WHERE r.user_id = t.u(number));

-- Daemons.
SELECT is(t.beat(901), false, 'a daemon is not known at first');
SELECT is(t.beat(901, key => 'B1'), true, 'then it is');
SELECT is(d.web_push_key || ' ' || (d.lease_until BETWEEN now() + interval '10 seconds' AND clock_timestamp() + interval '15 seconds'), 'B1 true',
    'for its lease, with its key') FROM flixim.daemons AS d;

SELECT is((flixim.beat(t.u(901), '15 seconds', '1 minute', 'B1')).push_delay_ms, 2000::bigint, 'it hears how long arriving may take');

-- Presence.
SELECT t.update(901, '{1,2,3}', ARRAY['2020-01-01', '-infinity', '2021-01-01']::timestamptz[]) AS given \gset
SELECT is(t.present(), '901 1 2020, 901 2, 901 3 2021', 'users who are online, and from when on they are told');
SELECT t.update(901, '{3,1,4,1}', ARRAY[NULL, '2022-01-01', NULL, '2023-01-01']::timestamptz[]) AS given \gset
SELECT is(t.present(), '901 1 2023, 901 2', 'others who are not; of two words about one the last counts');
SELECT t.update(901, '{1,1}', ARRAY['2024-01-01', NULL]::timestamptz[]) AS given \gset
SELECT is(t.present(), '901 2', 'gone');
SELECT t.update(902, '{1,2}', ARRAY['2020-01-01', '2020-01-01']::timestamptz[]) AS given \gset
SELECT is(t.present(), '901 2', 'a daemon that is not known has no users');
SELECT t.beat(902) AS given, t.update(902, '{1,2}', ARRAY['2020-01-01', '2020-01-01']::timestamptz[]) AS given_too \gset
SELECT is(t.present(), '901 2, 902 1 2020, 902 2 2020', 'one that is has its own');
SET ROLE flixim_admin;
SELECT is(string_agg(t.n(o.user_id) || ' ' || o.daemons, ', ' ORDER BY o.user_id), '1 1, 2 2', 'the administrator sees who is online')
FROM flixim.online_users() AS o;
SELECT is(string_agg(t.n(o.user_id) || ' ' || o.daemons, ', '), '2 2', 'or who of some') FROM flixim.online_users(ARRAY[t.u(2), t.u(3)]) AS o;
RESET ROLE;
SELECT ctid AS place FROM flixim.presence WHERE daemon_id = t.u(901) \gset
SELECT t.update(901, '{2}', ARRAY['-infinity']::timestamptz[]) AS given \gset
SELECT is(ctid, :'place'::tid, 'what is known is not written again') FROM flixim.presence WHERE daemon_id = t.u(901);

-- What has reached them.
CALL t.device(2, 'd2');
CALL t.device(3, 'd3');
UPDATE flixim.reached SET reached_at = '2020-01-01';
SELECT t.update(901, '{3,2,1,2}', '{}', ARRAY['2021-01-01', '2023-01-01', '2021-01-01', '2022-01-01']::timestamptz[]) AS given \gset
SELECT is(concat_ws(' ', t.reached(1), t.reached(2), t.reached(3)), '2023 2021', 'what has reached users who have a device is kept, the latest');
SELECT t.update(903, '{3,2}', ARRAY[NULL, NULL]::timestamptz[], ARRAY['2022-01-01', '2022-01-01']::timestamptz[]) AS given \gset
SELECT is(concat_ws(' ', t.reached(2), t.reached(3)), '2023 2022', 'it only rises, whoever says it');
SELECT t.update(901, '{2,3}', ARRAY['-infinity', NULL]::timestamptz[], ARRAY[NULL, '-infinity']::timestamptz[]) AS given \gset
SELECT is(concat_ws(' ', t.reached(2), t.reached(3)), '2023 2022', 'nothing said, nothing changed');

-- What was missed.
UPDATE flixim.reached SET reached_at = '2020-01-01';
SELECT t.update(901, '{2,3}', ARRAY[NULL, NULL]::timestamptz[]), t.update(902, '{1,2}', ARRAY[NULL, NULL]::timestamptz[]) \g /dev/null
CALL t.say(1, 2, 'a');
CALL t.say(1, 2, 'b');
CALL t.say(1, 2, 'c');
CALL t.say(2, 3, 'e');
SELECT t.read(2, 'b') AS given \gset
SELECT is(flixim.push_missed(ARRAY[t.u(2), t.u(1), t.u(2)], ARRAY[t.stamp(2, 'a'), '-infinity', t.stamp(2, 'c')]), 1,
    'what users have missed after a stamp: what is unread, for their devices, once');
SELECT is(t.pushes(), 'd2 c', 'nothing of before, nothing of what they sent themselves');
SELECT is(p.due_at - p.inserted_at, '2 seconds', 'due when there was time to come back') FROM t.push('d2', 'c') AS p;
SELECT is(flixim.push_missed(ARRAY[t.u(3), t.u(2)], ARRAY[NULL, NULL]::timestamptz[]), 2, 'where nothing is known, all of it');
SELECT is(t.pushes(), 'd2 a, d2 c, d3 e', 'each once');
SELECT is(flixim.push_missed('{}', '{}'), 0, 'nobody has missed anything');
DELETE FROM flixim.pushes;
SELECT t.update(901, '{2}', ARRAY['-infinity']::timestamptz[]) AS given \gset
SELECT is(flixim.push_missed(ARRAY[t.u(2)], ARRAY['-infinity']::timestamptz[]), 0, 'nothing for who is online elsewhere');
SELECT t.update(901, '{2}', ARRAY[NULL]::timestamptz[], ARRAY[t.stamp(2, 'a')]) AS given \gset
SELECT is(flixim.push_missed(ARRAY[t.u(2)], ARRAY['-infinity']::timestamptz[]), 1, 'nothing that has reached them');
CALL t.put_clock(2, '1 hour');
CALL t.say(1, 2, 'ahead');
SELECT is(flixim.push_missed(ARRAY[t.u(2)], ARRAY['-infinity']::timestamptz[]), 1, 'the clock of a user may be ahead');
SELECT cmp_ok(p.due_at, '<=', clock_timestamp() + interval '2 seconds', 'the delay is no longer for that') FROM t.push('d2', 'ahead') AS p;
UPDATE flixim.pushes SET state = 'sent', ended_at = now() WHERE message_id = t.m('c');
SELECT is(flixim.push_missed(ARRAY[t.u(2)], ARRAY['-infinity']::timestamptz[]), 0, 'nothing that was sent already');
SELECT is(t.pushes('sent'), 'd2 c', 'and it stays as it is');
SELECT flixim.configure(p_push_lifetime => '1 minute') IS NOT NULL AS given \gset
DELETE FROM flixim.pushes;
UPDATE flixim.events SET stamp = stamp - interval '1 minute' WHERE message_id = t.m('e');
SELECT is(flixim.push_missed(ARRAY[t.u(3)], ARRAY['-infinity']::timestamptz[]), 0, 'nothing that is older than a push would live');
UPDATE flixim.events SET stamp = stamp + interval '1 minute' WHERE message_id = t.m('e');
SELECT flixim.configure(p_push_lifetime => '1 day') IS NOT NULL AS given \gset

CALL t.device(6, 'd6');
CALL t.device(6, 'd6too');
DO $$ BEGIN FOR n IN 1..1001 LOOP CALL t.say(1, 6, 'many ' || n); END LOOP; END $$;
SELECT t.read(6, 'many 1001') AS given \gset
SELECT is(flixim.push_missed(ARRAY[t.u(6)], ARRAY[NULL]::timestamptz[]), 2000, 'of more than a thousand that are unread, the newest');
SELECT is((t.push('d6', 'many 1')).id IS NOT NULL, true, 'a thousand');
CALL t.say(1, 6, 'many 1002');
DELETE FROM flixim.pushes;
SELECT is(flixim.push_missed(ARRAY[t.u(6)], ARRAY[NULL]::timestamptz[]), 2000, 'no more for one user');
SELECT is((t.push('d6', 'many 1')).id IS NULL AND (t.push('d6too', 'many 1002')).id IS NOT NULL, true, 'and the oldest is not among them');
DELETE FROM flixim.devices WHERE user_id = t.u(6);
DELETE FROM flixim.pushes;

-- A daemon's horizons.
CREATE FUNCTION t.horizons(daemon integer) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT string_agg(round(extract(epoch FROM clock_timestamp() - h.at))::text, ' ' ORDER BY h.place)
    FROM flixim.daemons AS d, unnest(d.horizon_times) WITH ORDINALITY AS h (at, place)
    WHERE d.daemon_id = t.u(daemon);
$$;
CREATE FUNCTION t.later(daemon integer, by interval) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    UPDATE flixim.daemons AS d
    SET horizon_times = ARRAY(SELECT h.at - by FROM unnest(d.horizon_times) WITH ORDINALITY AS h (at, place) ORDER BY h.place),
        lease_until = d.lease_until - by, current_since = d.current_since - by
    WHERE d.daemon_id = t.u(daemon);
    RETURN t.beat(daemon);
END
$$;
SELECT flixim.end_daemon(t.u(901)), flixim.end_daemon(t.u(902)) \g /dev/null
SELECT is((SELECT count(*) FROM flixim.daemons), 0::bigint, 'daemons that have ended are not there');
SELECT t.beat(901) AS given \gset
SELECT is(t.horizons(901), '0', 'the first horizon is the first beat');
SELECT is(t.beat(901), true, 'given');
SELECT is(t.horizons(901), '0', 'not each beat has one');
SELECT t.later(901, '10 seconds') \g /dev/null
SELECT t.later(901, '10 seconds'), t.later(901, '30 seconds') \g /dev/null
SELECT is(t.horizons(901), '50 40 30 0', 'those that clients may be silent since');
SELECT t.later(901, '10 seconds') AS given \gset
SELECT is(t.horizons(901), '60 50 40 10 0', 'and one that is older');
SELECT t.later(901, '5 seconds') AS given \gset
SELECT is(t.horizons(901), '65 55 45 15 5 0', 'but no more than one');
SELECT t.later(901, '10 seconds') AS given \gset
SELECT is(t.horizons(901), '65 55 25 15 10 0', 'the newest such');
SELECT is(round(extract(epoch FROM clock_timestamp() - d.current_since)), 25::numeric, 'since it was late it has been in time') FROM flixim.daemons AS d;
UPDATE flixim.daemons SET horizon_times = ARRAY(SELECT h + interval '1 hour' FROM unnest(horizon_times) AS h);
SELECT t.beat(901) AS given \gset
SELECT is(t.horizons(901), '0 0 0 0 0 0', 'the clock was put back: they count as of now');

-- A daemon that dies: another finds it, once that has been in time itself for a whole lease.
CREATE PROCEDURE t.dies(daemon integer)
LANGUAGE sql
AS $$
    UPDATE flixim.daemons SET lease_until = now() - interval '1 second' WHERE daemon_id = t.u(daemon);
$$;
CREATE FUNCTION t.daemons() RETURNS text
LANGUAGE sql VOLATILE
RETURN (SELECT coalesce(string_agg(t.n(d.daemon_id)::text, ' ' ORDER BY d.daemon_id), '') FROM flixim.daemons AS d);
CALL t.device(4, 'd4');
CALL t.device(5, 'd5');
SELECT t.collect() AS given \gset
DELETE FROM flixim.pushes;
DELETE FROM flixim.daemons;
CALL t.say(1, 4, 'long before');
CALL t.say(1, 2, 'long before 2');
SELECT t.beat(901), t.beat(902) \g /dev/null
SELECT t.update(901, '{4,5,404}', ARRAY['-infinity', '-infinity', '-infinity']::timestamptz[]), t.update(902, '{5}', ARRAY['-infinity']::timestamptz[]) \g /dev/null
CALL t.say(1, 4, 'told');
CALL t.say(1, 4, 'read');
CALL t.say(1, 5, 'told elsewhere');
CALL t.say(1, 404, 'no device');
SELECT t.read(4, 'read') AS given \gset
SELECT is(t.collect() || t.pushes(), '1d2 long before 2', 'who is online gets no push');
SELECT is(t.claim(daemon => 901), '1: d2 long before 2', 'given');
CALL t.dies(901);
SELECT is(t.beat(902) || t.daemons(), 'true901 902', 'one that has just begun takes no other for dead');
UPDATE flixim.daemons SET current_since = now() - interval '14 seconds' WHERE daemon_id = t.u(902);
SELECT is(t.beat(902) || t.daemons(), 'true901 902', 'nor before it has been there for a lease');
UPDATE flixim.daemons SET current_since = now() - interval '1 hour' WHERE daemon_id = t.u(902);
CALL t.dies(902);
SELECT is(t.beat(902) || t.daemons(), 'true901 902', 'PostgreSQL was away: who comes back first takes nobody for dead');
UPDATE flixim.daemons SET current_since = now() - interval '15 seconds' WHERE daemon_id = t.u(902);
SELECT is(t.beat(902) || t.daemons(), 'true901 902', 'a lease later it does: first nobody is online there any more');
SELECT is((SELECT count(*) FROM flixim.wanted_message(t.u(4), t.m('told'), t.stamp(4, 'told'), now())), 1::bigint, 'whoever looks');
SELECT is(t.beat(902) || t.daemons(), 'true902', 'and with the next beat it is gone');
SELECT is(t.present(), '902 5', 'the dead one''s users are not online');
SELECT is(t.pushes(), 'd2 long before 2, d4 told', 'what it may not have told, and they have not read, is pushed, if they are nowhere else');
SELECT is(t.claim(daemon => 902), '1: d2 long before 2', 'what it was sending is due again');
SELECT is(t.beat(901), false, 'if it is not dead, it hears that it was taken for that');

-- In chunks.
DELETE FROM flixim.daemons;
DELETE FROM flixim.presence;
DELETE FROM flixim.pushes;
SELECT t.beat(901), t.beat(902) \g /dev/null
INSERT INTO flixim.presence SELECT t.u(n), t.u(901), '-infinity' FROM generate_series(100001, 115000) AS n;
SELECT t.update(901, '{4}', ARRAY['-infinity']::timestamptz[]) AS given \gset
CALL t.say(1, 4, 'first');
CALL t.dies(901);
UPDATE flixim.daemons SET current_since = now() - interval '1 hour' WHERE daemon_id = t.u(902);
SELECT t.beat(902) AS given \gset
SELECT is(t.beat(902) || t.daemons() || ': ' || t.present(), 'true901 902: 5001', 'many users are judged in parts');
SELECT is(t.pushes(), 'd4 first', 'in their order');
SELECT t.update(901, '{5}', ARRAY['-infinity']::timestamptz[]) AS given \gset
SELECT is(t.present(), '5001', 'meanwhile it is not known');
SELECT is(t.beat(901) || t.present(), 'false', 'if it comes back then, it begins anew');
SELECT t.update(901, '{5}', ARRAY['-infinity']::timestamptz[]) AS given \gset
SELECT is(t.present(), '901 5', 'and tells all its users again');
INSERT INTO flixim.presence SELECT t.u(n), t.u(901), '-infinity' FROM generate_series(100001, 115000) AS n;
CALL t.dies(901);
SELECT t.beat(902) AS given \gset
SELECT is(t.beat(902) || t.daemons(), 'true901 902', 'given');
SELECT is(t.beat(902) || t.daemons() || t.present(), 'true902', 'and if it does not, the rest follows');

-- One that ends in order.
SELECT t.beat(903), t.update(903, '{4}', ARRAY['-infinity']::timestamptz[]) \g /dev/null
UPDATE flixim.pushes SET claimed_by = t.u(903), due_at = now() + interval '1 minute';
SELECT flixim.end_daemon(t.u(903)) AS given \gset
SELECT is(t.daemons() || t.present(), '902', 'a daemon that ends takes its users along');
SELECT is(p.claimed_by IS NULL AND p.due_at <= clock_timestamp(), true, 'and leaves what it was sending') FROM t.push('d4', 'first') AS p;
SELECT is(flixim.end_daemon(t.u(903))::text, '', 'twice does no harm');

SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
