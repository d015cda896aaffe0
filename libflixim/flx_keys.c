/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that tokens are signed and verified with, each with its one algorithm. */
#include "flx_keys.h"

#include "flx_jwks.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>

/* cjose counts references to a key without atomics; verifying only reads it. Its error objects
 * are never asked for (NULL): they would point into a buffer that all threads share. */
typedef struct key {
    const char *algorithm;
    cjose_jwk_t *jwk;
    size_t signature_length;
    char *kid; /* not NUL-terminated; NULL: none */
    size_t kid_length;
} key;

struct flx_keys {
    size_t count;
    key all[];
};

static const char no_memory[] = "there is no memory";

static flx_keys *new_keys(size_t room)
{
    return calloc(1, sizeof(flx_keys) + room * sizeof(key));
}

flx_keys *flx_keys_from_secret(const void *secret, size_t length, const char **why)
{
    flx_keys *keys;

    if (length < FLX_KEYS_SECRET) {
        *why = "it has less than 32 bytes";
        return NULL;
    }
    *why = no_memory;
    keys = new_keys(1);
    if (keys == NULL) {
        return NULL;
    }
    keys->all[0].algorithm = "HS256";
    keys->all[0].signature_length = FLX_KEYS_MAC;
    keys->all[0].jwk = cjose_jwk_create_oct_spec(secret, length, NULL);
    if (keys->all[0].jwk == NULL) {
        free(keys);
        return NULL;
    }
    keys->count = 1;
    return keys;
}

/* cjose's form of a key, or NULL. */
static cjose_jwk_t *import_jwk(flx_jwk *source)
{
    cjose_jwk_ec_keyspec ec = { .crv = CJOSE_JWK_EC_P_256 };
    cjose_jwk_rsa_keyspec rsa = { 0 };
    cjose_jwk_t *jwk;

    ERR_set_mark();
    if (strcmp(source->algorithm, "ES256") == 0) {
        ec.x = source->first;
        ec.xlen = source->first_length;
        ec.y = source->second;
        ec.ylen = source->second_length;
        jwk = cjose_jwk_create_EC_spec(&ec, NULL);
    }
    else {
        rsa.n = source->first;
        rsa.nlen = source->first_length;
        rsa.e = source->second;
        rsa.elen = source->second_length;
        jwk = cjose_jwk_create_RSA_spec(&rsa, NULL);
    }
    ERR_pop_to_mark();
    return jwk;
}

static int has_kid(const key *candidate, const char *kid, size_t length)
{
    return candidate->kid != NULL && candidate->kid_length == length &&
           memcmp(candidate->kid, kid, length) == 0;
}

/* The key of a set with a kid, or NULL. */
static const key *find_kid(const flx_keys *keys, const char *kid, size_t length)
{
    size_t i;

    for (i = 0; i < keys->count; i++) {
        if (has_kid(&keys->all[i], kid, length)) {
            return &keys->all[i];
        }
    }
    return NULL;
}

/* A flx_jwks_visitor: the set has room for FLX_JWKS_KEYS. */
static int add_jwk(void *baton, flx_jwk *source, const char **why)
{
    flx_keys *keys = baton;
    key *added = &keys->all[keys->count];

    if (source->has_kid && find_kid(keys, source->kid, source->kid_length) != NULL) {
        *why = "two keys have the same \"kid\"";
        return -1;
    }
    added->jwk = import_jwk(source);
    if (added->jwk == NULL) {
        *why = "OpenSSL refuses a key, such as one that is no point of its curve";
        return -1;
    }
    keys->count++;
    added->algorithm = source->algorithm;
    /* Both halves of an ES256 signature are as long as a coordinate. */
    added->signature_length = source->first_length;
    if (strcmp(source->algorithm, "ES256") == 0) {
        added->signature_length *= 2;
    }
    if (source->has_kid) {
        added->kid = malloc(source->kid_length);
        if (added->kid == NULL) {
            *why = no_memory;
            return -1;
        }
        memcpy(added->kid, source->kid, source->kid_length);
        added->kid_length = source->kid_length;
    }
    return 0;
}

flx_keys *flx_keys_from_jwks(const char *text, size_t length, const char **why)
{
    flx_keys *keys = new_keys(FLX_JWKS_KEYS);

    if (keys == NULL) {
        *why = no_memory;
        return NULL;
    }
    if (flx_jwks_read(text, length, add_jwk, keys, why) != 0) {
        flx_keys_free(keys);
        return NULL;
    }
    return keys;
}

/* The secret of a key, which cjose keeps, and its length; NULL if it is not one. */
static void *secret_of(const key *holder, size_t *length)
{
    if (cjose_jwk_get_kty(holder->jwk, NULL) != CJOSE_JWK_KTY_OCT) {
        return NULL;
    }
    *length = cjose_jwk_get_keysize(holder->jwk, NULL) / 8;
    return cjose_jwk_get_keydata(holder->jwk, NULL);
}

void flx_keys_free(flx_keys *keys)
{
    size_t i, length;

    if (keys == NULL) {
        return;
    }
    for (i = 0; i < keys->count; i++) {
        /* cjose 0.6.2 frees a secret without wiping it. */
        void *secret = secret_of(&keys->all[i], &length);
        if (secret != NULL) {
            OPENSSL_cleanse(secret, length);
        }
        cjose_jwk_release(keys->all[i].jwk);
        free(keys->all[i].kid);
    }
    free(keys);
}

static int is_of(const key *candidate, flx_slice algorithm)
{
    return strlen(candidate->algorithm) == algorithm.length &&
           memcmp(candidate->algorithm, algorithm.at, algorithm.length) == 0;
}

/* Whether a key made the signature of a token, whose algorithm is the key's. The length is ours to
 * check: cjose 0.6.2 takes a PS256 signature without its leading zeros, and an ES256 one of any
 * even length. */
static int is_signed_by(const key *candidate, const flx_signed *token)
{
    cjose_jws_t *jws;
    int is_good;

    if (token->signature_length != candidate->signature_length) {
        return 0;
    }
    ERR_set_mark();
    jws = cjose_jws_import(token->token.at, token->token.length, NULL);
    is_good = jws != NULL && cjose_jws_verify(jws, candidate->jwk, NULL);
    cjose_jws_release(jws);
    ERR_pop_to_mark();
    return is_good;
}

static int verify_by_kid(const flx_keys *const *keys, int count, const flx_signed *token,
                         const char **why)
{
    const key *found = NULL;
    int i;

    for (i = 0; i < count && found == NULL; i++) {
        found = find_kid(keys[i], token->kid.at, token->kid.length);
    }
    if (found == NULL) {
        *why = "key";
        return -1;
    }
    if (!is_of(found, token->algorithm)) {
        *why = "algorithm";
        return -1;
    }
    *why = "signature";
    return is_signed_by(found, token) ? 0 : -1;
}

static int verify_without_kid(const flx_keys *const *keys, int count, const flx_signed *token,
                              const char **why)
{
    const key *found = NULL;
    int candidates = 0, i;
    size_t place, length;

    for (i = 0; i < count; i++) {
        for (place = 0; place < keys[i]->count; place++) {
            if (is_of(&keys[i]->all[place], token->algorithm)) {
                found = &keys[i]->all[place];
                candidates++;
                if (secret_of(found, &length) != NULL && is_signed_by(found, token)) {
                    return 0;
                }
            }
        }
    }
    if (found == NULL) {
        *why = "algorithm";
        return -1;
    }
    if (secret_of(found, &length) == NULL && candidates > 1) {
        *why = "key";
        return -1;
    }
    *why = "signature";
    return secret_of(found, &length) == NULL && is_signed_by(found, token) ? 0 : -1;
}

int flx_keys_verify(const flx_keys *const *keys, int count, const flx_signed *token,
                    const char **why)
{
    return token->kid.at != NULL ? verify_by_kid(keys, count, token, why)
                                 : verify_without_kid(keys, count, token, why);
}

int flx_keys_sign(const flx_keys *keys, const char *text, size_t length,
                  unsigned char mac[FLX_KEYS_MAC])
{
    size_t secret_length = 0;
    const void *secret = secret_of(&keys->all[0], &secret_length);
    int is_good;

    if (secret == NULL || secret_length > INT_MAX) {
        return -1;
    }
    ERR_set_mark();
    is_good = HMAC(EVP_sha256(), secret, (int)secret_length, (const unsigned char *)text, length,
                   mac, NULL) != NULL;
    ERR_pop_to_mark();
    return is_good ? 0 : -1;
}
