/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of tokens: the input as it is, and its two halves as the header and the
 * payload of a token that is signed well. */
#include "fuzz.h"

#include <string.h>

#include "flx_base64url.h"
#include "flx_token.h"

#define NOW   INT64_C(1700000000000)
#define LIMIT 3000

static const flx_token_rules no_rules = { NULL, NULL, 30000 };
static const flx_token_rules strict = { "joe", "flix", 30000 };

/* What must hold of any token that is taken: it can be written and read again. */
static void check_claims(const flx_keys *keys, const flx_token_rules *rules,
                         const flx_claims *claims)
{
    flx_claims again;
    flx_buffer token;
    const char *why = NULL;

    must(claims->expires_at > NOW - rules->leeway && claims->expires_at <= FLX_TIME_MAX);
    must(claims->issued_at == FLX_TIME_MIN ||
         (claims->issued_at >= 0 && claims->issued_at <= NOW + rules->leeway));
    must(claims->is_system == 0 || claims->is_system == 1);
    flx_buffer_init(&token, FLX_TOKEN_LENGTH);
    must(flx_token_sign(keys, rules, claims, &token) == 0);
    must(flx_token_verify(&keys, 1, rules, NOW, token.at, token.length, &again, &why) == 0);
    must(memcmp(&again.user_id, &claims->user_id, sizeof again.user_id) == 0);
    must(again.issued_at == claims->issued_at && again.expires_at == claims->expires_at);
    must(again.is_system == claims->is_system);
    flx_buffer_free(&token);
}

static void check_token(const flx_keys *keys, const char *token, size_t length)
{
    const flx_token_rules *const rules[] = { &no_rules, &strict };
    flx_claims claims;
    size_t i;

    for (i = 0; i < 2; i++) {
        const char *why = NULL;
        if (flx_token_verify(&keys, 1, rules[i], NOW, token, length, &claims, &why) == 0) {
            must(flx_token_is_jwt(token, length));
            check_claims(keys, rules[i], &claims);
        }
        else {
            must(why != NULL);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *why = NULL;
    const uint8_t *middle = size > 0 ? memchr(data, '\n', size) : NULL;
    flx_keys *keys = flx_keys_from_secret("0123456789abcdef0123456789abcdef", 32, &why);
    char token[FLX_BASE64URL_TEXT(LIMIT) + 100];
    unsigned char mac[FLX_KEYS_MAC], digest[FLX_TOKEN_DIGEST];
    size_t length;

    must(keys != NULL);
    check_token(keys, (const char *)data, size);
    flx_token_digest((const char *)data, size, digest);
    if (middle != NULL && size <= LIMIT) {
        length = flx_base64url_encode(data, (size_t)(middle - data), token);
        token[length++] = '.';
        length +=
            flx_base64url_encode(middle + 1, (size_t)(data + size - middle - 1), token + length);
        must(flx_keys_sign(keys, token, length, mac) == 0);
        token[length++] = '.';
        length += flx_base64url_encode(mac, sizeof mac, token + length);
        check_token(keys, token, length);
    }
    flx_keys_free(keys);
    return 0;
}
