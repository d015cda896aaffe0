/* SPDX-License-Identifier: Apache-2.0 */
/* How often the event stream is read, and whether the daemon had better sleep or stay awake. Times are in milliseconds. */
#ifndef PUSH_PACE_H
#define PUSH_PACE_H

#include <stdint.h>

typedef struct push_pace {
    uint64_t interval; /* between two reads while busy */
    uint64_t news_at;  /* when there was an event last */
    int64_t score;     /* how much it is woken: a cost for each time, less the time that goes by */
    uint64_t scored_at;
    /* what the safety poll found, while its notification may still be on the way */
    int64_t suspects;
    uint64_t suspect_due;
} push_pace;

/* A clock that goes on while the machine or this process sleeps: leases do as well. */
uint64_t push_pace_now(void);

/* The stream begins, or busy times do. */
void push_pace_begin(push_pace *pace, uint64_t now);

/* A read that was asked for at a time has brought so many events. is_falling: it only looks for transactions that were
 * open when it began to fall asleep, and does so less and less often. */
void push_pace_read(push_pace *pace, uint64_t asked_at, uint64_t now, int rows, int is_falling);

/* Whether so much happens that sleeping in between costs more than it saves. To be asked after each read of a daemon that
 * writers notify. */
int push_pace_is_too_much(push_pace *pace, uint64_t now, int rows);

/* Whether nothing has happened for long enough to fall asleep. */
int push_pace_is_quiet(const push_pace *pace, uint64_t now);

/* The safety poll has found events although nobody had notified. */
void push_pace_suspect(push_pace *pace, uint64_t now, int rows);

/* A notification came. */
void push_pace_clear(push_pace *pace);

/* How many events only the safety poll has found, as no notification came after all. */
int64_t push_pace_take_caught(push_pace *pace, uint64_t now);

#endif
