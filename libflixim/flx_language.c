/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the two languages of our texts an Accept-Language header asks for. */
#include "flx_language.h"

/* The longest subtag of a language range (RFC 4647, 2.1). */
#define SUBTAG 8

/* What is left to read. */
typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The next character, or NUL at the end; a NUL in the text is nothing that any rule takes. */
static char peek(const cursor *in)
{
    if (in->at == in->end) {
        return '\0';
    }
    return *in->at;
}

static void skip_space(cursor *in)
{
    while (peek(in) == ' ' || peek(in) == '\t') {
        in->at++;
    }
}

/* Reads 1 to 8 letters, and digits too if they are allowed. Returns how many, or 0. */
static size_t read_subtag(cursor *in, int digits)
{
    const char *start = in->at;
    size_t length;

    while (is_letter(peek(in)) || (digits && is_digit(peek(in)))) {
        in->at++;
    }
    length = (size_t)(in->at - start);
    return length <= SUBTAG ? length : 0;
}

/* Reads a language range; *first becomes its first subtag's start and *length that one's
 * length. */
static int read_range(cursor *in, const char **first, size_t *length)
{
    *first = in->at;
    if (peek(in) == '*') {
        in->at++;
        *length = 1;
        return 0;
    }
    *length = read_subtag(in, 0);
    if (*length == 0) {
        return -1;
    }
    while (peek(in) == '-') {
        in->at++;
        if (read_subtag(in, 1) == 0) {
            return -1;
        }
    }
    return 0;
}

/* Reads ";q=0.8", with white space around the semicolon, if it is there; *weight is in
 * thousandths. */
static int read_weight(cursor *in, int *weight)
{
    int scale = 100;

    *weight = 1000;
    skip_space(in);
    if (peek(in) != ';') {
        return 0;
    }
    in->at++;
    skip_space(in);
    if (peek(in) != 'q' && peek(in) != 'Q') {
        return -1;
    }
    in->at++;
    if (peek(in) != '=') {
        return -1;
    }
    in->at++;
    if (peek(in) != '0' && peek(in) != '1') {
        return -1;
    }
    *weight = (*in->at++ - '0') * 1000;
    if (peek(in) == '.') {
        in->at++;
        for (; is_digit(peek(in)) && scale > 0; scale /= 10) {
            *weight += scale * (*in->at++ - '0');
        }
    }
    skip_space(in);
    return *weight <= 1000 ? 0 : -1;
}

/* Compares a subtag with two lower-case letters. */
static int is_language(const char *subtag, size_t length, const char *language)
{
    return length == 2 && (subtag[0] | 0x20) == language[0] && (subtag[1] | 0x20) == language[1];
}

int flx_language_prefers_english(const char *accept_language, size_t length)
{
    cursor in;
    int english = 0, chinese = 0;

    if (accept_language == NULL || length > FLX_LANGUAGE_LENGTH) {
        return 0;
    }
    in.at = accept_language;
    in.end = accept_language + length;
    for (;;) {
        const char *subtag;
        size_t size;
        int weight;

        skip_space(&in);
        /* Nothing between two commas is allowed, and is no range (RFC 9110, 5.6.1.2). */
        if (in.at < in.end && *in.at != ',') {
            if (read_range(&in, &subtag, &size) != 0 || read_weight(&in, &weight) != 0) {
                return 0;
            }
            if (is_language(subtag, size, "en")) {
                english = weight > english ? weight : english;
            }
            else if (*subtag == '*' || is_language(subtag, size, "zh")) {
                chinese = weight > chinese ? weight : chinese;
            }
        }
        if (in.at == in.end) {
            return english > chinese;
        }
        if (*in.at++ != ',') {
            return 0;
        }
    }
}
