/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a URL (application/x-www-form-urlencoded): its parameters, and their decoding. */
#ifndef FLX_QUERY_H
#define FLX_QUERY_H

#include <stddef.h>

#include "flx_json_scan.h" /* flx_slice */

/* A parameter as it is written; both slices lie in the query. Without "=" the value is empty. */
typedef struct flx_query_parameter {
    flx_slice name;
    flx_slice value;
} flx_query_parameter;

/* Takes the first parameter off *rest, which begins as the whole query without its "?". Nothing
 * between two "&" is no parameter. Returns 1, or 0 if there is none left. */
int flx_query_next(flx_slice *rest, flx_query_parameter *parameter)
    __attribute__((warn_unused_result));

/* Decodes a name or a value: "+" is a space, "%" and two hexadecimal digits are a byte. Writes at
 * most written.length bytes to text (which may be where written lies), without a terminating NUL,
 * and returns how many in *length. Returns 0; or -1, and what text then holds is nothing, if a
 * "%" stands without its digits, or what comes out has a NUL or is not UTF-8. */
int flx_query_decode(flx_slice written, char *text, size_t *length)
    __attribute__((warn_unused_result));

#endif
