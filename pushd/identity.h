/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a token is: what it says itself, and what the database says of it. */
#ifndef PUSH_IDENTITY_H
#define PUSH_IDENTITY_H

#include "application.h"
#include "flx_outcome.h"
#include "flx_statement.h"
#include "flx_time.h"
#include "flx_uuid.h"

/* A token that may be good, shared by the socket and its channels. The token itself is not kept. */
struct push_identity {
    unsigned references;
    /* whether user_id is known: always of a JWT, of another token once the database was asked */
    int has_user;
    flx_uuid user_id;
    /* its end by itself, without leeway; FLX_TIME_MAX while it is not known */
    flx_time expires_at;
    int is_jwt;
    /* the user has been counted (push_limits_add_socket) for this identity, in server */
    int is_counted;
    struct push_server *server;
    /* FLX_CALLER_PARAMETERS */
    const char *caller[FLX_CALLER_PARAMETERS];
    /* what they point to: a user id and a time, or a digest in hexadecimal */
    char text[72];
};

/* Reads a token: verifies a JWT, takes the digest of another. NULL with *refusal: FLX_INVALID_TOKEN, or FLX_INTERNAL if there
 * is no memory. One reference, the caller's. */
push_identity *push_identity_read(struct push_server *server, flx_slice token, flx_outcome *refusal)
    __attribute__((warn_unused_result));

push_identity *push_identity_share(push_identity *identity);

/* One reference less; NULL is fine. With the last one a counted user is counted no more. */
void push_identity_release(push_identity *identity);

/* Whether two were read from one token, as far as anything here can tell. */
int push_identity_is_same(const push_identity *one, const push_identity *other);

/* Milliseconds until it ends, leeway included; 0 if it has; at most an hour, since the wall clock may be
 * set: look again then. */
uint64_t push_identity_time_left(const push_identity *identity);

/* push_application's connect, forget and drop. */
void *push_identity_connect(struct push_server *server, const flx_connect *connect, int is_local,
                            push_connected *done, void *data);
void push_identity_forget(void *ticket);
void push_identity_drop(push_identity *identity);

#endif
