/* SPDX-License-Identifier: Apache-2.0 */
/* What the bodies of push services' answers say. Whoever wrote them is not to be trusted: of what is no JSON, or something else than expected, nothing
 * is taken, and what is taken is a word or a token of harmless characters. */
#ifndef PUSH_PROVIDER_ANSWER_H
#define PUSH_PROVIDER_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#define PUSH_ANSWER_WORD                                                                           \
    48 /* bytes of a word with its NUL: "InvalidProviderToken", "QUOTA_EXCEEDED" */
#define PUSH_ANSWER_TOKEN 4096 /* of an access token with its NUL */

/* Each says whether it found what it looks for; word is "" if not. */

/* APNs: {"reason": WORD}. */
int push_provider_answer_apns(const char *body, size_t length, char word[PUSH_ANSWER_WORD]);

/* FCM: the errorCode of {"error": {"details": [{"errorCode": WORD}]}}. Without one it finds nothing, but word is {"error": {"status": WORD}}. */
int push_provider_answer_fcm(const char *body, size_t length, char word[PUSH_ANSWER_WORD]);

/* A server for access tokens (RFC 6749, 5.1): {"access_token": TOKEN, "expires_in": SECONDS}; seconds is from 1 to 86400. Without one word is
 * {"error": WORD} (5.2). */
int push_provider_answer_token(const char *body, size_t length, char token[PUSH_ANSWER_TOKEN],
                               int64_t *seconds, char word[PUSH_ANSWER_WORD]);

#endif
