-- SPDX-License-Identifier: Apache-2.0
-- How a message names its target: by receiver_id, by conversation_id, or by both, which then agree; and what an id looks like.

\ir lib/begin.sql

CALL t.say(1, 2, 'first');

-- A table of cases: user 1 sends with this type, receiver and conversation.
SELECT is(t.verdict(t.send(1, c.receiver, type => c.type, conversation_id => c.conversation_id, is_system => true)), c.verdict, c.about)
FROM (VALUES
    ('private_message', 2, NULL, 'created', 'by receiver'),
    ('private_message', NULL, t.private(1, 2), 'created', 'by conversation'),
    ('private_message', 2, t.private(1, 2), 'created', 'by both'),
    ('private_message', NULL, t.private(1, 5), 'created', 'by a conversation that does not exist yet'),
    ('private_message', 3, t.private(1, 2), 'invalid receiver_id:mismatch', 'by both, which do not agree'),
    ('private_message', NULL, 'private:' || t.u(2) || ':' || t.u(1), 'conversation_not_found', 'the two in the wrong order'),
    ('private_message', 2, 'private:' || t.u(2) || ':' || t.u(1), 'conversation_not_found', 'also when the receiver is given'),
    ('private_message', NULL, t.private(2, 3), 'conversation_not_found', 'other people''s conversation'),
    ('private_message', 2, t.private(2, 3), 'conversation_not_found', 'also when the receiver takes part in it'),
    ('private_message', NULL, t.private(1, 1), 'invalid receiver_id:not_self', 'oneself twice'),
    ('private_message', NULL, upper(t.private(1, 2)), 'invalid conversation_id:message_type', 'upper case'),
    ('private_message', NULL, t.private(1, 2) || ' ', 'conversation_not_found', 'a blank behind it'),
    ('private_message', NULL, t.private(1, 2) || E'\n', 'conversation_not_found', 'a line end behind it'),
    ('private_message', NULL, ' ' || t.private(1, 2), 'invalid conversation_id:message_type', 'a blank before it'),
    ('private_message', NULL, t.private(1, 2) || ':' || t.u(3), 'conversation_not_found', 'three users'),
    ('private_message', NULL, 'private:' || t.u(1), 'conversation_not_found', 'one user'),
    ('private_message', NULL, 'private:' || t.u(1) || ':x', 'conversation_not_found', 'half an id'),
    ('private_message', NULL, 'private:' || t.u(1) || ':{' || t.u(2) || '}', 'conversation_not_found', 'an id in braces'),
    ('private_message', NULL, 'private:' || t.u(1) || ':' || replace(t.u(2)::text, '-', ''), 'conversation_not_found',
        'an id without dashes'),
    ('private_message', NULL, replace(t.private(1, 2), 'private', 'pirvate'), 'invalid conversation_id:message_type', 'a kind misspelt'),
    ('private_message', NULL, '', 'invalid conversation_id:message_type', 'an empty name'),
    ('private_message', NULL, 'x', 'invalid conversation_id:message_type', 'no name at all'),
    ('private_message', NULL, 'interaction:' || t.u(2), 'invalid conversation_id:message_type', 'a conversation of another kind'),
    ('private_message', 2, 'interaction:' || t.u(2), 'invalid conversation_id:message_type', 'also when the receiver is given'),
    ('private_message', 3, 'interaction:' || t.u(2), 'invalid conversation_id:message_type', 'and is another'),
    ('private_message', NULL, 'group', 'invalid conversation_id:message_type', 'a kind without its colon'),
    ('private_message', NULL, 'private:', 'conversation_not_found', 'a kind and nothing else'),
    ('private_message', NULL, 'group:' || t.u(2), 'conversation_not_found', 'a group that does not exist'),
    ('private_message', NULL, 'group:', 'conversation_not_found', 'a group without a name'),
    ('private_message', 2, 'group:' || t.u(2), 'invalid receiver_id:not_in_group', 'a group, but a receiver too'),
    ('interaction', 2, NULL, 'created', 'an interaction by receiver'),
    ('interaction', NULL, 'interaction:' || t.u(2), 'created', 'by conversation'),
    ('interaction', 2, 'interaction:' || t.u(2), 'created', 'by both'),
    ('interaction', 3, 'interaction:' || t.u(2), 'invalid receiver_id:mismatch', 'by both, which do not agree'),
    ('interaction', NULL, 'interaction:' || t.u(1), 'invalid receiver_id:not_self', 'to oneself'),
    ('interaction', NULL, 'INTERACTION:' || t.u(2), 'invalid conversation_id:message_type', 'in upper case'),
    ('interaction', NULL, 'interaction:', 'conversation_not_found', 'without a user'),
    ('interaction', NULL, t.private(1, 2), 'invalid conversation_id:message_type', 'into a private conversation'),
    ('interaction', NULL, 'system:notification:' || t.u(2), 'invalid conversation_id:message_type', 'into the notifications'),
    ('system_notification', 2, NULL, 'created', 'a notification by receiver'),
    ('system_notification', NULL, 'system:notification:' || t.u(2), 'created', 'by conversation'),
    ('system_notification', NULL, 'system:announcement:' || t.u(2), 'invalid conversation_id:message_type', 'into the announcements'),
    ('system_notification', NULL, 'group:' || t.u(2), 'invalid conversation_id:message_type', 'into a group'),
    ('system_notification', NULL, 'system:notification:' || t.u(2) || 'x', 'conversation_not_found', 'with something behind it'),
    ('system_announcement', NULL, 'system:notification:' || t.u(2), 'invalid conversation_id:message_type', 'into the notifications'),
    ('system_announcement', NULL, 'interaction:' || t.u(2), 'invalid conversation_id:message_type', 'into the interactions'),
    ('system_announcement', NULL, 'system:announcement:' || t.u(2), 'created', 'an announcement by conversation'),
    ('system_announcement', 3, 'system:announcement:' || t.u(2), 'invalid receiver_id:mismatch', 'by both, which do not agree')
) AS c (type, receiver, conversation_id, verdict, about);

SELECT results_eq(
    $$SELECT c.conversation_id, c.type::text FROM flixim.list_conversations(t.caller(2)) AS c WHERE c.id IS NOT NULL ORDER BY 1$$,
    $$VALUES ('interaction:' || t.u(2), 'system'), (t.private(1, 2), 'private'), ('system:announcement:' || t.u(2), 'system'),
        ('system:notification:' || t.u(2), 'system')$$,
    'all spellings of a target are one conversation, and a refusal has made none');
SELECT is_empty($$SELECT * FROM t.rows_with(t.u(3)::text)$$, 'a refused message leaves no trace of its target');

-- Ids.
SELECT ok(t.private(1, 2) = (t.send(2, 1)).conversation_id, 'the two are in order, whoever sends');
SELECT is(
    (t.send(1, 2, client_id => upper('ABCDEF00-0000-4000-8000-00000000000a')::uuid)).client_message_id::text,
    'abcdef00-0000-4000-8000-00000000000a', 'ids are lower case');
SELECT matches(s.id::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', 'a message id is of version 7')
FROM t.send(1, 2) AS s;
SELECT is(
    ('x' || left(replace(s.id::text, '-', ''), 12))::bit(48)::bigint, (extract(epoch FROM s.server_timestamp) * 1000)::bigint,
    'its time is the server_timestamp')
FROM t.send(1, 2) AS s;
SELECT matches(
    (SELECT e.event_id::text FROM flixim.sync_events(t.caller(1), NULL) AS e OFFSET 1 LIMIT 1), '^.{14}7.{4}[89ab]',
    'an event id is of version 7, too');
SELECT matches(
    (SELECT c.id::text FROM flixim.get_conversation(t.caller(1), t.private(1, 2)) AS c), '^.{14}7.{4}[89ab]',
    'and a conversation''s');
SELECT matches(t.group_of(1, 2, 3), '^group:.{14}7.{4}[89ab]', 'and a group''s name has one');
RESET ROLE;
SELECT is(count(DISTINCT flixim.uuid_v7('2025-04-10T10:30:00.123Z')), 1000::bigint, 'ids of one instant differ')
FROM generate_series(1, 1000);
SELECT is(flixim.uuid_v7_floor(c.at), c.floor::uuid, 'the lowest id of ' || c.at)
FROM (VALUES
    ('2025-04-10T10:30:00.123Z'::timestamptz, '01961f3f-d8bb-7000-8000-000000000000'),
    ('2025-04-10T10:30:00.1225Z', '01961f3f-d8bb-7000-8000-000000000000'),
    ('1970-01-01T00:00:00Z', '00000000-0000-7000-8000-000000000000')
) AS c (at, floor);

\ir lib/end.sql
