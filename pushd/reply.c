/* SPDX-License-Identifier: Apache-2.0 */
/* What a socket says to its client beside the events that are pushed: replies, phx_close, phx_error. */
#include "reply.h"

#include <string.h>

/* More than any answer has: pages end long before. */
#define REPLY_LIMIT ((size_t)64 * 1024 * 1024)

static push_frame frame_of(const push_address *to, flx_slice event)
{
    push_frame frame = {
        .join_ref = to->join_ref, .ref = to->ref, .topic = to->topic, .event = event
    };

    return frame;
}

void push_reply_begin(flx_buffer *buffer, const push_socket *socket, const push_address *to)
{
    push_frame frame = frame_of(to, PUSH_SLICE("\"phx_reply\""));

    flx_buffer_init(buffer, REPLY_LIMIT);
    push_serializer_begin(buffer, socket->version, &frame);
    flx_buffer_add_text(buffer, "{\"response\":");
}

static void finish(flx_buffer *buffer, push_socket *socket, const push_address *to,
                   const char *status)
{
    push_frame frame = frame_of(to, PUSH_SLICE("\"phx_reply\""));

    flx_buffer_add_text(buffer, ",\"status\":\"");
    flx_buffer_add_text(buffer, status);
    flx_buffer_add_text(buffer, "\"}");
    push_serializer_end(buffer, socket->version, &frame);
    push_socket_send(socket, buffer);
}

void push_reply_end(flx_buffer *buffer, push_socket *socket, const push_address *to)
{
    finish(buffer, socket, to, "ok");
}

void push_reply_ok(push_socket *socket, const push_address *to)
{
    flx_buffer buffer;

    push_reply_begin(&buffer, socket, to);
    flx_buffer_add_text(&buffer, "{}");
    finish(&buffer, socket, to, "ok");
}

static void add_string(flx_buffer *buffer, const char *text)
{
    flx_buffer_add_string(buffer, text, strlen(text));
}

void push_reply_error(push_socket *socket, const push_address *to, const push_refusal *refusal)
{
    flx_buffer buffer;

    push_reply_begin(&buffer, socket, to);
    flx_buffer_add_text(&buffer, "{\"reason\":");
    add_string(&buffer, refusal->reason);
    if (refusal->code != NULL) {
        flx_buffer_add_text(&buffer, ",\"code\":");
        add_string(&buffer, refusal->code);
    }
    for (int i = 0; i < refusal->fault_count; i++) {
        const flx_fault *fault = &refusal->faults[i];
        flx_buffer_add_text(&buffer, i == 0 ? ",\"fields\":{" : ",");
        add_string(&buffer, fault->field);
        flx_buffer_add_text(&buffer, ":");
        add_string(&buffer, flx_rule_message(fault->field, fault->rule, FLX_ENGLISH));
    }
    flx_buffer_add_text(&buffer, refusal->fault_count > 0 ? "}}" : "}");
    finish(&buffer, socket, to, "error");
}

void push_reply_outcome(push_socket *socket, const push_address *to, flx_outcome outcome)
{
    push_refusal refusal = { .reason = flx_outcome_reason(outcome),
                             .code = flx_outcome_code(outcome) };

    push_reply_error(socket, to, &refusal);
}

void push_reply_unmatched(push_socket *socket, const push_address *to)
{
    push_refusal refusal = { .reason = "unmatched topic" };
    push_address without = *to;

    without.join_ref = PUSH_NULL;
    push_reply_error(socket, &without, &refusal);
}

static void say(push_socket *socket, flx_slice join_ref, flx_slice topic, flx_slice event,
                const char *payload)
{
    push_frame frame = { .join_ref = join_ref, .ref = join_ref, .topic = topic, .event = event };
    flx_buffer buffer;

    flx_buffer_init(&buffer, REPLY_LIMIT);
    push_serializer_begin(&buffer, socket->version, &frame);
    flx_buffer_add_text(&buffer, payload);
    push_serializer_end(&buffer, socket->version, &frame);
    push_socket_send(socket, &buffer);
}

void push_reply_closed(push_socket *socket, flx_slice join_ref, flx_slice topic)
{
    say(socket, join_ref, topic, PUSH_SLICE("\"phx_close\""), "{}");
}

void push_reply_crashed(push_socket *socket, flx_slice join_ref, flx_slice topic)
{
    say(socket, join_ref, topic, PUSH_SLICE("\"phx_error\""), "{\"reason\":\"channel_crash\"}");
}
