-- SPDX-License-Identifier: Apache-2.0
-- Who is told: an event for each user whom a change concerns, in the order of the clock; the connection that caused it is named on
-- the causing user's own row only.

\ir lib/begin.sql

-- What became of a request, and who was told.
CREATE FUNCTION pg_temp.told_by(request text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    verdict text;
BEGIN
    EXECUTE 'SELECT ' || request INTO verdict;
    RETURN verdict || ': ' || coalesce((
        SELECT string_agg(concat(e.who, ' ', e.what, ' but ' || e.origin), ', ' ORDER BY e.who, e.what) FROM t.told() AS e
    ), 'nobody');
END
$$;

-- A table of cases: a request, made by a connection (101 of user 1 and so on) or by REST; what became of it; whom it told, but which
-- connection of theirs.
SELECT is(pg_temp.told_by(c.request), c.told, c.about)
FROM (VALUES
    ($$t.verdict(t.send(1, 2, 'p', origin => 101, client_id => t.u(71)))$$,
        'created: 1 new_message but 101, 2 new_message', 'a private message: its receiver, and its sender''s other connections'),
    ($$t.verdict(t.send(1, 2, content => '{"text":"p"}', origin => 101, client_id => t.u(71)))$$,
        'ok: nobody', 'a retry: nobody'),
    ($$t.verdict(t.send(1, 2, content => '{"text":"q"}', origin => 101, client_id => t.u(71)))$$,
        'idempotency_conflict: nobody', 'a conflict: nobody'),
    ($$t.verdict(t.send(1, 1, origin => 101))$$,
        'invalid receiver_id:not_self: nobody', 'a refusal: nobody'),
    ($$t.read(2, 'p', 102)$$,
        'read: 1 message_status_update read, 2 message_status_update read but 102',
            'read: its sender, and the reader''s other connections'),
    ($$t.read(2, 'p', 102)$$,
        'read: nobody', 'read again: nobody'),
    ($$t.delete(2, 'p', 102)$$,
        'ok: 2 message_status_update deleted but 102', 'deleted: that viewer''s other connections'),
    ($$t.withdraw(1, 'p', 101)$$,
        'withdrawn: 1 message_recalled withdrawn but 101, 2 message_recalled withdrawn', 'withdrawn: both, also who deleted it'),
    ($$t.withdraw(1, 'p', 101)$$,
        'withdrawn: nobody', 'withdrawn again: nobody'),
    ($$t.delete(1, 'p', 101)$$,
        'ok: 1 message_status_update deleted but 101', 'deleted after that: that viewer'),

    ($$t.verdict(t.send(1, NULL, 'g', conversation_id => t.group_of(1, 2, 3), origin => 101))$$,
        'created: 1 new_message but 101, 2 new_message, 3 new_message', 'a group message: every member'),
    ($$t.read(3, 'g', 103)$$,
        'read: 3 message_status_update read but 103', 'read in a group: the reader''s other connections'),
    ($$t.delete(2, 'g')$$,
        'ok: 2 message_status_update deleted', 'without an origin: all of the viewer''s connections'),
    ($$t.withdraw(1, 'g', 101)$$,
        'withdrawn: 1 message_recalled withdrawn but 101, 2 message_recalled withdrawn, 3 message_recalled withdrawn',
        'withdrawn in a group: every member'),

    ($$t.verdict(t.send(1, 2, 'n', type => 'system_notification', is_system => true))$$,
        'created: 1 new_message, 2 new_message', 'a notification: its receiver and its sender'),
    ($$t.read(2, 'n')$$,
        'read: 2 message_status_update read', 'read: the reader, not the sender'),
    ($$t.withdraw(1, 'n')$$,
        'withdrawn: 1 message_recalled withdrawn, 2 message_recalled withdrawn', 'withdrawn: both'),
    ($$t.verdict(t.send(1, 1, 'self', type => 'system_announcement', is_system => true, origin => 101))$$,
        'created: 1 new_message but 101', 'an announcement to oneself: once'),
    ($$t.read(1, 'self', 101)$$,
        'read: 1 message_status_update read but 101', 'read: once'),
    ($$t.withdraw(1, 'self', 101)$$,
        'withdrawn: 1 message_recalled withdrawn but 101', 'withdrawn: once'),
    ($$t.verdict(t.send(1, 2, 'i', type => 'interaction'))$$,
        'created: 1 new_message, 2 new_message', 'an interaction: both'),
    ($$t.read(2, 'i', 102)$$,
        'read: 2 message_status_update read but 102', 'read: the reader, not the sender'),

    ($$t.verdict(t.send(1, 2, 'd'))$$,
        'created: 1 new_message, 2 new_message', 'from REST: all connections of both'),
    ($$t.delete(1, 'd', 101)$$,
        'ok: 1 message_status_update deleted but 101', 'its sender deletes it: the sender'),
    ($$t.read(2, 'd', 102)$$,
        'read: 2 message_status_update read but 102', 'and is not told that it was read'),
    ($$t.withdraw(3, 'd', 103)$$,
        'message_not_found: nobody', 'a stranger withdraws: nobody'),
    ($$t.read(3, 'd', 103)$$,
        'message_not_found: nobody', 'a stranger reads: nobody'),
    ($$t.delete(3, 'd', 103)$$,
        'message_not_found: nobody', 'a stranger deletes: nobody'),
    ($$t.read(1, 'd', 101)$$,
        'message_not_found: nobody', 'its sender reads what is gone: nobody'),

    ($$(flixim.create_conversation(t.caller(4), ARRAY[t.u(5)], 'private')).outcome::text$$,
        'created: nobody', 'a conversation made: nobody'),
    ($$(flixim.update_conversation(t.caller(4), t.private(4, 5), true, true, 'draft')).outcome::text$$,
        'ok: nobody', 'a conversation''s settings: nobody'),
    ($$(flixim.create_conversation(t.caller(4), ARRAY[t.u(5)], 'group')).outcome::text$$,
        'created: nobody', 'a group made: nobody')
) AS c (request, told, about);

-- In a batch: each message its own, in order.
SELECT is(count(*), 3::bigint, 'given a batch') FROM t.send_all('{5,6,5}', '{6,5,6}', '{a,b,c}') AS s WHERE s.outcome = 'created';
SELECT is(string_agg(e.who || e.what, ', '), '5new_message, 5new_message, 5new_message, 6new_message, 6new_message, 6new_message',
    'a batch tells of each of its messages') FROM t.told() AS e;
SELECT results_eq(
    $$SELECT e.content ->> 'text' FROM (VALUES (5), (6)) AS c (who), LATERAL flixim.sync_events(t.caller(c.who), NULL) AS e
    WHERE e.id IS NOT NULL ORDER BY c.who, e.event_timestamp$$,
    $$VALUES ('a'), ('b'), ('c'), ('a'), ('b'), ('c')$$,
    'in the order of the batch');
SELECT is(b.marked_count, 2, 'given a batch read')
FROM flixim.mark_read_batch(t.caller(6), ARRAY(SELECT l.id FROM flixim.list_messages(t.caller(6)) AS l), t.u(106)) AS b;
SELECT is(
    string_agg(concat(e.who, ' ', e.what, ' but ' || e.origin), ', ' ORDER BY e.who), repeat('5 message_status_update read, ', 2)
        || '6 message_status_update read but 106, 6 message_status_update read but 106',
    'reading a batch tells of each') FROM t.told() AS e;

\ir lib/end.sql
