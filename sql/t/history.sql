-- SPDX-License-Identifier: Apache-2.0
-- A conversation's history: what its member still has there, newest first, paged by instant and by key.

\ir lib/begin.sql

CALL t.say(1, 2, 'a');
CALL t.say(2, 1, 'b');
CALL t.say(1, 2, 'c');
CALL t.say(1, 2, 'd');
CALL t.say(1, NULL, 'g', conversation_id => t.group_of(1, 2, 3));
CALL t.say(9, 2, 'n', 'system_notification');
CALL t.must(t.withdraw(1, 'b'), 'forbidden');
CALL t.must(t.withdraw(1, 'c'), 'withdrawn');
CALL t.must(t.delete(2, 'd'), 'ok');

CREATE FUNCTION pg_temp.told(viewer integer, conversation_id text, page_size integer DEFAULT 20,
    before timestamptz DEFAULT NULL, before_id uuid DEFAULT NULL) RETURNS text
LANGUAGE sql
AS $$
    SELECT string_agg(coalesce(t.name(h.id), nullif(t.verdict(h), 'ok')), ' ')
    FROM flixim.list_history(t.caller(viewer), conversation_id, page_size, before, before_id) AS h;
$$;
CREATE FUNCTION pg_temp.stamp(name text) RETURNS timestamptz
LANGUAGE sql
RETURN (SELECT m.server_timestamp FROM flixim.get_message(t.caller(1), t.m(name)) AS m);

-- Tables of cases.
SELECT is(pg_temp.told(c.viewer, c.conversation_id), c.told, c.about)
FROM (VALUES
    (1, t.private(1, 2), 'd c b a', 'sent and received, newest first, the withdrawn one in its place'),
    (2, t.private(1, 2), 'c b a', 'but for what the viewer deleted'),
    (3, t.group_of(1, 2, 3), 'g', 'a group''s, for each member'),
    (2, 'system:notification:' || t.u(2), 'n', 'one''s notifications'),
    (9, 'system:notification:' || t.u(2), 'conversation_not_found', 'which are not their sender''s to read'),
    (3, t.private(1, 2), 'conversation_not_found', 'a stranger finds no conversation'),
    (3, t.private(3, 4), 'conversation_not_found', 'as where there is none'),
    (1, NULL, 'conversation_not_found', 'as where none is named')
) AS c (viewer, conversation_id, told, about);
CALL t.must(t.read(2, 'a'), 'read');
SELECT is(string_agg(h.status || h.content::text, ' '), 'withdrawn{} sent{"text" : "b"} read{"text" : "a"}', 'each as its viewer sees it')
FROM flixim.list_history(t.caller(2), t.private(1, 2)) AS h WHERE h.id IS NOT NULL;

SELECT is(pg_temp.told(1, t.private(1, 2), c.page_size, c.before, c.before_id), c.told, c.about)
FROM (VALUES
    (2, NULL, NULL, 'd c', 'a page'),
    (2, NULL, t.m('c'), 'b a', 'the next one by key'),
    (2, NULL, t.m('a'), NULL, 'before the first there is nothing'),
    (20, pg_temp.stamp('c'), NULL, 'b a', 'before an instant'),
    (20, pg_temp.stamp('c') + interval '1 microsecond', NULL, 'c b a', 'to the microsecond'),
    (20, pg_temp.stamp('b'), t.m('d'), 'a', 'with both, both hold'),
    (20, pg_temp.stamp('d'), t.m('b'), 'a', 'whichever is the older'),
    (20, NULL, t.m('n'), 'd c b a', 'a key of another conversation is a place in time'),
    (20, '1969-12-31T23:59:59Z', NULL, NULL, 'before the epoch there was nothing'),
    (20, '0001-01-01T00:00:00Z', NULL, NULL, 'nor at the beginning of our era'),
    (20, '-infinity', NULL, NULL, 'nor ever'),
    (20, '9999-12-31T23:59:59Z', NULL, 'd c b a', 'before the far future is all'),
    (20, 'infinity', NULL, 'd c b a', 'and before the end of time'),
    (1, NULL, NULL, 'd', 'a page of one'),
    (200, NULL, NULL, 'd c b a', 'a page of 200 is allowed'),
    (201, NULL, NULL, 'invalid limit:range', '201 are not'),
    (0, NULL, NULL, 'invalid limit:range', 'nor is none'),
    (NULL, NULL, NULL, 'invalid limit:range', 'a page has a size')
) AS c (page_size, before, before_id, told, about);

\ir lib/end.sql
