/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the search for tokens in a query: each is found behind the one before, with its name, and
 * once they are taken out none is found. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "flx_url_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *query = (const char *)data;
    const char *end = query + size;
    char *left = malloc(size + 1);
    size_t length = 0;
    flx_slice value;

    must(left != NULL);
    while (flx_url_token_find(query, (size_t)(end - query), &value)) {
        must(value.at > query && value.length > 0 && value.at + value.length <= end);
        must(value.at[-1] == '=' && !memchr(value.at, '&', value.length));
        must(value.at + value.length == end || value.at[value.length] == '&');
        memcpy(left + length, query, (size_t)(value.at - query));
        length += (size_t)(value.at - query);
        query = value.at + value.length;
    }
    memcpy(left + length, query, (size_t)(end - query));
    length += (size_t)(end - query);
    must(!flx_url_token_find(left, length, &value));
    free(left);
    return 0;
}
