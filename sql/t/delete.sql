-- SPDX-License-Identifier: Apache-2.0
-- Deleting: one viewer's own affair. Gone for that viewer, listed under status deleted only, unseen by everybody else.

\ir lib/begin.sql

CALL t.say(1, 2, 'hello');
SELECT is(t.delete(3, 'hello'), 'message_not_found', 'for a stranger there is no such message');
SELECT is(t.delete(3, 'none'), 'message_not_found', 'as where there is none');
SELECT is(t.delete(2, 'hello'), 'ok', 'the receiver deletes it');
SELECT is(t.seen('hello'), '1 sent, 2 deleted', 'which the sender does not see: there is no receipt');
SELECT is(t.unread(2), '{0,0,0,0,0}', 'it was unread and no longer counts');
SELECT is(t.unread_in(2, t.private(1, 2)), 0, 'nor in its conversation');
SELECT is(t.delete(2, 'hello'), 'message_not_found', 'again: it is gone');
SELECT is(t.status(2, 'hello'), 'message_not_found', 'gone for who asks for it');
SELECT is(t.status(1, 'hello'), 'sent', 'but not for the other');
SELECT is(t.read(2, 'hello'), 'message_not_found', 'it cannot be read');

-- Where it still shows: a table of cases, of lists of user 2.
SELECT is(c.shown, c.wanted, c.about)
FROM (VALUES
    ('the list without a status leaves it out', '',
        (SELECT coalesce(string_agg(l.status || l.content::text, ','), '') FROM flixim.list_messages(t.caller(2)) AS l
        WHERE l.id IS NOT NULL)),
    ('status deleted lists it, with its content', 'deleted{"text" : "hello"}',
        (SELECT string_agg(l.status || l.content::text, ',')
        FROM flixim.list_messages(t.caller(2), p_status => 'deleted') AS l WHERE l.id IS NOT NULL)),
    ('history leaves it out', '',
        (SELECT coalesce(string_agg(h.status || h.content::text, ','), '')
        FROM flixim.list_history(t.caller(2), t.private(1, 2)) AS h WHERE h.id IS NOT NULL)),
    ('the preview leaves it out', '',
        (SELECT coalesce(g.last_message_content, '') FROM flixim.get_conversation(t.caller(2), t.private(1, 2)) AS g)),
    ('sync of messages tells it once, without its content', 'deleted{}',
        (SELECT string_agg(s.status || s.content::text, ',') FROM flixim.sync_messages(t.caller(2), NULL) AS s WHERE s.id IS NOT NULL)),
    ('its new_message is returned likewise', 'new_message deleted {},message_status_update deleted {}',
        (SELECT string_agg(e.event_type || ' ' || e.status || ' ' || e.content::text, ',')
        FROM flixim.sync_events(t.caller(2), NULL) AS e WHERE e.id IS NOT NULL)),
    ('the other''s list is as it was', 'sent{"text" : "hello"}',
        (SELECT string_agg(l.status || l.content::text, ',') FROM flixim.list_messages(t.caller(1)) AS l WHERE l.id IS NOT NULL)),
    ('the other''s preview, too', 'hello',
        (SELECT g.last_message_content FROM flixim.get_conversation(t.caller(1), t.private(1, 2)) AS g))
) AS c (about, wanted, shown);

-- By whom and when.
CALL t.say(1, 2, 'sent');
SELECT is(t.delete(1, 'sent'), 'ok', 'the sender deletes it');
SELECT is(t.seen('sent'), '1 deleted, 2 unread', 'for the sender alone');
SELECT is(t.unread(2), '{1,0,0,0,1}', 'the receiver still has it to read');
SELECT is(t.read(2, 'sent'), 'read', 'and reads it');
SELECT is(t.seen('sent'), '1 deleted, 2 read', 'of which the sender who deleted it is not told');
CALL t.say(1, 2, 'read');
CALL t.must(t.read(2, 'read'), 'read');
SELECT is(t.delete(2, 'read'), 'ok', 'what was read can be deleted');
SELECT is(t.seen('read'), '1 read, 2 deleted', 'the sender keeps read');
SELECT is(t.unread(2), '{0,0,0,0,0}', 'no counter falls below what is there');
CALL t.say(1, 2, 'withdrawn');
CALL t.must(t.withdraw(1, 'withdrawn'), 'withdrawn');
SELECT is(t.delete(2, 'withdrawn'), 'ok', 'what was withdrawn can be deleted');
SELECT is(t.seen('withdrawn'), '1 withdrawn, 2 deleted', 'for that viewer');
CALL t.say(1, NULL, 'group', conversation_id => t.group_of(1, 2, 3));
SELECT is(t.delete(3, 'group'), 'ok', 'a group member deletes it');
SELECT is(t.seen('group'), '1 sent, 2 unread, 3 deleted', 'for that member');
CALL t.say(9, 2, 'n', 'system_notification');
CALL t.say(9, 2, 'a', 'system_announcement');
CALL t.say(9, 2, 'i', 'interaction');
SELECT is(t.unread(2), '{4,1,1,1,1}', 'given one unread of each type');
SELECT is(t.delete(2, c.name) || t.unread(2)::text, 'ok' || c.unread, 'deleting lowers its own type''s counter: ' || c.name)
FROM (VALUES ('n', '{3,0,1,1,1}'), ('a', '{2,0,0,1,1}'), ('i', '{1,0,0,0,1}'), ('group', '{0,0,0,0,0}')) AS c (name, unread);
CALL t.must(t.delete(1, 'hello'), 'ok');
SELECT is(t.seen('hello'), '1 deleted, 2 deleted', 'both may delete the same');

\ir lib/end.sql
