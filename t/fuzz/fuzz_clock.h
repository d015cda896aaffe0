/* SPDX-License-Identifier: Apache-2.0 */
/* libuv's clock and timers, played: time passes when a fuzz target says so. To be included once, in place of linking libuv. */
#ifndef FLX_FUZZ_CLOCK_H
#define FLX_FUZZ_CLOCK_H

#include <string.h>
#include <uv.h>

#include "fuzz.h"

#define FUZZ_TIMERS 8

typedef struct fuzz_timer {
    uv_timer_t *handle;
    uv_timer_cb call;
    uint64_t due; /* 0: it is not active */
} fuzz_timer;

static struct {
    uint64_t now;
    fuzz_timer timers[FUZZ_TIMERS];
} fuzz_clock;

/* Begins anew. */
static inline void fuzz_clock_begin(void)
{
    memset(&fuzz_clock, 0, sizeof fuzz_clock);
    fuzz_clock.now = 1000000;
}

uint64_t uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return fuzz_clock.now;
}

static inline fuzz_timer *fuzz_timer_of(const uv_timer_t *handle)
{
    int i = 0;

    while (fuzz_clock.timers[i].handle != handle) {
        must(++i < FUZZ_TIMERS);
    }
    return &fuzz_clock.timers[i];
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *handle)
{
    memset(handle, 0, sizeof *handle);
    handle->loop = loop;
    fuzz_timer_of(NULL)->handle = handle;
    return 0;
}

int uv_timer_start(uv_timer_t *handle, uv_timer_cb call, uint64_t milliseconds, uint64_t repeat)
{
    fuzz_timer *one = fuzz_timer_of(handle);

    must(repeat == 0);
    one->call = call;
    one->due = fuzz_clock.now + milliseconds;
    return 0;
}

int uv_timer_stop(uv_timer_t *handle)
{
    fuzz_timer_of(handle)->due = 0;
    return 0;
}

int uv_is_active(const uv_handle_t *handle)
{
    return fuzz_timer_of((const uv_timer_t *)(const void *)handle)->due != 0;
}

uint64_t uv_timer_get_due_in(const uv_timer_t *handle)
{
    const fuzz_timer *one = fuzz_timer_of(handle);

    return one->due <= fuzz_clock.now ? 0 : one->due - fuzz_clock.now;
}

void uv_unref(uv_handle_t *handle)
{
    (void)handle;
}

void uv_close(uv_handle_t *handle, uv_close_cb closed)
{
    memset(fuzz_timer_of((uv_timer_t *)(void *)handle), 0, sizeof(fuzz_timer));
    closed(handle);
}

int uv_random(uv_loop_t *loop, uv_random_t *request, void *bytes, size_t length, unsigned flags,
              uv_random_cb done)
{
    (void)loop;
    (void)request;
    (void)flags;
    (void)done;
    memset(bytes, 7, length);
    return 0;
}

/* Lets time pass; what is due is called, in order. */
static inline void fuzz_clock_pass(uint64_t milliseconds)
{
    uint64_t until = fuzz_clock.now + milliseconds;

    for (int fired = 0;; fired++) {
        fuzz_timer *next = NULL;
        uv_timer_t *handle;
        for (int i = 0; i < FUZZ_TIMERS; i++) {
            if (fuzz_clock.timers[i].due != 0 && fuzz_clock.timers[i].due <= until &&
                (next == NULL || fuzz_clock.timers[i].due < next->due)) {
                next = &fuzz_clock.timers[i];
            }
        }
        if (next == NULL) {
            break;
        }
        must(fired < 100000);
        fuzz_clock.now = next->due > fuzz_clock.now ? next->due : fuzz_clock.now;
        next->due = 0;
        handle = next->handle;
        next->call(handle);
    }
    fuzz_clock.now = until;
}

#endif
