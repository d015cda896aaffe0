/* SPDX-License-Identifier: Apache-2.0 */
/* Finds tokens in the query of a URL, so that they can be taken out before anything logs it. */
#ifndef FLX_URL_TOKEN_H
#define FLX_URL_TOKEN_H

#include <stddef.h>

#include "flx_json_scan.h"

/* Finds the first value that is not empty of a parameter "token" or "access_token" in a query
 * ("vsn=2.0.0&token=x", without the question mark). Takes more for such a parameter than the
 * receiver would: names in either case and percent-encoded, after "&", ";", "?" or "#" (URLs within
 * URLs); the value goes on to the next "&". Returns 1 and sets *value to the bytes in query as they are, or returns 0. What
 * comes behind the value is then a query of its own. */
int flx_url_token_find(const char *query, size_t length, flx_slice *value);

#endif
