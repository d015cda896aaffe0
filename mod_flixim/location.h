/* SPDX-License-Identifier: Apache-2.0 */
/* Where the API is: the sections with SetHandler flixim, and which requests are theirs. */
#ifndef FLIXIM_LOCATION_H
#define FLIXIM_LOCATION_H

#include "httpd.h"
#include "http_config.h"

/* The name in SetHandler. */
#define FLIXIM_HANDLER "flixim"

/* The URL path of the <Location> whose SetHandler is in force for R ("/api/v1"), without a slash at
 * its end; NULL if something else chose this handler. */
const char *flixim_location_path(const request_rec *r);

/* Remembers a SetHandler flixim of the configuration for the servers whose sections have it. Called
 * by check.c, once for each that it lets pass. */
void flixim_location_add(apr_pool_t *p, const server_rec *main_server,
                         const ap_directive_t *handler);

/* Whether S has a <Location> with SetHandler flixim; the first such SetHandler, NULL if it has none. */
int flixim_location_is_served(const server_rec *s);
const ap_directive_t *flixim_location_directive(const server_rec *s);

/* Whether requests to S bring tokens: to an API, or with WebSockets that are handed over. */
int flixim_location_sees_tokens(const server_rec *s);

/* Whether R is at or below the API's path. Of a request that failed before httpd had found its
 * section, its path decides, and R then gets that section's settings. */
int flixim_location_is_below(request_rec *r);

#endif
