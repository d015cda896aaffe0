/* SPDX-License-Identifier: Apache-2.0 */
/* What an error of the database means, by its SQLSTATE. */
#include "unit.h"

/* It is plain C, so its file is tested as it is, without the module around it. */
#include "../../mod_flixim/sqlstate.c" /* NOLINT(bugprone-suspicious-include) */

static void test_kinds(void **state)
{
    static const struct {
        const char *state;
        const char *function;
        flixim_sqlstate kind;
    } cases[] = {
        { "40001", NULL, FLIXIM_SQLSTATE_CONFLICT },
        { "40P01", "DeadLockReport", FLIXIM_SQLSTATE_CONFLICT },
        { "40002", NULL, FLIXIM_SQLSTATE_FAULT },
        { "26000", NULL, FLIXIM_SQLSTATE_STALE },
        { "42P05", NULL, FLIXIM_SQLSTATE_STALE },
        { "0A000", "RevalidateCachedQuery", FLIXIM_SQLSTATE_STALE },
        { "0A000", "transformSelectStmt", FLIXIM_SQLSTATE_FAULT },
        { "0A000", NULL, FLIXIM_SQLSTATE_FAULT },
        { "25006", NULL, FLIXIM_SQLSTATE_STANDBY },
        { "25001", NULL, FLIXIM_SQLSTATE_FAULT },
        { "53000", NULL, FLIXIM_SQLSTATE_PASSING },
        { "53100", NULL, FLIXIM_SQLSTATE_PASSING },
        { "53400", NULL, FLIXIM_SQLSTATE_PASSING },
        { "55P03", NULL, FLIXIM_SQLSTATE_PASSING },
        { "55000", NULL, FLIXIM_SQLSTATE_FAULT },
        { "57014", NULL, FLIXIM_SQLSTATE_PASSING },
        { "57P01", NULL, FLIXIM_SQLSTATE_PASSING },
        { "57P05", NULL, FLIXIM_SQLSTATE_PASSING },
        { "57000", NULL, FLIXIM_SQLSTATE_FAULT },
        { "58030", NULL, FLIXIM_SQLSTATE_PASSING },
        { "58P02", NULL, FLIXIM_SQLSTATE_PASSING },
        { "42883", NULL, FLIXIM_SQLSTATE_FAULT },
        { "5", NULL, FLIXIM_SQLSTATE_FAULT },
        { "", NULL, FLIXIM_SQLSTATE_FAULT },
        { NULL, NULL, FLIXIM_SQLSTATE_FAULT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(flixim_sqlstate_of(cases[i].state, cases[i].function), cases[i].kind);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_kinds) };

    return unit_run("sqlstate", tests, sizeof(tests) / sizeof(tests[0]));
}
