-- SPDX-License-Identifier: Apache-2.0
-- The event stream: one row for each user who is to be told, written in the transaction that caused it.

CREATE TYPE flixim.event_type AS ENUM ('new_message', 'message_status_update', 'message_recalled', 'session_revoked');
COMMENT ON TYPE flixim.event_type IS
    'The API''s Event.event_type. session_revoked is for daemons alone: judge this user''s connections again. It is never shown to a client.';

CREATE TABLE flixim.events (
    target_user_id uuid NOT NULL,
    stamp timestamptz NOT NULL,
    id uuid NOT NULL,
    event_type flixim.event_type NOT NULL,
    status flixim.message_status,
    message_id uuid,
    origin uuid,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (target_user_id, stamp)
) PARTITION BY RANGE (stamp);

COMMENT ON TABLE flixim.events IS 'What users are told, live and by sync. Daily partitions in UTC, made by keep_partitions(), dropped by drop_expired_events().';
COMMENT ON COLUMN flixim.events.target_user_id IS 'Who is told.';
COMMENT ON COLUMN flixim.events.stamp IS 'Event.event_timestamp: the target''s clock, unique and rising for the target in the order of commits. It is the cursor of sync.';
COMMENT ON COLUMN flixim.events.id IS 'Event.id, version 7.';
COMMENT ON COLUMN flixim.events.event_type IS 'What happened.';
COMMENT ON COLUMN flixim.events.status IS 'For message_status_update and message_recalled: the new status. A new_message is rendered from the message as it is now.';
COMMENT ON COLUMN flixim.events.message_id IS 'messages.id; NULL for session_revoked.';
COMMENT ON COLUMN flixim.events.origin IS 'The connection that caused it and had its reply: a daemon does not push the event there. NULL when REST caused it.';
COMMENT ON COLUMN flixim.events.xid IS 'The writing transaction: a daemon reads what its last snapshot could not see.';
COMMENT ON INDEX flixim.events_pkey IS 'Sync: a user''s events after a cursor, in order; and the proof that a user''s stamps are unique.';

CREATE INDEX events_xid ON flixim.events (xid);
COMMENT ON INDEX flixim.events_xid IS 'The stream: rows written by transactions that a snapshot could not see.';

CREATE TYPE flixim.event_answer AS (
    outcome flixim.outcome,
    field text,
    rule text,
    cursor_at timestamptz,
    has_more boolean,
    resync_required boolean,
    event_id uuid,
    event_type flixim.event_type,
    event_timestamp timestamptz,
    target_user_id uuid,
    event_status flixim.message_status,
    origin uuid,
    id uuid,
    client_message_id uuid,
    conversation_id text,
    sender_id uuid,
    receiver_id uuid,
    content json,
    content_type flixim.content_type,
    message_type flixim.message_type,
    status flixim.message_status,
    reference_id uuid,
    server_timestamp timestamptz,
    client_timestamp timestamptz,
    inserted_at timestamptz,
    updated_at timestamptz
);
COMMENT ON TYPE flixim.event_answer IS
    'A row of an answer that consists of events; heads and rows as in message_answer. The message columns from id on are the message as it is now; for message_status_update and message_recalled the payload is id, conversation_id, event_status and event_timestamp.';

CREATE TYPE flixim.stream_row AS (
    snapshot pg_snapshot,
    read_at timestamptz,
    is_overrun boolean,
    target_user_id uuid,
    stamp timestamptz,
    event_id uuid,
    event_type flixim.event_type,
    origin uuid
);
COMMENT ON TYPE flixim.stream_row IS
    'A row of read_stream(). The first is the head: snapshot (where the next read begins), read_at and is_overrun; then one row per event, in stamp order per user.';
