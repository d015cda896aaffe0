/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets as JSON: what is read, what is skipped, and what the whole set is refused for. */
#include "unit.h"

#include "flx_base64url.h"
#include "flx_jwks.h"
#include "flx_keys.h"

/* The public keys of RFC 7515, appendices A.2 and A.3. */
#define N                                                                                          \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"   \
    "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5"   \
    "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7"   \
    "aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RSA_WITHOUT_ALG "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQAB\""
#define RSA             RSA_WITHOUT_ALG ",\"alg\":\"RS256\""
#define X               "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y               "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC              "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\""
#define ONE(members)    "{\"keys\":[{" members "}]}"
#define TWO(one, other) "{\"keys\":[{" one "},{" other "}]}"

/* What was visited: algorithms and kids. */
static int note_key(void *baton, flx_jwk *key, const char **why)
{
    char *seen = baton;
    size_t used = strlen(seen);

    (void)why;
    snprintf(seen + used, 200 - used, "%s%s%.*s;", key->algorithm, key->has_kid ? "=" : "",
             (int)key->kid_length, key->kid);
    return 0;
}

static int read_set(const char *text, size_t length, char seen[200], const char **why)
{
    char *copy = unit_copy(text, length);
    int status;

    seen[0] = '\0';
    status = flx_jwks_read(copy, length, note_key, seen, why);
    free(copy);
    return status;
}

static void reads_the_keys_that_can_verify(void **state)
{
    static const struct {
        const char *set;
        const char *keys;
    } cases[] = {
        { ONE(RSA), "RS256;" },
        { ONE(RSA_WITHOUT_ALG ",\"alg\":\"PS256\",\"kid\":\"1\""), "PS256=1;" },
        { ONE(EC), "ES256;" },
        { ONE(EC ",\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"]"),
          "ES256;" },
        { TWO(RSA ",\"kid\":\"a\"", EC ",\"kid\":\"b\""), "RS256=a;ES256=b;" },
        { TWO(RSA, RSA), "RS256;RS256;" },
        { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"e\":\"AAEAAQ\",\"n\":\"AA"
              "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz"
              "P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf6"
              "3kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw"
              "Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW"
              "yuXpoR\""),
          "RS256;" },
        /* Not for us, but others remain. */
        { TWO("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\"", EC), "ES256;" },
        { TWO("\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X "\",\"y\":\"" Y "\"", EC), "ES256;" },
        { TWO(RSA_WITHOUT_ALG ",\"alg\":\"RS512\"", EC), "ES256;" },
        { TWO(RSA_WITHOUT_ALG ",\"alg\":\"RSA-OAEP\",\"use\":\"enc\"", EC), "ES256;" },
        { TWO(RSA_WITHOUT_ALG ",\"use\":\"enc\"", EC), "ES256;" },
        { TWO(RSA_WITHOUT_ALG ",\"use\":1", EC), "ES256;" },
        { TWO(RSA ",\"key_ops\":[\"encrypt\"]", EC), "ES256;" },
        { TWO(EC ",\"alg\":\"ECDH-ES\"", RSA), "RS256;" },
        { TWO("\"x\":1", RSA), "RS256;" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why = "?";
        char seen[200];
        if (read_set(cases[i].set, strlen(cases[i].set), seen, &why) != 0) {
            fail_msg("case %zu: %s", i, why);
        }
        assert_string_equal(seen, cases[i].keys);
    }
}

#define NO_SET     "it is not a JWK set"
#define NO_JSON    "it is not JSON"
#define NO_KEY     "no key in it"
#define NO_ENTRY   "an entry of"
#define NO_ALG     "an RSA key has no"
#define PRIVATE    "there is a private"
#define NO_KID     "a \"kid\" is not"
#define WEAK       "an RSA key has less"
#define NO_NUMBER  "\"n\" or \"e\" of an RSA key is missing"
#define ODD_NUMBER "\"n\" or \"e\" of an RSA key is none"
#define NO_POINT   "\"x\" or \"y\""
static const struct {
    const char *set;
    const char *why; /* how it begins */
} bad_sets[] = {
    { "", NO_JSON },
    { "{\"keys\":[{" EC "}]", NO_JSON },
    { "{\"keys\":[{" EC "}],\"keys\":[]}", NO_JSON },
    { ONE(EC ",\"x\":\"" X "\""), NO_JSON },
    { "[]", NO_SET },
    { "{}", NO_SET },
    { "{" EC "}", NO_SET },
    { "{\"keys\":{}}", NO_SET },
    { "{\"keys\":\"[]\"}", NO_SET },
    { "{\"keys\":[]}", NO_KEY },
    { ONE("\"kty\":\"OKP\""), NO_KEY },
    { ONE(EC ",\"use\":\"enc\""), NO_KEY },
    { ONE(EC ",\"key_ops\":\"verify\""), NO_KEY },
    { "{\"keys\":[{" EC "},1]}", NO_ENTRY },
    { "{\"keys\":[[{" EC "}]]}", NO_ENTRY },
    { ONE(RSA_WITHOUT_ALG), NO_ALG },
    { TWO(EC, RSA_WITHOUT_ALG ",\"use\":\"sig\""), NO_ALG },
    { ONE(EC ",\"d\":\"AQ\""), PRIVATE },
    { ONE(RSA ",\"d\":\"AQ\""), PRIVATE },
    { ONE(RSA ",\"p\":\"AQ\""), PRIVATE },
    { ONE(RSA ",\"qi\":null"), PRIVATE },
    { ONE(RSA ",\"oth\":[]"), PRIVATE },
    { TWO(EC, "\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ\""), PRIVATE },
    { TWO(EC, "\"kty\":\"OKP\",\"d\":\"AQ\""), PRIVATE },
    { ONE(EC ",\"kid\":1"), NO_KID },
    { ONE(EC ",\"kid\":null"), NO_KID },
    { ONE(EC ",\"kid\":\"\""), NO_KID },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"e\":\"AQAB\""), NO_NUMBER },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" N "\""), NO_NUMBER },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" N "=\",\"e\":\"AQAB\""), NO_NUMBER },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" N "\",\"e\":65537"), NO_NUMBER },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" N "\",\"e\":\"AQAAAAAAAAAB\""), NO_NUMBER },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" N "\",\"e\":\"AQ\""), ODD_NUMBER },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" N "\",\"e\":\"AA\""), ODD_NUMBER },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" N "\",\"e\":\"AQAC\""), ODD_NUMBER },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" N "AA\",\"e\":\"AQAB\""), ODD_NUMBER },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"AQAB\",\"e\":\"AQAB\""), WEAK },
    { ONE("\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"\",\"e\":\"AQAB\""), WEAK },
    { ONE("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\""), NO_POINT },
    { ONE("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"AQ\""), NO_POINT },
    { ONE("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA" X "\",\"y\":\"" Y "\""), NO_POINT },
};

static void refuses_the_whole_set(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad_sets / sizeof bad_sets[0]; i++) {
        const char *why = "?";
        char seen[200];
        if (read_set(bad_sets[i].set, strlen(bad_sets[i].set), seen, &why) != -1 ||
            strncmp(why, bad_sets[i].why, strlen(bad_sets[i].why)) != 0) {
            fail_msg("case %zu, %.200s: %s", i, bad_sets[i].set, why);
        }
    }
}

/* A modulus of as many bits, all ones. */
static int read_modulus(size_t bits, const char **why)
{
    unsigned char number[2000];
    char set[4000] = "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS256\",\"e\":\"AQAB\",\"n\":\"",
         seen[200];
    size_t size = (bits + 7) / 8, length = strlen(set);

    memset(number, 0xFF, sizeof number);
    number[0] = (unsigned char)(0xFF >> (size * 8 - bits));
    length += flx_base64url_encode(number, size, set + length);
    length += (size_t)sprintf(set + length, "\"}]}");
    return read_set(set, length, seen, why);
}

static void bounds_an_rsa_key(void **state)
{
    const char *why = "?";

    (void)state;
    assert_int_equal(read_modulus(2047, &why), -1);
    assert_string_equal(why, "an RSA key has less than 2048 bits");
    assert_int_equal(read_modulus(2048, &why), 0);
    assert_int_equal(read_modulus(8192, &why), 0);
    assert_int_equal(read_modulus(8193, &why), -1);
}

/* A set of count P-256 keys, with kids of a length, padded to a size with spaces. */
static int read_many(int count, int kid_length, size_t size, const char **why)
{
    static char set[FLX_JWKS_LENGTH + 100];
    static char seen[200];
    size_t length = 0;
    int i;

    memset(set, ' ', sizeof set);
    length += (size_t)sprintf(set, "{\"keys\":[");
    for (i = 0; i < count; i++) {
        length += (size_t)sprintf(set + length, "%s{" EC ",\"kid\":\"%0*d\"}", i > 0 ? "," : "",
                                  kid_length, i);
    }
    length += (size_t)sprintf(set + length, "]}");
    set[length] = ' ';
    return read_set(set, size > 0 ? size : length, seen, why);
}

static void bounds_the_set(void **state)
{
    const char *why = "?";

    (void)state;
    assert_int_equal(read_many(64, 1, 0, &why), 0);
    assert_int_equal(read_many(65, 1, 0, &why), -1);
    assert_string_equal(why, "it has more than 64 keys");
    assert_int_equal(read_many(1, 255, 0, &why), 0);
    assert_int_equal(read_many(1, 256, 0, &why), -1);
    assert_int_equal(read_many(1, 1, FLX_JWKS_LENGTH, &why), 0);
    assert_int_equal(read_many(1, 1, FLX_JWKS_LENGTH + 1, &why), -1);
    assert_string_equal(why, "it is longer than 64 KiB");
}

static void refuses_what_the_table_cannot_hold(void **state)
{
    static const char twice[] = TWO(EC ",\"kid\":\"a\"", RSA ",\"kid\":\"\\u0061\"");
    static const char off_the_curve[] =
        ONE("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" Y "\",\"y\":\"" X "\"");
    const char *why = "?";

    (void)state;
    assert_null(flx_keys_from_jwks(twice, strlen(twice), &why));
    assert_string_equal(why, "two keys have the same \"kid\"");
    assert_null(flx_keys_from_jwks(off_the_curve, strlen(off_the_curve), &why));
    assert_memory_equal(why, "OpenSSL refuses a key", 21);
    assert_null(flx_keys_from_jwks("{}", 2, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_keys_that_can_verify),
        cmocka_unit_test(refuses_the_whole_set),
        cmocka_unit_test(bounds_an_rsa_key),
        cmocka_unit_test(bounds_the_set),
        cmocka_unit_test(refuses_what_the_table_cannot_hold),
    };

    return unit_run("jwks", tests, sizeof tests / sizeof tests[0]);
}
