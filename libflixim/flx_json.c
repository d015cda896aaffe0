/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a JSON text that flx_json_scan has judged, as they decode. */
#include "flx_json.h"

#include <limits.h>

#include <json-c/json.h>

flx_json_kind flx_json_kind_of(flx_slice value)
{
    switch (value.at[0]) {
    case 'n':
        return FLX_JSON_IS_NULL;
    case 't':
    case 'f':
        return FLX_JSON_IS_BOOL;
    case '"':
        return FLX_JSON_IS_STRING;
    case '[':
        return FLX_JSON_IS_ARRAY;
    case '{':
        return FLX_JSON_IS_OBJECT;
    default:
        return FLX_JSON_IS_NUMBER;
    }
}

int flx_json_is_true(flx_slice value)
{
    return value.at[0] == 't';
}

flx_json *flx_json_open(flx_slice value)
{
    /* json-c counts the scalars inside the innermost array as a level. */
    struct json_tokener *tokener = json_tokener_new_ex(FLX_JSON_DEPTH + 1);
    struct json_object *json = NULL;

    if (tokener != NULL && value.length <= INT_MAX) {
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        json = json_tokener_parse_ex(tokener, value.at, (int)value.length);
    }
    if (tokener != NULL) {
        json_tokener_free(tokener);
    }
    return json;
}

void flx_json_close(flx_json *json)
{
    json_object_put(json);
}

void flx_json_string(flx_json *json, flx_slice *text)
{
    text->at = NULL;
    text->length = 0;
    if (json_object_is_type(json, json_type_string)) {
        text->at = json_object_get_string(json);
        text->length = (size_t)json_object_get_string_len(json);
    }
}
