/* SPDX-License-Identifier: Apache-2.0 */
/* Makes tokens and key sets for tests, good and bad ones, with OpenSSL rather than with what is
 * tested. */
#ifndef FLX_JWT_H
#define FLX_JWT_H

#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

/* A token or a key set as it grows. */
typedef struct jwt {
    char at[16384];
    size_t length;
} jwt;

static inline void jwt_add(jwt *text, const char *more)
{
    assert_true(text->length + strlen(more) < sizeof text->at);
    memcpy(text->at + text->length, more, strlen(more));
    text->length += strlen(more);
}

/* Appends bytes as base64url. */
static inline void jwt_encode(jwt *text, const void *bytes, size_t length)
{
    char *start = text->at + text->length, *c;

    assert_true(text->length + length * 2 + 8 < sizeof text->at);
    text->length += (size_t)EVP_EncodeBlock((unsigned char *)start, bytes, (int)length);
    for (c = start; c < text->at + text->length && *c != '='; c++) {
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    }
    text->length = (size_t)(c - text->at);
}

static inline void jwt_begin(jwt *text, const char *header, const char *payload)
{
    text->length = 0;
    jwt_encode(text, header, strlen(header));
    jwt_add(text, ".");
    jwt_encode(text, payload, strlen(payload));
}

static inline void jwt_finish(jwt *text, const void *signature, size_t length)
{
    jwt_add(text, ".");
    jwt_encode(text, signature, length);
}

/* Signs what is there with a secret. */
static inline void jwt_mac(jwt *text, const void *secret, size_t length)
{
    unsigned char mac[32];

    assert_non_null(HMAC(EVP_sha256(), secret, (int)length, (unsigned char *)text->at, text->length,
                         mac, NULL));
    jwt_finish(text, mac, sizeof mac);
}

/* r and s of a signature in DER, 32 bytes each. */
static inline void jwt_raw_ecdsa(const unsigned char *der, size_t length, unsigned char raw[64])
{
    ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &der, (long)length);

    assert_non_null(both);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(both), raw, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(both), raw + 32, 32), 32);
    ECDSA_SIG_free(both);
}

/* The signature of a text by RS256, PS256 (with a salt of that many bytes) or ES256; returns its
 * length. */
static inline size_t jwt_sign(EVP_PKEY *key, const char *algorithm, int salt, const char *text,
                              size_t length, unsigned char signature[1024])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *padding;
    unsigned char bytes[1024];
    size_t size = sizeof bytes;

    assert_int_equal(EVP_DigestSignInit(context, &padding, EVP_sha256(), NULL, key), 1);
    if (algorithm[0] == 'P') {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, salt), 1);
    }
    assert_int_equal(EVP_DigestSign(context, bytes, &size, (const unsigned char *)text, length), 1);
    EVP_MD_CTX_free(context);
    if (algorithm[0] == 'E') {
        jwt_raw_ecdsa(bytes, size, signature);
        return 64;
    }
    memcpy(signature, bytes, size);
    return size;
}

/* Makes a whole token of a private key. */
static inline void jwt_make(jwt *text, EVP_PKEY *key, const char *algorithm, const char *header,
                            const char *payload)
{
    unsigned char signature[1024];

    jwt_begin(text, header, payload);
    jwt_finish(text, signature, jwt_sign(key, algorithm, 32, text->at, text->length, signature));
}

static inline void jwt_add_number(jwt *set, EVP_PKEY *key, const char *name, const char *parameter,
                                  int size)
{
    BIGNUM *number = NULL;
    unsigned char bytes[1024];

    assert_int_equal(EVP_PKEY_get_bn_param(key, parameter, &number), 1);
    size = size > 0 ? size : BN_num_bytes(number);
    assert_int_equal(BN_bn2binpad(number, bytes, size), size);
    BN_free(number);
    jwt_add(set, name);
    jwt_encode(set, bytes, (size_t)size);
    jwt_add(set, "\"");
}

/* Appends a public key as a JWK, with further members ("" or such as ",\"kid\":\"a\""). */
static inline void jwt_add_jwk(jwt *set, EVP_PKEY *key, const char *members)
{
    if (EVP_PKEY_is_a(key, "RSA")) {
        jwt_add_number(set, key, "{\"kty\":\"RSA\",\"n\":\"", OSSL_PKEY_PARAM_RSA_N, 0);
        jwt_add_number(set, key, ",\"e\":\"", OSSL_PKEY_PARAM_RSA_E, 0);
    }
    else {
        jwt_add_number(set, key, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"",
                       OSSL_PKEY_PARAM_EC_PUB_X, 32);
        jwt_add_number(set, key, ",\"y\":\"", OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    }
    jwt_add(set, members);
    jwt_add(set, "}");
}

#endif
