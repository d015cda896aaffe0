-- SPDX-License-Identifier: Apache-2.0
-- Notifications and announcements need the scope system, interactions do not; each lives in a conversation of its receiver alone.

\ir lib/begin.sql

-- A table of cases: user 9 sends this type with or without the scope.
SELECT is(t.verdict(t.send(9, c.receiver, type => c.type, is_system => c.is_system)), c.verdict, c.about)
FROM (VALUES
    ('system_notification', 1, true, 'created', 'a notification, with the scope'),
    ('system_notification', 1, false, 'insufficient_scope', 'without it'),
    ('system_notification', 1, NULL, 'insufficient_scope', 'without a word on it'),
    ('system_announcement', 1, true, 'created', 'an announcement, with the scope'),
    ('system_announcement', 1, false, 'insufficient_scope', 'without it'),
    ('system_notification', 9, true, 'created', 'a notification to oneself'),
    ('system_announcement', 9, true, 'created', 'an announcement to oneself'),
    ('system_notification', NULL, true, 'invalid receiver_id:required', 'to nobody'),
    ('interaction', 1, false, 'created', 'an interaction needs no scope'),
    ('interaction', 1, true, 'created', 'nor does it mind one'),
    ('interaction', 9, false, 'invalid receiver_id:not_self', 'to oneself'),
    ('private_message', 1, true, 'created', 'the scope takes no right away')
) AS c (type, receiver, is_system, verdict, about);
SELECT is(t.verdict(t.send(9, 1, type => 'system_notification', content => '{}')), 'invalid content.text:required',
    'fields are judged before the scope');
SELECT is(t.verdict(t.send(9, NULL, type => 'system_notification', conversation_id => 'system:announcement:' || t.u(1))),
    'invalid conversation_id:message_type', 'so is whether the conversation takes such a message');

SELECT is(s.conversation_id, c.conversation_id, c.type || ' goes to ' || c.conversation_id)
FROM (VALUES
    ('system_notification', 'system:notification:' || t.u(2)),
    ('system_announcement', 'system:announcement:' || t.u(2)),
    ('interaction', 'interaction:' || t.u(2))
) AS c (type, conversation_id),
LATERAL t.send(9, 2, c.type, type => c.type, is_system => true) AS s;
SELECT is(t.seen(c.type), '2 unread, 9 sent', c.type || ': the receiver sees unread, the sender sent')
FROM (VALUES ('system_notification'), ('system_announcement'), ('interaction')) AS c (type);
SELECT is(t.unread(2), '{3,1,1,1,0}', 'each type has its counter');
SELECT results_eq(
    $$SELECT c.type::text, c.participant_ids FROM flixim.list_conversations(t.caller(2)) AS c WHERE c.id IS NOT NULL$$,
    $$SELECT 'system', ARRAY[t.u(2)] FROM generate_series(1, 3)$$,
    'the conversations are of type system and their one member is the receiver');
SELECT is((flixim.get_conversation(t.caller(9), 'interaction:' || t.u(2))).outcome, 'conversation_not_found', 'the sender is no member');
SELECT is(count(*), 3::bigint, 'but lists what it sent')
FROM flixim.list_messages(t.caller(9)) AS l WHERE l.receiver_id = t.u(2) AND l.status = 'sent';

SELECT is(t.read(2, c.type), 'read', 'the receiver reads it: ' || c.type)
FROM (VALUES ('system_notification'), ('system_announcement'), ('interaction')) AS c (type);
SELECT is(t.seen(c.type), '2 read, 9 sent', 'no receipt goes to the sender: ' || c.type)
FROM (VALUES ('system_notification'), ('system_announcement'), ('interaction')) AS c (type);
SELECT is(t.withdraw(9, 'interaction'), 'withdrawn', 'the sender may withdraw, though no member');
SELECT is(t.seen('interaction'), '2 withdrawn, 9 withdrawn', 'for both');

-- To oneself: one copy, which is received.
CALL t.say(9, 9, 'note to self', 'system_notification');
SELECT is(t.seen('note to self'), '9 unread', 'what one sends to oneself is unread');
SELECT is(t.read(9, 'note to self'), 'read', 'and can be read');
SELECT is(t.withdraw(9, 'note to self'), 'withdrawn', 'and withdrawn');

-- To 1,000 in one call, each with a client id of its own.
SELECT is(count(*) FILTER (WHERE s.outcome = 'created'), 1000::bigint, 'a thousand receivers in one call')
FROM t.send_all(array_fill(9, ARRAY[1000]), ARRAY(SELECT n FROM generate_series(1001, 2000) AS n), array_fill('to all'::text, ARRAY[1000]),
    ARRAY(SELECT t.u(100000 + n) FROM generate_series(1001, 2000) AS n), type => 'system_announcement', is_system => true) AS s;
SELECT is(count(*) FILTER (WHERE s.outcome = 'ok'), 1000::bigint, 'the same again creates nothing')
FROM t.send_all(array_fill(9, ARRAY[1000]), ARRAY(SELECT n FROM generate_series(1001, 2000) AS n), array_fill('to all'::text, ARRAY[1000]),
    ARRAY(SELECT t.u(100000 + n) FROM generate_series(1001, 2000) AS n), type => 'system_announcement', is_system => true) AS s;
SELECT is(count(*), 1000::bigint, 'each receiver has one unread')
FROM generate_series(1001, 2000) AS n WHERE t.unread(n) = '{1,0,1,0,0}';

\ir lib/end.sql
