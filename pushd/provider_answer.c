/* SPDX-License-Identifier: Apache-2.0 */
/* What the bodies of push services' answers say. */
#include "provider_answer.h"

#include <string.h>

#include "flx_json_scan.h"

#define WORDS     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
#define TOKENS    WORDS "-.~+/=" /* of RFC 6750: b64token */
#define DAY_LIMIT 86400

/* Reads a string of these characters alone into text, which has room for a NUL as well. Returns whether it was one; text is "" if not. */
static int read_string(flx_slice value, const char *characters, char *text, size_t room)
{
    size_t length = 0;

    if (value.at == NULL || flx_json_text(value, text, room - 1, &length) != 0) {
        length = 0;
    }
    text[length] = '\0';
    /* A NUL within it ends the span as well. */
    if (strspn(text, characters) != length) {
        text[0] = '\0';
    }
    return text[0] != '\0';
}

/* Picks members of an object that may be none. Returns whether it is JSON. */
static int pick(flx_slice object, const char *const *names, flx_slice *values, size_t count)
{
    return object.at != NULL &&
           flx_json_pick(object.at, object.length, names, values, count) == FLX_JSON_FINE;
}

int push_provider_answer_apns(const char *body, size_t length, char word[PUSH_ANSWER_WORD])
{
    static const char *const names[] = { "reason" };
    flx_slice reason;

    word[0] = '\0';
    return pick((flx_slice){ body, length }, names, &reason, 1) &&
           read_string(reason, WORDS, word, PUSH_ANSWER_WORD);
}

/* The first errorCode of a list of details. */
static int read_details(flx_slice details, char word[PUSH_ANSWER_WORD])
{
    static const char *const names[] = { "errorCode" };
    flx_slice detail;
    flx_slice code;

    while (flx_json_item(&details, &detail) == 1) {
        if (pick(detail, names, &code, 1) && read_string(code, WORDS, word, PUSH_ANSWER_WORD)) {
            return 1;
        }
    }
    return 0;
}

int push_provider_answer_fcm(const char *body, size_t length, char word[PUSH_ANSWER_WORD])
{
    static const char *const outer[] = { "error" };
    static const char *const inner[] = { "status", "details" };
    flx_slice error;
    flx_slice values[2];

    word[0] = '\0';
    if (!pick((flx_slice){ body, length }, outer, &error, 1) || !pick(error, inner, values, 2)) {
        return 0;
    }
    if (values[1].at != NULL && read_details(values[1], word)) {
        return 1;
    }
    (void)read_string(values[0], WORDS, word, PUSH_ANSWER_WORD);
    return 0;
}

/* A whole number, which some servers write as a string. */
static int64_t read_seconds(flx_slice value)
{
    int64_t seconds = 0;
    size_t i;

    if (value.length > 2 && value.at[0] == '"') {
        value.at++;
        value.length -= 2;
    }
    for (i = 0; i < value.length; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') {
            return 0;
        }
        seconds = seconds * 10 + (value.at[i] - '0');
        if (seconds > DAY_LIMIT) {
            return DAY_LIMIT;
        }
    }
    return seconds;
}

int push_provider_answer_token(const char *body, size_t length, char token[PUSH_ANSWER_TOKEN],
                               int64_t *seconds, char word[PUSH_ANSWER_WORD])
{
    static const char *const names[] = { "access_token", "expires_in", "error" };
    flx_slice values[3];

    token[0] = '\0';
    word[0] = '\0';
    *seconds = 0;
    if (!pick((flx_slice){ body, length }, names, values, 3)) {
        return 0;
    }
    *seconds = read_seconds(values[1]);
    if (*seconds > 0 && read_string(values[0], TOKENS, token, PUSH_ANSWER_TOKEN)) {
        return 1;
    }
    (void)read_string(values[2], WORDS, word, PUSH_ANSWER_WORD);
    return 0;
}
