/* SPDX-License-Identifier: Apache-2.0 */
/* What a session connects with. */
/* With pushd: conninfo.c log.c -luv */
#include "unit.h"

#include <stdlib.h>

#include <uv.h>

#include "conninfo.h"

/* What was made: one text, "keyword=value" each, with spaces between them; "" if it came to nothing. */
static char made[4096];
static int calls;

static void take(void *data, const char *const *keywords, const char *const *values)
{
    assert_ptr_equal(data, &calls);
    calls++;
    made[0] = '\0';
    for (int i = 0; keywords != NULL && keywords[i] != NULL; i++) {
        size_t length = strlen(made);

        assert_true(
            snprintf(made + length, sizeof made - length, " %s=%s", keywords[i], values[i]) > 0);
    }
}

static void make(const char *database)
{
    push_settings settings = { .database = database, .database_timeout = 5000 };
    uv_loop_t loop;
    push_server server = { .loop = &loop, .settings = &settings };
    push_conninfo *conninfo;

    calls = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    conninfo = push_conninfo_make(&server, take, &calls);
    assert_int_equal(calls, conninfo == NULL ? 1 : 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(calls, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void assert_has(const char *text)
{
    if (strstr(made, text) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", text, made);
    }
}

static void adds_what_the_daemon_needs(void **state)
{
    (void)state;
    make("host=/run/x dbname=flixim user=u");
    assert_has(" dbname=flixim");
    assert_has(" user=u");
    assert_has(" host=/run/x");
    assert_has(" application_name=flixim-pushd");
    assert_has(" target_session_attrs=read-write");
    assert_has(" tcp_user_timeout=10000");
    assert_has(" client_encoding=UTF8");
    assert_has("-c timezone=UTC");
    assert_has("-c statement_timeout=4500 ");
    assert_has("-c client_min_messages=warning");
    assert_null(strstr(made, "hostaddr"));
}

static void lets_the_setting_win(void **state)
{
    (void)state;
    make("host=/run/x application_name=mine target_session_attrs=any options='-c work_mem=8MB'");
    assert_has(" application_name=mine");
    assert_has(" target_session_attrs=any");
    assert_has(" -c work_mem=8MB");
    assert_null(strstr(made, "flixim-pushd"));
    assert_null(strstr(made, "read-write"));
}

static void looks_names_up(void **state)
{
    (void)state;
    make("host=/run/x,127.0.0.1,/run/y port=1,2,3");
    assert_has(" host=/run/x,127.0.0.1,/run/y hostaddr=,127.0.0.1, port=1,2,3");
    make("host=127.0.0.1,127.0.0.2 port=7");
    assert_has(" host=127.0.0.1,127.0.0.2 hostaddr=127.0.0.1,127.0.0.2 port=7,7");
    make("postgresql://u@127.0.0.1/flixim");
    assert_has(" hostaddr=127.0.0.1 port=5432");
    make("host=localhost dbname=x");
    assert_has(" host=localhost");
    assert_has(" hostaddr=");
    make("host=db.example.org hostaddr=192.0.2.1");
    assert_has(" host=db.example.org hostaddr=192.0.2.1");
}

static void refuses_what_is_no_connection_string(void **state)
{
    (void)state;
    make("nonsense");
    assert_string_equal(made, "");
}

/* Taken back: it is not called, and the loop has nothing left. */
static void forgets(void **state)
{
    push_settings settings = { .database = "host=127.0.0.1", .database_timeout = 5000 };
    uv_loop_t loop;
    push_server server = { .loop = &loop, .settings = &settings };

    (void)state;
    calls = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    push_conninfo_forget(push_conninfo_make(&server, take, &calls));
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(calls, 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    push_conninfo_forget(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_what_the_daemon_needs),
        cmocka_unit_test(lets_the_setting_win),
        cmocka_unit_test(looks_names_up),
        cmocka_unit_test(refuses_what_is_no_connection_string),
        cmocka_unit_test(forgets),
    };

    return unit_run("conninfo", tests, sizeof tests / sizeof tests[0]);
}
