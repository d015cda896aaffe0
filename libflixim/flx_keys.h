/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that tokens are signed and verified with, each with its one algorithm. */
#ifndef FLX_KEYS_H
#define FLX_KEYS_H

#include <stddef.h>

#include "flx_json_scan.h"

#define FLX_KEYS_SECRET 32 /* bytes that a secret has at least */
#define FLX_KEYS_MAC    32 /* bytes of an HS256 signature */

/* A set of keys, from the heap. Immutable once made: many threads may use one at once. */
typedef struct flx_keys flx_keys;

/* A set of one HS256 key, a copy of secret as it is (no line end is cut off). Returns NULL with
 * *why, a constant sentence for the administrator, if it is too short or there is no memory. */
flx_keys *flx_keys_from_secret(const void *secret, size_t length, const char **why)
    __attribute__((warn_unused_result));

/* A set of RS256, PS256 and ES256 keys from a JWK set; flx_jwks_read says what that may hold, and
 * no kid may occur twice. Returns NULL with *why as above. */
flx_keys *flx_keys_from_jwks(const char *text, size_t length, const char **why)
    __attribute__((warn_unused_result));

/* Wipes and frees; NULL is fine. No thread may still use the set. */
void flx_keys_free(flx_keys *keys);

/* A token in JWS compact form, split and found well-formed by the caller. */
typedef struct flx_signed {
    flx_slice token;         /* all of it */
    flx_slice algorithm;     /* what its header says, decoded */
    flx_slice kid;           /* likewise; at is NULL if it has none */
    size_t signature_length; /* in bytes, decoded */
} flx_signed;

/* Verifies a token with the keys of count sets. A kid is looked up in their tables, the first set
 * that has it wins, and the key's algorithm must be the token's; a secret has no kid and is never
 * chosen by one. Without a kid it is the secret (each, if several sets are secrets) for HS256,
 * else the only key of the algorithm in all sets. Returns 0, or -1 with *why a constant word:
 * "key" (unknown or ambiguous), "algorithm" (not that of the key, or of no key) or "signature".
 * Leaves OpenSSL's error queue as it was. */
int flx_keys_verify(const flx_keys *const *keys, int count, const flx_signed *token,
                    const char **why) __attribute__((warn_unused_result));

/* The HS256 signature of a text. Returns 0, or -1 if the set is not a secret or OpenSSL fails. */
int flx_keys_sign(const flx_keys *keys, const char *text, size_t length,
                  unsigned char mac[FLX_KEYS_MAC]) __attribute__((warn_unused_result));

#endif
