/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a token is: what it says itself, and what the database says of it. */
#include "identity.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "flx_result.h"
#include "flx_token.h"
#include "user_limits.h"
#include "server.h"
#include "tokens.h"

/* For how long a clock that may be set is trusted. */
#define LOOK_AGAIN INT64_C(3600000)

/* Whether all of a token is what RFC 6750 calls b64token, and not too long. */
static int is_token(flx_slice token)
{
    static const char marks[] = "-._~+/";
    size_t i = 0;

    while (i < token.length && token.at[i] != '\0' &&
           ((token.at[i] >= '0' && token.at[i] <= '9') ||
            (token.at[i] >= 'A' && token.at[i] <= 'Z') ||
            (token.at[i] >= 'a' && token.at[i] <= 'z') || strchr(marks, token.at[i]) != NULL)) {
        i++;
    }
    if (i == 0) {
        return 0;
    }
    while (i < token.length && token.at[i] == '=') {
        i++;
    }
    return i == token.length && token.length <= FLX_TOKEN_LENGTH;
}

static int read_jwt(push_identity *identity, flx_slice token)
{
    char *user = identity->text, *issued = identity->text + FLX_UUID_TEXT + 1;
    flx_claims claims;
    const char *why = NULL;

    if (push_tokens_verify(identity->server->tokens, token.at, token.length, &claims, &why) != 0) {
        push_log(PUSH_LOG_DEBUG, "FLX1102: token refused: %s", why);
        return -1;
    }
    identity->is_jwt = 1;
    identity->has_user = 1;
    identity->user_id = claims.user_id;
    identity->expires_at = claims.expires_at;
    flx_uuid_write(&claims.user_id, user);
    identity->caller[0] = user;
    /* One that does not say when it was issued counts as older than any revocation. */
    identity->caller[1] = "-infinity";
    if (claims.issued_at != FLX_TIME_MIN) {
        flx_time_write(claims.issued_at, issued);
        identity->caller[1] = issued;
    }
    identity->caller[2] = claims.is_system ? "true" : "false";
    return 0;
}

/* PostgreSQL knows its digest. */
static void read_opaque(push_identity *identity, flx_slice token)
{
    static const char digit[] = "0123456789abcdef";
    unsigned char digest[FLX_TOKEN_DIGEST];
    char *at = identity->text;

    flx_token_digest(token.at, token.length, digest);
    *at++ = '\\';
    *at++ = 'x';
    for (size_t i = 0; i < sizeof digest; i++) {
        *at++ = digit[digest[i] >> 4];
        *at++ = digit[digest[i] & 0xF];
    }
    identity->caller[3] = identity->text;
}

push_identity *push_identity_read(push_server *server, flx_slice token, flx_outcome *refusal)
{
    push_identity *identity;

    *refusal = FLX_INVALID_TOKEN;
    if (!is_token(token)) {
        return NULL;
    }
    identity = calloc(1, sizeof *identity);
    if (identity == NULL) {
        *refusal = FLX_INTERNAL;
        return NULL;
    }
    identity->references = 1;
    identity->server = server;
    identity->expires_at = FLX_TIME_MAX;
    if (!flx_token_is_jwt(token.at, token.length)) {
        read_opaque(identity, token);
    }
    else if (read_jwt(identity, token) != 0) {
        push_identity_release(identity);
        return NULL;
    }
    return identity;
}

push_identity *push_identity_share(push_identity *identity)
{
    identity->references++;
    return identity;
}

void push_identity_release(push_identity *identity)
{
    if (identity == NULL || --identity->references > 0) {
        return;
    }
    if (identity->is_counted) {
        push_limits_remove_socket(identity->server->limits, &identity->user_id);
    }
    free(identity);
}

void push_identity_drop(push_identity *identity)
{
    push_identity_release(identity);
}

int push_identity_is_same(const push_identity *one, const push_identity *other)
{
    if (one->is_jwt != other->is_jwt) {
        return 0;
    }
    if (!one->is_jwt) {
        return strcmp(one->caller[3], other->caller[3]) == 0;
    }
    return one->expires_at == other->expires_at && strcmp(one->caller[0], other->caller[0]) == 0 &&
           strcmp(one->caller[1], other->caller[1]) == 0 &&
           strcmp(one->caller[2], other->caller[2]) == 0;
}

uint64_t push_identity_time_left(const push_identity *identity)
{
    /* An opaque token is the database's to judge, which knows no leeway. */
    int64_t leeway = identity->is_jwt ? push_tokens_leeway(identity->server->tokens) : 0;
    int64_t left;

    if (identity->expires_at > FLX_TIME_MAX - leeway) {
        return (uint64_t)LOOK_AGAIN;
    }
    left = identity->expires_at + leeway - push_tokens_now();
    if (left <= 0) {
        return 0;
    }
    return (uint64_t)(left < LOOK_AGAIN ? left : LOOK_AGAIN);
}

/* -- At connect -------------------------------------------------------------------------------------- */

typedef struct question {
    push_server *server;
    push_identity *identity;
    push_call *call;
    push_connected *done;
    void *data;
} question;

static void judged(void *data, const push_answer *answer)
{
    question *asked = data;
    push_identity *identity = asked->identity;
    push_connected *done = asked->done;
    void *receiver = asked->data;
    int status = 0;

    free(asked);
    if (answer->result == NULL) {
        status = answer->refusal == FLX_INVALID_TOKEN ? 403 : 503;
    }
    else if (!identity->has_user) {
        flx_value user = flx_result_get(answer->result, 0, "user_id");
        identity->has_user = user.at != NULL;
        identity->user_id = flx_value_uuid(user);
        /* It may have ended between the two. */
        status = user.at != NULL ? 0 : 403;
    }
    if (status == 0 && push_limits_add_socket(identity->server->limits, &identity->user_id) != 0) {
        status = 429;
    }
    if (status != 0) {
        push_identity_release(identity);
        done(receiver, status, NULL);
        return;
    }
    identity->is_counted = 1;
    done(receiver, 0, identity);
}

void *push_identity_connect(push_server *server, const flx_connect *connect, int is_local,
                            push_connected *done, void *data)
{
    flx_outcome refusal = FLX_INTERNAL;
    question *asked = NULL;
    push_identity *identity;

    (void)is_local;
    /* Clients leave a parameter empty that they have no value for. */
    if (connect->token.length == 0) {
        done(data, 0, NULL);
        return NULL;
    }
    identity = push_identity_read(server, connect->token, &refusal);
    if (identity == NULL) {
        done(data, refusal == FLX_INVALID_TOKEN ? 403 : 503, NULL);
        return NULL;
    }
    asked = calloc(1, sizeof *asked);
    if (asked != NULL) {
        *asked = (question){ server, identity, NULL, done, data };
        asked->call = push_database_call(server->database, PUSH_LANE_READ, &flx_statement_connect,
                                         identity->caller, NULL, judged, asked);
    }
    if (asked == NULL || asked->call == NULL) {
        free(asked);
        push_identity_release(identity);
        done(data, 503, NULL);
        return NULL;
    }
    return asked;
}

void push_identity_forget(void *ticket)
{
    question *asked = ticket;

    push_call_forget(asked->call);
    push_identity_release(asked->identity);
    free(asked);
}
