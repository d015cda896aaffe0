/* SPDX-License-Identifier: Apache-2.0 */
/* Every code point there is, and every way to write one wrong. */
#include "unit.h"

#include "flx_utf8.h"

static void takes_every_code_point(void **state)
{
    uint32_t code_point;

    (void)state;
    for (code_point = 0; code_point <= 0x10FFFF; code_point++) {
        char bytes[4];
        size_t size;
        if (code_point >= 0xD800 && code_point <= 0xDFFF) {
            continue;
        }
        size = flx_utf8_write(code_point, bytes);
        assert_int_equal(flx_utf8_sequence(bytes, size), size);
        assert_int_equal(flx_utf8_sequence(bytes, size - 1), 0);
        assert_int_equal(flx_utf8_count(bytes, size), 1);
    }
}

static void refuses_what_is_malformed(void **state)
{
    static const char *const cases[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC2",
        "\xC2\x41",
        "\xE0\x80\x80",
        "\xE0\x9F\xBF",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xE4\xBD",
        "\xE4\x41\xA0",
        "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFE",
        "\xFF",
        "\xF0\x9F\x98",
        "\xF8\x88\x80\x80\x80",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *copy = unit_copy(cases[i], strlen(cases[i]));
        if (flx_utf8_valid(copy, strlen(cases[i]))) {
            fail_msg("case %zu passed", i);
        }
        free(copy);
    }
    assert_true(flx_utf8_valid("", 0));
    assert_true(flx_utf8_valid("a\0b", 3));
    assert_int_equal(flx_utf8_count("\xE4\xBD\xA0\xE5\xA5\xBD!", 7), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_code_point),
        cmocka_unit_test(refuses_what_is_malformed),
    };

    return unit_run("utf8", tests, sizeof tests / sizeof tests[0]);
}
