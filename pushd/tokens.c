/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that clients' tokens are verified with, as the settings' files have them. */
#include "tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The longest files: a secret of more bytes is no better one; flx_keys_from_jwks has its own limit. */
#define SECRET_LENGTH 4096
#define JWKS_LENGTH   65536

/* The rights of all others: that they may read, write and execute; that they may write. */
#define OTHERS_ANYTHING 0007
#define OTHERS_WRITE    0002

struct push_tokens {
    flx_keys *secret; /* NULL without */
    flx_keys *jwks;   /* NULL without */
    char *issuer;     /* NULL: any */
    char *audience;
    int64_t leeway;
};

/* Reads a file of at most limit bytes to which others do not have the rights forbidden. NULL, or why not. */
static const char *read_file(const char *path, size_t limit, mode_t forbidden, char **text,
                             size_t *length)
{
    /* O_NONBLOCK: not to wait for whoever writes into a pipe of that name. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const char *why = NULL;
    struct stat status;
    ssize_t got = 1;

    *length = 0;
    *text = NULL;
    if (fd < 0) {
        return strerror(errno);
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        why = "is not a file";
        goto end;
    }
    if (status.st_mode & forbidden) {
        why = forbidden == OTHERS_WRITE ? "has a mode that lets others write it"
                                        : "has a mode that lets others read, write or run it";
        goto end;
    }
    *text = malloc(limit + 1);
    if (*text == NULL) {
        why = "no memory";
        goto end;
    }
    while (got > 0 && *length <= limit) {
        got = read(fd, *text + *length, limit + 1 - *length);
        *length += got > 0 ? (size_t)got : 0;
    }
    if (got < 0 || *length > limit) {
        why = got < 0 ? "cannot be read" : "is too long";
    }
end:
    close(fd);
    return why;
}

static void forget(char *text, size_t length)
{
    if (text != NULL) {
        explicit_bzero(text, length);
        free(text);
    }
}

static const char *read_secret(struct push_tokens *tokens, const char *path)
{
    char *text;
    size_t length;
    const char *why = read_file(path, SECRET_LENGTH, OTHERS_ANYTHING, &text, &length);

    if (why == NULL) {
        size_t used = length;

        /* Editors end a file with a line end. */
        if (used > 0 && text[used - 1] == '\n') {
            used--;
            used -= used > 0 && text[used - 1] == '\r';
        }
        tokens->secret = flx_keys_from_secret(text, used, &why);
        why = tokens->secret != NULL ? NULL : why;
    }
    forget(text, length);
    return why;
}

static const char *read_jwks(struct push_tokens *tokens, const char *path)
{
    char *text;
    size_t length;
    const char *why = read_file(path, JWKS_LENGTH, OTHERS_WRITE, &text, &length);

    if (why == NULL) {
        tokens->jwks = flx_keys_from_jwks(text, length, &why);
        why = tokens->jwks != NULL ? NULL : why;
    }
    forget(text, length);
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
