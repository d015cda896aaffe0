/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a JSON text that flx_json_scan has judged, as they decode. */
#ifndef FLX_JSON_H
#define FLX_JSON_H

#include <stddef.h>

#include "flx_json_scan.h"

typedef enum flx_json_kind {
    FLX_JSON_IS_NULL,
    FLX_JSON_IS_BOOL,
    FLX_JSON_IS_NUMBER,
    FLX_JSON_IS_STRING,
    FLX_JSON_IS_ARRAY,
    FLX_JSON_IS_OBJECT
} flx_json_kind;

/* A decoded value, from the heap; json-c's, which no other file has to know. */
typedef struct json_object flx_json;

/* What a value is. Here and below: as it is written, without white space around it, as
 * flx_json_scan found it in a text that it then called fine. */
flx_json_kind flx_json_kind_of(flx_slice value);

/* Whether a boolean is true. */
int flx_json_is_true(flx_slice value);

/* Decodes a string, an array or an object; of other values json-c would wait for more. NULL if
 * there is no memory; otherwise the caller gives it back with flx_json_close. */
flx_json *flx_json_open(flx_slice value) __attribute__((warn_unused_result));
void flx_json_close(flx_json *json);

/* The text of a string: well-formed UTF-8 without a NUL in it and with one behind it, valid as
 * long as json is. If json is no string: *text is NULL with length 0. */
void flx_json_string(flx_json *json, flx_slice *text);

#endif
