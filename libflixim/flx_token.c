/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: JWTs (RFC 7519, 8725) verified and signed, and the digest of opaque ones. */
#include "flx_token.h"

#include "flx_base64url.h"
#include "flx_json_scan.h"
#include "flx_jwks.h"

#include <string.h>

#include <openssl/sha.h>

#define DECODED_LENGTH FLX_BASE64URL_BYTES(FLX_TOKEN_LENGTH)

/* {"alg":"HS256","typ":"JWT"} and the dot behind it. */
#define SIGNED_HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
#define HEADER_LENGTH (sizeof SIGNED_HEADER - 1)
#define MAC_LENGTH    FLX_BASE64URL_TEXT(FLX_KEYS_MAC)
/* The longest payload that a token of ours can have. */
#define PAYLOAD_LENGTH ((FLX_TOKEN_LENGTH - HEADER_LENGTH - 1 - MAC_LENGTH) / 4 * 3)

/* The parts of a token, decoded. Nothing here needs the heap. */
typedef struct parts {
    char header[DECODED_LENGTH];
    size_t header_length;
    char payload[DECODED_LENGTH];
    size_t payload_length;
    unsigned char signature[FLX_JWKS_NUMBER];
    size_t signature_length;
} parts;

/* What is looked at in a header; from FIRST_REFUSED on, what must not be there. */
enum { ALG, TYP, KID, FIRST_REFUSED, HEADER_MEMBERS = FIRST_REFUSED + 7 };

static const char *const header_names[HEADER_MEMBERS] = { "alg", "typ", "kid", "crit", "b64",
                                                          "zip", "jku", "x5u", "jwk",  "x5c" };

enum { SUB, EXP, NBF, IAT, ISS, AUD, SCOPE, CLAIMS };

static const char *const claim_names[CLAIMS] = {
    "sub", "exp", "nbf", "iat", "iss", "aud", "scope"
};

int flx_token_is_jwt(const char *token, size_t length)
{
    return length > 0 && memchr(token, '.', length) != NULL;
}

/* Always -1, with a reason. */
static int refuse(const char **why, const char *word)
{
    *why = word;
    return -1;
}

/* Three parts, none empty, each base64url; a fourth is refused since "." is none of its letters. */
static int split(const char *token, size_t length, parts *in)
{
    const char *end = token + length;
    const char *first = memchr(token, '.', length);
    const char *second = first == NULL ? NULL : memchr(first + 1, '.', (size_t)(end - (first + 1)));

    if (second == NULL || first == token || second == first + 1 || second + 1 == end) {
        return -1;
    }
    if (flx_base64url_decode(token, (size_t)(first - token), in->header, sizeof in->header,
                             &in->header_length) != 0 ||
        flx_base64url_decode(first + 1, (size_t)(second - first - 1), in->payload,
                             sizeof in->payload, &in->payload_length) != 0 ||
        flx_base64url_decode(second + 1, (size_t)(end - second - 1), in->signature,
                             sizeof in->signature, &in->signature_length) != 0) {
        return -1;
    }
    return 0;
}

/* Picks members; what is not an object at all has none and lacks the ones it must have. */
static int pick(const char *text, size_t length, const char *const *names, flx_slice *values,
                size_t count, const char *fault, const char **why)
{
    flx_json_fault found = flx_json_pick(text, length, names, values, count);

    if (found != FLX_JSON_FINE) {
        return refuse(why, found == FLX_JSON_NO_MEMORY ? "no_memory" : fault);
    }
    return 0;
}

/* Whether a string is a name in lower case, whatever case its own ASCII letters have. */
static int is_name(flx_slice value, const char *name)
{
    char text[8];
    size_t length, i;

    if (flx_json_text(value, text, sizeof text, &length) != 0 || length != strlen(name)) {
        return 0;
    }
    for (i = 0; i < length; i++) {
        char c = text[i];
        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != name[i]) {
            return 0;
        }
    }
    return 1;
}

/* What the header and the keys say; room for what decodes is the caller's. */
static int check_signature(const flx_keys *const *keys, int count, flx_slice token, const parts *in,
                           const char **why)
{
    flx_slice header[HEADER_MEMBERS];
    char algorithm[8], kid[FLX_JWKS_KID];
    flx_signed asked = { token, { algorithm, 0 }, { NULL, 0 }, in->signature_length };
    size_t i;

    if (pick(in->header, in->header_length, header_names, header, HEADER_MEMBERS, "header", why) !=
        0) {
        return -1;
    }
    for (i = FIRST_REFUSED; i < HEADER_MEMBERS; i++) {
        if (header[i].at != NULL) {
            return refuse(why, "header");
        }
    }
    if (header[TYP].at != NULL && !is_name(header[TYP], "jwt") && !is_name(header[TYP], "at+jwt")) {
        return refuse(why, "header");
    }
    if (header[ALG].at == NULL ||
        flx_json_text(header[ALG], algorithm, sizeof algorithm, &asked.algorithm.length) != 0) {
        return refuse(why, "algorithm");
    }
    if (header[KID].at != NULL) {
        if (flx_json_text(header[KID], kid, sizeof kid, &asked.kid.length) != 0) {
            return refuse(why, "key");
        }
        asked.kid.at = kid;
    }
    return flx_keys_verify(keys, count, &asked, why);
}

/* Reads a NumericDate, a number of a text that scanned well, digit by digit: no binary fraction
 * comes between. Cut off to milliseconds, which "shift" digits from the left hold. */
static int read_date(flx_slice value, flx_time *time)
{
    const char *at = value.at, *end = value.at + value.length;
    char digits[FLX_JSON_NUMBER];
    int count = 0, shift = 3, in_fraction = 0, exponent = 0, is_negative, i;
    flx_time result = 0;

    for (; at < end && ((*at >= '0' && *at <= '9') || *at == '.'); at++) {
        if (*at == '.') {
            in_fraction = 1;
        }
        else {
            digits[count++] = *at;
            shift += !in_fraction;
        }
    }
    /* A string, a word, or a sign: nothing before 1970. */
    if (count == 0) {
        return -1;
    }
    if (at < end) {
        at++;
        is_negative = *at == '-';
        for (at += *at == '-' || *at == '+'; at < end; at++) {
            exponent = exponent * 10 + (*at - '0');
        }
        shift += is_negative ? -exponent : exponent;
    }
    for (i = 0; i < shift; i++) {
        result = result * 10 + (i < count ? digits[i] - '0' : 0);
        if (result > FLX_TIME_MAX) {
            return -1;
        }
    }
    *time = result;
    return 0;
}

static int is_string(flx_slice value, const char *expected)
{
    char text[DECODED_LENGTH];
    size_t length;

    return flx_json_text(value, text, sizeof text, &length) == 0 && length == strlen(expected) &&
           memcmp(text, expected, length) == 0;
}

static int is_audience(flx_slice value, const char *expected)
{
    flx_slice item;

    if (value.at[0] == '"') {
        return is_string(value, expected);
    }
    while (flx_json_item(&value, &item) == 1) {
        if (is_string(item, expected)) {
            return 1;
        }
    }
    return 0;
}

/* Whether one of the words of a scope is "system"; -1 if it is no string. */
static int read_scope(flx_slice value, int *is_system)
{
    char text[DECODED_LENGTH];
    size_t length, start, end;

    *is_system = 0;
    if (value.at == NULL) {
        return 0;
    }
    if (flx_json_text(value, text, sizeof text, &length) != 0) {
        return -1;
    }
    for (start = 0; start < length; start = end + 1) {
        for (end = start; end < length && text[end] != ' '; end++) {
        }
        *is_system |= end - start == 6 && memcmp(text + start, "system", 6) == 0;
    }
    return 0;
}

/* Reads what must be well-formed whatever the rules are. */
static int read_claims(const flx_slice *values, flx_claims *claims, flx_time *not_before)
{
    char user_id[FLX_UUID_TEXT];
    size_t length;

    claims->issued_at = FLX_TIME_MIN;
    *not_before = FLX_TIME_MIN;
    if (values[SUB].at == NULL || values[EXP].at == NULL ||
        flx_json_text(values[SUB], user_id, sizeof user_id, &length) != 0 ||
        flx_uuid_read(&claims->user_id, user_id, length) != 0 ||
        read_date(values[EXP], &claims->expires_at) != 0 ||
        (values[NBF].at != NULL && read_date(values[NBF], not_before) != 0) ||
        (values[IAT].at != NULL && read_date(values[IAT], &claims->issued_at) != 0) ||
        read_scope(values[SCOPE], &claims->is_system) != 0) {
        return -1;
    }
    return 0;
}

static int check_claims(const flx_token_rules *rules, flx_time now, const parts *in,
                        flx_claims *claims, const char **why)
{
    flx_slice values[CLAIMS];
    flx_claims found;
    flx_time not_before;

    if (pick(in->payload, in->payload_length, claim_names, values, CLAIMS, "claims", why) != 0) {
        return -1;
    }
    if (read_claims(values, &found, &not_before) != 0) {
        return refuse(why, "claims");
    }
    if (rules->issuer != NULL &&
        (values[ISS].at == NULL || !is_string(values[ISS], rules->issuer))) {
        return refuse(why, "issuer");
    }
    if (rules->audience != NULL &&
        (values[AUD].at == NULL || !is_audience(values[AUD], rules->audience))) {
        return refuse(why, "audience");
    }
    if (found.expires_at <= now - rules->leeway) {
        return refuse(why, "expired");
    }
    if (not_before > now + rules->leeway) {
        return refuse(why, "not_before");
    }
    if (found.issued_at > now + rules->leeway) {
        return refuse(why, "issued_at");
    }
    *claims = found;
    return 0;
}

int flx_token_verify(const flx_keys *const *keys, int count, const flx_token_rules *rules,
                     flx_time now, const char *token, size_t length, flx_claims *claims,
                     const char **why)
{
    flx_slice whole = { token, length };
    parts in;

    if (length == 0 || length > FLX_TOKEN_LENGTH) {
        return refuse(why, "length");
    }
    if (split(token, length, &in) != 0) {
        return refuse(why, "form");
    }
    if (check_signature(keys, count, whole, &in, why) != 0) {
        return -1;
    }
    return check_claims(rules, now, &in, claims, why);
}

static void write_date(flx_buffer *payload, flx_time time)
{
    char fraction[4];
    int rest = (int)(time % 1000);

    flx_buffer_add_number(payload, time / 1000);
    if (rest != 0) {
        fraction[0] = '.';
        fraction[1] = (char)('0' + rest / 100);
        fraction[2] = (char)('0' + rest / 10 % 10);
        fraction[3] = (char)('0' + rest % 10);
        flx_buffer_add(payload, fraction, sizeof fraction);
    }
}

static void write_payload(flx_buffer *payload, const flx_token_rules *rules,
                          const flx_claims *claims)
{
    char user_id[FLX_UUID_TEXT];

    flx_uuid_write(&claims->user_id, user_id);
    flx_buffer_add_text(payload, "{\"sub\":");
    flx_buffer_add_string(payload, user_id, sizeof user_id);
    if (claims->issued_at != FLX_TIME_MIN) {
        flx_buffer_add_text(payload, ",\"iat\":");
        write_date(payload, claims->issued_at);
    }
    flx_buffer_add_text(payload, ",\"exp\":");
    write_date(payload, claims->expires_at);
    if (rules->issuer != NULL) {
        flx_buffer_add_text(payload, ",\"iss\":");
        flx_buffer_add_string(payload, rules->issuer, strlen(rules->issuer));
    }
    if (rules->audience != NULL) {
        flx_buffer_add_text(payload, ",\"aud\":");
        flx_buffer_add_string(payload, rules->audience, strlen(rules->audience));
    }
    flx_buffer_add_text(payload, claims->is_system ? ",\"scope\":\"system\"}" : "}");
}

static int is_writable(flx_time time)
{
    return time >= 0 && time <= FLX_TIME_MAX;
}

int flx_token_sign(const flx_keys *keys, const flx_token_rules *rules, const flx_claims *claims,
                   flx_buffer *token)
{
    char text[FLX_TOKEN_LENGTH];
    unsigned char mac[FLX_KEYS_MAC];
    size_t length = HEADER_LENGTH;
    flx_buffer payload;
    int has_failed;

    if (!is_writable(claims->expires_at) ||
        (claims->issued_at != FLX_TIME_MIN && !is_writable(claims->issued_at))) {
        return -1;
    }
    flx_buffer_init(&payload, PAYLOAD_LENGTH);
    write_payload(&payload, rules, claims);
    has_failed = flx_buffer_failed(&payload);
    if (!has_failed) {
        memcpy(text, SIGNED_HEADER, HEADER_LENGTH);
        length += flx_base64url_encode(payload.at, payload.length, text + length);
        has_failed = flx_keys_sign(keys, text, length, mac) != 0;
    }
    flx_buffer_free(&payload);
    if (has_failed) {
        return -1;
    }
    text[length++] = '.';
    length += flx_base64url_encode(mac, sizeof mac, text + length);
    flx_buffer_add(token, text, length);
    return flx_buffer_failed(token) ? -1 : 0;
}

void flx_token_digest(const char *token, size_t length, unsigned char digest[FLX_TOKEN_DIGEST])
{
    SHA256((const unsigned char *)token, length, digest);
}
