/* SPDX-License-Identifier: Apache-2.0 */
/* How a site tells push services of browsers who it is: VAPID (RFC 8292), a token for each service, kept while it is good. */
#include "vapid.h"

#include <stdlib.h>
#include <string.h>

#include "flx_buffer.h"

#define LIFETIME 43200 /* seconds; RFC 8292 allows a day */
#define MARGIN   3600  /* before its end a token is replaced: the other clock may be wrong */
#define LENGTH   4096  /* of a header at the most */

/* Tokens that are kept: some vendors have a host for each of their regions. */
#define TOKENS 32

typedef struct token {
    char *origin; /* NULL: none */
    char *header;
    int64_t made_at;
    uint64_t used; /* when, in calls */
} token;

struct push_vapid {
    push_signer *signer;
    char *subject;
    uint64_t calls;
    token tokens[TOKENS];
};

static void forget(token *kept)
{
    free(kept->origin);
    free(kept->header);
    memset(kept, 0, sizeof *kept);
}

push_vapid *push_vapid_open(push_signer *signer, const char *subject)
{
    push_vapid *vapid = calloc(1, sizeof *vapid);

    if (vapid == NULL) {
        push_signer_free(signer);
        return NULL;
    }
    vapid->signer = signer;
    vapid->subject = strdup(subject);
    if (vapid->subject == NULL) {
        push_vapid_free(vapid);
        return NULL;
    }
    return vapid;
}

void push_vapid_renew(push_vapid *vapid)
{
    for (int i = 0; i < TOKENS; i++) {
        forget(&vapid->tokens[i]);
    }
}

void push_vapid_free(push_vapid *vapid)
{
    if (vapid != NULL) {
        push_vapid_renew(vapid);
        push_signer_free(vapid->signer);
        free(vapid->subject);
        free(vapid);
    }
}

/* The text of a buffer as its own, or NULL; the buffer is given back. */
static char *finish(flx_buffer *buffer)
{
    char *text = flx_buffer_failed(buffer) ? NULL : strndup(buffer->at, buffer->length);

    flx_buffer_free(buffer);
    return text;
}

/* Signs what the service is to know: whom it is for, until when, whom to ask. */
static char *sign(const push_vapid *vapid, flx_slice origin, int64_t now)
{
    flx_buffer buffer;
    char *claims, *jwt;

    flx_buffer_init(&buffer, LENGTH);
    flx_buffer_add_text(&buffer, "{\"aud\":");
    flx_buffer_add_string(&buffer, origin.at, origin.length);
    flx_buffer_add_text(&buffer, ",\"exp\":");
    flx_buffer_add_number(&buffer, now + LIFETIME);
    flx_buffer_add_text(&buffer, ",\"sub\":");
    flx_buffer_add_string(&buffer, vapid->subject, strlen(vapid->subject));
    flx_buffer_add_text(&buffer, "}");
    claims = finish(&buffer);
    jwt = claims != NULL ? push_signer_sign(vapid->signer, NULL, claims) : NULL;
    free(claims);
    return jwt;
}

static char *make_header(const push_vapid *vapid, flx_slice origin, int64_t now)
{
    char *jwt = sign(vapid, origin, now);
    flx_buffer buffer;

    if (jwt == NULL) {
        return NULL;
    }
    flx_buffer_init(&buffer, LENGTH);
    flx_buffer_add_text(&buffer, "vapid t=");
    flx_buffer_add_text(&buffer, jwt);
    flx_buffer_add_text(&buffer, ", k=");
    flx_buffer_add_text(&buffer, push_signer_public_key(vapid->signer));
    free(jwt);
    return finish(&buffer);
}

/* The place of an origin's token, or the one whose token was not used for longest. */
static token *find(push_vapid *vapid, flx_slice origin)
{
    token *oldest = &vapid->tokens[0];

    for (int i = 0; i < TOKENS; i++) {
        token *kept = &vapid->tokens[i];

        if (kept->origin != NULL && strlen(kept->origin) == origin.length &&
            memcmp(kept->origin, origin.at, origin.length) == 0) {
            return kept;
        }
        oldest = kept->used < oldest->used ? kept : oldest;
    }
    forget(oldest);
    return oldest;
}

const char *push_vapid_header(push_vapid *vapid, flx_slice origin, int64_t now)
{
    token *kept = find(vapid, origin);

    kept->used = ++vapid->calls;
    /* A clock that was put back makes a new one as well. */
    if (kept->header != NULL && now >= kept->made_at && now < kept->made_at + LIFETIME - MARGIN) {
        return kept->header;
    }
    forget(kept);
    kept->origin = strndup(origin.at, origin.length);
    kept->header = make_header(vapid, origin, now);
    kept->made_at = now;
    kept->used = vapid->calls;
    if (kept->origin == NULL || kept->header == NULL) {
        forget(kept);
    }
    return kept->header;
}

const char *push_vapid_public_key(const push_vapid *vapid)
{
    return push_signer_public_key(vapid->signer);
}
