/* SPDX-License-Identifier: Apache-2.0 */
/* Cross-origin requests (the Fetch standard's CORS protocol): which pages may read the answers. */
#include "cors.h"
#include "private.h"

#include "config.h"
#include "location.h"

/* Headers of answers that a page may read beside the harmless ones, headers that it may send, and
 * for how many seconds a browser need not ask again. */
#define EXPOSED_HEADERS "Location, Retry-After, WWW-Authenticate"
#define ALLOWED_HEADERS "Authorization, Content-Type, Idempotency-Key, Accept-Language"
#define MAX_AGE         "600"

/* The origin of the page that asks, if it is allowed, else NULL. Browsers write an origin in one
 * way only, and so does the configuration: equal bytes are what counts. "null" is in no list. */
static const char *allowed_origin(const request_rec *r)
{
    const apr_array_header_t *allowed = flixim_config_allowed_origins(r);
    const char *origin = allowed ? apr_table_get(r->headers_in, "Origin") : NULL;

    for (int i = 0; origin && i < allowed->nelts; i++) {
        const char *one = APR_ARRAY_IDX(allowed, i, const char *);

        if (!strcmp(one, origin)) {
            return one;
        }
    }
    return NULL;
}

void flixim_cors_add(request_rec *r)
{
    const char *vary = apr_table_get(r->headers_out, "Vary");
    const char *origin = allowed_origin(r);

    if (flixim_config_allowed_origins(r) && !(vary && ap_find_token(r->pool, vary, "Origin"))) {
        apr_table_mergen(r->headers_out, "Vary", "Origin");
    }
    if (origin) {
        apr_table_setn(r->headers_out, "Access-Control-Allow-Origin", origin);
        apr_table_setn(r->headers_out, "Access-Control-Expose-Headers", EXPOSED_HEADERS);
    }
}

int flixim_cors_is_preflight(const request_rec *r)
{
    return r->method_number == M_OPTIONS && apr_table_get(r->headers_in, "Origin") &&
           apr_table_get(r->headers_in, "Access-Control-Request-Method");
}

void flixim_cors_add_preflight(request_rec *r, const char *allow)
{
    flixim_cors_add(r);
    if (allowed_origin(r)) {
        apr_table_unset(r->headers_out, "Access-Control-Expose-Headers");
        apr_table_setn(r->headers_out, "Access-Control-Allow-Methods", allow);
        apr_table_setn(r->headers_out, "Access-Control-Allow-Headers", ALLOWED_HEADERS);
        apr_table_setn(r->headers_out, "Access-Control-Max-Age", MAX_AGE);
    }
}

int flixim_cors_let_preflight_pass(request_rec *r)
{
    return flixim_cors_is_preflight(r) && allowed_origin(r) && flixim_location_is_below(r)
               ? OK
               : DECLINED;
}
