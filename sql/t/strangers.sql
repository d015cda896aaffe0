-- SPDX-License-Identifier: Apache-2.0
-- Nobody learns whether something exists that is not theirs to see: every answer about it is the one about what does not exist.

\ir lib/begin.sql

CALL t.say(1, 2, 'private');
CALL t.say(1, NULL, 'group', conversation_id => t.group_of(1, 2, 4));
CALL t.say(9, 2, 'notification', 'system_notification');
CALL t.say(1, 2, 'like', 'interaction');
CALL t.must((flixim.create_conversation(t.caller(1), ARRAY[t.u(5)], 'private')).outcome::text, 'created');

-- A table of cases: a request about a thing, with the thing and with one that does not exist in its place.
CREATE FUNCTION pg_temp.asked(request text, caller integer, thing text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE 'SELECT string_agg(a::text, '' '') FROM ' || request || ' AS a' INTO answer
    USING t.caller(caller), thing;
    RETURN answer;
END
$$;

SELECT is(pg_temp.asked(r.request, 3, t.m(m.name)::text), pg_temp.asked(r.request, 3, t.u(404)::text), r.request || ': ' || m.name)
FROM (VALUES
    ('flixim.get_message($1, $2::uuid)'), ('flixim.mark_read($1, $2::uuid)'), ('flixim.mark_read_batch($1, ARRAY[$2]::uuid[])'),
    ('flixim.withdraw_message($1, $2::uuid)'), ('flixim.delete_message($1, $2::uuid)')
) AS r (request)
CROSS JOIN t.messages AS m;

SELECT is(pg_temp.asked(r.request, 3, c.thing), pg_temp.asked(r.request, 3, c.nothing), r.request || ': ' || c.about)
FROM (VALUES
    ('flixim.get_conversation($1, $2)'), ('flixim.update_conversation($1, $2, true, true, ''x'')'),
    ('flixim.list_history($1, $2)'), ('flixim.begin_read_up_to($1, $2, NULL)')
) AS r (request)
CROSS JOIN (VALUES
    (t.private(1, 2), t.private(1, 404), 'another''s private conversation'),
    (t.group_of(1, 2, 4), 'group:' || t.u(404), 'a group'),
    ('system:notification:' || t.u(2), 'system:notification:' || t.u(404), 'another''s notifications'),
    ('interaction:' || t.u(2), 'interaction:' || t.u(404), 'another''s interactions')
) AS c (thing, nothing, about);

SELECT is((flixim.get_conversation(t.caller(5), t.private(1, 5))).outcome, 'conversation_not_found',
    'a private conversation without a message is not yet there for the one who did not make it');
SELECT is(count(*), 1::bigint, 'nor in their list') FROM flixim.list_conversations(t.caller(5));
SELECT is((flixim.get_conversation(t.caller(1), t.private(1, 5))).outcome, 'ok', 'but for who did');
CALL t.say(1, 5, 'now');
SELECT is((flixim.get_conversation(t.caller(5), t.private(1, 5))).outcome, 'ok', 'until there is one');

-- Who has no business here sees nothing at all.
SELECT is(string_agg(concat_ws(' ', a.outcome, a.id), ', '), 'ok', 'a stranger''s messages: none')
FROM flixim.list_messages(t.caller(3)) AS a;
SELECT is(string_agg(concat_ws(' ', a.outcome, a.id), ', '), 'ok', 'conversations: none') FROM flixim.list_conversations(t.caller(3)) AS a;
SELECT is(string_agg(concat_ws(' ', a.outcome, a.id), ', '), 'ok', 'changes: none') FROM flixim.sync_messages(t.caller(3), NULL) AS a;
SELECT is(string_agg(concat_ws(' ', a.outcome, a.id), ', '), 'ok', 'events: none') FROM flixim.sync_events(t.caller(3), NULL) AS a;
SELECT is(t.unread(3), '{0,0,0,0,0}', 'unread: none');
SELECT is_empty($$SELECT * FROM t.rows_with(t.u(3)::text)$$, 'and asking has left no trace of them');

-- Nor does asking hold anybody up: a stranger who names a group locks nothing of it.
RESET ROLE;
CREATE FUNCTION pg_temp.locked() RETURNS bigint
LANGUAGE sql
AS $$
    SELECT (SELECT count(*) FROM flixim.conversations AS c WHERE c.xmax::text::bigint >= txid_current())
        + (SELECT count(*) FROM flixim.users AS u WHERE u.xmax::text::bigint >= txid_current());
$$;
SELECT pg_temp.locked() AS before \gset
SET LOCAL ROLE flixim_app;
SELECT is(t.verdict(t.send(3, NULL, conversation_id => t.group_of(1, 2, 4))), 'conversation_not_found', 'a stranger writes to a group');
RESET ROLE;
SELECT is(pg_temp.locked(), (:before)::bigint, 'and locks none of its rows');
SET LOCAL ROLE flixim_app;

-- The three sides of a visible message: what is not one's own to do is forbidden, and that is no secret.
SELECT is(t.withdraw(2, c.name), 'forbidden', 'who received it may not withdraw: ' || c.name)
FROM (VALUES ('private'), ('group'), ('notification'), ('like')) AS c (name);
SELECT is(t.read(c.sender, c.name), 'forbidden', 'who sent it may not read: ' || c.name)
FROM (VALUES (1, 'private'), (1, 'group'), (9, 'notification'), (1, 'like')) AS c (sender, name);

\ir lib/end.sql
