/* SPDX-License-Identifier: Apache-2.0 */
/* How often the event stream is read, and whether the daemon had better sleep or stay awake. */
#include "pace.h"

#include <time.h>

/* Between two reads while busy: eight times what a read takes, so that reading takes a small part of the server's time
 * and waits where the server is at its limit. What is read has to be read once, however long it is waited for: of a read with
 * many rows only a share counts. */
#define READ_COST 8
#define READ_ROWS 100
#define READ_MIN  4
#define READ_MAX  40

/* Without an event until a busy daemon falls asleep: that takes three calls, and then notifications, which make
 * commits queue. */
#define QUIET 60

/* A daemon that is woken more often than once in this time, on and on, is busy; so it is with many events at
 * once. */
#define WAKE_COST    10
#define WAKES        INT64_C(8)
#define MANY_ROWS    100

#define SUSPECT_WAIT 1000
#define PATIENCE     10
#define PATIENCE_MAX 100

uint64_t push_pace_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void push_pace_begin(push_pace *pace, uint64_t now)
{
    pace->news_at = now;
    pace->score = 0;
    pace->scored_at = now;
    pace->suspects = 0;
}

void push_pace_read(push_pace *pace, uint64_t asked_at, uint64_t now, int rows, int is_falling)
{
    uint64_t patience;

    pace->interval = (now - asked_at) * READ_COST / (1 + (uint64_t)rows / READ_ROWS);
    if (pace->interval < READ_MIN) {
        pace->interval = READ_MIN;
    }
    if (pace->interval > READ_MAX) {
        pace->interval = READ_MAX;
    }
    if (rows > 0) {
        pace->news_at = now;
    }
    if (is_falling) {
        patience = (now - pace->news_at) / PATIENCE;
        pace->interval += patience < PATIENCE_MAX ? patience : PATIENCE_MAX;
    }
}

int push_pace_is_too_much(push_pace *pace, uint64_t now, int rows)
{
    pace->score -= (int64_t)(now - pace->scored_at);
    pace->scored_at = now;
    if (pace->score < 0) {
        pace->score = 0;
    }
    if (rows > 0) {
        pace->score += WAKE_COST;
    }
    return pace->score > WAKES * WAKE_COST || rows >= MANY_ROWS;
}

int push_pace_is_quiet(const push_pace *pace, uint64_t now)
{
    return now >= pace->news_at + QUIET;
}

void push_pace_suspect(push_pace *pace, uint64_t now, int rows)
{
    pace->suspects += rows;
    pace->suspect_due = now + SUSPECT_WAIT;
}

void push_pace_clear(push_pace *pace)
{
    pace->suspects = 0;
}

int64_t push_pace_take_caught(push_pace *pace, uint64_t now)
{
    int64_t caught = pace->suspects;

    if (now < pace->suspect_due) {
        return 0;
    }
    pace->suspects = 0;
    return caught;
}
