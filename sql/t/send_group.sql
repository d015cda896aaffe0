-- SPDX-License-Identifier: Apache-2.0
-- Groups: made with up to 500 members, written to by each of them, seen by all of them and by nobody else.

\ir lib/begin.sql

SELECT is(t.verdict(t.send(1, NULL, 'hello', conversation_id => t.group_of(1, 2, 3))), 'created', 'its maker may write into a group');
SELECT is(t.verdict(t.send(3, NULL, 'back', conversation_id => t.group_of(1, 2, 3))), 'created', 'so may each member');
SELECT is(t.verdict(t.send(4, NULL, 'let me in', conversation_id => t.group_of(1, 2, 3))), 'conversation_not_found', 'a stranger may not');
SELECT is(t.verdict(t.send(4, NULL, conversation_id => 'group:' || t.u(9))), 'conversation_not_found',
    'and learns no more than where there is none');
SELECT is(t.verdict(t.send(1, NULL, conversation_id => upper(t.group_of(1, 2, 3)))), 'invalid conversation_id:message_type',
    'its name is lower case');
SELECT is(t.verdict(t.send(1, 2, conversation_id => t.group_of(1, 2, 3))), 'invalid receiver_id:not_in_group', 'a group has no receiver');
SELECT is(t.verdict(t.send(c.sender, NULL, conversation_id => c.conversation_id, type => c.type, is_system => true)),
    'invalid conversation_id:message_type', 'no ' || c.type || ' goes into ' || c.about)
FROM (
    SELECT *
    FROM (VALUES
        (1, t.group_of(1, 2, 3), 'a group'),
        (4, t.group_of(1, 2, 3), 'a group of others, of which one learns no more'),
        (4, 'group:' || t.u(9), 'a group that does not exist')
    ) AS g (sender, conversation_id, about)
    CROSS JOIN (VALUES ('interaction'), ('system_notification'), ('system_announcement')) AS m (type)
) AS c;

SELECT is(t.seen('hello'), '1 sent, 2 unread, 3 unread', 'the sender sees sent, all others unread');
SELECT is(t.seen('back'), '1 unread, 2 unread, 3 sent', 'whoever sends');
SELECT is(m.receiver_id, NULL, 'a group message has no receiver') FROM flixim.get_message(t.caller(2), t.m('hello')) AS m;
SELECT is(t.unread(c.who), c.unread::bigint[], c.about)
FROM (VALUES
    (1, '{1,0,0,0,1}', 'its unread count as private messages'), (2, '{2,0,0,0,2}', 'for each member apart')
) AS c (who, unread, about);
SELECT is(t.unread_in(2, t.group_of(1, 2, 3)), 2, 'and in the conversation');

SELECT is(t.read(2, 'hello'), 'read', 'a member reads it');
SELECT is(t.seen('hello'), '1 sent, 2 read, 3 unread', 'which the sender of a group message does not see');
SELECT is(t.read(1, 'hello'), 'forbidden', 'and the sender cannot read it');
SELECT is(t.delete(3, 'hello'), 'ok', 'a member deletes it');
SELECT is(t.withdraw(1, 'hello'), 'withdrawn', 'the sender withdraws it');
SELECT is(t.seen('hello'), '1 withdrawn, 2 withdrawn, 3 deleted', 'for all but who deleted it');
SELECT is(t.withdraw(2, 'back'), 'forbidden', 'a member cannot withdraw another''s');

-- How many. The maker counts, named or not.
CREATE FUNCTION pg_temp.made(others integer, kind text DEFAULT 'group') RETURNS text
LANGUAGE sql
AS $$
    SELECT concat_ws(' ', c.outcome, c.field || ':' || c.rule, cardinality(c.participant_ids))
    FROM flixim.create_conversation(t.caller(1), ARRAY(SELECT t.u(n) FROM generate_series(2, others + 1) AS n),
        kind::flixim.conversation_type) AS c;
$$;
SELECT is(pg_temp.made(c.others), c.verdict, c.about)
FROM (VALUES
    (1, 'created 2', 'a group of two is one'),
    (499, 'created 500', '500 members are allowed'),
    (500, 'invalid participant_ids:too_many', '501 are not'),
    (0, 'invalid participant_ids:required', 'nor is nobody')
) AS c (others, verdict, about);
SELECT is(c.outcome::text || cardinality(c.participant_ids), 'created500', 'the maker may be named, others twice, and count once')
FROM flixim.create_conversation(t.caller(1), ARRAY(SELECT t.u(1 + n % 500) FROM generate_series(1, 1000) AS n), 'group') AS c;
SELECT is(
    t.verdict(t.send(1, NULL, 'to all', conversation_id => c.conversation_id)), 'created', 'one of 500 writes to the others')
FROM flixim.list_conversations(t.caller(500)) AS c WHERE c.id IS NOT NULL LIMIT 1;
SELECT is(count(*), 499::bigint, 'who all have it unread')
FROM generate_series(2, 500) AS n WHERE t.status(n, 'to all') = 'unread' AND (t.unread(n))[5] > 0;
SELECT isnt(
    (flixim.create_conversation(t.caller(1), ARRAY[t.u(2)], 'group')).conversation_id,
    (flixim.create_conversation(t.caller(1), ARRAY[t.u(2)], 'group')).conversation_id, 'a group is a new one each time');

\ir lib/end.sql
