/* SPDX-License-Identifier: Apache-2.0 */
/* Apple Push Notification service: the site's token for Apple, a notification as Apple takes it, and what Apple's answers mean. */
#include "provider.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider_answer.h"
#include "signer.h"
#include "tokens.h"

#define PAYLOAD_SIZE 4096 /* Apple's limit for what is shown and data together */
#define TOKEN_LENGTH 512  /* of a device; Apple names no limit, today's have 64 characters */

#define ALPHANUMERIC "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Apple refuses tokens older than an hour, and new ones more often than every 20 minutes. One that it refused is replaced even so, but
 * not more often than this: with a wrong key or clock each new one would be refused as well. */
#define TOKEN_TIME  (50 * INT64_C(60000))
#define FORCED_TIME (60 * INT64_C(1000))

/* How long to wait where it is the site's key or the rate of its tokens that is wrong, no single push. */
#define SITE_DELAY (60 * INT64_C(1000))

typedef struct apns {
    push_signer *signer;
    char *url;
    char *key_id;
    char *team_id;
    char *topic; /* "": none */
    /* the site's token; NULL: none yet */
    char *token;
    flx_time made_at;
    int is_refused;
    flx_time refused_at; /* when it last was, and was therefore replaced */
} apns;

static void apns_free(void *state)
{
    apns *it = state;

    if (it == NULL) {
        return;
    }
    push_signer_free(it->signer);
    free(it->url);
    free(it->key_id);
    free(it->team_id);
    free(it->topic);
    free(it->token);
    free(it);
}

static void *apns_read(const push_settings *settings, char *why, size_t size)
{
    char fault[PUSH_REASON];
    apns *it;

    why[0] = '\0';
    if (settings->apns_key_file[0] == '\0') {
        return NULL;
    }
    it = calloc(1, sizeof *it);
    if (it == NULL) {
        snprintf(why, size, "no memory for apns_key_file");
        return NULL;
    }
    it->signer =
        push_signer_from_file(settings->apns_key_file, PUSH_SIGNER_ES256, fault, sizeof fault);
    if (it->signer == NULL) {
        snprintf(why, size, "apns_key_file \"%s\": %s", settings->apns_key_file, fault);
        apns_free(it);
        return NULL;
    }
    it->url = strdup(settings->apns_url);
    it->key_id = strdup(settings->apns_key_id);
    it->team_id = strdup(settings->apns_team_id);
    it->topic = strdup(settings->apns_topic);
    if (it->url == NULL || it->key_id == NULL || it->team_id == NULL || it->topic == NULL) {
        snprintf(why, size, "no memory for apns_key_file");
        apns_free(it);
        return NULL;
    }
    return it;
}

/* The site's token, made anew if it is time; NULL if there is no memory or OpenSSL fails. */
static const char *token_now(apns *it)
{
    flx_time now = push_tokens_now();
    flx_buffer claims;

    if (it->token != NULL && !it->is_refused && now >= it->made_at &&
        now - it->made_at < TOKEN_TIME) {
        return it->token;
    }
    free(it->token);
    it->token = NULL;
    flx_buffer_init(&claims, 1000);
    flx_buffer_add_text(&claims, "{\"iss\":");
    flx_buffer_add_string(&claims, it->team_id, strlen(it->team_id));
    flx_buffer_add_text(&claims, ",\"iat\":");
    flx_buffer_add_number(&claims, now / 1000);
    flx_buffer_add(&claims, "}", sizeof "}");
    if (!flx_buffer_failed(&claims)) {
        it->token = push_signer_sign(it->signer, it->key_id, claims.at);
    }
    flx_buffer_free(&claims);
    it->made_at = now;
    it->is_refused = 0;
    return it->token;
}

static int is_all_of(const char *text, size_t limit, const char *characters)
{
    size_t length = strlen(text);

    return length > 0 && length <= limit && strspn(text, characters) == length;
}

/* Whether a path and a header field can hold what the device's client called itself. */
static int is_device(const push_notification *notification, const char *topic,
                     push_verdict *verdict)
{
    if (topic[0] == '\0') {
        push_verdict_set(verdict, PUSH_VERDICT_DEAD, "neither app_id nor apns_topic");
    }
    else if (!is_all_of(topic, TOKEN_LENGTH, ALPHANUMERIC ".-_")) {
        push_verdict_set(verdict, PUSH_VERDICT_GONE, "app_id is no topic");
    }
    else if (!is_all_of(notification->token, TOKEN_LENGTH, ALPHANUMERIC "-_")) {
        push_verdict_set(verdict, PUSH_VERDICT_GONE, "not a token of APNs");
    }
    else {
        return 1;
    }
    return 0;
}

static void add_payload(const push_notification *notification, flx_buffer *body)
{
    size_t start;

    flx_buffer_add_text(body, "{\"aps\":{\"alert\":{\"title\":");
    flx_buffer_add_string(body, notification->title, strlen(notification->title));
    if (notification->text != NULL) {
        flx_buffer_add_text(body, ",\"body\":");
        flx_buffer_add_string(body, notification->text, strlen(notification->text));
    }
    flx_buffer_add_text(body, "},\"badge\":");
    flx_buffer_add_number(body, notification->badge);
    flx_buffer_add_text(body, ",\"sound\":\"default\",\"mutable-content\":1,\"thread-id\":");
    flx_buffer_add_string(body, notification->collapse, strlen(notification->collapse));
    flx_buffer_add_text(body, "}");
    start = body->length;
    push_notification_add_data(notification, body);
    if (!flx_buffer_failed(body)) {
        /* The data's members go on in the same object. */
        body->at[start] = ',';
    }
}

static void add_headers(const push_notification *notification, const char *topic, const char *token,
                        push_http_request *request)
{
    char value[PUSH_ANSWER_TOKEN];

    snprintf(value, sizeof value, "bearer %s", token);
    push_http_request_add(request, "authorization", value);
    push_http_request_add(request, "content-type", "application/json");
    push_http_request_add(request, "apns-push-type", "alert");
    push_http_request_add(request, "apns-topic", topic);
    push_http_request_add(request, "apns-id", notification->id);
    push_http_request_add(request, "apns-collapse-id", notification->collapse);
    snprintf(value, sizeof value, "%" PRId64, push_tokens_now() / 1000 + notification->lifetime);
    push_http_request_add(request, "apns-expiration", value);
    /* 5: when the device is awake anyway */
    push_http_request_add(request, "apns-priority",
                          strcmp(notification->message_type, "interaction") == 0 ? "5" : "10");
}

static int apns_build(void *state, const push_notification *notification,
                      push_http_request *request, push_verdict *verdict)
{
    apns *it = state;
    const char *topic = notification->app_id[0] != '\0' ? notification->app_id : it->topic;
    const char *token;

    if (!is_device(notification, topic, verdict)) {
        return -1;
    }
    token = token_now(it);
    if (token == NULL) {
        push_verdict_set(verdict, PUSH_VERDICT_RELEASED, "no token could be signed");
        return -1;
    }
    if (push_notification_fit(notification, &request->body, PAYLOAD_SIZE, add_payload) != 0) {
        push_verdict_set(verdict, PUSH_VERDICT_DEAD, "more than 4096 bytes");
        return -1;
    }
    add_headers(notification, topic, token, request);
    push_http_request_start(request, it->url);
    flx_buffer_add_text(&request->url, "/3/device/");
    flx_buffer_add_text(&request->url, notification->token);
    return 0;
}

/* What Apple says, where its status alone would be taken for something else. */
typedef struct meaning {
    const char *word;
    push_verdict_result result;
    int is_about_token;
    int64_t delay; /* at least */
} meaning;

static const meaning meanings[] = {
    { "BadDeviceToken", PUSH_VERDICT_GONE, 0, -1 },
    { "DeviceTokenNotForTopic", PUSH_VERDICT_GONE, 0, -1 },
    { "ExpiredToken", PUSH_VERDICT_GONE, 0, -1 },
    { "Unregistered", PUSH_VERDICT_GONE, 0, -1 },
    { "ExpiredProviderToken", PUSH_VERDICT_RETRY, 1, -1 },
    { "InvalidProviderToken", PUSH_VERDICT_RETRY, 1, -1 },
    { "MissingProviderToken", PUSH_VERDICT_RETRY, 1, -1 },
    { "TooManyProviderTokenUpdates", PUSH_VERDICT_RETRY, 0, SITE_DELAY },
    { "Forbidden", PUSH_VERDICT_DEAD, 0, -1 },
    { "IdleTimeout", PUSH_VERDICT_RETRY, 0, -1 },
};

static const meaning *find(int status, const char *word)
{
    /* Of the site's key, whatever the word; and an address that Apple does not know. */
    static const meaning forbidden = { "", PUSH_VERDICT_RETRY, 0, SITE_DELAY };
    static const meaning not_found = { "", PUSH_VERDICT_DEAD, 0, -1 };
    size_t i;

    for (i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (strcmp(meanings[i].word, word) == 0) {
            return &meanings[i];
        }
    }
    return status == 403 ? &forbidden : status == 404 ? &not_found : NULL;
}

static void apns_judge(void *state, const push_http_answer *answer, push_verdict *verdict)
{
    apns *it = state;
    char word[PUSH_ANSWER_WORD] = "";
    const meaning *found;

    push_verdict_by_status(verdict, answer);
    if (verdict->result == PUSH_VERDICT_SENT) {
        return;
    }
    push_provider_answer_apns(answer->body, answer->length, word);
    found = find(answer->status, word);
    if (found != NULL) {
        verdict->result = found->result;
        verdict->delay = found->delay > answer->retry_after ? found->delay : answer->retry_after;
    }
    snprintf(verdict->reason, sizeof verdict->reason, "HTTP %d%s%s", answer->status,
             word[0] != '\0' ? " " : "", word);
    if (found != NULL && found->is_about_token) {
        flx_time now = push_tokens_now();

        if (now - it->refused_at >= FORCED_TIME || now < it->refused_at) {
            it->is_refused = 1;
            it->refused_at = now;
        }
    }
}

const push_provider push_provider_apns = {
    .name = "apns",
    .read = apns_read,
    .free = apns_free,
    .build = apns_build,
    .judge = apns_judge,
};
