/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values as they decode: kinds, booleans and strings. */
#include "unit.h"

#include "flx_json.h"

static flx_slice slice_of(const char *text)
{
    flx_slice slice = { text, strlen(text) };

    return slice;
}

/* Opens a copy of just the text's size, which is gone by the time the value is used. */
static flx_json *open_copy(const char *text)
{
    char *copy = unit_copy(text, strlen(text));
    flx_slice slice = { copy, strlen(text) };
    flx_json *json = flx_json_open(slice);

    free(copy);
    assert_non_null(json);
    return json;
}

static void tells_the_kinds_apart(void **state)
{
    static const struct {
        const char *text;
        flx_json_kind kind;
    } cases[] = {
        { "null", FLX_JSON_IS_NULL },     { "true", FLX_JSON_IS_BOOL },
        { "false", FLX_JSON_IS_BOOL },    { "0", FLX_JSON_IS_NUMBER },
        { "-1.5e3", FLX_JSON_IS_NUMBER }, { "\"\"", FLX_JSON_IS_STRING },
        { "[1]", FLX_JSON_IS_ARRAY },     { "{}", FLX_JSON_IS_OBJECT },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(flx_json_kind_of(slice_of(cases[i].text)), cases[i].kind);
    }
    assert_true(flx_json_is_true(slice_of("true")));
    assert_false(flx_json_is_true(slice_of("false")));
}

static void decodes_strings(void **state)
{
    static const struct {
        const char *text;
        const char *decoded;
    } cases[] = {
        { "\"\"", "" },
        { "\"abc\"", "abc" },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
        { "\"\\u00e9\\u4F60\\ud83D\\uDE00\"", "\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80" },
        { "\"\xE4\xBD\xA0\xF0\x9F\x98\x80\x7F\"", "\xE4\xBD\xA0\xF0\x9F\x98\x80\x7F" },
        { "\"\\u0001\\uffff\"", "\x01\xEF\xBF\xBF" },
        { "\"%s $1 '; --\"", "%s $1 '; --" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flx_json *json = open_copy(cases[i].text);
        flx_slice text;
        flx_json_string(json, &text);
        assert_int_equal(text.length, strlen(cases[i].decoded));
        assert_string_equal(text.at, cases[i].decoded);
        flx_json_close(json);
    }
}

static void finds_no_text_in_others(void **state)
{
    static const char *const cases[] = { "[\"a\"]", "{\"a\":\"b\"}", "[]", "{}" };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flx_json *json = open_copy(cases[i]);
        flx_slice text = { "", 1 };
        flx_json_string(json, &text);
        assert_null(text.at);
        assert_int_equal(text.length, 0);
        flx_json_close(json);
    }
}

/* As deep as the scanner lets through. */
static void opens_the_deepest(void **state)
{
    char text[2 * FLX_JSON_DEPTH + 2] = "";
    flx_json *json;

    (void)state;
    memset(text, '[', FLX_JSON_DEPTH);
    text[FLX_JSON_DEPTH] = '1';
    memset(text + FLX_JSON_DEPTH + 1, ']', FLX_JSON_DEPTH);
    json = open_copy(text);
    flx_json_close(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_kinds_apart),
        cmocka_unit_test(decodes_strings),
        cmocka_unit_test(finds_no_text_in_others),
        cmocka_unit_test(opens_the_deepest),
    };

    return unit_run("json", tests, sizeof tests / sizeof tests[0]);
}
