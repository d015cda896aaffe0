/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be shown on a device: a row of claim_pushes, with its title and text in the device's language. */
#include "notification.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "flx_base64url.h"
#include "flx_result.h"
#include "notification_text.h"
#include "tokens.h"

#define DIGEST_BYTES 32

/* The columns that are kept as they came, in the order in which they lie in memory. */
enum { APP_ID, TOKEN, PLATFORM, LOCALE, CONVERSATION, MESSAGE_TYPE, CONTENT_TYPE, P256DH, AUTH };

static const char *const columns[] = { "app_id",       "token",           "platform",
                                       "locale",       "conversation_id", "message_type",
                                       "content_type", "p256dh",          "auth" };

#define COLUMNS (sizeof columns / sizeof columns[0])

static void read_uuid(char text[FLX_UUID_TEXT + 1], const PGresult *result, int row,
                      const char *column)
{
    flx_uuid uuid = flx_value_uuid(flx_result_get(result, row, column));

    flx_uuid_write(&uuid, text);
    text[FLX_UUID_TEXT] = '\0';
}

static int read_collapse(push_notification *notification)
{
    const char *id = notification->conversation_id;
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[FLX_BASE64URL_TEXT(DIGEST_BYTES)];
    unsigned int length;

    if (EVP_Digest(id, strlen(id), digest, &length, EVP_sha256(), NULL) != 1) {
        return -1;
    }
    flx_base64url_encode(digest, DIGEST_BYTES, text);
    memcpy(notification->collapse, text, PUSH_COLLAPSE);
    notification->collapse[PUSH_COLLAPSE] = '\0';
    return 0;
}

static int64_t lifetime_until(flx_time expires_at)
{
    int64_t left = (expires_at - push_tokens_now()) / 1000;

    return left > 0 ? left : 0;
}

/* Copies the columns that are kept, each with a NUL behind it, and leaves room for the text. */
static int copy_columns(push_notification *notification, const PGresult *result, int row,
                        char **room)
{
    flx_slice copies[COLUMNS] = { { NULL, 0 } };
    size_t size = PUSH_TEXT_SIZE;
    char *at;
    size_t i;

    for (i = 0; i < COLUMNS; i++) {
        copies[i] = flx_result_get(result, row, columns[i]);
        size += copies[i].length + 1;
    }
    notification->memory = malloc(size);
    if (notification->memory == NULL) {
        return -1;
    }
    at = notification->memory;
    for (i = 0; i < COLUMNS; i++) {
        if (copies[i].length > 0) {
            memcpy(at, copies[i].at, copies[i].length);
        }
        at[copies[i].length] = '\0';
        copies[i].at = at;
        at += copies[i].length + 1;
    }
    notification->app_id = copies[APP_ID].at;
    notification->token = copies[TOKEN].at;
    notification->platform = copies[PLATFORM].at;
    notification->locale = copies[LOCALE].at;
    notification->conversation_id = copies[CONVERSATION].at;
    notification->message_type = copies[MESSAGE_TYPE].at;
    notification->content_type = copies[CONTENT_TYPE].at;
    notification->p256dh = copies[P256DH];
    notification->auth = copies[AUTH];
    *room = at;
    return 0;
}

/* room is where the text goes. */
static int read_texts(push_notification *notification, const PGresult *result, int row,
                      int with_text, char room[PUSH_TEXT_SIZE])
{
    push_text_language language = push_text_language_of(notification->locale);
    size_t length = 0;

    if (with_text && flx_value_bool(flx_result_get(result, row, "shows_text")) &&
        push_text_write(language, notification->content_type,
                        flx_result_get(result, row, "content"), room, &length) != 0) {
        return -1;
    }
    notification->text = length > 0 ? room : NULL;
    notification->title = push_text_title(language, notification->message_type, length == 0);
    return 0;
}

int push_notification_read(push_notification *notification, const PGresult *result, int row,
                           int with_text)
{
    char *room;

    memset(notification, 0, sizeof *notification);
    read_uuid(notification->id, result, row, "push_id");
    read_uuid(notification->device_id, result, row, "device_id");
    read_uuid(notification->user_id, result, row, "user_id");
    read_uuid(notification->message_id, result, row, "message_id");
    read_uuid(notification->sender_id, result, row, "sender_id");
    notification->attempt = (int)flx_value_int(flx_result_get(result, row, "attempt"));
    notification->badge = flx_value_int(flx_result_get(result, row, "badge"));
    notification->server_timestamp =
        flx_value_time(flx_result_get(result, row, "server_timestamp"));
    notification->lifetime =
        lifetime_until(flx_value_time(flx_result_get(result, row, "expires_at")));
    if (copy_columns(notification, result, row, &room) != 0 || read_collapse(notification) != 0 ||
        read_texts(notification, result, row, with_text, room) != 0) {
        push_notification_free(notification);
        return -1;
    }
    return 0;
}

void push_notification_free(push_notification *notification)
{
    free(notification->memory);
    memset(notification, 0, sizeof *notification);
}

static void add_member(flx_buffer *buffer, const char *name, const char *text, size_t length)
{
    flx_buffer_add_text(buffer, ",\"");
    flx_buffer_add_text(buffer, name);
    flx_buffer_add_text(buffer, "\":");
    flx_buffer_add_string(buffer, text, length);
}

void push_notification_add_data(const push_notification *notification, flx_buffer *buffer)
{
    const char *const members[][2] = {
        { "user_id", notification->user_id },
        { "message_id", notification->message_id },
        { "conversation_id", notification->conversation_id },
        { "message_type", notification->message_type },
        { "content_type", notification->content_type },
        { "sender_id", notification->sender_id },
    };
    char timestamp[FLX_TIME_TEXT];
    size_t i;

    flx_buffer_add_text(buffer, "{\"push_id\":\"");
    flx_buffer_add_text(buffer, notification->id);
    flx_buffer_add_text(buffer, "\",\"event\":\"new_message\"");
    for (i = 0; i < sizeof members / sizeof members[0]; i++) {
        add_member(buffer, members[i][0], members[i][1], strlen(members[i][1]));
    }
    flx_time_write(notification->server_timestamp, timestamp);
    add_member(buffer, "server_timestamp", timestamp, sizeof timestamp);
    add_member(buffer, "title", notification->title, strlen(notification->title));
    if (notification->text != NULL) {
        add_member(buffer, "text", notification->text, strlen(notification->text));
    }
    flx_buffer_add_text(buffer, ",\"badge\":");
    flx_buffer_add_number(buffer, notification->badge);
    add_member(buffer, "collapse", notification->collapse, strlen(notification->collapse));
    flx_buffer_add_text(buffer, "}");
}

const char *push_notification_cut(const push_notification *notification, char *buffer, size_t limit)
{
    size_t length;

    if (notification->text == NULL) {
        return NULL;
    }
    length = strlen(notification->text);
    if (length > limit) {
        length = limit;
        /* Back over the rest of a character that would be cut through. */
        while (length > 0 && ((unsigned char)notification->text[length] & 0xC0) == 0x80) {
            length--;
        }
    }
    memcpy(buffer, notification->text, length);
    buffer[length] = '\0';
    return buffer;
}

/* Writes it with so much of its text at the most. Returns whether it fits. */
static int write_cut(push_notification *shorter, const push_notification *notification, char *cut,
                     size_t length, flx_buffer *buffer, size_t limit,
                     void (*write)(const push_notification *notification, flx_buffer *buffer))
{
    flx_buffer_free(buffer);
    flx_buffer_init(buffer, limit);
    shorter->text = push_notification_cut(notification, cut, length);
    write(shorter, buffer);
    return !flx_buffer_failed(buffer);
}

int push_notification_fit(const push_notification *notification, flx_buffer *buffer, size_t limit,
                          void (*write)(const push_notification *notification, flx_buffer *buffer))
{
    push_notification shorter = *notification;
    size_t over = notification->text != NULL ? strlen(notification->text) : 0, fits = 0;
    char *cut = malloc(over + 1);
    int is_written;

    if (cut == NULL) {
        return -1;
    }
    is_written = write_cut(&shorter, notification, cut, over, buffer, limit, write);
    if (!is_written) {
        /* How long a text becomes by what is escaped in it is tried out. */
        while (over - fits > 1) {
            size_t middle = fits + (over - fits) / 2;

            if (write_cut(&shorter, notification, cut, middle, buffer, limit, write)) {
                fits = middle;
            }
            else {
                over = middle;
            }
        }
        is_written = write_cut(&shorter, notification, cut, fits, buffer, limit, write);
    }
    free(cut);
    return is_written ? 0 : -1;
}
