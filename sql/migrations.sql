-- SPDX-License-Identifier: Apache-2.0
-- The migrations in order, each applied once. Read by install.sql inside its transaction.

\set newest_version 12

-- A schema newer than these files belongs to a newer release: an old installer would put old functions over it.
SELECT coalesce(max(version), 0) > :newest_version AS is_newer, coalesce(max(version), 0) AS applied_version
FROM flixim.migrations \gset
\if :is_newer
    \warn flixim: the schema is at version :applied_version, this installer only knows :newest_version; use the newer release
    -- psql has no way of its own to leave with a failure.
    DO $$ BEGIN RAISE EXCEPTION 'flixim: the schema is newer than this installer'; END $$;
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 1) AS is_pending \gset
\if :is_pending
    \ir migrations/0001_settings.sql
    INSERT INTO flixim.migrations (version, name) VALUES (1, 'settings');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 2) AS is_pending \gset
\if :is_pending
    \ir migrations/0002_users.sql
    INSERT INTO flixim.migrations (version, name) VALUES (2, 'users');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 3) AS is_pending \gset
\if :is_pending
    \ir migrations/0003_conversations.sql
    INSERT INTO flixim.migrations (version, name) VALUES (3, 'conversations');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 4) AS is_pending \gset
\if :is_pending
    \ir migrations/0004_messages.sql
    INSERT INTO flixim.migrations (version, name) VALUES (4, 'messages');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 5) AS is_pending \gset
\if :is_pending
    \ir migrations/0005_events.sql
    INSERT INTO flixim.migrations (version, name) VALUES (5, 'events');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 6) AS is_pending \gset
\if :is_pending
    \ir migrations/0006_listeners.sql
    INSERT INTO flixim.migrations (version, name) VALUES (6, 'listeners');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 7) AS is_pending \gset
\if :is_pending
    \ir migrations/0007_rest.sql
    INSERT INTO flixim.migrations (version, name) VALUES (7, 'rest');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 8) AS is_pending \gset
\if :is_pending
    \ir migrations/0008_fan_out.sql
    INSERT INTO flixim.migrations (version, name) VALUES (8, 'fan_out');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 9) AS is_pending \gset
\if :is_pending
    \ir migrations/0009_joins.sql
    INSERT INTO flixim.migrations (version, name) VALUES (9, 'joins');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 10) AS is_pending \gset
\if :is_pending
    \ir migrations/0010_devices.sql
    INSERT INTO flixim.migrations (version, name) VALUES (10, 'devices');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 11) AS is_pending \gset
\if :is_pending
    \ir migrations/0011_presence.sql
    INSERT INTO flixim.migrations (version, name) VALUES (11, 'presence');
\endif

SELECT NOT EXISTS (SELECT FROM flixim.migrations WHERE version = 12) AS is_pending \gset
\if :is_pending
    \ir migrations/0012_pushes.sql
    INSERT INTO flixim.migrations (version, name) VALUES (12, 'pushes');
\endif
