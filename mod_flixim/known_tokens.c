/* SPDX-License-Identifier: Apache-2.0 */
/* Whose an opaque token is, as far as this child has learned it from the database. */
#include "known_tokens.h"

#include "apr_strings.h"
#include "apr_thread_mutex.h"

/* Users that are active on one child at a time. */
#define PLACES 4096

/* "\x" and 64 digits. */
#define DIGEST_LENGTH 66

struct flixim_known_tokens {
    apr_thread_mutex_t *mutex;
    /* all below under the mutex; a free place has no digest */
    struct {
        char digest[DIGEST_LENGTH];
        flx_uuid user;
    } places[PLACES];
};

flixim_known_tokens *flixim_known_tokens_make(apr_pool_t *pool)
{
    flixim_known_tokens *known = apr_pcalloc(pool, sizeof(*known));

    return apr_thread_mutex_create(&known->mutex, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS
               ? known
               : NULL;
}

/* A digest is as good as random, so a few of its digits say where it goes. */
static unsigned place_of(const char *digest)
{
    unsigned place = 0;

    for (int i = 2; i < 6; i++) {
        unsigned char digit = (unsigned char)digest[i];

        place = place * 16 + (digit >= 'a' ? digit - 'a' + 10U : digit - '0' + 0U);
    }
    return place % PLACES;
}

int flixim_known_tokens_find(flixim_known_tokens *known, const char *digest, flx_uuid *user)
{
    unsigned place = place_of(digest);
    int found;

    apr_thread_mutex_lock(known->mutex);
    found = memcmp(known->places[place].digest, digest, DIGEST_LENGTH) == 0;
    if (found) {
        *user = known->places[place].user;
    }
    apr_thread_mutex_unlock(known->mutex);
    return found;
}

void flixim_known_tokens_add(flixim_known_tokens *known, const char *digest, const flx_uuid *user)
{
    unsigned place = place_of(digest);

    apr_thread_mutex_lock(known->mutex);
    memcpy(known->places[place].digest, digest, DIGEST_LENGTH);
    known->places[place].user = *user;
    apr_thread_mutex_unlock(known->mutex);
}
