/* SPDX-License-Identifier: Apache-2.0 */
/* The words of notifications, in both languages, and what of a message they show. */
#ifndef PUSH_NOTIFICATION_TEXT_H
#define PUSH_NOTIFICATION_TEXT_H

#include <stddef.h>

#include "flx_json_scan.h"

/* Characters that are shown of a message; a longer text ends with one more, an ellipsis. */
#define PUSH_TEXT_SHOWN 200
/* Bytes of a text at the most, with its NUL: what is shown, and the longest label. */
#define PUSH_TEXT_SIZE ((PUSH_TEXT_SHOWN + 1) * 4 + 32)

typedef enum push_text_language { PUSH_TEXT_CHINESE, PUSH_TEXT_ENGLISH } push_text_language;

/* That of a locale, a tag of RFC 5646, with "_" as well: English if it is English, else Chinese, as errors over REST. */
push_text_language push_text_language_of(const char *locale);

/* The title for a message type; is_alone: without a text below it. A constant. */
const char *push_text_title(push_text_language language, const char *message_type, int is_alone);

/* Writes what is shown of a message: one line of well-formed UTF-8 without control characters, and a NUL. content is its JSON, from
 * whomever; length is of text without the NUL, 0 if there is nothing to show. Returns 0, or -1 if there is no memory. */
int push_text_write(push_text_language language, const char *content_type, flx_slice content,
                    char text[PUSH_TEXT_SIZE], size_t *length) __attribute__((warn_unused_result));

#endif
