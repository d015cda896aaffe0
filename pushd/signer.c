/* SPDX-License-Identifier: Apache-2.0 */
/* The site's own private keys, and the tokens that push services know it by: compact JWS (RFC 7515) of ES256 or RS256. */
#include "signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "flx_base64url.h"
#include "key_file.h"

#define FILE_LENGTH 16384
#define COORDINATE  32 /* bytes, of P-256 */
#define POINT       (1 + 2 * COORDINATE)
#define RSA_BITS    2048

/* As in flx_keys.c cjose's error objects are never asked for. */
struct push_signer {
    cjose_jwk_t *jwk;
    const char *algorithm;
    char public_key[FLX_BASE64URL_TEXT(POINT) + 1]; /* "" of RS256 */
};

/* A number of a key as cjose wants it: big endian, from the heap. */
typedef struct number {
    unsigned char *bytes;
    size_t length;
} number;

/* The numbers of RSA in cjose's order. */
static const char *const rsa_names[] = {
    OSSL_PKEY_PARAM_RSA_E,         OSSL_PKEY_PARAM_RSA_N,
    OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
    OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

static const char *const ec_names[] = { OSSL_PKEY_PARAM_PRIV_KEY, OSSL_PKEY_PARAM_EC_PUB_X,
                                        OSSL_PKEY_PARAM_EC_PUB_Y };

#define RSA_NUMBERS (sizeof rsa_names / sizeof *rsa_names)
#define EC_NUMBERS  (sizeof ec_names / sizeof *ec_names)

static void wipe_numbers(number *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i].bytes != NULL) {
            OPENSSL_cleanse(numbers[i].bytes, numbers[i].length);
            free(numbers[i].bytes);
        }
    }
}

/* Takes numbers off a key, each of width bytes (0: as many as it needs). Returns 0 or -1; what was taken is the caller's to wipe. */
static int take_numbers(const EVP_PKEY *key, const char *const *names, size_t count, int width,
                        number *numbers)
{
    int is_good = 1;

    for (size_t i = 0; i < count && is_good; i++) {
        BIGNUM *value = NULL;
        int length;

        is_good = EVP_PKEY_get_bn_param(key, names[i], &value) == 1;
        length = width > 0 || !is_good ? width : BN_num_bytes(value);
        numbers[i].bytes = is_good && length > 0 ? malloc((size_t)length) : NULL;
        numbers[i].length = numbers[i].bytes != NULL ? (size_t)length : 0;
        is_good =
            numbers[i].bytes != NULL && BN_bn2binpad(value, numbers[i].bytes, length) == length;
        BN_clear_free(value);
    }
    return is_good ? 0 : -1;
}

static void import_ec(push_signer *signer, const EVP_PKEY *key)
{
    number numbers[EC_NUMBERS] = { { NULL, 0 } };
    unsigned char point[POINT] = { 4 }; /* uncompressed */

    if (take_numbers(key, ec_names, EC_NUMBERS, COORDINATE, numbers) == 0) {
        cjose_jwk_ec_keyspec spec = { .crv = CJOSE_JWK_EC_P_256,
                                      .d = numbers[0].bytes,
                                      .dlen = COORDINATE,
                                      .x = numbers[1].bytes,
                                      .xlen = COORDINATE,
                                      .y = numbers[2].bytes,
                                      .ylen = COORDINATE };

        signer->jwk = cjose_jwk_create_EC_spec(&spec, NULL);
        memcpy(point + 1, numbers[1].bytes, COORDINATE);
        memcpy(point + 1 + COORDINATE, numbers[2].bytes, COORDINATE);
        flx_base64url_encode(point, sizeof point, signer->public_key);
    }
    wipe_numbers(numbers, EC_NUMBERS);
}

static void import_rsa(push_signer *signer, const EVP_PKEY *key)
{
    number numbers[RSA_NUMBERS] = { { NULL, 0 } };

    if (take_numbers(key, rsa_names, RSA_NUMBERS, 0, numbers) == 0) {
        cjose_jwk_rsa_keyspec spec = {
            numbers[0].bytes, numbers[0].length, numbers[1].bytes, numbers[1].length,
            numbers[2].bytes, numbers[2].length, numbers[3].bytes, numbers[3].length,
            numbers[4].bytes, numbers[4].length, numbers[5].bytes, numbers[5].length,
            numbers[6].bytes, numbers[6].length, numbers[7].bytes, numbers[7].length,
        };

        signer->jwk = cjose_jwk_create_RSA_spec(&spec, NULL);
    }
    wipe_numbers(numbers, RSA_NUMBERS);
}

/* Whether the public half of an EC key is the private one's: cjose makes its own of the latter, so that nobody else would notice. */
static int is_pair(EVP_PKEY *key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    int is_good = context != NULL && EVP_PKEY_pairwise_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    return is_good;
}

/* Whether a key is of the kind: NULL, or what is wrong. */
static const char *judge(EVP_PKEY *key, push_signer_kind kind)
{
    char curve[32] = "";

    if (kind == PUSH_SIGNER_RS256) {
        return !EVP_PKEY_is_a(key, "RSA")          ? "holds no RSA key"
               : EVP_PKEY_get_bits(key) < RSA_BITS ? "holds an RSA key of less than 2048 bits"
                                                   : NULL;
    }
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) != 1 ||
        strcmp(curve, "prime256v1") != 0) {
        return "holds no key of the curve P-256 (prime256v1)";
    }
    return is_pair(key) ? NULL : "holds a key whose public half is another one's";
}

/* Nobody is there to say a password. */
static int no_password(char *buffer, int size, int is_writing, void *data)
{
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)data;
    return -1;
}

/* Signs something and verifies it: numbers that do not belong together are found at the start, not by the service. */
static int can_sign(const push_signer *signer)
{
    char *token = push_signer_sign(signer, NULL, "{}");
    cjose_jws_t *jws = token != NULL ? cjose_jws_import(token, strlen(token), NULL) : NULL;
    int is_good = jws != NULL && cjose_jws_verify(jws, signer->jwk, NULL);

    cjose_jws_release(jws);
    free(token);
    return is_good;
}

static const char *read_pem(push_signer *signer, const char *text, size_t length,
                            push_signer_kind kind)
{
    BIO *bio = BIO_new_mem_buf(text, (int)length);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    const char *why = "holds no private key (PEM, without a password)";

    if (key != NULL) {
        why = judge(key, kind);
    }
    if (why == NULL) {
        (kind == PUSH_SIGNER_RS256 ? import_rsa : import_ec)(signer, key);
        why = signer->jwk != NULL && can_sign(signer) ? NULL : "holds a key that cannot sign";
    }
    EVP_PKEY_free(key);
    BIO_free(bio);
    return why;
}

push_signer *push_signer_from_pem(const char *text, size_t length, push_signer_kind kind, char *why,
                                  size_t size)
{
    push_signer *signer = calloc(1, sizeof *signer);
    const char *fault = "no memory";

    if (signer != NULL) {
        signer->algorithm = kind == PUSH_SIGNER_RS256 ? "RS256" : "ES256";
        ERR_set_mark();
        fault = length > FILE_LENGTH ? "is too long" : read_pem(signer, text, length, kind);
        ERR_pop_to_mark();
    }
    if (fault != NULL) {
        snprintf(why, size, "%s", fault);
        push_signer_free(signer);
        return NULL;
    }
    return signer;
}

push_signer *push_signer_from_file(const char *path, push_signer_kind kind, char *why, size_t size)
{
    push_signer *signer = NULL;
    char *text;
    size_t length;
    const char *fault = push_key_file_read(path, FILE_LENGTH, PUSH_KEY_FILE_SECRET, &text, &length);

    if (fault != NULL) {
        snprintf(why, size, "%s", fault);
    }
    else {
        signer = push_signer_from_pem(text, length, kind, why, size);
    }
    push_key_file_forget(text, length);
    return signer;
}

void push_signer_free(push_signer *signer)
{
    if (signer != NULL) {
        /* OpenSSL wipes the numbers of a private key that it frees. */
        cjose_jwk_release(signer->jwk);
        free(signer);
    }
}

char *push_signer_sign(const push_signer *signer, const char *kid, const char *claims)
{
    cjose_header_t *header = cjose_header_new(NULL);
    cjose_jws_t *jws = NULL;
    const char *token;
    char *copy = NULL;

    ERR_set_mark();
    if (header != NULL && cjose_header_set(header, "typ", "JWT", NULL) &&
        cjose_header_set(header, CJOSE_HDR_ALG, signer->algorithm, NULL) &&
        (kid == NULL || cjose_header_set(header, CJOSE_HDR_KID, kid, NULL))) {
        jws = cjose_jws_sign(signer->jwk, header, (const unsigned char *)claims, strlen(claims),
                             NULL);
    }
    /* The text is the JWS's. */
    if (jws != NULL && cjose_jws_export(jws, &token, NULL)) {
        copy = strdup(token);
    }
    cjose_jws_release(jws);
    cjose_header_release(header);
    ERR_pop_to_mark();
    return copy;
}

const char *push_signer_public_key(const push_signer *signer)
{
    return signer->public_key[0] != '\0' ? signer->public_key : NULL;
}
