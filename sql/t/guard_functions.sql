-- SPDX-License-Identifier: Apache-2.0
-- Guard: no function can be made to run other people's code: search_path is pinned, or every name is bound or qualified.

\ir lib/begin.sql

RESET ROLE;
CREATE VIEW pg_temp.routine AS
SELECT p.oid::regprocedure AS routine, p.proname, l.lanname AS language, p.prokind, p.prosecdef, p.proconfig,
    p.prosqlbody IS NOT NULL AS has_bound_body,
    'search_path=pg_catalog, pg_temp' = ANY (p.proconfig) AS is_pinned, p.provolatile
FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
WHERE p.pronamespace = 'flixim'::regnamespace;

SELECT isnt_empty('SELECT * FROM pg_temp.routine WHERE prosecdef', 'there is something to look at');
SELECT is_empty('SELECT routine FROM pg_temp.routine WHERE prosecdef AND is_pinned IS NOT TRUE',
    'no SECURITY DEFINER without a pinned path');
SELECT is_empty(
    $$SELECT routine FROM pg_temp.routine WHERE is_pinned IS NOT TRUE AND NOT has_bound_body AND prokind <> 'p'$$,
    'no other function either, but where names are bound when it is made');
SELECT is_empty(
    $$SELECT routine FROM pg_temp.routine WHERE prokind = 'p' AND (prosecdef OR proconfig IS NOT NULL)$$,
    'a procedure commits, which neither SECURITY DEFINER nor SET allows');
SELECT is_empty($$SELECT routine FROM pg_temp.routine WHERE language NOT IN ('plpgsql', 'sql')$$, 'SQL and PL/pgSQL only');
SELECT is_empty($$SELECT proname FROM pg_temp.routine GROUP BY proname HAVING count(*) > 1$$, 'no two share a name');
SELECT is_empty(
    $$SELECT r.routine FROM pg_temp.routine AS r
    WHERE has_function_privilege('flixim_app', r.routine, 'EXECUTE') AND NOT r.prosecdef AND r.prokind <> 'p'$$,
    'what flixim_app calls runs with the owner''s rights');

\ir lib/end.sql
