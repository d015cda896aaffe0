/* SPDX-License-Identifier: Apache-2.0 */
/* A histogram of times, the account of faults, and how both are printed. */
#include "figures.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Row 0: microseconds 0 to 127; each further row: twice as wide as the one before, from its middle on. */
void load_times_add(load_times *times, int64_t nanoseconds)
{
    uint64_t us = nanoseconds > 0 ? (uint64_t)nanoseconds / 1000 : 0;
    unsigned row = 0;

    while (us >= LOAD_TIMES_PARTS && row < LOAD_TIMES_ROWS - 1) {
        us /= 2;
        row++;
    }
    if (us >= LOAD_TIMES_PARTS) {
        us = LOAD_TIMES_PARTS - 1;
    }
    times->slots[row][us]++;
    times->count++;
    if (nanoseconds > times->longest) {
        times->longest = nanoseconds;
    }
}

double load_times_part(const load_times *times, double part)
{
    uint64_t seen = 0;
    unsigned row, at;

    for (row = 0; row < LOAD_TIMES_ROWS; row++) {
        for (at = 0; at < LOAD_TIMES_PARTS; at++) {
            seen += times->slots[row][at];
            if (seen > 0 && (double)seen >= part * (double)times->count) {
                return ((double)at + 0.5) * (double)(1ULL << row) / 1000;
            }
        }
    }
    return 0;
}

void load_times_print(const load_times *times, const char *name)
{
    printf(",\"%s\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, load_times_part(times, 0.5),
           load_times_part(times, 0.99), (double)times->longest / 1e6);
}

void load_fault(load_faults *faults, uint64_t *kind, const char *format, ...)
{
    va_list arguments;

    (*kind)++;
    if (faults->first[0] == '\0') {
        va_start(arguments, format);
        (void)vsnprintf(faults->first, sizeof faults->first, format, arguments);
        va_end(arguments);
    }
}

void load_print_text(const char *text)
{
    (void)putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') {
            printf("\\%c", byte);
        }
        else if (byte < 0x20 || byte > 0x7e) {
            (void)putchar('?'); /* it may be cut within a character */
        }
        else {
            (void)putchar(byte);
        }
    }
    (void)putchar('"');
}

void load_faults_print(const load_faults *faults)
{
    printf(",\"lost\":%llu,\"repeated\":%llu,\"wrong\":%llu", (unsigned long long)faults->lost,
           (unsigned long long)faults->repeated, (unsigned long long)faults->wrong);
    if (faults->first[0] != '\0') {
        printf(",\"first\":");
        load_print_text(faults->first);
    }
}

int load_faults_any(const load_faults *faults)
{
    return faults->lost > 0 || faults->repeated > 0 || faults->wrong > 0;
}

void load_usage_print(const load_usage *before, const load_usage *after, uint64_t messages)
{
    double count = messages > 0 ? (double)messages : 1;

    printf(",\"own\":{\"cpu_us\":%.2f,\"reads\":%.3f,\"writes\":%.3f}",
           (after->seconds - before->seconds) * 1e6 / count,
           (double)(after->reads - before->reads) / count,
           (double)(after->writes - before->writes) / count);
}
