-- SPDX-License-Identifier: Apache-2.0
-- Private messages: who may send them to whom, and what sender, receiver and answer then hold.

\ir lib/begin.sql

SELECT is(t.verdict(t.send(1, 2, 'hello')), 'created', 'anyone may write to another user');
SELECT is(t.verdict(t.send(2, 1, 'back')), 'created', 'the other may write back');
SELECT is(t.verdict(t.send(1, 1)), 'invalid receiver_id:not_self', 'but nobody to oneself');
SELECT is(t.verdict(t.send(1)), 'invalid receiver_id:required', 'a message needs a target');
SELECT is(t.verdict(t.send(1, 2, type => NULL)), 'invalid message_type:required', 'and a type');
SELECT is(t.verdict(t.send(1, 2, content_type => NULL)), 'invalid content_type:required', 'and a content type');

SELECT is(t.seen('hello'), '1 sent, 2 unread', 'the sender sees sent, the receiver unread');
SELECT is(t.seen('back'), '1 unread, 2 sent', 'whichever of the two they are');
SELECT is(t.unread(2), '{1,0,0,0,1}', 'the receiver has one unread');
SELECT is(t.unread_in(2, t.private(1, 2)), 1, 'counted in the conversation, too');
SELECT is((flixim.get_conversation(t.caller(1), t.private(1, 2))).type, 'private', 'the conversation came into being with it');

SELECT results_eq(
    $$SELECT s.outcome::text, s.ordinal, s.client_message_id, s.conversation_id, s.sender_id, s.receiver_id, s.content::text,
        s.content_type::text, s.message_type::text, s.status::text, s.reference_id, s.client_timestamp
    FROM t.send(3, 4, content => '{"text": "x",  "n": 1.0}', client_id => t.u(70), reference_id => t.u(71),
        client_timestamp => '2025-04-10T10:29:58.0009Z') AS s$$,
    $$VALUES ('created', 1, t.u(70), t.private(3, 4), t.u(3), t.u(4), '{"text": "x",  "n": 1.0}',
        'text', 'private_message', 'sent', t.u(71), '2025-04-10T10:29:58.000Z'::timestamptz)$$,
    'the answer is the message as its sender sees it, the content byte for byte, instants in milliseconds');
SELECT is(
    (SELECT (to_jsonb(g) - 'outcome')::text FROM flixim.list_messages(t.caller(3)) AS l, flixim.get_message(t.caller(3), l.id) AS g
    WHERE l.client_message_id = t.u(70)),
    (to_jsonb(t.send(3, 4, content => '{"n": 1.0, "text": "x"}', client_id => t.u(70), reference_id => t.u(71)))
        - 'outcome' || '{"ordinal": null}')::text,
    'and the same as get_message gives, and as a retry is answered with');
SELECT isnt((t.send(1, 2)).client_message_id, NULL, 'without a client id one is made up');
SELECT is((t.send(1, 2, reference_id => NULL)).reference_id, NULL, 'a reference is optional');

-- A batch: one answer for each, in the order given; a refusal stops nobody else.
SELECT results_eq(
    $$SELECT s.ordinal, t.verdict(s), t.n(s.sender_id) FROM t.send_all('{1,2,3,1}', '{2,2,5,3}', '{a,b,NULL,c}') AS s$$,
    $$VALUES (1, 'created', 1), (2, 'invalid receiver_id:not_self', 2), (3, 'invalid content.text:required', 3), (4, 'created', 1)$$,
    'a batch has an outcome per message, in its order');
SELECT is_empty(
    $$SELECT * FROM flixim.send_messages('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')$$,
    'an empty batch has none');

-- p_wait false: what would have to wait comes back busy (isolation/first-message-tried.spec); what is missing is made.
SELECT is(t.verdict(t.send(1, 2, 'quick', wait => false)), 'created', 'what need not wait is sent');
SELECT is(t.verdict(t.send(1, 9, wait => false)), 'created', 'so is a first message, whose conversation has to be made');
SELECT is(t.verdict(t.send(8, 1, wait => false)), 'created', 'or whose sender');
SELECT is(t.verdict(t.send(1, 1, wait => false)), 'invalid receiver_id:not_self', 'a refusal is one in either lane');
SELECT results_eq(
    $$SELECT s.outcome::text FROM t.send_all('{1,1,10,2,11,10}', '{10,2,1,1,11,12}', '{a,b,c,d,e,f}', wait => false) AS s$$,
    $$VALUES ('created'), ('created'), ('created'), ('created'), ('invalid'), ('created')$$,
    'several of a batch, one conversation twice');
SELECT is(current_setting('lock_timeout'), '0', 'how long others wait for a lock is theirs to say');

\ir lib/end.sql
