/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of public keys as JSON (RFC 7517, 7518): read strictly, one algorithm a key. */
#ifndef FLX_JWKS_H
#define FLX_JWKS_H

#include <stddef.h>

#define FLX_JWKS_LENGTH   65536 /* bytes of a set */
#define FLX_JWKS_KEYS     64    /* entries of a set, the skipped ones too */
#define FLX_JWKS_KID      255   /* bytes of a key id */
#define FLX_JWKS_NUMBER   1024  /* bytes of a number: RSA of 8192 bits */
#define FLX_JWKS_MIN_BITS 2048  /* of an RSA modulus */
#define FLX_JWKS_P256     32    /* bytes of a coordinate */
#define FLX_JWKS_EXPONENT 8     /* bytes of an RSA exponent; OpenSSL takes no longer ones */

/* A key that can verify. */
typedef struct flx_jwk {
    const char *algorithm; /* "RS256", "PS256" or "ES256", constant */
    int has_kid;
    char kid[FLX_JWKS_KID];
    size_t kid_length;
    unsigned char first[FLX_JWKS_NUMBER]; /* n without leading zeros, or x */
    size_t first_length;
    unsigned char second[FLX_JWKS_P256]; /* e without leading zeros, or y */
    size_t second_length;
} flx_jwk;

/* Called for each key that can verify, in order; the key is the reader's again afterwards.
 * Returns 0, or -1 with *why, a constant sentence, to refuse the whole set. */
typedef int flx_jwks_visitor(void *baton, flx_jwk *key, const char **why);

/* Reads a set. An entry is skipped if it is not for us: another kty, crv or alg than those of
 * RS256, PS256 and ES256, a "use" other than "sig", "key_ops" without "verify". The whole set is
 * refused if an entry has private members of any kind (it is a file of public keys), is an RSA key
 * without "alg" (a key has one algorithm, and that one could have several; an EC key on P-256 is
 * ES256), or is malformed or weak; also if no key is left. Returns 0, or -1 with *why, a constant
 * sentence for the administrator. */
int flx_jwks_read(const char *text, size_t length, flx_jwks_visitor *visitor, void *baton,
                  const char **why) __attribute__((warn_unused_result));

#endif
