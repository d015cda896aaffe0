/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of JSON objects: each duplicate is found, and no choice of keys makes the scanner slow. */
#include "unit.h"

#include <time.h>

#include "flx_json_scan.h"
#include "flx_utf8.h"

/* What the API takes as a body. */
#define TEXT_LENGTH 262144

/* Far above what any text of that length takes, and far below what comparing all keys with all
 * takes, even with AddressSanitizer: of the processor's time, which no other process spends. */
#define MILLISECONDS 200

/* A text that is being written. */
typedef struct writer {
    char at[TEXT_LENGTH];
    size_t length;
} writer;

static void add(writer *text, const char *piece, size_t times)
{
    size_t length = strlen(piece);

    for (; times > 0; times--) {
        assert_true(length <= sizeof text->at - text->length);
        memcpy(text->at + text->length, piece, length);
        text->length += length;
    }
}

static flx_json_fault scan(const writer *text)
{
    char *copy = unit_copy(text->at, text->length);
    clock_t start = clock();
    flx_json_fault fault = flx_json_scan(copy, text->length, NULL, NULL, NULL);
    clock_t taken = clock() - start;

    if (taken > MILLISECONDS * (CLOCKS_PER_SEC / 1000)) {
        fail_msg("%.40s...: took %ld ms", copy, (long)(taken / (CLOCKS_PER_SEC / 1000)));
    }
    free(copy);
    return fault;
}

/* A key: something often, a number, and something often. */
typedef struct shape {
    const char *before;
    size_t before_times;
    const char *after;
    size_t after_times;
} shape;

static void add_key(writer *text, const shape *key, size_t number)
{
    char digits[8];

    snprintf(digits, sizeof digits, "%04zu", number);
    add(text, "\"", 1);
    add(text, key->before, key->before_times);
    add(text, digits, 1);
    add(text, key->after, key->after_times);
    add(text, "\":0", 1);
}

/* An object with as many keys as it may have; step, an odd number, says in which order. */
static void add_object(writer *text, const shape *key, size_t step)
{
    size_t i;

    for (i = 0; i < FLX_JSON_MEMBERS; i++) {
        add(text, i == 0 ? "{" : ",", 1);
        add_key(text, key, i * step % FLX_JSON_MEMBERS);
    }
    add(text, "}", 1);
}

static void takes_keys_of_any_shape_and_order(void **state)
{
    static const shape keys[] = {
        { "", 0, "", 0 },       { "a", 490, "", 0 },
        { "", 0, "a", 490 },    { "\\u0061", 80, "", 0 },
        { "\\n", 240, "", 0 },  { "a", 480, "\\n", 1 },
        { "\\n", 1, "a", 480 }, { "\xE4\xBD\xA0", 160, "", 0 },
        { "", 0, "\\\"", 1 },
    };
    static const size_t steps[] = { 1, FLX_JSON_MEMBERS - 1, 257, 5 };
    writer *text = malloc(sizeof *text);
    size_t i, k;

    (void)state;
    assert_non_null(text);
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        for (k = 0; k < sizeof steps / sizeof steps[0]; k++) {
            size_t length;
            text->length = 0;
            add(text, "[", 1);
            add_object(text, &keys[i], steps[k]);
            length = text->length;
            while (text->length + length < sizeof text->at) {
                add(text, ",", 1);
                add_object(text, &keys[i], steps[k]);
            }
            add(text, "]", 1);
            assert_int_equal(scan(text), FLX_JSON_FINE);
        }
    }
    free(text);
}

/* Each of forty keys again, as it is and in another spelling, at every place in their order. */
static void finds_every_duplicate(void **state)
{
    static const shape plain = { "a", 3, "\\n", 1 };
    static const shape escaped = { "\\u0061", 3, "\\u000A", 1 };
    static const shape longer = { "a", 4, "\\n", 1 };
    writer *text = malloc(sizeof *text);
    size_t again, i;

    (void)state;
    assert_non_null(text);
    for (again = 0; again < 40; again++) {
        text->length = 0;
        for (i = 0; i < 40; i++) {
            add(text, i == 0 ? "{" : ",", 1);
            add_key(text, i % 2 == 0 ? &plain : &escaped, i * 7 % 40);
        }
        add(text, ",", 1);
        i = text->length;
        add_key(text, &longer, again);
        add(text, "}", 1);
        assert_int_equal(scan(text), FLX_JSON_FINE);
        text->length = i;
        add_key(text, again % 3 == 0 ? &plain : &escaped, again);
        add(text, "}", 1);
        assert_int_equal(scan(text), FLX_JSON_DUPLICATE);
    }
    free(text);
}

/* The keys of an object are its own, also after an object inside it had the same. */
static void keeps_the_keys_of_objects_apart(void **state)
{
    static const struct {
        const char *text;
        flx_json_fault fault;
    } cases[] = {
        { "{\"\\u0061\":{\"a\":{\"\\u0061\":0}},\"b\":[{\"a\":0},{\"\\u0061\":0}]}",
          FLX_JSON_FINE },
        { "{\"\\u0061\":{\"\\u0062\":0},\"\\u0062\":0,\"c\":{}}", FLX_JSON_FINE },
        { "{\"\\u0061\":{\"\\u0062\":0,\"c\":0},\"a\":0}", FLX_JSON_DUPLICATE },
        { "{\"a\":{\"b\":{},\"\\u0062\":0}}", FLX_JSON_DUPLICATE },
        { "{\"b\":{\"\\u0061\":0,\"c\":0},\"\\u0061\":{\"d\":0},\"\\u0062\":0}",
          FLX_JSON_DUPLICATE },
    };
    writer *text = malloc(sizeof *text);
    size_t i;

    (void)state;
    assert_non_null(text);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        text->length = 0;
        add(text, cases[i].text, 1);
        if (scan(text) != cases[i].fault) {
            fail_msg("%s is judged wrongly", cases[i].text);
        }
    }
    free(text);
}

/* A key's changing end: six letters made of a number, and the code point with which all keys have
 * one hash by FNV-1a, going on from hash. Returns 0 if no code point does that. */
static int find_end(uint32_t hash, uint32_t number, char end[11])
{
    size_t i;

    memset(end, 0, 11);
    for (i = 0; i < 6; i++) {
        end[i] = (char)('a' + (number >> (4 * i) & 15));
        hash = (hash ^ (unsigned char)end[i]) * 16777619U;
    }
    hash ^= 0x12345678U;
    if (hash < 0x80 || hash > 0x10FFFF || (hash >= 0xD800 && hash <= 0xDFFF)) {
        return 0;
    }
    flx_utf8_write(hash, end + 6);
    return 1;
}

/* Five hundred keys of one hash and a long common beginning, which is "a" spelt in some way. */
static void write_colliding_keys(writer *text, const char *spelling, size_t times)
{
    uint32_t hash = 2166136261U, number = 0;
    size_t count = 0, i;
    char end[11];

    for (i = 0; i < times; i++) {
        hash = (hash ^ 'a') * 16777619U;
    }
    text->length = 0;
    while (count < 500) {
        assert_true(number < 1U << 24);
        if (find_end(hash, number++, end)) {
            add(text, count++ == 0 ? "{\"" : ",\"", 1);
            add(text, spelling, times);
            add(text, end, 1);
            add(text, "\":0", 1);
        }
    }
    add(text, "}", 1);
}

/* A hash that is no secret, such as the scanner once had, makes comparing whole keys the rule. */
static void survives_keys_that_collide(void **state)
{
    writer *text = malloc(sizeof *text);

    (void)state;
    assert_non_null(text);
    write_colliding_keys(text, "a", 480);
    assert_int_equal(scan(text), FLX_JSON_FINE);
    write_colliding_keys(text, "\\u0061", 80);
    assert_int_equal(scan(text), FLX_JSON_FINE);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_keys_of_any_shape_and_order),
        cmocka_unit_test(finds_every_duplicate),
        cmocka_unit_test(keeps_the_keys_of_objects_apart),
        cmocka_unit_test(survives_keys_that_collide),
    };

    return unit_run("json_keys", tests, sizeof tests / sizeof tests[0]);
}
