/* SPDX-License-Identifier: Apache-2.0 */
/* Which digits are hexadecimal, and what several of them are worth. */
#include "unit.h"

#include "flx_hex.h"

static void reads_digits(void **state)
{
    static const struct {
        const char *text;
        size_t digits;
        int32_t value;
    } cases[] = {
        { "0", 1, 0 },
        { "9", 1, 9 },
        { "a", 1, 10 },
        { "f", 1, 15 },
        { "A", 1, 10 },
        { "F", 1, 15 },
        { "00", 2, 0 },
        { "7f", 2, 0x7F },
        { "fFg", 2, 0xFF },
        { "d83d", 4, 0xD83D },
        { "00e9", 4, 0xE9 },
        { "FFFF0", 4, 0xFFFF },
        { "fffffff", 7, 268435455 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen(cases[i].text);
        char *copy = unit_copy(cases[i].text, length);
        assert_int_equal(flx_hex_read(copy, length, cases[i].digits), cases[i].value);
        free(copy);
    }
}

static void refuses_what_is_none(void **state)
{
    static const char *const cases[] = { "",   "4",  "4g", "g4", " 4", "4 ", "+4",
                                         "-4", "0x", "/4", ":4", "@4", "G4", "`4" };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen(cases[i]);
        char *copy = unit_copy(cases[i], length);
        if (flx_hex_read(copy, length, 2) != -1) {
            fail_msg("\"%s\" was read", cases[i]);
        }
        free(copy);
    }
    assert_int_equal(flx_hex_read("4\0", 2, 2), -1);
}

/* Of all 256 bytes 22 are digits. */
static void knows_each_byte(void **state)
{
    int byte, digits = 0;

    (void)state;
    for (byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        digits += flx_hex_read(&c, 1, 1) >= 0;
    }
    assert_int_equal(digits, 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_digits),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(knows_each_byte),
    };

    return unit_run("hex", tests, sizeof tests / sizeof tests[0]);
}
