/* SPDX-License-Identifier: Apache-2.0 */
/* What is measured and what was found wrong, as the members of a line of JSON. */
#ifndef LOAD_FIGURES_H
#define LOAD_FIGURES_H

#include <stdint.h>

/* Times, each within 1% of what it was. */
#define LOAD_TIMES_PARTS 128
#define LOAD_TIMES_ROWS  32

typedef struct load_times {
    uint64_t count;
    int64_t longest; /* nanoseconds */
    uint32_t slots[LOAD_TIMES_ROWS][LOAD_TIMES_PARTS];
} load_times;

void load_times_add(load_times *times, int64_t nanoseconds);

/* The time that this part of all is not above, in milliseconds. */
double load_times_part(const load_times *times, double part);

/* ,"name":{"p50":…,"p99":…,"max":…} on standard output. */
void load_times_print(const load_times *times, const char *name);

/* What ought to be nothing. */
typedef struct load_faults {
    uint64_t lost;     /* sends not acknowledged, messages not delivered */
    uint64_t repeated; /* acknowledged or delivered again */
    uint64_t wrong;    /* order, content, receiver, refusals, connections that ended */
    char first[400];   /* the first case */
} load_faults;

/* Counts one more of lost, repeated or wrong, and keeps the first case. */
void load_fault(load_faults *faults, uint64_t *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ,"lost":…,"repeated":…,"wrong":… and the first case if there is one. */
void load_faults_print(const load_faults *faults);
int load_faults_any(const load_faults *faults);

/* A JSON string, whatever is in it. */
void load_print_text(const char *text);

/* What our own process has used up to now. */
typedef struct load_usage {
    double seconds; /* of a processor */
    uint64_t reads;
    uint64_t writes;
} load_usage;

/* ,"own":{…}: what went between two of them for each of so many messages. */
void load_usage_print(const load_usage *before, const load_usage *after, uint64_t messages);

#endif
