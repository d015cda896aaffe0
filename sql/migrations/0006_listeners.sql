-- SPDX-License-Identifier: Apache-2.0
-- The event count: which daemons sleep and want to be woken.

CREATE TABLE flixim.listeners (
    listener_id uuid PRIMARY KEY,
    idle_until timestamptz NOT NULL
) WITH (
    -- A handful of rows that change whenever a daemon falls asleep or wakes.
    fillfactor = 10,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 200,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE flixim.listeners IS 'One row per daemon. A writer notifies only if some lease is current, because a NOTIFY makes commits queue.';
COMMENT ON COLUMN flixim.listeners.listener_id IS 'The daemon''s own id, made at its start.';
COMMENT ON COLUMN flixim.listeners.idle_until IS 'The lease: until then the daemon sleeps and must be woken. In the past: it is busy reading, or dead.';
COMMENT ON INDEX flixim.listeners_pkey IS 'A daemon finds its own row.';
