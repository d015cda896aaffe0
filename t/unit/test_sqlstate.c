/* SPDX-License-Identifier: Apache-2.0 */
/* What an error of the database means, by its SQLSTATE. */
#include "unit.h"

#include "flx_sqlstate.h"

static void test_kinds(void **state)
{
    static const struct {
        const char *state;
        const char *function;
        flx_sqlstate kind;
    } cases[] = {
        { "40001", NULL, FLX_SQLSTATE_CONFLICT },
        { "40P01", "DeadLockReport", FLX_SQLSTATE_CONFLICT },
        { "40002", NULL, FLX_SQLSTATE_FAULT },
        { "26000", NULL, FLX_SQLSTATE_STALE },
        { "42P05", NULL, FLX_SQLSTATE_STALE },
        { "0A000", "RevalidateCachedQuery", FLX_SQLSTATE_STALE },
        { "0A000", "transformSelectStmt", FLX_SQLSTATE_FAULT },
        { "0A000", NULL, FLX_SQLSTATE_FAULT },
        { "25006", NULL, FLX_SQLSTATE_STANDBY },
        { "25001", NULL, FLX_SQLSTATE_FAULT },
        { "53000", NULL, FLX_SQLSTATE_PASSING },
        { "53100", NULL, FLX_SQLSTATE_PASSING },
        { "53400", NULL, FLX_SQLSTATE_PASSING },
        { "55P03", NULL, FLX_SQLSTATE_PASSING },
        { "55000", NULL, FLX_SQLSTATE_FAULT },
        { "57014", NULL, FLX_SQLSTATE_PASSING },
        { "57P01", NULL, FLX_SQLSTATE_PASSING },
        { "57P05", NULL, FLX_SQLSTATE_PASSING },
        { "57000", NULL, FLX_SQLSTATE_FAULT },
        { "58030", NULL, FLX_SQLSTATE_PASSING },
        { "58P02", NULL, FLX_SQLSTATE_PASSING },
        { "42883", NULL, FLX_SQLSTATE_FAULT },
        { "5", NULL, FLX_SQLSTATE_FAULT },
        { "", NULL, FLX_SQLSTATE_FAULT },
        { NULL, NULL, FLX_SQLSTATE_FAULT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(flx_sqlstate_of(cases[i].state, cases[i].function), cases[i].kind);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_kinds) };

    return unit_run("sqlstate", tests, sizeof(tests) / sizeof(tests[0]));
}
