/* SPDX-License-Identifier: Apache-2.0 */
/* Firebase Cloud Messaging, HTTP v1: a notification as Google takes it, and what Google's answers mean. */
#include "provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcm_account.h"
#include "flx_json_scan.h"
#include "provider_answer.h"

#define MESSAGE_SIZE 4096 /* Google's limit for what is shown and data together */

/* How long to wait at least where Google says that there are too many, or that it is the site that is wrong, no single push. */
#define SITE_DELAY (60 * INT64_C(1000))

typedef struct fcm {
    push_fcm_account *account;
    char *url;
} fcm;

static void fcm_free(void *state)
{
    fcm *it = state;

    if (it == NULL) {
        return;
    }
    push_fcm_account_free(it->account);
    free(it->url);
    free(it);
}

static void *fcm_read(const push_settings *settings, char *why, size_t size)
{
    char fault[PUSH_REASON];
    fcm *it;

    why[0] = '\0';
    if (settings->fcm_key_file[0] == '\0') {
        return NULL;
    }
    it = calloc(1, sizeof *it);
    if (it == NULL) {
        snprintf(why, size, "no memory for fcm_key_file");
        return NULL;
    }
    it->account = push_fcm_account_read(settings->fcm_key_file, fault, sizeof fault);
    if (it->account == NULL) {
        snprintf(why, size, "fcm_key_file \"%s\": %s", settings->fcm_key_file, fault);
        fcm_free(it);
        return NULL;
    }
    it->url = strdup(settings->fcm_url);
    if (it->url == NULL) {
        snprintf(why, size, "no memory for fcm_url");
        fcm_free(it);
        return NULL;
    }
    return it;
}

static int fcm_prepare(void *state, struct push_http_client *client, push_provider_changed *changed,
                       void *data)
{
    fcm *it = state;

    return push_fcm_account_prepare(it->account, client, changed, data);
}

typedef struct strings {
    flx_buffer *buffer;
    int count;
} strings;

/* A member of the data, as Google takes it: texts alone, and none by a name of Google's own. */
static void add_string(void *baton, const flx_json_member *member)
{
    strings *out = baton;
    int is_text = member->value.at[0] == '"';

    flx_buffer_add_text(out->buffer, out->count++ > 0 ? ",\"" : "\"");
    if (flx_json_key_is(member->key, "message_type")) {
        flx_buffer_add_text(out->buffer, "type");
    }
    else {
        flx_buffer_add(out->buffer, member->key.at, member->key.length);
    }
    flx_buffer_add_text(out->buffer, is_text ? "\":" : "\":\"");
    flx_buffer_add(out->buffer, member->value.at, member->value.length);
    flx_buffer_add_text(out->buffer, is_text ? "" : "\"");
}

static void add_data(const push_notification *notification, flx_buffer *buffer)
{
    strings out = { buffer, 0 };
    flx_buffer data;

    flx_buffer_init(&data, MESSAGE_SIZE);
    push_notification_add_data(notification, &data);
    flx_buffer_add_text(buffer, ",\"data\":{");
    if (flx_buffer_failed(&data) ||
        flx_json_scan(data.at, data.length, add_string, &out, NULL) != FLX_JSON_FINE) {
        buffer->failed = 1;
    }
    flx_buffer_add_text(buffer, "}");
    flx_buffer_free(&data);
}

/* What counts as size. */
static void add_content(const push_notification *notification, flx_buffer *buffer)
{
    flx_buffer_add_text(buffer, "\"notification\":{\"title\":");
    flx_buffer_add_string(buffer, notification->title, strlen(notification->title));
    if (notification->text != NULL) {
        flx_buffer_add_text(buffer, ",\"body\":");
        flx_buffer_add_string(buffer, notification->text, strlen(notification->text));
    }
    flx_buffer_add_text(buffer, "}");
    add_data(notification, buffer);
}

/* What the systems that Google passes it on to are to do with it. */
static void add_systems(const push_notification *notification, flx_buffer *body)
{
    const char *collapse = notification->collapse;
    int is_urgent = strcmp(notification->message_type, "interaction") != 0;

    flx_buffer_add_text(body, ",\"android\":{\"collapse_key\":\"");
    flx_buffer_add_text(body, collapse);
    flx_buffer_add_text(body, "\",\"ttl\":\"");
    flx_buffer_add_number(body, notification->lifetime);
    flx_buffer_add_text(body, "s\",\"priority\":\"");
    flx_buffer_add_text(body, is_urgent ? "high" : "normal");
    flx_buffer_add_text(body, "\",\"notification\":{\"tag\":\"");
    flx_buffer_add_text(body, collapse);
    flx_buffer_add_text(body, "\"}},\"apns\":{\"headers\":{\"apns-collapse-id\":\"");
    flx_buffer_add_text(body, collapse);
    flx_buffer_add_text(body, "\",\"apns-priority\":\"");
    flx_buffer_add_text(body, is_urgent ? "10" : "5");
    flx_buffer_add_text(body, "\"},\"payload\":{\"aps\":{\"badge\":");
    flx_buffer_add_number(body, notification->badge);
    flx_buffer_add_text(body, ",\"sound\":\"default\",\"mutable-content\":1,\"thread-id\":\"");
    flx_buffer_add_text(body, collapse);
    flx_buffer_add_text(body, "\"}}}");
}

static int fcm_build(void *state, const push_notification *notification, push_http_request *request,
                     push_verdict *verdict)
{
    fcm *it = state;
    const char *token = push_fcm_account_token(it->account);
    char authorization[PUSH_ANSWER_TOKEN + sizeof "Bearer "];
    flx_buffer content;

    if (token == NULL) {
        push_verdict_set(verdict, PUSH_VERDICT_RELEASED, "no access token");
        return -1;
    }
    flx_buffer_init(&content, MESSAGE_SIZE);
    if (push_notification_fit(notification, &content, MESSAGE_SIZE, add_content) != 0) {
        push_verdict_set(verdict, PUSH_VERDICT_DEAD, "more than 4096 bytes");
        flx_buffer_free(&content);
        return -1;
    }
    push_http_request_start(request, it->url);
    flx_buffer_add_text(&request->url, "/v1/projects/");
    flx_buffer_add_text(&request->url, push_fcm_account_project(it->account));
    flx_buffer_add_text(&request->url, "/messages:send");
    snprintf(authorization, sizeof authorization, "Bearer %s", token);
    push_http_request_add(request, "authorization", authorization);
    explicit_bzero(authorization, sizeof authorization);
    push_http_request_add(request, "content-type", "application/json");
    flx_buffer_add_text(&request->body, "{\"message\":{\"token\":");
    flx_buffer_add_string(&request->body, notification->token, strlen(notification->token));
    flx_buffer_add_text(&request->body, ",");
    flx_buffer_add(&request->body, content.at, content.length);
    add_systems(notification, &request->body);
    flx_buffer_add_text(&request->body, "}}");
    flx_buffer_free(&content);
    return 0;
}

typedef struct meaning {
    const char *word;
    push_verdict_result result;
    int64_t delay; /* at least */
} meaning;

/* Google's error codes, where the status alone would be taken for something else. */
static const meaning meanings[] = {
    { "UNREGISTERED", PUSH_VERDICT_GONE, -1 },
    { "SENDER_ID_MISMATCH", PUSH_VERDICT_GONE, -1 },
    { "QUOTA_EXCEEDED", PUSH_VERDICT_RETRY, SITE_DELAY },
};

static const meaning *find(int status, int is_code, const char *word)
{
    /* The token that this is sent with; the account; and a project or address that Google does not know: never the device. */
    static const meaning unauthorized = { "", PUSH_VERDICT_RETRY, -1 };
    static const meaning forbidden = { "", PUSH_VERDICT_RETRY, SITE_DELAY };
    static const meaning not_found = { "", PUSH_VERDICT_DEAD, -1 };
    size_t i;

    for (i = 0; is_code && i < sizeof meanings / sizeof meanings[0]; i++) {
        if (strcmp(meanings[i].word, word) == 0) {
            return &meanings[i];
        }
    }
    return status == 401   ? &unauthorized
           : status == 403 ? &forbidden
           : status == 404 ? &not_found
                           : NULL;
}

static void fcm_judge(void *state, const push_http_answer *answer, push_verdict *verdict)
{
    fcm *it = state;
    char word[PUSH_ANSWER_WORD] = "";
    const meaning *found;
    int is_code;

    push_verdict_by_status(verdict, answer);
    if (verdict->result == PUSH_VERDICT_SENT) {
        return;
    }
    is_code = push_provider_answer_fcm(answer->body, answer->length, word);
    found = find(answer->status, is_code, word);
    if (found != NULL) {
        verdict->result = found->result;
        /* Google's own wish counts, if there is one. */
        verdict->delay = answer->retry_after >= 0 ? answer->retry_after : found->delay;
    }
    if (answer->status == 401) {
        /* With that code it is what Google in turn has for Apple or a browser, in all likelihood. */
        push_fcm_account_refused(it->account,
                                 !is_code || strcmp(word, "THIRD_PARTY_AUTH_ERROR") != 0);
    }
    snprintf(verdict->reason, sizeof verdict->reason, "HTTP %d%s%s", answer->status,
             word[0] != '\0' ? " " : "", word);
}

const push_provider push_provider_fcm = {
    .name = "fcm",
    .read = fcm_read,
    .free = fcm_free,
    .prepare = fcm_prepare,
    .build = fcm_build,
    .judge = fcm_judge,
};
