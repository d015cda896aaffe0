-- SPDX-License-Identifier: Apache-2.0
-- The event stream as a daemon reads it: what has become visible since a snapshot, once, with the messages as they are now; and
-- whom a writer wakes. It is about commits, so this test has no transaction around it.

SET TIME ZONE 'UTC';
\ir lib/helpers.sql
\ir lib/inside.sql
SELECT no_plan();
SET ROLE flixim_app;

-- What a read has: user and kind of each event, in its order.
CREATE FUNCTION pg_temp.read(snapshot pg_snapshot, since timestamptz DEFAULT '-infinity', page_size integer DEFAULT 10000,
    OUT head text, OUT events text, OUT next pg_snapshot, OUT read_at timestamptz)
LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN bool_or(r.is_overrun) THEN 'overrun' ELSE 'ok' END,
        coalesce(string_agg(concat(t.n(r.target_user_id), ' ', r.event_type, ' from ' || t.n(r.origin)), ', '
            ORDER BY r.target_user_id, r.stamp) FILTER (WHERE r.event_id IS NOT NULL), ''),
        max(r.snapshot::text)::pg_snapshot, max(r.read_at)
    FROM flixim.read_stream(snapshot, since, page_size) AS r;
$$;

CALL t.say(1, 2, 'before');
SELECT r.* FROM pg_temp.read(NULL, NULL) AS r \gset
SELECT is(:'head'::text || :'events', 'ok', 'to begin with there are no events, only a snapshot');
SELECT cmp_ok(abs(extract(epoch FROM :'read_at'::timestamptz - clock_timestamp())), '<', 5::numeric, 'and the time');

SELECT :'next'::pg_snapshot AS before, t.send(1, 2, 'a', origin => 101) AS given \gset
SELECT t.read(2, 'a', 102) AS given \gset
SELECT r.* FROM pg_temp.read(:'next') AS r \gset
SELECT is(:'events'::text, '1 new_message from 101, 1 message_status_update, 2 new_message, 2 message_status_update from 102',
    'what was committed since, in stamp order per user, with the connection that caused it');
SELECT is(string_agg(concat_ws(' ', t.n(r.target_user_id), t.name(r.message_id), r.status), ', ' ORDER BY r.target_user_id, r.stamp),
    '1 a sent, 1 a read, 2 a unread, 2 a read', 'with what each of them sees of which message from then on')
FROM flixim.read_stream(:'before', '-infinity') AS r WHERE r.event_id IS NOT NULL;
SELECT r.* FROM pg_temp.read(:'next') AS r \gset
SELECT is(:'events'::text, '', 'nothing twice');

BEGIN;
CALL t.say(1, 2, 'never');
ROLLBACK;
SELECT r.* FROM pg_temp.read(:'next') AS r \gset
SELECT is(:'events'::text, '', 'nothing that was rolled back');

CALL t.say(1, 2, 'b');
CALL t.say(3, 4, 'c');
SELECT is(r.head || r.events, c.wanted, c.about)
FROM (VALUES
    ('-infinity'::timestamptz, 4, 'ok1 new_message, 2 new_message, 3 new_message, 4 new_message', 'a read that is just full'),
    (NULL, 4, 'ok1 new_message, 2 new_message, 3 new_message, 4 new_message', 'no lower bound: all of it'),
    ('-infinity', 3, 'overrun', 'one event more than asked for: none at all'),
    ('infinity', 4, 'ok', 'none below the lower bound')
) AS c (since, page_size, wanted, about),
LATERAL pg_temp.read(:'next', c.since, c.page_size) AS r;

-- Bodies, by key, as they are now.
CREATE TEMP TABLE key AS
SELECT row_number() OVER (ORDER BY r.target_user_id DESC, r.stamp) AS place, r.target_user_id, r.stamp
FROM flixim.read_stream(:'next', '-infinity') AS r WHERE r.event_id IS NOT NULL;
CREATE FUNCTION pg_temp.fetched() RETURNS text
LANGUAGE sql
AS $$
    SELECT string_agg(concat_ws(' ', t.n(f.target_user_id), f.event_type, t.name(f.id), f.status, f.content), ', ')
    FROM (SELECT array_agg(k.target_user_id ORDER BY k.place) AS user_ids, array_agg(k.stamp ORDER BY k.place) AS stamps
        FROM key AS k) AS k,
    LATERAL flixim.fetch_events(k.user_ids || t.u(404), k.stamps || now()) AS f;
$$;
SELECT is(pg_temp.fetched(),
    '4 new_message c unread {"text" : "c"}, 3 new_message c sent {"text" : "c"}, '
    '2 new_message b unread {"text" : "b"}, 1 new_message b sent {"text" : "b"}',
    'events come in the order asked for, each as its target sees it; unknown keys are left out');
CREATE FUNCTION pg_temp.shared() RETURNS text
LANGUAGE sql
AS $$
    SELECT string_agg(concat_ws(' ', t.name(f.id), t.n(f.sender_id), t.n(f.receiver_id), f.conversation_id = t.private(3, 4),
        f.status, f.updated_at, f.content), ', ' ORDER BY f.place)
    FROM flixim.fetch_messages(ARRAY[t.m('c'), t.u(404), t.m('b'), t.m('c')], ARRAY[true, true, true, false]) WITH ORDINALITY
        AS f (outcome, field, rule, ordinal, cursor_at, has_more, resync_required, id, client_message_id, conversation_id, sender_id,
            receiver_id, content, content_type, message_type, status, reference_id, server_timestamp, client_timestamp, inserted_at,
            updated_at, place);
$$;
SELECT is(pg_temp.shared(), 'c 3 4 t {"text" : "c"}, , b 1 2 f {"text" : "b"}, c 3 4 t',
    'messages come in the order asked for, without what is a viewer''s own, and without contents that are not asked for');
CALL t.must(t.withdraw(1, 'b'), 'withdrawn');
CALL t.must(t.delete(4, 'c'), 'ok');
SELECT is(pg_temp.shared(), 'c 3 4 t {"text" : "c"}, , b 1 2 f withdrawn {}, c 3 4 t', 'what was withdrawn says so, and is empty');
SELECT is_empty($$SELECT * FROM flixim.fetch_messages('{}', '{}')$$, 'no ids, no messages');
SELECT is(pg_temp.fetched(),
    '4 new_message c deleted {}, 3 new_message c sent {"text" : "c"}, 2 new_message b withdrawn {}, 1 new_message b withdrawn {}',
    'a new_message shows no more of its message than is left');
SELECT is_empty($$SELECT * FROM flixim.fetch_events('{}', '{}')$$, 'no keys, no events');

RESET ROLE;
SELECT r.next FROM pg_temp.read(NULL) AS r \gset
SELECT flixim.revoke_user_tokens(t.u(1)) AS given \gset
SET ROLE flixim_app;
SELECT is(r.events, '1 session_revoked', 'a revocation comes by the stream') FROM pg_temp.read(:'next') AS r;
SELECT is(concat_ws(' ', f.event_type, f.id), 'session_revoked', 'without a message')
FROM flixim.read_stream(:'next', '-infinity') AS r, LATERAL flixim.fetch_events(ARRAY[r.target_user_id], ARRAY[r.stamp]) AS f;

RESET ROLE;
SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
