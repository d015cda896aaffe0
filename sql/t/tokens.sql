-- SPDX-License-Identifier: Apache-2.0
-- Tokens: issued by the administrator, judged in every call, revocable one by one or all of a user at once.

\ir lib/begin.sql

-- Who calls: with an opaque token; with a JWT issued then; and what authenticate says.
CREATE FUNCTION pg_temp.bearer(token text) RETURNS flixim.caller
LANGUAGE sql
RETURN ROW(NULL, NULL, NULL, sha256(convert_to(token, 'UTF8')))::flixim.caller;
CREATE FUNCTION pg_temp.jwt(number integer, issued_at timestamptz) RETURNS flixim.caller
LANGUAGE sql
RETURN ROW(t.u(number), issued_at, false, NULL)::flixim.caller;
CREATE FUNCTION pg_temp.judged(caller flixim.caller) RETURNS text
LANGUAGE sql
AS $$
    SELECT concat_ws(' ', a.o_outcome, t.n(a.user_id), CASE WHEN a.is_system THEN 'system' END) FROM flixim.authenticate(caller) AS a;
$$;
-- And the two that only look.
CREATE FUNCTION pg_temp.looked_at(caller flixim.caller) RETURNS text
LANGUAGE sql
AS $$
    SELECT concat_ws(' ', flixim.check_token(caller), t.n(flixim.token_user((caller).token_digest)));
$$;

-- Opaque tokens.
SET LOCAL ROLE flixim_admin;
SELECT flixim.issue_token(t.u(1)) AS one, flixim.issue_token(t.u(1), true) AS system, flixim.issue_token(t.u(2),
    p_lifetime => '1 microsecond') AS short,
    flixim.issue_token(t.u(3)) AS three \gset
SELECT matches(:'one'::text, '^flx_[0-9a-f]{64}$', 'a token has a prefix and 64 digits');
SELECT isnt(:'one'::text, :'system', 'no two are alike');
SELECT throws_ok(c.request, '22023', NULL, 'refused: ' || c.about)
FROM (VALUES
    ('SELECT flixim.issue_token(NULL)', 'a token for nobody'),
    ('SELECT flixim.issue_token(t.u(1), NULL)', 'of no scope'),
    ('SELECT flixim.issue_token(t.u(1), false, ''0'')', 'without a lifetime'),
    ('SELECT flixim.issue_token(t.u(1), false, ''-1 second'')', 'of a negative one'),
    ('SELECT flixim.issue_token(t.u(1), false, NULL)', 'of an unknown one')
) AS c (request, about);
RESET ROLE;
SELECT is_empty(format('SELECT * FROM t.rows_with(%L)', x), 'its text is kept nowhere') FROM (VALUES (:'one'), (substr(:'one',
    5))) AS c (x);

SET LOCAL ROLE flixim_app;
SELECT is(pg_temp.judged(c.caller), c.judged, c.about)
FROM (VALUES
    (pg_temp.bearer(:'one'), 'ok 1', 'a token names its user'),
    (pg_temp.bearer(:'system'), 'ok 1 system', 'and its scope'),
    (pg_temp.bearer(:'short'), 'invalid_token', 'one whose time is over counts no more'),
    (pg_temp.bearer(:'one' || 'x'), 'invalid_token', 'an unknown one does not count'),
    (pg_temp.bearer(''), 'invalid_token', 'an empty one does not'),
    (pg_temp.bearer(upper(:'one')), 'invalid_token', 'nor one in upper case'),
    (ROW(t.u(9), now(), true, sha256('x'))::flixim.caller, 'invalid_token', 'whoever it claims to be'),
    (ROW(NULL, NULL, NULL, NULL)::flixim.caller, 'invalid_token', 'nothing is no token'),
    (NULL, 'invalid_token', 'nor is NULL')
) AS c (caller, judged, about);
SELECT is(pg_temp.looked_at(c.caller), c.seen, c.about)
FROM (VALUES
    (pg_temp.bearer(:'one'), 'ok 1', 'check_token and token_user: a token names its user'),
    (pg_temp.bearer(:'system'), 'ok 1', 'whatever its scope'),
    (pg_temp.bearer(:'short'), 'invalid_token', 'one whose time is over does not'),
    (pg_temp.bearer(:'one' || 'x'), 'invalid_token', 'nor an unknown one'),
    (ROW(t.u(9), now(), true, sha256('x'))::flixim.caller, 'invalid_token', 'whoever it claims to be'),
    (pg_temp.jwt(70, now()), 'ok', 'a JWT counts, and is no opaque token'),
    (ROW(NULL, NULL, NULL, NULL)::flixim.caller, 'invalid_token', 'nothing is no token'),
    (NULL, 'invalid_token', 'nor is NULL')
) AS c (caller, seen, about);
SELECT is(t.clock(70), NULL, 'looking makes no user');
SELECT is(concat_ws(' ', a.expires_at - a.issued_at, a.live_from), '1 day 1970-01-01 00:00:00+00',
    'a token says when it ends; a user without events is live from the epoch')
FROM flixim.authenticate(pg_temp.bearer(:'one')) AS a;
CALL t.say(1, 2, 'hello');
SELECT is(a.live_from, t.clock(1), 'one with events is live from their clock') FROM flixim.authenticate(pg_temp.bearer(:'one')) AS a;

-- Many callers at once: what authenticate, and what check_token and token_user say of each, in the order given.
CREATE FUNCTION pg_temp.one_by_one(callers flixim.caller[]) RETURNS text
LANGUAGE sql
AS $$
    SELECT string_agg(concat_ws(' ', a.o_outcome, t.n(a.user_id), a.expires_at, a.live_from), ', ' ORDER BY c.place)
    FROM unnest(callers) WITH ORDINALITY AS c (user_id, issued_at, is_system, token_digest, place)
    CROSS JOIN LATERAL flixim.authenticate(ROW(c.user_id, c.issued_at, c.is_system, c.token_digest)::flixim.caller) AS a;
$$;
CREATE FUNCTION pg_temp.together(callers flixim.caller[]) RETURNS text
LANGUAGE sql
AS $$
    SELECT string_agg(concat_ws(' ', a.outcome, t.n(a.user_id), a.expires_at, a.live_from), ', ' ORDER BY a.place)
    FROM (SELECT array_agg(c.user_id) AS u, array_agg(c.issued_at) AS i, array_agg(c.is_system) AS s, array_agg(c.token_digest) AS d
        FROM unnest(callers) AS c) AS c
    CROSS JOIN LATERAL flixim.authenticate_each(c.u, c.i, c.s, c.d) WITH ORDINALITY AS a (outcome, user_id, expires_at, live_from, place);
$$;
CREATE FUNCTION pg_temp.looked_at_together(callers flixim.caller[]) RETURNS text
LANGUAGE sql
AS $$
    SELECT string_agg(concat_ws(' ', a.outcome, t.n(a.user_id)), ', ' ORDER BY a.place)
    FROM (SELECT array_agg(c.user_id) AS u, array_agg(c.issued_at) AS i, array_agg(c.is_system) AS s, array_agg(c.token_digest) AS d
        FROM unnest(callers) AS c) AS c
    CROSS JOIN LATERAL flixim.check_tokens(c.u, c.i, c.s, c.d) WITH ORDINALITY AS a (outcome, user_id, place);
$$;
SELECT ARRAY[
    pg_temp.bearer(:'one'), pg_temp.jwt(1, now()), pg_temp.bearer(:'short'), pg_temp.jwt(2, NULL), pg_temp.bearer(:'one' || 'x'),
    ROW(t.u(9), now(), true, sha256('x'))::flixim.caller, ROW(NULL, NULL, NULL, NULL)::flixim.caller, pg_temp.bearer(:'one'),
    pg_temp.bearer(:'three'), pg_temp.jwt(1, '-infinity')
]::text AS callers \gset
SELECT is(pg_temp.together(:'callers'), pg_temp.one_by_one(:'callers'), 'many are each judged as they would be alone');
SELECT is(pg_temp.looked_at_together(:'callers'), (SELECT string_agg(pg_temp.looked_at(c), ', ')
    FROM unnest(:'callers'::flixim.caller[]) AS c), 'or only looked at');
SELECT matches(pg_temp.together(:'callers'), '^ok 1 2.*, ok 1 2.*, invalid_token, ok 2 2.*, invalid_token, invalid_token, invalid_token, ok 1 ',
    'those that count and those that do not');
SELECT is(pg_temp.together('{}'), NULL, 'nobody has no answer');
SELECT is(pg_temp.looked_at_together(ARRAY[pg_temp.jwt(71, now()), pg_temp.jwt(72, now())]), 'ok, ok', 'looking at new users');
SELECT is(t.clock(71), NULL, 'makes none');
SELECT matches(pg_temp.together(ARRAY[pg_temp.jwt(72, now()), pg_temp.jwt(71, now()), pg_temp.jwt(72, now())]),
    '^ok 72 1970.*, ok 71 1970.*, ok 72 1970', 'who joins for the first time is live from the epoch');
SELECT isnt(t.clock(71), NULL, 'and has a row from then on');
SELECT is(pg_temp.together(ARRAY[pg_temp.jwt(71, now()), pg_temp.bearer('x')]), 'ok 71 1970-01-01 00:00:00+00, invalid_token',
    'one that does not count costs the others nothing');

-- JWTs, whose signature the caller has verified.
SELECT is(pg_temp.judged(pg_temp.jwt(50, now())), 'ok 50', 'a JWT of an unknown user counts');
SELECT isnt(t.clock(50), NULL, 'whose row appears with it');
SELECT is(pg_temp.judged(pg_temp.jwt(51, NULL)), 'ok 51', 'without a time of issue as well');
SELECT is(pg_temp.judged(ROW(t.u(52), now(), true, NULL)::flixim.caller), 'ok 52 system', 'its scope is its own');

-- One token revoked.
SET LOCAL ROLE flixim_admin;
SELECT is(flixim.revoke_token(sha256(convert_to(:'one', 'UTF8'))), true, 'a token is revoked');
SELECT is(flixim.revoke_token(sha256(convert_to(:'one', 'UTF8'))), false, 'once');
SELECT is(flixim.revoke_token(sha256('x')), false, 'an unknown one cannot be');
SET LOCAL ROLE flixim_app;
SELECT is(pg_temp.judged(pg_temp.bearer(:'one')), 'invalid_token', 'it counts no more');
SELECT is(pg_temp.looked_at(pg_temp.bearer(:'one')), 'invalid_token', 'nor names anybody');
SELECT is(pg_temp.judged(pg_temp.bearer(:'system')), 'ok 1 system', 'the user''s others do');
SELECT results_eq($$SELECT e.who, e.what FROM t.told() AS e WHERE e.what LIKE 'session%'$$, $$VALUES (1, 'session_revoked')$$,
    'the daemons are told to judge the user''s connections');
SELECT is(count(*), 0::bigint, 'which is nothing for clients') FROM flixim.sync_events(t.caller(1),
    NULL) AS e WHERE e.event_type = 'session_revoked';

-- All of a user's at once.
SET LOCAL ROLE flixim_admin;
SELECT flixim.revoke_user_tokens(t.u(1)) AS valid_from \gset
SELECT is(:'valid_from'::timestamptz, date_trunc('second', clock_timestamp()) + interval '1 second',
    'tokens are valid from the next second on');
SELECT flixim.issue_token(t.u(1)) AS after \gset
SET LOCAL ROLE flixim_app;
SELECT is(pg_temp.judged(c.caller), c.judged, c.about)
FROM (VALUES
    (pg_temp.bearer(:'system'), 'invalid_token', 'an opaque token of before'),
    (pg_temp.jwt(1, :'valid_from'::timestamptz - interval '1 hour'), 'invalid_token', 'a JWT of before'),
    (pg_temp.jwt(1, :'valid_from'::timestamptz - interval '1 second'), 'invalid_token', 'a JWT of the second of the revocation'),
    (pg_temp.jwt(1, :'valid_from'::timestamptz), 'ok 1', 'a JWT of the next second'),
    (pg_temp.jwt(1, NULL), 'invalid_token', 'a JWT that does not say'),
    (pg_temp.bearer(:'after'), 'ok 1', 'an opaque token issued right after'),
    (pg_temp.bearer(:'three'), 'ok 3', 'another user''s')
) AS c (caller, judged, about);
SELECT is(pg_temp.looked_at(c.caller), c.seen, c.about)
FROM (VALUES
    (pg_temp.bearer(:'system'), 'invalid_token', 'check_token and token_user: an opaque token of before'),
    (pg_temp.jwt(1, :'valid_from'::timestamptz - interval '1 second'), 'invalid_token', 'a JWT of before'),
    (pg_temp.bearer(:'after'), 'ok 1', 'an opaque token issued right after')
) AS c (caller, seen, about);
SET LOCAL ROLE flixim_admin;
SELECT cmp_ok(flixim.revoke_user_tokens(t.u(1)), '>=', :'valid_from'::timestamptz, 'again, within the same second');
SET LOCAL ROLE flixim_app;
SELECT is(pg_temp.judged(pg_temp.bearer(:'after')), 'invalid_token', 'ends what was issued in between');
SELECT ARRAY[
    pg_temp.bearer(:'system'), pg_temp.jwt(1, :'valid_from'::timestamptz - interval '1 second'), pg_temp.jwt(1, NULL),
    pg_temp.bearer(:'after'), pg_temp.bearer(:'three'), pg_temp.jwt(1, 'infinity')
]::text AS callers \gset
SELECT matches(pg_temp.together(:'callers'), '^invalid_token, invalid_token, invalid_token, invalid_token, ok 3 .*, ok 1 ',
    'also among many');
SELECT is(pg_temp.together(:'callers'), pg_temp.one_by_one(:'callers'), 'as alone');
SELECT is(pg_temp.looked_at_together(:'callers'), 'invalid_token, invalid_token, invalid_token, invalid_token, ok 3, ok',
    'or only looked at');
SET LOCAL ROLE flixim_admin;
SELECT isnt(flixim.revoke_user_tokens(t.u(60)), NULL, 'an unknown user''s can be revoked');
SET LOCAL ROLE flixim_app;
SELECT is(pg_temp.judged(pg_temp.jwt(60, now() - interval '1 hour')), 'invalid_token', 'and do not count then');

-- Judged in every call: a table of all requests, with a token that does not count.
CREATE FUNCTION pg_temp.outcome(request text, caller flixim.caller) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE 'SELECT string_agg(jsonb_strip_nulls(to_jsonb(a))::text, '' '') FROM ' || request || ' AS a' INTO answer USING caller;
    RETURN regexp_replace(answer, '^\{"(o_)?outcome": (.*)\}$', '\2');
END
$$;
SELECT is(pg_temp.outcome(c.request, b.caller), '"invalid_token"', b.about || ' gets no answer from ' || c.request)
FROM (VALUES
    ('flixim.get_message($1, t.m(''hello''))'), ('flixim.list_messages($1)'), ('flixim.unread_counts($1)'),
    ('flixim.mark_read($1, t.m(''hello''))'), ('flixim.mark_read_batch($1, ARRAY[t.m(''hello'')])'),
    ('flixim.withdraw_message($1, t.m(''hello''))'), ('flixim.delete_message($1, t.m(''hello''))'),
    ('flixim.list_conversations($1)'), ('flixim.get_conversation($1, t.private(1, 2))'),
    ('flixim.update_conversation($1, t.private(1, 2), true)'), ('flixim.create_conversation($1, ARRAY[t.u(2)], ''private'')'),
    ('flixim.list_history($1, t.private(1, 2))'), ('flixim.sync_messages($1, NULL)'), ('flixim.sync_events($1, NULL)'),
    ('flixim.read_bound($1)'), ('flixim.begin_read_up_to($1, t.private(1, 2), NULL)'), ('flixim.authenticate($1)'),
    ('flixim.send_to_each($1, NULL, ARRAY[t.u(2)], ''interaction'', ''text'', ''{}'', NULL, NULL)')
) AS c (request)
CROSS JOIN (VALUES (pg_temp.bearer(:'one'), 'a revoked token'), (pg_temp.jwt(1, now() - interval '1 day'),
    'an old JWT')) AS b (caller, about);
SELECT is(string_agg(t.verdict(s), ' '), 'invalid_token created invalid_token', 'send_messages judges each message''s token')
FROM flixim.send_messages(
    ARRAY[t.u(1), t.u(2), t.u(60)], ARRAY[now() - interval '1 day', now(), NULL], ARRAY[false, false, false], ARRAY[NULL, NULL,
        NULL]::uuid[],
    ARRAY[NULL, NULL, NULL]::text[], ARRAY[t.u(2), t.u(1), t.u(60)], array_fill('private_message'::flixim.message_type, ARRAY[3]),
    array_fill('text'::flixim.content_type, ARRAY[3]), array_fill('{"text":"x"}'::json, ARRAY[3]), ARRAY[NULL, NULL, NULL]::uuid[],
    ARRAY[NULL, NULL, NULL]::timestamptz[], ARRAY[NULL, NULL, NULL]::uuid[]) AS s;
SELECT is(t.seen('hello'), '1 sent, 2 unread', 'and none of all this has done anything');

-- A send by an opaque token: who sends, since when and with which scope is the token's to say.
RESET ROLE;
SELECT flixim.issue_token(t.u(60)) AS plain, flixim.issue_token(t.u(61), true) AS system \gset
SET LOCAL ROLE flixim_app;
CREATE FUNCTION pg_temp.sent_by(token text, type text) RETURNS text
LANGUAGE sql
AS $$
    SELECT concat_ws(' ', s.outcome, t.n(s.sender_id))
    FROM flixim.send_messages(ARRAY[t.u(99)], ARRAY['-infinity'::timestamptz], ARRAY[true], ARRAY[NULL::uuid], ARRAY[NULL::text],
        ARRAY[t.u(2)], ARRAY[type]::flixim.message_type[], ARRAY['text']::flixim.content_type[], ARRAY['{"text":"x"}']::json[],
        ARRAY[NULL::uuid], ARRAY[NULL::timestamptz], ARRAY[NULL::uuid], true, ARRAY[sha256(convert_to(token, 'UTF8'))]) AS s;
$$;
SELECT is(pg_temp.sent_by(:'plain', 'private_message'), 'created 60', 'a token sends as its user, whatever else is said');
SELECT is(pg_temp.sent_by(:'plain', 'system_notification'), 'insufficient_scope 60', 'with its scope');
SELECT is(pg_temp.sent_by(:'system', 'system_notification'), 'created 61', 'which may be the system''s');
SELECT is(pg_temp.sent_by('flx_unknown', 'private_message'), 'invalid_token', 'an unknown one does not');
RESET ROLE;
SELECT flixim.revoke_token(sha256(convert_to(:'plain', 'UTF8'))) AS given \gset
SET LOCAL ROLE flixim_app;
SELECT is(pg_temp.sent_by(:'plain', 'private_message'), 'invalid_token', 'nor one that was revoked');
RESET ROLE;

-- A login, which is judged with every request: no revocation concerns it, and a token issued to it is valid right after one.
SELECT flixim.revoke_user_tokens(t.u(62)) AS valid_from \gset
SELECT unnest(ARRAY[
    is(a.o_outcome, 'ok', 'a login counts after a revocation'),
    is(a.issued_at, :'valid_from'::timestamptz, 'a token issued to it then is from the end of the revoked second'),
    is(pg_temp.judged(pg_temp.jwt(62, a.issued_at)), 'ok 62', 'and counts')
])
FROM flixim.authenticate(pg_temp.jwt(62, 'infinity')) AS a;
SELECT ok(a.issued_at BETWEEN now() AND clock_timestamp() AND date_trunc('milliseconds', a.issued_at) = a.issued_at,
    'else it is from now, in milliseconds')
FROM flixim.authenticate(pg_temp.jwt(63, 'infinity')) AS a;

\ir lib/end.sql
