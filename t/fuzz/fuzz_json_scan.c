/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the JSON scanner: whatever it lets through json-c parses, and the slices it finds are
 * JSON themselves. */
#include "fuzz.h"

#include <string.h>

#include <json-c/json.h>

#include "flx_json_scan.h"

typedef struct bounds {
    const char *start;
    const char *end;
    int members;
} bounds;

static void check_member(void *baton, const flx_json_member *member)
{
    bounds *text = baton;

    must(member->key.at >= text->start && member->key.at + member->key.length <= text->end);
    must(member->value.at >= text->start && member->value.at + member->value.length <= text->end);
    must(member->value.length > 0);
    must(flx_json_scan(member->value.at, member->value.length, NULL, NULL, NULL) == FLX_JSON_FINE);
    text->members++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    bounds found = { text, text + size, 0 };
    size_t offset = 0;
    struct json_tokener *tokener;
    struct json_object *parsed;

    if (flx_json_scan(text, size, check_member, &found, &offset) != FLX_JSON_FINE) {
        must(offset <= size);
        return 0;
    }
    tokener = json_tokener_new_ex(FLX_JSON_DEPTH + 1);
    must(tokener != NULL);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    parsed = json_tokener_parse_ex(tokener, text, (int)size);
    /* A number at the very end might go on, for all that json-c knows. */
    must(json_tokener_get_error(tokener) == json_tokener_success ||
         json_tokener_get_error(tokener) == json_tokener_continue);
    if (json_object_is_type(parsed, json_type_object)) {
        must(json_object_object_length(parsed) == found.members);
    }
    json_object_put(parsed);
    json_tokener_free(tokener);
    return 0;
}
