/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of destinations.c: no server gets more requests than its part, and who has them all is named. */
/* With pushd: destinations.c */
#include "unit.h"

#include "destinations.h"
#include "flx_array.h"

#define MOST 3

static push_destination *enter(push_destinations *all, const char *name)
{
    flx_slice slice = { .at = name, .length = strlen(name) };

    return push_destinations_enter(all, slice);
}

/* "ROOM ARRAY" */
static const char *room(const push_destinations *all)
{
    static char text[200];
    flx_buffer busy;
    int left;

    flx_array_begin(&busy, 1000);
    left = push_destinations_room(all, MOST, &busy);
    flx_array_end(&busy);
    assert_false(flx_buffer_failed(&busy));
    snprintf(text, sizeof text, "%d %s", left, busy.at);
    flx_buffer_free(&busy);
    return text;
}

static void each_has_its_part(void **state)
{
    push_destinations all = { NULL };
    push_destination *a, *b;

    (void)state;
    assert_string_equal(room(&all), "3 {}");
    a = enter(&all, "https://a");
    assert_string_equal(room(&all), "2 {}");
    assert_ptr_equal(enter(&all, "https://a"), a);
    b = enter(&all, "https://b");
    assert_ptr_not_equal(a, b);
    /* no more than fit to whoever has the least left */
    assert_string_equal(room(&all), "1 {}");
    assert_ptr_equal(enter(&all, "https://a"), a);
    /* who has all is named, and counts no more */
    assert_string_equal(room(&all), "2 {\"https://a\"}");
    assert_ptr_equal(enter(&all, "https://b"), b);
    assert_ptr_equal(enter(&all, "https://b"), b);
    assert_true(strcmp(room(&all), "3 {\"https://a\",\"https://b\"}") == 0 ||
                strcmp(room(&all), "3 {\"https://b\",\"https://a\"}") == 0);
    /* the first to leave says that there is room again */
    assert_true(push_destinations_leave(&all, a, MOST));
    assert_false(push_destinations_leave(&all, a, MOST));
    assert_string_equal(room(&all), "2 {\"https://b\"}");
    assert_false(push_destinations_leave(&all, a, MOST));
    assert_string_equal(room(&all), "3 {\"https://b\"}");
    assert_true(push_destinations_leave(&all, b, MOST));
    assert_false(push_destinations_leave(&all, b, MOST));
    assert_false(push_destinations_leave(&all, b, MOST));
    assert_string_equal(room(&all), "3 {}");
    assert_null(all.first);
}

/* Where devices do not name their servers there is nothing to share. */
static void no_name_is_no_destination(void **state)
{
    push_destinations all = { NULL };

    (void)state;
    assert_null(enter(&all, ""));
    assert_false(push_destinations_leave(&all, NULL, MOST));
    assert_string_equal(room(&all), "3 {}");
}

/* A part of one is lent and given back. */
static void the_least_part(void **state)
{
    push_destinations all = { NULL };
    push_destination *a = enter(&all, "a");

    (void)state;
    assert_true(push_destinations_leave(&all, a, 1));
    assert_null(all.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_has_its_part),
                                        cmocka_unit_test(no_name_is_no_destination),
                                        cmocka_unit_test(the_least_part) };

    return unit_run("destinations", tests, sizeof tests / sizeof *tests);
}
