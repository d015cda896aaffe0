/* SPDX-License-Identifier: Apache-2.0 */
/* Every SQL statement that module and daemon send: one function call each, all in one table. */
#ifndef FLX_STATEMENT_H
#define FLX_STATEMENT_H

/* The schema that these statements were written for: the number of its newest migration. A database
 * with a higher number serves as well (migrations keep the functions that are in use), a lower one
 * does not. */
#define FLX_SCHEMA_VERSION 12

/* What a caller, and whoever finds the connection dead under it, must know of a statement. */
typedef struct flx_statement {
    /* for log lines and as the prepared statement's name: lower case and underscores */
    const char *name;
    /* the text, with $1, $2, ... for its parameters */
    const char *text;
    /* how many parameters it has */
    int parameters;
    /* whether it changes nothing, or nothing that anybody waits for, so that it may be sent again when nobody
     * knows whether it ran */
    int read_only;
    /* how many times the usual limit it may take; 0 and 1: once */
    int patience;
    /* the same for many calls at once: each parameter an array with an element for each call, and a row of
     * the result for each, in their order. It waits for nobody: outcome is busy where it would have to.
     * NULL: there is none. */
    const struct flx_statement *batch;
} flx_statement;

/* No parameters. One row, of no use: the event partitions are made and dropped as they should be. */
extern const flx_statement flx_statement_keep_partitions;

/* For daemons, without a caller or an outcome.
 * read_stream: snapshot (the last read's; null to begin), since, limit. A head with snapshot (text), read_at and
 * is_overrun; then target_user_id, stamp, event_id, event_type, origin, message_id, status of each event. */
extern const flx_statement flx_statement_read_stream;
/* message_ids, are_whole. The messages that they name, in that order, without what is a viewer's own: status says no more than
 * withdrawn. content is null where are_whole is false. */
extern const flx_statement flx_statement_fetch_messages;
/* listener_id, lease (interval). */
extern const flx_statement flx_statement_listener_idle;
/* Columns: horizon (an xid8 as text). */
extern const flx_statement flx_statement_listener_horizon;
/* listener_id. */
extern const flx_statement flx_statement_listener_busy;

/* No parameters, no rows. */
extern const flx_statement flx_statement_listen;
/* A payload, which comes back to whoever listens. */
extern const flx_statement flx_statement_notify;
/* Columns: system and timeline, two texts that tell one database from another and from itself after a fail-over. */
extern const flx_statement flx_statement_server_identity;

/* No parameters. One row: the schema's version (int4). */
extern const flx_statement flx_statement_schema_version;

/* The parameters that say who asks come first in all statements below: user_id, issued_at and
 * is_system from a verified JWT or login, or token_digest alone. Their result has a column outcome, in
 * its first row if there are several. The other columns are those of flixim.message_answer or
 * flixim.conversation_answer, unless it says otherwise. */
#define FLX_CALLER_PARAMETERS 4

/* Whether the token is valid, and user_id, whose it is if it is opaque. */
extern const flx_statement flx_statement_check_token;
/* As check_token, for a token that another one shall be issued for: also user_id, issued_at,
 * is_system, expires_at (null for a JWT). Makes the user's row. */
extern const flx_statement flx_statement_authenticate;

/* client_message_id, conversation_id, receiver_id, message_type, content_type, content,
 * reference_id, client_timestamp. */
extern const flx_statement flx_statement_send_message;
extern const flx_statement flx_statement_send_together; /* of send_message */
/* client_message_ids, receiver_ids, message_type, content_type, content, reference_id,
 * client_timestamp; a row for each receiver, all or nothing. */
extern const flx_statement flx_statement_send_to_each;
/* limit, offset, message_type, status, before_id, before. A head and the messages. */
extern const flx_statement flx_statement_list_messages;
/* id, for these four. */
extern const flx_statement flx_statement_get_message;
extern const flx_statement flx_statement_mark_read;
extern const flx_statement flx_statement_withdraw_message;
extern const flx_statement flx_statement_delete_message; /* outcome alone */
/* message_ids. Columns: marked_count. */
extern const flx_statement flx_statement_mark_read_batch;
/* Columns o_outcome and marked_count: a procedure, which commits on its way. */
extern const flx_statement flx_statement_read_all;
/* Columns total and one for each message type. */
extern const flx_statement flx_statement_unread_counts;
/* cursor, limit, notes (whether the client gets them). A head with cursor_at, has_more, resync_required,
 * and the messages. */
extern const flx_statement flx_statement_sync_messages;

/* limit, offset. A head and the conversations. */
extern const flx_statement flx_statement_list_conversations;
/* conversation_id. */
extern const flx_statement flx_statement_get_conversation;
/* conversation_id, is_pinned, is_muted, draft. */
extern const flx_statement flx_statement_update_conversation;
/* participant_ids, type. */
extern const flx_statement flx_statement_create_conversation;
/* conversation_id, limit, before, before_id. A head and the messages. */
extern const flx_statement flx_statement_list_history;

/* provider, token, subscription, platform, locale, app_id. The columns of flixim.device_answer. */
extern const flx_statement flx_statement_add_device;
/* A head and the devices. */
extern const flx_statement flx_statement_list_devices;
/* device_id. Outcome alone. */
extern const flx_statement flx_statement_delete_device;
/* The columns of flixim.notification_settings_answer. */
extern const flx_statement flx_statement_get_notification_settings;
/* quiet_hours, message_types, show_text. The same. */
extern const flx_statement flx_statement_update_notification_settings;

/* cursor (null: from the start), limit. A head with cursor_at, has_more, resync_required, and the
 * events: columns of flixim.event_answer. */
extern const flx_statement flx_statement_sync_events;

/* The channel's: origin is the connection that asks, to which nothing of what it causes itself is
 * pushed. */

/* No parameters but the caller's. The first is check_token, the second authenticate, of which it has user_id, expires_at and
 * live_from. */
extern const flx_statement flx_statement_connect;
extern const flx_statement flx_statement_connect_each; /* of connect */
extern const flx_statement flx_statement_join;
extern const flx_statement flx_statement_join_each; /* of join */

/* The parameters of send_message, and origin. Columns: id, client_message_id, server_timestamp, status. */
extern const flx_statement flx_statement_send_from;
extern const flx_statement flx_statement_send_batch; /* of send_from */

/* message_id, origin. Columns: id, status, updated_at. */
extern const flx_statement flx_statement_withdraw_from;

/* conversation_id, last_read_message_id, origin. Columns o_outcome and updated_count: a procedure, which
 * commits on its way. */
extern const flx_statement flx_statement_mark_read_up_to;

#include "flx_statement_push.h"

#endif
