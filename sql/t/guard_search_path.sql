-- SPDX-License-Identifier: Apache-2.0
-- Guard: a caller whose search_path begins with a trap, a schema that has tables, functions and operators by all the names that
-- ours use, is served as ever. Procedures commit, so this test has no transaction around it.

\ir lib/helpers.sql
SELECT no_plan();
CALL t.say(1, 2, 'hello');
CALL t.say(1, 2, 'second');
CALL t.say(1, 2, 'third');

CREATE SCHEMA trap;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
CREATE FUNCTION trap.spring() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''caught in the trap''; END';
DO $$
DECLARE
    x record;
BEGIN
    FOR x IN SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'flixim'::regnamespace AND c.relkind IN ('r', 'p', 'v') LOOP
        EXECUTE format('CREATE TABLE trap.%I ()', x.relname);
    END LOOP;
    FOR x IN
        WITH called AS (
            SELECT DISTINCT m[1] AS name
            FROM pg_proc AS p, regexp_matches(pg_get_functiondef(p.oid), '\m([a-z_0-9]+)\(', 'g') AS m
            WHERE p.pronamespace = 'flixim'::regnamespace
        )
        SELECT p.proname, oidvectortypes(p.proargtypes) AS arguments
        FROM pg_proc AS p JOIN called ON called.name = p.proname
        WHERE p.pronamespace IN ('pg_catalog'::regnamespace, 'flixim'::regnamespace)
            AND p.prokind = 'f' AND p.provariadic = 0 AND oidvectortypes(p.proargtypes) !~ 'internal|cstring|any|trigger|record'
    LOOP
        EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS integer LANGUAGE sql AS ''SELECT trap.spring()''', x.proname, x.arguments);
    END LOOP;
    FOR x IN
        SELECT o.operator, y.type, format('is_%s', row_number() OVER ()) AS function_name
        FROM unnest('{<>,=,<,<=,>,>=,+,-}'::text[]) AS o (operator)
        CROSS JOIN unnest('{integer,bigint,text,uuid,timestamptz,flixim.outcome,flixim.message_status}'::text[]) AS y (type)
    LOOP
        EXECUTE format('CREATE FUNCTION trap.%I(%s, %2$s) RETURNS integer LANGUAGE sql AS ''SELECT trap.spring()''',
            x.function_name, x.type);
        EXECUTE format('CREATE OPERATOR trap.%s (FUNCTION = trap.%I, LEFTARG = %s, RIGHTARG = %3$s)', x.operator, x.function_name, x.type);
    END LOOP;
END
$$;

-- What comes of a statement, which has literals only.
CREATE FUNCTION t.trapped(statement text) RETURNS text
LANGUAGE plpgsql
SET search_path = trap, pg_catalog, public
AS $$
BEGIN
    EXECUTE statement;
    RETURN 'served';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;
CREATE FUNCTION t.literal(request text, caller flixim.caller) RETURNS text
LANGUAGE sql
RETURN replace(replace(replace(replace(request, '@caller', format('%L::flixim.caller', caller)), '@message', format('%L', t.m('hello'))),
    '@conversation', format('%L', t.private(1, 2))), '@user', format('%L', t.u(3)));

SELECT is(t.trapped('SELECT ' || c.expression), 'caught in the trap', 'the trap works: ' || c.expression)
FROM (VALUES ('1 = 1'), ('clock_timestamp()'), ('uuid_v7(''2025-01-01''::timestamptz)'), ('''a''::text <> ''b''::text')) AS c (expression);
SELECT is(t.trapped('SELECT user_id FROM users'), 'column "user_id" does not exist', 'so do its tables');

SELECT is(t.trapped('SET LOCAL ROLE ' || c.role || '; SELECT ' || t.literal(c.request, t.caller(2))), 'served',
    c.role || ': ' || split_part(c.request, '(', 1))
FROM (VALUES
    ('flixim_app', 'flixim.send_messages(ARRAY[@user]::uuid[], ARRAY[''infinity'']::timestamptz[], ARRAY[true],
        ARRAY[NULL]::uuid[], ARRAY[NULL], ARRAY[@user]::uuid[],
        ARRAY[''system_notification'']::flixim.message_type[], ARRAY[''text'']::flixim.content_type[],
        ARRAY[''{"text":"x"}'']::json[], ARRAY[NULL]::uuid[], ARRAY[NULL]::timestamptz[], ARRAY[NULL]::uuid[])'),
    ('flixim_app', 'flixim.send_to_each(ROW(@user, ''infinity'', true, NULL)::flixim.caller, NULL, ARRAY[@user]::uuid[],
        ''system_notification'', ''text'', ''{"text":"x"}'', NULL, NULL)'),
    ('flixim_app', 'flixim.check_token(@caller)'),
    ('flixim_app', 'flixim.token_user(''x'')'),
    ('flixim_app', 'flixim.check_tokens(ARRAY[@user]::uuid[], ARRAY[''infinity'']::timestamptz[], ARRAY[true], ARRAY[NULL]::bytea[])'),
    ('flixim_app', 'flixim.authenticate_each(ARRAY[@user, @message]::uuid[], ARRAY[''infinity'', ''infinity'']::timestamptz[],
        ARRAY[true, true], ARRAY[NULL, NULL]::bytea[])'),
    ('flixim_app', 'flixim.get_message(@caller, @message)'),
    ('flixim_app', 'flixim.list_messages(@caller, p_status => ''unread'', p_before => ''infinity'')'),
    ('flixim_app', 'flixim.unread_counts(@caller)'),
    ('flixim_app', 'flixim.mark_read(@caller, @message)'),
    ('flixim_app', 'flixim.mark_read_batch(@caller, ARRAY[@message]::uuid[])'),
    ('flixim_app', 'flixim.list_conversations(@caller)'),
    ('flixim_app', 'flixim.get_conversation(@caller, @conversation)'),
    ('flixim_app', 'flixim.update_conversation(@caller, @conversation, true)'),
    ('flixim_app', 'flixim.create_conversation(@caller, ARRAY[@user]::uuid[], ''group'')'),
    ('flixim_app', 'flixim.list_history(@caller, @conversation, 20, ''infinity'')'),
    ('flixim_app', 'flixim.sync_messages(@caller, NULL)'),
    ('flixim_app', 'flixim.sync_events(@caller, NULL)'),
    ('flixim_app', 'flixim.authenticate(@caller)'),
    ('flixim_app', 'flixim.listener_idle(@user, ''1 second'')'),
    ('flixim_app', 'flixim.listener_horizon()'),
    ('flixim_app', 'flixim.listener_busy(@user)'),
    ('flixim_app', 'flixim.read_stream(''1:1:'', ''-infinity'')'),
    ('flixim_app', 'flixim.fetch_messages(ARRAY[@message]::uuid[], ARRAY[true])'),
    ('flixim_app', 'flixim.fetch_events(ARRAY[@user]::uuid[], ARRAY[''infinity'']::timestamptz[])'),
    ('flixim_app', 'flixim.beat(@user, ''15 seconds'', ''1 minute'', NULL)'),
    ('flixim_app', 'flixim.update_presence(@user, ARRAY[@user]::uuid[], ARRAY[''-infinity'']::timestamptz[], ARRAY[now()])'),
    ('flixim_app', 'flixim.push_missed(ARRAY[@user]::uuid[], ARRAY[''-infinity'']::timestamptz[])'),
    ('flixim_app', 'flixim.collect_pushes()'),
    ('flixim_app', 'flixim.claim_pushes(@user, ''webhook'', 10, ''{}'', ''1 minute'')'),
    ('flixim_app', 'flixim.settle_pushes(@user, ARRAY[@message]::uuid[], ARRAY[''gone'']::flixim.push_result[], ARRAY[''x''], ARRAY[''1 s'']::interval[])'),
    ('flixim_app', 'flixim.push_figures()'),
    ('flixim_app', 'flixim.end_daemon(@user)'),
    ('flixim_app', 'flixim.delete_message(@caller, @message)'),
    ('flixim_app', 'flixim.schema_version()'),
    ('flixim_app', 'flixim.keep_partitions()'),
    ('flixim_app', 'flixim.drop_expired_events()'),
    ('flixim_admin', 'flixim.issue_token(@user)'),
    ('flixim_admin', 'flixim.revoke_token(''x'')'),
    ('flixim_admin', 'flixim.revoke_user_tokens(@user)'),
    ('flixim_admin', 'flixim.configure(''1 minute'')'),
    ('flixim_admin', 'flixim.push_figures()'),
    ('flixim_admin', 'flixim.list_dead_pushes()'),
    ('flixim_admin', 'flixim.retry_dead_pushes()'),
    ('flixim_admin', 'flixim.drop_dead_pushes(ARRAY[@message]::uuid[])'),
    ('flixim_admin', 'flixim.online_users(ARRAY[@user]::uuid[])'),
    ('flixim_admin', 'flixim.check_invariants()')
) AS c (role, request);
SELECT is(t.trapped('SET LOCAL ROLE flixim_app; SELECT ' || t.literal('flixim.withdraw_message(@caller, @message)', t.caller(1))),
    'served', 'flixim_app: flixim.withdraw_message');

-- The procedures run with the caller's path: each of their names is qualified.
SELECT t.caller(2) AS caller, t.private(1, 2) AS conversation, t.m('second') AS second \gset
SET ROLE flixim_app;
SET search_path = trap, pg_catalog, public;
CALL flixim.mark_read_up_to(:'caller', :'conversation', :'second', NULL, NULL, NULL) \gset
CALL flixim.read_all(:'caller', NULL, NULL, NULL) \gset
RESET search_path;
RESET ROLE;
SELECT is(:updated_count, 1, 'flixim_app: flixim.mark_read_up_to');
SELECT is(:marked_count, 1, 'flixim_app: flixim.read_all');

SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
