/* SPDX-License-Identifier: Apache-2.0 */
/* The webhook: notifications as signed JSON to a server of the site's own, which passes them on. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key_file.h"
#include "provider.h"
#include "tokens.h"

#define SECRET_LEAST 32
#define SECRET_MOST  4096

#define DIGEST       32
#define SIGNATURE    (sizeof "v1=" - 1 + (size_t)2 * DIGEST + 1)

typedef struct webhook {
    char *url;
    char *secret;
    size_t length;
} webhook;

static void webhook_free(void *state)
{
    webhook *hook = state;

    if (hook != NULL) {
        if (hook->secret != NULL) {
            OPENSSL_cleanse(hook->secret, hook->length);
        }
        free(hook->secret);
        free(hook->url);
        free(hook);
    }
}

static const char *read_secret(webhook *hook, const char *path)
{
    char *text = NULL;
    size_t length, used;
    const char *why = push_key_file_read(path, SECRET_MOST, PUSH_KEY_FILE_SECRET, &text, &length);

    if (why == NULL) {
        used = push_key_file_line(text, length);
        if (used < SECRET_LEAST) {
            why = "has fewer than 32 bytes";
        }
        else if ((hook->secret = malloc(used)) == NULL) {
            why = "no memory";
        }
        else {
            memcpy(hook->secret, text, used);
            hook->length = used;
        }
    }
    push_key_file_forget(text, length);
    return why;
}

static void *webhook_read(const push_settings *settings, char *why, size_t size)
{
    const char *fault;
    webhook *hook;

    if (settings->webhook_url[0] == '\0') {
        return NULL;
    }
    hook = calloc(1, sizeof *hook);
    if (hook == NULL || (hook->url = strdup(settings->webhook_url)) == NULL) {
        snprintf(why, size, "no memory for webhook_url");
        webhook_free(hook);
        return NULL;
    }
    fault = read_secret(hook, settings->webhook_key_file);
    if (fault != NULL) {
        snprintf(why, size, "webhook_key_file \"%s\": %s", settings->webhook_key_file, fault);
        webhook_free(hook);
        return NULL;
    }
    return hook;
}

/* -- Requests ---------------------------------------------------------------------------------------- */

static void add_member(flx_buffer *body, const char *name, const char *text)
{
    flx_buffer_add_text(body, name);
    flx_buffer_add_string(body, text, strlen(text));
}

static void add_body(flx_buffer *body, const push_notification *notification)
{
    add_member(body, "{\"id\":", notification->id);
    flx_buffer_add_text(body, ",\"attempt\":");
    flx_buffer_add_number(body, notification->attempt);
    add_member(body, ",\"device\":{\"id\":", notification->device_id);
    add_member(body, ",\"user_id\":", notification->user_id);
    add_member(body, ",\"app_id\":", notification->app_id);
    add_member(body, ",\"token\":", notification->token);
    add_member(body, ",\"platform\":", notification->platform);
    add_member(body, ",\"locale\":", notification->locale);
    flx_buffer_add_text(body, "},\"notification\":");
    push_notification_add_data(notification, body);
    flx_buffer_add_text(body, "}");
}

/* "v1=" and HMAC-SHA256 of "timestamp.body" in hexadecimal digits. Returns 0 or -1. */
static int sign(const webhook *hook, const char *timestamp, const flx_buffer *body,
                char signature[SIGNATURE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    flx_buffer text;
    char *to = signature;
    int is_made;

    flx_buffer_init(&text, body->length + 64);
    flx_buffer_add_text(&text, timestamp);
    flx_buffer_add_text(&text, ".");
    flx_buffer_add(&text, body->at, body->length);
    is_made = !flx_buffer_failed(&text) &&
              HMAC(EVP_sha256(), hook->secret, (int)hook->length, (const unsigned char *)text.at,
                   text.length, digest, &length) != NULL &&
              length == DIGEST;
    flx_buffer_free(&text);
    if (!is_made) {
        return -1;
    }
    to += sprintf(to, "v1=");
    for (unsigned i = 0; i < DIGEST; i++) {
        *to++ = digits[digest[i] >> 4];
        *to++ = digits[digest[i] & 15];
    }
    *to = '\0';
    return 0;
}

static int webhook_build(void *state, const push_notification *notification,
                         push_http_request *request, push_verdict *verdict)
{
    const webhook *hook = state;
    char timestamp[32], signature[SIGNATURE];

    add_body(&request->body, notification);
    if (flx_buffer_failed(&request->body)) {
        push_verdict_set(verdict, PUSH_VERDICT_DEAD, "too long for a request");
        return -1;
    }
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(push_tokens_now() / 1000));
    if (sign(hook, timestamp, &request->body, signature) != 0) {
        push_verdict_set(verdict, PUSH_VERDICT_RETRY, "it could not be signed");
        return -1;
    }
    flx_buffer_add_text(&request->url, hook->url);
    push_http_request_add(request, "Content-Type", "application/json");
    push_http_request_add(request, "Idempotency-Key", notification->id);
    push_http_request_add(request, "Flixim-Timestamp", timestamp);
    push_http_request_add(request, "Flixim-Signature", signature);
    return 0;
}

/* Whoever passes notifications on says 410 where the device is no more. A wrong address or a wrong key is the site's own fault, and can be
 * mended: no push is lost for it. */
static void webhook_judge(void *state, const push_http_answer *answer, push_verdict *verdict)
{
    (void)state;
    push_verdict_by_status(verdict, answer);
    if ((answer->status >= 300 && answer->status < 400) || answer->status == 401 ||
        answer->status == 403 || answer->status == 404) {
        verdict->result = PUSH_VERDICT_RETRY;
        verdict->delay = answer->retry_after;
    }
}

const push_provider push_provider_webhook = {
    .name = "webhook",
    .read = webhook_read,
    .free = webhook_free,
    .build = webhook_build,
    .judge = webhook_judge,
};
