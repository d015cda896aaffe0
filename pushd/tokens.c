/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that clients' tokens are verified with, as the settings' files have them. */
#include "tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "key_file.h"

/* The longest files: a secret of more bytes is no better one; flx_keys_from_jwks has its own limit. */
#define SECRET_LENGTH 4096
#define JWKS_LENGTH   65536

struct push_tokens {
    flx_keys *secret; /* NULL without */
    flx_keys *jwks;   /* NULL without */
    char *issuer;     /* NULL: any */
    char *audience;
    int64_t leeway;
};

static const char *read_secret(struct push_tokens *tokens, const char *path)
{
    char *text;
    size_t length;
    const char *why = push_key_file_read(path, SECRET_LENGTH, PUSH_KEY_FILE_SECRET, &text, &length);

    if (why == NULL) {
        tokens->secret = flx_keys_from_secret(text, push_key_file_line(text, length), &why);
        why = tokens->secret != NULL ? NULL : why;
    }
    push_key_file_forget(text, length);
    return why;
}

static const char *read_jwks(struct push_tokens *tokens, const char *path)
{
    char *text;
    size_t length;
    const char *why = push_key_file_read(path, JWKS_LENGTH, PUSH_KEY_FILE_PUBLIC, &text, &length);

    if (why == NULL) {
        tokens->jwks = flx_keys_from_jwks(text, length, &why);
        why = tokens->jwks != NULL ? NULL : why;
    }
    push_key_file_forget(text, length);
    return why;
}

/* A copy, or NULL for the empty text; -1 if there is no memory. */
static int copy(char **to, const char *text)
{
    if (text[0] == '\0') {
        return 0;
    }
    *to = strdup(text);
    return *to != NULL ? 0 : -1;
}

struct push_tokens *push_tokens_read(const push_settings *settings, char *why, size_t size)
{
    struct push_tokens *tokens = calloc(1, sizeof *tokens);
    const char *fault = NULL;

    if (tokens == NULL || copy(&tokens->issuer, settings->token_issuer) != 0 ||
        copy(&tokens->audience, settings->token_audience) != 0) {
        snprintf(why, size, "no memory for tokens");
        goto failed;
    }
    tokens->leeway = settings->token_leeway;
    if (settings->token_key_file[0] != '\0') {
        fault = read_secret(tokens, settings->token_key_file);
        if (fault != NULL) {
            snprintf(why, size, "token_key_file \"%s\": %s", settings->token_key_file, fault);
            goto failed;
        }
    }
    if (settings->token_jwks_file[0] != '\0') {
        fault = read_jwks(tokens, settings->token_jwks_file);
        if (fault != NULL) {
            snprintf(why, size, "token_jwks_file \"%s\": %s", settings->token_jwks_file, fault);
            goto failed;
        }
    }
    return tokens;
failed:
    push_tokens_free(tokens);
    return NULL;
}

void push_tokens_free(struct push_tokens *tokens)
{
    if (tokens != NULL) {
        flx_keys_free(tokens->secret);
        flx_keys_free(tokens->jwks);
        free(tokens->issuer);
        free(tokens->audience);
        free(tokens);
    }
}

int push_tokens_verify(const struct push_tokens *tokens, const char *token, size_t length,
                       flx_claims *claims, const char **why)
{
    flx_token_rules rules = { tokens->issuer, tokens->audience, tokens->leeway };
    const flx_keys *sets[2];
    int count = 0;

    if (tokens->secret != NULL) {
        sets[count++] = tokens->secret;
    }
    if (tokens->jwks != NULL) {
        sets[count++] = tokens->jwks;
    }
    if (count == 0) {
        *why = "no_keys";
        return -1;
    }
    return flx_token_verify(sets, count, &rules, push_tokens_now(), token, length, claims, why);
}

int64_t push_tokens_leeway(const struct push_tokens *tokens)
{
    return tokens->leeway;
}

flx_time push_tokens_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (flx_time)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
