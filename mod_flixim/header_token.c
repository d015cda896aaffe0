/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what is in the Authorization header out of what httpd logs. */
#include "header_token.h"
#include "private.h"

#include "config.h"

static const char header[] = "Authorization";

/* Where the pool of a request keeps its header meanwhile. */
static const char key[] = "flixim_header_token";

int flixim_header_token_hide(request_rec *r)
{
    const char *value = apr_table_get(r->headers_in, header);

    if (value && flixim_config_has_api(r->server)) {
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
    if (apr_table_get(r->headers_in, header) && flixim_config_has_api(r->server)) {
        apr_table_setn(r->headers_in, header, "***");
    }
    return DECLINED;
}
