-- SPDX-License-Identifier: Apache-2.0
-- settle_pushes(): what becomes of a push after a try.

\ir lib/pushes.sql

CALL t.device(2, 'd2');
CALL t.device(3, 'd3');
CALL t.device(3, 'd3f', 'fcm');

-- A table of cases: message, result, reason, delay; and what the row then is: state, reason, tries, due in so many seconds.
CREATE TABLE t.cases (message text, result text, reason text, delay interval, wanted text, due numrange, about text);
INSERT INTO t.cases VALUES
    ('a', 'sent', NULL, NULL, 'sent 1', NULL, 'sent'),
    ('b', 'retry', 'HTTP 500', NULL, 'waiting HTTP 500 1', '[1,2]', 'again after one to two seconds'),
    ('c', 'retry', 'HTTP 429', '1 minute', 'waiting HTTP 429 1', '[60,60]', 'again when the provider says'),
    ('d', 'retry', 'HTTP 503', '1 millisecond', 'waiting HTTP 503 1', '[1,2]', 'but not before the backoff'),
    ('e', 'retry', 'HTTP 503', '25 hours', 'dead HTTP 503 1', NULL, 'after its lifetime would be never'),
    ('f', 'dead', 'HTTP 400 BadTopic', NULL, 'dead HTTP 400 BadTopic 1', NULL, 'given up'),
    ('g', 'dead', NULL, NULL, 'dead no reason given 1', NULL, 'given up for no reason'),
    ('h', 'released', 'x', NULL, 'waiting 0', '[1,1]', 'not tried'),
    ('i', 'released', NULL, '5 seconds', 'waiting 0', '[5,5]', 'not tried, and not at once');
SELECT format('CALL t.say(1, 2, %L)', c.message) FROM t.cases AS c \gexec
SELECT is(t.collect(), 9, 'given');
SELECT is(left(t.claim(), 2), '9:', 'given');
SELECT is(flixim.settle_pushes(t.u(901), array_agg((t.push('d2', c.message)).id), array_agg(c.result::flixim.push_result), array_agg(c.reason),
    array_agg(c.delay)), 9, 'all results at once') FROM t.cases AS c;
SELECT is(concat_ws(' ', p.state, p.reason, p.attempts), c.wanted, c.about) FROM t.cases AS c, t.push('d2', c.message) AS p;
SELECT is(p.claimed_by IS NULL AND (p.ended_at IS NOT NULL) = (p.state <> 'waiting')
    AND (c.due IS NULL OR extract(epoch FROM p.due_at - now()) BETWEEN lower(c.due) - 0.5 AND upper(c.due) + 0.5), true, c.about || ': when')
FROM t.cases AS c, t.push('d2', c.message) AS p;
SELECT is(t.settle('d2', 'a', 'retry', 'x'), 0, 'what is settled stays so');
SELECT is(t.settle('d2', 'b', 'sent'), 0, 'nobody settles what nobody claimed');
UPDATE flixim.pushes SET due_at = now() WHERE message_id = t.m('b');
SELECT is(t.claim(), '1: d2 b', 'given');
SELECT is(t.settle('d2', 'b', 'sent', daemon => 902), 0, 'nor what another has claimed');
SELECT is(t.settle('d2', 'b', 'released'), 1, 'not tried');
SELECT is(concat_ws(' ', p.state, p.reason, p.attempts), 'waiting HTTP 500 1', 'takes back that try alone, and what the last one met') FROM t.push('d2', 'b') AS p;
SELECT is(flixim.settle_pushes(t.u(901), ARRAY[t.u(1), NULL], '{sent,sent}', '{NULL,NULL}', '{NULL,NULL}'), 0, 'unknown ids do no harm');
SELECT is(flixim.settle_pushes(t.u(901), '{}', '{}', '{}', '{}'), 0, 'nor do none');

CREATE FUNCTION t.claimed_again(token text, message text, attempts integer) RETURNS numeric
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    UPDATE flixim.pushes AS p SET claimed_by = t.u(901), attempts = claimed_again.attempts WHERE p.id = (t.push(token, message)).id;
    CALL t.must(t.settle(token, message, 'retry', 'x')::text, '1');
    RETURN extract(epoch FROM (t.push(token, message)).due_at - clock_timestamp());
END
$$;
-- The backoff: 2 s, doubled with each try up to 10 minutes; half of it or more.
SELECT is(count(*) FILTER (WHERE d.seconds BETWEEN d.most / 2 - 0.1 AND d.most + 0.1), 7::bigint, 'the backoff doubles up to 10 minutes')
FROM (VALUES (1, 2), (2, 4), (3, 8), (8, 256), (9, 512), (10, 600), (1000000, 600)) AS c (attempts, most)
CROSS JOIN LATERAL (SELECT t.claimed_again('d2', 'b', c.attempts) AS seconds, c.most) AS d;
SELECT cmp_ok(count(DISTINCT t.claimed_again('d2', 'b', 20 + n)), '>', 15::bigint, 'never the same twice') FROM generate_series(1, 20) AS n;

-- Gone: the device is disabled, and nothing waits for it any more; what it has had stays.
CALL t.say(1, 3, 'g1');
CALL t.say(1, 3, 'g2');
CALL t.say(1, 3, 'g3');
SELECT is(t.collect(), 6, 'given');
SELECT is(t.claim(at_most => 1), '1: d3 g1', 'given');
SELECT is(t.settle('d3', 'g1', 'sent'), 1, 'given');
SELECT is(t.claim(at_most => 1), '1: d3 g2', 'given');
SELECT is(t.settle('d3', 'g2', 'gone', 'HTTP 410'), 2, 'gone: this push and the one that waited');
SELECT is(d.disabled_reason || ' ' || (d.disabled_at > now() - interval '1 minute'), 'HTTP 410 true', 'the device is disabled, for the provider''s reason')
FROM flixim.devices AS d WHERE d.id = t.d('d3');
SELECT is(t.pushes(), 'd2 b, d2 c, d2 d, d2 h, d2 i, d3f g1, d3f g2, d3f g3', 'other devices go on, of that user too');
SELECT is(t.pushes('sent'), 'd2 a, d3 g1', 'and what was sent was sent');
SELECT is(a.outcome, 'ok', 'registered again') FROM flixim.add_device(t.caller(3), 'webhook', 'd3') AS a;
CALL t.say(1, 3, 'g4');
SELECT is(t.collect(), 2, 'it is used again');
SELECT is(t.claim('fcm'), '4: d3f g1, d3f g2, d3f g3, d3f g4', 'given');
SELECT is(flixim.settle_pushes(t.u(901), ARRAY[(t.push('d3f', 'g1')).id, (t.push('d3f', 'g2')).id, (t.push('d3f', 'g3')).id],
    '{sent,gone,gone}', '{NULL,NULL,Unregistered}', '{NULL,NULL,NULL}'), 4, 'several results for one device: all are settled');
SELECT is(t.pushes('sent'), 'd2 a, d3 g1, d3f g1', 'what went well counts');
SELECT is(d.disabled_at IS NOT NULL, true, 'and it is gone') FROM flixim.devices AS d WHERE d.id = t.d('d3f');
SELECT is(t.claim(at_most => 1), '1: d3 g4', 'given');
SELECT is(a.outcome, 'ok', 'registered again while it is tried') FROM flixim.add_device(t.caller(3), 'webhook', 'd3') AS a;
SELECT is(t.settle('d3', 'g4', 'gone', 'HTTP 410'), 1, 'gone is of before');
SELECT is(d.disabled_at IS NULL, true, 'so the device stays') FROM flixim.devices AS d WHERE d.id = t.d('d3');
SELECT is(p.state || ' ' || p.reason || ' ' || p.attempts, 'waiting HTTP 410 1', 'and is tried again') FROM t.push('d3', 'g4') AS p;
SELECT flixim.delete_device(t.caller(3), t.d('d3')) AS given \gset
SELECT is(t.pushes(), 'd2 b, d2 c, d2 d, d2 h, d2 i', 'deleted by its user meanwhile');
SELECT is(flixim.settle_pushes(t.u(901), ARRAY[t.u(1)], '{gone}', '{x}', '{NULL}'), 0, 'there is nothing to settle');

SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
