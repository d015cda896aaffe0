/* SPDX-License-Identifier: Apache-2.0 */
/* Many coarse timers for the price of one: a wheel of lists, each for a quarter of a second. */
#include "wheel.h"

#include <string.h>

void push_wheel_init(push_wheel *wheel, uint64_t now)
{
    memset(wheel, 0, sizeof *wheel);
    wheel->turned = now / PUSH_WHEEL_TICK;
}

static void link_timer(push_wheel_timer **head, push_wheel_timer *timer)
{
    timer->next = *head;
    timer->link = head;
    if (timer->next != NULL) {
        timer->next->link = &timer->next;
    }
    *head = timer;
}

void push_wheel_arm(push_wheel *wheel, push_wheel_timer *timer, uint64_t due)
{
    /* in a tick that has not fired yet, and at the first one that ends behind due */
    uint64_t tick = due / PUSH_WHEEL_TICK + 1;

    if (tick <= wheel->turned) {
        tick = wheel->turned + 1;
    }
    push_wheel_disarm(timer);
    timer->due = due;
    link_timer(&wheel->slots[tick % PUSH_WHEEL_SLOTS], timer);
}

void push_wheel_disarm(push_wheel_timer *timer)
{
    if (timer->link == NULL) {
        return;
    }
    *timer->link = timer->next;
    if (timer->next != NULL) {
        timer->next->link = timer->link;
    }
    timer->link = NULL;
    timer->next = NULL;
}

/* Fires one list. What is due only in a later round goes back. */
static void fire_slot(push_wheel *wheel, size_t slot, uint64_t now,
                      void (*fire)(push_wheel_timer *))
{
    push_wheel_timer *waiting = wheel->slots[slot];
    push_wheel_timer *later = NULL;

    wheel->slots[slot] = NULL;
    if (waiting != NULL) {
        waiting->link =
            &waiting; /* the list hangs on the stack, so that disarming goes on working */
    }
    while (waiting != NULL) {
        push_wheel_timer *timer = waiting;
        push_wheel_disarm(timer);
        if (timer->due <= now) {
            fire(timer);
        }
        else {
            link_timer(&later, timer);
        }
    }
    while (later != NULL) {
        push_wheel_timer *timer = later;
        push_wheel_disarm(timer);
        link_timer(&wheel->slots[slot], timer);
    }
}

void push_wheel_turn(push_wheel *wheel, uint64_t now, void (*fire)(push_wheel_timer *timer))
{
    uint64_t tick = now / PUSH_WHEEL_TICK;

    if (tick > wheel->turned + PUSH_WHEEL_SLOTS) {
        wheel->turned = tick - PUSH_WHEEL_SLOTS; /* once around is everything */
    }
    while (wheel->turned < tick) {
        wheel->turned++;
        fire_slot(wheel, (size_t)(wheel->turned % PUSH_WHEEL_SLOTS), now, fire);
    }
}
