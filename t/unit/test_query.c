/* SPDX-License-Identifier: Apache-2.0 */
/* How a query splits into parameters, and what their decoding takes and refuses. */
#include "unit.h"

#include "flx_query.h"

static void splits_into_parameters(void **state)
{
    static const struct {
        const char *query;
        const char *parameters;
    } cases[] = {
        { "", "" },
        { "a=1", "a=1;" },
        { "a=1&b=2", "a=1;b=2;" },
        { "a", "a=;" },
        { "a=", "a=;" },
        { "=1", "=1;" },
        { "=", "=;" },
        { "a=b=c", "a=b=c;" },
        { "&&a=1&&b&", "a=1;b=;" },
        { "a=1&a=2", "a=1;a=2;" },
        { "a;b=1", "a;b=1;" },
        { "a%26b=%3D", "a%26b=%3D;" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen(cases[i].query), used = 0;
        char *copy = unit_copy(cases[i].query, length);
        flx_slice rest = { copy, length };
        flx_query_parameter parameter;
        char seen[100] = "";
        while (flx_query_next(&rest, &parameter)) {
            used += (size_t)snprintf(seen + used, sizeof seen - used, "%.*s=%.*s;",
                                     (int)parameter.name.length, parameter.name.at,
                                     (int)parameter.value.length, parameter.value.at);
        }
        assert_string_equal(seen, cases[i].parameters);
        free(copy);
    }
}

/* Decodes within a copy of just the text's size. Returns NULL if it is refused; otherwise the
 * caller frees the result. */
static char *decode(const char *written, size_t length)
{
    char *copy = unit_copy(written, length);
    flx_slice slice = { copy, length };
    size_t decoded = 0;
    char *text = NULL;

    if (flx_query_decode(slice, copy, &decoded) == 0) {
        assert_true(decoded <= length);
        text = calloc(1, decoded + 1);
        assert_non_null(text);
        memcpy(text, copy, decoded);
    }
    free(copy);
    return text;
}

static void decodes(void **state)
{
    static const struct {
        const char *written;
        const char *text;
    } cases[] = {
        { "", "" },
        { "abc", "abc" },
        { "a+b%20c", "a b c" },
        { "%2B08%3a00", "+08:00" },
        { "%25%32%35", "%25" },
        { "%E4%BD%A0\xE5\xA5\xBD", "\xE4\xBD\xA0\xE5\xA5\xBD" },
        { "\xF0\x9F%98%80", "\xF0\x9F\x98\x80" },
        { "%01%7f", "\x01\x7F" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = decode(cases[i].written, strlen(cases[i].written));
        assert_non_null(text);
        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

static void refuses(void **state)
{
    static const char *const cases[] = {
        "%",      "a%",   "%4",      "%4g",    "%g4",       "%%41",         "% 1",
        "%u0041", "%00",  "a%00b",   "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "%80",
        "%E4%BD", "\xFF", "%E4%BDx", "%c3+",   "%+1",       "%-1",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = decode(cases[i], strlen(cases[i]));
        if (text != NULL) {
            fail_msg("%s was decoded", cases[i]);
        }
    }
    assert_null(decode("a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_into_parameters),
        cmocka_unit_test(decodes),
        cmocka_unit_test(refuses),
    };

    return unit_run("query", tests, sizeof tests / sizeof tests[0]);
}
