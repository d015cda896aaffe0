/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of key sets: whatever is let through keeps to its bounds, and cjose and
 * OpenSSL survive it. */
#include "fuzz.h"

#include <string.h>

#include "flx_jwks.h"
#include "flx_keys.h"

static int check_key(void *baton, flx_jwk *key, const char **why)
{
    int *count = baton;
    int is_ec = strcmp(key->algorithm, "ES256") == 0;

    must(is_ec || strcmp(key->algorithm, "RS256") == 0 || strcmp(key->algorithm, "PS256") == 0);
    must(key->has_kid ? key->kid_length > 0 && key->kid_length <= FLX_JWKS_KID
                      : key->kid_length == 0);
    if (is_ec) {
        must(key->first_length == FLX_JWKS_P256 && key->second_length == FLX_JWKS_P256);
    }
    else {
        must(key->first_length >= FLX_JWKS_MIN_BITS / 8 && key->first_length <= FLX_JWKS_NUMBER);
        must(key->second_length > 0 && key->second_length <= FLX_JWKS_EXPONENT);
        must(key->first[0] != 0 && key->second[0] != 0);
    }
    ++*count;
    *why = NULL;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *why = NULL;
    int count = 0;
    flx_keys *keys;

    if (flx_jwks_read(text, size, check_key, &count, &why) == 0) {
        must(count > 0 && count <= FLX_JWKS_KEYS);
        keys = flx_keys_from_jwks(text, size, &why);
        must(keys != NULL || why != NULL);
        flx_keys_free(keys);
    }
    else {
        must(why != NULL);
    }
    return 0;
}
