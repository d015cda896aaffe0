/* SPDX-License-Identifier: Apache-2.0 */
/* One spelling of a UUID is read, in either case; one is written; names make version 5. */
#include "unit.h"

#include "flx_uuid.h"

static int read_uuid(flx_uuid *uuid, const char *text)
{
    char *copy = unit_copy(text, strlen(text));
    int status = flx_uuid_read(uuid, copy, strlen(text));

    free(copy);
    return status;
}

static void reads_the_canonical_form_and_writes_it(void **state)
{
    static const char *const cases[] = {
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "123e4567-e89b-12d3-a456-426614174000",
        "01890a5d-ac96-774b-bcce-b302099a8057",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[FLX_UUID_TEXT + 1] = "";
        flx_uuid uuid;
        assert_int_equal(read_uuid(&uuid, cases[i]), 0);
        flx_uuid_write(&uuid, text);
        assert_string_equal(text, cases[i]);
    }
}

static void lowers_the_case(void **state)
{
    char text[FLX_UUID_TEXT + 1] = "";
    flx_uuid uuid;

    (void)state;
    assert_int_equal(read_uuid(&uuid, "123E4567-E89B-12D3-A456-42661417400F"), 0);
    flx_uuid_write(&uuid, text);
    assert_string_equal(text, "123e4567-e89b-12d3-a456-42661417400f");
}

static void refuses_other_spellings(void **state)
{
    static const char *const cases[] = {
        "",
        "123e4567e89b12d3a456426614174000",
        "{123e4567-e89b-12d3-a456-426614174000}",
        "123e4567-e89b-12d3-a456-42661417400",
        "123e4567-e89b-12d3-a456-4266141740000",
        "123e4567-e89b-12d3-a456_426614174000",
        "123e-4567e89b-12d3-a456-426614174000",
        "123e4567-e89b-12d3-a456-42661417400g",
        "123e4567-e89b-12d3-a456-42661417400 ",
        " 123e4567-e89b-12d3-a456-42661417400",
        "123e4567-e89b-12d3-a456-4266141740:0",
        "123e4567-e89b-12d3-a456-4266141740@0",
        "urn:uuid:123e4567-e89b-12d3-a456-42",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flx_uuid uuid;
        memset(&uuid, 7, sizeof uuid);
        if (read_uuid(&uuid, cases[i]) != -1 || uuid.bytes[0] != 7) {
            fail_msg("%s was read", cases[i]);
        }
    }
}

/* RFC 9562, appendix A.4: www.example.com in the DNS namespace. */
static void makes_version_5_of_a_name(void **state)
{
    char text[FLX_UUID_TEXT + 1] = "";
    flx_uuid dns, uuid;

    (void)state;
    assert_int_equal(read_uuid(&dns, "6ba7b810-9dad-11d1-80b4-00c04fd430c8"), 0);
    flx_uuid_from_name(&uuid, &dns, "www.example.com", 15);
    flx_uuid_write(&uuid, text);
    assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void makes_random_ones(void **state)
{
    flx_uuid one, other;

    (void)state;
    flx_uuid_make(&one);
    flx_uuid_make(&other);
    assert_memory_not_equal(one.bytes, other.bytes, FLX_UUID_BYTES);
    assert_int_equal(one.bytes[6] >> 4, 4);
    assert_int_equal(one.bytes[8] >> 6, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_canonical_form_and_writes_it),
        cmocka_unit_test(lowers_the_case),
        cmocka_unit_test(refuses_other_spellings),
        cmocka_unit_test(makes_version_5_of_a_name),
        cmocka_unit_test(makes_random_ones),
    };

    return unit_run("uuid", tests, sizeof tests / sizeof tests[0]);
}
