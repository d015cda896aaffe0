/* SPDX-License-Identifier: Apache-2.0 */
/* What a push service is to the notifier: a table of functions, one file for each service. */
#ifndef PUSH_PROVIDER_H
#define PUSH_PROVIDER_H

#include "http_client.h"
#include "notification.h"
#include "settings.h"

#define PUSH_REASON 160

/* flixim.push_result */
typedef enum push_verdict_result {
    PUSH_VERDICT_SENT,
    PUSH_VERDICT_RETRY,   /* later */
    PUSH_VERDICT_DEAD,    /* this push will never do */
    PUSH_VERDICT_GONE,    /* the device is no more */
    PUSH_VERDICT_RELEASED /* not tried: it counts as no try */
} push_verdict_result;

typedef struct push_verdict {
    push_verdict_result result;
    /* RETRY, RELEASED: milliseconds to wait at least; -1: as the schema backs off */
    int64_t delay;
    /* what was met, in a few words for the database and the log: never a token, a key, a URL or a text; "" if it was sent */
    char reason[PUSH_REASON];
} push_verdict;

/* Called when a provider that was not ready is, or has given up for now. */
typedef void push_provider_changed(void *data);

typedef struct push_provider {
    /* as flixim.push_provider has it */
    const char *name;
    /* Reads its settings and keys. Returns its state; or NULL, with why "" if it is not configured, else with what is wrong: a sentence that
     * names file and setting, in a buffer of the given size. */
    void *(*read)(const push_settings *settings, char *why, size_t size);
    void (*free)(void *state);
    /* Whether build can be called now. If not, it has begun to get what it lacks over client, or waits a while after it failed; changed is called
     * once after that, unless there is another call of prepare before. NULL: always ready. free() forgets changed. */
    int (*prepare)(void *state, struct push_http_client *client, push_provider_changed *changed,
                   void *data);
    /* Fills in an empty request. Returns 0; or -1 with a verdict, where the push cannot be made. */
    int (*build)(void *state, const push_notification *notification, push_http_request *request,
                 push_verdict *verdict);
    /* What an answer means; one without a status is judged by the notifier (RETRY). */
    void (*judge)(void *state, const push_http_answer *answer, push_verdict *verdict);
    /* The site's public key, which clients subscribe with (beat publishes it); it lives as long as the state. NULL: the service has none. */
    const char *(*public_key)(void *state);
} push_provider;

extern const push_provider push_provider_web_push;
extern const push_provider push_provider_apns;
extern const push_provider push_provider_fcm;
extern const push_provider push_provider_webhook;

/* A verdict with its reason. */
void push_verdict_set(push_verdict *verdict, push_verdict_result result, const char *reason)
    __attribute__((nonnull));

/* What most services mean: 2xx sent; 404 and 410 gone; 408, 429 and 5xx later, after Retry-After if there is one; else dead. reason is
 * "HTTP 429" and the like. */
void push_verdict_by_status(push_verdict *verdict, const push_http_answer *answer);

#endif
