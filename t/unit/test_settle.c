/* SPDX-License-Identifier: Apache-2.0 */
/* What came of pushes on its way into the database: what goes together, and what happens when no answer comes. Clock and database
 * are played here. */
/* With pushd: settle.c */
#include "unit.h"

#include "database.h"
#include "flx_statement_push.h"
#include "log.h"
#include "presence.h"
#include "server.h"
#include "settle.h"

#define DAEMON "daemon"

static struct {
    push_server server;
    push_settle *settle;
    uv_timer_cb due; /* NULL: the timer rests */
    uint64_t wait;
    push_answered *done; /* of the call that is under way; NULL: none */
    void *data;
    char asked[400]; /* its parameters but the first */
    int errors;
    int emptied;
    int closed;
} it;

/* ---- the world ---- */

int uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
    (void)loop;
    (void)timer;
    return 0;
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb call, uint64_t wait, uint64_t repeat)
{
    (void)timer;
    assert_int_equal(repeat, 0);
    it.due = call;
    it.wait = wait;
    return 0;
}

int uv_is_active(const uv_handle_t *handle)
{
    (void)handle;
    return it.due != NULL;
}

void uv_close(uv_handle_t *handle, uv_close_cb closed)
{
    it.due = NULL;
    closed(handle);
}

void push_log(push_log_level level, const char *format, ...)
{
    (void)format;
    it.errors += level == PUSH_LOG_ERROR;
}

const char *push_presence_daemon_id(const struct push_presence *presence)
{
    (void)presence;
    return DAEMON;
}

void push_call_forget(push_call *call)
{
    assert_non_null(call);
    it.done = NULL;
}

push_call *push_database_call(struct push_database *database, push_lane which,
                              const flx_statement *statement, const char *const *caller,
                              const char *const *parameters, push_answered *done, void *data)
{
    (void)database;
    assert_int_equal(which, PUSH_LANE_NOTIFY);
    assert_ptr_equal(statement, &flx_statement_settle_pushes);
    assert_null(caller);
    assert_null(it.done);
    assert_string_equal(parameters[0], DAEMON);
    snprintf(it.asked, sizeof it.asked, "%s %s %s %s", parameters[1], parameters[2], parameters[3],
             parameters[4]);
    it.done = done;
    it.data = data;
    return (push_call *)(void *)&it;
}

/* The timer's time has come. */
static void wake(void)
{
    uv_timer_t timer = { .data = it.settle };
    uv_timer_cb due = it.due;

    assert_non_null(due);
    it.due = NULL;
    due(&timer);
}

/* The database answers: with rows if there is no refusal. */
static void answer(flx_outcome refusal)
{
    static char row;
    push_answer said = { .refusal = refusal };
    push_answered *done = it.done;

    assert_non_null(done);
    if (refusal == FLX_HEALTHY) {
        said.result = (const PGresult *)(const void *)&row;
    }
    it.done = NULL;
    done(it.data, &said);
}

static void on_emptied(void *data)
{
    assert_ptr_equal(data, &it);
    it.emptied++;
}

static void on_closed(void *data)
{
    assert_ptr_equal(data, &it);
    it.closed++;
}

static void add(const char *push_id, push_verdict_result result, int64_t delay, const char *reason)
{
    push_verdict verdict = { .result = result, .delay = delay };

    snprintf(verdict.reason, sizeof verdict.reason, "%s", reason);
    push_settle_add(it.settle, push_id, &verdict);
}

static int begin(void **state)
{
    (void)state;
    memset(&it, 0, sizeof it);
    it.settle = push_settle_open(&it.server, on_emptied, &it);
    assert_non_null(it.settle);
    assert_true(push_settle_is_empty(it.settle));
    return 0;
}

static int end(void **state)
{
    (void)state;
    push_settle_close(it.settle, on_closed, &it);
    assert_int_equal(it.closed, 1);
    return 0;
}

/* ---- tests ---- */

static void go_together(void **state)
{
    (void)state;
    add("a", PUSH_VERDICT_SENT, -1, "");
    add("b", PUSH_VERDICT_RETRY, 1500, "HTTP 429, \xE4\n");
    assert_int_equal(it.wait, 20);
    wake();
    assert_string_equal(it.asked,
                        "{\"a\",\"b\"} {\"sent\",\"retry\"} {NULL,\"HTTP 429, ??\"} {NULL,\"1500 "
                        "milliseconds\"}");
    add("c", PUSH_VERDICT_GONE, -1, "HTTP 410");
    assert_null(it.due);
    answer(FLX_HEALTHY);
    assert_string_equal(it.asked, "{\"c\"} {\"gone\"} {\"HTTP 410\"} {NULL}");
    assert_int_equal(it.emptied, 0);
    answer(FLX_HEALTHY);
    assert_int_equal(it.emptied, 1);
    assert_true(push_settle_is_empty(it.settle));
}

/* Said again, its retry would count for a new try if the push were claimed in between. */
static void no_answer(void **state)
{
    char first[sizeof it.asked];

    (void)state;
    add("a", PUSH_VERDICT_RETRY, -1, "HTTP 500");
    wake();
    memcpy(first, it.asked, sizeof first);
    assert_false(push_settle_is_in_doubt(it.settle));
    answer(FLX_UNAVAILABLE);
    assert_true(push_settle_is_in_doubt(it.settle));
    assert_false(push_settle_is_empty(it.settle));
    assert_int_equal(it.wait, 500);
    wake();
    assert_string_equal(it.asked, first);
    assert_true(push_settle_is_in_doubt(it.settle));
    assert_int_equal(it.emptied, 0);
    answer(FLX_HEALTHY);
    assert_false(push_settle_is_in_doubt(it.settle));
    assert_int_equal(it.emptied, 1);
}

static void refused(void **state)
{
    (void)state;
    add("a", PUSH_VERDICT_DEAD, -1, "HTTP 400");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(it.errors, 0);
        wake();
        answer(FLX_INTERNAL);
    }
    assert_int_equal(it.errors, 1);
    assert_int_equal(it.emptied, 1);
    assert_false(push_settle_is_in_doubt(it.settle));
}

static void closed_meanwhile(void **state)
{
    (void)state;
    add("a", PUSH_VERDICT_SENT, -1, "");
    wake();
    add("b", PUSH_VERDICT_SENT, -1, "");
    /* the end closes it: nothing calls back, and nothing is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(go_together, begin, end),
        cmocka_unit_test_setup_teardown(no_answer, begin, end),
        cmocka_unit_test_setup_teardown(refused, begin, end),
        cmocka_unit_test_setup_teardown(closed_meanwhile, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
