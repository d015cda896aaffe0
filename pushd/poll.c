/* SPDX-License-Identifier: Apache-2.0 */
/* A long-poll session: the transport that GETs read from and POSTs write to. */
#include "poll.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "flx_base64url.h"
#include "flx_utf8.h"
#include "server.h"

/* Lines of one body; the rest is ignored, as Phoenix does. */
#define MAX_LINES    100

#define RANDOM_BYTES 24

/* A POST that is being worked on, or waits for the one before it. */
typedef struct post {
    struct post *next;
    push_poll *poll;
    push_exchange *exchange;
    flx_slice rest;
    int is_batch;
    int lines;
} post;

struct push_poll {
    push_transport transport; /* the first member */
    struct push_polls *polls;
    push_receiver *receiver;
    push_poll *next; /* in its bucket */
    char token[PUSH_POLL_TOKEN];
    flx_buffer queue;       /* messages for the next GET: JSON strings with commas between them */
    push_exchange *waiting; /* a GET; NULL: none */
    push_deadline
        deadline; /* the window of the GET that waits, or the end of a session that nobody polls */
    push_deadline patience; /* with the POST that waits for a join */
    push_deadline soon;     /* something is to be done when whoever calls us has returned */
    post *first;
    post *last;
    int is_held;
    int is_ended;
    uint64_t sent;     /* messages */
    uint64_t answered; /* of these, those that a GET was given */
    uint64_t arrived;  /* of these, those after which the client came for more */
};

static push_poll *poll_of(push_transport *transport)
{
    return (push_poll *)transport;
}

static uint64_t window_of(const push_poll *poll)
{
    return (uint64_t)poll->polls->server->settings->longpoll_window;
}

static size_t queue_size(const push_poll *poll)
{
    return (size_t)poll->polls->server->settings->queue_size;
}

static void do_soon(push_poll *poll)
{
    push_deadline_set(poll->polls->deadlines, &poll->soon, 0);
}

/* -- The table --------------------------------------------------------------------------------------- */

/* The tokens are random, and nobody else chooses what is in the table. */
static size_t bucket_of(const char *token)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < PUSH_POLL_TOKEN; i++) {
        hash = (hash ^ (unsigned char)token[i]) * 16777619U;
    }
    return hash % PUSH_POLL_BUCKETS;
}

push_poll *push_poll_find(const struct push_polls *polls, flx_slice token)
{
    push_poll *poll;

    if (token.at == NULL || token.length != PUSH_POLL_TOKEN) {
        return NULL;
    }
    poll = polls->buckets[bucket_of(token.at)];
    while (poll != NULL && CRYPTO_memcmp(poll->token, token.at, PUSH_POLL_TOKEN) != 0) {
        poll = poll->next;
    }
    return poll;
}

static void add(push_poll *poll)
{
    struct push_polls *polls = poll->polls;
    push_poll **bucket = &polls->buckets[bucket_of(poll->token)];

    poll->next = *bucket;
    *bucket = poll;
    polls->count++;
    polls->server->metrics.longpoll_sessions++;
}

static void take_out(push_poll *poll)
{
    struct push_polls *polls = poll->polls;
    push_poll **link = &polls->buckets[bucket_of(poll->token)];

    while (*link != NULL && *link != poll) {
        link = &(*link)->next;
    }
    if (*link == poll) {
        *link = poll->next;
        polls->count--;
        polls->server->metrics.longpoll_sessions--;
    }
}

const char *push_poll_token(const push_poll *poll)
{
    return poll->token;
}

/* -- Answers ----------------------------------------------------------------------------------------- */

void push_poll_answer(push_exchange *exchange, int status)
{
    char body[32];
    int length = snprintf(body, sizeof body, "{\"status\":%d}", status);

    push_exchange_answer(exchange, 200, PUSH_POLL_HEADERS, body, (size_t)length);
}

/* Answers the GET that waits, if one does: with what is queued, or with 204. */
static void answer_waiting(push_poll *poll)
{
    push_exchange *exchange = poll->waiting;
    flx_buffer body;

    if (exchange == NULL) {
        return;
    }
    poll->waiting = NULL;
    poll->answered = poll->sent;
    exchange->gone = NULL;
    flx_buffer_init(&body, poll->queue.length + 128);
    flx_buffer_add_text(&body, "{\"messages\":[");
    flx_buffer_add(&body, poll->queue.at, poll->queue.length);
    flx_buffer_add_text(&body, "],\"status\":");
    flx_buffer_add_text(&body, poll->queue.length > 0 ? "200" : "204");
    flx_buffer_add_text(&body, ",\"token\":");
    flx_buffer_add_string(&body, poll->token, PUSH_POLL_TOKEN);
    flx_buffer_add_text(&body, "}");
    flx_buffer_free(&poll->queue);
    /* From here the session lives on for a while without another GET. */
    push_deadline_set(poll->polls->deadlines, &poll->deadline, window_of(poll) * 3 / 2);
    if (flx_buffer_failed(&body)) {
        push_exchange_answer(exchange, 500, PUSH_POLL_HEADERS, NULL, 0);
    }
    else {
        push_exchange_answer(exchange, 200, PUSH_POLL_HEADERS, body.at, body.length);
    }
    flx_buffer_free(&body);
}

/* Answers the first POST: with a status in the body, or with an HTTP status. */
static void answer_post(push_poll *poll, int status, int http_status)
{
    post *done = poll->first;
    push_exchange *exchange = done->exchange;

    poll->first = done->next;
    push_deadline_clear(poll->polls->deadlines, &poll->patience);
    free(done);
    exchange->gone = NULL;
    if (http_status != 200) {
        push_exchange_answer(exchange, http_status, PUSH_POLL_HEADERS, NULL, 0);
    }
    else {
        push_poll_answer(exchange, status);
    }
}

/* -- The transport ----------------------------------------------------------------------------------- */

void push_poll_end(push_poll *poll)
{
    if (!poll->is_ended) {
        poll->is_ended = 1;
        take_out(poll);
        do_soon(poll);
    }
}

void push_poll_drain(push_poll *poll)
{
    answer_waiting(poll);
    push_poll_end(poll);
}

static void close_poll(push_transport *transport, unsigned code)
{
    (void)code;
    push_poll_end(poll_of(transport));
}

/* Appends a message that may come in several blocks, as one JSON string. */
static void append(flx_buffer *queue, push_block *const *blocks, int count)
{
    size_t length = 0, used = 0, before = queue->length;
    char *text;

    for (int i = 0; i < count; i++) {
        length += blocks[i]->length;
    }
    text = malloc(length + 1);
    if (text == NULL) {
        queue->failed = 1;
        return;
    }
    for (int i = 0; i < count; i++) {
        memcpy(text + used, blocks[i]->bytes, blocks[i]->length);
        used += blocks[i]->length;
    }
    flx_buffer_add(queue, ",", queue->length > 0);
    flx_buffer_add_string(queue, text, length);
    free(text);
    if (flx_buffer_failed(queue)) {
        queue->length = before; /* a GET that waits still gets what is whole */
    }
}

static void send_to_poll(push_transport *transport, int is_binary, push_block *const *blocks,
                         int count)
{
    push_poll *poll = poll_of(transport);

    /* A binary message would be no JSON: nothing here ever sends one. */
    if (!poll->is_ended && !is_binary) {
        /* One that is longer than the whole queue goes if it is alone. */
        if (poll->queue.length == 0) {
            poll->queue.limit = SIZE_MAX;
        }
        else if (poll->queue.length < queue_size(poll)) {
            poll->queue.limit = queue_size(poll);
        }
        else {
            poll->queue.limit = poll->queue.length;
        }
        append(&poll->queue, blocks, count);
        poll->sent++;
        poll->polls->server->metrics.messages_sent_total++;
    }
    for (int i = 0; i < count; i++) {
        push_block_release(blocks[i]);
    }
    if (flx_buffer_failed(&poll->queue)) {
        poll->polls->server->metrics.closed_slow_reader_total += !poll->is_ended;
        push_poll_end(poll);
    }
    else if (poll->waiting != NULL) {
        do_soon(poll);
    }
}

static void hold(push_transport *transport)
{
    poll_of(transport)->is_held = 1;
}

static void release(push_transport *transport)
{
    push_poll *poll = poll_of(transport);

    poll->is_held = 0;
    if (poll->first != NULL) {
        do_soon(poll);
    }
}

static size_t backlog(const push_transport *transport)
{
    return ((const push_poll *)transport)->queue.length;
}

static uint64_t progress(const push_transport *transport, push_stage stage)
{
    const push_poll *poll = (const push_poll *)transport;

    return stage == PUSH_HEARD || (stage == PUSH_SENT && poll->is_ended) ? UINT64_MAX
           : stage == PUSH_SENT                                          ? poll->sent
                                                                         : poll->arrived;
}

static const push_transport_functions functions = {
    .send = send_to_poll,
    .close = close_poll,
    .hold = hold,
    .release = release,
    .backlog = backlog,
    .progress = progress,
};

/* -- POST -------------------------------------------------------------------------------------------- */

size_t push_poll_body_size(const push_poll *poll)
{
    return poll->transport.largest > 0 ? poll->transport.largest : SIZE_MAX;
}

/* Takes the next line that is not empty off a body; 0 if there is none. */
static int next_line(flx_slice *rest, flx_slice *line)
{
    while (rest->length > 0) {
        const char *end = memchr(rest->at, '\n', rest->length);
        size_t length = end != NULL ? (size_t)(end - rest->at) : rest->length;
        size_t taken = end != NULL ? length + 1 : length;

        *line = (flx_slice){ rest->at, length };
        rest->at += taken;
        rest->length -= taken;
        line->length -= line->length > 0 && line->at[line->length - 1] == '\r';
        if (line->length > 0) {
            return 1;
        }
    }
    return 0;
}

/* Decodes a line of base64 (RFC 4648, 4), which must be padded. From the heap; NULL if it is none. */
static char *decode(flx_slice line, size_t *length)
{
    size_t used = line.length, room = FLX_BASE64URL_BYTES(line.length);
    char *text, *bytes;

    if (line.length % 4 != 0) {
        return NULL;
    }
    text = malloc(line.length);
    bytes = malloc(room);
    if (text == NULL || bytes == NULL) {
        goto failed;
    }
    for (size_t i = 0; i < line.length; i++) {
        char c = line.at[i];
        if (c == '-' || c == '_') {
            goto failed;
        }
        text[i] = (char)(c == '+' ? '-' : c == '/' ? '_' : c);
    }
    for (int i = 0; i < 2 && used > 0 && text[used - 1] == '='; i++) {
        used--;
    }
    if (flx_base64url_decode(text, used, bytes, room, length) != 0) {
        goto failed;
    }
    free(text);
    return bytes;
failed:
    free(text);
    free(bytes);
    return NULL;
}

static void deliver(push_poll *poll, int is_binary, flx_slice message)
{
    const push_receiver_functions *receiver = poll->receiver->functions;

    poll->polls->server->metrics.messages_received_total++;
    if (!is_binary && !flx_utf8_valid(message.at, message.length)) {
        push_poll_end(poll);
        return;
    }
    receiver->message(poll->receiver, is_binary, message.at, message.length);
}

/* Delivers the next message of a body. Returns 1, 0 if there is none left, -1 if it is not to be read. */
static int deliver_next(push_poll *poll, post *from)
{
    flx_slice line;
    char *bytes;
    size_t length;

    if (!from->is_batch) {
        if (from->lines++ > 0) {
            return 0;
        }
        deliver(poll, 0, from->rest);
        return 1;
    }
    if (from->lines++ == MAX_LINES || !next_line(&from->rest, &line)) {
        return 0;
    }
    if (line.at[0] == '[') {
        deliver(poll, 0, line);
        return 1;
    }
    bytes = decode(line, &length);
    if (bytes == NULL) {
        return -1;
    }
    deliver(poll, 1, (flx_slice){ bytes, length });
    free(bytes);
    return 1;
}

/* Works on the POSTs in their order, for as long as nothing holds. */
static void work(push_poll *poll)
{
    while (poll->first != NULL && !poll->is_held && !poll->is_ended) {
        int result = deliver_next(poll, poll->first);

        if (poll->is_ended) {
            break;
        }
        if (result < 0) {
            answer_post(poll, 0, 500);
        }
        else if (result == 0) {
            answer_post(poll, 200, 200);
        }
    }
    if (poll->first != NULL && !poll->is_ended && !push_deadline_is_set(&poll->patience)) {
        push_deadline_set(poll->polls->deadlines, &poll->patience, window_of(poll));
    }
}

static void gone_post(push_exchange *exchange)
{
    post *lost = exchange->data;
    push_poll *poll = lost->poll;
    post **link = &poll->first, *before = NULL;

    while (*link != lost) {
        before = *link;
        link = &(*link)->next;
    }
    *link = lost->next;
    if (poll->last == lost) {
        poll->last = before;
    }
    free(lost);
    if (poll->first == NULL) {
        push_deadline_clear(poll->polls->deadlines, &poll->patience);
    }
}

void push_poll_post(push_poll *poll, push_exchange *exchange, int is_batch)
{
    post *added = calloc(1, sizeof *added);

    if (added == NULL) {
        push_exchange_answer(exchange, 500, PUSH_POLL_HEADERS, NULL, 0);
        return;
    }
    *added = (post){ NULL, poll, exchange, exchange->body, is_batch, 0 };
    exchange->data = added;
    exchange->gone = gone_post;
    if (poll->first == NULL) {
        poll->first = added;
    }
    else {
        poll->last->next = added;
    }
    poll->last = added;
    if (poll->first == added) {
        work(poll);
    }
}

/* A join takes longer than a poll may: the session is of no use. */
static void patience_ended(push_deadline *deadline)
{
    push_poll_end((push_poll *)((char *)deadline - offsetof(push_poll, patience)));
}

/* -- GET --------------------------------------------------------------------------------------------- */

static void gone_get(push_exchange *exchange)
{
    push_poll *poll = exchange->data;

    poll->waiting = NULL;
    push_deadline_set(poll->polls->deadlines, &poll->deadline, window_of(poll) * 3 / 2);
}

void push_poll_get(push_poll *poll, push_exchange *exchange)
{
    poll->arrived = poll->answered;
    /* An older one makes way. It gets nothing: what there is would have been sent already. */
    answer_waiting(poll);
    poll->waiting = exchange;
    exchange->data = poll;
    exchange->gone = gone_get;
    if (poll->queue.length > 0) {
        answer_waiting(poll);
        return;
    }
    push_deadline_set(poll->polls->deadlines, &poll->deadline, window_of(poll));
}

/* -- Life -------------------------------------------------------------------------------------------- */

static void window_ended(push_deadline *deadline)
{
    push_poll *poll = (push_poll *)((char *)deadline - offsetof(push_poll, deadline));

    if (poll->waiting != NULL) {
        answer_waiting(poll);
    }
    else {
        push_poll_end(poll);
    }
}

static void soon_is_now(push_deadline *deadline)
{
    push_poll *poll = (push_poll *)((char *)deadline - offsetof(push_poll, soon));

    if (!poll->is_ended) {
        work(poll);
    }
    /* What was worked on may have ended it, which sets this deadline again. */
    if (poll->queue.length > 0 || poll->is_ended) {
        answer_waiting(poll);
    }
    if (!poll->is_ended) {
        return;
    }
    while (poll->first != NULL) {
        answer_post(poll, 408, 200);
    }
    push_poll_free(poll);
}

void push_poll_free(push_poll *poll)
{
    push_deadlines *deadlines = poll->polls->deadlines;

    take_out(poll);
    if (poll->receiver != NULL) {
        poll->receiver->functions->ended(poll->receiver);
    }
    while (poll->first != NULL) {
        post *lost = poll->first;

        poll->first = lost->next;
        free(lost);
    }
    push_deadline_clear(deadlines, &poll->deadline);
    push_deadline_clear(deadlines, &poll->patience);
    push_deadline_clear(deadlines, &poll->soon);
    flx_buffer_free(&poll->queue);
    free(poll);
}

static int make_token(char token[PUSH_POLL_TOKEN])
{
    size_t prefix = sizeof FLX_SESSION_PREFIX - 1;
    unsigned char bytes[RANDOM_BYTES];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return -1;
    }
    memcpy(token, FLX_SESSION_PREFIX, prefix);
    (void)flx_base64url_encode(bytes, sizeof bytes, token + prefix);
    return 0;
}

push_poll *push_poll_make(struct push_polls *polls, const flx_connect *connect,
                          push_identity *identity)
{
    push_server *server = polls->server;
    push_poll *poll = calloc(1, sizeof *poll);

    if (poll == NULL || make_token(poll->token) != 0) {
        server->application->drop(identity);
        free(poll);
        return NULL;
    }
    poll->transport.functions = &functions;
    poll->polls = polls;
    poll->deadline.reached = window_ended;
    poll->patience.reached = patience_ended;
    poll->soon.reached = soon_is_now;
    flx_buffer_init(&poll->queue, queue_size(poll));
    add(poll);
    poll->receiver = server->application->open(server, &poll->transport, connect, identity);
    if (poll->receiver == NULL) {
        push_poll_free(poll);
        return NULL;
    }
    push_deadline_set(polls->deadlines, &poll->deadline, window_of(poll) * 3 / 2);
    return poll;
}
