/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets and signatures: a key verifies what it signed by its own algorithm, and nothing else. */
#include "jwt.h"

#include "flx_token.h"

#include <pthread.h>

#define NOW     INT64_C(1700000000000)
#define SECRET  "0123456789abcdef0123456789abcdef"
#define PAYLOAD "{\"sub\":\"123e4567-e89b-12d3-a456-426614174000\",\"exp\":1700000300}"

/* The order of P-256. */
static const unsigned char order[32] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
};

/* Private keys, made once, and the sets that most tests verify against. */
typedef struct world {
    EVP_PKEY *rsa;
    EVP_PKEY *pss;
    EVP_PKEY *ec;
    flx_keys *secret;
    flx_keys *others;
    const flx_keys *sets[2]; /* both */
} world;

static int verify(const flx_keys *const *sets, int count, const jwt *token, const char **why)
{
    flx_token_rules rules = { NULL, NULL, 0 };
    flx_claims claims;
    char *copy = unit_copy(token->at, token->length);
    int status = flx_token_verify(sets, count, &rules, NOW, copy, token->length, &claims, why);

    free(copy);
    return status;
}

/* Expects a verdict: NULL for valid. */
static void judge(const world *in, const jwt *token, const char *expected)
{
    const char *why = NULL;
    int status = verify(in->sets, 2, token, &why);

    if (expected == NULL) {
        if (status != 0) {
            fail_msg("refused: %s: %.*s", why, (int)token->length, token->at);
        }
        return;
    }
    assert_int_equal(status, -1);
    assert_string_equal(why, expected);
}

static int set_up(void **state)
{
    world *in = calloc(1, sizeof *in);
    const char *why;
    jwt set = { .length = 0 };

    in->rsa = EVP_RSA_gen(2048);
    in->pss = EVP_RSA_gen(2056);
    in->ec = EVP_EC_gen("P-256");
    jwt_add(&set, "{\"keys\":[");
    jwt_add_jwk(&set, in->rsa, ",\"alg\":\"RS256\",\"kid\":\"r\"");
    jwt_add(&set, ",");
    jwt_add_jwk(&set, in->pss, ",\"alg\":\"PS256\",\"use\":\"sig\",\"kid\":\"p\"");
    jwt_add(&set, ",");
    jwt_add_jwk(&set, in->ec, ",\"kid\":\"\\u0065\\/\\\"\"");
    jwt_add(&set, "]}");
    in->secret = flx_keys_from_secret(SECRET, strlen(SECRET), &why);
    in->others = flx_keys_from_jwks(set.at, set.length, &why);
    in->sets[0] = in->secret;
    in->sets[1] = in->others;
    *state = in;
    return in->sets[0] == NULL || in->sets[1] == NULL;
}

static int tear_down(void **state)
{
    world *in = *state;

    flx_keys_free(in->secret);
    flx_keys_free(in->others);
    EVP_PKEY_free(in->rsa);
    EVP_PKEY_free(in->pss);
    EVP_PKEY_free(in->ec);
    free(in);
    return 0;
}

static void wants_32_bytes_of_secret(void **state)
{
    const char *why = NULL;
    flx_keys *keys;

    (void)state;
    assert_null(flx_keys_from_secret(SECRET, 31, &why));
    assert_string_equal(why, "it has less than 32 bytes");
    assert_null(flx_keys_from_secret("", 0, &why));
    keys = flx_keys_from_secret(SECRET, 32, &why);
    assert_non_null(keys);
    flx_keys_free(keys);
    flx_keys_free(NULL);
}

static void verifies_each_algorithm(void **state)
{
    const world *in = *state;
    jwt token;
    int i;

    for (i = 0; i < 20; i++) {
        jwt_begin(&token, "{\"alg\":\"HS256\"}", PAYLOAD);
        jwt_mac(&token, SECRET, 32);
        judge(in, &token, NULL);
        jwt_make(&token, in->rsa, "RS256", "{\"alg\":\"RS256\"}", PAYLOAD);
        judge(in, &token, NULL);
        jwt_make(&token, in->rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":\"r\"}", PAYLOAD);
        judge(in, &token, NULL);
        jwt_make(&token, in->pss, "PS256", "{\"alg\":\"PS256\"}", PAYLOAD);
        judge(in, &token, NULL);
        jwt_make(&token, in->pss, "PS256", "{\"kid\":\"p\",\"alg\":\"PS256\"}", PAYLOAD);
        judge(in, &token, NULL);
        jwt_make(&token, in->ec, "ES256", "{\"alg\":\"ES256\"}", PAYLOAD);
        judge(in, &token, NULL);
        jwt_make(&token, in->ec, "ES256", "{\"alg\":\"ES256\",\"kid\":\"e/\\u0022\"}", PAYLOAD);
        judge(in, &token, NULL);
    }
}

/* The header says one thing, the key is another. */
static void never_lets_the_token_choose_the_algorithm(void **state)
{
    const world *in = *state;
    static const struct {
        const char *header;
        const char *why;
    } by_mac[] = {
        { "{\"alg\":\"none\"}", "algorithm" },
        { "{\"alg\":\"None\"}", "algorithm" },
        { "{\"alg\":\"nOnE\"}", "algorithm" },
        { "{\"alg\":\"\"}", "algorithm" },
        { "{\"alg\":\"hs256\"}", "algorithm" },
        { "{\"alg\":\"HS25\"}", "algorithm" },
        { "{\"alg\":\"HS256 \"}", "algorithm" },
        { "{\"alg\":\"HS384\"}", "algorithm" },
        { "{\"alg\":\"HS256HS256\"}", "algorithm" },
        { "{\"alg\":null}", "algorithm" },
        { "{\"alg\":[\"HS256\"]}", "algorithm" },
        { "{\"typ\":\"JWT\"}", "algorithm" },
        { "{\"alg\":\"RS256\"}", "signature" },
        { "{\"alg\":\"ES256\"}", "signature" },
        { "{\"alg\":\"HS256\",\"kid\":\"r\"}", "algorithm" },
        { "{\"alg\":\"HS256\",\"kid\":\"p\"}", "algorithm" },
        { "{\"alg\":\"HS256\",\"kid\":\"e/\\\"\"}", "algorithm" },
        { "{\"alg\":\"none\",\"kid\":\"r\"}", "algorithm" },
    };
    jwt token;
    size_t i;

    for (i = 0; i < sizeof by_mac / sizeof by_mac[0]; i++) {
        jwt_begin(&token, by_mac[i].header, PAYLOAD);
        jwt_mac(&token, SECRET, 32);
        judge(in, &token, by_mac[i].why);
    }
    jwt_make(&token, in->rsa, "PS256", "{\"alg\":\"PS256\",\"kid\":\"r\"}", PAYLOAD);
    judge(in, &token, "algorithm");
    jwt_make(&token, in->rsa, "PS256", "{\"alg\":\"PS256\"}", PAYLOAD);
    judge(in, &token, "signature");
    jwt_make(&token, in->rsa, "PS256", "{\"alg\":\"RS256\"}", PAYLOAD);
    judge(in, &token, "signature");
    jwt_make(&token, in->pss, "RS256", "{\"alg\":\"RS256\",\"kid\":\"p\"}", PAYLOAD);
    judge(in, &token, "algorithm");
    jwt_make(&token, in->ec, "ES256", "{\"alg\":\"ES256\",\"kid\":\"r\"}", PAYLOAD);
    judge(in, &token, "algorithm");
    jwt_make(&token, in->ec, "ES256", "{\"alg\":\"ES384\"}", PAYLOAD);
    judge(in, &token, "algorithm");
}

/* The public key is known to everybody; it must be no secret. */
static void takes_no_public_key_for_a_secret(void **state)
{
    const world *in = *state;
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(in->rsa, &der);
    BIO *pem = BIO_new(BIO_s_mem());
    char *text;
    long text_length;
    jwt token;

    assert_true(length > 0);
    jwt_begin(&token, "{\"alg\":\"HS256\"}", PAYLOAD);
    jwt_mac(&token, der, (size_t)length);
    judge(in, &token, "signature");
    assert_int_equal(PEM_write_bio_PUBKEY(pem, in->rsa), 1);
    text_length = BIO_get_mem_data(pem, &text);
    jwt_begin(&token, "{\"alg\":\"HS256\",\"kid\":\"r\"}", PAYLOAD);
    jwt_mac(&token, text, (size_t)text_length);
    judge(in, &token, "algorithm");
    /* With no secret configured at all. */
    jwt_begin(&token, "{\"alg\":\"HS256\"}", PAYLOAD);
    jwt_mac(&token, text, (size_t)text_length);
    {
        const char *why;
        assert_int_equal(verify(in->sets + 1, 1, &token, &why), -1);
        assert_string_equal(why, "algorithm");
        assert_int_equal(verify(in->sets, 0, &token, &why), -1);
    }
    BIO_free(pem);
    OPENSSL_free(der);
}

static void looks_up_a_kid_and_nothing_else(void **state)
{
    const world *in = *state;
    static const char *const kids[] = {
        "\"../../dev/null\"",
        "\"' OR 1=1--\"",
        "\"\"",
        "\"R\"",
        "\"r \"",
        "\"rr\"",
        "[\"r\"]",
        "null",
        "0",
        "{}",
    };
    char header[4000];
    jwt token;
    size_t i;

    for (i = 0; i < sizeof kids / sizeof kids[0]; i++) {
        snprintf(header, sizeof header, "{\"alg\":\"RS256\",\"kid\":%s}", kids[i]);
        jwt_make(&token, in->rsa, "RS256", header, PAYLOAD);
        judge(in, &token, "key");
        snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"kid\":%s}", kids[i]);
        jwt_begin(&token, header, PAYLOAD);
        jwt_mac(&token, SECRET, 32);
        judge(in, &token, "key");
    }
    snprintf(header, sizeof header, "{\"alg\":\"RS256\",\"kid\":\"%02000d\"}", 0);
    jwt_make(&token, in->rsa, "RS256", header, PAYLOAD);
    judge(in, &token, "key");
}

static void refuses_es256_out_of_range(void **state)
{
    const world *in = *state;
    static const unsigned char zero[64];
    unsigned char good[1024], bad[66];
    jwt signed_part, token;
    size_t i;

    jwt_begin(&signed_part, "{\"alg\":\"ES256\"}", PAYLOAD);
    jwt_sign(in->ec, "ES256", 0, signed_part.at, signed_part.length, good);
    for (i = 0; i < 7; i++) {
        size_t length = 64;
        memcpy(bad, good, 64);
        switch (i) {
        case 0: /* r = s = 0 */
            memcpy(bad, zero, 64);
            break;
        case 1:
            memcpy(bad, zero, 32);
            break;
        case 2:
            memcpy(bad + 32, zero, 32);
            break;
        case 3:
            memcpy(bad, order, 32);
            break;
        case 4:
            memcpy(bad + 32, order, 32);
            break;
        case 5: /* cut short */
            length = 63;
            break;
        default: /* both halves longer by a zero, which means the same numbers */
            bad[0] = bad[33] = 0;
            memcpy(bad + 1, good, 32);
            memcpy(bad + 34, good + 32, 32);
            length = 66;
        }
        token = signed_part;
        jwt_finish(&token, bad, length);
        judge(in, &token, "signature");
    }
    token = signed_part;
    jwt_finish(&token, good, 64);
    judge(in, &token, NULL);
}

static void refuses_other_salts_and_lengths(void **state)
{
    const world *in = *state;
    static const int salts[] = { 0, 20, 31, 33, 64 };
    unsigned char signature[1024];
    jwt signed_part, token;
    size_t i, length;

    jwt_begin(&signed_part, "{\"alg\":\"PS256\"}", PAYLOAD);
    for (i = 0; i < sizeof salts / sizeof salts[0]; i++) {
        token = signed_part;
        length = jwt_sign(in->pss, "PS256", salts[i], token.at, token.length, signature);
        jwt_finish(&token, signature, length);
        judge(in, &token, "signature");
    }
    /* Without its leading zero, which cjose would take; one in some two hundred has it. */
    do {
        length = jwt_sign(in->pss, "PS256", 32, signed_part.at, signed_part.length, signature);
    } while (signature[0] != 0);
    token = signed_part;
    jwt_finish(&token, signature + 1, length - 1);
    judge(in, &token, "signature");
    token = signed_part;
    jwt_finish(&token, signature, length);
    judge(in, &token, NULL);
    jwt_begin(&token, "{\"alg\":\"RS256\"}", PAYLOAD);
    length = jwt_sign(in->rsa, "RS256", 0, token.at, token.length, signature);
    jwt_finish(&token, signature, length - 1);
    judge(in, &token, "signature");
}

static void refuses_a_cut_or_changed_mac(void **state)
{
    const world *in = *state;
    unsigned char mac[33] = "";
    jwt signed_part, token;
    unsigned int i;

    jwt_begin(&signed_part, "{\"alg\":\"HS256\"}", PAYLOAD);
    HMAC(EVP_sha256(), SECRET, 32, (unsigned char *)signed_part.at, signed_part.length, mac, NULL);
    for (i = 1; i <= 33; i++) {
        token = signed_part;
        jwt_finish(&token, mac, i);
        judge(in, &token, i == 32 ? NULL : "signature");
    }
    for (i = 0; i < 256; i++) {
        unsigned char changed[32];
        memcpy(changed, mac, 32);
        changed[i / 8] ^= (unsigned char)(1U << i % 8);
        token = signed_part;
        jwt_finish(&token, changed, 32);
        judge(in, &token, "signature");
    }
}

/* RFC 7515, appendices A.1 to A.3. Their claims have no "sub": it is for them that they are
 * refused, which is after the signature. */
static void knows_the_vectors_of_rfc_7515(void **state)
{
#define JOE                                                                                        \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"
    static const unsigned char secret[64] = {
        3,   35,  53, 75,  43,  15, 165, 188, 131, 126, 6,   101, 119, 123, 166, 143,
        90,  179, 40, 230, 240, 84, 201, 40,  169, 15,  132, 178, 210, 80,  46,  191,
        211, 251, 90, 146, 210, 6,  71,  239, 150, 138, 180, 195, 119, 98,  61,  34,
        61,  46,  33, 114, 5,   46, 79,  8,   192, 205, 154, 245, 103, 208, 128, 163,
    };
    static const char set[] =
        "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS256\",\"e\":\"AQAB\",\"n\":\""
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"
        "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5"
        "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7"
        "aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\"},"
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
    static const char *const tokens[] = {
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE
        ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "eyJhbGciOiJSUzI1NiJ9." JOE
        ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2"
        "Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQ"
        "BMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6Ie"
        "YI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        "eyJhbGciOiJFUzI1NiJ9." JOE
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    };
    const char *why = NULL;
    flx_keys *joe = flx_keys_from_secret(secret, sizeof secret, &why);
    flx_keys *others = flx_keys_from_jwks(set, strlen(set), &why);
    const flx_keys *sets[] = { others, joe };
    size_t i;

    (void)state;
    assert_non_null(joe);
    assert_non_null(others);
    for (i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        jwt token = { .length = 0 };
        jwt_add(&token, tokens[i]);
        assert_int_equal(verify(sets, 2, &token, &why), -1);
        assert_string_equal(why, "claims");
        token.at[60] = token.at[60] == 'a' ? 'b' : 'a';
        assert_int_equal(verify(sets, 2, &token, &why), -1);
        assert_string_equal(why, "signature");
    }
    flx_keys_free(joe);
    flx_keys_free(others);
}

/* A second key of an algorithm is fine, but then tokens must name theirs. */
static void wants_a_kid_where_there_is_a_choice(void **state)
{
    const world *in = *state;
    jwt set = { .length = 0 }, token;
    const char *why = NULL;
    const flx_keys *sets[3];
    flx_keys *keys, *secret;

    jwt_add(&set, "{\"keys\":[");
    jwt_add_jwk(&set, in->ec, ",\"kid\":\"x\"");
    jwt_add(&set, "]}");
    keys = flx_keys_from_jwks(set.at, set.length, &why);
    secret = flx_keys_from_secret("another secret of 32 bytes .....", 32, &why);
    sets[0] = secret;
    sets[1] = in->sets[1];
    sets[2] = keys;
    jwt_make(&token, in->ec, "ES256", "{\"alg\":\"ES256\"}", PAYLOAD);
    assert_int_equal(verify(sets, 3, &token, &why), -1);
    assert_string_equal(why, "key");
    jwt_make(&token, in->ec, "ES256", "{\"alg\":\"ES256\",\"kid\":\"x\"}", PAYLOAD);
    assert_int_equal(verify(sets, 3, &token, &why), 0);
    /* Secrets have no names, so each is tried: an old one beside a new one. */
    sets[1] = in->sets[0];
    jwt_begin(&token, "{\"alg\":\"HS256\"}", PAYLOAD);
    jwt_mac(&token, SECRET, 32);
    assert_int_equal(verify(sets, 2, &token, &why), 0);
    assert_int_equal(verify(sets, 1, &token, &why), -1);
    flx_keys_free(keys);
    flx_keys_free(secret);
}

typedef struct worker {
    pthread_t thread;
    const world *in;
    const jwt *tokens;
    int refused;
} worker;

static void *verify_many(void *baton)
{
    worker *me = baton;
    const char *why;
    int i;

    for (i = 0; i < 400; i++) {
        me->refused += verify(me->in->sets, 2, &me->tokens[i % 4], &why) != 0;
    }
    return NULL;
}

static void verifies_in_threads_at_once(void **state)
{
    const world *in = *state;
    worker workers[4];
    static jwt tokens[4];
    size_t i;

    jwt_begin(&tokens[0], "{\"alg\":\"HS256\"}", PAYLOAD);
    jwt_mac(&tokens[0], SECRET, 32);
    jwt_make(&tokens[1], in->rsa, "RS256", "{\"alg\":\"RS256\"}", PAYLOAD);
    jwt_make(&tokens[2], in->pss, "PS256", "{\"alg\":\"PS256\",\"kid\":\"p\"}", PAYLOAD);
    jwt_make(&tokens[3], in->ec, "ES256", "{\"alg\":\"ES256\"}", PAYLOAD);
    for (i = 0; i < 4; i++) {
        workers[i] = (worker){ .in = in, .tokens = tokens };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, verify_many, &workers[i]), 0);
    }
    for (i = 0; i < 4; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].refused, 0);
    }
}

static void signs_with_a_secret_only(void **state)
{
    const world *in = *state;
    unsigned char mac[FLX_KEYS_MAC], expected[FLX_KEYS_MAC];

    assert_int_equal(flx_keys_sign(in->sets[0], "text", 4, mac), 0);
    HMAC(EVP_sha256(), SECRET, 32, (const unsigned char *)"text", 4, expected, NULL);
    assert_memory_equal(mac, expected, sizeof mac);
    assert_int_equal(flx_keys_sign(in->sets[1], "text", 4, mac), -1);
}

static void leaves_openssl_s_errors_as_they_were(void **state)
{
    const world *in = *state;
    jwt token;

    ERR_clear_error();
    jwt_make(&token, in->ec, "ES256", "{\"alg\":\"RS256\"}", PAYLOAD);
    judge(in, &token, "signature");
    jwt_make(&token, in->rsa, "PS256", "{\"alg\":\"PS256\"}", PAYLOAD);
    judge(in, &token, "signature");
    jwt_make(&token, in->rsa, "PS256", "{\"alg\":\"RS256\"}", PAYLOAD);
    judge(in, &token, "signature");
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, 1);
    judge(in, &token, "signature");
    assert_int_equal(ERR_GET_LIB(ERR_get_error()), ERR_LIB_USER);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_32_bytes_of_secret),
        cmocka_unit_test(verifies_each_algorithm),
        cmocka_unit_test(never_lets_the_token_choose_the_algorithm),
        cmocka_unit_test(takes_no_public_key_for_a_secret),
        cmocka_unit_test(looks_up_a_kid_and_nothing_else),
        cmocka_unit_test(refuses_es256_out_of_range),
        cmocka_unit_test(refuses_other_salts_and_lengths),
        cmocka_unit_test(refuses_a_cut_or_changed_mac),
        cmocka_unit_test(knows_the_vectors_of_rfc_7515),
        cmocka_unit_test(wants_a_kid_where_there_is_a_choice),
        cmocka_unit_test(verifies_in_threads_at_once),
        cmocka_unit_test(signs_with_a_secret_only),
        cmocka_unit_test(leaves_openssl_s_errors_as_they_were),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("keys", tests, set_up, tear_down);
}
