/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259) judged strictly before anybody parses it, and its top-level members found as
 * slices of the text. */
#include "flx_json_scan.h"

#include "flx_hex.h"
#include "flx_utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct scanner {
    const char *at;
    const char *end;
    /* the keys of all open objects as they decode, the innermost's last; those of each object
     * are sorted (compare_keys) */
    flx_slice *keys;
    size_t key_count;
    size_t key_room;
    /* where those keys are that are written with escapes; NULL until there is one */
    char *decoded;
    size_t decoded_length;
    size_t decoded_room;
    size_t depth;
    int is_loose;
    flx_json_visitor *visitor;
    void *baton;
} scanner;

/* A key or string as it decodes, a code point at a time. The text has been scanned. */
typedef struct decoder {
    const char *at;
    const char *end;
} decoder;

static flx_json_fault scan_value(scanner *in);

static void skip_space(scanner *in)
{
    while (in->at < in->end &&
           (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r')) {
        in->at++;
    }
}

/* What stands behind a backslash at in->at: one letter, or "u" and one code point in one or two
 * groups of digits. */
static flx_json_fault scan_escape(scanner *in)
{
    int32_t unit, low;

    in->at++;
    if (in->at == in->end) {
        return FLX_JSON_SYNTAX;
    }
    if (*in->at != 'u') {
        if (*in->at == '\0' || strchr("\"\\/bfnrt", *in->at) == NULL) {
            return FLX_JSON_SYNTAX;
        }
        in->at++;
        return FLX_JSON_FINE;
    }
    unit = flx_hex_read(in->at + 1, (size_t)(in->end - in->at - 1), 4);
    if (unit < 0) {
        return FLX_JSON_SYNTAX;
    }
    if (unit == 0 && !in->is_loose) {
        return FLX_JSON_NUL;
    }
    in->at += 5;
    if (unit < 0xD800 || unit > 0xDFFF) {
        return FLX_JSON_FINE;
    }
    if (unit > 0xDBFF || in->end - in->at < 6 || in->at[0] != '\\' || in->at[1] != 'u') {
        return FLX_JSON_ENCODING;
    }
    low = flx_hex_read(in->at + 2, (size_t)(in->end - in->at - 2), 4);
    if (low < 0) {
        return FLX_JSON_SYNTAX;
    }
    if (low < 0xDC00 || low > 0xDFFF) {
        return FLX_JSON_ENCODING;
    }
    in->at += 6;
    return FLX_JSON_FINE;
}

/* A string that begins at in->at with its quote; *inside, unless NULL, becomes what stands
 * between the quotes. */
static flx_json_fault scan_string(scanner *in, flx_slice *inside)
{
    const char *start = ++in->at;

    while (in->at < in->end) {
        unsigned char c = (unsigned char)*in->at;
        if (c == '"') {
            if (inside != NULL) {
                inside->at = start;
                inside->length = (size_t)(in->at - start);
            }
            in->at++;
            return FLX_JSON_FINE;
        }
        if (c == '\\') {
            flx_json_fault fault = scan_escape(in);
            if (fault != FLX_JSON_FINE) {
                return fault;
            }
        }
        else if (c < 0x20) {
            return FLX_JSON_SYNTAX;
        }
        else if (c < 0x80) {
            in->at++;
        }
        else {
            size_t size = flx_utf8_sequence(in->at, (size_t)(in->end - in->at));
            if (size == 0) {
                return FLX_JSON_ENCODING;
            }
            in->at += size;
        }
    }
    return FLX_JSON_SYNTAX;
}

/* At least one digit; returns how many there are. */
static size_t scan_digits(scanner *in)
{
    const char *start = in->at;

    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
        in->at++;
    }
    return (size_t)(in->at - start);
}

static flx_json_fault scan_exponent(scanner *in)
{
    const char *start;
    int exponent = 0;

    in->at++;
    if (in->at < in->end && (*in->at == '+' || *in->at == '-')) {
        in->at++;
    }
    start = in->at;
    if (scan_digits(in) == 0) {
        return FLX_JSON_SYNTAX;
    }
    for (; start < in->at && exponent <= FLX_JSON_EXPONENT; start++) {
        exponent = exponent * 10 + (*start - '0');
    }
    return exponent > FLX_JSON_EXPONENT && !in->is_loose ? FLX_JSON_TOO_LONG : FLX_JSON_FINE;
}

static flx_json_fault scan_number(scanner *in)
{
    const char *start = in->at;
    flx_json_fault fault = FLX_JSON_FINE;

    in->at += *in->at == '-';
    if (in->at < in->end && *in->at == '0') {
        in->at++;
    }
    else if (scan_digits(in) == 0) {
        return FLX_JSON_SYNTAX;
    }
    if (in->at < in->end && *in->at == '.') {
        in->at++;
        if (scan_digits(in) == 0) {
            return FLX_JSON_SYNTAX;
        }
    }
    if (in->at < in->end && (*in->at == 'e' || *in->at == 'E')) {
        fault = scan_exponent(in);
    }
    if (fault == FLX_JSON_FINE && in->at - start > FLX_JSON_NUMBER && !in->is_loose) {
        fault = FLX_JSON_TOO_LONG;
    }
    return fault;
}

static flx_json_fault scan_word(scanner *in, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length) != 0) {
        return FLX_JSON_SYNTAX;
    }
    in->at += length;
    return FLX_JSON_FINE;
}

/* The next code point, as it decodes. */
static uint32_t decode(decoder *in)
{
    static const char letter[] = "bfnrt";
    static const char meaning[] = "\b\f\n\r\t";
    unsigned char c = (unsigned char)*in->at;
    uint32_t unit;
    const char *known;

    if (c != '\\') {
        size_t size = flx_utf8_sequence(in->at, (size_t)(in->end - in->at)), i;
        uint32_t code_point = size < 2 ? c : c & (0xFFU >> (size + 1));
        for (i = 1; i < size; i++) {
            code_point = code_point << 6 | ((unsigned char)in->at[i] & 0x3F);
        }
        in->at += size > 0 ? size : 1;
        return code_point;
    }
    c = (unsigned char)in->at[1];
    if (c != 'u') {
        in->at += 2;
        known = strchr(letter, c);
        return known == NULL ? c : (unsigned char)meaning[known - letter];
    }
    unit = (uint32_t)flx_hex_read(in->at + 2, 4, 4);
    in->at += 6;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        uint32_t low = (uint32_t)flx_hex_read(in->at + 2, 4, 4);
        in->at += 6;
        return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    return unit;
}

/* Decodes what stands between the quotes of a string. Returns -1 if it has more than room bytes. */
static int decode_all(flx_slice inside, char *text, size_t room, size_t *length)
{
    decoder in = { inside.at, inside.at + inside.length };
    size_t written = 0;

    while (in.at < in.end) {
        char bytes[4];
        size_t size = flx_utf8_write(decode(&in), bytes);
        if (size > room - written) {
            return -1;
        }
        memcpy(text + written, bytes, size);
        written += size;
    }
    *length = written;
    return 0;
}

int flx_json_key_is(flx_slice key, const char *name)
{
    decoder in = { key.at, key.at + key.length };

    while (in.at < in.end) {
        char bytes[4];
        size_t size = flx_utf8_write(decode(&in), bytes);
        if (strncmp(name, bytes, size) != 0) {
            return 0;
        }
        name += size;
    }
    return *name == '\0';
}

/* Makes a key what it decodes to. All keys that still come are no longer, decoded, than what is
 * left of the text, so one block for them is enough, and never moves. */
static int decode_key(scanner *in, flx_slice *key)
{
    char *text;

    if (memchr(key->at, '\\', key->length) == NULL) {
        return 0;
    }
    if (in->decoded == NULL) {
        in->decoded_room = (size_t)(in->end - key->at);
        in->decoded = malloc(in->decoded_room);
        if (in->decoded == NULL) {
            return -1;
        }
    }
    text = in->decoded + in->decoded_length;
    if (decode_all(*key, text, in->decoded_room - in->decoded_length, &key->length) != 0) {
        return -1;
    }
    key->at = text;
    in->decoded_length += key->length;
    return 0;
}

static int make_room_for_key(scanner *in)
{
    size_t room = in->key_room == 0 ? 16 : in->key_room * 2;
    flx_slice *keys;

    if (in->key_count < in->key_room) {
        return 0;
    }
    keys = realloc(in->keys, room * sizeof *keys);
    if (keys == NULL) {
        return -1;
    }
    in->keys = keys;
    in->key_room = room;
    return 0;
}

/* An order in which equal keys are equal: the shorter first. */
static int compare_keys(flx_slice one, flx_slice other)
{
    if (one.length != other.length) {
        return one.length < other.length ? -1 : 1;
    }
    return memcmp(one.at, other.at, one.length);
}

/* Remembers a key of the innermost object, whose keys begin at first, and refuses it if that has
 * it. Whoever writes the text chooses the keys: hashes of them could be made to collide, whereas a
 * search in sorted keys takes ten comparisons at most. */
static flx_json_fault add_key(scanner *in, size_t first, flx_slice key)
{
    size_t low = first, high = in->key_count;

    if (in->key_count - first == FLX_JSON_MEMBERS) {
        return FLX_JSON_TOO_MANY;
    }
    if (decode_key(in, &key) != 0 || make_room_for_key(in) != 0) {
        return FLX_JSON_NO_MEMORY;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_keys(in->keys[middle], key);
        if (order == 0) {
            return FLX_JSON_DUPLICATE;
        }
        if (order < 0) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    memmove(in->keys + low + 1, in->keys + low, (in->key_count - low) * sizeof *in->keys);
    in->keys[low] = key;
    in->key_count++;
    return FLX_JSON_FINE;
}

/* "key": value, in the object whose keys begin at first. */
static flx_json_fault scan_member(scanner *in, size_t first)
{
    flx_json_member member;
    flx_json_fault fault;

    if (in->at == in->end || *in->at != '"') {
        return FLX_JSON_SYNTAX;
    }
    fault = scan_string(in, &member.key);
    if (fault == FLX_JSON_FINE && !in->is_loose) {
        fault = add_key(in, first, member.key);
    }
    if (fault != FLX_JSON_FINE) {
        return fault;
    }
    skip_space(in);
    if (in->at == in->end || *in->at != ':') {
        return FLX_JSON_SYNTAX;
    }
    in->at++;
    skip_space(in);
    member.value.at = in->at;
    fault = scan_value(in);
    member.value.length = (size_t)(in->at - member.value.at);
    if (fault == FLX_JSON_FINE && in->depth == 1 && in->visitor != NULL) {
        in->visitor(in->baton, &member);
    }
    return fault;
}

/* An object or array that begins at in->at. */
static flx_json_fault scan_container(scanner *in)
{
    int is_object = *in->at == '{';
    char close = is_object ? '}' : ']';
    size_t first = in->key_count;
    flx_json_fault fault;

    if (in->depth == (in->is_loose ? FLX_JSON_LOOSE : FLX_JSON_DEPTH)) {
        return FLX_JSON_TOO_DEEP;
    }
    in->depth++;
    in->at++;
    skip_space(in);
    if (in->at < in->end && *in->at == close) {
        in->at++;
        in->depth--;
        return FLX_JSON_FINE;
    }
    for (;;) {
        skip_space(in);
        fault = is_object ? scan_member(in, first) : scan_value(in);
        if (fault != FLX_JSON_FINE) {
            return fault;
        }
        skip_space(in);
        if (in->at == in->end || (*in->at != ',' && *in->at != close)) {
            return FLX_JSON_SYNTAX;
        }
        if (*in->at++ == close) {
            in->key_count = first;
            in->depth--;
            return FLX_JSON_FINE;
        }
    }
}

static flx_json_fault scan_value(scanner *in)
{
    if (in->at == in->end) {
        return FLX_JSON_SYNTAX;
    }
    switch (*in->at) {
    case '{':
    case '[':
        return scan_container(in);
    case '"':
        return scan_string(in, NULL);
    case 't':
        return scan_word(in, "true");
    case 'f':
        return scan_word(in, "false");
    case 'n':
        return scan_word(in, "null");
    default:
        return scan_number(in);
    }
}

static void free_keys(scanner *in)
{
    free(in->keys);
    free(in->decoded);
}

static flx_json_fault scan_all(scanner *in)
{
    flx_json_fault fault;

    /* RFC 8259, 8.1: a byte order mark must not be added, and a parser may refuse it. */
    if (in->end - in->at >= 3 && memcmp(in->at, "\xEF\xBB\xBF", 3) == 0) {
        return FLX_JSON_ENCODING;
    }
    skip_space(in);
    fault = scan_value(in);
    skip_space(in);
    if (fault == FLX_JSON_FINE && in->at != in->end) {
        fault = FLX_JSON_SYNTAX;
    }
    free_keys(in);
    return fault;
}

flx_json_fault flx_json_scan(const char *text, size_t length, flx_json_visitor *visitor,
                             void *baton, size_t *offset)
{
    scanner in = { .at = text, .end = text + length, .visitor = visitor, .baton = baton };
    flx_json_fault fault = scan_all(&in);

    if (fault != FLX_JSON_FINE && offset != NULL) {
        *offset = (size_t)(in.at - text);
    }
    return fault;
}

flx_json_fault flx_json_scan_loosely(const char *text, size_t length)
{
    scanner in = { .at = text, .end = text + length, .is_loose = 1 };

    return scan_all(&in);
}

/* What flx_json_pick looks for. */
typedef struct picker {
    const char *const *names;
    flx_slice *values;
    size_t count;
} picker;

static void pick_member(void *baton, const flx_json_member *member)
{
    const picker *wanted = baton;
    size_t i;

    for (i = 0; i < wanted->count; i++) {
        if (wanted->values[i].at == NULL && flx_json_key_is(member->key, wanted->names[i])) {
            wanted->values[i] = member->value;
            return;
        }
    }
}

flx_json_fault flx_json_pick(const char *text, size_t length, const char *const *names,
                             flx_slice *values, size_t count)
{
    picker wanted = { names, values, count };

    memset(values, 0, count * sizeof *values);
    return flx_json_scan(text, length, pick_member, &wanted, NULL);
}

flx_json_fault flx_json_pick_loosely(const char *text, size_t length, const char *const *names,
                                     flx_slice *values, size_t count)
{
    picker wanted = { names, values, count };
    scanner in = {
        .at = text, .end = text + length, .is_loose = 1, .visitor = pick_member, .baton = &wanted
    };

    memset(values, 0, count * sizeof *values);
    return scan_all(&in);
}

int flx_json_text(flx_slice value, char *text, size_t room, size_t *length)
{
    flx_slice inside;

    if (value.length < 2 || value.at[0] != '"') {
        return -1;
    }
    inside.at = value.at + 1;
    inside.length = value.length - 2;
    return decode_all(inside, text, room, length);
}

int flx_json_item(flx_slice *rest, flx_slice *item)
{
    scanner in = { .at = rest->at, .end = rest->at + rest->length };
    flx_json_fault fault;

    if (in.at == in.end || (*in.at != '[' && *in.at != ',')) {
        return 0;
    }
    in.at++;
    skip_space(&in);
    if (in.at == in.end || *in.at == ']') {
        return 0;
    }
    item->at = in.at;
    fault = scan_value(&in);
    item->length = (size_t)(in.at - item->at);
    skip_space(&in);
    rest->at = in.at;
    rest->length = (size_t)(in.end - in.at);
    free_keys(&in);
    return fault == FLX_JSON_FINE ? 1 : fault == FLX_JSON_NO_MEMORY ? -1 : 0;
}
