/* SPDX-License-Identifier: Apache-2.0 */
/* Many moments to wait for, on one timer of the loop: a binary heap, the earliest first. */
#include "deadline.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

struct push_deadlines {
    uv_timer_t timer;
    push_deadline **heap; /* from place 1 on */
    size_t count;
    size_t room;
};

static void put(push_deadlines *deadlines, push_deadline *deadline, size_t place)
{
    deadlines->heap[place] = deadline;
    deadline->place = place;
}

/* Moves a deadline from a free place up or down to where it belongs. */
static void settle(push_deadlines *deadlines, push_deadline *deadline, size_t place)
{
    push_deadline **heap = deadlines->heap;

    while (place > 1 && heap[place / 2]->due > deadline->due) {
        put(deadlines, heap[place / 2], place);
        place /= 2;
    }
    for (;;) {
        size_t child = place * 2;
        if (child < deadlines->count && heap[child + 1]->due < heap[child]->due) {
            child++;
        }
        if (child > deadlines->count || heap[child]->due >= deadline->due) {
            break;
        }
        put(deadlines, heap[child], place);
        place = child;
    }
    put(deadlines, deadline, place);
}

static void tick(uv_timer_t *timer);

static void arm(push_deadlines *deadlines)
{
    uint64_t now = uv_now(deadlines->timer.loop), due;

    if (deadlines->count == 0) {
        uv_timer_stop(&deadlines->timer);
        return;
    }
    due = deadlines->heap[1]->due;
    uv_timer_start(&deadlines->timer, tick, due > now ? due - now : 0, 0);
}

static void tick(uv_timer_t *timer)
{
    push_deadlines *deadlines = timer->data;
    uint64_t now = uv_now(timer->loop);

    /* What is set to now within reached waits for the next turn, or this would not end. */
    for (size_t rounds = deadlines->count; rounds > 0 && deadlines->count > 0; rounds--) {
        push_deadline *first = deadlines->heap[1];
        if (first->due > now) {
            break;
        }
        push_deadline_clear(deadlines, first);
        first->reached(first);
    }
    arm(deadlines);
}

push_deadlines *push_deadlines_make(uv_loop_t *loop)
{
    push_deadlines *deadlines = calloc(1, sizeof *deadlines);

    if (deadlines == NULL) {
        return NULL;
    }
    if (uv_timer_init(loop, &deadlines->timer) != 0) {
        free(deadlines);
        return NULL;
    }
    deadlines->timer.data = deadlines;
    /* It keeps no daemon up that has nothing else to do. */
    uv_unref((uv_handle_t *)&deadlines->timer);
    return deadlines;
}

static void closed(uv_handle_t *handle)
{
    push_deadlines *deadlines = handle->data;

    free(deadlines->heap);
    free(deadlines);
}

void push_deadlines_free(push_deadlines *deadlines)
{
    if (deadlines != NULL) {
        uv_close((uv_handle_t *)&deadlines->timer, closed);
    }
}

static int make_room(push_deadlines *deadlines)
{
    size_t room = deadlines->room == 0 ? 64 : deadlines->room * 2;
    push_deadline **heap;

    if (deadlines->count + 1 < deadlines->room) {
        return 0;
    }
    heap = realloc(deadlines->heap, room * sizeof(push_deadline *));
    if (heap == NULL) {
        return -1;
    }
    deadlines->heap = heap;
    deadlines->room = room;
    return 0;
}

void push_deadline_set(push_deadlines *deadlines, push_deadline *deadline, uint64_t milliseconds)
{
    deadline->due = uv_now(deadlines->timer.loop) + milliseconds;
    if (deadline->place == 0) {
        if (make_room(deadlines) != 0) {
            push_log(PUSH_LOG_ERROR, "FLX1101: no memory for a deadline");
            return;
        }
        deadline->place = ++deadlines->count;
    }
    settle(deadlines, deadline, deadline->place);
    if (deadline->place == 1) {
        arm(deadlines);
    }
}

void push_deadline_clear(push_deadlines *deadlines, push_deadline *deadline)
{
    size_t place = deadline->place;
    push_deadline *last;

    if (place == 0) {
        return;
    }
    deadline->place = 0;
    last = deadlines->heap[deadlines->count--];
    if (last != deadline) {
        settle(deadlines, last, place);
    }
    if (place == 1) {
        arm(deadlines);
    }
}

int push_deadline_is_set(const push_deadline *deadline)
{
    return deadline->place != 0;
}
