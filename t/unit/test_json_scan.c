/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON scanner lets through, what it refuses and why, and the members it finds. */
#include "unit.h"

#include "flx_json_scan.h"

typedef struct text_case {
    const char *text;
    size_t length; /* 0: up to the NUL */
    flx_json_fault fault;
} text_case;

static flx_json_fault scan(const char *text, size_t length)
{
    /* A copy of just that size, so that AddressSanitizer sees a byte read too far. */
    char *copy = unit_copy(text, length);
    size_t offset = 0;
    flx_json_fault fault = flx_json_scan(copy, length, NULL, NULL, &offset);

    assert_true(offset <= length);
    free(copy);
    return fault;
}

static void check_all(const text_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        size_t length = cases[i].length > 0 ? cases[i].length : strlen(cases[i].text);
        flx_json_fault fault = scan(cases[i].text, length);
        if (fault != cases[i].fault) {
            fail_msg("%.60s: %d, not %d", cases[i].text, (int)fault, (int)cases[i].fault);
        }
    }
}

#define CHECK_ALL(cases) check_all(cases, sizeof(cases) / sizeof(cases)[0])

static void lets_json_through(void **state)
{
    static const text_case cases[] = {
        { "{}", 0, FLX_JSON_FINE },
        { " [ ] ", 0, FLX_JSON_FINE },
        { "null", 0, FLX_JSON_FINE },
        { "\t\r\n true \n", 0, FLX_JSON_FINE },
        { "\"\"", 0, FLX_JSON_FINE },
        { "{\"a\":[1,-0,0.5,1e9,2E-7,{\"b\":null}],\"c\":\"x\"}", 0, FLX_JSON_FINE },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"", 0, FLX_JSON_FINE },
        { "\"\xE4\xBD\xA0\xE5\xA5\xBD\xF0\x9F\x98\x80\x7F\"", 0, FLX_JSON_FINE },
        { "9223372036854775808", 0, FLX_JSON_FINE },
        { "{\"a\":1,\"A\":2,\"a \":3,\"\":4}", 0, FLX_JSON_FINE },
        { "[{\"a\":1},{\"a\":1}]", 0, FLX_JSON_FINE },
        { "{\"a\":{\"a\":{\"a\":1}}}", 0, FLX_JSON_FINE },
    };

    (void)state;
    CHECK_ALL(cases);
}

static void refuses_what_is_not_json(void **state)
{
    static const text_case cases[] = {
        { " ", 0, FLX_JSON_SYNTAX },          { "{", 0, FLX_JSON_SYNTAX },
        { "{\"a\"}", 0, FLX_JSON_SYNTAX },    { "{\"a\":}", 0, FLX_JSON_SYNTAX },
        { "{\"a\":1,}", 0, FLX_JSON_SYNTAX }, { "{a:1}", 0, FLX_JSON_SYNTAX },
        { "{'a':1}", 0, FLX_JSON_SYNTAX },    { "[1,]", 0, FLX_JSON_SYNTAX },
        { "[1 2]", 0, FLX_JSON_SYNTAX },      { "[1}", 0, FLX_JSON_SYNTAX },
        { "{} {}", 0, FLX_JSON_SYNTAX },      { "{}x", 0, FLX_JSON_SYNTAX },
        { "/* */ {}", 0, FLX_JSON_SYNTAX },   { "tru", 0, FLX_JSON_SYNTAX },
        { "True", 0, FLX_JSON_SYNTAX },       { "NaN", 0, FLX_JSON_SYNTAX },
        { "Infinity", 0, FLX_JSON_SYNTAX },   { "-", 0, FLX_JSON_SYNTAX },
        { "+1", 0, FLX_JSON_SYNTAX },         { "01", 0, FLX_JSON_SYNTAX },
        { "1.", 0, FLX_JSON_SYNTAX },         { ".5", 0, FLX_JSON_SYNTAX },
        { "1e", 0, FLX_JSON_SYNTAX },         { "1e+", 0, FLX_JSON_SYNTAX },
        { "0x10", 0, FLX_JSON_SYNTAX },       { "\"a", 0, FLX_JSON_SYNTAX },
        { "\"a\nb\"", 0, FLX_JSON_SYNTAX },   { "\"\\x41\"", 0, FLX_JSON_SYNTAX },
        { "\"\\u12\"", 0, FLX_JSON_SYNTAX },  { "\"\\", 0, FLX_JSON_SYNTAX },
        { "\"a\0b\"", 5, FLX_JSON_SYNTAX },   { "{}\0", 3, FLX_JSON_SYNTAX },
    };

    (void)state;
    CHECK_ALL(cases);
    assert_int_equal(scan("", 0), FLX_JSON_SYNTAX);
}

static void refuses_what_parsers_disagree_about(void **state)
{
    static const text_case cases[] = {
        { "\xEF\xBB\xBF{}", 0, FLX_JSON_ENCODING },
        { "\"\xC0\xAF\"", 0, FLX_JSON_ENCODING },
        { "\"\xED\xA0\x80\"", 0, FLX_JSON_ENCODING },
        { "\"\xF4\x90\x80\x80\"", 0, FLX_JSON_ENCODING },
        { "\"\x80\"", 0, FLX_JSON_ENCODING },
        { "\"\xE4\xBD\"", 0, FLX_JSON_ENCODING },
        { "\"\\ud800\"", 0, FLX_JSON_ENCODING },
        { "\"\\ud800x\"", 0, FLX_JSON_ENCODING },
        { "\"\\udc00\\ud800\"", 0, FLX_JSON_ENCODING },
        { "\"\\ud83d\\u0041\"", 0, FLX_JSON_ENCODING },
        { "\"a\\u0000b\"", 0, FLX_JSON_NUL },
        { "{\"a\\u0000\":1}", 0, FLX_JSON_NUL },
        { "{\"a\":1,\"a\":2}", 0, FLX_JSON_DUPLICATE },
        { "{\"a\":1,\"b\":2,\"\\u0061\":3}", 0, FLX_JSON_DUPLICATE },
        { "{\"x\":{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}}", 0, FLX_JSON_DUPLICATE },
        { "{\"\":1,\"\":2}", 0, FLX_JSON_DUPLICATE },
        { "{\"__proto__\":1,\"__proto__\":1}", 0, FLX_JSON_DUPLICATE },
        { "1e325", 0, FLX_JSON_TOO_LONG },
        { "1e-325", 0, FLX_JSON_TOO_LONG },
        { "1.7976931348623157e308", 0, FLX_JSON_FINE },
        { "5e-324", 0, FLX_JSON_FINE },
        { "{\"n\":1e100000}", 0, FLX_JSON_TOO_LONG },
        { "1e00000000000000000000000000000000099", 0, FLX_JSON_FINE },
        { "1234567890123456789012345678901234567890", 0, FLX_JSON_FINE },
        { "12345678901234567890123456789012345678901", 0, FLX_JSON_TOO_LONG },
    };

    (void)state;
    CHECK_ALL(cases);
}

/* FLX_JSON_DEPTH levels are fine, one more is not, and a hundred thousand cost no stack. */
static void bounds_the_depth(void **state)
{
    char text[2 * FLX_JSON_DEPTH + 2];
    char *deep = malloc(100000);
    int extra;

    (void)state;
    for (extra = 0; extra <= 1; extra++) {
        size_t depth = FLX_JSON_DEPTH + (size_t)extra;
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(scan(text, 2 * depth), extra ? FLX_JSON_TOO_DEEP : FLX_JSON_FINE);
    }
    assert_non_null(deep);
    memset(deep, '[', 100000);
    assert_int_equal(scan(deep, 100000), FLX_JSON_TOO_DEEP);
    free(deep);
}

static void bounds_the_members(void **state)
{
    char text[FLX_JSON_MEMBERS * 16 + 64];
    int extra;

    (void)state;
    for (extra = 0; extra <= 1; extra++) {
        size_t length = 0;
        int i, count = FLX_JSON_MEMBERS + extra;
        for (i = 0; i < count; i++) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%c\"k%d\":%d",
                                       i == 0 ? '{' : ',', i, i);
        }
        text[length++] = '}';
        assert_int_equal(scan(text, length), extra ? FLX_JSON_TOO_MANY : FLX_JSON_FINE);
    }
}

/* Every text cut short anywhere is refused or fine, never read beyond its end. */
static void survives_every_cut(void **state)
{
    static const char text[] =
        "{\"a\":[1.5e-3,\"\\ud83d\\ude00\xF0\x9F\x98\x80\"],\"b\":{\"c\":false,\"d\":null}} ";
    size_t length;

    (void)state;
    for (length = 0; length < sizeof text - 2; length++) {
        assert_int_not_equal(scan(text, length), FLX_JSON_FINE);
    }
    assert_int_equal(scan(text, sizeof text - 1), FLX_JSON_FINE);
}

static void note_member(void *baton, const flx_json_member *member)
{
    char *seen = baton;
    size_t used = strlen(seen);

    snprintf(seen + used, 200 - used, "%.*s=%.*s;", (int)member->key.length, member->key.at,
             (int)member->value.length, member->value.at);
}

static void finds_the_top_level_members(void **state)
{
    static const char text[] = " { \"a\" : 1 , \"b\\n\":{\"c\": [ 2 ] } ,\"d\":\"\\u0041\" }";
    char seen[200] = "";

    (void)state;
    assert_int_equal(flx_json_scan(text, strlen(text), note_member, seen, NULL), FLX_JSON_FINE);
    assert_string_equal(seen, "a=1;b\\n={\"c\": [ 2 ] };d=\"\\u0041\";");
    seen[0] = '\0';
    assert_int_equal(flx_json_scan("[{\"a\":1}]", 9, note_member, seen, NULL), FLX_JSON_FINE);
    assert_string_equal(seen, "");
}

static void compares_keys_as_they_decode(void **state)
{
    flx_slice key = { "c\\u006fntent", 12 };

    (void)state;
    assert_true(flx_json_key_is(key, "content"));
    assert_false(flx_json_key_is(key, "conten"));
    assert_false(flx_json_key_is(key, "contents"));
}

static void picks_members_by_name(void **state)
{
    static const char text[] = "{\"b\":[],\"\\u0061\":1,\"c\":{\"d\":2}}";
    static const char *const names[] = { "a", "d", "c" };
    flx_slice values[3];

    (void)state;
    assert_int_equal(flx_json_pick(text, strlen(text), names, values, 3), FLX_JSON_FINE);
    assert_memory_equal(values[0].at, "1", values[0].length);
    assert_null(values[1].at);
    assert_memory_equal(values[2].at, "{\"d\":2}", values[2].length);
    assert_int_equal(flx_json_pick("[{\"a\":1}]", 9, names, values, 3), FLX_JSON_FINE);
    assert_null(values[0].at);
    assert_int_equal(flx_json_pick("{\"a\":1,\"a\":1}", 13, names, values, 3), FLX_JSON_DUPLICATE);
}

static void decodes_strings(void **state)
{
    static const struct {
        const char *value;
        const char *text; /* NULL: is refused */
    } cases[] = {
        { "\"\"", "" },
        { "\"a b\"", "a b" },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
        { "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80" },
        { "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80" },
        { "\"12345678901234567\"", NULL },
        { "\"123456789012345\\u00e9\"", NULL },
        { "1", NULL },
        { "12", NULL },
        { "null", NULL },
        { "[\"a\"]", NULL },
        { "{}", NULL },
    };
    size_t i, length;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = strlen(cases[i].value);
        char *copy = unit_copy(cases[i].value, size);
        flx_slice value = { copy, size };
        char *text = malloc(16);
        int status = flx_json_text(value, text, 16, &length);
        if (status != (cases[i].text == NULL ? -1 : 0) ||
            (status == 0 &&
             (length != strlen(cases[i].text) || memcmp(text, cases[i].text, length) != 0))) {
            fail_msg("%s was read wrongly", cases[i].value);
        }
        free(text);
        free(copy);
    }
}

static void walks_arrays(void **state)
{
    static const struct {
        const char *array;
        const char *items;
    } cases[] = {
        { "[]", "" },
        { "[ ]", "" },
        { "[1]", "1;" },
        { "[ 1 , \"a,]\" ,[2,[3]],{\"a\":[4]} , null ]", "1;\"a,]\";[2,[3]];{\"a\":[4]};null;" },
        { "{\"a\":1}", "" },
        { "\"[1]\"", "" },
        { "1", "" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = strlen(cases[i].array);
        char *copy = unit_copy(cases[i].array, size);
        flx_slice rest = { copy, size }, item;
        char seen[100] = "";
        while (flx_json_item(&rest, &item) == 1) {
            size_t used = strlen(seen);
            snprintf(seen + used, sizeof seen - used, "%.*s;", (int)item.length, item.at);
        }
        assert_string_equal(seen, cases[i].items);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_json_through),
        cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(refuses_what_parsers_disagree_about),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(bounds_the_members),
        cmocka_unit_test(survives_every_cut),
        cmocka_unit_test(finds_the_top_level_members),
        cmocka_unit_test(compares_keys_as_they_decode),
        cmocka_unit_test(picks_members_by_name),
        cmocka_unit_test(decodes_strings),
        cmocka_unit_test(walks_arrays),
    };

    return unit_run("json_scan", tests, sizeof tests / sizeof tests[0]);
}
