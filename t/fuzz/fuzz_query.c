/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the query reader: parameters lie in the query, in order; what is decoded is text that
 * encoded again decodes to the same. */
#include "fuzz.h"

#include <string.h>

#include "flx_query.h"
#include "flx_utf8.h"

static void check_decoding(flx_slice written)
{
    static const char digit[] = "0123456789aBcDeF";
    char *text = malloc(written.length + 1);
    char *encoded, *again;
    flx_slice rewritten;
    size_t length = 0, i;

    must(text != NULL);
    if (flx_query_decode(written, text, &length) != 0) {
        free(text);
        return;
    }
    must(length <= written.length);
    must(memchr(text, '\0', length) == NULL);
    must(flx_utf8_valid(text, length));
    encoded = malloc(3 * length + 1);
    must(encoded != NULL);
    for (i = 0; i < length; i++) {
        encoded[3 * i] = '%';
        encoded[3 * i + 1] = digit[(unsigned char)text[i] >> 4];
        encoded[3 * i + 2] = digit[(unsigned char)text[i] & 0xF];
    }
    again = encoded;
    rewritten.at = encoded;
    rewritten.length = 3 * length;
    must(flx_query_decode(rewritten, again, &i) == 0);
    must(i == length && memcmp(again, text, length) == 0);
    free(encoded);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flx_slice rest = { (const char *)data, size };
    flx_query_parameter parameter;
    const char *before = rest.at, *end = rest.at + size;

    while (flx_query_next(&rest, &parameter)) {
        must(parameter.name.at >= before);
        must(parameter.value.at >= parameter.name.at + parameter.name.length);
        must(parameter.value.at + parameter.value.length <= rest.at);
        must(rest.at > before && rest.at + rest.length == end);
        must(parameter.name.length == 0 ||
             memchr(parameter.name.at, '=', parameter.name.length) == NULL);
        must(parameter.value.length == 0 ||
             memchr(parameter.value.at, '&', parameter.value.length) == NULL);
        check_decoding(parameter.name);
        check_decoding(parameter.value);
        before = rest.at;
    }
    must(rest.length == 0);
    return 0;
}
