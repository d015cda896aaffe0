-- SPDX-License-Identifier: Apache-2.0
-- GET /messages: what one sent and received, newest first; filters by type and status, pages by offset and by key.

\ir lib/begin.sql

CALL t.say(9, 2, 'n', 'system_notification');
CALL t.say(9, 2, 'a', 'system_announcement');
CALL t.say(1, 2, 'i', 'interaction');
CALL t.say(1, 2, 'p1');
CALL t.say(2, 1, 'p2');
CALL t.say(1, NULL, 'g', conversation_id => t.group_of(1, 2, 3));
CALL t.say(1, 2, 'read');
CALL t.say(1, 2, 'withdrawn');
CALL t.say(1, 2, 'deleted');
CALL t.must(t.read(2, 'read'), 'read');
CALL t.must(t.withdraw(1, 'withdrawn'), 'withdrawn');
CALL t.must(t.delete(2, 'deleted'), 'ok');

-- What is listed: names, newest first; and the refusal if there is one.
CREATE FUNCTION pg_temp.listed(
    viewer integer,
    page_size integer DEFAULT 50,
    start integer DEFAULT 0,
    type text DEFAULT NULL,
    status text DEFAULT NULL,
    before_id text DEFAULT NULL,
    before timestamptz DEFAULT NULL
) RETURNS text
LANGUAGE sql
AS $$
    SELECT string_agg(coalesce(t.name(l.id), nullif(t.verdict(l), 'ok')), ' ')
    FROM flixim.list_messages(t.caller(viewer), page_size, start, type::flixim.message_type, status::flixim.message_status,
        t.m(before_id), before) AS l;
$$;

SELECT is(pg_temp.listed(2), 'withdrawn read g p2 p1 i a n', 'all one sent and received, newest first, but for what one deleted');
SELECT is(pg_temp.listed(1), 'deleted withdrawn read g p2 p1 i', 'each viewer has a list of their own');
SELECT is(pg_temp.listed(9), 'a n', 'what was sent as the system is on the list of who sent it');
SELECT is(pg_temp.listed(7), NULL, 'a user without messages has an empty one');

-- Tables of cases, for viewer 2.
SELECT is(pg_temp.listed(2, type => c.type, status => c.status), c.listed, c.about)
FROM (VALUES
    ('system_notification', NULL, 'n', 'of one type'),
    ('system_announcement', NULL, 'a', 'of another'),
    ('interaction', NULL, 'i', 'interactions'),
    ('private_message', NULL, 'withdrawn read g p2 p1', 'group messages are of type private_message'),
    (NULL, 'unread', 'g p1 i a n', 'unread'),
    (NULL, 'read', 'read', 'read'),
    (NULL, 'withdrawn', 'withdrawn', 'withdrawn'),
    (NULL, 'deleted', 'deleted', 'deleted: on no other list'),
    ('private_message', 'unread', 'g p1', 'of a type and a status'),
    ('interaction', 'read', NULL, 'which may be none')
) AS c (type, status, listed, about);
SELECT is(pg_temp.listed(1, status => 'read'), 'read', 'for the sender, read is what the receiver has read');

SELECT is(pg_temp.listed(2, c.page_size, c.start), c.listed, c.about)
FROM (VALUES
    (3, 0, 'withdrawn read g', 'the first page'),
    (3, 3, 'p2 p1 i', 'the second'),
    (3, 6, 'a n', 'the last is shorter'),
    (3, 9, NULL, 'behind it there is nothing'),
    (1, 7, 'n', 'a page of one'),
    (200, 0, 'withdrawn read g p2 p1 i a n', 'a page of 200 is allowed'),
    (201, 0, 'invalid limit:range', '201 are not'),
    (0, 0, 'invalid limit:range', 'nor is none'),
    (-1, 0, 'invalid limit:range', 'nor less'),
    (NULL, 0, 'invalid limit:range', 'a page has a size'),
    (50, -1, 'invalid offset:range', 'it cannot begin before the first'),
    (50, NULL, 'invalid offset:range', 'it begins somewhere'),
    (200, 2147483647, NULL, 'or at the end of all numbers')
) AS c (page_size, start, listed, about);

SELECT is(pg_temp.listed(2, before_id => c.before_id, type => c.type, page_size => c.page_size), c.listed, c.about)
FROM (VALUES
    ('g', NULL, 3, 'p2 p1 i', 'before a message: what is older'),
    ('n', NULL, 3, NULL, 'before the oldest: nothing'),
    ('deleted', NULL, 2, 'withdrawn read', 'before one that is not on the list'),
    ('g', 'interaction', 9, 'i', 'before a message, of one type')
) AS c (before_id, type, page_size, listed, about);
SELECT is(pg_temp.listed(2, page_size => 2, start => 1, before_id => 'g'), 'p1 i', 'key and offset together');

SELECT is(pg_temp.listed(2, before => m.server_timestamp), 'p2 p1 i a n', 'before an instant: stamps before it')
FROM flixim.get_message(t.caller(2), t.m('g')) AS m;
SELECT is(pg_temp.listed(2, before => m.server_timestamp + interval '1 microsecond', type => 'private_message'), 'g p2 p1',
    'to the microsecond')
FROM flixim.get_message(t.caller(2), t.m('g')) AS m;
SELECT is(pg_temp.listed(2, before => c.before), c.listed, 'before ' || c.before)
FROM (VALUES
    ('1970-01-01T00:00:00Z'::timestamptz, NULL), ('1969-12-31T23:59:59Z', NULL), ('0001-01-01T00:00:00Z', NULL), ('-infinity', NULL),
    ('9999-12-31T23:59:59Z', 'withdrawn read g p2 p1 i a n'), ('infinity', 'withdrawn read g p2 p1 i a n')
) AS c (before, listed);

\ir lib/end.sql
