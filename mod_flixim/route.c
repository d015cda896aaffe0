/* SPDX-License-Identifier: Apache-2.0 */
/* The route table: which function answers which method on which path. */
#include "route.h"
#include "private.h"

#include "apr_strings.h"

static const struct route {
    int method;
    const char *method_name;
    const char *path;
    flixim_api_function *function;
} routes[] = {
    { M_GET, "GET", "/health", flixim_api_get_health },
};

flixim_route_match flixim_route_find(request_rec *r, const char *path)
{
    flixim_route_match match = { NULL, NULL };

    for (apr_size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        const struct route *route = &routes[i];

        if (strcmp(route->path, path) != 0) {
            continue;
        }
        match.allow = apr_pstrcat(r->pool, match.allow ? match.allow : "", match.allow ? ", " : "",
                                  route->method_name, route->method == M_GET ? ", HEAD" : "", NULL);
        if (route->method == r->method_number) {
            match.function = route->function;
        }
    }
    if (match.allow) {
        match.allow = apr_pstrcat(r->pool, match.allow, ", OPTIONS", NULL);
    }
    return match;
}
