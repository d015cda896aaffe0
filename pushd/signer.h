/* SPDX-License-Identifier: Apache-2.0 */
/* The site's own private keys, and the tokens that push services know it by: compact JWS (RFC 7515) of ES256 or RS256. */
#ifndef PUSH_SIGNER_H
#define PUSH_SIGNER_H

#include <stddef.h>

typedef enum push_signer_kind {
    PUSH_SIGNER_ES256, /* a key of the curve P-256 */
    PUSH_SIGNER_RS256  /* an RSA key of 2048 bits or more */
} push_signer_kind;

typedef struct push_signer push_signer;

/* Reads the one private key of a PEM text: SEC1, PKCS#1 or PKCS#8, without a password. Returns NULL with what is wrong, in a few words for the
 * administrator ("holds no private key"), in a buffer of the given size. The text stays the caller's, to be wiped. */
push_signer *push_signer_from_pem(const char *text, size_t length, push_signer_kind kind, char *why,
                                  size_t size) __attribute__((warn_unused_result));

/* The same of a file, which others must neither read nor write (see key_file.h). */
push_signer *push_signer_from_file(const char *path, push_signer_kind kind, char *why, size_t size)
    __attribute__((warn_unused_result));

/* Wipes the key; NULL is fine. */
void push_signer_free(push_signer *signer);

/* Signs claims, a JSON text, as they are. The header has "typ", "alg" and, unless it is NULL, "kid". From the heap; NULL if there is no memory or OpenSSL
 * fails. */
char *push_signer_sign(const push_signer *signer, const char *kid, const char *claims)
    __attribute__((warn_unused_result));

/* The public key of ES256, an uncompressed point in base64url, as long as the signer lives; NULL of RS256. */
const char *push_signer_public_key(const push_signer *signer);

#endif
