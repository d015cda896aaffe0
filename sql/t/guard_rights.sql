-- SPDX-License-Identifier: Apache-2.0
-- Guard: who may what. Functions are the only way in; the two tables below say which, and all else is nobody's.

\ir lib/begin.sql

RESET ROLE;
CREATE FUNCTION pg_temp.callable_by(role_name text) RETURNS text[]
LANGUAGE sql
AS $$
    SELECT array_agg(p.proname::text ORDER BY p.proname) FROM pg_proc AS p
    WHERE p.pronamespace = 'flixim'::regnamespace AND has_function_privilege(role_name, p.oid, 'EXECUTE');
$$;
CREATE FUNCTION pg_temp.sorted(names text[]) RETURNS text[]
LANGUAGE sql
RETURN ARRAY(SELECT n COLLATE "C" FROM unnest(names) AS n ORDER BY 1);

SELECT is(pg_temp.sorted(pg_temp.callable_by('flixim_app')), pg_temp.sorted(ARRAY[
    'check_token', 'check_tokens', 'token_user', 'send_messages', 'send_to_each', 'get_message', 'list_messages', 'unread_counts',
    'mark_read', 'mark_read_batch', 'read_all', 'mark_read_up_to', 'withdraw_message', 'delete_message',
    'list_conversations', 'get_conversation', 'update_conversation', 'create_conversation', 'list_history',
    'sync_messages', 'sync_events', 'sync_and_note',
    'add_device', 'list_devices', 'delete_device', 'get_notification_settings', 'update_notification_settings',
    'read_bound', 'read_chunk', 'begin_read_up_to',
    'authenticate', 'authenticate_each', 'listener_idle', 'listener_busy', 'listener_horizon', 'read_stream', 'fetch_messages', 'fetch_events',
    'beat', 'end_daemon', 'update_presence', 'push_missed', 'collect_pushes', 'claim_pushes', 'settle_pushes', 'push_figures',
    'schema_version', 'keep_partitions', 'drop_expired_events'
]), 'module and daemon may call these');
SELECT is(pg_temp.sorted(pg_temp.callable_by('flixim_admin')), pg_temp.sorted(ARRAY[
    'issue_token', 'revoke_token', 'revoke_user_tokens', 'configure', 'check_invariants',
    'push_figures', 'list_dead_pushes', 'retry_dead_pushes', 'drop_dead_pushes', 'online_users',
    'schema_version', 'keep_partitions', 'drop_expired_events'
]), 'administrators may call these');
SELECT is(pg_temp.callable_by('public'), NULL, 'everybody may call none');
SELECT is_empty(
    $$SELECT p.proname FROM pg_proc AS p, aclexplode(p.proacl) AS a
    WHERE p.pronamespace = 'flixim'::regnamespace AND a.grantee::regrole::text NOT IN ('flixim_owner', 'flixim_app', 'flixim_admin')$$,
    'nobody else is granted anything');

-- Tables: nobody's.
SELECT is_empty(
    $$SELECT c.oid::regclass, r FROM pg_class AS c, unnest(ARRAY['public', 'flixim_app', 'flixim_admin']) AS r
    WHERE c.relnamespace = 'flixim'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND (has_table_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
            OR has_any_column_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))$$,
    'no role has any privilege on any table or view');
SELECT is_empty(
    $$SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = 'flixim'::regnamespace AND c.relkind = 'S'$$,
    'there are no sequences');
SELECT is(has_schema_privilege(r, 'flixim', 'CREATE'), false, r || ' can create nothing in the schema')
FROM unnest(ARRAY['public', 'flixim_app', 'flixim_admin']) AS r;
SELECT is(has_schema_privilege('public', 'flixim', 'USAGE'), false, 'and everybody cannot even look');

-- Owners.
SELECT is_empty(
    $$SELECT c.relname::text, c.relowner::regrole FROM pg_class AS c WHERE c.relnamespace = 'flixim'::regnamespace
        AND c.relowner <> 'flixim_owner'::regrole
    UNION ALL SELECT p.proname::text, p.proowner::regrole FROM pg_proc AS p WHERE p.pronamespace = 'flixim'::regnamespace
        AND p.proowner <> 'flixim_owner'::regrole
    UNION ALL SELECT y.typname::text, y.typowner::regrole FROM pg_type AS y WHERE y.typnamespace = 'flixim'::regnamespace
        AND y.typowner <> 'flixim_owner'::regrole
    UNION ALL SELECT n.nspname::text, n.nspowner::regrole FROM pg_namespace AS n WHERE n.nspname = 'flixim'
        AND n.nspowner <> 'flixim_owner'::regrole$$,
    'everything belongs to flixim_owner');
SELECT is_empty(
    $$SELECT r.rolname FROM pg_roles AS r WHERE r.rolname IN ('flixim_owner', 'flixim_app', 'flixim_admin')
        AND (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)$$,
    'the roles cannot log in and have no power besides');
SELECT is_empty(
    $$SELECT a.roleid::regrole, a.member::regrole FROM pg_auth_members AS a
    WHERE a.member::regrole::text IN ('flixim_owner', 'flixim_app', 'flixim_admin')$$,
    'and none is a member of another');

-- And so it is when they try.
SELECT throws_ok('SET LOCAL ROLE ' || r || '; ' || c.statement, '42501', NULL, r || ' cannot: ' || c.statement)
FROM unnest(ARRAY['flixim_app', 'flixim_admin']) AS r
CROSS JOIN (VALUES
    ('SELECT FROM flixim.messages'), ('SELECT FROM flixim.user_messages'), ('SELECT user_id FROM flixim.users'),
    ('SELECT FROM flixim.tokens'),
    ('UPDATE flixim.settings SET withdraw_window = ''1 year'''), ('DELETE FROM flixim.events'), ('TRUNCATE flixim.messages'),
    ('LOCK TABLE flixim.messages IN ACCESS SHARE MODE'), ('CREATE TABLE flixim.x ()'), ('DROP TABLE flixim.messages'),
    ('CREATE FUNCTION flixim.x() RETURNS integer LANGUAGE sql RETURN 1'),
    ('CREATE OR REPLACE FUNCTION flixim.recency_lag() RETURNS interval LANGUAGE sql RETURN NULL'),
    ('SELECT flixim.apply_read(NULL, NULL, NULL)'), ('SELECT * FROM flixim.message_rows(NULL, NULL)'), ('SELECT flixim.identify(NULL)')
) AS c (statement);
SELECT throws_ok('SET LOCAL ROLE flixim_app; SELECT ' || c.request, '42501', NULL, 'flixim_app cannot call flixim.' || c.request)
FROM (VALUES
    ('flixim.issue_token(t.u(1))'), ('flixim.revoke_user_tokens(t.u(1))'), ('flixim.configure()'), ('flixim.check_invariants()')
) AS c (request);
SELECT throws_ok('SET LOCAL ROLE flixim_admin; SELECT ' || c.request, '42501', NULL, 'flixim_admin cannot call flixim.' || c.request)
FROM (VALUES
    ('flixim.get_message(t.caller(1), t.u(1))'), ('flixim.read_stream(NULL, NULL)'), ('flixim.listener_busy(t.u(1))')
) AS c (request);

\ir lib/end.sql
