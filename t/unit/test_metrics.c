/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of metrics.c: every counter is shown, in the text format that Prometheus reads. */
/* With pushd: metrics.c */
#include "unit.h"

#include <ctype.h>

#include "metrics.h"

/* Takes a line off a text; NULL when there is none. */
static char *line(char **text)
{
    return strsep(text, "\n");
}

static void all_of_them(void **state)
{
    push_metrics metrics;
    flx_buffer buffer;
    char *text, *rest;
    int64_t value = -1;
    int count = 0;

    (void)state;
#define GIVE(name, kind, help) metrics.name = ++value;
    PUSH_METRICS(GIVE)
#undef GIVE
#define GIVE(name, kind, help)                                                                     \
    for (int i = 0; i < PUSH_PROVIDERS; i++) {                                                     \
        metrics.name[i] = ++value;                                                                 \
    }
    PUSH_PROVIDER_METRICS(GIVE)
#undef GIVE
    flx_buffer_init(&buffer, 1 << 20);
    push_metrics_write(&buffer, &metrics);
    assert_false(flx_buffer_failed(&buffer));
    text = malloc(buffer.length + 1);
    assert_non_null(text);
    memcpy(text, buffer.at, buffer.length);
    text[buffer.length] = '\0';
    assert_int_equal(text[buffer.length - 1], '\n'); /* the format wants the last line to end */
    rest = text;
#define CHECK(name, kind, help)                                                                    \
    assert_string_equal(line(&rest), "# HELP flixim_pushd_" #name " " help);                       \
    assert_string_equal(line(&rest), "# TYPE flixim_pushd_" #name " " #kind);                      \
    {                                                                                              \
        char wanted[100];                                                                          \
        snprintf(wanted, sizeof wanted, "flixim_pushd_" #name " %d", count++);                     \
        assert_string_equal(line(&rest), wanted);                                                  \
    }
    PUSH_METRICS(CHECK)
#undef CHECK
#define EACH(provider)                                                                             \
    snprintf(wanted, sizeof wanted, "%s{provider=\"" #provider "\"} %d", name, count++);           \
    assert_string_equal(line(&rest), wanted);
#define CHECK(metric, kind, help)                                                                  \
    assert_string_equal(line(&rest), "# HELP flixim_pushd_" #metric " " help);                     \
    assert_string_equal(line(&rest), "# TYPE flixim_pushd_" #metric " " #kind);                    \
    {                                                                                              \
        const char *name = "flixim_pushd_" #metric;                                                \
        char wanted[100];                                                                          \
        PUSH_PROVIDER_NAMES(EACH)                                                                  \
    }
    PUSH_PROVIDER_METRICS(CHECK)
#undef CHECK
    assert_string_equal(rest, "");
    free(text);
    flx_buffer_free(&buffer);
}

/* Counters end in _total and gauges do not, as Prometheus has it. */
static void names(void **state)
{
    (void)state;
#define CHECK(name, kind, help)                                                                    \
    {                                                                                              \
        const char *text = #name;                                                                  \
        size_t length = strlen(text), i;                                                           \
        int is_total = length > 6 && strcmp(text + length - 6, "_total") == 0;                     \
        assert_int_equal(is_total, strcmp(#kind, "counter") == 0);                                 \
        assert_true(is_total || strcmp(#kind, "gauge") == 0);                                      \
        for (i = 0; i < length; i++) {                                                             \
            assert_true(islower((unsigned char)text[i]) || text[i] == '_');                        \
        }                                                                                          \
        assert_null(strchr(help, '\\'));                                                           \
    }
    PUSH_METRICS(CHECK)
    PUSH_PROVIDER_METRICS(CHECK)
#undef CHECK
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_of_them), cmocka_unit_test(names) };

    return unit_run("metrics", tests, sizeof tests / sizeof *tests);
}
