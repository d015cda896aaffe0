/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of the wheel fire once, not early, and at most a tick late. */
/* With pushd: wheel.c */
#include "unit.h"

#include "wheel.h"

#define TIMERS 200

/* The first member is its timer. */
typedef struct one {
    push_wheel_timer timer;
    uint64_t fired;
    int count;
} one;

/* What the callback, which is given the timer alone, needs. */
static struct {
    push_wheel wheel;
    one timers[TIMERS];
    uint64_t now;
    uint64_t again; /* arm it so much later, once */
    one *victim;    /* disarm it */
} play;

static void fire(push_wheel_timer *timer)
{
    one *self = (one *)(void *)timer;

    assert_null(timer->link);
    self->fired = play.now;
    self->count++;
    if (play.again > 0) {
        push_wheel_arm(&play.wheel, timer, play.now + play.again);
        play.again = 0;
    }
    if (play.victim != NULL) {
        push_wheel_disarm(&play.victim->timer);
    }
}

static void reset(uint64_t now)
{
    memset(&play, 0, sizeof play);
    play.now = now;
    push_wheel_init(&play.wheel, now);
}

static void turn_until(uint64_t end, uint64_t step)
{
    while (play.now < end) {
        play.now += step;
        push_wheel_turn(&play.wheel, play.now, fire);
    }
}

static void fires_in_time(void **state)
{
    static const uint64_t begins[] = { 0, 1, 249, 250, 123456789 };
    size_t i, j;

    (void)state;
    for (j = 0; j < sizeof begins / sizeof begins[0]; j++) {
        reset(begins[j]);
        for (i = 0; i < TIMERS; i++) {
            /* some of them beyond one round of the wheel, one in the past */
            push_wheel_arm(&play.wheel, &play.timers[i].timer, begins[j] + i * 1777);
        }
        turn_until(begins[j] + TIMERS * (uint64_t)1777 + 1000, 50);
        for (i = 0; i < TIMERS; i++) {
            uint64_t due = begins[j] + i * 1777;
            assert_int_equal(play.timers[i].count, 1);
            assert_true(play.timers[i].fired >= due);
            assert_true(play.timers[i].fired <= due + PUSH_WHEEL_TICK + 50);
        }
    }
}

static void fires_what_was_overslept(void **state)
{
    size_t i;

    (void)state;
    reset(1000);
    for (i = 0; i < TIMERS; i++) {
        push_wheel_arm(&play.wheel, &play.timers[i].timer, 1000 + i * 1777);
    }
    play.now = 1000 + (uint64_t)10 * PUSH_WHEEL_TICK * PUSH_WHEEL_SLOTS;
    push_wheel_turn(&play.wheel, play.now, fire);
    for (i = 0; i < TIMERS; i++) {
        assert_int_equal(play.timers[i].count, 1);
    }
}

static void arms_anew_and_disarms(void **state)
{
    (void)state;
    reset(1000);
    push_wheel_arm(&play.wheel, &play.timers[0].timer, 2000);
    push_wheel_arm(&play.wheel, &play.timers[0].timer, 9000);
    push_wheel_arm(&play.wheel, &play.timers[1].timer, 2000);
    push_wheel_disarm(&play.timers[1].timer);
    push_wheel_disarm(&play.timers[1].timer);
    turn_until(20000, 100);
    assert_int_equal(play.timers[0].count, 1);
    assert_true(play.timers[0].fired >= 9000);
    assert_int_equal(play.timers[1].count, 0);
}

static void a_timer_may_arm_itself_and_disarm_others(void **state)
{
    (void)state;
    reset(1000);
    play.again = (uint64_t)PUSH_WHEEL_TICK * PUSH_WHEEL_SLOTS; /* the same slot again */
    push_wheel_arm(&play.wheel, &play.timers[0].timer, 2000);
    turn_until(2500, 100);
    assert_int_equal(play.timers[0].count, 1);
    turn_until(200000, 100);
    assert_int_equal(play.timers[0].count, 2);

    /* two in one slot, each of which would disarm the other */
    reset(1000);
    push_wheel_arm(&play.wheel, &play.timers[0].timer, 2000);
    push_wheel_arm(&play.wheel, &play.timers[1].timer, 2000);
    push_wheel_arm(&play.wheel, &play.timers[2].timer, 2000);
    play.victim = &play.timers[1];
    turn_until(3000, 100);
    assert_int_equal(play.timers[0].count, 1);
    assert_int_equal(play.timers[1].count, 0);
    assert_int_equal(play.timers[2].count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_in_time),
        cmocka_unit_test(fires_what_was_overslept),
        cmocka_unit_test(arms_anew_and_disarms),
        cmocka_unit_test(a_timer_may_arm_itself_and_disarm_others),
    };

    return unit_run("wheel", tests, sizeof tests / sizeof tests[0]);
}
