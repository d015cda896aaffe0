/* SPDX-License-Identifier: Apache-2.0 */
/* The words of notifications, in both languages, and what of a message they show. */
#include "notification_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flx_utf8.h"

#define LANGUAGES 2
#define ELLIPSIS  "\xE2\x80\xA6"

typedef struct words {
    const char *of; /* a message type, or a content type */
    const char *texts[LANGUAGES];
} words;

/* The last row is for types that came later than this table. */
static const words titles[] = {
    { "system_notification", { "系统通知", "System notification" } },
    { "system_announcement", { "系统公告", "System announcement" } },
    { "interaction", { "互动消息", "Interaction" } },
    { NULL, { "新消息", "New message" } },
};

/* Where there is no text below. */
static const words titles_alone[] = {
    { "system_notification", { "你收到一条系统通知", "You have a new system notification" } },
    { "system_announcement", { "你收到一条系统公告", "You have a new system announcement" } },
    { "interaction", { "你收到一条互动消息", "You have a new interaction" } },
    { NULL, { "你收到一条新消息", "You have a new message" } },
};

/* What stands before the text of a message, or in its place. */
static const words labels[] = {
    { "text", { "", "" } },
    { "system", { "", "" } },
    { "image", { "[图片]", "[Image]" } },
    { "product", { "[商品]", "[Product]" } },
    { "order", { "[订单]", "[Order]" } },
    { "comment", { "[评论]", "[Comment]" } },
    { "like", { "[点赞]", "[Like]" } },
    { "favorite", { "[收藏]", "[Favorite]" } },
    { NULL, { "", "" } },
};

static const char *find(const words *table, push_text_language language, const char *of)
{
    while (table->of != NULL && strcmp(table->of, of) != 0) {
        table++;
    }
    return table->texts[language];
}

push_text_language push_text_language_of(const char *locale)
{
    /* "en", "en-GB", but not "enm": strchr finds the NUL as well. */
    return strncasecmp(locale, "en", 2) == 0 && strchr("-_", locale[2]) != NULL ? PUSH_TEXT_ENGLISH
                                                                                : PUSH_TEXT_CHINESE;
}

const char *push_text_title(push_text_language language, const char *message_type, int is_alone)
{
    return find(is_alone ? titles_alone : titles, language, message_type);
}

static uint32_t decode(const char *at, size_t length)
{
    static const unsigned char first[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    uint32_t code = (unsigned char)at[0] & first[length];
    size_t i;

    for (i = 1; i < length; i++) {
        code = code << 6 | ((unsigned char)at[i] & 0x3F);
    }
    return code;
}

static int is_blank(uint32_t code)
{
    return code == ' ' || (code >= '\t' && code <= '\r') || code == 0x85 || code == 0xA0 ||
           code == 0x2028 || code == 0x2029 || code == 0x3000;
}

/* Control characters, and those that turn the direction of what stands around them: a notification is not theirs alone. */
static int is_left_out(uint32_t code)
{
    return code < ' ' || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

/* Appends to text, of length bytes, what of a well-formed text is shown: its words with one blank between them. */
static void add_line(char *text, size_t *length, const char *from, size_t size)
{
    size_t shown = 0;
    size_t at = 0;
    size_t step;
    int gap = *length > 0;

    for (; at < size && (step = flx_utf8_sequence(from + at, size - at)) > 0; at += step) {
        uint32_t code = decode(from + at, step);

        if (is_blank(code)) {
            gap = gap || shown > 0;
            continue;
        }
        if (is_left_out(code)) {
            continue;
        }
        if (shown + (gap ? 1 : 0) >= PUSH_TEXT_SHOWN) {
            memcpy(text + *length, ELLIPSIS, sizeof ELLIPSIS - 1);
            *length += sizeof ELLIPSIS - 1;
            return;
        }
        if (gap) {
            text[(*length)++] = ' ';
            shown++;
            gap = 0;
        }
        memcpy(text + *length, from + at, step);
        *length += step;
        shown++;
    }
}

int push_text_write(push_text_language language, const char *content_type, flx_slice content,
                    char text[PUSH_TEXT_SIZE], size_t *length)
{
    static const char *const names[] = { "text" };
    const char *label = find(labels, language, content_type);
    flx_slice value = { NULL, 0 };
    flx_json_fault fault = content.at != NULL
                               ? flx_json_pick(content.at, content.length, names, &value, 1)
                               : FLX_JSON_FINE;
    size_t size = 0;

    *length = strlen(label);
    memcpy(text, label, *length);
    if (fault == FLX_JSON_NO_MEMORY) {
        return -1;
    }
    if (fault == FLX_JSON_FINE && value.at != NULL) {
        char *whole = malloc(value.length + 1);

        if (whole == NULL) {
            return -1;
        }
        if (flx_json_text(value, whole, value.length, &size) == 0) {
            add_line(text, length, whole, size);
        }
        free(whole);
    }
    text[*length] = '\0';
    return 0;
}
