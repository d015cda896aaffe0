-- SPDX-License-Identifier: Apache-2.0
-- What was withdrawn is nowhere any more: in no table, no list, no preview, no sync and no event of before.

\ir lib/begin.sql

CREATE FUNCTION pg_temp.answers(viewer integer) RETURNS SETOF text
LANGUAGE sql
AS $$
    SELECT l::text FROM flixim.list_messages(t.caller(viewer)) AS l
    UNION ALL SELECT l::text FROM flixim.list_messages(t.caller(viewer), p_status => 'deleted') AS l
    UNION ALL SELECT l::text FROM flixim.list_messages(t.caller(viewer), p_status => 'withdrawn') AS l
    UNION ALL SELECT m::text FROM flixim.get_message(t.caller(viewer), t.m('canary')) AS m
    UNION ALL SELECT h::text FROM flixim.list_conversations(t.caller(viewer)) AS c,
        LATERAL flixim.list_history(t.caller(viewer), c.conversation_id) AS h
    UNION ALL SELECT c::text FROM flixim.list_conversations(t.caller(viewer)) AS c
    UNION ALL SELECT s::text FROM flixim.sync_messages(t.caller(viewer), NULL) AS s
    UNION ALL SELECT e::text FROM flixim.sync_events(t.caller(viewer), NULL) AS e
    UNION ALL SELECT f::text FROM flixim.sync_events(t.caller(viewer), NULL) AS e,
        LATERAL flixim.fetch_events(ARRAY[e.target_user_id], ARRAY[e.event_timestamp]) AS f
    UNION ALL SELECT f::text FROM flixim.sync_events(t.caller(viewer), NULL) AS e, LATERAL flixim.fetch_messages(ARRAY[e.id], ARRAY[true]) AS f;
$$;
CREATE FUNCTION pg_temp.shown(viewer integer) RETURNS integer
LANGUAGE sql
AS $$
    SELECT count(*)::integer FROM pg_temp.answers(viewer) AS a (row_text) WHERE a.row_text LIKE '%canary%';
$$;

CALL t.say(1, 2, 'canary');
CALL t.say(1, NULL, 'canary in a group', conversation_id => t.group_of(1, 2, 3));
CALL t.say(1, 2, 'canary in an announcement', 'system_announcement');
CALL t.say(1, 2, 'canary in an interaction', 'interaction');
CALL t.say(1, 2, 'canary that was read');
CALL t.say(1, 2, 'canary that the receiver deleted');
CALL t.must(t.read(2, 'canary that was read'), 'read');
CALL t.must(t.delete(2, 'canary that the receiver deleted'), 'ok');

SELECT cmp_ok(pg_temp.shown(c.viewer), '>', 15, 'before, viewer ' || c.viewer || ' finds it in every place')
FROM (VALUES (1), (2)) AS c (viewer);
SELECT isnt_empty($$SELECT * FROM t.rows_with('canary') WHERE in_table = 'flixim.messages'$$, 'so does who looks into the tables');

SELECT is(t.withdraw(1, m.name), 'withdrawn', 'withdrawn: ' || m.name) FROM t.messages AS m ORDER BY m.id;

SELECT is_empty($$SELECT * FROM t.rows_with('canary')$$, 'afterwards no row of any table holds it');
SELECT is(pg_temp.shown(c.viewer), 0, 'and no answer to viewer ' || c.viewer) FROM (VALUES (1), (2), (3)) AS c (viewer);
SELECT is_empty(
    $$SELECT l.id FROM flixim.list_messages(t.caller(2)) AS l WHERE l.status <> 'withdrawn' OR l.content::text <> '{}'$$,
    'what is left of each is its frame');
SELECT is_empty(
    $$SELECT c.id FROM flixim.list_conversations(t.caller(2)) AS c
        WHERE c.last_message_id IS NOT NULL OR c.last_message_content IS NOT NULL$$,
    'previews do not even name it');

\ir lib/end.sql
