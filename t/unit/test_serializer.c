/* SPDX-License-Identifier: Apache-2.0 */
/* Phoenix's messages: what is read, how it is spelled, and what is refused. */
/* With pushd: serializer.c */
#include "unit.h"

#include "serializer.h"

#define BYTES(text) text, sizeof(text) - 1

static int is(flx_slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.at, text, slice.length) == 0;
}

/* A copy of just that size is read, so that AddressSanitizer sees a byte too far. */
static int read_copy(push_frame *frame, char **copy, int version, int is_binary, const char *bytes,
                     size_t length)
{
    *copy = unit_copy(bytes, length);
    return push_serializer_read(frame, version, is_binary, *copy, length);
}

typedef struct read_case {
    int version;
    const char *text;
    const char *join_ref;
    const char *ref;
    const char *topic;
    const char *event;
    const char *payload;
} read_case;

static void reads_messages(void **state)
{
    static const read_case cases[] = {
        { 2, "[\"1\",\"2\",\"room:a\",\"echo\",{\"x\":1}]", "\"1\"", "\"2\"", "\"room:a\"",
          "\"echo\"", "{\"x\":1}" },
        { 2, "[null,7,\"phoenix\",\"heartbeat\",null]", "null", "7", "\"phoenix\"", "\"heartbeat\"",
          "null" },
        { 2, " [ null , \"1\" , \"phoenix\" , \"heartbeat\" , { } ] ", "null", "\"1\"",
          "\"phoenix\"", "\"heartbeat\"", "{ }" },
        { 2, "[null,\"1\",\"phoenix\",\"heartbeat\",{},\"extra\",5]", "null", "\"1\"",
          "\"phoenix\"", "\"heartbeat\"", "{}" },
        { 2, "[\"x\",null,\"a\",\"b\",[1]]", "\"x\"", "null", "\"a\"", "\"b\"", "[1]" },
        { 2, "[\"\\u0041\\/b\",\"\\u4f60\\n\",\"\\\"\\\\\",\"\\u0001\\u007f\",0]", "\"A/b\"",
          "\"\xE4\xBD\xA0\\n\"", "\"\\\"\\\\\"", "\"\\u0001\x7F\"", "0" },
        { 2, "[12345678901234567890123,1.0,5,null,false]", "12345678901234567890123", "1.0", "5",
          "null", "false" },
        /* a payload is judged by who reads it */
        { 2, "[1e999,\"\\u0000\",3,4,{\"a\":\"\\u0000\",\"a\":1e999}]", "1e999", "\"\\u0000\"", "3",
          "4", "{\"a\":\"\\u0000\",\"a\":1e999}" },
        { 1,
          "{\"topic\":\"t\",\"topic\":\"u\",\"event\":\"e\",\"payload\":{\"a\":1,\"a\":2},\"ref\":"
          "\"1\"}",
          "null", "\"1\"", "\"t\"", "\"e\"", "{\"a\":1,\"a\":2}" },
        { 2, "[[ 1 , \"\\u0061\" ],{ \"a\" : [ ] },true,[],\"]\"]", "[1,\"a\"]", "{\"a\":[]}",
          "true", "[]", "\"]\"" },
        { 2, "[\"a,b\",\"c]\",\"d\\\"\",\"e\\\\\",\"\\\"\"]", "\"a,b\"", "\"c]\"", "\"d\\\"\"",
          "\"e\\\\\"", "\"\\\"\"" },
        { 1, "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}", "null", "\"1\"",
          "\"t\"", "\"e\"", "{}" },
        { 1, "{\"join_ref\":\"4\",\"ref\":null,\"payload\":null,\"event\":\"e\",\"topic\":\"t\"}",
          "\"4\"", "null", "\"t\"", "\"e\"", "null" },
        { 1,
          "{ \"\\u0074opic\" : \"\\u0074\", \"more\":[1], \"event\":1,\"payload\":[ ],\"ref\":4}",
          "null", "4", "\"t\"", "1", "[ ]" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const read_case *wanted = &cases[i];
        push_frame frame;
        char *copy;

        if (read_copy(&frame, &copy, wanted->version, 0, wanted->text, strlen(wanted->text)) != 0) {
            fail_msg("refused: %s", wanted->text);
        }
        if (!is(frame.join_ref, wanted->join_ref) || !is(frame.ref, wanted->ref) ||
            !is(frame.topic, wanted->topic) || !is(frame.event, wanted->event) ||
            !is(frame.payload, wanted->payload) || frame.is_binary) {
            fail_msg("%s: [%.*s %.*s %.*s %.*s %.*s]", wanted->text, (int)frame.join_ref.length,
                     frame.join_ref.at, (int)frame.ref.length, frame.ref.at,
                     (int)frame.topic.length, frame.topic.at, (int)frame.event.length,
                     frame.event.at, (int)frame.payload.length, frame.payload.at);
        }
        push_serializer_free(&frame);
        free(copy);
    }
}

static void refuses_what_is_no_message(void **state)
{
    static const struct {
        int version;
        int is_binary;
        const char *bytes;
        size_t length;
    } cases[] = {
        { 2, 0, BYTES("[null,\"1\",\"phoenix\",\"heartbeat\"]") },
        { 2, 0, BYTES("[]") },
        { 2, 0, BYTES("[1,2,3,4,]") },
        { 2, 0, BYTES("{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}") },
        { 2, 0, BYTES("[1,") },
        { 2, 0, BYTES("") },
        { 2, 0, BYTES(" ") },
        { 2, 0, BYTES("5") },
        { 2, 0, BYTES("[1,2,3,4,5] x") },
        { 2, 0, BYTES("[1,2,3,4,\"\\ud800\"]") },
        { 2, 0, BYTES("[1,2,3,4,\"\xFF\"]") },
        { 2, 1, BYTES("[null,\"1\",\"phoenix\",\"heartbeat\",{}]") },
        { 2, 1, BYTES("[") },
        { 2, 1, BYTES("") },
        { 2, 1, BYTES("\x01\x00\x00\x00\x00") },
        { 2, 1, BYTES("\x03\x00\x00\x00\x00") },
        { 2, 1, BYTES("\x00\x05\x01\x01\x01") },
        { 2, 1, BYTES("\x00\x00\x00\x00") },
        { 2, 1, BYTES("\x00\x01\x00\x01\x01\xFFte") },
        { 1, 0, BYTES("{\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}") },
        { 1, 0, BYTES("{\"topic\":\"t\",\"payload\":{},\"ref\":\"1\"}") },
        { 1, 0, BYTES("{\"topic\":\"t\",\"event\":\"e\",\"ref\":\"1\"}") },
        { 1, 0, BYTES("{\"topic\":\"t\",\"event\":\"e\",\"payload\":{}}") },
        { 1, 0, BYTES("[null,\"1\",\"phoenix\",\"heartbeat\",{}]") },
        { 1, 0, BYTES("{") },
        { 1, 0, BYTES("{}") },
        { 1, 0, BYTES("") },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        push_frame frame;
        char *copy;

        if (read_copy(&frame, &copy, cases[i].version, cases[i].is_binary, cases[i].bytes,
                      cases[i].length) == 0) {
            fail_msg("case %d was read: %s", (int)i, cases[i].bytes);
        }
        free(copy);
    }
}

static void refuses_long_refs(void **state)
{
    char text[PUSH_REF_LENGTH + 64];
    push_frame frame;

    (void)state;
    for (size_t length = PUSH_REF_LENGTH - 2; length <= PUSH_REF_LENGTH - 1; length++) {
        int size = snprintf(text, sizeof text, "[\"%0*d\",null,\"t\",\"e\",{}]", (int)length, 1);
        int result = push_serializer_read(&frame, 2, 0, text, (size_t)size);
        assert_int_equal(result, length + 2 > PUSH_REF_LENGTH ? -1 : 0);
        push_serializer_free(&frame);
    }
}

/* Phoenix's own vectors, and those seen on the wire. */
static void reads_binary_pushes(void **state)
{
    static const char push[] = "\x00\x02\x03\x05\x05"
                               "12123topicevent\x65\x66\x67";
    static const char heartbeat[] = "\x00\x00\x01\x07\x09"
                                    "9phoenixheartbeat";
    push_frame frame;
    char *copy;

    (void)state;
    assert_int_equal(read_copy(&frame, &copy, 2, 1, push, sizeof push - 1), 0);
    assert_true(is(frame.join_ref, "\"12\"") && is(frame.ref, "\"123\"") &&
                is(frame.topic, "\"topic\"") && is(frame.event, "\"event\"") &&
                is(frame.payload, "\x65\x66\x67") && frame.is_binary);
    push_serializer_free(&frame);
    free(copy);

    /* The empty string is no null: it matches no channel. */
    assert_int_equal(read_copy(&frame, &copy, 2, 1, heartbeat, sizeof heartbeat - 1), 0);
    assert_true(is(frame.join_ref, "\"\"") && is(frame.ref, "\"9\"") &&
                is(frame.topic, "\"phoenix\"") && is(frame.event, "\"heartbeat\"") &&
                frame.payload.length == 0);
    push_serializer_free(&frame);
    free(copy);
}

static void reads_version_1_from_binary_messages(void **state)
{
    static const char text[] = "{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}";
    push_frame frame;

    (void)state;
    assert_int_equal(push_serializer_read(&frame, 1, 1, text, sizeof text - 1), 0);
    assert_true(is(frame.topic, "\"t\"") && !frame.is_binary);
    push_serializer_free(&frame);
}

static void writes_messages(void **state)
{
    static const char *const wanted[] = {
        "{\"event\":\"evt\",\"payload\":{},\"ref\":null,\"topic\":\"room:a\"}",
        "[\"1\",null,\"room:a\",\"evt\",{}]",
    };
    push_frame frame = { .join_ref = PUSH_SLICE("\"1\""),
                         .ref = PUSH_NULL,
                         .topic = PUSH_SLICE("\"room:a\""),
                         .event = PUSH_SLICE("\"evt\"") };

    (void)state;
    for (int version = 1; version <= 2; version++) {
        flx_buffer buffer;

        flx_buffer_init(&buffer, 1024);
        push_serializer_begin(&buffer, version, &frame);
        flx_buffer_add_text(&buffer, "{}");
        push_serializer_end(&buffer, version, &frame);
        assert_true(is((flx_slice){ buffer.at, buffer.length }, wanted[version - 1]));
        flx_buffer_free(&buffer);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_messages),
        cmocka_unit_test(refuses_what_is_no_message),
        cmocka_unit_test(refuses_long_refs),
        cmocka_unit_test(reads_binary_pushes),
        cmocka_unit_test(reads_version_1_from_binary_messages),
        cmocka_unit_test(writes_messages),
    };

    return unit_run("serializer", tests, sizeof tests / sizeof tests[0]);
}
