-- SPDX-License-Identifier: Apache-2.0
-- The clocks that sync rests on: per user and per conversation unique, rising, whole milliseconds, also when the wall clock steps back.

\ir lib/begin.sql

-- What happens: many changes for few users, in one batch and one by one.
CREATE PROCEDURE pg_temp.happen(prefix text)
LANGUAGE plpgsql
AS $$
BEGIN
    FOR i IN 1..3 LOOP
        CALL t.say(1, 2, prefix || ' p' || i);
        CALL t.say(2, 1, prefix || ' q' || i);
        CALL t.say(1, NULL, prefix || ' g' || i, conversation_id => t.group_of(1, 2, 3));
        CALL t.must(t.read(2, prefix || ' p' || i), 'read');
    END LOOP;
    PERFORM t.send_all('{1,2,1,3,1}', '{2,1,2,1,2}', '{a,b,c,d,e}');
    CALL t.must(t.withdraw(1, prefix || ' p1'), 'withdrawn');
    CALL t.must(t.delete(2, prefix || ' p2'), 'ok');
    CALL t.must(t.read(3, prefix || ' g3'), 'read');
    PERFORM flixim.mark_read_batch(t.caller(1), ARRAY(SELECT l.id FROM flixim.list_messages(t.caller(1), p_status => 'unread') AS l));
END
$$;

-- What would be wrong with the stamps.
RESET ROLE;
CREATE FUNCTION pg_temp.event_faults() RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER
AS $$
    SELECT 'not whole: ' || e.stamp FROM flixim.events AS e WHERE e.stamp <> date_trunc('milliseconds', e.stamp)
    UNION ALL
    SELECT 'twice: ' || e.stamp FROM flixim.events AS e GROUP BY e.target_user_id, e.stamp HAVING count(*) > 1
    UNION ALL
    SELECT 'the clock is not the last stamp' FROM flixim.users AS u
    WHERE u.last_event_at <> (SELECT max(e.stamp) FROM flixim.events AS e WHERE e.target_user_id = u.user_id)
    UNION ALL
    SELECT 'within a conversation not rising' FROM (
        SELECT m.server_timestamp - lag(m.server_timestamp) OVER (PARTITION BY m.conversation ORDER BY m.id) AS step
        FROM flixim.messages AS m
    ) AS s WHERE s.step < '1 millisecond'
    UNION ALL
    SELECT 'not whole: ' || m.server_timestamp FROM flixim.messages AS m
    WHERE m.server_timestamp <> date_trunc('milliseconds', m.server_timestamp)
    UNION ALL
    SELECT 'inserted_at is not the wall clock' FROM flixim.messages AS m
    WHERE m.inserted_at NOT BETWEEN now() - interval '1 millisecond' AND clock_timestamp();
$$;
SET LOCAL ROLE flixim_app;

CALL pg_temp.happen('today');
SELECT is_empty('SELECT * FROM pg_temp.event_faults()', 'stamps of users and conversations are unique, rise and are whole milliseconds');
SELECT cmp_ok(t.clock(2), '<=', clock_timestamp() + interval '1 second', 'and near the wall clock');

-- The wall clock has stepped back by days: clocks go on from where they are, a millisecond for each change.
CALL t.put_clock(2, '3 days');
SELECT t.clock(2) AS clock_2 \gset
CALL t.say(1, 2, 'after the step');
SELECT is(t.clock(2), :'clock_2'::timestamptz + interval '1 millisecond', 'a user''s clock that is ahead goes on by a millisecond');
SELECT cmp_ok(t.clock(1), '<', clock_timestamp() + interval '1 second', 'others'' are not moved by it');
CALL t.must(t.read(2, 'after the step'), 'read');
SELECT is(t.clock(2), :'clock_2'::timestamptz + interval '2 milliseconds', 'by each change');
SELECT is(s.cursor_at, :'clock_2'::timestamptz + interval '2 milliseconds', 'sync follows it')
FROM flixim.sync_events(t.caller(2), :'clock_2') AS s WHERE s.outcome = 'ok';

CALL t.put_clock(t.private(1, 2), '2 days');
SELECT c.last_message_timestamp AS before FROM flixim.get_conversation(t.caller(1), t.private(1, 2)) AS c \gset
CALL t.say(1, 2, 'after that step');
SELECT is(t.name(c.last_message_id), 'after that step', 'a conversation''s clock that is ahead goes on as well')
FROM flixim.get_conversation(t.caller(1), t.private(1, 2)) AS c;
SELECT cmp_ok(c.last_message_timestamp, '>', clock_timestamp() + interval '1 day', 'from where it was')
FROM flixim.get_conversation(t.caller(1), t.private(1, 2)) AS c;
SELECT is(t.withdraw(1, 'after that step'), 'withdrawn', 'the withdraw window goes by the wall clock all the same');

CALL pg_temp.happen('after the steps');
SELECT is_empty('SELECT * FROM pg_temp.event_faults()', 'stamps are unique and rise after all');
SELECT is(string_agg(t.name(h.id), ' '), 'after the steps q3 after the steps p3', 'history is in the order of sending')
FROM (SELECT * FROM flixim.list_history(t.caller(1), t.private(1, 2)) AS h WHERE t.name(h.id) LIKE 'after the steps %3') AS h;

\ir lib/end.sql
