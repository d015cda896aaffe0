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

/* Where it notices that a text is bad when it comes byte by byte: that byte's index; -1: at the end one is missing; -2: it is
 * good. */
static int noticed_at(const char *text, size_t length)
{
    flx_utf8_state parts = { 0, 0, 0 };
    size_t i;

    for (i = 0; i < length; i++) {
        if (flx_utf8_take(&parts, text + i, 1) != 0) {
            return (int)i;
        }
    }
    return parts.missing > 0 ? -1 : -2;
}

static void takes_text_in_parts(void **state)
{
    static const struct {
        const char *text;
        int at;
    } cases[] = {
        { "", -2 },
        { "abc", -2 },
        { "\xCE\xBA\xE1\xBD\xB9\xF0\x9F\x98\x80!", -2 },
        { "\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF", -2 },
        { "a\xCE", -1 },
        { "\xE4\xBD", -1 },
        { "\xF0\x9F\x98", -1 },
        { "a\x80", 1 },
        { "\xC0\x80", 0 },
        { "\xC1", 0 },
        { "\xCE\x41", 1 },
        { "\xE0\x9F\xBF", 1 },
        { "\xED\xA0\x80", 1 },
        { "\xE4\xBD\x41", 2 },
        { "\xF0\x8F\xBF\xBF", 1 },
        { "\xF4\x90\x80\x80", 1 },
        { "\xF0\x9F\x98\xC0", 3 },
        { "\xF5", 0 },
        { "\xFF", 0 },
    };
    uint32_t code_point;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(noticed_at(cases[i].text, strlen(cases[i].text)), cases[i].at);
    }
    /* every way to begin, judged as in one piece */
    for (code_point = 0; code_point <= 0xFFFFFF; code_point += code_point < 0x10000 ? 1 : 61) {
        char text[4] = { (char)(code_point >> 16), (char)(code_point >> 8), (char)code_point,
                         '\x80' };
        assert_int_equal(noticed_at(text, 4) == -2, flx_utf8_valid(text, 4));
        assert_int_equal(noticed_at(text + 1, 2) == -2, flx_utf8_valid(text + 1, 2));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_code_point),
        cmocka_unit_test(refuses_what_is_malformed),
        cmocka_unit_test(takes_text_in_parts),
    };

    return unit_run("utf8", tests, sizeof tests / sizeof tests[0]);
}
