-- SPDX-License-Identifier: Apache-2.0
-- collect_pushes(): which events become pushes, once and not before the delay is over; where it begins, and how it goes on through a backlog.

\ir lib/pushes.sql

-- It begins with the first device.
CALL t.say(1, 2, 'before');
SELECT is(c::text, '(t,0,f,)', 'nobody has a device: there is nothing to do') FROM flixim.collect_pushes() AS c;
CALL t.device(2, 'd2');
SELECT is(count(*), 1::bigint, 'the first device begins the horizons') FROM flixim.push_horizons;
CALL t.device(3, 'd3');
SELECT is(count(*), 1::bigint, 'the second does not') FROM flixim.push_horizons;
SELECT is(t.collect(), 0, 'what was there before is not told');

-- Who is told.
CALL t.device(1, 'd1');
CALL t.device(3, 'd3too', 'fcm');
CALL t.say(1, 2, 'a');
SELECT is(t.collect(), 1, 'one push');
SELECT is(t.pushes(), 'd2 a', 'for the receiver''s device, none for the sender''s');
SELECT is(t.collect(), 0, 'once');
CALL t.say(1, 404, 'b');
SELECT is(t.collect(), 0, 'none for one without a device');
DELETE FROM flixim.pushes;
CALL t.say(2, NULL, 'g', conversation_id => t.group_of(2, 1, 3, 404));
SELECT is(t.collect(), 3, 'in a group');
SELECT is(t.pushes(), 'd1 g, d3 g, d3too g', 'for all devices of all members but the sender''s');
DELETE FROM flixim.pushes;
CALL t.say(2, 3, 'c');
CALL t.say(9, 3, 'n', 'system_notification');
CALL t.say(9, 1, 'i', 'interaction');
CALL t.say(1, 3, 'r');
SELECT t.read(3, 'r') AS given \gset
SELECT is(t.collect(), 5, 'several at once');
SELECT is(t.pushes(), 'd1 i, d3 c, d3 n, d3too c, d3too n', 'each by itself, and those that are read are left out');
SELECT format('CALL t.device(4, %L)', 'x' || n) FROM generate_series(1, 25) AS n \gexec
DELETE FROM flixim.pushes;
CALL t.say(1, 4, 'many');
SELECT is(t.collect(), 25, '25 devices, 25 pushes');
SELECT is(count(*), 25::bigint, 'with ids of their own, of a provider and a destination each, due now')
FROM (
    SELECT DISTINCT p.id, p.device_id
    FROM flixim.pushes AS p
    JOIN flixim.devices AS d ON d.id = p.device_id AND d.provider = p.provider AND d.destination = p.destination
    WHERE p.user_id = t.u(4) AND p.stamp = t.stamp(4, 'many') AND p.state = 'waiting' AND p.attempts = 0 AND p.claimed_by IS NULL
        AND p.due_at = p.inserted_at AND p.due_at BETWEEN now() - interval '10 seconds' AND clock_timestamp()
        AND p.id BETWEEN flixim.uuid_v7_floor(now() - interval '10 seconds') AND flixim.uuid_v7_floor(now() + interval '1 second')
) AS x;
DELETE FROM flixim.pushes;

-- When. The delay counts from when it could be seen, whatever the stamp says.
SELECT flixim.configure(p_push_delay => '1 minute') IS NOT NULL AS given \gset
CALL t.ripen();
CALL t.put_clock(2, '1 day');
CALL t.say(1, 2, 'ahead');
SELECT is(c::text, '(t,0,f,60000)', 'a horizon is taken, and ripens after the delay') FROM flixim.collect_pushes() AS c;
SELECT is(c.collected || ' ' || (c.next_in_ms BETWEEN 30000 AND 60000), '0 true', 'until then there is nothing, and it says for how long')
FROM flixim.collect_pushes() AS c;
CALL t.ripen('59 seconds');
SELECT is(c.collected || ' ' || (c.next_in_ms BETWEEN 1 AND 1000), '0 true', 'a second before') FROM flixim.collect_pushes() AS c;
CALL t.ripen('1 second');
SELECT is(c::text, '(t,1,f,)', 'and then there is') FROM flixim.collect_pushes() AS c;
SELECT is(t.pushes(), 'd2 ahead', 'for the user with the clock ahead');
SELECT is(count(*) || ' ' || bool_and(h.done_xid IS NULL), '1 true', 'one horizon is left, to go on from') FROM flixim.push_horizons AS h;
SELECT max(h.taken_at) AS taken_at, max(h.ctid::text) AS place FROM flixim.push_horizons AS h \gset
SELECT c.collected AS given FROM flixim.collect_pushes() AS c \gset
SELECT is(max(h.ctid::text), :'place', 'where nothing happens, nothing is written') FROM flixim.push_horizons AS h;
CALL t.say(1, 2, 'b1');
SELECT c.collected AS given FROM flixim.collect_pushes() AS c \gset
CALL t.say(1, 2, 'b2');
SELECT is(c.collected || ' ' || (c.next_in_ms BETWEEN 1 AND 250), '0 true', 'events that come close together have to wait for their horizon')
FROM flixim.collect_pushes() AS c;
SELECT is(count(*), 2::bigint, 'which is not taken with each call') FROM flixim.push_horizons;
SELECT pg_sleep(0.26) \g /dev/null
SELECT c.collected AS given FROM flixim.collect_pushes() AS c \gset
SELECT is(count(*), 3::bigint, 'but a moment later') FROM flixim.push_horizons;
CALL t.ripen('1 minute');
SELECT is(c.collected, 2, 'all that are ripe are looked at together') FROM flixim.collect_pushes() AS c;
UPDATE flixim.push_horizons SET taken_at = now() + interval '1 hour';
CALL t.say(1, 2, 'b3');
SELECT c.collected AS given FROM flixim.collect_pushes() AS c \gset
SELECT is(c.collected, 1, 'the clock was put back: nobody waits until it is there again') FROM flixim.collect_pushes() AS c;
SELECT flixim.configure(p_push_delay => '0') IS NOT NULL AS given \gset
UPDATE flixim.push_horizons SET taken_at = now() - interval '1 hour';
CALL t.say(1, 2, 'b4');
SELECT c.collected AS given FROM flixim.collect_pushes() AS c \gset
SELECT is(c.collected, 1, 'without a delay it takes a second call') FROM flixim.collect_pushes() AS c;
SELECT flixim.configure(p_push_lifetime => '1 minute') IS NOT NULL AS given \gset
CALL t.say(1, 3, 'stale');
CALL t.say(1, 2, 'b5');
UPDATE flixim.events SET stamp = stamp - interval '61 seconds' WHERE message_id = t.m('stale');
SELECT is(t.collect(), 1, 'what is older than a push would live is not told');
SELECT is((t.push('d3', 'stale')).id, NULL, 'also where nobody has collected for long');
UPDATE flixim.events SET stamp = stamp + interval '61 seconds' WHERE message_id = t.m('stale');
SELECT flixim.configure(p_push_lifetime => '1 day') IS NOT NULL AS given \gset
DELETE FROM flixim.pushes;

-- A backlog of 50,000 events: three pages. Devices of 2 and 3 are told of one message in each; whole transactions only.
CREATE PROCEDURE t.noise(count integer)
LANGUAGE sql
AS $$
    WITH told AS (
        UPDATE flixim.users
        SET last_event_at = greatest(last_event_at, date_trunc('milliseconds', clock_timestamp())) + count * interval '1 ms'
        WHERE user_id = t.u(1)
        RETURNING last_event_at
    )
    INSERT INTO flixim.events (target_user_id, stamp, id, event_type)
    SELECT t.u(1), told.last_event_at - n * interval '1 ms', flixim.uuid_v7(told.last_event_at), 'session_revoked'
    FROM told, generate_series(0, count - 1) AS n;
$$;
CALL t.ripen();
CALL t.say(1, 2, 'p1');
CALL t.noise(15000);
CALL t.noise(15000);
CALL t.say(1, 3, 'p2');
CALL t.noise(15000);
CALL t.say(1, 2, 'p3');
CALL t.noise(5000);
SELECT c.collected AS given FROM flixim.collect_pushes() AS c \gset
CALL t.ripen();
SELECT is(c::text, '(t,1,t,0)', 'the first page of a backlog, and there is more') FROM flixim.collect_pushes() AS c;
SELECT is(t.pushes(), 'd2 p1', 'in the order of transactions');
SELECT is(count(*) || ' ' || count(h.done_xid), '2 1', 'how far it came is kept') FROM flixim.push_horizons AS h;
CALL t.say(1, 3, 'meanwhile');
SELECT is(c.collected || ' ' || c.has_more, '3 true', 'the second') FROM flixim.collect_pushes() AS c;
SELECT is(c.collected || ' ' || c.has_more, '0 false', 'the rest') FROM flixim.collect_pushes() AS c;
SELECT is(t.pushes(), 'd2 p1, d2 p3, d3 p2, d3too p2', 'all of it');
SELECT is(t.collect(), 2, 'what came meanwhile follows');
SELECT is(t.pushes(), 'd2 p1, d2 p3, d3 p2, d3 meanwhile, d3too p2, d3too meanwhile', 'nothing twice, nothing left out');
DELETE FROM flixim.pushes;

-- A dump of another cluster, whose xids are ahead.
UPDATE flixim.push_horizons SET snapshot = '900000000000:900000000000:', done_xid = '900000000001';
CALL t.say(1, 2, 'restored');
SELECT is(c::text, '(t,0,f,)', 'horizons of another cluster''s xids are put aside') FROM flixim.collect_pushes() AS c;
CALL t.say(1, 2, 'after');
SELECT is(t.collect(), 1, 'and it begins anew');
SELECT is(t.pushes(), 'd2 after', 'from there');

-- What is over.
UPDATE flixim.pushes SET state = 'sent', ended_at = now() - interval '25 hours';
CALL t.say(1, 2, 'sent lately');
CALL t.say(1, 2, 'dead lately');
CALL t.say(1, 2, 'dead');
CALL t.say(1, 2, 'claimed');
CALL t.say(1, 3, 'untried');
CALL t.say(1, 3, 'tried');
SELECT is(t.collect(), 8, 'given');
SELECT is(t.pushes('sent'), '', 'what was sent a day ago is taken away');
UPDATE flixim.pushes SET state = 'sent', ended_at = now() - interval '23 hours' WHERE message_id = t.m('sent lately');
UPDATE flixim.pushes SET state = 'dead', reason = 'x', ended_at = now() - interval '29 days' WHERE message_id = t.m('dead lately');
UPDATE flixim.pushes SET state = 'dead', reason = 'x', ended_at = now() - interval '31 days' WHERE message_id = t.m('dead');
UPDATE flixim.pushes SET inserted_at = now() - interval '2 days', due_at = now() - interval '25 hours' WHERE message_id = t.m('untried');
UPDATE flixim.pushes SET inserted_at = now() - interval '2 days', due_at = now() - interval '23 hours' WHERE message_id = t.m('tried');
SELECT is(t.collect(), 0, 'given');
SELECT is(t.pushes('sent'), 'd2 sent lately', 'it stays for a day, so that it is not sent again');
SELECT is(t.pushes('dead'), 'd2 dead lately, d3 untried, d3too untried', 'dead ones stay for 30 days; what nobody tried is given up');
SELECT is((t.push('d3', 'untried')).reason, 'expired: nobody tried', 'and says why');
SELECT is(t.pushes(), 'd2 claimed, d3 tried, d3too tried', 'the others wait on');

-- It ends with the last device.
SELECT flixim.delete_device(t.caller(n), t.d(d)) AS given
FROM (SELECT t.n(d.user_id) AS n, replace(d.token, 'https://', '') AS d FROM flixim.devices AS d) AS x \g /dev/null
SELECT is(c::text, '(t,0,f,)', 'nobody has a device any more') FROM flixim.collect_pushes() AS c;
SELECT is(count(*), 0::bigint, 'no horizon is kept') FROM flixim.push_horizons;
SELECT is(count(*), 0::bigint, 'and no push') FROM flixim.pushes;
CALL t.device(2, 'new');
CALL t.say(1, 2, 'new');
SELECT is(t.collect(), 1, 'until there is one again');

SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
