/* SPDX-License-Identifier: Apache-2.0 */
/* A scanner of JSON that costs some instructions a byte: what servers say is long, and read by one thread. */
#include "scan.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define DEPTH 16

typedef struct scan {
    const char *at;
    const char *end;
    flx_slice *values;
} scan;

static inline void skip_space(scan *self)
{
    while (self->at < self->end && (unsigned char)*self->at <= ' ' &&
           (*self->at == ' ' || *self->at == '\n' || *self->at == '\t' || *self->at == '\r')) {
        self->at++;
    }
}

static inline int is_next(scan *self, char mark)
{
    skip_space(self);
    if (self->at < self->end && *self->at == mark) {
        self->at++;
        return 1;
    }
    return 0;
}

/* How many of the next bytes a string may have as they are. */
static inline const char *skip_plain(const char *at, const char *end)
{
    const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    uint64_t eight, quote, escape, low;

    for (; end - at >= 8; at += 8) {
        memcpy(&eight, at, 8);
        eight = le64toh(eight);
        quote = eight ^ (ones * '"');
        escape = eight ^ (ones * '\\');
        /* The highest bit of each byte that is zero, or less than a blank; others may have it too, but behind such a one. */
        quote = (quote - ones) & ~quote;
        escape = (escape - ones) & ~escape;
        low = (eight - ones * ' ') & ~eight;
        low = (low | quote | escape) & highs;
        if (low != 0) {
            return at + __builtin_ctzll(low) / 8;
        }
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ') {
        at++;
    }
    return at;
}

/* Behind its first quote. */
static int skip_string(scan *self)
{
    const char *at = skip_plain(self->at, self->end), *end = self->end;

    while (at < end && *at == '\\') {
        at += end - at > 1 ? 2 : 1;
        at = skip_plain(at, end);
    }
    if (at >= end || *at != '"') {
        return -1;
    }
    self->at = at + 1;
    return 0;
}

static int is_number(const char *at, size_t length)
{
    while (length > 0 && *at != '\0' && strchr("-+.0123456789eE", *at) != NULL) {
        at++;
        length--;
    }
    return length == 0;
}

/* A number, true, false, null. */
static int skip_word(scan *self)
{
    static const char *const words[] = { "true", "false", "null" };
    const char *begin = self->at;
    size_t length, i;

    while (self->at < self->end && (*self->at == '-' || *self->at == '+' || *self->at == '.' ||
                                    (*self->at >= '0' && *self->at <= '9') ||
                                    ((*self->at | 0x20) >= 'a' && (*self->at | 0x20) <= 'z'))) {
        self->at++;
    }
    length = (size_t)(self->at - begin);
    if (length > 0 && (*begin == '-' || (*begin >= '0' && *begin <= '9'))) {
        return is_number(begin, length) ? 0 : -1;
    }
    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (length == strlen(words[i]) && memcmp(begin, words[i], length) == 0) {
            return 0;
        }
    }
    return -1;
}

static int skip_value(scan *self, const load_want *wants, size_t count, int depth);

static const load_want *find(const load_want *wants, size_t count, const char *key, size_t length)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (wants[i].length == length && memcmp(wants[i].name, key, length) == 0) {
            return &wants[i];
        }
    }
    return NULL;
}

static int skip_member(scan *self, const load_want *wants, size_t count, int depth)
{
    const load_want *want = NULL;
    const char *begin;

    if (!is_next(self, '"')) {
        return -1;
    }
    begin = self->at;
    if (skip_string(self) != 0) {
        return -1;
    }
    if (count > 0) {
        want = find(wants, count, begin, (size_t)(self->at - 1 - begin));
    }
    if (!is_next(self, ':')) {
        return -1;
    }
    skip_space(self);
    begin = self->at;
    if (skip_value(self, want != NULL ? want->inner : NULL, want != NULL ? want->inner_count : 0,
                   depth + 1) != 0) {
        return -1;
    }
    if (want != NULL && want->value >= 0) {
        if (self->values[want->value].at != NULL) {
            return -1;
        }
        self->values[want->value] = (flx_slice){ begin, (size_t)(self->at - begin) };
    }
    return 0;
}

static int skip_value(scan *self, const load_want *wants, size_t count, int depth)
{
    char close;

    if (depth > DEPTH) {
        return -1;
    }
    if (is_next(self, '"')) {
        return skip_string(self);
    }
    if (!is_next(self, '{') && !is_next(self, '[')) {
        return skip_word(self);
    }
    close = self->at[-1] == '{' ? '}' : ']';
    if (is_next(self, close)) {
        return 0;
    }
    do {
        if (close == '}' ? skip_member(self, wants, count, depth) != 0
                         : skip_value(self, NULL, 0, depth + 1) != 0) {
            return -1;
        }
    } while (is_next(self, ','));
    return is_next(self, close) ? 0 : -1;
}

int load_scan_value(flx_slice *text, const load_want *wants, size_t count, flx_slice *values)
{
    scan self = { text->at, text->at + text->length, values };
    int status = skip_value(&self, wants, count, 0);

    text->length -= (size_t)(self.at - text->at);
    text->at = self.at;
    return status;
}

int load_scan_mark(flx_slice *text, char mark)
{
    scan self = { text->at, text->at + text->length, NULL };
    int status = is_next(&self, mark) ? 0 : -1;

    text->length -= (size_t)(self.at - text->at);
    text->at = self.at;
    return status;
}

int load_scan_is(flx_slice value, const char *text, size_t length)
{
    return value.at != NULL && value.length == length + 2 && value.at[0] == '"' &&
           memcmp(value.at + 1, text, length) == 0;
}

flx_slice load_scan_text(flx_slice value)
{
    if (value.at == NULL || value.length < 2 || value.at[0] != '"') {
        return (flx_slice){ NULL, 0 };
    }
    return (flx_slice){ value.at + 1, value.length - 2 };
}
