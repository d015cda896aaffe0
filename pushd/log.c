/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's log: lines on standard error, as systemd's journal takes them. */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Less than PIPE_BUF: a pipe that poll calls writable takes such a line whole, and at once. */
#define LINE_LIMIT 2000

typedef struct level_text {
    const char *name;
    char priority; /* syslog's */
} level_text;

static const level_text levels[] = {
    [PUSH_LOG_ERROR] = { "error", '3' },
    [PUSH_LOG_WARNING] = { "warning", '4' },
    [PUSH_LOG_INFO] = { "info", '6' },
    [PUSH_LOG_DEBUG] = { "debug", '7' },
};

/* The one variable of the process: whoever logs has no server to look at. Set by main alone. */
static push_log_level lowest = PUSH_LOG_INFO;

void push_log_set_level(push_log_level level)
{
    lowest = level;
}

/* Whether standard error is the journal's, which has times of its own (systemd.exec(5), JOURNAL_STREAM). */
static int is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char own[48];

    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0) {
        return 0;
    }
    snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino);
    return strcmp(stream, own) == 0;
}

static size_t write_prefix(char *line, size_t size, push_log_level level)
{
    struct timespec now;
    struct tm parts;
    char stamp[32] = "";

    if (is_journal()) {
        return (size_t)snprintf(line, size, "<%c>", levels[level].priority);
    }
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &parts) != NULL) {
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    }
    return (size_t)snprintf(line, size, "%s.%03ldZ [%d] %s: ", stamp, now.tv_nsec / 1000000,
                            (int)getpid(), levels[level].name);
}

/* Copies text without what could begin another line or speak to a terminal. */
static size_t append_escaped(char *line, size_t length, size_t size, const char *text)
{
    for (; *text != '\0' && length + 5 < size; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < 0x20 || byte == 0x7F) {
            length += (size_t)snprintf(line + length, size - length, "\\x%02x", byte);
        }
        else {
            line[length++] = (char)byte;
        }
    }
    return length;
}

void push_log(push_log_level level, const char *format, ...)
{
    struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
    char text[LINE_LIMIT], line[LINE_LIMIT];
    size_t length;
    va_list arguments;
    ssize_t written;

    if (level > lowest) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    length = write_prefix(line, sizeof line, level);
    length = append_escaped(line, length, sizeof line, text);
    line[length++] = '\n';
    if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT)) {
        do {
            written = write(STDERR_FILENO, line, length);
        } while (written < 0 && errno == EINTR);
    }
}
