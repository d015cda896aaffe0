-- SPDX-License-Identifier: Apache-2.0
-- claim_pushes(): what a daemon is given to send, in which order, and for how long it is its own. What is not wanted any more: pushes_wanted.sql.

\ir lib/pushes.sql

CALL t.device(2, 'd2');
CALL t.device(3, 'd3');
CALL t.device(3, 'd3f', 'fcm');
SELECT is(t.claim(), '0', 'nothing to claim');
SELECT is(c.next_in_ms, NULL, 'and nothing to wait for') FROM flixim.claim_pushes(t.u(901), 'webhook', 10, '{}', '1 minute') AS c;
CALL t.say(1, 2, 'a');
CALL t.say(1, 3, 'b');
CALL t.say(1, 2, 'c');
SELECT is(t.collect(), 4, 'given');
UPDATE flixim.pushes AS p
SET due_at = now() - x.ago
FROM (VALUES ('d2', 'a', interval '3 seconds'), ('d3', 'b', '5 seconds'), ('d2', 'c', '4 seconds')) AS x (token, message, ago)
WHERE p.id = (t.push(x.token, x.message)).id;

SELECT is(t.claim(at_most => 2), '2: d3 b, d2 c', 'the longest due first, no more than asked for');
SELECT is(t.claim(), '1: d2 a', 'then the rest, of that provider alone');
SELECT is(t.claim(), '0', 'each once');
SELECT is(t.claim('fcm'), '1: d3f b', 'those of another provider go by themselves');
SELECT is(concat_ws(' ', p.attempts, t.n(p.claimed_by), p.state, p.due_at BETWEEN now() + interval '50 seconds' AND now() + interval '70 seconds'),
    '1 901 waiting t', 'it is the daemon''s for the time of the claim') FROM t.push('d2', 'a') AS p;
SELECT is(c.looked_at || ' ' || (c.next_in_ms BETWEEN 40000 AND 60000), '0 true', 'the next one is due when a claim is over')
FROM flixim.claim_pushes(t.u(902), 'webhook', 10, '{}', '1 minute') AS c;
UPDATE flixim.pushes SET due_at = now() WHERE id = (t.push('d2', 'a')).id;
SELECT is(t.claim(daemon => 902), '1: d2 a', 'then another daemon may have it');
SELECT is(concat_ws(' ', p.attempts, t.n(p.claimed_by)), '2 902', 'as the second try') FROM t.push('d2', 'a') AS p;
UPDATE flixim.pushes SET due_at = now();
SELECT is(c.looked_at || ' ' || c.next_in_ms, '1 0', 'where more are due there is nothing to wait for')
FROM flixim.claim_pushes(t.u(901), 'webhook', 1, '{}', '1 minute') AS c WHERE c.looked_at IS NOT NULL;

-- What a row says.
DELETE FROM flixim.pushes;
CALL t.device(5, 'push.example/abc', 'web_push');
UPDATE flixim.devices SET locale = 'en-GB', platform = 'web' WHERE user_id = t.u(5);
CALL t.say(1, 5, 'read');
SELECT t.read(5, 'read') AS given \gset
CALL t.say(9, 5, 'notice', 'system_notification');
CALL t.say(1, 5, 'hello');
SELECT is(t.collect(), 2, 'given');
DELETE FROM flixim.pushes WHERE message_id = t.m('notice');
SELECT is(array_to_string(ARRAY[c.push_id = p.id, c.attempt = 1, c.device_id = p.device_id, c.provider = 'web_push', c.app_id = '',
        c.token = 'https://push.example/abc', c.destination = 'https://push.example', c.p256dh = '\x04' || decode(repeat('00', 64), 'hex'),
        c.auth = decode(repeat('00', 16), 'hex'), c.platform = 'web', c.locale = 'en-GB', c.shows_text, c.badge = 2,
        c.expires_at = p.inserted_at + interval '1 day', c.user_id = t.u(5), c.message_id = t.m('hello'), c.conversation_id = t.private(1, 5),
        c.sender_id = t.u(1), c.message_type = 'private_message', c.content_type = 'text', c.content::text = '{"text" : "hello"}',
        c.server_timestamp = (SELECT m.server_timestamp FROM flixim.messages AS m WHERE m.id = t.m('hello'))], ' '),
    array_to_string(array_fill(true, ARRAY[22]), ' '), 'all that the provider needs, and how many are unread')
FROM flixim.claim_pushes(t.u(901), 'web_push', 10, '{}', '1 minute') AS c, t.push('push.example/abc', 'hello') AS p
WHERE c.push_id IS NOT NULL;
UPDATE flixim.pushes SET due_at = now();
SELECT flixim.update_notification_settings(t.caller(5), p_show_text => false) IS NOT NULL AS given \gset
SELECT is(c.content::text || ' ' || c.shows_text, '{} false', 'no text for who does not want it shown')
FROM flixim.claim_pushes(t.u(901), 'web_push', 10, NULL, '1 minute') AS c WHERE c.push_id IS NOT NULL;

-- A destination that hangs.
CALL t.device(6, 'slow.example/1', 'web_push');
CALL t.device(6, 'quick.example/1', 'web_push');
DELETE FROM flixim.pushes;
CALL t.say(1, 6, 's1');
CALL t.say(1, 6, 's2');
SELECT is(t.collect(), 4, 'given');
UPDATE flixim.pushes SET due_at = now() - interval '1 minute' WHERE destination = 'https://slow.example';
SELECT is(t.claim('web_push', busy => '{https://slow.example,https://else.example}'), '2: https://quick.example/1 s1, https://quick.example/1 s2',
    'what is for a busy destination is left alone');
SELECT is(c.looked_at || ' ' || (c.next_in_ms > 1000), '0 true', 'and not waited for')
FROM flixim.claim_pushes(t.u(901), 'web_push', 10, '{https://slow.example}', '1 minute') AS c;
SELECT is(t.claim('web_push'), '2: https://slow.example/1 s1, https://slow.example/1 s2', 'until it is free');

-- Too old.
DELETE FROM flixim.pushes;
CALL t.say(1, 2, 'old');
CALL t.say(1, 2, 'older');
CALL t.say(1, 2, 'older and read');
SELECT is(t.collect(), 3, 'given');
UPDATE flixim.pushes SET inserted_at = now() - interval '1 day' + interval '10 seconds' WHERE message_id = t.m('old');
UPDATE flixim.pushes SET inserted_at = now() - interval '1 day', reason = 'HTTP 500' WHERE message_id <> t.m('old');
SELECT t.read(2, 'older and read') AS given \gset
SELECT is(t.claim(), '3: d2 old', 'what is older than its lifetime is not sent');
SELECT is(t.pushes('dead') || ': ' || (t.push('d2', 'older')).reason, 'd2 older: expired: HTTP 500',
    'it is given up, and says what its last try met; what nobody wants is not');
SELECT is(t.pushes(), 'd2 old', 'the others are as they were');

-- What stands in the way of nobody: devices that are no more, or another's.
DELETE FROM flixim.pushes;
CALL t.say(1, 2, 'gone');
CALL t.say(1, 3, 'stays');
SELECT is(t.collect(), 3, 'given');
DELETE FROM flixim.devices WHERE token = 'd2';
UPDATE flixim.devices SET user_id = t.u(7) WHERE token = 'd3';
SELECT is(t.claim(), '2', 'pushes for a device that is not there, or not the user''s, are dropped');
SELECT is(t.pushes(), 'd3f stays', 'for good');

SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
