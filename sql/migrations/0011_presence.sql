-- SPDX-License-Identifier: Apache-2.0
-- Who is online, across all daemons, and up to where each user has been told (docs/decisions/0026-who-is-online.md).

CREATE TABLE flixim.daemons (
    daemon_id uuid PRIMARY KEY,
    lease_until timestamptz NOT NULL,
    current_since timestamptz NOT NULL,
    horizon_xids xid8[] NOT NULL DEFAULT '{}',
    horizon_times timestamptz[] NOT NULL DEFAULT '{}',
    web_push_key text,
    CHECK (cardinality(horizon_xids) = cardinality(horizon_times))
) WITH (
    -- A handful of rows that change every few seconds.
    fillfactor = 10,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 200,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE flixim.daemons IS 'The daemons that are alive.';
COMMENT ON COLUMN flixim.daemons.daemon_id IS 'The daemon''s own id, made at its start.';
COMMENT ON COLUMN flixim.daemons.lease_until IS
    'It renews this long before; a daemon whose lease is over is dead, once one that is alive finds it. -infinity: it is being buried, and its users do not count as online any more.';
COMMENT ON COLUMN flixim.daemons.current_since IS 'Since when it has renewed its lease in time each time: it takes no other for dead before that is a lease ago.';
COMMENT ON COLUMN flixim.daemons.horizon_xids IS
    'For each of horizon_times the oldest transaction that was open then. What an earlier one wrote had been committed by then.';
COMMENT ON COLUMN flixim.daemons.horizon_times IS 'Some of the daemon''s last beats, oldest first: the first one is the newest that is older than its clients may be silent.';
COMMENT ON COLUMN flixim.daemons.web_push_key IS 'The public key with which browsers subscribe (RFC 8292), base64url; NULL: this daemon does no Web Push.';
COMMENT ON INDEX flixim.daemons_pkey IS 'A daemon finds its own row.';

CREATE TABLE flixim.presence (
    user_id uuid NOT NULL,
    daemon_id uuid NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (user_id, daemon_id)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE flixim.presence IS 'Which users have a joined connection that takes what it is sent, and on which daemons.';
COMMENT ON COLUMN flixim.presence.user_id IS 'Who.';
COMMENT ON COLUMN flixim.presence.daemon_id IS 'daemons.daemon_id. No foreign key: rows come and go by the thousand (docs/decisions).';
COMMENT ON COLUMN flixim.presence.since IS 'Events with a later stamp reach the user there; -infinity once a sync has brought all that were before.';
COMMENT ON INDEX flixim.presence_pkey IS 'Whether a user is online.';

CREATE INDEX presence_daemon ON flixim.presence (daemon_id);
COMMENT ON INDEX flixim.presence_daemon IS 'The users of a daemon that has died.';

CREATE TABLE flixim.reached (
    user_id uuid PRIMARY KEY,
    reached_at timestamptz NOT NULL
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE flixim.reached IS 'Up to where users who have devices have been told, as far as they are known to be.';
COMMENT ON COLUMN flixim.reached.user_id IS 'Who.';
COMMENT ON COLUMN flixim.reached.reached_at IS 'Events up to this stamp of the user''s clock have come over a connection that was heard from later, or by a sync.';
COMMENT ON INDEX flixim.reached_pkey IS 'A user''s own.';
