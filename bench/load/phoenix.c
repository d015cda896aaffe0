/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes V2 messages: [join_ref, ref, topic, event, payload]. */
#include "phoenix.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME(name)   name, sizeof(name) - 1

static const load_want in_content[] = { { NAME("text"), LOAD_TEXT_VALUE, NULL, 0 } };
static const load_want in_message[] = {
    { NAME("id"), LOAD_ID, NULL, 0 },
    { NAME("sender_id"), LOAD_SENDER, NULL, 0 },
    { NAME("receiver_id"), LOAD_RECEIVER, NULL, 0 },
    { NAME("conversation_id"), LOAD_CONVERSATION, NULL, 0 },
    { NAME("content"), -1, in_content, COUNT(in_content) },
};
static const load_want in_response[] = {
    { NAME("code"), LOAD_CODE, NULL, 0 },
    { NAME("client_message_id"), LOAD_CLIENT_ID, NULL, 0 },
    { NAME("message_id"), LOAD_MESSAGE_ID, NULL, 0 },
    { NAME("status"), LOAD_SENT_STATUS, NULL, 0 },
};
static const load_want in_payload[] = {
    { NAME("status"), LOAD_STATUS, NULL, 0 },
    { NAME("response"), -1, in_response, COUNT(in_response) },
    { NAME("event_type"), LOAD_EVENT_TYPE, NULL, 0 },
    { NAME("target_user_id"), LOAD_TARGET, NULL, 0 },
    { NAME("payload"), -1, in_message, COUNT(in_message) },
};

/* One of the array's items, and the mark behind it. */
static int read_item(flx_slice *rest, char mark, flx_slice *item)
{
    flx_slice begin = *rest;

    if (load_scan_value(rest, NULL, 0, NULL) != 0) {
        return -1;
    }
    *item = (flx_slice){ begin.at, begin.length - rest->length };
    return load_scan_mark(rest, mark);
}

int load_phoenix_read(load_message *message, const char *text, size_t length)
{
    flx_slice rest = { text, length }, join_ref;

    memset(message, 0, sizeof *message);
    message->frame = rest;
    if (load_scan_mark(&rest, '[') != 0 || read_item(&rest, ',', &join_ref) != 0 ||
        read_item(&rest, ',', &message->ref) != 0 || read_item(&rest, ',', &message->topic) != 0 ||
        read_item(&rest, ',', &message->event) != 0 ||
        load_scan_value(&rest, in_payload, COUNT(in_payload), message->values) != 0 ||
        load_scan_mark(&rest, ']') != 0) {
        return -1;
    }
    return rest.length == 0 ? 0 : -1;
}

int load_phoenix_ref(const load_message *message, int64_t *number)
{
    flx_slice text = load_scan_text(message->ref);
    size_t i;

    *number = 0;
    if (text.length == 0 || text.length > 15 || (text.at[0] == '0' && text.length > 1)) {
        return -1;
    }
    for (i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return -1;
        }
        *number = *number * 10 + (text.at[i] - '0');
    }
    return 0;
}

/* ---- what is said ---- */

static char *add(char *out, const char *text, size_t length)
{
    memcpy(out, text, length);
    return out + length;
}

#define ADD(out, literal) add(out, literal, sizeof(literal) - 1)

static char *add_number(char *out, int64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return add(out, digits + at, sizeof digits - at);
}

size_t load_phoenix_join(char *out, const char *user)
{
    char *at = ADD(out, "[\"1\",\"1\",\"user:");

    at = add(at, user, 36);
    at = ADD(at, "\",\"phx_join\",{}]");
    return (size_t)(at - out);
}

size_t load_phoenix_beat(char *out)
{
    return (size_t)(ADD(out, "[null,\"2\",\"phoenix\",\"heartbeat\",{}]") - out);
}

size_t load_phoenix_send(char *out, const load_send *send)
{
    char *at = ADD(out, "[\"1\",\"");

    at = add_number(at, send->ref);
    at = ADD(at, "\",\"user:");
    at = add(at, send->user, 36);
    at = ADD(at, "\",\"send_message\",{\"client_message_id\":\"");
    at = add(at, send->client_id, 36);
    if (send->receiver != NULL) {
        at = ADD(at, "\",\"receiver_id\":\"");
        at = add(at, send->receiver, 36);
    }
    else {
        at = ADD(at, "\",\"conversation_id\":\"");
        at = add(at, send->conversation, strlen(send->conversation));
    }
    at = ADD(at, "\",\"message_type\":\"private_message\",\"content_type\":\"text\",\"content\":{"
                 "\"text\":\"");
    at = add(at, send->text.at, send->text.length);
    at = ADD(at, "\"}}]");
    return (size_t)(at - out);
}
