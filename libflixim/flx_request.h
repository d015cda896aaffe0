/* SPDX-License-Identifier: Apache-2.0 */
/* What flx_request.c, flx_connect.c and flx_upgrade.c need of a request head beside flx_upgrade.h: texts compared, lists
 * walked. */
#ifndef FLX_REQUEST_H
#define FLX_REQUEST_H

#include "flx_upgrade.h"

/* Whether a slice is a text that ends with NUL; in any case of ASCII letters (RFC 9110, 5.1). */
int flx_request_is(flx_slice slice, const char *text);

/* Whether it begins with a text, in just that case. */
int flx_request_begins(flx_slice slice, const char *text);

/* The next value of a header that may be there several times: *index begins as 0. Returns 1, or 0 after the last. */
int flx_request_next(const flx_request *request, const char *name, int *index, flx_slice *value)
    __attribute__((warn_unused_result));

/* Takes the first item off a list with commas (RFC 9110, 5.6.1), without the white space around it; empty ones are no items.
 * Returns 1, or 0 if there is none left. */
int flx_request_item(flx_slice *list, flx_slice *item) __attribute__((warn_unused_result));

/* Whether any value of a header has an item, in any case. */
int flx_request_lists(const flx_request *request, const char *name, const char *item);

#endif
