/* SPDX-License-Identifier: Apache-2.0 */
/* A clock for deadlines: it never jumps, unlike the wall clock that apr_time_now() reads. */
#ifndef FLIXIM_CLOCK_H
#define FLIXIM_CLOCK_H

#include <time.h>

#include "apr_time.h"

/* Microseconds since some moment in the past. */
static inline apr_time_t flixim_clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_time_t)now.tv_sec * APR_USEC_PER_SEC + now.tv_nsec / 1000;
}

#endif
