/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that clients' tokens are verified with, as the settings' files have them. */
#ifndef PUSH_TOKENS_H
#define PUSH_TOKENS_H

#include "flx_token.h"
#include "settings.h"

struct push_tokens;

/* Reads the files that the settings name, and copies what the settings say of tokens. NULL with *why, a sentence that
 * names setting and file, in a buffer of the given size. A reload makes new ones and frees the old. */
struct push_tokens *push_tokens_read(const push_settings *settings, char *why, size_t size)
    __attribute__((warn_unused_result));

/* Wipes the keys; NULL is fine. */
void push_tokens_free(struct push_tokens *tokens);

/* Verifies a JWT, as flx_token_verify. */
int push_tokens_verify(const struct push_tokens *tokens, const char *token, size_t length,
                       flx_claims *claims, const char **why) __attribute__((warn_unused_result));

/* Milliseconds for which a token still counts after its time. */
int64_t push_tokens_leeway(const struct push_tokens *tokens);

/* The present, by the wall clock. */
flx_time push_tokens_now(void);

#endif
