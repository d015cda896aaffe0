/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's log: lines on standard error, as systemd's journal takes them. */
#ifndef PUSH_LOG_H
#define PUSH_LOG_H

typedef enum push_log_level {
    PUSH_LOG_ERROR,
    PUSH_LOG_WARNING,
    PUSH_LOG_INFO,
    PUSH_LOG_DEBUG
} push_log_level;

/* From which level on lines are written. */
void push_log_set_level(push_log_level level);

/* Writes one line: time, level, and the text, which begins with the place's tag ("FLX1203: ..."); control
 * characters in it are escaped. Never a token, never a message's text. A log that cannot be written to
 * holds up nobody: the line is lost. */
void push_log(push_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
