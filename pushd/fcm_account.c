/* SPDX-License-Identifier: Apache-2.0 */
/* A service account of Google's: the file with its key, and the access tokens that its key is good for. */
#include "fcm_account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flx_json_scan.h"
#include "key_file.h"
#include "log.h"
#include "provider_answer.h"
#include "settings_value.h"
#include "signer.h"
#include "tokens.h"

#define FILE_LENGTH 16384
#define TEXT_LENGTH 1024
#define SCOPE       "https://www.googleapis.com/auth/firebase.messaging"
#define GRANT       "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"

#define SECOND      INT64_C(1000)
#define RENEWAL_TIME                                                                               \
    (300 * SECOND) /* before its end a token is replaced, beside what is sent with it */
#define LAST_TIME                                                                                  \
    (10 * SECOND) /* before its end it is not used any more: requests take their time */
#define FORCED_TIME   (60 * SECOND)
#define FIRST_BACKOFF (1 * SECOND)
#define LAST_BACKOFF  (60 * SECOND)

/* A request for a token, which may outlive its account. */
typedef struct asking {
    push_fcm_account *account; /* NULL: it is gone */
} asking;

struct push_fcm_account {
    push_signer *signer;
    char *email;
    char *project;
    char *key_id; /* NULL: the file does not say */
    char *token_uri;
    /* the access token; "": none */
    char token[PUSH_ANSWER_TOKEN];
    flx_time renewed_from;
    flx_time used_until;
    flx_time refused_at;
    /* getting one */
    asking *asking;
    flx_time failed_at;
    flx_time waits_until;
    int64_t backoff; /* 0: the last one came */
    void (*changed)(void *data);
    void *data;
};

void push_fcm_account_free(push_fcm_account *account)
{
    if (account == NULL) {
        return;
    }
    if (account->asking != NULL) {
        account->asking->account = NULL;
    }
    push_signer_free(account->signer);
    free(account->email);
    free(account->project);
    free(account->key_id);
    free(account->token_uri);
    explicit_bzero(account->token, sizeof account->token);
    free(account);
}

/* -- The file ---------------------------------------------------------------------------------------- */

/* A copy of a string of visible characters; NULL if it is something else. */
static char *copy_text(flx_slice value)
{
    char text[TEXT_LENGTH];
    size_t length;
    size_t i;

    if (value.at == NULL || flx_json_text(value, text, sizeof text - 1, &length) != 0 ||
        length == 0) {
        return NULL;
    }
    for (i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return NULL;
        }
    }
    text[length] = '\0';
    return strdup(text);
}

static push_signer *read_key(flx_slice value, char *why, size_t size)
{
    push_signer *signer = NULL;
    char pem[FILE_LENGTH];
    size_t length;

    if (value.at == NULL || flx_json_text(value, pem, sizeof pem, &length) != 0) {
        snprintf(why, size, "has no private_key");
    }
    else {
        signer = push_signer_from_pem(pem, length, PUSH_SIGNER_RS256, why, size);
    }
    explicit_bzero(pem, sizeof pem);
    return signer;
}

/* Whether a name can stand in a path as it is. */
static int is_project(const char *name)
{
    return name[strspn(name,
                       "-:.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] ==
               '\0' &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Returns 0, or -1 with what is wrong. */
static int read_members(push_fcm_account *account, const char *text, size_t length, char *why,
                        size_t size)
{
    static const char *const names[] = { "client_email", "project_id", "token_uri",
                                         "private_key_id", "private_key" };
    flx_slice values[sizeof names / sizeof names[0]];
    char **const members[] = { &account->email, &account->project, &account->token_uri };
    size_t i;

    if (flx_json_pick(text, length, names, values, sizeof names / sizeof names[0]) !=
        FLX_JSON_FINE) {
        snprintf(why, size, "is not JSON");
        return -1;
    }
    for (i = 0; i < sizeof members / sizeof members[0]; i++) {
        *members[i] = copy_text(values[i]);
        if (*members[i] == NULL) {
            snprintf(why, size, "has no %s, or none of a service account", names[i]);
            return -1;
        }
    }
    account->key_id = copy_text(values[3]);
    if (!is_project(account->project)) {
        snprintf(why, size, "has a project_id with other characters than letters, digits and -:.");
        return -1;
    }
    if (!push_settings_value_is_good(PUSH_SETTING_URL, account->token_uri)) {
        snprintf(why, size, "has a token_uri that is no https: URL");
        return -1;
    }
    account->signer = read_key(values[4], why, size);
    return account->signer != NULL ? 0 : -1;
}

push_fcm_account *push_fcm_account_read(const char *path, char *why, size_t size)
{
    push_fcm_account *account = calloc(1, sizeof *account);
    const char *fault;
    size_t length;
    char *text;

    if (account == NULL) {
        snprintf(why, size, "no memory");
        return NULL;
    }
    fault = push_key_file_read(path, FILE_LENGTH, PUSH_KEY_FILE_SECRET, &text, &length);
    if (fault != NULL) {
        snprintf(why, size, "%s", fault);
    }
    if (fault != NULL || read_members(account, text, length, why, size) != 0) {
        push_fcm_account_free(account);
        account = NULL;
    }
    push_key_file_forget(text, length);
    return account;
}

const char *push_fcm_account_project(const push_fcm_account *account)
{
    return account->project;
}

/* -- Access tokens ----------------------------------------------------------------------------------- */

const char *push_fcm_account_token(const push_fcm_account *account)
{
    return account->token[0] != '\0' && push_tokens_now() < account->used_until ? account->token
                                                                                : NULL;
}

static void tell(push_fcm_account *account)
{
    void (*changed)(void *data) = account->changed;

    account->changed = NULL;
    if (changed != NULL) {
        changed(account->data);
    }
}

static void fail(push_fcm_account *account, const char *why, int64_t delay)
{
    flx_time now = push_tokens_now();

    /* One line for however many times in a row. */
    if (account->backoff == 0) {
        push_log(PUSH_LOG_WARNING, "FLX1460: no access token for FCM: %s", why);
    }
    account->backoff = account->backoff == 0 ? FIRST_BACKOFF : account->backoff * 2;
    if (account->backoff > LAST_BACKOFF) {
        account->backoff = LAST_BACKOFF;
    }
    account->failed_at = now;
    account->waits_until = now + (delay > account->backoff ? delay : account->backoff);
}

static void take(push_fcm_account *account, const push_http_answer *answer)
{
    char token[PUSH_ANSWER_TOKEN];
    char word[PUSH_ANSWER_WORD];
    char why[PUSH_ANSWER_WORD + sizeof "HTTP -2147483648 "];
    int64_t seconds;

    if (answer->status == 0) {
        fail(account, answer->why, -1);
    }
    else if (!push_provider_answer_token(answer->body, answer->length, token, &seconds, word) ||
             answer->status != 200) {
        snprintf(why, sizeof why, "HTTP %d%s%s", answer->status, word[0] != '\0' ? " " : "", word);
        fail(account, why, answer->retry_after);
    }
    else {
        int64_t time = seconds * SECOND;
        flx_time now = push_tokens_now();

        if (account->backoff > 0) {
            push_log(PUSH_LOG_INFO, "FLX1461: there is an access token for FCM again");
        }
        account->backoff = 0;
        account->renewed_from = now + time - (time / 2 < RENEWAL_TIME ? time / 2 : RENEWAL_TIME);
        account->used_until = now + time - (time / 10 < LAST_TIME ? time / 10 : LAST_TIME);
        memcpy(account->token, token, sizeof token);
    }
    explicit_bzero(token, sizeof token);
}

static void on_answer(void *data, const push_http_answer *answer)
{
    asking *asked = data;
    push_fcm_account *account = asked->account;

    free(asked);
    if (account == NULL) {
        return;
    }
    account->asking = NULL;
    take(account, answer);
    tell(account);
}

/* The assertion of RFC 7523, signed; NULL if there is no memory. */
static char *make_assertion(const push_fcm_account *account)
{
    int64_t now = push_tokens_now() / SECOND;
    char *assertion = NULL;
    flx_buffer claims;

    flx_buffer_init(&claims, 8UL * TEXT_LENGTH);
    flx_buffer_add_text(&claims, "{\"iss\":");
    flx_buffer_add_string(&claims, account->email, strlen(account->email));
    flx_buffer_add_text(&claims, ",\"scope\":\"" SCOPE "\",\"aud\":");
    flx_buffer_add_string(&claims, account->token_uri, strlen(account->token_uri));
    flx_buffer_add_text(&claims, ",\"iat\":");
    flx_buffer_add_number(&claims, now);
    flx_buffer_add_text(&claims, ",\"exp\":");
    flx_buffer_add_number(&claims, now + 3600);
    flx_buffer_add(&claims, "}", sizeof "}");
    if (!flx_buffer_failed(&claims)) {
        assertion = push_signer_sign(account->signer, account->key_id, claims.at);
    }
    flx_buffer_free(&claims);
    return assertion;
}

/* Returns 0, or -1 if there is no memory. */
static int ask(push_fcm_account *account, struct push_http_client *client)
{
    asking *asked = malloc(sizeof *asked);
    char *assertion = make_assertion(account);
    push_http_request request;
    int sent = -1;

    push_http_request_init(&request);
    if (asked != NULL && assertion != NULL) {
        asked->account = account;
        flx_buffer_add_text(&request.url, account->token_uri);
        push_http_request_add(&request, "content-type", "application/x-www-form-urlencoded");
        flx_buffer_add_text(&request.body, "grant_type=" GRANT "&assertion=");
        flx_buffer_add_text(&request.body, assertion);
        sent = push_http_client_send(client, &request, on_answer, asked);
    }
    push_http_request_free(&request);
    free(assertion);
    if (sent != 0) {
        free(asked);
        return -1;
    }
    account->asking = asked;
    return 0;
}

/* Whether it has not failed just now. A wait from before the clock was put back would be as much longer, and a wrong clock may be why it failed. */
static int may_ask(const push_fcm_account *account, flx_time now)
{
    return account->asking == NULL && (now >= account->waits_until || now < account->failed_at);
}

int push_fcm_account_prepare(push_fcm_account *account, struct push_http_client *client,
                             void (*changed)(void *data), void *data)
{
    int is_ready = push_fcm_account_token(account) != NULL;
    flx_time now = push_tokens_now();

    account->changed = is_ready ? NULL : changed;
    account->data = data;
    if (may_ask(account, now) && (!is_ready || now >= account->renewed_from) &&
        ask(account, client) != 0) {
        fail(account, "no memory", -1);
    }
    return is_ready;
}

void push_fcm_account_refused(push_fcm_account *account, int is_certain)
{
    flx_time now = push_tokens_now();

    if (now - account->refused_at >= FORCED_TIME || now < account->refused_at) {
        account->renewed_from = now;
        account->refused_at = now;
        if (is_certain) {
            account->token[0] = '\0';
        }
    }
}
