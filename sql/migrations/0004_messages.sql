-- SPDX-License-Identifier: Apache-2.0
-- Messages, and what each viewer sees of them.

CREATE TYPE flixim.message_type AS ENUM ('system_notification', 'system_announcement', 'interaction', 'private_message');
COMMENT ON TYPE flixim.message_type IS 'The API''s Message.message_type.';

CREATE TYPE flixim.content_type AS ENUM ('text', 'image', 'product', 'order', 'comment', 'like', 'favorite', 'system');
COMMENT ON TYPE flixim.content_type IS 'The API''s Message.content_type.';

CREATE TYPE flixim.message_status AS ENUM ('sent', 'unread', 'read', 'withdrawn', 'deleted');
COMMENT ON TYPE flixim.message_status IS 'The API''s Message.status as one viewer sees it; sending exists in clients only.';

CREATE TABLE flixim.messages (
    id uuid PRIMARY KEY,
    conversation uuid NOT NULL,
    sender_id uuid NOT NULL,
    receiver_id uuid,
    client_message_id uuid NOT NULL,
    message_type flixim.message_type NOT NULL,
    content_type flixim.content_type NOT NULL,
    reference_id uuid,
    server_timestamp timestamptz NOT NULL,
    client_timestamp timestamptz,
    inserted_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    request_digest bytea NOT NULL,
    content json NOT NULL
) WITH (
    -- Only a withdrawal updates a row.
    fillfactor = 95,
    autovacuum_vacuum_insert_scale_factor = 0.05
);

COMMENT ON TABLE flixim.messages IS 'What was said, once per message. What a viewer sees of it is in user_messages.';
COMMENT ON COLUMN flixim.messages.id IS 'Version 7; its time is server_timestamp, so within a conversation ids rise with it.';
COMMENT ON COLUMN flixim.messages.conversation IS 'conversations.id. No foreign key (docs/decisions).';
COMMENT ON COLUMN flixim.messages.sender_id IS 'From the sender''s token.';
COMMENT ON COLUMN flixim.messages.receiver_id IS 'The one receiver; NULL in groups.';
COMMENT ON COLUMN flixim.messages.client_message_id IS 'The sender''s own id of the message: a retry finds the first by it.';
COMMENT ON COLUMN flixim.messages.message_type IS 'Message.message_type.';
COMMENT ON COLUMN flixim.messages.content_type IS 'Message.content_type.';
COMMENT ON COLUMN flixim.messages.reference_id IS 'What the message is about, if anything.';
COMMENT ON COLUMN flixim.messages.server_timestamp IS 'The conversation''s clock: unique and rising within it.';
COMMENT ON COLUMN flixim.messages.client_timestamp IS 'What the client says; shown, never used.';
COMMENT ON COLUMN flixim.messages.inserted_at IS 'Wall clock of the database; the withdraw window counts from it.';
COMMENT ON COLUMN flixim.messages.withdrawn_at IS 'When it was withdrawn; from then on content is {}.';
COMMENT ON COLUMN flixim.messages.request_digest IS 'SHA-256 of what the sender asked for (see resolve_messages): tells a retry from another message, also after a withdrawal.';
COMMENT ON COLUMN flixim.messages.content IS 'As the client wrote it, byte for byte.';
COMMENT ON INDEX flixim.messages_pkey IS 'Every read of a message; insertions go to its right edge.';

CREATE UNIQUE INDEX messages_client ON flixim.messages (sender_id, client_message_id);
COMMENT ON INDEX flixim.messages_client IS 'Idempotency: one message per sender and client id.';

CREATE INDEX messages_conversation ON flixim.messages (conversation, id);
COMMENT ON INDEX flixim.messages_conversation IS 'History and previews: a conversation''s messages, newest first.';

CREATE TABLE flixim.user_messages (
    user_id uuid NOT NULL,
    message_id uuid NOT NULL,
    conversation uuid NOT NULL,
    message_type flixim.message_type NOT NULL,
    status flixim.message_status NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, message_type, message_id)
) WITH (
    fillfactor = 90,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_insert_scale_factor = 0.05
);

COMMENT ON TABLE flixim.user_messages IS 'What each viewer, the sender included, sees of a message: its status and when that last changed.';
COMMENT ON COLUMN flixim.user_messages.user_id IS 'The viewer.';
COMMENT ON COLUMN flixim.user_messages.message_id IS 'messages.id. No foreign key (docs/decisions).';
COMMENT ON COLUMN flixim.user_messages.conversation IS 'messages.conversation, repeated for those who look for the unread ones of a conversation.';
COMMENT ON COLUMN flixim.user_messages.message_type IS 'messages.message_type, repeated for the indexes on it: who has the message''s id takes the type from messages.';
COMMENT ON COLUMN flixim.user_messages.status IS 'What this viewer sees; deleted is this viewer''s own.';
COMMENT ON COLUMN flixim.user_messages.changed_at IS 'The viewer''s clock when the status last changed, which is the stamp of the event that tells of it: Message.updated_at.';
COMMENT ON INDEX flixim.user_messages_pkey IS
    'One viewer''s row of one message; and the list without a status, newest first: of one type directly, of all types as a merge of four ranges.';

CREATE INDEX user_messages_status ON flixim.user_messages (user_id, status, message_type, message_id)
    WHERE status <> 'sent';
COMMENT ON INDEX flixim.user_messages_status IS
    'The list with a status, and the unread messages that read_all and mark_read_up_to look for. sent is no filter of the API, so half of the rows stay out.';

CREATE TYPE flixim.outcome AS ENUM (
    'ok',
    'created',
    'busy',
    'invalid',
    'invalid_token',
    'insufficient_scope',
    'forbidden',
    'message_not_found',
    'conversation_not_found',
    'withdraw_window_closed',
    'idempotency_conflict'
);
COMMENT ON TYPE flixim.outcome IS
    'What became of a request. created: a new message or conversation. busy: a row is locked by somebody else, and the caller asked not to wait. invalid comes with field and rule.';

CREATE TYPE flixim.outgoing AS (
    ordinal integer,
    outcome flixim.outcome,
    field text,
    rule text,
    sender_id uuid,
    client_message_id uuid,
    conversation_id text,
    conversation_type flixim.conversation_type,
    conversation uuid,
    is_missing boolean,
    receiver_id uuid,
    message_type flixim.message_type,
    content_type flixim.content_type,
    content json,
    request_digest bytea,
    reference_id uuid,
    client_timestamp timestamptz,
    origin uuid
);
COMMENT ON TYPE flixim.outgoing IS 'A message on its way through send_messages(): checked, its conversation resolved; outcome is set when it is refused already.';

CREATE TYPE flixim.message_answer AS (
    outcome flixim.outcome,
    field text,
    rule text,
    ordinal integer,
    cursor_at timestamptz,
    has_more boolean,
    resync_required boolean,
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
COMMENT ON TYPE flixim.message_answer IS
    'A row of an answer that consists of messages. Where a list is asked for, the first row is its head (outcome, and for sync cursor_at, has_more, resync_required; no id), and a row per message follows; otherwise outcome and message share the row. ordinal: the place in the batch sent.';

CREATE TYPE flixim.conversation_answer AS (
    outcome flixim.outcome,
    field text,
    rule text,
    id uuid,
    conversation_id text,
    type flixim.conversation_type,
    participant_ids uuid[],
    last_message_id uuid,
    last_message_content text,
    last_message_timestamp timestamptz,
    inserted_at timestamptz,
    updated_at timestamptz,
    unread_count integer,
    is_pinned boolean,
    is_muted boolean,
    last_read_message_id uuid,
    draft text
);
COMMENT ON TYPE flixim.conversation_answer IS
    'A row of an answer that consists of conversations as one member sees them; heads and rows as in message_answer. outcome created: the conversation is new.';
