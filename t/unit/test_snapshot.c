/* SPDX-License-Identifier: Apache-2.0 */
/* Since when what a snapshot does not show can have been written. */
/* With pushd: snapshot.c */
#include "unit.h"

#include <stdlib.h>

#include "snapshot.h"

#define DAY (INT64_C(24) * 60 * 60 * 1000)

static void read_at(push_snapshot *snapshot, const char *text, flx_time time)
{
    const flx_slice slice = { text, strlen(text) };

    assert_int_equal(push_snapshot_set(snapshot, slice, time), 0);
    assert_string_equal(snapshot->text, text);
}

static void assert_since(const push_snapshot *snapshot, flx_time time)
{
    char buffer[FLX_TIME_TEXT + 1], wanted[FLX_TIME_TEXT + 1] = "";
    const char *since = push_snapshot_since(snapshot, buffer);

    if (time == 0) {
        assert_null(since);
        return;
    }
    flx_time_write(time - DAY, wanted);
    assert_non_null(since);
    assert_string_equal(since, wanted);
}

static void follows_the_oldest_transaction(void **state)
{
    push_snapshot snapshot = { 0 };
    flx_time now = INT64_C(1744281000000);

    (void)state;
    assert_since(&snapshot, 0);
    push_snapshot_add_horizon(&snapshot, 99);
    assert_int_equal(snapshot.candidate.xid, 0);

    /* 100 is open, and 101 is as well: the newest of all is on no list */
    read_at(&snapshot, "100:101:100", now);
    assert_int_equal(snapshot.xmin, 100);
    assert_since(&snapshot, 0);

    /* a horizon at 102, after that read; the next read does not have all below it */
    push_snapshot_add_horizon(&snapshot, 102);
    read_at(&snapshot, "100:103:100,101", now + 1000);
    assert_since(&snapshot, 0);
    /* later ones do not take its place */
    push_snapshot_add_horizon(&snapshot, 200);
    read_at(&snapshot, "101:201:101", now + 2000);
    assert_since(&snapshot, 0);

    /* all below it have ended: what is looked for has come after it */
    read_at(&snapshot, "103:201:103", now + 3000);
    assert_since(&snapshot, now);

    /* the next one, and a transaction that holds it up */
    push_snapshot_add_horizon(&snapshot, 300);
    read_at(&snapshot, "103:301:103", now + 100 * DAY);
    assert_since(&snapshot, now);
    read_at(&snapshot, "300:301:300", now + 101 * DAY);
    assert_since(&snapshot, now);
    read_at(&snapshot, "301:301:", now + 101 * DAY);
    assert_since(&snapshot, now + 3000);

    push_snapshot_clear(&snapshot);
    assert_null(snapshot.text);
    assert_since(&snapshot, 0);
}

static void refuses_nothing(void **state)
{
    push_snapshot snapshot = { 0 };
    const flx_slice none = { NULL, 0 };

    (void)state;
    assert_int_equal(push_snapshot_set(&snapshot, none, 0), -1);
    push_snapshot_clear(&snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_oldest_transaction),
        cmocka_unit_test(refuses_nothing),
    };

    return unit_run("snapshot", tests, sizeof tests / sizeof tests[0]);
}
