/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: JWTs (RFC 7519, 8725) verified and signed, and the digest of opaque ones. */
#ifndef FLX_TOKEN_H
#define FLX_TOKEN_H

#include <stddef.h>

#include "flx_buffer.h"
#include "flx_keys.h"
#include "flx_time.h"
#include "flx_uuid.h"

#define FLX_TOKEN_LENGTH 4096 /* bytes; a longer one is refused unread */
#define FLX_TOKEN_DIGEST 32

/* What a token must say beside its user; issuer and audience are not looked at if NULL. */
typedef struct flx_token_rules {
    const char *issuer;   /* "iss" is this */
    const char *audience; /* "aud" is this, or an array with it */
    int64_t leeway;       /* ms that the clock of who signed may be off, 0 or more */
} flx_token_rules;

typedef struct flx_claims {
    flx_uuid user_id;    /* "sub", a UUID */
    flx_time issued_at;  /* "iat"; FLX_TIME_MIN if there is none */
    flx_time expires_at; /* "exp" as it is: the token counts until the leeway is over as well */
    int is_system;       /* "scope", words with spaces between them, has "system" */
} flx_claims;

/* Whether a token is to be verified here: it has a dot. Any other is opaque, and the database's
 * to judge by its digest. */
int flx_token_is_jwt(const char *token, size_t length);

/* Verifies a token against the keys of count sets; flx_keys_verify says how one is chosen. Strict
 * where libraries are lax: one spelling (base64url, JSON without duplicate members), the header
 * holds nothing that asks for more (crit, b64, zip) or brings a key along (jku, jwk, x5u, x5c),
 * "typ" is JWT or at+jwt if it is there, "exp" must be. Times may have fractions, from 1970 to
 * 9999, and are cut off to milliseconds. Returns 0 with *claims; or -1, leaves *claims alone, and
 * *why is a constant word for the log alone: "length", "form", "header", "algorithm", "key",
 * "signature", "claims", "issuer", "audience", "expired", "not_before", "issued_at" (in the
 * future) or "no_memory". */
int flx_token_verify(const flx_keys *const *keys, int count, const flx_token_rules *rules,
                     flx_time now, const char *token, size_t length, flx_claims *claims,
                     const char **why) __attribute__((warn_unused_result));

/* Appends a token for claims, with the issuer and audience of the rules. Times are written in
 * seconds with as many milliseconds as they have: a whole number if they are whole, and reading
 * it gives the same instant in either case. (Rounding "iat" up would let a token outlive a
 * revocation within its second, rounding it down would refuse it too early.) Returns 0, or -1 if
 * keys is no secret, a time is before 1970 or after 9999, or it does not fit: into the buffer or
 * into FLX_TOKEN_LENGTH. */
int flx_token_sign(const flx_keys *keys, const flx_token_rules *rules, const flx_claims *claims,
                   flx_buffer *token) __attribute__((warn_unused_result));

/* The SHA-256 of a token, which is all that the database has of an opaque one. */
void flx_token_digest(const char *token, size_t length, unsigned char digest[FLX_TOKEN_DIGEST]);

#endif
