/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259) judged strictly before anybody parses it, and its top-level members found as
 * slices of the text. */
#ifndef FLX_JSON_SCAN_H
#define FLX_JSON_SCAN_H

#include <stddef.h>

/* What outside text may contain. Beyond RFC 8259 the scanner refuses what parsers disagree about
 * or what PostgreSQL cannot hold: a byte order mark, keys that occur twice in an object
 * (compared as they decode), "\u0000", half a surrogate pair, and numbers that print much longer
 * than they are written. */
#define FLX_JSON_DEPTH    32  /* objects and arrays open at once */
#define FLX_JSON_LOOSE    256 /* the same, where only the frame around them is read */
#define FLX_JSON_MEMBERS  512 /* members of one object */
#define FLX_JSON_NUMBER   40  /* characters of one number */
#define FLX_JSON_EXPONENT 324 /* magnitude of its exponent */

/* A part of a text that somebody else owns. */
typedef struct flx_slice {
    const char *at;
    size_t length;
} flx_slice;

typedef enum flx_json_fault {
    FLX_JSON_FINE,
    FLX_JSON_SYNTAX,    /* not JSON, also: empty, cut short, something after its end */
    FLX_JSON_ENCODING,  /* not UTF-8, a byte order mark, half a surrogate pair */
    FLX_JSON_NUL,       /* "\u0000" */
    FLX_JSON_DUPLICATE, /* a key twice in one object */
    FLX_JSON_TOO_DEEP,
    FLX_JSON_TOO_MANY, /* members of one object */
    FLX_JSON_TOO_LONG, /* a number */
    FLX_JSON_NO_MEMORY /* ours, not the text's */
} flx_json_fault;

/* A member of the top-level object. Both slices lie in the scanned text: the key without its
 * quotes and as it is written, with escapes; the value as it is written, without white space
 * around it. */
typedef struct flx_json_member {
    flx_slice key;
    flx_slice value;
} flx_json_member;

/* Called for each member of the top-level object, in order, while the scan goes on: what was
 * reported counts only when the scan returns FLX_JSON_FINE. */
typedef void flx_json_visitor(void *baton, const flx_json_member *member);

/* Scans a whole text; visitor may be NULL. On a fault *offset, unless NULL, is where it was
 * noticed. Time: whatever the text is, in proportion to its length; keys cost some comparisons
 * each. Memory: a few bytes per key of the objects that are open at once, and no more than the
 * text's length for keys with escapes, from the heap, given back before it returns; the stack is
 * bounded by the depth. */
flx_json_fault flx_json_scan(const char *text, size_t length, flx_json_visitor *visitor,
                             void *baton, size_t *offset) __attribute__((warn_unused_result));

/* The same two for a text that frames another, which is judged when it is read: they refuse only what
 * is no JSON at all (SYNTAX, ENCODING) or deeper than FLX_JSON_LOOSE. Of a key that occurs twice
 * the first one counts. */
flx_json_fault flx_json_scan_loosely(const char *text, size_t length)
    __attribute__((warn_unused_result));
flx_json_fault flx_json_pick_loosely(const char *text, size_t length, const char *const *names,
                                     flx_slice *values, size_t count)
    __attribute__((warn_unused_result));

/* Compares a key as it is written, of a text that scanned well, with a name in plain UTF-8, as
 * the key decodes. */
int flx_json_key_is(flx_slice key, const char *name);

/* Reads a value of a text that scanned well as a string: its decoded UTF-8 goes to text, without
 * a terminating NUL, its length to *length. Decoding never makes a string longer. Returns 0, or
 * -1 if the value is no string or has more than room bytes; then text may have been written to. */
int flx_json_text(flx_slice value, char *text, size_t room, size_t *length)
    __attribute__((warn_unused_result));

/* Scans a whole text and picks members of the top-level object: values[i] becomes the value of
 * the member names[i], or at is NULL where there is none. Of a text that is no object nothing is
 * picked. The values are good only if it returns FLX_JSON_FINE. */
flx_json_fault flx_json_pick(const char *text, size_t length, const char *const *names,
                             flx_slice *values, size_t count) __attribute__((warn_unused_result));

/* Takes the next item off an array of a text that scanned well; *rest begins as the array, with
 * its brackets. Returns 1 with *item, 0 after the last and if *rest was no array, or -1 if there
 * is no memory. */
int flx_json_item(flx_slice *rest, flx_slice *item) __attribute__((warn_unused_result));

#endif
