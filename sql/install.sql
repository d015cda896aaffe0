-- SPDX-License-Identifier: Apache-2.0
-- The installer: psql -X -v ON_ERROR_STOP=1 -d DATABASE -f install.sql
-- Makes or upgrades the schema flixim in one transaction. Safe to run twice and in parallel; never runs backwards.
-- Needs a superuser, or a role that may create roles and a schema. How to write a migration: README.md beside this file.

\set ON_ERROR_STOP on
\set QUIET on
-- First of all: where others may create in public, their functions must not be found before PostgreSQL's own.
SET search_path = pg_catalog, pg_temp;
SET client_min_messages = warning;
SET client_encoding = 'UTF8';

-- Roles belong to the whole cluster: another database's installer may be making them at this moment.
DO $$
DECLARE
    wanted text;
BEGIN
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE EXCEPTION 'flixim needs PostgreSQL 15 or newer, this is %', current_setting('server_version');
    END IF;
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'flixim needs a database with encoding UTF8, this one has %', current_setting('server_encoding');
    END IF;
    FOREACH wanted IN ARRAY ARRAY['flixim_owner', 'flixim_app', 'flixim_admin'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    -- PostgreSQL 16 makes the creator of a role a member who may not act as it.
    IF current_setting('server_version_num')::integer >= 160000 THEN
        IF NOT pg_catalog.pg_has_role(current_user, 'flixim_owner', 'SET') THEN
            EXECUTE format('GRANT flixim_owner TO %I WITH SET TRUE', current_user);
        END IF;
    ELSIF NOT pg_catalog.pg_has_role(current_user, 'flixim_owner', 'MEMBER') THEN
        EXECUTE format('GRANT flixim_owner TO %I', current_user);
    END IF;
END
$$;

BEGIN;
SET LOCAL TIME ZONE 'UTC';
SET LOCAL check_function_bodies = on;
-- One installer at a time in this database.
SELECT pg_advisory_xact_lock(hashtext('flixim install')) \g /dev/null

SELECT NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'flixim') AS is_new_database \gset
\if :is_new_database
    CREATE SCHEMA flixim AUTHORIZATION flixim_owner;
    SET LOCAL ROLE flixim_owner;
    COMMENT ON SCHEMA flixim IS 'Flix IM: messages, what each user sees of them, and the events that tell. Functions are the only way in.';
    CREATE TABLE flixim.migrations (
        version integer PRIMARY KEY,
        name text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    COMMENT ON TABLE flixim.migrations IS 'What the installer has applied. Forward only.';
    COMMENT ON COLUMN flixim.migrations.version IS 'The number the migration''s file begins with.';
    COMMENT ON COLUMN flixim.migrations.name IS 'The rest of the file''s name.';
    COMMENT ON COLUMN flixim.migrations.applied_at IS 'When.';
    COMMENT ON INDEX flixim.migrations_pkey IS 'Each migration once.';
\else
    SET LOCAL ROLE flixim_owner;
\endif

\ir migrations.sql
\ir functions.sql
\ir planner.sql
\ir grants.sql

SELECT flixim.keep_partitions() \g /dev/null
COMMIT;
RESET client_min_messages;
RESET search_path;
\set QUIET off
\echo flixim: schema version :newest_version is installed
