-- SPDX-License-Identifier: Apache-2.0
-- What a daemon needs to push an event without looking it up again: the stream's rows name the message and say the status that the
-- event brings its target, and fetch_messages() gives each message once for all its targets. Events of before this have no status
-- where they tell of a new message; daemons that meet one read it by sync.

SET LOCAL lock_timeout = '5s';

ALTER TYPE flixim.stream_row ADD ATTRIBUTE message_id uuid, ADD ATTRIBUTE status flixim.message_status;
COMMENT ON TYPE flixim.stream_row IS
    'A row of read_stream(). The first is the head: snapshot (where the next read begins), read_at and is_overrun; then one row per event, in stamp order per user. status: what the target sees of the message from this event on; message_id and status are NULL for session_revoked.';

COMMENT ON COLUMN flixim.events.status IS
    'The status that the target''s copy of the message has from this event on. NULL for session_revoked, and for a new_message of before migration 8. sync shows a new_message with the message as it is now.';
