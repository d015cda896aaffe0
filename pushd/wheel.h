/* SPDX-License-Identifier: Apache-2.0 */
/* Many coarse timers for the price of one: a wheel of lists, each for a quarter of a second. */
#ifndef PUSH_WHEEL_H
#define PUSH_WHEEL_H

#include <stdint.h>

#define PUSH_WHEEL_TICK  250 /* milliseconds; how much later than due a timer may fire */
#define PUSH_WHEEL_SLOTS 512

/* Part of whatever has a deadline; zeroed before its first use. */
typedef struct push_wheel_timer {
    struct push_wheel_timer *next;
    struct push_wheel_timer **link; /* NULL: not armed */
    uint64_t due;
} push_wheel_timer;

typedef struct push_wheel {
    push_wheel_timer *slots[PUSH_WHEEL_SLOTS];
    uint64_t turned; /* the tick up to which everything has fired */
} push_wheel;

/* now: milliseconds of a clock that never steps back. */
void push_wheel_init(push_wheel *wheel, uint64_t now);

/* Arms a timer for due, or anew if it is armed. */
void push_wheel_arm(push_wheel *wheel, push_wheel_timer *timer, uint64_t due);

/* Fine if it is not armed. */
void push_wheel_disarm(push_wheel_timer *timer);

/* Fires what is due, each disarmed before its call; it may arm and disarm any timer. */
void push_wheel_turn(push_wheel *wheel, uint64_t now, void (*fire)(push_wheel_timer *timer));

#endif
