/* SPDX-License-Identifier: Apache-2.0 */
/* A buffer keeps to its maximum, and what it writes as a JSON string the scanner takes back. */
#include "unit.h"

#include "flx_buffer.h"
#include "flx_json_scan.h"

static void assert_holds(const flx_buffer *buffer, const char *text)
{
    assert_false(flx_buffer_failed(buffer));
    assert_int_equal(buffer->length, strlen(text));
    assert_memory_equal(buffer->at, text, buffer->length);
}

static void appends(void **state)
{
    flx_buffer buffer;

    (void)state;
    flx_buffer_init(&buffer, 100);
    flx_buffer_add(&buffer, "x", 0);
    flx_buffer_add_text(&buffer, "a");
    flx_buffer_add_number(&buffer, 0);
    flx_buffer_add_text(&buffer, ",");
    flx_buffer_add_number(&buffer, INT64_MIN);
    flx_buffer_add_text(&buffer, ",");
    flx_buffer_add_number(&buffer, INT64_MAX);
    assert_holds(&buffer, "a0,-9223372036854775808,9223372036854775807");
    flx_buffer_free(&buffer);
    assert_null(buffer.at);
    flx_buffer_add_text(&buffer, "again");
    assert_holds(&buffer, "again");
    flx_buffer_free(&buffer);
}

static void keeps_to_its_maximum(void **state)
{
    static const size_t limits[] = { 0, 1, 1023, 1024, 1025, 5000 };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        flx_buffer buffer;
        flx_buffer_init(&buffer, limits[i]);
        for (k = 0; k < limits[i]; k++) {
            flx_buffer_add(&buffer, "x", 1);
        }
        assert_false(flx_buffer_failed(&buffer));
        assert_true(buffer.room <= limits[i] || limits[i] < 1024);
        flx_buffer_add(&buffer, "y", 1);
        assert_true(flx_buffer_failed(&buffer));
        assert_int_equal(buffer.length, limits[i]);
        flx_buffer_free(&buffer);
    }
}

static void writes_strings_that_scan(void **state)
{
    char all[0x80];
    flx_buffer buffer;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof all; i++) {
        all[i] = (char)(i == 0 ? 'z' : i);
    }
    flx_buffer_init(&buffer, 1000);
    flx_buffer_add_string(&buffer, all, sizeof all);
    assert_int_equal(flx_json_scan(buffer.at, buffer.length, NULL, NULL, NULL), FLX_JSON_FINE);
    flx_buffer_free(&buffer);
    flx_buffer_add_string(&buffer, "\"\\\n\r\t\x01\x1F/\xE4\xBD\xA0", 11);
    assert_holds(&buffer, "\"\\\"\\\\\\n\\r\\t\\u0001\\u001f/\xE4\xBD\xA0\"");
    flx_buffer_free(&buffer);
    flx_buffer_add_string(&buffer, "", 0);
    assert_holds(&buffer, "\"\"");
    flx_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(keeps_to_its_maximum),
        cmocka_unit_test(writes_strings_that_scan),
    };

    return unit_run("buffer", tests, sizeof tests / sizeof tests[0]);
}
