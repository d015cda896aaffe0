-- SPDX-License-Identifier: Apache-2.0
-- What a test begins with: a transaction of its own, the helpers, and the role that module and daemon have.

BEGIN;
SET LOCAL TIME ZONE 'UTC';
\ir helpers.sql
\ir inside.sql
SELECT no_plan();
SET LOCAL ROLE flixim_app;
