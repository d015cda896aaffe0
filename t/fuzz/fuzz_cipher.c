/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what a client says that its keys for Web Push are: whatever it is, it is refused, or a text is encrypted to a record of the right length.
 * The first byte is the padding, the second how long the point is; the secret and the text follow. */
#include "fuzz.h"

#include "web_push_cipher.h"

#define HEADER (PUSH_WEB_PUSH_CIPHER_SALT + 5 + PUSH_WEB_PUSH_CIPHER_POINT)
#define TAG    16

/* The next bytes of the input, length of them or what is left. */
static flx_slice take(const uint8_t **at, size_t *left, size_t length)
{
    flx_slice taken = { (const char *)*at, length < *left ? length : *left };

    *at += taken.length;
    *left -= taken.length;
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    push_web_push_cipher_chance chance;
    flx_slice point, secret, text;
    size_t padded, length, expected;
    flx_buffer body;
    int status;

    if (size < 2) {
        return 0;
    }
    padded = data[0] * (size_t)16;
    length = data[1];
    data += 2;
    size -= 2;
    point = take(&data, &size, length);
    secret = take(&data, &size, PUSH_WEB_PUSH_CIPHER_SECRET);
    text = take(&data, &size, size);
    must(push_web_push_cipher_draw(&chance) == 0);
    flx_buffer_init(&body, 8192);
    status = push_web_push_cipher_write(&body, text, padded, point, secret, &chance);
    if (status == 0) {
        must(point.length == PUSH_WEB_PUSH_CIPHER_POINT && point.at[0] == 4);
        must(secret.length == PUSH_WEB_PUSH_CIPHER_SECRET);
        must(text.length <= PUSH_WEB_PUSH_CIPHER_TEXT);
        expected = text.length + 1 > padded ? text.length + 1 : padded;
        expected =
            expected < PUSH_WEB_PUSH_CIPHER_TEXT + 1 ? expected : PUSH_WEB_PUSH_CIPHER_TEXT + 1;
        must(body.length == HEADER + expected + TAG);
    }
    else {
        must(body.length == 0);
        must(status == 1 || text.length > PUSH_WEB_PUSH_CIPHER_TEXT);
    }
    flx_buffer_free(&body);
    push_web_push_cipher_forget(&chance);
    return 0;
}
