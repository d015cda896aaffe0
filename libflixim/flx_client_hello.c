/* SPDX-License-Identifier: Apache-2.0 */
/* The server name in the first bytes of a TLS connection, read without taking part in the handshake (RFC 8446, 4.1.2 and 5.1;
 * RFC 6066, 3). */
#include "flx_client_hello.h"

#include <string.h>

#define RECORD_HANDSHAKE     22
#define RECORD_HEADER        5
#define RECORD_LENGTH        16384 /* the longest that is not encrypted */
#define MAJOR_VERSION        3     /* of SSL 3.0 and of every TLS */

#define MESSAGE_CLIENT_HELLO 1
#define MESSAGE_HEADER       4 /* the type and three bytes of length */

#define RANDOM_LENGTH        32
#define SESSION_ID_LENGTH    32
#define EXTENSION_NAME       0
#define NAME_IS_HOST         0

static size_t number_at(const unsigned char *bytes)
{
    return (size_t)bytes[0] << 8 | bytes[1];
}

/* The records that a message comes in, as far as they are there. */
typedef struct records {
    size_t offset;                       /* of the record that is looked at */
    size_t have;                         /* bytes of the message in the records before it */
    unsigned char first[MESSAGE_HEADER]; /* the message's first bytes, as far as they are there */
    size_t message; /* its length with its header; 0 if that is not there yet */
} records;

/* Looks at what there is of a record's header: needs more if it may be one. */
static flx_client_hello_state judge_header(const records *in, const unsigned char *bytes,
                                           size_t length)
{
    flx_client_hello_state wrong =
        in->offset == 0 ? FLX_CLIENT_HELLO_NOT_TLS : FLX_CLIENT_HELLO_BAD;
    const unsigned char *header = bytes + in->offset;
    size_t there = length - in->offset;

    if ((there > 0 && header[0] != RECORD_HANDSHAKE) || (there > 1 && header[1] != MAJOR_VERSION)) {
        return wrong;
    }
    if (there >= RECORD_HEADER &&
        (number_at(header + 3) == 0 || number_at(header + 3) > RECORD_LENGTH)) {
        return FLX_CLIENT_HELLO_BAD;
    }
    return FLX_CLIENT_HELLO_NEEDS_MORE;
}

/* Takes the message's own header from a record's bytes, as far as it is there: needs more if it may be a ClientHello. */
static flx_client_hello_state judge_message(records *in, const unsigned char *body, size_t there)
{
    for (size_t i = 0; i < there && in->have + i < MESSAGE_HEADER; i++) {
        in->first[in->have + i] = body[i];
    }
    if (in->have + there > 0 && in->first[0] != MESSAGE_CLIENT_HELLO) {
        return FLX_CLIENT_HELLO_BAD;
    }
    if (in->message == 0 && in->have + there >= MESSAGE_HEADER) {
        in->message = MESSAGE_HEADER + ((size_t)in->first[1] << 16 | number_at(in->first + 2));
    }
    return in->message > FLX_CLIENT_HELLO_BYTES - RECORD_HEADER ? FLX_CLIENT_HELLO_TOO_LARGE
                                                                : FLX_CLIENT_HELLO_NEEDS_MORE;
}

/* Looks whether the records hold one whole message and nothing else, a ClientHello by its header: found, although what is in it has
 * not been looked at. Sets *needed if they do not yet. */
static flx_client_hello_state judge_records(const unsigned char *bytes, size_t length,
                                            size_t *needed)
{
    records in = { 0, 0, { 0 }, 0 };
    size_t rest = MESSAGE_HEADER; /* of the message, beginning with this record; at least */

    while (1) {
        size_t body = in.offset + RECORD_HEADER;
        size_t record;
        flx_client_hello_state state = judge_header(&in, bytes, length);

        *needed = body + rest;
        if (state != FLX_CLIENT_HELLO_NEEDS_MORE || length < body) {
            return state;
        }
        record = number_at(bytes + in.offset + 3);
        if (body + record > FLX_CLIENT_HELLO_BYTES) {
            return FLX_CLIENT_HELLO_TOO_LARGE;
        }
        state = judge_message(&in, bytes + body, length - body < record ? length - body : record);
        if (state != FLX_CLIENT_HELLO_NEEDS_MORE) {
            return state;
        }
        rest = in.message > 0 ? in.message - in.have : rest;
        /* Nothing may follow it before the server has answered, so not within a record either. */
        if (in.message > 0 && record > rest) {
            return FLX_CLIENT_HELLO_BAD;
        }
        rest = record < rest ? rest - record : 0;
        /* Whoever waits for all of it need not look at each of many small records. */
        *needed = body + record + (rest > 0 ? RECORD_HEADER + rest : 0);
        if (*needed > FLX_CLIENT_HELLO_BYTES) {
            return FLX_CLIENT_HELLO_TOO_LARGE;
        }
        if (length < body + record) {
            return FLX_CLIENT_HELLO_NEEDS_MORE;
        }
        if (rest == 0) {
            return FLX_CLIENT_HELLO_FOUND;
        }
        in.have += record;
        in.offset = body + record;
    }
}

/* What is left of a message that is all there, across the records it is in. */
typedef struct cursor {
    const unsigned char *at;
    size_t in_record; /* from at on, before the next header */
    size_t left;      /* of the message, or of the part of it that is being read */
} cursor;

/* Goes into the next record where one is used up. */
static void enter_record(cursor *in)
{
    if (in->in_record == 0) {
        in->in_record = number_at(in->at + 3);
        in->at += RECORD_HEADER;
    }
}

/* Reads a number of that many bytes; -1 if there are not as many. */
static long take(cursor *in, int bytes)
{
    long number = 0;

    if (in->left < (size_t)bytes) {
        return -1;
    }
    for (int i = 0; i < bytes; i++) {
        enter_record(in);
        number = number << 8 | *in->at++;
        in->in_record--;
        in->left--;
    }
    return number;
}

static int skip(cursor *in, size_t bytes)
{
    if (in->left < bytes) {
        return -1;
    }
    while (bytes > 0) {
        size_t step;

        enter_record(in);
        step = bytes < in->in_record ? bytes : in->in_record;
        in->at += step;
        in->in_record -= step;
        in->left -= step;
        bytes -= step;
    }
    return 0;
}

/* Skips a vector whose length stands before it, in that many bytes. Returns its length; -1 if it has less than least or more than
 * most, is no number of units, or goes on beyond the end. */
static long skip_vector(cursor *in, int bytes, long least, long most, long unit)
{
    long length = take(in, bytes);

    if (length < least || length > most || length % unit != 0) {
        return -1;
    }
    return skip(in, (size_t)length) == 0 ? length : -1;
}

/* Reads the extension: a list of one name, which is a host's. Implementations agree on no other. */
static int read_name(cursor *in, char *name)
{
    long length = take(in, 2);

    if (length != (long)in->left || take(in, 1) != NAME_IS_HOST) {
        return -1;
    }
    length = take(in, 2);
    if (length < 1 || length > FLX_CLIENT_HELLO_NAME || length != (long)in->left) {
        return -1;
    }
    for (long i = 0; i < length; i++) {
        char c = (char)take(in, 1);

        if (c <= ' ' || c > '~') {
            return -1;
        }
        name[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    name[length] = '\0';
    return name[length - 1] == '.' ? -1 : 0;
}

static int read_extensions(cursor *in, char *name)
{
    int is_named = 0;
    long all;

    if (in->left == 0) {
        return 0; /* before TLS 1.3 there may be none at all */
    }
    all = take(in, 2);
    if (all != (long)in->left) {
        return -1;
    }
    while (in->left > 0) {
        long type = take(in, 2);
        long length = take(in, 2);
        size_t behind;

        if (length < 0 || (size_t)length > in->left || (type == EXTENSION_NAME && is_named)) {
            return -1;
        }
        behind = in->left - (size_t)length;
        in->left = (size_t)length;
        if (type == EXTENSION_NAME) {
            is_named = 1;
            if (read_name(in, name) != 0) {
                return -1;
            }
        }
        (void)skip(in, in->left);
        in->left = behind;
    }
    return 0;
}

/* Reads a message that is all there. */
static int read_message(cursor *in, char *name)
{
    if (take(in, 2) >> 8 != MAJOR_VERSION || skip(in, RANDOM_LENGTH) != 0 ||
        skip_vector(in, 1, 0, SESSION_ID_LENGTH, 1) < 0 ||
        skip_vector(in, 2, 2, RECORD_LENGTH, 2) < 0 || /* what to encrypt with */
        skip_vector(in, 1, 1, RECORD_LENGTH, 1) < 0) { /* what to compress with */
        return -1;
    }
    return read_extensions(in, name);
}

flx_client_hello_state flx_client_hello_read(flx_client_hello *hello, const char *bytes,
                                             size_t length)
{
    const unsigned char *first = (const unsigned char *)bytes;
    flx_client_hello_state state;
    cursor in = { first, 0, MESSAGE_HEADER };

    hello->name[0] = '\0';
    state = judge_records(first, length, &hello->needed);
    if (state != FLX_CLIENT_HELLO_FOUND) {
        return state;
    }
    in.left = (size_t)(take(&in, MESSAGE_HEADER) & 0xFFFFFF);
    if (read_message(&in, hello->name) != 0) {
        hello->name[0] = '\0';
        return FLX_CLIENT_HELLO_BAD;
    }
    return FLX_CLIENT_HELLO_FOUND;
}
