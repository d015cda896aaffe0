/* SPDX-License-Identifier: Apache-2.0 */
/* Every SQL statement that module and daemon send. */
#include "flx_statement.h"

/* Who asks, as flixim.caller; and for a batch those who do. */
#define CALLER  "ROW($1::uuid, $2::timestamptz, $3::boolean, $4::bytea)::flixim.caller"
#define CALLERS "$1::uuid[], $2::timestamptz[], $3::boolean[], $4::bytea[]"

/* The columns of a flixim.message_answer that a Message has, and of a flixim.conversation_answer that
 * the pair has. Named, because each column more costs the server and the line something. */
#define MESSAGE                                                                                    \
    ", answer.id, answer.client_message_id, answer.conversation_id, answer.sender_id,"             \
    " answer.receiver_id, answer.content, answer.content_type, answer.message_type,"               \
    " answer.status, answer.reference_id, answer.server_timestamp, answer.client_timestamp,"       \
    " answer.inserted_at, answer.updated_at"
#define CONVERSATION                                                                               \
    ", answer.id, answer.conversation_id, answer.type, answer.participant_ids,"                    \
    " answer.last_message_id, answer.last_message_content, answer.last_message_timestamp,"         \
    " answer.inserted_at, answer.updated_at, answer.unread_count, answer.is_pinned,"               \
    " answer.is_muted, answer.last_read_message_id, answer.draft"
#define EVENT                                                                                      \
    ", answer.event_id, answer.event_type, answer.event_timestamp, answer.target_user_id,"         \
    " answer.event_status, answer.origin" MESSAGE
#define DEVICE                                                                                     \
    ", answer.id, answer.provider, answer.app_id, answer.token, answer.platform,"                  \
    " answer.locale, answer.status, answer.disabled_reason, answer.inserted_at,"                   \
    " answer.updated_at"
#define NOTIFICATION_SETTINGS                                                                      \
    ", answer.quiet_from, answer.quiet_until, answer.quiet_time_zone,"                             \
    " answer.system_notification, answer.system_announcement, answer.interaction,"                 \
    " answer.private_message, answer.show_text, answer.web_push_public_key, answer.updated_at"
#define STATUS ", answer.id, answer.status, answer.updated_at"
#define FAULT  ", answer.field, answer.rule"

/* A call whose result has a row type with a column outcome, one whose result is an outcome, and one
 * with OUT parameters, among which the outcome is o_outcome. */
#define ANSWER_OF(columns, call) "SELECT answer.outcome" columns " FROM " call " AS answer"
#define OUTCOME_OF(call)         "SELECT " call " AS outcome"
#define COLUMNS_OF(call)         "SELECT answer.o_outcome AS outcome, answer.* FROM " call " AS answer"

const flx_statement flx_statement_keep_partitions = {
    .name = "keep_partitions",
    .text = "SELECT flixim.keep_partitions(), flixim.drop_expired_events()",
    .parameters = 0,
    .read_only = 0,
};

const flx_statement flx_statement_schema_version = {
    .name = "schema_version",
    .text = "SELECT flixim.schema_version()",
    .parameters = 0,
    .read_only = 1,
};

const flx_statement flx_statement_check_token = {
    .name = "check_token",
    .text =
        OUTCOME_OF("flixim.check_token(" CALLER ")") ", flixim.token_user($4::bytea) AS user_id",
    .parameters = FLX_CALLER_PARAMETERS,
    .read_only = 1,
};

const flx_statement flx_statement_authenticate = {
    .name = "authenticate",
    .text = COLUMNS_OF("flixim.authenticate(" CALLER ")"),
    .parameters = FLX_CALLER_PARAMETERS,
};

const flx_statement flx_statement_send_together = {
    .name = "send_together",
    .text = ANSWER_OF(FAULT MESSAGE,
                      "flixim.send_messages($1::uuid[], $2::timestamptz[], $3::boolean[],"
                      " $5::uuid[], $6::text[], $7::uuid[], $8::flixim.message_type[],"
                      " $9::flixim.content_type[], $10::json[], $11::uuid[],"
                      " $12::timestamptz[], NULL, false, $4::bytea[])"),
    .parameters = FLX_CALLER_PARAMETERS + 8,
};

const flx_statement flx_statement_send_message = {
    .name = "send_message",
    .text = ANSWER_OF(FAULT MESSAGE,
                      "flixim.send_messages(ARRAY[$1::uuid], ARRAY[$2::timestamptz],"
                      " ARRAY[$3::boolean], ARRAY[$5::uuid], ARRAY[$6::text], ARRAY[$7::uuid],"
                      " ARRAY[$8::flixim.message_type], ARRAY[$9::flixim.content_type],"
                      " ARRAY[$10::json], ARRAY[$11::uuid], ARRAY[$12::timestamptz],"
                      " ARRAY[NULL::uuid], true, ARRAY[$4::bytea])"),
    .parameters = FLX_CALLER_PARAMETERS + 8,
    .batch = &flx_statement_send_together,
};

const flx_statement flx_statement_send_to_each = {
    .name = "send_to_each",
    .text = ANSWER_OF(FAULT MESSAGE,
                      "flixim.send_to_each(" CALLER ", $5::uuid[], $6::uuid[],"
                      " $7::flixim.message_type, $8::flixim.content_type, $9::json, $10::uuid,"
                      " $11::timestamptz)"),
    .parameters = FLX_CALLER_PARAMETERS + 7,
    .patience = 3,
};

const flx_statement flx_statement_list_messages = {
    .name = "list_messages",
    .text =
        ANSWER_OF(FAULT MESSAGE, "flixim.list_messages(" CALLER ", $5::integer, $6::integer,"
                                 " $7::flixim.message_type, $8::flixim.message_status, $9::uuid,"
                                 " $10::timestamptz)"),
    .parameters = FLX_CALLER_PARAMETERS + 6,
    .read_only = 1,
};

const flx_statement flx_statement_get_message = {
    .name = "get_message",
    .text = ANSWER_OF(MESSAGE, "flixim.get_message(" CALLER ", $5::uuid)"),
    .parameters = FLX_CALLER_PARAMETERS + 1,
    .read_only = 1,
};

const flx_statement flx_statement_mark_read = {
    .name = "mark_read",
    .text = ANSWER_OF(STATUS, "flixim.mark_read(" CALLER ", $5::uuid)"),
    .parameters = FLX_CALLER_PARAMETERS + 1,
};

const flx_statement flx_statement_withdraw_message = {
    .name = "withdraw_message",
    .text = ANSWER_OF(MESSAGE, "flixim.withdraw_message(" CALLER ", $5::uuid)"),
    .parameters = FLX_CALLER_PARAMETERS + 1,
};

const flx_statement flx_statement_delete_message = {
    .name = "delete_message",
    .text = OUTCOME_OF("flixim.delete_message(" CALLER ", $5::uuid)"),
    .parameters = FLX_CALLER_PARAMETERS + 1,
};

const flx_statement flx_statement_mark_read_batch = {
    .name = "mark_read_batch",
    .text = COLUMNS_OF("flixim.mark_read_batch(" CALLER ", $5::uuid[])"),
    .parameters = FLX_CALLER_PARAMETERS + 1,
};

const flx_statement flx_statement_read_all = {
    .name = "read_all",
    .text = "CALL flixim.read_all(" CALLER ", NULL, NULL, NULL)",
    .parameters = FLX_CALLER_PARAMETERS,
    .patience = 12,
};

const flx_statement flx_statement_unread_counts = {
    .name = "unread_counts",
    .text = COLUMNS_OF("flixim.unread_counts(" CALLER ")"),
    .parameters = FLX_CALLER_PARAMETERS,
    .read_only = 1,
};

const flx_statement flx_statement_sync_messages = {
    .name = "sync_messages",
    .text = ANSWER_OF(", answer.cursor_at, answer.has_more, answer.resync_required" MESSAGE,
                      "flixim.sync_and_note(" CALLER ", $5::timestamptz,"
                      " coalesce($6::integer, 500), $7::boolean)"),
    .parameters = FLX_CALLER_PARAMETERS + 3,
    .read_only = 1,
};

const flx_statement flx_statement_list_conversations = {
    .name = "list_conversations",
    .text = ANSWER_OF(FAULT CONVERSATION,
                      "flixim.list_conversations(" CALLER ", $5::integer, $6::integer)"),
    .parameters = FLX_CALLER_PARAMETERS + 2,
    .read_only = 1,
};

const flx_statement flx_statement_get_conversation = {
    .name = "get_conversation",
    .text = ANSWER_OF(CONVERSATION, "flixim.get_conversation(" CALLER ", $5::text)"),
    .parameters = FLX_CALLER_PARAMETERS + 1,
    .read_only = 1,
};

const flx_statement flx_statement_update_conversation = {
    .name = "update_conversation",
    .text = ANSWER_OF(FAULT CONVERSATION,
                      "flixim.update_conversation(" CALLER ", $5::text, $6::boolean,"
                      " $7::boolean, $8::text)"),
    .parameters = FLX_CALLER_PARAMETERS + 4,
};

const flx_statement flx_statement_create_conversation = {
    .name = "create_conversation",
    .text = ANSWER_OF(FAULT CONVERSATION, "flixim.create_conversation(" CALLER ", $5::uuid[],"
                                          " $6::flixim.conversation_type)"),
    .parameters = FLX_CALLER_PARAMETERS + 2,
};

const flx_statement flx_statement_list_history = {
    .name = "list_history",
    .text = ANSWER_OF(FAULT MESSAGE, "flixim.list_history(" CALLER ", $5::text, $6::integer,"
                                     " $7::timestamptz, $8::uuid)"),
    .parameters = FLX_CALLER_PARAMETERS + 4,
    .read_only = 1,
};

const flx_statement flx_statement_add_device = {
    .name = "add_device",
    .text =
        ANSWER_OF(FAULT DEVICE, "flixim.add_device(" CALLER ", $5::flixim.push_provider, $6::text,"
                                " $7::json, $8::text, $9::text, $10::text)"),
    .parameters = FLX_CALLER_PARAMETERS + 6,
};

const flx_statement flx_statement_list_devices = {
    .name = "list_devices",
    .text = ANSWER_OF(DEVICE, "flixim.list_devices(" CALLER ")"),
    .parameters = FLX_CALLER_PARAMETERS,
    .read_only = 1,
};

const flx_statement flx_statement_delete_device = {
    .name = "delete_device",
    .text = OUTCOME_OF("flixim.delete_device(" CALLER ", $5::uuid)"),
    .parameters = FLX_CALLER_PARAMETERS + 1,
};

const flx_statement flx_statement_get_notification_settings = {
    .name = "get_notification_settings",
    .text = ANSWER_OF(NOTIFICATION_SETTINGS, "flixim.get_notification_settings(" CALLER ")"),
    .parameters = FLX_CALLER_PARAMETERS,
    .read_only = 1,
};

const flx_statement flx_statement_update_notification_settings = {
    .name = "update_notification_settings",
    .text = ANSWER_OF(FAULT NOTIFICATION_SETTINGS,
                      "flixim.update_notification_settings(" CALLER ", $5::json, $6::json,"
                      " $7::boolean)"),
    .parameters = FLX_CALLER_PARAMETERS + 3,
};

const flx_statement flx_statement_sync_events = {
    .name = "sync_events",
    .text = ANSWER_OF(", answer.cursor_at, answer.has_more, answer.resync_required" EVENT,
                      "flixim.sync_events(" CALLER ", $5::timestamptz,"
                      " coalesce($6::integer, 500))"),
    .parameters = FLX_CALLER_PARAMETERS + 2,
    .read_only = 1,
};

const flx_statement flx_statement_fetch_messages = {
    .name = "fetch_messages",
    .text = ANSWER_OF(MESSAGE, "flixim.fetch_messages($1::uuid[], $2::boolean[])"),
    .parameters = 2,
    .read_only = 1,
};

const flx_statement flx_statement_read_stream = {
    .name = "read_stream",
    .text = "SELECT found.snapshot::text AS snapshot, found.read_at, found.is_overrun,"
            " found.target_user_id, found.stamp, found.event_id, found.event_type, found.origin,"
            " found.message_id, found.status"
            " FROM flixim.read_stream($1::pg_snapshot, $2::timestamptz, $3::integer) AS found",
    .parameters = 3,
    .read_only = 1,
};

const flx_statement flx_statement_listener_idle = {
    .name = "listener_idle",
    .text = "SELECT flixim.listener_idle($1::uuid, $2::interval)",
    .parameters = 2,
};

const flx_statement flx_statement_listener_horizon = {
    .name = "listener_horizon",
    .text = "SELECT flixim.listener_horizon()::text AS horizon",
    .parameters = 0,
};

const flx_statement flx_statement_listener_busy = {
    .name = "listener_busy",
    .text = "SELECT flixim.listener_busy($1::uuid)",
    .parameters = 1,
};

const flx_statement flx_statement_connect_each = {
    .name = "connect_each",
    .text = ANSWER_OF(", answer.user_id", "flixim.check_tokens(" CALLERS ")"),
    .parameters = FLX_CALLER_PARAMETERS,
    .read_only = 1,
};

const flx_statement flx_statement_connect = {
    .name = "connect",
    .text =
        OUTCOME_OF("flixim.check_token(" CALLER ")") ", flixim.token_user($4::bytea) AS user_id",
    .parameters = FLX_CALLER_PARAMETERS,
    .read_only = 1,
    .batch = &flx_statement_connect_each,
};

const flx_statement flx_statement_join_each = {
    .name = "join_each",
    .text = ANSWER_OF(", answer.user_id, answer.expires_at, answer.live_from",
                      "flixim.authenticate_each(" CALLERS ")"),
    .parameters = FLX_CALLER_PARAMETERS,
};

const flx_statement flx_statement_join = {
    .name = "join",
    .text = COLUMNS_OF("flixim.authenticate(" CALLER ")"),
    .parameters = FLX_CALLER_PARAMETERS,
    .batch = &flx_statement_join_each,
};

#define SENT FAULT ", answer.id, answer.client_message_id, answer.server_timestamp, answer.status"

const flx_statement flx_statement_send_batch = {
    .name = "send_batch",
    .text = ANSWER_OF(SENT, "flixim.send_messages($1::uuid[], $2::timestamptz[], $3::boolean[],"
                            " $5::uuid[], $6::text[], $7::uuid[], $8::flixim.message_type[],"
                            " $9::flixim.content_type[], $10::json[], $11::uuid[],"
                            " $12::timestamptz[], $13::uuid[], false, $4::bytea[])"),
    .parameters = FLX_CALLER_PARAMETERS + 9,
};

const flx_statement flx_statement_send_from = {
    .name = "send_from",
    .text =
        ANSWER_OF(SENT, "flixim.send_messages(ARRAY[$1::uuid], ARRAY[$2::timestamptz],"
                        " ARRAY[$3::boolean], ARRAY[$5::uuid], ARRAY[$6::text], ARRAY[$7::uuid],"
                        " ARRAY[$8::flixim.message_type], ARRAY[$9::flixim.content_type],"
                        " ARRAY[$10::json], ARRAY[$11::uuid], ARRAY[$12::timestamptz],"
                        " ARRAY[$13::uuid], true, ARRAY[$4::bytea])"),
    .parameters = FLX_CALLER_PARAMETERS + 9,
    .batch = &flx_statement_send_batch,
};

const flx_statement flx_statement_withdraw_from = {
    .name = "withdraw_from",
    .text = ANSWER_OF(STATUS, "flixim.withdraw_message(" CALLER ", $5::uuid, $6::uuid)"),
    .parameters = FLX_CALLER_PARAMETERS + 2,
};

const flx_statement flx_statement_mark_read_up_to = {
    .name = "mark_read_up_to",
    .text = "CALL flixim.mark_read_up_to(" CALLER ", $5::text, $6::uuid, $7::uuid, NULL, NULL)",
    .parameters = FLX_CALLER_PARAMETERS + 3,
    .patience = 12,
};

const flx_statement flx_statement_beat = {
    .name = "beat",
    .text = "SELECT is_known, push_delay_ms FROM flixim.beat($1::uuid, $2::interval, $3::interval, "
            "$4::text)",
    .parameters = 4,
    .patience = 3,
};

const flx_statement flx_statement_end_daemon = {
    .name = "end_daemon",
    .text = "SELECT flixim.end_daemon($1::uuid)",
    .parameters = 1,
};

const flx_statement flx_statement_update_presence = {
    .name = "update_presence",
    .text = "SELECT flixim.update_presence($1::uuid, $2::uuid[], $3::timestamptz[],"
            " $4::timestamptz[])",
    .parameters = 4,
};

const flx_statement flx_statement_push_missed = {
    .name = "push_missed",
    .text = "SELECT flixim.push_missed($1::uuid[], $2::timestamptz[]) AS pushes",
    .parameters = 2,
    .patience = 3,
};

const flx_statement flx_statement_collect_pushes = {
    .name = "collect_pushes",
    .text = "SELECT made.is_mine, made.collected, made.has_more, made.next_in_ms"
            " FROM flixim.collect_pushes() AS made",
    .parameters = 0,
    .patience = 12,
};

const flx_statement flx_statement_claim_pushes = {
    .name = "claim_pushes",
    .text = "SELECT push.looked_at, push.next_in_ms, push.push_id, push.attempt, push.device_id,"
            " push.provider, push.app_id, push.token, push.destination, push.p256dh, push.auth,"
            " push.platform, push.locale, push.shows_text, push.badge, push.expires_at,"
            " push.user_id, push.message_id, push.conversation_id, push.sender_id,"
            " push.message_type, push.content_type, push.content, push.server_timestamp"
            " FROM flixim.claim_pushes($1::uuid, $2::flixim.push_provider, $3::integer,"
            " $4::text[], $5::interval) AS push",
    .parameters = 5,
};

const flx_statement flx_statement_settle_pushes = {
    .name = "settle_pushes",
    .text = "SELECT flixim.settle_pushes($1::uuid, $2::uuid[], $3::flixim.push_result[],"
            " $4::text[], $5::interval[]) AS settled",
    .parameters = 5,
};

const flx_statement flx_statement_push_figures = {
    .name = "push_figures",
    .text = "SELECT figure.provider, figure.waiting, figure.due, figure.oldest_due_ms,"
            " figure.dead FROM flixim.push_figures() AS figure",
    .parameters = 0,
    .read_only = 1,
};

const flx_statement flx_statement_listen = {
    .name = "listen",
    .text = "LISTEN flixim_events",
    .parameters = 0,
};

const flx_statement flx_statement_notify = {
    .name = "notify",
    .text = "SELECT pg_catalog.pg_notify('flixim_events', $1)",
    .parameters = 1,
};

const flx_statement flx_statement_server_identity = {
    .name = "server_identity",
    .text = "SELECT system_identifier::text AS system,"
            " pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)"
            " AS timeline FROM pg_catalog.pg_control_system()",
    .parameters = 0,
    .read_only = 1,
};
