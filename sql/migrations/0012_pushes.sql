-- SPDX-License-Identifier: Apache-2.0
-- The outbox: pushes that are due, one for each device and message (docs/decisions/0027-the-outbox.md).

SET LOCAL lock_timeout = '5s';

DROP FUNCTION IF EXISTS flixim.configure(interval, interval);

ALTER TABLE flixim.settings
    ADD COLUMN push_delay interval NOT NULL DEFAULT '2 seconds' CHECK (push_delay >= '0' AND push_delay <= '1 hour'),
    ADD COLUMN push_lifetime interval NOT NULL DEFAULT '1 day' CHECK (push_lifetime >= '1 minute' AND push_lifetime <= '28 days');
COMMENT ON COLUMN flixim.settings.push_delay IS 'How long after its event a push is due: time to read the message, or to come back.';
COMMENT ON COLUMN flixim.settings.push_lifetime IS 'How long a push that does not succeed is tried, and how long providers keep it for a device that is off.';

CREATE TYPE flixim.push_state AS ENUM ('waiting', 'sent', 'dead');
COMMENT ON TYPE flixim.push_state IS 'waiting: to be sent when it is due, or being sent; sent: the provider took it; dead: given up, see reason.';

CREATE TYPE flixim.push_result AS ENUM ('sent', 'retry', 'dead', 'gone', 'released');
COMMENT ON TYPE flixim.push_result IS
    'What came of a try. retry: again later; dead: never; gone: the device is no more; released: it was not tried, and counts as no try.';

CREATE TABLE flixim.pushes (
    id uuid PRIMARY KEY,
    device_id uuid NOT NULL,
    provider flixim.push_provider NOT NULL,
    destination text COLLATE "C" NOT NULL,
    user_id uuid NOT NULL,
    message_id uuid NOT NULL,
    stamp timestamptz NOT NULL,
    state flixim.push_state NOT NULL DEFAULT 'waiting',
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    claimed_by uuid,
    claimed_at timestamptz,
    reason text,
    inserted_at timestamptz NOT NULL,
    ended_at timestamptz,
    UNIQUE (device_id, message_id),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK ((state = 'dead') <= (reason IS NOT NULL))
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE flixim.pushes IS 'Pushes that wait for their provider, were sent in the last day, or are dead. What is not wanted any more has no row.';
COMMENT ON COLUMN flixim.pushes.id IS 'Version 7; the provider and the device know the push by it, so that one that comes twice is seen to be the same.';
COMMENT ON COLUMN flixim.pushes.device_id IS 'devices.id; the device''s pushes go with it.';
COMMENT ON COLUMN flixim.pushes.provider IS 'devices.provider, repeated for the index.';
COMMENT ON COLUMN flixim.pushes.destination IS 'devices.destination, repeated for the index.';
COMMENT ON COLUMN flixim.pushes.user_id IS 'The target of the event. A device that belongs to somebody else by now is not sent it.';
COMMENT ON COLUMN flixim.pushes.message_id IS 'messages.id. Texts are never kept here.';
COMMENT ON COLUMN flixim.pushes.stamp IS 'The event''s, on the target''s clock.';
COMMENT ON COLUMN flixim.pushes.state IS 'See push_state.';
COMMENT ON COLUMN flixim.pushes.due_at IS 'When to try (again). Whoever claims it moves this ahead: if that daemon dies, it is due again then.';
COMMENT ON COLUMN flixim.pushes.attempts IS 'Tries that have begun.';
COMMENT ON COLUMN flixim.pushes.claimed_by IS 'The daemon that is trying; NULL: none.';
COMMENT ON COLUMN flixim.pushes.claimed_at IS 'When the last try began: a device that was registered again since is not gone, whatever comes of it.';
COMMENT ON COLUMN flixim.pushes.reason IS 'What the last try met, in a few words.';
COMMENT ON COLUMN flixim.pushes.inserted_at IS 'When it was found to be needed.';
COMMENT ON COLUMN flixim.pushes.ended_at IS 'When it was sent or given up.';
COMMENT ON INDEX flixim.pushes_pkey IS 'What came of a try.';
COMMENT ON INDEX flixim.pushes_device_id_message_id_key IS 'One push for each device and message, whoever finds that it is needed.';

CREATE INDEX pushes_due ON flixim.pushes (provider, destination, due_at) WHERE state = 'waiting';
COMMENT ON INDEX flixim.pushes_due IS 'Claiming, in the order in which they are due, without reading those for a server that hangs.';

CREATE INDEX pushes_claimed ON flixim.pushes (claimed_by) WHERE claimed_by IS NOT NULL;
COMMENT ON INDEX flixim.pushes_claimed IS 'What a daemon that has died was trying.';

CREATE INDEX pushes_ended ON flixim.pushes (state, ended_at) WHERE state <> 'waiting';
COMMENT ON INDEX flixim.pushes_ended IS 'Dead letters, newest first; and what is old enough to be deleted.';

CREATE TABLE flixim.push_horizons (
    taken_at timestamptz PRIMARY KEY,
    snapshot pg_snapshot NOT NULL,
    done_xid xid8
) WITH (
    fillfactor = 10,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 200,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE flixim.push_horizons IS
    'How far events have been looked at for pushes: all that the oldest snapshot here can see. Later ones are looked at once they are push_delay old. No row: nobody has a device.';
COMMENT ON COLUMN flixim.push_horizons.taken_at IS 'When.';
COMMENT ON COLUMN flixim.push_horizons.snapshot IS 'What could be seen then.';
COMMENT ON COLUMN flixim.push_horizons.done_xid IS 'In the oldest row: of what the next snapshot sees beyond it, transactions up to this one have been looked at as well.';
COMMENT ON INDEX flixim.push_horizons_pkey IS 'In their order.';

CREATE TYPE flixim.push_row AS (
    looked_at integer,
    next_in_ms bigint,
    push_id uuid,
    attempt integer,
    device_id uuid,
    provider flixim.push_provider,
    app_id text,
    token text,
    destination text,
    p256dh bytea,
    auth bytea,
    platform text,
    locale text,
    shows_text boolean,
    badge integer,
    expires_at timestamptz,
    user_id uuid,
    message_id uuid,
    conversation_id text,
    sender_id uuid,
    message_type flixim.message_type,
    content_type flixim.content_type,
    content json,
    server_timestamp timestamptz
);
COMMENT ON TYPE flixim.push_row IS
    'A row of claim_pushes(). The first is the head: looked_at, how many were due, wanted or not, and next_in_ms, when the next one is due (NULL: none waits); then one row per push that is to be sent now. content is {} where shows_text is false.';
