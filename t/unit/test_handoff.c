/* SPDX-License-Identifier: Apache-2.0 */
/* The packets of a hand-off: what one side writes the other reads, and nothing else is a packet. */
#include "unit.h"

#include "flx_handoff.h"

#define HEAD "GET /socket/websocket?token=t HTTP/1.1\r\nHost: a\r\n\r\n"
#define LONGEST                                                                                    \
    "1234567890123456789012345678901234567890123456789012345678901230" /* and one more */

static flx_slice slice(const char *text)
{
    return (flx_slice){ text, strlen(text) };
}

static void assert_slice(flx_slice seen, const char *text)
{
    assert_int_equal(seen.length, strlen(text));
    assert_memory_equal(seen.at, text, seen.length);
}

/* What was written, in memory of just its size. */
static char *copy_of(flx_buffer *packet, size_t *length)
{
    char *copy = unit_copy(packet->at, packet->length);

    assert_false(flx_buffer_failed(packet));
    *length = packet->length;
    flx_buffer_free(packet);
    return copy;
}

static void questions_come_through(void **state)
{
    static const struct {
        flx_handoff_kind kind;
        const char *address;
        const char *head;
    } cases[] = {
        { FLX_HANDOFF_HTTP, "127.0.0.1", HEAD },
        { FLX_HANDOFF_HTTP, "", HEAD },
        { FLX_HANDOFF_HTTP, "2001:db8::1", "x" },
        { FLX_HANDOFF_TLS, "fe80::1%eth0", "" },
        { FLX_HANDOFF_TLS, "", "" },
    };
    size_t i, length;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flx_handoff_question question = { cases[i].kind, slice(cases[i].address),
                                          slice(cases[i].head) };
        flx_handoff_question seen;
        flx_buffer packet;
        char *copy;

        flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
        flx_handoff_write_question(&packet, &question);
        copy = copy_of(&packet, &length);
        assert_int_equal(flx_handoff_read_question(&seen, copy, length), 0);
        assert_int_equal(seen.kind, cases[i].kind);
        assert_slice(seen.address, cases[i].address);
        assert_slice(seen.head, cases[i].head);
        free(copy);
    }
}

static void long_addresses_are_cut(void **state)
{
    flx_handoff_question question = { FLX_HANDOFF_HTTP, slice(LONGEST), slice("x") }, seen;
    flx_buffer packet;

    (void)state;
    flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
    flx_handoff_write_question(&packet, &question);
    assert_int_equal(flx_handoff_read_question(&seen, packet.at, packet.length), 0);
    assert_int_equal(seen.address.length, FLX_HANDOFF_ADDRESS);
    assert_memory_equal(seen.address.at, LONGEST, FLX_HANDOFF_ADDRESS);
    assert_slice(seen.head, "x");
    flx_buffer_free(&packet);
}

static void verdicts_come_through(void **state)
{
    static const struct {
        int status;
        const char *body;
    } cases[] = { { 101, "" },
                  { 400, "'host' header is absent" },
                  { 503, "" },
                  { 100, "" },
                  { 599, "\1\2\xFF" } };
    size_t i, length;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flx_handoff_verdict verdict = { cases[i].status, slice(cases[i].body) }, seen;
        flx_buffer packet;
        char *copy;

        flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
        flx_handoff_write_verdict(&packet, &verdict);
        copy = copy_of(&packet, &length);
        assert_int_equal(flx_handoff_read_verdict(&seen, copy, length), 0);
        assert_int_equal(seen.status, cases[i].status);
        assert_slice(seen.body, cases[i].body);
        free(copy);
    }
}

static void connections_come_through(void **state)
{
    static const char *const cases[] = { "", "\x81\x80mask" };
    size_t i, length;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flx_buffer packet;
        flx_slice seen;
        char *copy;

        flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
        flx_handoff_write_connection(&packet, slice(cases[i]));
        copy = copy_of(&packet, &length);
        assert_int_equal(flx_handoff_read_connection(&seen, copy, length), 0);
        assert_slice(seen, cases[i]);
        free(copy);
    }
}

static void others_are_none(void **state)
{
    /* each with its length, since some have zeros */
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {
        { "", 0 },
        { "Q", 1 },
        { "Q\1", 2 },
        { "Q\1\1", 3 },
        { "Q\1\1\0", 4 },      /* HTTP without a head */
        { "Q\1\2\0x", 5 },     /* TLS with one */
        { "Q\1\0\0x", 5 },     /* another kind */
        { "Q\1\3\0x", 5 },     /* likewise */
        { "Q\2\1\0x", 5 },     /* another version */
        { "q\1\1\0x", 5 },     /* another packet */
        { "Q\1\1\2x", 5 },     /* an address cut short */
        { "Q\1\1\1 x", 6 },    /* one with a blank */
        { "Q\1\1\1\nx", 6 },   /* or worse */
        { "Q\1\1\1\x7Fx", 6 }, /* or */
        { "Q\1\1\1\x80x", 6 }, /* or */
        { "V", 1 },
        { "V\1", 2 },
        { "V\1\1", 3 },
        { "V\2\1\0", 4 },   /* another version */
        { "V\1\0\x63", 4 }, /* 99 */
        { "V\1\2\x58", 4 }, /* 600 */
        { "V\1\xFF\xFF", 4 },
        { "C", 1 },
        { "C\2", 2 },
        { "D\1", 2 },
    };
    flx_handoff_question question;
    flx_handoff_verdict verdict;
    flx_slice bytes;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *copy = unit_copy(cases[i].bytes, cases[i].length);
        if (flx_handoff_read_question(&question, copy, cases[i].length) != -1 ||
            flx_handoff_read_verdict(&verdict, copy, cases[i].length) != -1 ||
            flx_handoff_read_connection(&bytes, copy, cases[i].length) != -1) {
            fail_msg("case %zu was read", i);
        }
        free(copy);
    }
}

static void addresses_have_a_longest(void **state)
{
    char *packet = unit_copy("Q\1\1@" LONGEST "x", 4 + FLX_HANDOFF_ADDRESS + 2);
    flx_handoff_question question;

    (void)state;
    packet[3] = FLX_HANDOFF_ADDRESS + 1;
    assert_int_equal(flx_handoff_read_question(&question, packet, 4 + FLX_HANDOFF_ADDRESS + 2), -1);
    packet[3] = FLX_HANDOFF_ADDRESS;
    assert_int_equal(flx_handoff_read_question(&question, packet, 4 + FLX_HANDOFF_ADDRESS + 2), 0);
    free(packet);
}

static void packets_have_a_largest(void **state)
{
    static char many[FLX_HANDOFF_PACKET + 1];
    flx_buffer packet;
    flx_slice bytes;

    (void)state;
    memset(many, 'x', sizeof many);
    flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
    flx_handoff_write_connection(&packet, (flx_slice){ many, FLX_HANDOFF_PACKET - 1 });
    assert_true(flx_buffer_failed(&packet));
    flx_buffer_free(&packet);
    flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
    flx_handoff_write_connection(&packet, (flx_slice){ many, FLX_HANDOFF_PACKET - 2 });
    assert_false(flx_buffer_failed(&packet));
    assert_int_equal(flx_handoff_read_connection(&bytes, packet.at, packet.length), 0);
    flx_buffer_free(&packet);
    many[0] = 'C';
    many[1] = FLX_HANDOFF_VERSION;
    assert_int_equal(flx_handoff_read_connection(&bytes, many, FLX_HANDOFF_PACKET), 0);
    assert_int_equal(flx_handoff_read_connection(&bytes, many, sizeof many), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_come_through), cmocka_unit_test(long_addresses_are_cut),
        cmocka_unit_test(verdicts_come_through),  cmocka_unit_test(connections_come_through),
        cmocka_unit_test(others_are_none),        cmocka_unit_test(addresses_have_a_longest),
        cmocka_unit_test(packets_have_a_largest),
    };

    return unit_run("handoff", tests, sizeof tests / sizeof tests[0]);
}
