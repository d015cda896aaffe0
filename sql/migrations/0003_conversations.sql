-- SPDX-License-Identifier: Apache-2.0
-- Conversations and their members (the API's Conversation and UserConversation).

CREATE TYPE flixim.conversation_type AS ENUM ('private', 'group', 'system');
COMMENT ON TYPE flixim.conversation_type IS 'The API''s Conversation.type. Interactions live in conversations of type system.';

CREATE TABLE flixim.conversations (
    id uuid PRIMARY KEY,
    conversation_id text COLLATE "C" NOT NULL UNIQUE,
    type flixim.conversation_type NOT NULL,
    inserted_at timestamptz NOT NULL,
    last_message_at timestamptz
) WITH (
    -- Its clock advances with every message: room for heap-only updates.
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE flixim.conversations IS 'One row per conversation; the row is the lock under which the conversation''s clock advances.';
COMMENT ON COLUMN flixim.conversations.id IS 'The API''s Conversation.id, version 7. The key that other tables use.';
COMMENT ON COLUMN flixim.conversations.conversation_id IS 'The name the API uses: private:{a}:{b}, group:{uuid}, system:notification:{user}, system:announcement:{user}, interaction:{user}.';
COMMENT ON COLUMN flixim.conversations.type IS 'What kind it is; read receipts go out in private ones only.';
COMMENT ON COLUMN flixim.conversations.inserted_at IS 'When it was made.';
COMMENT ON COLUMN flixim.conversations.last_message_at IS 'The clock: server_timestamp of the newest message, withdrawn or not; NULL before the first.';
COMMENT ON INDEX flixim.conversations_pkey IS 'The joins from messages and members.';
COMMENT ON INDEX flixim.conversations_conversation_id_key IS 'Requests name a conversation by its text; one row per name.';

CREATE TABLE flixim.members (
    conversation uuid NOT NULL,
    user_id uuid NOT NULL,
    id uuid NOT NULL,
    recent_at timestamptz,
    last_read_message_id uuid,
    unread_count integer NOT NULL DEFAULT 0,
    is_pinned boolean NOT NULL DEFAULT false,
    is_muted boolean NOT NULL DEFAULT false,
    draft text,
    inserted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (conversation, user_id)
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE flixim.members IS 'Who takes part in a conversation, and that user''s own state of it. Membership never changes after the conversation is made.';
COMMENT ON COLUMN flixim.members.conversation IS 'conversations.id. No foreign key: its check would cost more than the insert (docs/decisions).';
COMMENT ON COLUMN flixim.members.user_id IS 'The member.';
COMMENT ON COLUMN flixim.members.id IS 'The API''s UserConversation.id, version 7.';
COMMENT ON COLUMN flixim.members.recent_at IS
    'A lower bound of the conversation''s last activity that lags it by flixim.recency_lag() at most, so that its index is not touched by every message. NULL: not yet visible to this member.';
COMMENT ON COLUMN flixim.members.last_read_message_id IS 'The newest message this member has read here.';
COMMENT ON COLUMN flixim.members.unread_count IS 'Unread messages of this member here, exact at every commit.';
COMMENT ON COLUMN flixim.members.is_pinned IS 'Set by the member.';
COMMENT ON COLUMN flixim.members.is_muted IS 'Set by the member.';
COMMENT ON COLUMN flixim.members.draft IS 'Set by the member; NULL when there is none.';
COMMENT ON COLUMN flixim.members.inserted_at IS 'When the member joined.';
COMMENT ON COLUMN flixim.members.updated_at IS 'When the member''s state here last changed.';
COMMENT ON INDEX flixim.members_pkey IS 'Fan-out reads a conversation''s members; a request checks one membership.';

CREATE INDEX members_recent ON flixim.members (user_id, recent_at) WHERE recent_at IS NOT NULL;
COMMENT ON INDEX flixim.members_recent IS 'A user''s visible conversations, newest first, without reading all of them.';

CREATE TYPE flixim.new_conversation AS (
    conversation_id text,
    type flixim.conversation_type,
    user_ids uuid[]
);
COMMENT ON TYPE flixim.new_conversation IS 'A conversation to be made if it is missing, with its members.';
