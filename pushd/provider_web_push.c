/* SPDX-License-Identifier: Apache-2.0 */
/* Web Push (RFC 8030): notifications to browsers, encrypted for each, through the service of its vendor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flx_utf8.h"
#include "provider.h"
#include "provider_answer.h"
#include "tokens.h"
#include "vapid.h"
#include "web_push_cipher.h"
#include "web_push_endpoint.h"

/* Bytes of what is sent, before it is padded. Services take 3,993, but some pass it on in an envelope of another's. */
#define DATA_LIMIT 3000

/* What lengths are padded to: a short text looks like no text. */
#define PADDING       256

#define WORD          40 /* letters of a service's own word for what is wrong */

#define SUBJECT_LIMIT 500 /* bytes */

typedef struct web_push {
    push_vapid *vapid;
    char **hosts; /* ends with NULL */
} web_push;

static void web_push_free(void *state)
{
    web_push *service = state;

    if (service != NULL) {
        push_vapid_free(service->vapid);
        for (char **host = service->hosts; host != NULL && *host != NULL; host++) {
            free(*host);
        }
        free(service->hosts);
        free(service);
    }
}

/* Settings go at a reload, and states may outlive them. Returns 0 or -1. */
static int copy_hosts(web_push *service, const char *const *hosts)
{
    size_t count = 0;

    while (hosts[count] != NULL) {
        count++;
    }
    service->hosts = calloc(count + 1, sizeof *service->hosts);
    if (service->hosts == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        service->hosts[i] = strdup(hosts[i]);
        if (service->hosts[i] == NULL) {
            return -1;
        }
    }
    return 0;
}

static push_signer *read_key(const push_settings *settings, char *why, size_t size)
{
    char fault[PUSH_REASON];
    push_signer *signer =
        push_signer_from_file(settings->web_push_key_file, PUSH_SIGNER_ES256, fault, sizeof fault);

    if (signer == NULL) {
        snprintf(why, size, "web_push_key_file \"%s\": %s", settings->web_push_key_file, fault);
    }
    return signer;
}

static void *web_push_read(const push_settings *settings, char *why, size_t size)
{
    const char *subject = settings->web_push_subject;
    push_signer *signer;
    web_push *service;

    if (settings->web_push_key_file[0] == '\0') {
        return NULL;
    }
    /* Services that look at it refuse "mailto: Name <a@b>". */
    if (strlen(subject) > SUBJECT_LIMIT || !flx_utf8_valid(subject, strlen(subject)) ||
        strpbrk(subject, " \t<>\"") != NULL) {
        snprintf(why, size, "web_push_subject is no URL of at most %d bytes", SUBJECT_LIMIT);
        return NULL;
    }
    signer = read_key(settings, why, size);
    if (signer == NULL) {
        return NULL;
    }
    service = calloc(1, sizeof *service);
    if (service == NULL) {
        push_signer_free(signer);
    }
    else {
        service->vapid = push_vapid_open(signer, subject);
    }
    if (service == NULL || service->vapid == NULL ||
        copy_hosts(service, settings->web_push_hosts) != 0) {
        snprintf(why, size, "no memory for web_push_key_file");
        web_push_free(service);
        return NULL;
    }
    return service;
}

/* -- Requests ---------------------------------------------------------------------------------------- */

static int refuse(push_verdict *verdict, push_verdict_result result, const char *reason)
{
    push_verdict_set(verdict, result, reason);
    return -1;
}

/* Encrypts the data for the browser. Returns 0; or -1 with a verdict. */
static int add_body(const push_notification *notification, flx_buffer *body, push_verdict *verdict)
{
    push_web_push_cipher_chance chance;
    flx_buffer data;
    flx_slice text;
    int status;

    flx_buffer_init(&data, DATA_LIMIT);
    if (push_notification_fit(notification, &data, DATA_LIMIT, push_notification_add_data) != 0) {
        flx_buffer_free(&data);
        return refuse(verdict, PUSH_VERDICT_DEAD, "too long for Web Push");
    }
    text.at = data.at;
    text.length = data.length;
    status = push_web_push_cipher_draw(&chance);
    if (status == 0) {
        status = push_web_push_cipher_write(body, text, (text.length / PADDING + 1) * PADDING,
                                            notification->p256dh, notification->auth, &chance);
        push_web_push_cipher_forget(&chance);
    }
    flx_buffer_free(&data);
    if (status != 0) {
        return status > 0 ? refuse(verdict, PUSH_VERDICT_GONE, "the subscription's keys are none")
                          : refuse(verdict, PUSH_VERDICT_RETRY, "it could not be encrypted");
    }
    return 0;
}

static int web_push_build(void *state, const push_notification *notification,
                          push_http_request *request, push_verdict *verdict)
{
    web_push *service = state;
    int is_urgent = strcmp(notification->message_type, "private_message") == 0;
    push_web_push_endpoint endpoint;
    const char *authorization;
    char ttl[24];

    /* A redirect is not followed, so that this is where it goes. */
    if (push_web_push_endpoint_read(&endpoint, notification->token) != 0) {
        return refuse(verdict, PUSH_VERDICT_GONE, "endpoint is no https: URL");
    }
    if (!push_web_push_endpoint_is_allowed(&endpoint, (const char *const *)service->hosts)) {
        return refuse(verdict, PUSH_VERDICT_GONE, "host not allowed");
    }
    authorization = push_vapid_header(service->vapid, endpoint.origin, push_tokens_now() / 1000);
    if (authorization == NULL) {
        return refuse(verdict, PUSH_VERDICT_RETRY, "it could not be signed");
    }
    if (add_body(notification, &request->body, verdict) != 0) {
        return -1;
    }
    snprintf(ttl, sizeof ttl, "%lld", (long long)notification->lifetime);
    flx_buffer_add_text(&request->url, notification->token);
    push_http_request_add(request, "Authorization", authorization);
    push_http_request_add(request, "Content-Type", "application/octet-stream");
    push_http_request_add(request, "Content-Encoding", "aes128gcm");
    push_http_request_add(request, "TTL", ttl);
    push_http_request_add(request, "Urgency", is_urgent ? "high" : "normal");
    push_http_request_add(request, "Topic", notification->collapse);
    if (flx_buffer_failed(&request->url) || flx_buffer_failed(&request->headers)) {
        return refuse(verdict, PUSH_VERDICT_DEAD, "too long for a request");
    }
    return 0;
}

/* -- Answers ----------------------------------------------------------------------------------------- */

/* Adds the word that Apple has in "reason", as for APNs; others have prose, which is not looked at. */
static void add_word(const push_http_answer *answer, push_verdict *verdict)
{
    size_t used = strlen(verdict->reason);
    char word[PUSH_ANSWER_WORD];

    if (push_provider_answer_apns(answer->body, answer->length, word)) {
        snprintf(verdict->reason + used, sizeof verdict->reason - used, " %s", word);
    }
}

/* Who is refused for what we say that we are (RFC 8292, 4.2) may be in time again with a new token; and a key that is not the one of the subscription
 * is the site's fault, which it can mend: neither costs a device. */
static void web_push_judge(void *state, const push_http_answer *answer, push_verdict *verdict)
{
    web_push *service = state;

    push_verdict_by_status(verdict, answer);
    if (answer->status == 401 || answer->status == 403) {
        push_vapid_renew(service->vapid);
        verdict->result = PUSH_VERDICT_RETRY;
        verdict->delay = answer->retry_after;
    }
    if (verdict->result != PUSH_VERDICT_SENT) {
        add_word(answer, verdict);
    }
}

static const char *web_push_public_key(void *state)
{
    const web_push *service = state;

    return push_vapid_public_key(service->vapid);
}

const push_provider push_provider_web_push = {
    .name = "web_push",
    .read = web_push_read,
    .free = web_push_free,
    .build = web_push_build,
    .judge = web_push_judge,
    .public_key = web_push_public_key,
};
