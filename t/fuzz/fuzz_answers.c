/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of what push services answer: what is taken is a word or a token of harmless characters, and is in the body. */
#include "fuzz.h"

#include <string.h>

#include "provider_answer.h"

/* Whether it is what the log and a header field may have. */
static void check(const char *text, size_t room, int is_found, const char *more)
{
    size_t length = strnlen(text, room);
    size_t i;

    must(length < room);
    must(!is_found || length > 0);
    for (i = 0; i < length; i++) {
        must((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'Z') ||
             (text[i] >= 'a' && text[i] <= 'z') || strchr(more, text[i]) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char word[PUSH_ANSWER_WORD];
    char token[PUSH_ANSWER_TOKEN];
    int64_t seconds = -1;
    /* Of exact size, and no NUL behind it. */
    char *body = malloc(size > 0 ? size : 1);
    int is_found;

    must(body != NULL);
    if (size > 0) {
        memcpy(body, data, size);
    }
    is_found = push_provider_answer_apns(body, size, word);
    check(word, sizeof word, is_found, "_");
    must(is_found == (word[0] != '\0'));
    is_found = push_provider_answer_fcm(body, size, word);
    check(word, sizeof word, is_found, "_");
    is_found = push_provider_answer_token(body, size, token, &seconds, word);
    check(token, sizeof token, is_found, "_-.~+/=");
    check(word, sizeof word, 0, "_");
    must(seconds >= 0 && seconds <= 86400);
    must(is_found == (token[0] != '\0') && (!is_found || (seconds > 0 && word[0] == '\0')));
    free(body);
    return 0;
}
