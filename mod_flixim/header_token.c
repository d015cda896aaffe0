/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps tokens in the Authorization header, and all else in it, out of what httpd logs. */
#include "header_token.h"
#include "private.h"

#include "location.h"

static const char header[] = "Authorization";

/* Where the pool of a request keeps its header meanwhile. */
static const char key[] = "flixim_header_token";

/* The header, where there are tokens. All of it, whatever its scheme: a client that has forgotten
 * to write "Bearer" has sent a token all the same, and Basic is a password. */
static const char *header_with_token(const request_rec *r)
{
    return flixim_location_sees_tokens(r->server) ? apr_table_get(r->headers_in, header) : NULL;
}

int flixim_header_token_hide(request_rec *r)
{
    const char *value = header_with_token(r);

    if (value) {
        apr_pool_userdata_setn(value, key, NULL, r->pool);
        apr_table_setn(r->headers_in, header, "***");
    }
    return DECLINED;
}

int flixim_header_token_restore(request_rec *r, int lookup_uri)
{
    void *value = NULL;

    (void)lookup_uri;
    apr_pool_userdata_get(&value, key, r->pool);
    if (value) {
        apr_table_setn(r->headers_in, header, value);
    }
    return DECLINED;
}

int flixim_header_token_hide_for_good(request_rec *r)
{
    if (header_with_token(r)) {
        apr_table_setn(r->headers_in, header, "***");
    }
    return DECLINED;
}
