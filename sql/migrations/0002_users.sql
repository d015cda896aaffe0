-- SPDX-License-Identifier: Apache-2.0
-- Users, their clocks and counters, and the opaque tokens that name them.

CREATE TABLE flixim.users (
    user_id uuid PRIMARY KEY,
    last_event_at timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    tokens_valid_from timestamptz NOT NULL DEFAULT '-infinity',
    inserted_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
    unread_system_notification integer NOT NULL DEFAULT 0,
    unread_system_announcement integer NOT NULL DEFAULT 0,
    unread_interaction integer NOT NULL DEFAULT 0,
    unread_private_message integer NOT NULL DEFAULT 0
) WITH (
    -- Updated once per message: half a page stays free so that the update is heap-only and touches no index.
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE flixim.users IS 'One row per user known here; the row is the lock under which the user''s clock advances.';
COMMENT ON COLUMN flixim.users.user_id IS 'The site''s own id of the user: the sub of a token.';
COMMENT ON COLUMN flixim.users.last_event_at IS 'The clock: the stamp of the newest change that concerns this user. It only rises, also when the wall clock steps back.';
COMMENT ON COLUMN flixim.users.tokens_valid_from IS 'A token issued before this instant is refused.';
COMMENT ON COLUMN flixim.users.inserted_at IS 'When the user was first seen; a user younger than the event floor has lost nothing to it.';
COMMENT ON COLUMN flixim.users.unread_system_notification IS 'Unread messages of that type, exact at every commit.';
COMMENT ON COLUMN flixim.users.unread_system_announcement IS 'Unread messages of that type, exact at every commit.';
COMMENT ON COLUMN flixim.users.unread_interaction IS 'Unread messages of that type, exact at every commit.';
COMMENT ON COLUMN flixim.users.unread_private_message IS 'Unread messages of that type, exact at every commit; group messages are of this type.';
COMMENT ON INDEX flixim.users_pkey IS 'Every request and every lock finds the user by it.';

CREATE TABLE flixim.tokens (
    token_digest bytea PRIMARY KEY CHECK (octet_length(token_digest) = 32),
    user_id uuid NOT NULL REFERENCES flixim.users,
    is_system boolean NOT NULL DEFAULT false,
    issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

COMMENT ON TABLE flixim.tokens IS 'Opaque access tokens. Only their digests are kept: who reads this table can use none of them.';
COMMENT ON COLUMN flixim.tokens.token_digest IS 'SHA-256 of the token''s text.';
COMMENT ON COLUMN flixim.tokens.user_id IS 'Whom the token names.';
COMMENT ON COLUMN flixim.tokens.is_system IS 'Whether the token has the scope system: notifications and announcements.';
COMMENT ON COLUMN flixim.tokens.issued_at IS 'Compared with users.tokens_valid_from.';
COMMENT ON COLUMN flixim.tokens.expires_at IS 'The token is refused from this instant on.';
COMMENT ON COLUMN flixim.tokens.revoked_at IS 'Set when this one token was revoked.';
COMMENT ON INDEX flixim.tokens_pkey IS 'A request with an opaque token finds it by its digest.';

CREATE INDEX tokens_user ON flixim.tokens (user_id);
COMMENT ON INDEX flixim.tokens_user IS 'Revoking all of a user''s tokens, and the check of the foreign key.';

CREATE TYPE flixim.caller AS (
    user_id uuid,
    issued_at timestamptz,
    is_system boolean,
    token_digest bytea
);
COMMENT ON TYPE flixim.caller IS
    'Who asks: a verified JWT gives user_id, issued_at and is_system; an opaque token gives token_digest alone and is looked up.';
