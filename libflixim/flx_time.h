/* SPDX-License-Identifier: Apache-2.0 */
/* Instants: RFC 3339 text to milliseconds since 1970 and back. */
#ifndef FLX_TIME_H
#define FLX_TIME_H

#include <stddef.h>
#include <stdint.h>

/* An instant: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. */
typedef int64_t flx_time;

/* The bounds of what is read and written: 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z. */
#define FLX_TIME_MIN INT64_C(-62135596800000)
#define FLX_TIME_MAX INT64_C(253402300799999)

/* The length of what flx_time_write writes, "2025-04-10T10:30:00.000Z". */
#define FLX_TIME_TEXT 24

/* PostgreSQL's binary timestamptz (microseconds since 2000-01-01) as an instant, rounded down. */
#define FLX_TIME_PG_EPOCH INT64_C(946684800000)

/* Reads an RFC 3339 date-time: "T" and "Z" in either case, any number of fraction digits (those
 * beyond milliseconds are cut off, so that an instant never moves into the future), an offset up
 * to 23:59. Seconds up to 59: PostgreSQL and JavaScript know no :60. Nothing else: no "now", no
 * other zone names, no space in the middle. Returns 0, or -1 and leaves *time alone. */
int flx_time_read(flx_time *time, const char *text, size_t length)
    __attribute__((warn_unused_result));

/* Writes an instant between the bounds above as FLX_TIME_TEXT characters, in UTC, without a
 * terminating NUL. */
void flx_time_write(flx_time time, char text[FLX_TIME_TEXT]);

#endif
