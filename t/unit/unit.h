/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test of libflixim includes: cmocka, set to print TAP, and a copy of exact
 * size. */
#ifndef FLX_UNIT_H
#define FLX_UNIT_H

/* cmocka wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A heap copy without a byte to spare; the caller frees it. */
static inline char *unit_copy(const char *text, size_t length)
{
    char *copy = malloc(length > 0 ? length : 1);

    assert_non_null(copy);
    memcpy(copy, text, length);
    return copy;
}

static inline int unit_run(const char *name, const struct CMUnitTest *tests, size_t count)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

#endif
