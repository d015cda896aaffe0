/* SPDX-License-Identifier: Apache-2.0 */
/* The site's private keys: which PEM texts are taken, and that OpenSSL finds what was signed signed. */
/* With pushd: signer.c key_file.c */
#include "jwt.h"

#include <sys/stat.h>
#include <unistd.h>

#include "flx_base64url.h"
#include "flx_keys.h"
#include "signer.h"

#define CLAIMS "{\"iss\":\"DEF123GHIJ\",\"iat\":1437179036}"

typedef struct world {
    EVP_PKEY *rsa;
    EVP_PKEY *ec;
} world;

static int set_up(void **state)
{
    static world in;

    in.rsa = EVP_RSA_gen(2048);
    in.ec = EVP_EC_gen("P-256");
    *state = &in;
    return in.rsa == NULL || in.ec == NULL;
}

static int tear_down(void **state)
{
    world *in = *state;

    EVP_PKEY_free(in->rsa);
    EVP_PKEY_free(in->ec);
    return 0;
}

/* A key as PEM: 's' SEC1 or PKCS#1, '8' PKCS#8, 'e' encrypted, 'p' the public half alone. */
static char *pem_of(EVP_PKEY *key, char form, size_t *length)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes, *copy;
    long size;

    switch (form) {
    case 's':
        assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL),
                         1);
        break;
    case '8':
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
        break;
    case 'e':
        assert_int_equal(
            PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
        break;
    default:
        assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    }
    size = BIO_get_mem_data(bio, &bytes);
    copy = unit_copy(bytes, (size_t)size);
    *length = (size_t)size;
    BIO_free(bio);
    return copy;
}

static push_signer *signer_of(EVP_PKEY *key, char form, push_signer_kind kind, char why[100])
{
    size_t length;
    char *text = pem_of(key, form, &length);
    push_signer *signer = push_signer_from_pem(text, length, kind, why, 100);

    free(text);
    return signer;
}

/* Verifies a token with the public key: by the code that verifies clients' tokens, which has tests of its own. */
static void expect_signed(EVP_PKEY *key, const char *algorithm, const char *token,
                          const char *begin)
{
    jwt set = { .length = 0 };
    const char *why = "", *dot = strrchr(token, '.');
    flx_signed parts = { { token, strlen(token) }, { algorithm, 5 }, { NULL, 0 }, 0 };
    flx_keys *keys;
    char bytes[1024];

    assert_non_null(dot);
    assert_int_equal(strncmp(token, begin, strlen(begin)), 0);
    assert_int_equal(flx_base64url_decode(dot + 1, strlen(dot + 1), bytes, sizeof bytes,
                                          &parts.signature_length),
                     0);
    jwt_add(&set, "{\"keys\":[");
    jwt_add_jwk(&set, key, algorithm[0] == 'R' ? ",\"alg\":\"RS256\"" : "");
    jwt_add(&set, "]}");
    keys = flx_keys_from_jwks(set.at, set.length, &why);
    assert_non_null(keys);
    assert_int_equal(flx_keys_verify((const flx_keys *const *)&keys, 1, &parts, &why), 0);
    flx_keys_free(keys);
}

static void signs_what_openssl_verifies(void **state)
{
    const world *in = *state;
    const struct {
        EVP_PKEY *key;
        push_signer_kind kind;
        char form;
        const char *kid;
        const char *algorithm;
        const char *header;
    } cases[] = {
        { in->ec, PUSH_SIGNER_ES256, 's', NULL, "ES256", "{\"typ\":\"JWT\",\"alg\":\"ES256\"}" },
        { in->ec, PUSH_SIGNER_ES256, '8', "ABC123DEFG", "ES256",
          "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"ABC123DEFG\"}" },
        { in->rsa, PUSH_SIGNER_RS256, 's', NULL, "RS256", "{\"typ\":\"JWT\",\"alg\":\"RS256\"}" },
        { in->rsa, PUSH_SIGNER_RS256, '8', "a\"b", "RS256",
          "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"a\\\"b\"}" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char why[100] = "";
        push_signer *signer = signer_of(cases[i].key, cases[i].form, cases[i].kind, why);
        jwt expected;

        assert_string_equal(why, "");
        assert_non_null(signer);
        jwt_begin(&expected, cases[i].header, CLAIMS);
        expected.at[expected.length] = '\0';
        /* Signatures of ES256 differ, also in length before they are padded: hence some. */
        for (int n = 0; n < 50; n++) {
            char *token = push_signer_sign(signer, cases[i].kid, CLAIMS);

            assert_non_null(token);
            expect_signed(cases[i].key, cases[i].algorithm, token, expected.at);
            free(token);
        }
        push_signer_free(signer);
    }
    push_signer_free(NULL);
}

static void has_a_public_key(void **state)
{
    const world *in = *state;
    char why[100], text[FLX_BASE64URL_TEXT(65) + 1];
    unsigned char point[65];
    size_t length;
    push_signer *signer = signer_of(in->ec, '8', PUSH_SIGNER_ES256, why);

    assert_non_null(signer);
    assert_int_equal(EVP_PKEY_get_octet_string_param(in->ec, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                     sizeof point, &length),
                     1);
    text[flx_base64url_encode(point, length, text)] = '\0';
    assert_string_equal(push_signer_public_key(signer), text);
    push_signer_free(signer);
    signer = signer_of(in->rsa, '8', PUSH_SIGNER_RS256, why);
    assert_non_null(signer);
    assert_null(push_signer_public_key(signer));
    push_signer_free(signer);
}

/* What the documented command writes without -noout: the curve before the key. */
static void takes_a_curve_before_the_key(void **state)
{
    const world *in = *state;
    static const char parameters[] =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    size_t length;
    char why[100] = "", *key = pem_of(in->ec, 's', &length);
    char *text = malloc(sizeof parameters + length);
    push_signer *signer;

    memcpy(text, parameters, sizeof parameters - 1);
    memcpy(text + sizeof parameters - 1, key, length);
    signer = push_signer_from_pem(text, sizeof parameters - 1 + length, PUSH_SIGNER_ES256, why,
                                  sizeof why);
    assert_string_equal(why, "");
    assert_non_null(signer);
    push_signer_free(signer);
    free(text);
    free(key);
}

static void refuses_other_keys(void **state)
{
    const world *in = *state;
    EVP_PKEY *p384 = EVP_EC_gen("P-384"), *small = EVP_RSA_gen(1024),
             *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    static const char no_key[] = "holds no private key (PEM, without a password)";
    static const char no_curve[] = "holds no key of the curve P-256 (prime256v1)";
    const struct {
        EVP_PKEY *key;
        push_signer_kind kind;
        char form;
        const char *why;
    } cases[] = {
        { in->rsa, PUSH_SIGNER_ES256, '8', no_curve },
        { p384, PUSH_SIGNER_ES256, 's', no_curve },
        { edwards, PUSH_SIGNER_ES256, '8', no_curve },
        { in->ec, PUSH_SIGNER_RS256, '8', "holds no RSA key" },
        { small, PUSH_SIGNER_RS256, '8', "holds an RSA key of less than 2048 bits" },
        { in->ec, PUSH_SIGNER_ES256, 'e', no_key },
        { in->ec, PUSH_SIGNER_ES256, 'p', no_key },
    };
    static const struct {
        const char *text;
        size_t length;
        const char *why;
    } texts[] = {
        { "", 0, no_key },
        { "no key", 6, no_key },
        { "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", 55, no_key },
        { "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----\n", 68, no_key },
    };
    char why[100], *longer = calloc(1, 16385);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(signer_of(cases[i].key, cases[i].form, cases[i].kind, why));
        assert_string_equal(why, cases[i].why);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *copy = unit_copy(texts[i].text, texts[i].length);

        assert_null(
            push_signer_from_pem(copy, texts[i].length, PUSH_SIGNER_ES256, why, sizeof why));
        assert_string_equal(why, texts[i].why);
        free(copy);
    }
    assert_null(push_signer_from_pem(longer, 16385, PUSH_SIGNER_ES256, why, sizeof why));
    assert_string_equal(why, "is too long");
    assert_int_equal(ERR_peek_error(), 0);
    free(longer);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(small);
    EVP_PKEY_free(edwards);
}

/* A key with some bytes of its DER changed, as PEM of a type. */
static void expect_refused(EVP_PKEY *key, const char *type, size_t from_end, const void *bytes,
                           size_t count, push_signer_kind kind, const char *expected)
{
    unsigned char *der = NULL;
    char why[100], *text;
    int length = i2d_PrivateKey(key, &der);
    BIO *bio = BIO_new(BIO_s_mem());
    long size;

    assert_true(length > 0 && (size_t)length > from_end);
    memcpy(der + (size_t)length - from_end, bytes, count);
    assert_true(PEM_write_bio(bio, type, "", der, length) > 0);
    size = BIO_get_mem_data(bio, &text);
    assert_null(push_signer_from_pem(text, (size_t)size, kind, why, sizeof why));
    assert_string_equal(why, expected);
    OPENSSL_free(der);
    BIO_free(bio);
}

/* Halves of two keys, put together. */
static void refuses_halves_that_are_no_pair(void **state)
{
    const world *in = *state;
    EVP_PKEY *other = EVP_EC_gen("P-256");
    unsigned char point[65];
    size_t length;

    assert_int_equal(EVP_PKEY_get_octet_string_param(other, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                     sizeof point, &length),
                     1);
    /* SEC1 ends with the public point; PKCS#1, of some 1,190 bytes, begins with the modulus. */
    expect_refused(in->ec, "EC PRIVATE KEY", 65, point, 65, PUSH_SIGNER_ES256,
                   "holds a key whose public half is another one's");
    expect_refused(in->rsa, "RSA PRIVATE KEY", 1100, point, 65, PUSH_SIGNER_RS256,
                   "holds a key that cannot sign");
    EVP_PKEY_free(other);
}

static void reads_files_that_nobody_else_can(void **state)
{
    const world *in = *state;
    char path[] = "/tmp/flixim-signer-XXXXXX", why[100] = "", *text;
    int fd = mkstemp(path);
    size_t length;
    push_signer *signer;

    assert_true(fd >= 0);
    text = pem_of(in->ec, '8', &length);
    assert_int_equal(write(fd, text, length), length);
    signer = push_signer_from_file(path, PUSH_SIGNER_ES256, why, sizeof why);
    assert_string_equal(why, "");
    assert_non_null(signer);
    push_signer_free(signer);
    assert_int_equal(fchmod(fd, 0604), 0);
    assert_null(push_signer_from_file(path, PUSH_SIGNER_ES256, why, sizeof why));
    assert_string_equal(why, "has a mode that lets others read, write or run it");
    assert_int_equal(unlink(path), 0);
    assert_null(push_signer_from_file(path, PUSH_SIGNER_ES256, why, sizeof why));
    assert_string_equal(why, "No such file or directory");
    assert_null(push_signer_from_file("/", PUSH_SIGNER_ES256, why, sizeof why));
    assert_string_equal(why, "is not a file");
    close(fd);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_what_openssl_verifies),
        cmocka_unit_test(has_a_public_key),
        cmocka_unit_test(refuses_other_keys),
        cmocka_unit_test(takes_a_curve_before_the_key),
        cmocka_unit_test(refuses_halves_that_are_no_pair),
        cmocka_unit_test(reads_files_that_nobody_else_can),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("signer", tests, set_up, tear_down);
}
