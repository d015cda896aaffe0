/* SPDX-License-Identifier: Apache-2.0 */
/* When the daemon sleeps, when it stays awake, and how often it reads. */
/* With pushd: pace.c */
#include "unit.h"

#include "pace.h"

static void reads_seldom_where_reading_is_slow(void **state)
{
    static const struct {
        uint64_t took;
        int rows;
        uint64_t interval;
    } cases[] = { { 0, 0, 4 },    { 1, 0, 8 },     { 3, 99, 24 },   { 5, 0, 40 },
                  { 900, 0, 40 }, { 10, 500, 13 }, { 2, 10000, 4 }, { 900, 10000, 40 } };
    push_pace pace = { 0 };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        push_pace_read(&pace, 1000, 1000 + cases[i].took, cases[i].rows, 0);
        assert_int_equal(pace.interval, cases[i].interval);
    }
}

static void looks_for_an_open_transaction_less_and_less(void **state)
{
    push_pace pace = { 0 };

    (void)state;
    push_pace_begin(&pace, 1000);
    push_pace_read(&pace, 1100, 1100, 0, 1);
    assert_int_equal(pace.interval, 4 + 10);
    push_pace_read(&pace, 9000, 9000, 0, 1);
    assert_int_equal(pace.interval, 4 + 100);
    push_pace_read(&pace, 9100, 9100, 1, 1);
    assert_int_equal(pace.interval, 4);
}

static void is_quiet_after_a_while(void **state)
{
    push_pace pace = { 0 };

    (void)state;
    push_pace_begin(&pace, 1000);
    assert_false(push_pace_is_quiet(&pace, 1059));
    assert_true(push_pace_is_quiet(&pace, 1060));
    push_pace_read(&pace, 1058, 1060, 1, 0);
    assert_false(push_pace_is_quiet(&pace, 1119));
    push_pace_read(&pace, 1110, 1119, 0, 0);
    assert_true(push_pace_is_quiet(&pace, 1120));
}

/* Events at even distances: too many, or never too many. */
static int becomes_too_much(uint64_t distance, int rows)
{
    push_pace pace = { 0 };
    uint64_t now = 1000;
    int i;

    push_pace_begin(&pace, now);
    for (i = 0; i < 1000; i++) {
        now += distance;
        if (push_pace_is_too_much(&pace, now, rows)) {
            return 1;
        }
    }
    return 0;
}

static void knows_too_much(void **state)
{
    (void)state;
    assert_false(becomes_too_much(100, 2));
    assert_false(becomes_too_much(10, 2));
    assert_true(becomes_too_much(9, 2));
    assert_true(becomes_too_much(1, 1));
    assert_false(becomes_too_much(1, 0));
    assert_true(becomes_too_much(1000, 100));
}

static void counts_what_nobody_notified_of(void **state)
{
    push_pace pace = { 0 };

    (void)state;
    push_pace_begin(&pace, 1000);
    assert_int_equal(push_pace_take_caught(&pace, 5000), 0);
    push_pace_suspect(&pace, 5000, 2);
    assert_int_equal(push_pace_take_caught(&pace, 5999), 0);
    push_pace_clear(&pace);
    assert_int_equal(push_pace_take_caught(&pace, 6000), 0);
    push_pace_suspect(&pace, 7000, 2);
    assert_int_equal(push_pace_take_caught(&pace, 8000), 2);
    assert_int_equal(push_pace_take_caught(&pace, 9000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_seldom_where_reading_is_slow),
        cmocka_unit_test(looks_for_an_open_transaction_less_and_less),
        cmocka_unit_test(is_quiet_after_a_while),
        cmocka_unit_test(knows_too_much),
        cmocka_unit_test(counts_what_nobody_notified_of),
    };

    return unit_run("pace", tests, sizeof tests / sizeof tests[0]);
}
