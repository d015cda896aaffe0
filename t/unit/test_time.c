/* SPDX-License-Identifier: Apache-2.0 */
/* Which spellings of an instant are read, to the millisecond, and how one is written. */
#include "unit.h"

#include "flx_time.h"

static int read_time(flx_time *time, const char *text)
{
    char *copy = unit_copy(text, strlen(text));
    int status = flx_time_read(time, copy, strlen(text));

    free(copy);
    return status;
}

static void reads_rfc_3339(void **state)
{
    static const struct {
        const char *text;
        flx_time time;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T00:00:00.001Z", 1 },
        { "1969-12-31T23:59:59.999Z", -1 },
        { "2025-04-10T10:30:00.000Z", INT64_C(1744281000000) },
        { "2025-04-10t10:30:00z", INT64_C(1744281000000) },
        { "2025-04-10T10:30:00.123456789Z", INT64_C(1744281000123) },
        { "2025-04-10T10:30:00.9Z", INT64_C(1744281000900) },
        { "2025-04-10T18:30:00+08:00", INT64_C(1744281000000) },
        { "2025-04-10T00:30:00-10:00", INT64_C(1744281000000) },
        { "2025-04-10T10:30:00-00:00", INT64_C(1744281000000) },
        { "2000-02-29T00:00:00Z", INT64_C(951782400000) },
        { "2024-02-29T12:00:00Z", INT64_C(1709208000000) },
        { "0001-01-01T00:00:00.000Z", FLX_TIME_MIN },
        { "9999-12-31T23:59:59.999Z", FLX_TIME_MAX },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flx_time time = 42;
        assert_int_equal(read_time(&time, cases[i].text), 0);
        assert_true(time == cases[i].time);
    }
}

static void refuses_everything_else(void **state)
{
    static const char *const cases[] = {
        "",
        "now",
        "infinity",
        "-infinity",
        "epoch",
        "today",
        "2025-04-10",
        "2025-04-10T10:30:00",
        "2025-04-10 10:30:00Z",
        "2025-04-10T10:30Z",
        "2025-4-10T10:30:00Z",
        "2025-04-10T24:00:00Z",
        "2025-04-10T23:60:00Z",
        "2025-04-10T23:59:60Z",
        "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-00-01T00:00:00Z",
        "2025-01-00T00:00:00Z",
        "2025-04-31T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "12025-04-10T10:30:00Z",
        "+2025-04-10T10:30:00Z",
        "2025-04-10T10:30:00.Z",
        "2025-04-10T10:30:00,5Z",
        "2025-04-10T10:30:00+0800",
        "2025-04-10T10:30:00+08",
        "2025-04-10T10:30:00+24:00",
        "2025-04-10T10:30:00 08:00",
        "2025-04-10T10:30:00UTC",
        "2025-04-10T10:30:00Z ",
        " 2025-04-10T10:30:00Z",
        "2025-04-10T10:30:00ZZ",
        "Thu Apr 10 10:30:00 2025",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2025-04-10T10:30:00.1.2Z",
        "2025-04-10T-1:30:00Z",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flx_time time = 42;
        if (read_time(&time, cases[i]) != -1 || time != 42) {
            fail_msg("%s was read", cases[i]);
        }
    }
}

/* Day by day over two thousand years and more: what is written is read as the same, and dates
 * follow each other. */
static void writes_what_it_reads(void **state)
{
    char text[FLX_TIME_TEXT + 1] = "", before[FLX_TIME_TEXT + 1] = "";
    flx_time time;

    (void)state;
    for (time = FLX_TIME_MIN; time <= FLX_TIME_MAX - 86400001 * INT64_C(3);
         time += 86400001 * INT64_C(3)) {
        flx_time again = 0;
        flx_time_write(time, text);
        assert_int_equal(flx_time_read(&again, text, FLX_TIME_TEXT), 0);
        assert_true(again == time);
        assert_true(strcmp(before, text) < 0);
        memcpy(before, text, sizeof text);
    }
    flx_time_write(INT64_C(1744281000007), text);
    assert_string_equal(text, "2025-04-10T10:30:00.007Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rfc_3339),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(writes_what_it_reads),
    };

    return unit_run("time", tests, sizeof tests / sizeof tests[0]);
}
