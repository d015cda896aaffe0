/* SPDX-License-Identifier: Apache-2.0 */
/* What a request can end in, and the rules that fields can break: all texts of the API, in one
 * file. */
#ifndef FLX_OUTCOME_H
#define FLX_OUTCOME_H

#include <stddef.h>

typedef enum flx_language { FLX_CHINESE, FLX_ENGLISH } flx_language;

/* Grouped by whose doing it is: what was asked for was done, the client must change something, we
 * could not. */
typedef enum flx_outcome {
    FLX_HEALTHY,
    FLX_MESSAGES_LISTED,
    FLX_MESSAGE_FOUND,
    FLX_MESSAGE_CREATED,
    FLX_MESSAGE_REPEATED, /* the same request again: the same message, not a new one */
    FLX_MESSAGE_READ,
    FLX_MESSAGES_READ,
    FLX_ALL_READ,
    FLX_UNREAD_COUNTED,
    FLX_MESSAGE_WITHDRAWN,
    FLX_MESSAGE_DELETED,
    FLX_MESSAGES_SYNCED,
    FLX_CONVERSATIONS_LISTED,
    FLX_CONVERSATION_FOUND,
    FLX_CONVERSATION_UPDATED,
    FLX_CONVERSATION_CREATED,
    FLX_CONVERSATION_KNOWN, /* asked to create, but it was there */
    FLX_HISTORY_LISTED,
    FLX_TOKEN_ISSUED,
    FLX_DEVICES_LISTED,
    FLX_DEVICE_CREATED,
    FLX_DEVICE_KNOWN, /* registered once more */
    FLX_DEVICE_DELETED,
    FLX_NOTIFICATION_SETTINGS_FOUND,
    FLX_NOTIFICATION_SETTINGS_UPDATED,

    FLX_BAD_REQUEST,
    FLX_INVALID_REQUEST, /* RFC 6750: credentials given twice */
    FLX_INVALID_JSON,
    FLX_INVALID_QUERY,
    FLX_UNAUTHORIZED, /* no credentials */
    FLX_INVALID_TOKEN,
    FLX_FORBIDDEN,
    FLX_INSUFFICIENT_SCOPE,
    FLX_NOT_FOUND,
    FLX_MESSAGE_NOT_FOUND,
    FLX_CONVERSATION_NOT_FOUND,
    FLX_DEVICE_NOT_FOUND,
    FLX_METHOD_NOT_ALLOWED,
    FLX_REQUEST_TIMEOUT,
    FLX_IDEMPOTENCY_CONFLICT,
    FLX_WITHDRAW_WINDOW_CLOSED,
    FLX_TOO_MANY_DEVICES,
    FLX_TOO_LARGE,
    FLX_UNSUPPORTED_MEDIA_TYPE,
    FLX_EXPECTATION_FAILED,
    FLX_INVALID_FIELDS,
    FLX_RATE_LIMITED,

    FLX_INTERNAL,
    FLX_UNAVAILABLE,
    FLX_SCHEMA_OUTDATED,
    FLX_OUTCOMES
} flx_outcome;

/* The HTTP status of an outcome. */
int flx_outcome_status(flx_outcome outcome);

/* Whether what was asked for was done. */
int flx_outcome_is_success(flx_outcome outcome);

/* The machine-readable code of an error ("not_found"); NULL for a success. */
const char *flx_outcome_code(flx_outcome outcome);

/* What a channel's error reply says for reason, which clients in the field compare: "conversation not found".
 * A success and what no channel answers with have "internal error". */
const char *flx_outcome_reason(flx_outcome outcome);

/* The sentence for people, UTF-8, nothing in it that JSON would have to escape. A success has the
 * seed's, which is Chinese whatever the language. */
const char *flx_outcome_message(flx_outcome outcome, flx_language language);

/* The refusal that a function of the schema answers with, by its label in flixim.outcome
 * ("message_not_found"). FLX_INTERNAL for a label that is no refusal. */
flx_outcome flx_outcome_of_label(const char *label, size_t length);

/* The error for an HTTP status that httpd itself answers with. */
flx_outcome flx_outcome_of_status(int status);

/* What is wrong with a field that breaks a rule, for people: the rule's text for that field, or its
 * text in general, or the rule's name if nobody wrote one. */
const char *flx_rule_message(const char *field, const char *rule, flx_language language);

#endif
