/* SPDX-License-Identifier: Apache-2.0 */
/* What a client pushes into its channel: requests that wait in a queue and are answered one at a time. */
#include "pushes.h"

#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "user_limits.h"
#include "reply.h"
#include "server.h"

/* Requests that wait in one channel, and their bytes; more stay in the connection. */
#define QUEUE_COUNT 64
#define QUEUE_BYTES ((size_t)512 * 1024)

typedef enum request_kind {
    REQUEST_EVENT,
    REQUEST_LEAVE,
    REQUEST_UNKNOWN,
    REQUEST_BINARY,
    REQUEST_TOO_LARGE,
    REQUEST_TOO_MANY
} request_kind;

typedef struct push_request {
    struct push_request *next;
    request_kind kind;
    const push_event *event;
    size_t ref_length;
    size_t payload_length;
    char bytes[]; /* the ref, then the payload */
} push_request;

/* What became of a request that was begun. */
typedef enum progress { DONE, WAITING, ENDED } progress;

/* Where a reply to a request goes; topic is room for it. */
static push_address address_of(const push_channel *channel, const push_request *request,
                               char topic[PUSH_TOPIC_LENGTH])
{
    push_address to = { .join_ref = push_channel_shown(channel),
                        .ref = { request->bytes, request->ref_length },
                        .topic = push_channel_topic(channel, topic) };

    return to;
}

void push_pushes_forget(push_channel *channel)
{
    while (channel->first != NULL) {
        push_request *request = channel->first;

        channel->first = request->next;
        free(request);
    }
}

static void pop(push_channel *channel)
{
    push_request *request = channel->first;

    channel->first = request->next;
    channel->queued--;
    channel->queued_bytes -= request->ref_length + request->payload_length;
    free(request);
    if (channel->is_holding && channel->queued < QUEUE_COUNT / 2 &&
        channel->queued_bytes < QUEUE_BYTES / 2) {
        channel->is_holding = 0;
        push_socket_release(channel->socket);
    }
}

static void refuse(push_channel *channel, const push_request *request, const char *reason,
                   const char *code)
{
    push_refusal refusal = { .reason = reason, .code = code };
    char topic[PUSH_TOPIC_LENGTH];
    push_address to = address_of(channel, request, topic);

    push_reply_error(channel->socket, &to, &refusal);
}

static void refuse_outcome(push_channel *channel, const push_request *request, flx_outcome outcome)
{
    refuse(channel, request, flx_outcome_reason(outcome), flx_outcome_code(outcome));
}

/* What an event says of fields that break rules. */
static const char *reason_of(const push_event *event, const flx_fault *faults, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(faults[i].rule, "required") == 0) {
            return event->missing != NULL ? event->missing : "missing required parameters";
        }
    }
    for (int i = 0; i < count; i++) {
        if (event->field != NULL && strcmp(faults[i].field, event->field) == 0) {
            return event->invalid;
        }
    }
    return flx_outcome_reason(FLX_INVALID_FIELDS);
}

static void refuse_fields(push_channel *channel, const push_request *request, int is_malformed,
                          const flx_fault *faults, int count)
{
    flx_outcome outcome = is_malformed ? FLX_INVALID_JSON : FLX_INVALID_FIELDS;
    push_refusal refusal = { .reason = is_malformed ? flx_outcome_reason(outcome)
                                                    : reason_of(request->event, faults, count),
                             .code = flx_outcome_code(outcome),
                             .faults = faults,
                             .fault_count = count };
    char topic[PUSH_TOPIC_LENGTH];
    push_address to = address_of(channel, request, topic);

    push_reply_error(channel->socket, &to, &refusal);
}

static void leave(push_channel *channel, const push_request *request)
{
    push_socket *socket = channel->socket;
    char topic[PUSH_TOPIC_LENGTH];
    push_address to = address_of(channel, request, topic);

    push_reply_ok(socket, &to);
    push_reply_closed(socket, push_channel_stored(channel), to.topic);
    push_channel_end(channel);
}

int push_pushes_leave_now(push_channel *channel)
{
    const push_request *request = channel->first;

    while (request != NULL && request->kind != REQUEST_LEAVE) {
        request = request->next;
    }
    if (request == NULL) {
        return 0;
    }
    leave(channel, request);
    return 1;
}

static void pump(push_channel *channel);

/* Replies with what the database has said. */
static void reply(push_channel *channel, const push_request *request, const push_answer *answer,
                  push_page *page)
{
    char topic[PUSH_TOPIC_LENGTH];
    push_address to = address_of(channel, request, topic);
    flx_buffer buffer;

    if (answer->result != NULL) {
        push_reply_begin(&buffer, channel->socket, &to);
        request->event->respond(&buffer, answer, page);
        push_reply_end(&buffer, channel->socket, &to);
    }
    else if (answer->refusal == FLX_INVALID_FIELDS) {
        refuse_fields(channel, request, 0, &answer->fault, 1);
    }
    else {
        refuse_outcome(channel, request, answer->refusal);
    }
}

static void answered(void *data, const push_answer *answer)
{
    push_channel *channel = data;
    push_request *request = channel->first;
    int is_sync = request->event->is_sync;
    /* A reply that alone fills the client's queue would end the connection, each time anew. */
    push_page page = { .enough = (size_t)channel->socket->server->settings->queue_size / 2 };

    channel->call = NULL;
    reply(channel, request, answer, &page);
    if (channel->socket->is_closing) {
        return;
    }
    pop(channel);
    if (is_sync) {
        push_subscription_synced(&channel->subscription, answer->result != NULL, page.cursor,
                                 page.has_more);
    }
    if (answer->result == NULL && answer->refusal == FLX_INVALID_TOKEN) {
        push_channel_judge(channel);
    }
    pump(channel);
}

/* Where a sync is to begin. */
static flx_time cursor_of(const char *text)
{
    flx_time cursor;

    return text != NULL && flx_time_read(&cursor, text, strlen(text)) == 0 ? cursor : FLX_TIME_MIN;
}

static progress call(push_channel *channel, push_request *request, const flx_form *form)
{
    const push_event *event = request->event;
    const char *parameters[PUSH_EVENT_PARAMETERS] = { NULL };
    push_server *server = channel->socket->server;
    char origin[FLX_UUID_TEXT + 1] = "";

    flx_uuid_write(&channel->subscription.origin, origin);
    event->fill(form, origin, parameters);
    if (event->is_sync) {
        push_subscription_syncing(&channel->subscription, cursor_of(parameters[0]));
    }
    channel->call = push_database_call(server->database, event->lane, event->statement,
                                       channel->identity->caller, parameters, answered, channel);
    if (channel->call != NULL) {
        return WAITING;
    }
    refuse_outcome(channel, request, FLX_INTERNAL);
    if (event->is_sync) {
        push_subscription_synced(&channel->subscription, 0, 0, 0);
    }
    return DONE;
}

static progress begin_event(push_channel *channel, push_request *request)
{
    const push_event *event = request->event;
    const char *payload = request->bytes + request->ref_length;
    size_t length = request->payload_length;
    progress result = DONE;
    flx_fault fault;
    flx_form form;

    /* Clients that have nothing to say send null. */
    if (length == 4 && memcmp(payload, "null", 4) == 0) {
        payload = "{}";
        length = 2;
    }
    if (flx_form_read_json(&form, event->fields, event->field_count, payload, length) != 0) {
        refuse_fields(channel, request, form.is_malformed, form.faults, form.fault_count);
    }
    else if (event->check != NULL && event->check(&form, &fault) != 0) {
        refuse_fields(channel, request, 0, &fault, 1);
    }
    else {
        result = call(channel, request, &form);
    }
    flx_form_free(&form);
    return result;
}

static progress begin(push_channel *channel, push_request *request)
{
    switch (request->kind) {
    case REQUEST_LEAVE:
        leave(channel, request);
        return ENDED;
    case REQUEST_UNKNOWN:
        if (channel->socket->server->settings->strict_channels) {
            push_channel_crash(channel);
            return ENDED;
        }
        refuse(channel, request, "unknown event", "unknown_event");
        return DONE;
    case REQUEST_BINARY:
        refuse(channel, request, "binary payloads are not supported",
               flx_outcome_code(FLX_INVALID_JSON));
        return DONE;
    case REQUEST_TOO_LARGE:
        refuse_outcome(channel, request, FLX_TOO_LARGE);
        return DONE;
    case REQUEST_TOO_MANY:
        refuse_outcome(channel, request, FLX_RATE_LIMITED);
        return DONE;
    case REQUEST_EVENT:
        break;
    }
    return begin_event(channel, request);
}

/* Begins what waits until something has to be waited for. */
static void pump(push_channel *channel)
{
    push_socket *socket = channel->socket;

    while (channel->first != NULL && channel->call == NULL) {
        progress result = begin(channel, channel->first);

        if (result == ENDED || socket->is_closing) {
            return;
        }
        if (result == DONE) {
            pop(channel);
        }
    }
}

static request_kind kind_of(const push_frame *frame, const push_event *event)
{
    if (push_slice_is(frame->event, PUSH_SLICE("\"phx_leave\""))) {
        return REQUEST_LEAVE;
    }
    if (event == NULL) {
        return REQUEST_UNKNOWN;
    }
    if (frame->payload.length > PUSH_PAYLOAD_LENGTH) {
        return REQUEST_TOO_LARGE;
    }
    return frame->is_binary ? REQUEST_BINARY : REQUEST_EVENT;
}

/* A request to wait in the queue; NULL if there is no memory. */
static push_request *make_request(const push_frame *frame)
{
    const push_event *event = push_event_find(frame->event);
    request_kind kind = kind_of(frame, event);
    size_t length = kind == REQUEST_EVENT ? frame->payload.length : 0;
    push_request *request = malloc(sizeof *request + frame->ref.length + length);

    if (request == NULL) {
        return NULL;
    }
    request->next = NULL;
    request->kind = kind;
    request->event = event;
    request->ref_length = frame->ref.length;
    request->payload_length = length;
    memcpy(request->bytes, frame->ref.at, frame->ref.length);
    memcpy(request->bytes + frame->ref.length, frame->payload.at, length);
    return request;
}

static void append(push_channel *channel, push_request *request)
{
    if (channel->first == NULL) {
        channel->first = request;
    }
    else {
        channel->last->next = request;
    }
    channel->last = request;
    channel->queued++;
    channel->queued_bytes += request->ref_length + request->payload_length;
    channel->is_leaving = request->kind == REQUEST_LEAVE;
    if (!channel->is_holding &&
        (channel->queued >= QUEUE_COUNT || channel->queued_bytes >= QUEUE_BYTES)) {
        channel->is_holding = 1;
        push_socket_hold(channel->socket);
    }
}

void push_pushes_take(push_channel *channel, const push_frame *frame)
{
    push_socket *socket = channel->socket;
    push_address to = { .join_ref = push_channel_shown(channel),
                        .ref = frame->ref,
                        .topic = frame->topic };
    push_request *request;

    /* What comes behind a phx_leave vanishes. */
    if (channel->is_leaving) {
        return;
    }
    request = make_request(frame);
    if (request == NULL) {
        push_reply_outcome(socket, &to, FLX_INTERNAL);
        return;
    }
    /* Refused in its turn, as the others of its channel are answered. */
    if (request->kind != REQUEST_LEAVE &&
        push_limits_take_push(socket->server->limits, &channel->subscription.user_id,
                              frame->payload.length) != 0) {
        request->kind = REQUEST_TOO_MANY;
    }
    append(channel, request);
    pump(channel);
}
