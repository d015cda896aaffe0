/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as servers write it: its shape is checked, and members are picked in the same pass. */
#ifndef LOAD_SCAN_H
#define LOAD_SCAN_H

#include <stddef.h>

#include "flx_json_scan.h"

/* A member to pick: where its value goes among the values, or what to pick of it. */
typedef struct load_want {
    const char *name;
    size_t length;
    int value; /* -1: not itself */
    const struct load_want *inner;
    size_t inner_count;
} load_want;

/* Takes one value off the front of a text. Values that are wanted of it (of objects in it, by their names as
 * they are written) go to values as they are written, which the caller has cleared. Returns 0, or -1 if it is no JSON,
 * deeper than 16, or has a wanted member twice. */
int load_scan_value(flx_slice *text, const load_want *wants, size_t count, flx_slice *values);

/* Takes a character off the front of a text, white space before it not counted. 0 or -1. */
int load_scan_mark(flx_slice *text, char mark);

/* Whether a value is just this string, which needs no escapes. */
int load_scan_is(flx_slice value, const char *text, size_t length);

/* A string without its quotes; {NULL, 0} if it is none. */
flx_slice load_scan_text(flx_slice value);

#endif
