/* SPDX-License-Identifier: Apache-2.0 */
/* A long-poll session: the transport that GETs read from and POSTs write to. */
#ifndef PUSH_POLL_H
#define PUSH_POLL_H

#include "application.h"
#include "deadline.h"
#include "exchange.h"
#include "flx_buffer.h"
#include "transport.h"

/* FLX_SESSION_PREFIX and 32 characters of base64url. */
#define PUSH_POLL_TOKEN (sizeof(FLX_SESSION_PREFIX) - 1 + 32)

/* Sessions are found by a hash of their token. */
#define PUSH_POLL_BUCKETS 1024

/* What every answer of the long poll has. */
#define PUSH_POLL_HEADERS                                                                          \
    "access-control-allow-origin: *\r\n"                                                           \
    "cache-control: no-store\r\n"                                                                  \
    "content-type: application/json; charset=utf-8\r\n"

typedef struct push_poll push_poll;

struct push_polls {
    struct push_server *server;
    push_deadlines *deadlines;
    int64_t count;
    push_poll *buckets[PUSH_POLL_BUCKETS];
};

/* Makes a session and opens its receiver, to which the identity then belongs (given back on failure). NULL if there is no
 * memory, or no randomness. */
push_poll *push_poll_make(struct push_polls *polls, const flx_connect *connect,
                          push_identity *identity) __attribute__((warn_unused_result));

/* The session of a token; NULL if there is none that lives. */
push_poll *push_poll_find(const struct push_polls *polls, flx_slice token);

/* PUSH_POLL_TOKEN characters, without a terminating NUL. */
const char *push_poll_token(const push_poll *poll);

/* Answers a GET, with what waits or as soon as there is something, or with 204. */
void push_poll_get(push_poll *poll, push_exchange *exchange);

/* Bytes of a POST's body at most; SIZE_MAX: any. */
size_t push_poll_body_size(const push_poll *poll);

/* Takes the body of a POST, as one message or as lines of them, and answers it. */
void push_poll_post(push_poll *poll, push_exchange *exchange, int is_batch);

/* Ends it: a GET that waits is answered, and a turn of the loop later it is freed. */
void push_poll_end(push_poll *poll);

/* The same, but the GET is answered at once: nobody may be there a turn later. */
void push_poll_drain(push_poll *poll);

/* Frees it at once, with its receiver; what it has to answer is left alone. */
void push_poll_free(push_poll *poll);

/* Answers with {"status":...}. */
void push_poll_answer(push_exchange *exchange, int status);

#endif
