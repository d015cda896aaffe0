/* SPDX-License-Identifier: Apache-2.0 */
/* The server name of a ClientHello: where it is found, what is refused, and how much there must be to tell. */
#include "unit.h"

#include "flx_client_hello.h"

/* A ClientHello under construction. */
typedef struct hello {
    char bytes[2 * FLX_CLIENT_HELLO_BYTES];
    size_t length;
} hello;

static void add(hello *to, const char *bytes, size_t length)
{
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
}

static void add_number(hello *to, size_t number, int bytes)
{
    while (bytes-- > 0) {
        to->bytes[to->length++] = (char)(number >> (8 * bytes));
    }
}

/* An extension whose one name is that. */
static void add_name(hello *to, const char *name, size_t length)
{
    add_number(to, 0, 2);
    add_number(to, length + 5, 2);
    add_number(to, length + 3, 2);
    add_number(to, 0, 1);
    add_number(to, length, 2);
    add(to, name, length);
}

/* The message with these extensions; all that stands before them is fixed. */
static void add_message(hello *to, const hello *extensions)
{
    static const char fixed[] = "\3\3"
                                "0123456789abcdef0123456789abcdef"
                                "\0\0\2\x13\1\1\0";

    add_number(to, 1, 1);
    add_number(to, sizeof fixed - 1 + 2 + extensions->length, 3);
    add(to, fixed, sizeof fixed - 1);
    add_number(to, extensions->length, 2);
    add(to, extensions->bytes, extensions->length);
}

/* The bytes of a message in records of at most that size. */
static void add_records(hello *to, const hello *message, size_t size)
{
    size_t at = 0;

    while (at < message->length) {
        size_t length = message->length - at < size ? message->length - at : size;

        add(to, "\x16\3\1", 3);
        add_number(to, length, 2);
        add(to, message->bytes + at, length);
        at += length;
    }
}

static flx_client_hello_state read_copy(flx_client_hello *to, const char *bytes, size_t length)
{
    char *copy = unit_copy(bytes, length);
    flx_client_hello_state state = flx_client_hello_read(to, copy, length);

    free(copy);
    return state;
}

/* A connection's first bytes for one name, in records of that size. */
static hello *make(const char *name, size_t length, size_t size)
{
    hello *all = calloc(1, sizeof *all), *message = calloc(1, sizeof *all),
          *extensions = calloc(1, sizeof *all);

    add_name(extensions, name, length);
    add_message(message, extensions);
    add_records(all, message, size);
    free(extensions);
    free(message);
    return all;
}

static void finds_the_name_in_lower_case(void **state)
{
    static const char *const cases[][2] = {
        { "ws.example.org", "ws.example.org" },
        { "WS.Example.ORG", "ws.example.org" },
        { "xn--bcher-kva.example", "xn--bcher-kva.example" },
        { "a", "a" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hello *all = make(cases[i][0], strlen(cases[i][0]), 16384);
        flx_client_hello found;

        assert_int_equal(read_copy(&found, all->bytes, all->length), FLX_CLIENT_HELLO_FOUND);
        assert_string_equal(found.name, cases[i][1]);
        free(all);
    }
}

static void judges_names(void **state)
{
    static const struct {
        const char *name;
        size_t length;
        flx_client_hello_state said;
    } cases[] = {
        { "", 0, FLX_CLIENT_HELLO_BAD },
        { "ws.example.org.", 15, FLX_CLIENT_HELLO_BAD },
        { "ws.example.org\0", 15, FLX_CLIENT_HELLO_BAD },
        { "ws\0.example.org", 15, FLX_CLIENT_HELLO_BAD },
        { "ws example", 10, FLX_CLIENT_HELLO_BAD },
        { "ws\nexample", 10, FLX_CLIENT_HELLO_BAD },
        { "b\xC3\xBC"
          "cher",
          7, FLX_CLIENT_HELLO_BAD },
    };
    char longest[FLX_CLIENT_HELLO_NAME + 1];
    flx_client_hello found;
    hello *all;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        all = make(cases[i].name, cases[i].length, 16384);
        assert_int_equal(read_copy(&found, all->bytes, all->length), cases[i].said);
        assert_string_equal(found.name, "");
        free(all);
    }
    memset(longest, 'x', sizeof longest);
    all = make(longest, FLX_CLIENT_HELLO_NAME, 16384);
    assert_int_equal(read_copy(&found, all->bytes, all->length), FLX_CLIENT_HELLO_FOUND);
    assert_int_equal(strlen(found.name), FLX_CLIENT_HELLO_NAME);
    free(all);
    all = make(longest, FLX_CLIENT_HELLO_NAME + 1, 16384);
    assert_int_equal(read_copy(&found, all->bytes, all->length), FLX_CLIENT_HELLO_BAD);
    free(all);
}

static void knows_a_client_that_names_none(void **state)
{
    hello *all = calloc(1, sizeof *all), *message = calloc(1, sizeof *all), none = { .length = 0 };
    flx_client_hello found;

    (void)state;
    add_message(message, &none);
    add_records(all, message, 16384);
    assert_int_equal(read_copy(&found, all->bytes, all->length), FLX_CLIENT_HELLO_FOUND);
    assert_string_equal(found.name, "");
    /* Nor has a client of before extensions. */
    all->length = 0;
    message->length -= 2;
    message->bytes[3] = (char)(message->bytes[3] - 2);
    add_records(all, message, 16384);
    assert_int_equal(read_copy(&found, all->bytes, all->length), FLX_CLIENT_HELLO_FOUND);
    assert_string_equal(found.name, "");
    free(message);
    free(all);
}

static void says_how_much_it_takes(void **state)
{
    static const size_t sizes[] = { 1, 3, 4, 5, 50, 16384 };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        hello *all = make("ws.example.org", 14, sizes[i]);
        flx_client_hello found;
        size_t length = 0, looks = 0;

        /* Whoever waits for as much as is said has it in few looks, even where each byte has a record. */
        while (read_copy(&found, all->bytes, length) == FLX_CLIENT_HELLO_NEEDS_MORE) {
            assert_true(found.needed > length && found.needed <= all->length);
            length = found.needed;
            looks++;
        }
        assert_int_equal(length, all->length);
        assert_string_equal(found.name, "ws.example.org");
        assert_in_range(looks, 1, 40);
        /* What follows is not its business. */
        add(all, "\x14\3\3\0\1\1", 6);
        assert_int_equal(read_copy(&found, all->bytes, all->length), FLX_CLIENT_HELLO_FOUND);
        free(all);
    }
}

static void tells_what_is_none(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        flx_client_hello_state said;
    } cases[] = {
        { "", 0, FLX_CLIENT_HELLO_NEEDS_MORE },
        { "\x16", 1, FLX_CLIENT_HELLO_NEEDS_MORE },
        { "\x16\3", 2, FLX_CLIENT_HELLO_NEEDS_MORE },
        { "G", 1, FLX_CLIENT_HELLO_NOT_TLS },
        { "\x16\2", 2, FLX_CLIENT_HELLO_NOT_TLS },
        { "PROXY TCP4 ", 11, FLX_CLIENT_HELLO_NOT_TLS },
        { "\r\n\r\n\0\r\nQUIT\n", 12, FLX_CLIENT_HELLO_NOT_TLS },
        { "\x80\x2E\1\3\1", 5, FLX_CLIENT_HELLO_NOT_TLS },     /* of SSL 2.0 */
        { "\x15\3\1\0\2\2\x28", 7, FLX_CLIENT_HELLO_NOT_TLS }, /* an alert */
        { "\x16\3\1\0\0", 5, FLX_CLIENT_HELLO_BAD },
        { "\x16\3\1\x40\1", 5, FLX_CLIENT_HELLO_BAD },
        { "\x16\3\1\0\1\2", 6, FLX_CLIENT_HELLO_BAD }, /* another message */
        { "\x16\3\1\0\1\1\x17", 7, FLX_CLIENT_HELLO_BAD },
        { "\x16\3\1\0\1\1\x16\4", 8, FLX_CLIENT_HELLO_BAD },
        { "\x16\3\1\0\5\1\0\0\0", 9, FLX_CLIENT_HELLO_BAD }, /* more than the message */
        { "\x16\3\1\x3F\xFC", 5, FLX_CLIENT_HELLO_TOO_LARGE },
        { "\x16\3\1\x3F\xFB\1\0\x3F\xF7", 9, FLX_CLIENT_HELLO_NEEDS_MORE }, /* as large as may be */
        { "\x16\3\1\0\x40\1\0\x40\0", 9, FLX_CLIENT_HELLO_TOO_LARGE },
        { "\x16\3\1\0\x40\1\xFF\xFF\xFF", 9, FLX_CLIENT_HELLO_TOO_LARGE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flx_client_hello found;
        flx_client_hello_state said = read_copy(&found, cases[i].bytes, cases[i].length);

        if (said != cases[i].said) {
            fail_msg("case %zu: %d instead of %d", i, said, cases[i].said);
        }
    }
}

/* Each length in it, one too many and one too few. */
static void believes_no_length(void **state)
{
    /* Of the message, session id, cipher suites, compression, extensions, extension, list of names, name: their last byte. */
    static const size_t at[] = { 8, 43, 45, 48, 51, 55, 57, 60 };
    hello *all = make("ws.example.org", 14, 16384);
    flx_client_hello found;

    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        for (int by = -1; by <= 1; by += 2) {
            char was = all->bytes[at[i]];

            all->bytes[at[i]] = (char)(was + by);
            if (read_copy(&found, all->bytes, all->length) == FLX_CLIENT_HELLO_FOUND) {
                fail_msg("the byte at %zu may be %d", at[i], was + by);
            }
            all->bytes[at[i]] = was;
        }
    }
    assert_int_equal(read_copy(&found, all->bytes, all->length), FLX_CLIENT_HELLO_FOUND);
    free(all);
}

static void takes_one_name_once(void **state)
{
    hello *all = calloc(1, sizeof *all), *message = calloc(1, sizeof *all),
          *extensions = calloc(1, sizeof *all);
    flx_client_hello found;

    (void)state;
    add_name(extensions, "www.example.org", 15);
    add_name(extensions, "ws.example.org", 14);
    add_message(message, extensions);
    add_records(all, message, 16384);
    assert_int_equal(read_copy(&found, all->bytes, all->length), FLX_CLIENT_HELLO_BAD);
    assert_string_equal(found.name, "");
    free(extensions);
    free(message);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_name_in_lower_case),
        cmocka_unit_test(judges_names),
        cmocka_unit_test(knows_a_client_that_names_none),
        cmocka_unit_test(says_how_much_it_takes),
        cmocka_unit_test(tells_what_is_none),
        cmocka_unit_test(believes_no_length),
        cmocka_unit_test(takes_one_name_once),
    };

    return unit_run("client_hello", tests, sizeof tests / sizeof tests[0]);
}
