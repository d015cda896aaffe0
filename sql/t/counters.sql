-- SPDX-License-Identifier: Apache-2.0
-- Unread counters, per user and type and per member and conversation: exact after everything that changes them.

\ir lib/begin.sql

-- A table of cases: a request, and user 2's counters after it: per type, then of the private conversation, the group and the notices.
CREATE FUNCTION pg_temp.counted_after(request text) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE 'SELECT ' || request;
    RETURN concat_ws(' ', t.unread(2), coalesce(t.unread_in(2, t.private(1, 2)), 0), t.unread_in(2, t.group_of(1, 2, 3)),
        coalesce(t.unread_in(2, 'system:notification:' || t.u(2)), 0));
END
$$;

SELECT is(t.unread(2), '{0,0,0,0,0}', 'an unknown user has nothing unread');
SELECT is(pg_temp.counted_after(c.request), c.counters, c.about)
FROM (VALUES
    ($$t.send(1, 2, 'p1', client_id => t.u(71))$$, '{1,0,0,0,1} 1 0 0', 'a private message'),
    ($$t.send(1, 2, content => '{"text":"p1"}', client_id => t.u(71))$$, '{1,0,0,0,1} 1 0 0', 'again: a retry'),
    ($$t.send(1, 2, content => '{"text":"x"}', client_id => t.u(71))$$, '{1,0,0,0,1} 1 0 0', 'a conflict'),
    ($$t.send(1, 2, 'p2')$$, '{2,0,0,0,2} 2 0 0', 'another'),
    ($$t.send(2, 1, 'mine')$$, '{2,0,0,0,2} 2 0 0', 'one''s own'),
    ($$t.send(1, NULL, 'g', conversation_id => t.group_of(1, 2, 3))$$, '{3,0,0,0,3} 2 1 0', 'a group message'),
    ($$t.send(9, 2, 'n1', type => 'system_notification', is_system => true)$$, '{4,1,0,0,3} 2 1 1', 'a notification'),
    ($$t.send(9, 2, 'n2', type => 'system_notification', is_system => true)$$, '{5,2,0,0,3} 2 1 2', 'another'),
    ($$t.send(9, 2, 'a', type => 'system_announcement', is_system => true)$$, '{6,2,1,0,3} 2 1 2', 'an announcement'),
    ($$t.send(1, 2, 'i', type => 'interaction')$$, '{7,2,1,1,3} 2 1 2', 'an interaction'),
    ($$t.send(2, 2, 'self', type => 'system_notification', is_system => true)$$, '{8,3,1,1,3} 2 1 3', 'a notification to oneself'),
    ($$t.read(2, 'p1')$$, '{7,3,1,1,2} 1 1 3', 'one is read'),
    ($$t.read(2, 'p1')$$, '{7,3,1,1,2} 1 1 3', 'read again'),
    ($$t.read(1, 'p2')$$, '{7,3,1,1,2} 1 1 3', 'its sender cannot'),
    ($$t.read(3, 'g')$$, '{7,3,1,1,2} 1 1 3', 'another member reads'),
    ($$t.delete(2, 'p1')$$, '{7,3,1,1,2} 1 1 3', 'a read one is deleted'),
    ($$t.delete(2, 'p2')$$, '{6,3,1,1,1} 0 1 3', 'an unread one is deleted'),
    ($$t.withdraw(1, 'p2')$$, '{6,3,1,1,1} 0 1 3', 'a deleted one is withdrawn'),
    ($$t.withdraw(9, 'n1')$$, '{5,2,1,1,1} 0 1 2', 'an unread one is withdrawn'),
    ($$t.withdraw(9, 'n1')$$, '{5,2,1,1,1} 0 1 2', 'again'),
    ($$t.read(2, 'n1')$$, '{5,2,1,1,1} 0 1 2', 'a withdrawn one is read'),
    ($$t.delete(2, 'n1')$$, '{5,2,1,1,1} 0 1 2', 'a withdrawn one is deleted'),
    ($$t.withdraw(2, 'self')$$, '{4,1,1,1,1} 0 1 1', 'one to oneself is withdrawn'),
    ($$t.withdraw(1, 'g')$$, '{3,1,1,1,0} 0 0 1', 'a group message is withdrawn'),
    ($$flixim.mark_read_batch(t.caller(2), ARRAY[t.m('n2'), t.m('a'), t.m('i'), t.m('g'), t.m('p1')])$$, '{0,0,0,0,0} 0 0 0',
        'the rest is read at once')
) AS c (request, counters, about);
SELECT is(t.unread(c.who), c.unread::bigint[], 'and so it is for user ' || c.who)
FROM (VALUES (1, '{1,0,0,0,1}'), (3, '{0,0,0,0,0}'), (9, '{0,0,0,0,0}')) AS c (who, unread);

\ir lib/end.sql
