/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the JSON scanner: whatever it lets through json-c parses, the slices it finds are JSON
 * themselves, and strings and items are those that json-c reads. */
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

/* A value that scanned well, of which parsed is json-c's reading. */
static void check_value(flx_slice value, struct json_object *parsed)
{
    flx_slice rest = value, item;
    char *text = malloc(value.length + 1);
    size_t length, count = 0;

    if (text == NULL) {
        abort();
    }
    if (flx_json_text(value, text, value.length, &length) == 0) {
        must(json_object_is_type(parsed, json_type_string));
        must(length == (size_t)json_object_get_string_len(parsed));
        must(memcmp(text, json_object_get_string(parsed), length) == 0);
        must(length == 0 || flx_json_text(value, text, length - 1, &length) != 0);
    }
    else {
        must(!json_object_is_type(parsed, json_type_string));
    }
    free(text);
    while (flx_json_item(&rest, &item) == 1) {
        must(json_object_is_type(parsed, json_type_array));
        must(count < json_object_array_length(parsed));
        check_value(item, json_object_array_get_idx(parsed, count++));
    }
    must(!json_object_is_type(parsed, json_type_array) ||
         count == json_object_array_length(parsed));
}

/* The whole text as a value, and one member by its name. */
static void check_reading(const char *text, size_t size, struct json_object *parsed)
{
    static const char *const names[] = { "a" };
    struct json_object *member = NULL;
    flx_slice whole = { text, size }, picked = { NULL, 0 };

    must(flx_json_pick(text, size, names, &picked, 1) == FLX_JSON_FINE);
    if (json_object_object_get_ex(parsed, "a", &member)) {
        must(picked.at != NULL);
        check_value(picked, member);
    }
    else {
        must(picked.at == NULL);
    }
    while (whole.length > 0 && strchr(" \t\r\n", whole.at[0]) != NULL) {
        whole.at++;
        whole.length--;
    }
    while (whole.length > 0 && strchr(" \t\r\n", whole.at[whole.length - 1]) != NULL) {
        whole.length--;
    }
    check_value(whole, parsed);
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
    check_reading(text, size, parsed);
    json_object_put(parsed);
    json_tokener_free(tokener);
    return 0;
}
