/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: all are reached, in their order, unless they were moved or cleared. */
/* With pushd: deadline.c log.c -luv */
#include "unit.h"

#include <uv.h>

#include "deadline.h"

#define COUNT 200

typedef struct waiter {
    push_deadline deadline;
    uint64_t wanted; /* in milliseconds after the start; 0: it is cleared */
    int reached;
} waiter;

static waiter waiters[COUNT];
static push_deadlines *deadlines;
static uint64_t last;
static int left;

/* A loop that has nothing else to do does not turn. */
static void nothing(uv_timer_t *timer)
{
    (void)timer;
}

static void reached(push_deadline *deadline)
{
    waiter *one = (waiter *)deadline;

    assert_int_equal(one->reached, 0);
    assert_true(one->wanted >= last);
    last = one->wanted;
    one->reached = 1;
    left--;
}

static void reaches_all_in_their_order(void **state)
{
    uv_loop_t loop;
    uv_timer_t company;
    unsigned seed = 7;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    deadlines = push_deadlines_make(&loop);
    assert_non_null(deadlines);
    assert_false(uv_loop_alive(&loop));
    assert_int_equal(uv_timer_init(&loop, &company), 0);
    uv_timer_start(&company, nothing, 3600000, 0);
    for (int i = 0; i < COUNT; i++) {
        seed = seed * 1103515245 + 12345;
        waiters[i].deadline.reached = reached;
        waiters[i].wanted = seed / 65536 % 20;
        push_deadline_set(deadlines, &waiters[i].deadline, waiters[i].wanted);
    }
    left = COUNT;
    for (int i = 0; i < COUNT; i += 3) {
        waiters[i].wanted = (waiters[i].wanted + 11) % 20;
        push_deadline_set(deadlines, &waiters[i].deadline, waiters[i].wanted);
    }
    for (int i = 0; i < COUNT; i += 7) {
        push_deadline_clear(deadlines, &waiters[i].deadline);
        push_deadline_clear(deadlines, &waiters[i].deadline);
        left--;
    }
    for (int turns = 0; left > 0 && turns < 1000; turns++) {
        uv_sleep(1);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(left, 0);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(waiters[i].reached, i % 7 != 0);
    }
    uv_close((uv_handle_t *)&company, NULL);
    push_deadlines_free(deadlines);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reaches_all_in_their_order),
    };

    return unit_run("deadline", tests, sizeof tests / sizeof tests[0]);
}
