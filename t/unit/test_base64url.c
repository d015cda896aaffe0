/* SPDX-License-Identifier: Apache-2.0 */
/* Base64url in its one spelling: read and written alike, any other spelling refused. */
#include "unit.h"

#include "flx_base64url.h"

static int decode(const char *text, unsigned char *bytes, size_t room, size_t *length)
{
    char *copy = unit_copy(text, strlen(text));
    int status = flx_base64url_decode(copy, strlen(text), bytes, room, length);

    free(copy);
    return status;
}

static void reads_and_writes_one_spelling(void **state)
{
    static const struct {
        const char *bytes;
        const char *text;
    } cases[] = {
        { "", "" },
        { "f", "Zg" },
        { "fo", "Zm8" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg" },
        { "fooba", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy" },
        { "\xFB\xFF\xBF", "-_-_" },
        { "\x14\xFB\x9C\x03\xD9\x7E", "FPucA9l-" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = strlen(cases[i].bytes), length = 99;
        char text[16] = "";
        unsigned char *bytes = malloc(size > 0 ? size : 1);
        assert_int_equal(flx_base64url_encode(cases[i].bytes, size, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
        assert_int_equal(FLX_BASE64URL_TEXT(size), strlen(text));
        assert_true(FLX_BASE64URL_BYTES(strlen(text)) >= size);
        assert_int_equal(decode(text, bytes, size, &length), 0);
        assert_int_equal(length, size);
        assert_memory_equal(bytes, cases[i].bytes, size);
        free(bytes);
    }
}

static void carries_every_byte(void **state)
{
    unsigned char all[256], back[256];
    char text[FLX_BASE64URL_TEXT(256)];
    size_t i, length;

    (void)state;
    for (i = 0; i < sizeof all; i++) {
        all[i] = (unsigned char)i;
    }
    assert_int_equal(flx_base64url_encode(all, sizeof all, text), sizeof text);
    assert_int_equal(flx_base64url_decode(text, sizeof text, back, sizeof back, &length), 0);
    assert_int_equal(length, sizeof all);
    assert_memory_equal(all, back, sizeof all);
}

static void refuses_other_spellings(void **state)
{
    static const char *const cases[] = {
        "Zg==",         "Zg=",    "Zm8=", "Z",    "Zm9vY", "Zh",    "Zm9",   "Zm8 ",
        " Zg",          "Zg\n",   "Zm9+", "Zm/v", "Zm.v",  "Zm9v=", "Z\x80", "====",
        "Zm9v\r\nYmFy", "\"Zg\"", "Z@9v", "Z[9v", "Z`9v",  "Z{9v",  "Z:9v",  "Z,9v",
    };
    unsigned char bytes[16];
    size_t i, length;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (decode(cases[i], bytes, sizeof bytes, &length) != -1) {
            fail_msg("%s was read", cases[i]);
        }
    }
}

static void stays_within_the_room(void **state)
{
    unsigned char *bytes = malloc(5);
    size_t length;

    (void)state;
    assert_int_equal(decode("Zm9vYmE", bytes, 5, &length), 0);
    assert_int_equal(decode("Zm9vYmE", bytes, 4, &length), -1);
    assert_int_equal(decode("Zm9vYmFy", bytes, 5, &length), -1);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_one_spelling),
        cmocka_unit_test(carries_every_byte),
        cmocka_unit_test(refuses_other_spellings),
        cmocka_unit_test(stays_within_the_room),
    };

    return unit_run("base64url", tests, sizeof tests / sizeof tests[0]);
}
