/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says of a push service: when its failures begin and end, and what was given up, at a rate that somebody can read. */
#ifndef PUSH_SERVICE_LOG_H
#define PUSH_SERVICE_LOG_H

#include <stdint.h>

#include "provider.h"

/* Lines of one kind. */
typedef struct push_service_lines {
    uint64_t last; /* when there was one, in uv_now's time; 0: never */
    int64_t left_out;
} push_service_lines;

typedef struct push_service_log {
    const char *name;
    int64_t failures; /* since the last success that the log knows of */
    push_service_lines failing;
    push_service_lines dead;
    push_service_lines gone;
} push_service_log;

/* The number is one of provider_names.h. */
void push_service_log_init(push_service_log *log, int number);

/* Notes what came of a push. */
void push_service_log_note(push_service_log *log, uint64_t now, const char *push_id,
                           const char *device_id, const push_verdict *verdict);

#endif
