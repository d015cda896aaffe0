/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what is shown of a message: the first byte is language and content type, the rest the content. */
#include "fuzz.h"

#include <string.h>

#include "flx_utf8.h"
#include "notification_text.h"

static const char *const types[] = { "text",  "system",  "image", "product",
                                     "order", "comment", "like",  "favorite" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[PUSH_TEXT_SIZE];
    push_text_language language;
    const char *type;
    char *content;
    size_t length;
    size_t i;

    if (size == 0) {
        return 0;
    }
    language = data[0] & 8 ? PUSH_TEXT_ENGLISH : PUSH_TEXT_CHINESE;
    type = types[data[0] & 7];
    content = malloc(size);
    must(content != NULL);
    memcpy(content, data + 1, size - 1);
    must(push_text_write(language, type, (flx_slice){ content, size - 1 }, text, &length) == 0);
    free(content);
    must(length < sizeof text && strlen(text) == length);
    must(flx_utf8_valid(text, length));
    /* what is shown, a label and its blank, an ellipsis */
    must(flx_utf8_count(text, length) <= PUSH_TEXT_SHOWN + 12);
    must(length == 0 || (text[0] != ' ' && text[length - 1] != ' '));
    for (i = 0; i < length; i++) {
        must((unsigned char)text[i] >= ' ' && text[i] != 0x7F);
        must(text[i] != ' ' || text[i + 1] != ' ');
    }
    /* Titles are for any text that PostgreSQL has as a type. */
    must(push_text_title(language, type, (int)(size & 1))[0] != '\0');
    must(push_text_language_of(types[data[0] & 7]) == PUSH_TEXT_CHINESE);
    return 0;
}
