/* SPDX-License-Identifier: Apache-2.0 */
/* The route table: which function answers which method on which path. */
#ifndef FLIXIM_ROUTE_H
#define FLIXIM_ROUTE_H

#include "httpd.h"

#include "api.h"

/* What the table says of one request. */
typedef struct flixim_route_match {
    /* the function that answers; NULL if none does for this method */
    flixim_api_function *function;
    /* the methods of the path, for the Allow header; NULL if there is no such path */
    const char *allow;
} flixim_route_match;

/* Looks up R's method and PATH, which is the part below the section's ("/health"). A function that
 * answers GET answers HEAD as well: httpd leaves out the body. */
flixim_route_match flixim_route_find(request_rec *r, const char *path);

#endif
