/* SPDX-License-Identifier: Apache-2.0 */
/* httpd's own error pages, made JSON where a request was for the API. */
#ifndef FLIXIM_ERRORS_H
#define FLIXIM_ERRORS_H

#include "httpd.h"
#include "util_filter.h"

/* Everything that httpd refuses by itself at or below the API's path (Require, LimitRequestBody, a
 * %2F, an expectation, a handler that returned a status ...) is answered in the envelope of the
 * API, also where the site has an ErrorDocument: clients of an API cannot do with the page.
 * Redirects stay as they are, and what the module has written itself never comes here. Out of
 * reach is an ErrorDocument that is a whole URL, for a request that httpd could not even read. */

/* The insert_error_filter hook: puts the filter in that writes the answer. */
void flixim_errors_insert_filter(request_rec *r);

/* The filter, for mod_flixim.c to register under this name. Throws away what comes, and writes the
 * answer to r->status instead, once. */
#define FLIXIM_ERRORS_FILTER "FLIXIM_ERRORS"
apr_status_t flixim_errors_filter(ap_filter_t *f, apr_bucket_brigade *brigade);

/* The post_read_request and post_perdir_config hooks: set ErrorDocument aside, early for requests
 * that fail before their section is found. Nothing to do on most sites. */
int flixim_errors_set_documents_aside(request_rec *r);

/* The post_read_request hook for what follows when it was too early even for that: httpd has
 * begun an internal redirect to the ErrorDocument, and is told that it failed. */
int flixim_errors_refuse_document(request_rec *r);

#endif
