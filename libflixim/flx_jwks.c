/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of public keys as JSON (RFC 7517, 7518): read strictly, one algorithm a key. */
#include "flx_jwks.h"

#include "flx_base64url.h"
#include "flx_json_scan.h"

#include <string.h>

/* The members of a key that are looked at; from FIRST_PRIVATE on those that no public key has. */
enum { KTY, USE, KEY_OPS, ALG, KID, CRV, N, E, X, Y, FIRST_PRIVATE, MEMBERS = FIRST_PRIVATE + 8 };

static const char *const member_names[MEMBERS] = {
    "kty", "use", "key_ops", "alg", "kid", "crv", "n",  "e",   "x",
    "y",   "d",   "p",       "q",   "dp",  "dq",  "qi", "oth", "k",
};

/* What came of an entry. */
typedef enum verdict { USABLE, SKIPPED, REFUSED } verdict;

static int is_present(flx_slice value)
{
    return value.at != NULL;
}

/* Whether a value is this string. */
static int is_text(flx_slice value, const char *text)
{
    char decoded[16];
    size_t length;

    return is_present(value) && flx_json_text(value, decoded, sizeof decoded, &length) == 0 &&
           length == strlen(text) && memcmp(decoded, text, length) == 0;
}

/* Whether a key may be used for verifying, as far as "use" and "key_ops" say. */
static int is_for_verifying(const flx_slice *members)
{
    flx_slice rest = members[KEY_OPS], item;

    if (is_present(members[USE]) && !is_text(members[USE], "sig")) {
        return 0;
    }
    if (!is_present(rest)) {
        return 1;
    }
    while (flx_json_item(&rest, &item) == 1) {
        if (is_text(item, "verify")) {
            return 1;
        }
    }
    return 0;
}

/* The algorithm of a key, or NULL if it is none of ours. */
static const char *algorithm_of(const flx_slice *members)
{
    if (is_text(members[KTY], "RSA")) {
        return is_text(members[ALG], "RS256")   ? "RS256"
               : is_text(members[ALG], "PS256") ? "PS256"
                                                : NULL;
    }
    if (is_text(members[KTY], "EC") && is_text(members[CRV], "P-256") &&
        (!is_present(members[ALG]) || is_text(members[ALG], "ES256"))) {
        return "ES256";
    }
    return NULL;
}

/* Reads a number as base64url; room is at most FLX_JWKS_NUMBER. */
static int read_bytes(flx_slice value, unsigned char *bytes, size_t room, size_t *length)
{
    char text[FLX_BASE64URL_TEXT(FLX_JWKS_NUMBER + 2)];
    size_t text_length;

    if (!is_present(value) || flx_json_text(value, text, sizeof text, &text_length) != 0) {
        return -1;
    }
    return flx_base64url_decode(text, text_length, bytes, room, length);
}

/* Some programs write a zero byte before a number whose highest bit is set. */
static void drop_leading_zeros(unsigned char *bytes, size_t *length)
{
    size_t zeros = 0;

    while (zeros < *length && bytes[zeros] == 0) {
        zeros++;
    }
    *length -= zeros;
    memmove(bytes, bytes + zeros, *length);
}

static int read_rsa(const flx_slice *members, flx_jwk *key, const char **why)
{
    size_t n_length, e_length;

    if (read_bytes(members[N], key->first, sizeof key->first, &n_length) != 0 ||
        read_bytes(members[E], key->second, FLX_JWKS_EXPONENT, &e_length) != 0) {
        *why = "\"n\" or \"e\" of an RSA key is missing, too long or no base64url";
        return -1;
    }
    drop_leading_zeros(key->first, &n_length);
    drop_leading_zeros(key->second, &e_length);
    if (n_length < FLX_JWKS_MIN_BITS / 8 ||
        (n_length == FLX_JWKS_MIN_BITS / 8 && key->first[0] < 0x80)) {
        *why = "an RSA key has less than 2048 bits";
        return -1;
    }
    /* With an exponent of 1 a signature is its own message. */
    if (key->first[n_length - 1] % 2 == 0 || e_length == 0 || key->second[e_length - 1] % 2 == 0 ||
        (e_length == 1 && key->second[0] == 1)) {
        *why = "\"n\" or \"e\" of an RSA key is none that RSA has";
        return -1;
    }
    key->first_length = n_length;
    key->second_length = e_length;
    return 0;
}

static int read_p256(const flx_slice *members, flx_jwk *key, const char **why)
{
    if (read_bytes(members[X], key->first, FLX_JWKS_P256, &key->first_length) != 0 ||
        read_bytes(members[Y], key->second, FLX_JWKS_P256, &key->second_length) != 0 ||
        key->first_length != FLX_JWKS_P256 || key->second_length != FLX_JWKS_P256) {
        *why = "\"x\" or \"y\" of a P-256 key is not 32 bytes of base64url";
        return -1;
    }
    return 0;
}

static int read_kid(flx_slice value, flx_jwk *key, const char **why)
{
    key->has_kid = is_present(value);
    if (key->has_kid && (flx_json_text(value, key->kid, sizeof key->kid, &key->kid_length) != 0 ||
                         key->kid_length == 0)) {
        *why = "a \"kid\" is not a string of 1 to 255 bytes";
        return -1;
    }
    return 0;
}

/* One entry of the set; *why is set when it is refused. */
static verdict read_entry(flx_slice entry, flx_jwk *key, const char **why)
{
    flx_slice members[MEMBERS];
    size_t i;

    memset(key, 0, sizeof *key);
    if (entry.at[0] != '{' ||
        flx_json_pick(entry.at, entry.length, member_names, members, MEMBERS) != FLX_JSON_FINE) {
        *why = "an entry of \"keys\" is not an object";
        return REFUSED;
    }
    for (i = FIRST_PRIVATE; i < MEMBERS; i++) {
        if (is_present(members[i])) {
            *why = "there is a private or secret key in it; it is to hold public keys only";
            return REFUSED;
        }
    }
    if (!is_for_verifying(members)) {
        return SKIPPED;
    }
    if (is_text(members[KTY], "RSA") && !is_present(members[ALG])) {
        *why = "an RSA key has no \"alg\": say \"RS256\" or \"PS256\", each key has one algorithm";
        return REFUSED;
    }
    key->algorithm = algorithm_of(members);
    if (key->algorithm == NULL) {
        return SKIPPED;
    }
    if (read_kid(members[KID], key, why) != 0 ||
        (is_text(members[KTY], "RSA") ? read_rsa(members, key, why)
                                      : read_p256(members, key, why)) != 0) {
        return REFUSED;
    }
    return USABLE;
}

int flx_jwks_read(const char *text, size_t length, flx_jwks_visitor *visitor, void *baton,
                  const char **why)
{
    static const char *const names[] = { "keys" };
    flx_slice keys = { NULL, 0 }, entry;
    flx_jwk key;
    int entries = 0, usable = 0, more;

    if (length > FLX_JWKS_LENGTH) {
        *why = "it is longer than 64 KiB";
        return -1;
    }
    if (flx_json_pick(text, length, names, &keys, 1) != FLX_JSON_FINE) {
        *why = "it is not JSON, or has a member twice";
        return -1;
    }
    if (!is_present(keys) || keys.at[0] != '[') {
        *why = "it is not a JWK set: there is no array \"keys\"";
        return -1;
    }
    while ((more = flx_json_item(&keys, &entry)) == 1) {
        verdict found = read_entry(entry, &key, why);
        if (++entries > FLX_JWKS_KEYS) {
            *why = "it has more than 64 keys";
            return -1;
        }
        if (found == REFUSED || (found == USABLE && visitor(baton, &key, why) != 0)) {
            return -1;
        }
        usable += found == USABLE;
    }
    if (more != 0 || usable == 0) {
        *why = more != 0 ? "there is no memory" : "no key in it is for RS256, PS256 or ES256";
        return -1;
    }
    return 0;
}
