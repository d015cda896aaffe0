/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says of a push service: when its failures begin and end, and what was given up, at a rate that somebody can read. */
#include "service_log.h"

#include "log.h"
#include "provider_names.h"

/* Milliseconds between two lines of one kind. */
#define FAILING_EVERY 60000
#define OTHER_EVERY   10000

/* From so many failures on it is worth a line that they have ended. */
#define MANY 20

static const char *const names[] = {
#define NAME(name) #name,
    PUSH_PROVIDER_NAMES(NAME)
#undef NAME
};

void push_service_log_init(push_service_log *log, int number)
{
    log->name = names[number];
}

/* Whether it is time for a line; others holds how many were left out. */
static int is_time(push_service_lines *lines, uint64_t now, uint64_t every, int64_t *others)
{
    if (lines->last != 0 && now - lines->last < every) {
        lines->left_out++;
        return 0;
    }
    *others = lines->left_out;
    lines->last = now;
    lines->left_out = 0;
    return 1;
}

static void note_failure(push_service_log *log, uint64_t now, const char *push_id,
                         const char *device_id, const char *reason)
{
    int64_t others;

    log->failures++;
    if (is_time(&log->failing, now, FAILING_EVERY, &others)) {
        push_log(
            PUSH_LOG_WARNING,
            "FLX1403: %s: push %s to device %s failed, and is tried again later: %s (%lld others "
            "like it since the last line)",
            log->name, push_id, device_id, reason, (long long)others);
    }
    else {
        push_log(PUSH_LOG_DEBUG, "FLX1404: %s: push %s to device %s failed: %s", log->name, push_id,
                 device_id, reason);
    }
}

static void note_success(push_service_log *log)
{
    if (log->failures >= MANY) {
        push_log(PUSH_LOG_INFO, "FLX1405: %s works again, after %lld failures", log->name,
                 (long long)log->failures);
    }
    log->failures = 0;
}

void push_service_log_note(push_service_log *log, uint64_t now, const char *push_id,
                           const char *device_id, const push_verdict *verdict)
{
    int64_t others;

    switch (verdict->result) {
    case PUSH_VERDICT_SENT:
        note_success(log);
        break;
    case PUSH_VERDICT_RETRY:
        note_failure(log, now, push_id, device_id, verdict->reason);
        break;
    case PUSH_VERDICT_DEAD:
        if (is_time(&log->dead, now, OTHER_EVERY, &others)) {
            push_log(
                PUSH_LOG_WARNING,
                "FLX1406: %s: push %s to device %s is given up: %s (%lld others since the last "
                "line)",
                log->name, push_id, device_id, verdict->reason, (long long)others);
        }
        break;
    case PUSH_VERDICT_GONE:
        if (is_time(&log->gone, now, OTHER_EVERY, &others)) {
            push_log(PUSH_LOG_INFO,
                     "FLX1407: %s: device %s is no more: %s (%lld others since the last line)",
                     log->name, device_id, verdict->reason, (long long)others);
        }
        break;
    case PUSH_VERDICT_RELEASED:
        push_log(PUSH_LOG_DEBUG, "FLX1408: %s: push %s was not tried: %s", log->name, push_id,
                 verdict->reason);
        break;
    }
}
