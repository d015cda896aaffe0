/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests a user may make: a bucket for each, which all child processes share. */
#include "limiter.h"
#include "private.h"

#include <stdatomic.h>
#include <stdint.h>

#include "apr_shm.h"

#include "clock.h"
#include "config.h"

#define SETS 8192
#define WAYS 8

/* A bucket is one number, when it will be full again (the generic cell rate algorithm): it holds less
 * the further that is ahead. */
typedef struct {
    /* the user's hash, 0 for a free bucket */
    _Atomic uint64_t owner;
    /* microseconds of flixim_clock_now(), which all processes of a machine share */
    _Atomic int64_t full_at;
} bucket;

struct flixim_buckets {
    bucket sets[SETS][WAYS];
};

int flixim_limiter_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                               server_rec *main_server)
{
    (void)plog;
    (void)ptemp;
    for (const server_rec *s = main_server; s; s = s->next) {
        const flixim_rate *rate = flixim_config_rate_limit(s);
        apr_shm_t *memory;

        /* A virtual host without a limit of its own shares the main server's buckets. */
        if (!rate || !rate->requests || *rate->buckets) {
            continue;
        }
        /* Without a name it goes to the children alone, with the fork. It comes zeroed. */
        if (apr_shm_create(&memory, sizeof(**rate->buckets), NULL, pconf) != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s,
                         "FLX0406: no shared memory left for FlixIMRateLimit");
            return !OK;
        }
        *rate->buckets = apr_shm_baseaddr_get(memory);
    }
    return OK;
}

/* FNV-1a. Nobody chooses a user's id freely. */
static uint64_t hash_of(const char *user_id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *user_id; user_id++) {
        hash = (hash ^ (unsigned char)*user_id) * UINT64_C(0x100000001b3);
    }
    return hash ? hash : 1;
}

/* The user's bucket, or one that was longest left alone and is the user's now. */
static bucket *bucket_of(bucket *set, uint64_t owner)
{
    bucket *oldest = &set[0];
    uint64_t former;

    for (int i = 0; i < WAYS; i++) {
        if (atomic_load(&set[i].owner) == owner) {
            return &set[i];
        }
        if (atomic_load(&set[i].full_at) < atomic_load(&oldest->full_at)) {
            oldest = &set[i];
        }
    }
    former = atomic_load(&oldest->owner);
    if (atomic_compare_exchange_strong(&oldest->owner, &former, owner)) {
        atomic_store(&oldest->full_at, 0);
    }
    /* Else somebody was quicker: this one request is then counted with theirs. */
    return oldest;
}

apr_interval_time_t flixim_limiter_take(const server_rec *s, const char *user_id)
{
    const flixim_rate *rate = flixim_config_rate_limit(s);
    int64_t now, full_at, next;
    uint64_t owner;
    bucket *mine;

    if (!rate || !rate->requests) {
        return 0;
    }
    owner = hash_of(user_id);
    now = flixim_clock_now();
    mine = bucket_of((*rate->buckets)->sets[owner % SETS], owner);
    full_at = atomic_load(&mine->full_at);
    do {
        next = (full_at > now ? full_at : now) + rate->per / rate->requests;
        if (next - now > rate->per) {
            return next - now - rate->per;
        }
    } while (!atomic_compare_exchange_weak(&mine->full_at, &full_at, next));
    return 0;
}

void flixim_limiter_give_back(const server_rec *s, const char *user_id)
{
    const flixim_rate *rate = flixim_config_rate_limit(s);
    uint64_t owner = hash_of(user_id);

    if (rate && rate->requests) {
        atomic_fetch_sub(&bucket_of((*rate->buckets)->sets[owner % SETS], owner)->full_at,
                         rate->per / rate->requests);
    }
}
