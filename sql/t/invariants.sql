-- SPDX-License-Identifier: Apache-2.0
-- check_invariants(), which every other test ends with, finds each fault when it is made on purpose.

\ir lib/begin.sql

CALL t.say(1, 2, 'p');
CALL t.say(1, 2, 'read');
CALL t.say(1, 2, 'withdrawn');
CALL t.say(1, NULL, 'g', conversation_id => t.group_of(1, 2, 3));
CALL t.say(9, 2, 'n', 'system_notification');
CALL t.must(t.read(2, 'read'), 'read');
CALL t.must(t.withdraw(1, 'withdrawn'), 'withdrawn');

RESET ROLE;
-- What is found after a statement, which is then undone.
CREATE FUNCTION pg_temp.found(fault text) RETURNS text[]
LANGUAGE plpgsql
AS $$
DECLARE
    found text[];
BEGIN
    EXECUTE fault;
    found := ARRAY(SELECT DISTINCT i.invariant FROM flixim.check_invariants() AS i);
    RAISE EXCEPTION USING ERRCODE = 'UNDO1';
EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
    RETURN found;
END
$$;
INSERT INTO flixim.devices (id, user_id, provider, token, token_digest, inserted_at, updated_at)
VALUES (t.u(20), t.u(2), 'fcm', 'x', sha256('x'), now(), now());
INSERT INTO flixim.pushes (id, device_id, provider, destination, user_id, message_id, stamp, due_at, inserted_at)
VALUES (t.u(21), t.u(20), 'fcm', '', t.u(2), t.m('p'), now(), now(), now());
INSERT INTO flixim.push_horizons VALUES ('2025-01-01', '10:20:15', '17'), ('2025-01-02', '11:21:15', NULL);
INSERT INTO flixim.daemons VALUES (t.u(22), now(), now(), '{1,2}', '{2025-01-01,2025-01-02}', NULL);
INSERT INTO flixim.presence VALUES (t.u(2), t.u(22), now());
SELECT is(pg_temp.found('SELECT 1'), '{}', 'nothing is found where nothing is wrong');

-- A table of cases: the invariant that is found, and a fault.
CREATE TABLE pg_temp.fault (invariant text, fault text);
INSERT INTO pg_temp.fault VALUES
    ('users: the unread counters are the unread messages', 'UPDATE flixim.users SET unread_private_message = 7 WHERE user_id = t.u(2)'),
    ('users: the unread counters are the unread messages', 'UPDATE flixim.users SET unread_system_notification = 0 WHERE user_id = t.u(2)'),
    ('users: the unread counters are the unread messages', 'UPDATE flixim.users SET unread_system_announcement = 1 WHERE user_id = t.u(2)'),
    ('users: the unread counters are the unread messages', 'UPDATE flixim.users SET unread_interaction = -1 WHERE user_id = t.u(9)'),
    ('members: unread_count is the unread messages', 'UPDATE flixim.members SET unread_count = unread_count + 1 WHERE user_id = t.u(1)'),
    ('members: conversation and user exist', 'DELETE FROM flixim.conversations'),
    ('members: conversation and user exist', 'DELETE FROM flixim.users WHERE user_id = t.u(3)'),
    ('messages: the conversation exists', 'DELETE FROM flixim.conversations'),
    ('user_messages: the message exists and agrees', 'DELETE FROM flixim.messages WHERE id = t.m(''p'')'),
    ('user_messages: the message exists and agrees',
        'UPDATE flixim.user_messages SET message_type = ''interaction'' WHERE message_id = t.m(''p'')'),
    ('user_messages: exactly the members and the sender',
        'DELETE FROM flixim.user_messages WHERE message_id = t.m(''g'') AND user_id = t.u(3)'),
    ('user_messages: exactly the members and the sender',
        'UPDATE flixim.user_messages SET user_id = t.u(3) WHERE message_id = t.m(''p'') AND user_id = t.u(2)'),
    ('events: user, message and viewer''s copy exist', 'UPDATE flixim.events SET message_id = NULL WHERE message_id = t.m(''p'')'),
    ('events: user, message and viewer''s copy exist',
        'UPDATE flixim.events SET target_user_id = t.u(404) WHERE message_id = t.m(''p'') AND target_user_id = t.u(2)'),
    ('events: user, message and viewer''s copy exist',
        'UPDATE flixim.events SET target_user_id = t.u(3) WHERE message_id = t.m(''p'') AND target_user_id = t.u(2)'),
    ('conversations: the id names the members', 'UPDATE flixim.conversations SET conversation_id = ''private:x'' WHERE type = ''private'''),
    ('conversations: the id names the members', 'UPDATE flixim.conversations SET type = ''private'' WHERE type = ''group'''),
    ('conversations: the id names the members', 'DELETE FROM flixim.members WHERE user_id = t.u(2)'),
    ('users: the clock is not behind an event or a change',
        'UPDATE flixim.users SET last_event_at = ''2020-01-01'' WHERE user_id = t.u(2)'),
    ('user_messages: each change has its event', 'DELETE FROM flixim.events WHERE message_id = t.m(''read'') AND target_user_id = t.u(1)'),
    ('user_messages: each change has its event',
        'UPDATE flixim.user_messages SET status = ''deleted'' WHERE message_id = t.m(''withdrawn'') AND user_id = t.u(1)'),
    ('conversations: the clock is the newest message',
        'UPDATE flixim.conversations SET last_message_at = last_message_at + interval ''1 second'' WHERE type = ''group'''),
    ('conversations: the clock is the newest message', 'UPDATE flixim.conversations SET last_message_at = NULL WHERE type = ''group'''),
    ('messages: within a conversation each server_timestamp once, in the order of ids',
        'UPDATE flixim.messages SET server_timestamp = ''2025-01-01'''),
    ('messages: the id''s time is server_timestamp',
        'UPDATE flixim.messages SET server_timestamp = server_timestamp + interval ''1 hour'' WHERE id = t.m(''g'')'),
    ('events: each id once', 'UPDATE flixim.events SET id = t.u(1)'),
    ('members: each id once', 'UPDATE flixim.members SET id = t.u(1)'),
    ('messages: withdrawn for all, with no content left',
        'UPDATE flixim.messages SET content = ''{"text":"x"}'' WHERE id = t.m(''withdrawn'')'),
    ('messages: withdrawn for all, with no content left', 'UPDATE flixim.messages SET withdrawn_at = NULL WHERE id = t.m(''withdrawn'')'),
    ('messages: withdrawn for all, with no content left',
        'UPDATE flixim.user_messages SET status = ''read'' WHERE message_id = t.m(''withdrawn'') AND user_id = t.u(2)'),
    ('user_messages: sent is its sender''s, unread a receiver''s',
        'UPDATE flixim.user_messages SET status = ''sent'' WHERE message_id = t.m(''p'')'),
    ('user_messages: sent is its sender''s, unread a receiver''s',
        'UPDATE flixim.user_messages SET status = ''unread'' WHERE message_id = t.m(''p'')'),
    ('user_messages: the sender sees read exactly when the receiver of a private message has read it',
        'UPDATE flixim.user_messages SET status = ''read'' WHERE message_id = t.m(''p'') AND user_id = t.u(1)'),
    ('user_messages: the sender sees read exactly when the receiver of a private message has read it',
        'UPDATE flixim.user_messages SET status = ''read'' WHERE message_id = t.m(''p'') AND user_id = t.u(2)'),
    ('user_messages: the sender sees read exactly when the receiver of a private message has read it',
        'UPDATE flixim.user_messages SET status = ''read'' WHERE message_id = t.m(''g'') AND user_id = t.u(1)'),
    ('members: recent_at lags the last activity by recency_lag() at most',
        'UPDATE flixim.members SET recent_at = recent_at - interval ''16 minutes'''),
    ('members: recent_at lags the last activity by recency_lag() at most',
        'UPDATE flixim.members SET recent_at = recent_at + interval ''1 hour'''),
    ('members: recent_at lags the last activity by recency_lag() at most', 'UPDATE flixim.members SET recent_at = NULL'),
    ('members: last_read_message_id is a message there',
        'UPDATE flixim.members SET last_read_message_id = t.m(''n'') WHERE user_id = t.u(2)'),
    ('presence: the daemon is known', 'DELETE FROM flixim.daemons'),
    ('daemons: the horizons rise', 'UPDATE flixim.daemons SET horizon_xids = ''{2,1}'''),
    ('daemons: the horizons rise', 'UPDATE flixim.daemons SET horizon_times = ''{2025-01-02,2025-01-01}'''),
    ('push_horizons: each sees what the one before sees, and only the oldest is in work',
        'UPDATE flixim.push_horizons SET snapshot = ''11:19:15'' WHERE done_xid IS NULL'),
    ('push_horizons: each sees what the one before sees, and only the oldest is in work',
        'UPDATE flixim.push_horizons SET snapshot = ''9:30:15'' WHERE done_xid IS NULL'),
    ('push_horizons: each sees what the one before sees, and only the oldest is in work', 'UPDATE flixim.push_horizons SET done_xid = ''17'''),
    ('pushes: of a message that the user was sent', 'UPDATE flixim.pushes SET message_id = t.u(404)'),
    ('pushes: of a message that the user was sent', 'UPDATE flixim.pushes SET user_id = t.u(1)'),
    ('pushes: the device, as long as it is there, is the user''s', 'UPDATE flixim.devices SET user_id = t.u(1)'),
    ('pushes: the device, as long as it is there, is the user''s', 'UPDATE flixim.pushes SET provider = ''webhook'''),
    ('pushes: the device, as long as it is there, is the user''s', 'UPDATE flixim.pushes SET destination = ''x'''),
    ('pushes: what is claimed waits', 'UPDATE flixim.pushes SET claimed_by = t.u(22)'),
    ('pushes: what is claimed waits', 'UPDATE flixim.pushes SET claimed_by = t.u(22), attempts = 1, state = ''sent'', ended_at = now()');
SELECT ok(f.invariant = ANY (pg_temp.found(f.fault)), f.invariant || ': ' || left(f.fault, 60)) FROM pg_temp.fault AS f;

SELECT bag_eq(
    $$SELECT DISTINCT replace(m[1], '''''', '''')
    FROM regexp_matches(pg_get_functiondef('flixim.check_invariants()'::regprocedure),
        'SELECT\s+''([a-z_]+: (?:[^'']|'''')+)''', 'g') AS m$$,
    'SELECT DISTINCT invariant FROM pg_temp.fault',
    'every invariant is in the table above');

\ir lib/end.sql
