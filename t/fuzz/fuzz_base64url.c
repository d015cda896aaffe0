/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes base64url: what is read is written back as it was, and any bytes survive the way there
 * and back. */
#include "fuzz.h"

#include <string.h>

#include "flx_base64url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t room = FLX_BASE64URL_TEXT(size), length;
    char *text = malloc(room > 0 ? room : 1);
    /* More than either way takes, by at most three bytes. */
    uint8_t *bytes = malloc(size + 2);

    must(text != NULL && bytes != NULL);
    if (flx_base64url_decode((const char *)data, size, bytes, FLX_BASE64URL_BYTES(size), &length) ==
        0) {
        must(length <= size && flx_base64url_encode(bytes, length, text) == size);
        must(size == 0 || memcmp(text, data, size) == 0);
        must(length == 0 ||
             flx_base64url_decode((const char *)data, size, bytes, length - 1, &length) != 0);
    }
    must(flx_base64url_encode(data, size, text) == room);
    must(flx_base64url_decode(text, room, bytes, size, &length) == 0 && length == size);
    must(size == 0 || memcmp(bytes, data, size) == 0);
    free(text);
    free(bytes);
    return 0;
}
