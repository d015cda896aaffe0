/* SPDX-License-Identifier: Apache-2.0 */
/* Whose an opaque token is, as far as this child has learned it from the database. */
#ifndef FLIXIM_KNOWN_TOKENS_H
#define FLIXIM_KNOWN_TOKENS_H

#include "apr_pools.h"

#include "flx_uuid.h"

/* A token is one user's for as long as there is such a token, so what is known here stays true; whether
 * the token is still valid is for the database to say, in every call. Of a fixed size; a newer
 * token takes an older one's place. */
typedef struct flixim_known_tokens flixim_known_tokens;

/* Makes it, in a child process, for as long as POOL lives. NULL if the system has no mutex left. */
flixim_known_tokens *flixim_known_tokens_make(apr_pool_t *pool);

/* Looks up the token with this DIGEST (the text that PostgreSQL gets): 1 and *USER, or 0. Any number of
 * threads may look and add at once. */
int flixim_known_tokens_find(flixim_known_tokens *known, const char *digest, flx_uuid *user)
    __attribute__((warn_unused_result));

/* Adds a token that the database has just called valid. */
void flixim_known_tokens_add(flixim_known_tokens *known, const char *digest, const flx_uuid *user);

#endif
