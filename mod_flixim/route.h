/* SPDX-License-Identifier: Apache-2.0 */
/* The route table: which operation answers which method on which path. */
#ifndef FLIXIM_ROUTE_H
#define FLIXIM_ROUTE_H

#include "httpd.h"

#include "api.h"

/* What a path's place for an id names. */
typedef enum flixim_route_id {
    FLIXIM_ROUTE_NO_ID,
    FLIXIM_ROUTE_MESSAGE,
    FLIXIM_ROUTE_CONVERSATION,
    FLIXIM_ROUTE_DEVICE
} flixim_route_id;

/* What the table says of one request. */
typedef struct flixim_route_match {
    /* the operation; NULL if there is none for this method */
    const flixim_operation *operation;
    /* the methods of the path, for the Allow header; NULL if there is no such path */
    const char *allow;
    /* what stands in the path's place for an id, as it came; NULL if it has none */
    const char *id;
    flixim_route_id id_of;
} flixim_route_match;

/* Looks up R's method and PATH, which is the part below the section's ("/health"). A path that is in
 * the table as it stands does not count as one with an id in that place. What answers GET answers
 * HEAD as well: httpd leaves out the body. */
flixim_route_match flixim_route_find(request_rec *r, const char *path);

#endif
