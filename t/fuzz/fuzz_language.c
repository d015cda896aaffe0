/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of Accept-Language: what prefers English has an English range, and no longer
 * does once a Chinese one is added, or something malformed. */
#include "fuzz.h"

#include <string.h>

#include "flx_language.h"

/* The answer for a header with something added at its end. */
static int answer_with(const uint8_t *data, size_t size, const char *more)
{
    size_t length = size + strlen(more);
    char *header = malloc(length);
    int answer;

    must(header != NULL);
    memcpy(header, data, size);
    memcpy(header + size, more, length - size);
    answer = flx_language_prefers_english(header, length);
    free(header);
    return answer;
}

static int has_english(const uint8_t *data, size_t size)
{
    size_t i;

    for (i = 0; i + 1 < size; i++) {
        if ((data[i] | 0x20) == 'e' && (data[i + 1] | 0x20) == 'n') {
            return 1;
        }
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int answer = flx_language_prefers_english((const char *)data, size);

    must(answer == 0 || answer == 1);
    must(answer_with(data, size, ", zh") == 0);
    must(answer_with(data, size, ", *;q=1") == 0);
    must(answer_with(data, size, ";") == 0);
    if (answer == 1) {
        must(size <= FLX_LANGUAGE_LENGTH);
        must(has_english(data, size));
        if (size + 16 <= FLX_LANGUAGE_LENGTH) {
            must(answer_with(data, size, ", ,en, zh;q=0") == 1);
        }
    }
    return 0;
}
