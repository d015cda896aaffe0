/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be shown on a device: a row of claim_pushes, with its title and text in the device's language. */
#ifndef PUSH_NOTIFICATION_H
#define PUSH_NOTIFICATION_H

#include <libpq-fe.h>

#include "flx_buffer.h"
#include "flx_json_scan.h"
#include "flx_time.h"
#include "flx_uuid.h"

/* base64url characters of collapse */
#define PUSH_COLLAPSE 32

/* Texts end with a NUL and are UTF-8; those from the row are as clients gave them. */
typedef struct push_notification {
    char id[FLX_UUID_TEXT + 1]; /* the same at each try */
    char device_id[FLX_UUID_TEXT + 1];
    char user_id[FLX_UUID_TEXT + 1];
    char message_id[FLX_UUID_TEXT + 1];
    char sender_id[FLX_UUID_TEXT + 1];
    int attempt; /* 1 for the first */
    const char *app_id;
    const char *token;
    flx_slice p256dh; /* bytes; empty but for Web Push */
    flx_slice auth;
    const char *platform;
    const char *locale;
    const char *conversation_id;
    const char *message_type;
    const char *content_type;
    flx_time server_timestamp;
    int64_t lifetime; /* seconds for which it is worth keeping, at least 0 */
    int64_t badge;    /* unread messages of the user */
    /* what to show; text is NULL where none is to be sent */
    const char *title;
    const char *text;
    /* what notifications of one conversation have in common: SHA-256 of its id, cut */
    char collapse[PUSH_COLLAPSE + 1];
    char *memory; /* what the texts lie in */
} push_notification;

/* Reads a row. with_text: whether the site sends texts at all. Returns 0, or -1 if there is no memory. */
int push_notification_read(push_notification *notification, const PGresult *result, int row,
                           int with_text) __attribute__((warn_unused_result));
void push_notification_free(push_notification *notification);

/* Appends the JSON object that devices get as data, whatever the provider: {"push_id", "event": "new_message", "user_id" (whom it is for: an app
 * may know several), "message_id", "conversation_id", "message_type", "content_type", "sender_id", "server_timestamp", "title", "text" (absent
 * without), "badge", "collapse"}, all strings but badge. */
void push_notification_add_data(const push_notification *notification, flx_buffer *buffer);

/* Writes it into an empty buffer, which is then limited to so many bytes, with as much of the text as goes in. Returns 0; or -1 if it does
 * not go in without one, or there is no memory. */
int push_notification_fit(const push_notification *notification, flx_buffer *buffer, size_t limit,
                          void (*write)(const push_notification *notification, flx_buffer *buffer))
    __attribute__((warn_unused_result));

/* The text, cut after so many bytes at the most, at a character's end; NULL stays NULL. In a buffer of limit + 1. */
const char *push_notification_cut(const push_notification *notification, char *buffer,
                                  size_t limit);

#endif
