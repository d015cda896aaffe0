/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of limits.c: sockets and pushes of a user, joins of all of them, and that nobody is remembered for ever. */
/* With pushd: user_limits.c -luv */
#include "unit.h"

#include "user_limits.h"
#include "server.h"

typedef struct fixture {
    push_settings settings;
    uv_loop_t loop;
    push_server server;
    struct push_limits *limits;
} fixture;

static flx_uuid user(unsigned number)
{
    flx_uuid id;

    memset(&id, 0, sizeof id);
    memcpy(&id, &number, sizeof number);
    return id;
}

static void open_with(fixture *it, int64_t connections, int64_t rate, int64_t burst, int64_t joins)
{
    memset(it, 0, sizeof *it);
    it->settings.connections_per_user = connections;
    it->settings.pushes_per_second = rate;
    it->settings.push_burst = burst;
    it->settings.joins_per_second = joins;
    assert_int_equal(uv_loop_init(&it->loop), 0);
    it->server.loop = &it->loop;
    it->server.settings = &it->settings;
    it->limits = push_limits_make(&it->server);
    assert_non_null(it->limits);
}

static void close_it(fixture *it)
{
    push_limits_free(it->limits);
    assert_int_equal(uv_loop_close(&it->loop), 0);
}

/* How long the next join has to wait. */
static uint64_t join(fixture *it)
{
    uint64_t wait = 0;

    assert_int_equal(push_limits_take_join(it->limits, &wait), 0);
    return wait;
}

/* Lets that much time pass on the loop's clock. */
static void pass(fixture *it, uint64_t milliseconds)
{
    uint64_t until = uv_now(&it->loop) + milliseconds;

    while (uv_now(&it->loop) < until) {
        uv_sleep((unsigned)(until - uv_now(&it->loop)));
        uv_update_time(&it->loop);
    }
}

static void sockets_of_a_user(void **state)
{
    fixture it;
    flx_uuid a = user(1), b = user(2);

    (void)state;
    open_with(&it, 3, 0, 1, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
    }
    assert_int_equal(push_limits_add_socket(it.limits, &a), -1);
    assert_int_equal(push_limits_add_socket(it.limits, &b), 0);
    push_limits_remove_socket(it.limits, &a);
    assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
    assert_int_equal(push_limits_add_socket(it.limits, &a), -1);
    /* One refused took nothing. */
    for (int i = 0; i < 3; i++) {
        push_limits_remove_socket(it.limits, &a);
    }
    push_limits_remove_socket(it.limits, &a); /* one too many is no matter */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
    }
    close_it(&it);
}

static void a_lowered_limit(void **state)
{
    fixture it;
    flx_uuid a = user(1);

    (void)state;
    open_with(&it, 3, 0, 1, 1);
    assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
    assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
    it.settings.connections_per_user = 1;
    assert_int_equal(push_limits_add_socket(it.limits, &a), -1);
    push_limits_remove_socket(it.limits, &a);
    assert_int_equal(push_limits_add_socket(it.limits, &a), -1);
    push_limits_remove_socket(it.limits, &a);
    assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
    close_it(&it);
}

static void pushes_of_a_user(void **state)
{
    fixture it;
    flx_uuid a = user(1), b = user(2), stranger = user(3);

    (void)state;
    open_with(&it, 9, 20, 5, 1);
    assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
    assert_int_equal(push_limits_add_socket(it.limits, &b), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(push_limits_take_push(it.limits, &a, 100), 0);
    }
    assert_int_equal(push_limits_take_push(it.limits, &a, 100), -1);
    assert_int_equal(push_limits_take_push(it.limits, &a, 100), -1);
    assert_int_equal(push_limits_take_push(it.limits, &b, 100), 0);
    pass(&it, 51); /* one more has its turn every 50 ms, however many were refused */
    assert_int_equal(push_limits_take_push(it.limits, &a, 100), 0);
    assert_int_equal(push_limits_take_push(it.limits, &a, 100), -1);
    pass(&it, 300); /* the burst is never more than the burst */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(push_limits_take_push(it.limits, &a, 100), 0);
    }
    assert_int_equal(push_limits_take_push(it.limits, &a, 100), -1);
    assert_int_equal(push_limits_take_push(it.limits, &stranger, 100), 0);
    close_it(&it);
}

static void large_pushes(void **state)
{
    fixture it;
    flx_uuid a = user(1), b = user(2);

    (void)state;
    open_with(&it, 9, 1, 10, 1);
    assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
    assert_int_equal(push_limits_add_socket(it.limits, &b), 0);
    assert_int_equal(push_limits_take_push(it.limits, &a, 16383), 0); /* 1 */
    assert_int_equal(push_limits_take_push(it.limits, &a, 65536), 0); /* 5 */
    assert_int_equal(push_limits_take_push(it.limits, &a, 65536), -1);
    assert_int_equal(push_limits_take_push(it.limits, &a, 49152), 0); /* 4 */
    assert_int_equal(push_limits_take_push(it.limits, &a, 0), -1);
    /* One that is more than the whole burst can be pushed, as all there is. */
    assert_int_equal(push_limits_take_push(it.limits, &b, 1 << 20), 0);
    assert_int_equal(push_limits_take_push(it.limits, &b, 0), -1);
    close_it(&it);
}

static void coming_back_wins_nothing(void **state)
{
    fixture it;
    flx_uuid a = user(1);

    (void)state;
    open_with(&it, 1, 1, 2, 1);
    assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
    assert_int_equal(push_limits_take_push(it.limits, &a, 100), 0);
    assert_int_equal(push_limits_take_push(it.limits, &a, 100), 0);
    for (unsigned i = 0; i < 100; i++) {
        flx_uuid other = user(1000 + i);
        push_limits_remove_socket(it.limits, &a);
        assert_int_equal(push_limits_add_socket(it.limits, &other), 0);
        push_limits_remove_socket(it.limits, &other);
        assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
        assert_int_equal(push_limits_take_push(it.limits, &a, 100), -1);
    }
    close_it(&it);
}

static void without_a_limit(void **state)
{
    fixture it;
    flx_uuid a = user(1);

    (void)state;
    open_with(&it, 1, 0, 1, 1);
    assert_int_equal(push_limits_add_socket(it.limits, &a), 0);
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(push_limits_take_push(it.limits, &a, 100), 0);
    }
    close_it(&it);
}

static void many_users(void **state)
{
    enum { USERS = 5000 };
    fixture it;

    (void)state;
    open_with(&it, 2, 1, 1, 1);
    for (unsigned i = 0; i < USERS; i++) {
        flx_uuid id = user(i);
        assert_int_equal(push_limits_add_socket(it.limits, &id), 0);
        assert_int_equal(push_limits_take_push(it.limits, &id, 100), 0);
    }
    for (unsigned i = 0; i < USERS; i++) {
        flx_uuid id = user(i);
        assert_int_equal(push_limits_take_push(it.limits, &id, 100), -1);
        assert_int_equal(push_limits_add_socket(it.limits, &id), 0);
        assert_int_equal(push_limits_add_socket(it.limits, &id), -1);
    }
    for (unsigned i = 0; i < USERS; i++) {
        flx_uuid id = user((i * 7919) % USERS);
        push_limits_remove_socket(it.limits, &id);
        push_limits_remove_socket(it.limits, &id);
    }
    close_it(&it);
}

static void joins(void **state)
{
    fixture it;
    uint64_t last = 0;

    (void)state;
    open_with(&it, 1, 0, 1, 100);
    /* Some go at once; those after them wait, each its tenth of a tenth of a second longer. */
    assert_int_equal(join(&it), 0);
    for (int i = 1; i < 100; i++) {
        uint64_t wait = join(&it);
        assert_true(wait >= last && wait <= last + 11);
        assert_true(wait + 50 >= (uint64_t)i * 10 && wait <= (uint64_t)i * 10);
        last = wait;
    }
    pass(&it, 200);
    assert_true(join(&it) <= last - 180);
    close_it(&it);
}

/* Those who only come and go cannot put off everybody's turn without end. */
static void a_flood_of_joins(void **state)
{
    fixture it;
    uint64_t wait = 0;
    int taken = 0;

    (void)state;
    open_with(&it, 1, 0, 1, 10);
    while (taken < 1000 && push_limits_take_join(it.limits, &wait) == 0) {
        taken++;
    }
    assert_in_range(taken, 50, 99);
    assert_true(wait < 10000);
    assert_int_equal(push_limits_take_join(it.limits, &wait), -1);
    pass(&it, 150);
    assert_int_equal(push_limits_take_join(it.limits, &wait), 0);
    close_it(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_of_a_user), cmocka_unit_test(a_lowered_limit),
        cmocka_unit_test(pushes_of_a_user),  cmocka_unit_test(large_pushes),
        cmocka_unit_test(without_a_limit),   cmocka_unit_test(coming_back_wins_nothing),
        cmocka_unit_test(many_users),        cmocka_unit_test(joins),
        cmocka_unit_test(a_flood_of_joins),
    };

    return unit_run("limits", tests, sizeof tests / sizeof *tests);
}
