-- SPDX-License-Identifier: Apache-2.0
-- Guard: everything in the schema says what it is. Partitions are made like their table and excepted, but for their own comment.

\ir lib/begin.sql

RESET ROLE;
SELECT isnt_empty($$SELECT * FROM pg_proc WHERE pronamespace = 'flixim'::regnamespace$$, 'there is something to look at');
SELECT isnt(obj_description('flixim'::regnamespace, 'pg_namespace'), NULL, 'the schema has a comment');
SELECT is_empty(
    $$SELECT p.oid::regprocedure FROM pg_proc AS p
    WHERE p.pronamespace = 'flixim'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL$$,
    'each function and procedure has one');
SELECT is_empty(
    $$SELECT c.oid::regclass FROM pg_class AS c
    WHERE c.relnamespace = 'flixim'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND obj_description(c.oid, 'pg_class') IS NULL$$,
    'each table, partition and view has one');
SELECT is_empty(
    $$SELECT c.oid::regclass, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'flixim'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL$$,
    'each column has one');
SELECT is_empty(
    $$SELECT c.oid::regclass FROM pg_class AS c
    WHERE c.relnamespace = 'flixim'::regnamespace AND c.relkind IN ('i', 'I') AND NOT c.relispartition
        AND c.oid NOT IN (
            SELECT i.indexrelid FROM pg_index AS i
            JOIN pg_class AS t ON t.oid = i.indrelid WHERE t.relispartition
        )
        AND obj_description(c.oid, 'pg_class') IS NULL$$,
    'each index has one, which justifies it');
SELECT is_empty(
    $$SELECT y.oid::regtype FROM pg_type AS y LEFT JOIN pg_class AS c ON c.oid = y.typrelid
    WHERE y.typnamespace = 'flixim'::regnamespace AND y.typelem = 0 AND coalesce(c.relkind, 'c') = 'c'
        AND obj_description(y.oid, 'pg_type') IS NULL$$,
    'each type has one');

\ir lib/end.sql
