/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays in PostgreSQL's text form: what is quoted, what is null, and what does not fit. */
#include "unit.h"

#include "flx_array.h"

#define LIMIT 64

/* The array of some elements, up to the one that is "end". */
static void assert_array(const char *const *elements, const char *text)
{
    flx_buffer array;

    flx_array_begin(&array, LIMIT);
    for (; *elements == NULL || strcmp(*elements, "end") != 0; elements++) {
        flx_array_add(&array, *elements);
    }
    flx_array_end(&array);
    assert_false(flx_buffer_failed(&array));
    assert_string_equal(array.at, text);
    assert_int_equal(array.length, strlen(text) + 1);
    flx_buffer_free(&array);
}

static void writes_elements(void **state)
{
    static const char *const none[] = { "end" };
    static const char *const one[] = { "a", "end" };
    static const char *const some[] = { NULL, "NULL", "", NULL, "end" };
    static const char *const marks[] = { "a,b{c}", "\\\"", "x\"\\y", "\n ", "end" };

    (void)state;
    assert_array(none, "{}");
    assert_array(one, "{\"a\"}");
    assert_array(some, "{NULL,\"NULL\",\"\",NULL}");
    assert_array(marks, "{\"a,b{c}\",\"\\\\\\\"\",\"x\\\"\\\\y\",\"\n \"}");
}

static void says_what_does_not_fit(void **state)
{
    char element[LIMIT];
    size_t length;

    (void)state;
    for (length = 0; length < sizeof element; length++) {
        flx_buffer array;

        memset(element, 'x', length);
        element[length] = '\0';
        flx_array_begin(&array, LIMIT);
        flx_array_add(&array, element);
        flx_array_end(&array);
        /* braces, quotes and the NUL */
        assert_int_equal(flx_buffer_failed(&array), length + 5 > LIMIT);
        flx_buffer_free(&array);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_elements),
        cmocka_unit_test(says_what_does_not_fit),
    };

    return unit_run("array", tests, sizeof tests / sizeof tests[0]);
}
