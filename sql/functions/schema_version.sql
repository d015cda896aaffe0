-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.schema_version()
-- The number of the newest migration: what module and daemon compare with the one they were built for.

CREATE OR REPLACE FUNCTION flixim.schema_version() RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT max(version) FROM flixim.migrations;
$$;

COMMENT ON FUNCTION flixim.schema_version() IS 'The number of the newest migration.';
