/* SPDX-License-Identifier: Apache-2.0 */
/* Whether notifications arrive at all. */
/* With pushd: hearing.c log.c */
#include "unit.h"

#include "hearing.h"

static void is_heard(void **state)
{
    push_hearing hearing = { 0 };
    const char *payload;
    char first[FLX_UUID_TEXT + 1];

    (void)state;
    push_hearing_begin(&hearing, 1000);
    payload = push_hearing_test(&hearing, 1000);
    assert_non_null(payload);
    assert_int_equal(strlen(payload), FLX_UUID_TEXT);
    memcpy(first, payload, sizeof first);
    assert_null(push_hearing_test(&hearing, 2999));

    /* a writer's, another daemon's, its own */
    assert_false(push_hearing_take(&hearing, ""));
    assert_true(push_hearing_take(&hearing, "00000000-0000-4000-8000-000000000000"));
    assert_false(hearing.is_heard);
    assert_true(push_hearing_take(&hearing, first));
    assert_true(hearing.is_heard);
    assert_null(push_hearing_test(&hearing, 9000));

    /* a new session */
    push_hearing_begin(&hearing, 9000);
    assert_false(hearing.is_heard);
    assert_non_null(push_hearing_test(&hearing, 9000));
}

static void goes_on_trying(void **state)
{
    push_hearing hearing = { 0 };
    const char *payload;

    (void)state;
    push_hearing_begin(&hearing, 1000);
    assert_non_null(push_hearing_test(&hearing, 1000));
    assert_false(hearing.is_logged);
    assert_non_null(push_hearing_test(&hearing, 3000));
    assert_true(hearing.is_logged);
    assert_null(push_hearing_test(&hearing, 12999));
    payload = push_hearing_test(&hearing, 13000);
    assert_non_null(payload);
    assert_true(push_hearing_take(&hearing, payload));
    assert_true(hearing.is_heard);
    assert_false(hearing.is_logged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_heard),
        cmocka_unit_test(goes_on_trying),
    };

    return unit_run("hearing", tests, sizeof tests / sizeof tests[0]);
}
