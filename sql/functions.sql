-- SPDX-License-Identifier: Apache-2.0
-- The functions: the only way in. A table of contents, read by install.sql; each is created or replaced on every run.

-- Every request begins with one of: who asks, and may that token be used.
\ir functions/identify.sql
\ir functions/check_token.sql
\ir functions/token_user.sql
\ir functions/authenticate.sql
\ir functions/issue_token.sql
\ir functions/revoke_token.sql
\ir functions/revoke_user_tokens.sql
\ir functions/announce_revocation.sql

-- Ids.
\ir functions/uuid_v7.sql
\ir functions/uuid_v7_floor.sql

-- Lookups by key.
\ir functions/find_user.sql
\ir functions/find_conversation.sql
\ir functions/find_message.sql
\ir functions/find_copy.sql

-- The same questions about many callers at once, and the newest position that a sync of a user could have.
\ir functions/identify_each.sql
\ir functions/event_floor.sql
\ir functions/newest_position.sql
\ir functions/check_tokens.sql
\ir functions/authenticate_each.sql

-- What every writing function is made of: missing rows first, then locks in one order, then the inserts, then the bell.
\ir functions/require_read_committed.sql
\ir functions/add_users.sql
\ir functions/add_conversations.sql
\ir functions/try_add_users.sql
\ir functions/try_add_conversations.sql
\ir functions/lock_conversations.sql
\ir functions/lock_users.sql
\ir functions/wake_listeners.sql

-- Sending.
\ir functions/content_body.sql
\ir functions/content_fault.sql
\ir functions/recency_lag.sql
\ir functions/resolve_messages.sql
\ir functions/defer_messages.sql
\ir functions/send_messages.sql
\ir functions/send_to_each.sql

-- One message, and lists of them.
\ir functions/message_row.sql
\ir functions/message_rows.sql
\ir functions/list_head.sql
\ir functions/get_message.sql
\ir functions/list_messages.sql
\ir functions/unread_counts.sql

-- What becomes of a message.
\ir functions/apply_read.sql
\ir functions/mark_read.sql
\ir functions/mark_read_batch.sql
\ir functions/read_bound.sql
\ir functions/unread_ids.sql
\ir functions/read_chunk.sql
\ir functions/read_all.sql
\ir functions/begin_read_up_to.sql
\ir functions/mark_read_up_to.sql
\ir functions/withdraw_message.sql
\ir functions/delete_message.sql

-- Conversations.
\ir functions/preview.sql
\ir functions/visible_conversation.sql
\ir functions/conversation_rows.sql
\ir functions/list_conversations.sql
\ir functions/get_conversation.sql
\ir functions/update_conversation.sql
\ir functions/create_conversation.sql
\ir functions/list_history.sql

-- Sync: after the cursor, in the order of commits.
\ir functions/sync_floor.sql
\ir functions/sync_position.sql
\ir functions/sync_messages.sql
\ir functions/event_rows.sql
\ir functions/sync_events.sql
\ir functions/sync_and_note.sql

-- Devices, and what their users want to be told there.
\ir functions/text_fault.sql
\ir functions/endpoint_origin.sql
\ir functions/bytes_of.sql
\ir functions/device_fault.sql
\ir functions/device_rows.sql
\ir functions/remove_devices.sql
\ir functions/add_device.sql
\ir functions/list_devices.sql
\ir functions/delete_device.sql
\ir functions/is_time_zone.sql
\ir functions/notification_settings_fault.sql
\ir functions/notification_settings_row.sql
\ir functions/get_notification_settings.sql
\ir functions/update_notification_settings.sql

-- The event stream, for daemons: sleep and wake by listener_idle, listener_horizon and listener_busy, read who is told by read_stream, of what by fetch_messages.
\ir functions/listener_idle.sql
\ir functions/listener_horizon.sql
\ir functions/listener_busy.sql
\ir functions/read_stream.sql
\ir functions/fetch_messages.sql
\ir functions/fetch_events.sql

-- Pushes: which devices, of which messages; what the outbox is made of.
\ir functions/usable_devices.sql
\ir functions/is_quiet.sql
\ir functions/wanted_message.sql
\ir functions/begin_horizons.sql
\ir functions/push_destinations.sql
\ir functions/tidy_pushes.sql
\ir functions/add_missed.sql
\ir functions/find_push.sql
\ir functions/device_pushes.sql
\ir functions/lock_pushes.sql
\ir functions/free_pushes.sql

-- For daemons: who is online, and pushes from the event to the provider's answer.
\ir functions/expire_daemons.sql
\ir functions/beat.sql
\ir functions/end_daemon.sql
\ir functions/update_presence.sql
\ir functions/push_missed.sql
\ir functions/collect_pushes.sql
\ir functions/claim_pushes.sql
\ir functions/settle_pushes.sql

-- For whoever looks after it.
\ir functions/push_figures.sql
\ir functions/list_dead_pushes.sql
\ir functions/retry_dead_pushes.sql
\ir functions/drop_dead_pushes.sql
\ir functions/online_users.sql

-- Upkeep.
\ir functions/schema_version.sql
\ir functions/keep_partitions.sql
\ir functions/drop_expired_events.sql
\ir functions/configure.sql
\ir functions/check_invariants.sql
