-- SPDX-License-Identifier: Apache-2.0
-- What the administrator sees of pushes, and does about those that were given up.

\ir lib/pushes.sql

CREATE FUNCTION t.figures() RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT string_agg(concat_ws(' ', f.provider, f.waiting, f.due, round(f.oldest_due_ms / 1000.0), f.dead), ', ' ORDER BY f.provider)
    FROM flixim.push_figures() AS f;
$$;
CREATE FUNCTION t.dead(size integer DEFAULT 100, before timestamptz DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT string_agg(concat_ws(' ', t.name(l.message_id), l.provider, l.attempts, l.reason), ', ' ORDER BY l.ended_at DESC)
    FROM flixim.list_dead_pushes(size, before) AS l;
$$;
SELECT is(t.figures(), 'web_push 0 0 0 0, apns 0 0 0 0, fcm 0 0 0 0, webhook 0 0 0 0', 'each provider has its figures');
CALL t.device(2, 'd2');
CALL t.device(3, 'd3', 'fcm');
SELECT format('CALL t.say(1, 2, %L)', m) FROM unnest('{a,b,c,d,e}'::text[]) AS m \gexec
CALL t.say(1, 3, 'f');
SELECT is(t.collect(), 6, 'given');
UPDATE flixim.pushes SET due_at = now() + interval '1 hour' WHERE message_id = t.m('a');
UPDATE flixim.pushes SET due_at = now() - interval '1 minute' WHERE message_id = t.m('b');
SELECT is(t.figures(), 'web_push 0 0 0 0, apns 0 0 0 0, fcm 1 1 0 0, webhook 5 4 60 0', 'waiting, due, and for how many seconds the oldest');
UPDATE flixim.pushes AS p
SET state = 'dead', reason = 'HTTP ' || x.code, ended_at = now() - x.ago, attempts = 3
FROM (VALUES ('c', 400, interval '3 minutes'), ('d', 401, '2 minutes'), ('e', 402, '1 minute'), ('f', 403, '30 seconds')) AS x (message, code, ago)
WHERE p.message_id = t.m(x.message);
SELECT is(t.figures(), 'web_push 0 0 0 0, apns 0 0 0 0, fcm 0 0 0 1, webhook 2 1 60 3', 'and given up');

SET ROLE flixim_admin;
SELECT is(count(*), 4::bigint, 'administrators see these') FROM flixim.push_figures();
SELECT is(array_agg(l.reason), '{HTTP 403,HTTP 402,HTTP 401,HTTP 400}', 'the newest that were given up first') FROM flixim.list_dead_pushes() AS l;
RESET ROLE;
SELECT is(t.dead(2), 'f fcm 3 HTTP 403, e webhook 3 HTTP 402', 'a page of them');
SELECT is(t.dead(2, (t.push('d2', 'e')).ended_at), 'd webhook 3 HTTP 401, c webhook 3 HTTP 400', 'the next page');
UPDATE flixim.pushes SET ended_at = now() WHERE state = 'dead' AND message_id <> t.m('f');
SELECT is(cardinality(string_to_array(t.dead(1), ',')), 3, 'those that were given up in one moment are on one page');

SELECT (t.push('d2', 'c')).id AS c, (t.push('d2', 'd')).id AS d, (t.push('d2', 'e')).id AS e, (t.push('d2', 'a')).id AS a \gset
SELECT t.read(2, 'd') AS given \gset
SET ROLE flixim_admin;
SELECT is(flixim.retry_dead_pushes(ARRAY[:'c', :'d', :'a']::uuid[]), 2, 'tried again: those that were given up');
RESET ROLE;
SELECT is(concat_ws(' ', p.state, p.attempts, p.reason, p.due_at <= clock_timestamp(), p.inserted_at = p.due_at, p.ended_at IS NULL),
    'waiting 0 HTTP 400 t t t', 'as if it were new') FROM t.push('d2', 'c') AS p;
SELECT is(t.claim(), '3: d2 b, d2 c', 'what was read meanwhile is not sent');
SET ROLE flixim_admin;
SELECT is(flixim.drop_dead_pushes(ARRAY[:'e', :'a']::uuid[]), 1, 'taken away: those that were given up');
RESET ROLE;
SELECT is(t.dead(), 'f fcm 3 HTTP 403', 'the rest is as it was');
UPDATE flixim.pushes SET state = 'dead', reason = 'x', ended_at = now(), claimed_by = NULL WHERE message_id IN (t.m('b'), t.m('c'));
SET ROLE flixim_admin;
SELECT is(flixim.retry_dead_pushes(), 3, 'all are tried again');
RESET ROLE;
UPDATE flixim.pushes SET state = 'dead', ended_at = now() WHERE message_id IN (t.m('b'), t.m('c'));
SET ROLE flixim_admin;
SELECT is(flixim.drop_dead_pushes(), 2, 'all are taken away');
RESET ROLE;
SELECT is(t.pushes() || t.pushes('dead'), 'd2 a, d3 f', 'what waits is not');

-- Settings.
SET ROLE flixim_admin;
SELECT is(s.push_delay || ' ' || s.push_lifetime, '00:00:05 02:00:00', 'the delay and the lifetime are settings')
FROM flixim.configure(p_push_delay => '5 seconds', p_push_lifetime => '2 hours') AS s;
SELECT throws_ok(c.call, '23514', NULL, c.call)
FROM (VALUES
    ('SELECT flixim.configure(p_push_delay => ''-1 second'')'), ('SELECT flixim.configure(p_push_delay => ''2 hours'')'),
    ('SELECT flixim.configure(p_push_lifetime => ''59 seconds'')'), ('SELECT flixim.configure(p_push_lifetime => ''29 days'')')
) AS c (call);
RESET ROLE;

SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
