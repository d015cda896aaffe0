/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text that lives in a pool. */
#ifndef FLIXIM_TEXT_H
#define FLIXIM_TEXT_H

#include "apr_pools.h"

#include "flx_time.h"
#include "flx_uuid.h"

/* The 36 characters of a UUID. */
const char *flixim_text_of_uuid(apr_pool_t *p, const flx_uuid *uuid);

/* An instant between FLX_TIME_MIN and FLX_TIME_MAX as the API and PostgreSQL read it. */
const char *flixim_text_of_time(apr_pool_t *p, flx_time time);

#endif
