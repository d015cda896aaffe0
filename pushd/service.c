/* SPDX-License-Identifier: Apache-2.0 */
/* One push service as this daemon uses it: claims what is due, sends it, and says what came of it. */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "destinations.h"
#include "flx_array.h"
#include "flx_result.h"
#include "flx_statement_push.h"
#include "presence.h"
#include "providers.h"
#include "server.h"
#include "service_log.h"

/* Milliseconds: how long nobody looks at most, and at least; until a claim that failed is tried again; how long a few free requests wait for
 * more, so that a claim is worth its while. */
#define IDLE     1000
#define LEAST    20
#define AGAIN    500
#define TOGETHER 50

/* After so many failures without a success between them the service is asked with a few pushes at a time, with a pause before them (ms), rather
 * than to try all that wait. Where devices name the server that is for each of them: who hangs is not to take the place of the others. */
#define FAILURES    20
#define PROBE_PART  10 /* of provider_requests */
#define PROBE_LEAST 4
#define PAUSE_LEAST 500
#define PAUSE_MOST  5000

/* How much longer a claim lasts than its request: what a daemon that died had claimed waits for that at most. */
#define CLAIM_SLACK  20000

#define BUSY_LIMIT   65536
#define REQUEST_PART 4 /* of provider_requests, that one destination may have */

struct push_service {
    struct push_server *server;
    int number;
    push_settle *settle;
    struct push_http_client *client; /* NULL until there is something to send */
    push_call *call;                 /* a claim that is under way */
    int limit;                       /* of that claim */
    int in_flight;
    push_destinations destinations;
    int is_hurried; /* there is more than that claim may have seen */
    uint64_t due;   /* when to claim next; this and what follows in uv_now's time */
    uint64_t claimed;
    int failures; /* without a success between them */
    uint64_t pause;
    uint64_t pause_until;
    push_service_log log;
    int is_stopping;
    void (*changed)(void *data);
    void *data;
    void (*closed)(void *data);
    void *closed_data;
};

/* A push that is under way, with what it was made with. */
typedef struct attempt {
    push_service *service;
    struct push_providers *providers;
    const push_provider *provider;
    void *state;
    push_destination *destination;
    char push_id[FLX_UUID_TEXT + 1];
    char device_id[FLX_UUID_TEXT + 1];
} attempt;

static uint64_t now_of(const push_service *service)
{
    return uv_now(service->server->loop);
}

/* -- What came of it --------------------------------------------------------------------------------- */

static void count(push_service *service, const push_verdict *verdict)
{
    push_metrics *metrics = &service->server->metrics;

    switch (verdict->result) {
    case PUSH_VERDICT_SENT:
        metrics->pushes_sent_total++;
        metrics->provider_sent_total[service->number]++;
        break;
    case PUSH_VERDICT_RETRY:
        metrics->pushes_failed_total++;
        metrics->provider_failed_total[service->number]++;
        break;
    case PUSH_VERDICT_DEAD:
        metrics->pushes_dead_total++;
        break;
    case PUSH_VERDICT_GONE:
        metrics->pushes_gone_total++;
        break;
    case PUSH_VERDICT_RELEASED:
        break;
    }
}

/* Whether the service itself works, which is judged by what it answers. */
static void note_health(push_service *service, const push_verdict *verdict)
{
    uint64_t now = now_of(service);

    if (verdict->result == PUSH_VERDICT_RELEASED) {
        return;
    }
    if (verdict->result != PUSH_VERDICT_RETRY) {
        if (service->failures >= FAILURES) {
            service->due = now; /* what had no place is not to wait until it is looked for anyway */
        }
        service->failures = 0;
        service->pause = 0;
        service->pause_until = 0;
        return;
    }
    service->failures++;
    if (service->failures >= FAILURES && now >= service->pause_until) {
        service->pause = service->pause == 0 ? PAUSE_LEAST : 2 * service->pause;
        if (service->pause > PAUSE_MOST) {
            service->pause = PAUSE_MOST;
        }
        service->pause_until = now + service->pause;
    }
}

static void conclude(push_service *service, const char *push_id, const char *device_id,
                     const push_verdict *verdict)
{
    count(service, verdict);
    push_service_log_note(&service->log, now_of(service), push_id, device_id, verdict);
    push_settle_add(service->settle, push_id, verdict);
}

/* How many requests may be under way to one server. */
static int most_at_one(const push_service *service)
{
    int most = (int)service->server->settings->provider_requests / REQUEST_PART;

    if (service->failures >= FAILURES) {
        most /= PROBE_PART;
    }
    return most > 0 ? most : 1;
}

static void free_attempt(attempt *old)
{
    push_service *service = old->service;

    if (push_destinations_leave(&service->destinations, old->destination, most_at_one(service))) {
        /* what goes there was left out of the last claim, and of what that said of the next one */
        push_service_hurry(service);
    }
    push_providers_free(old->providers);
    free(old);
}

static void on_answer(void *data, const push_http_answer *answer)
{
    attempt *made = data;
    push_service *service = made->service;
    push_verdict verdict;

    service->in_flight--;
    service->server->metrics.pushes_in_flight--;
    service->server->metrics.provider_in_flight[service->number]--;
    if (answer->status != 0) {
        made->provider->judge(made->state, answer, &verdict);
    }
    else {
        push_verdict_set(&verdict,
                         service->closed != NULL ? PUSH_VERDICT_RELEASED : PUSH_VERDICT_RETRY,
                         answer->why);
    }
    note_health(service, &verdict);
    conclude(service, made->push_id, made->device_id, &verdict);
    free_attempt(made);
    service->changed(service->data);
}

/* -- Sending ----------------------------------------------------------------------------------------- */

static struct push_http_client *client_of(push_service *service)
{
    if (service->client == NULL) {
        service->client = push_http_client_open(service->server);
    }
    return service->client;
}

/* Builds and sends. Returns 0; or -1 with a verdict. */
static int send_attempt(attempt *new, const push_notification *notification, push_verdict *verdict)
{
    push_service *service = new->service;
    struct push_http_client *client = client_of(service);
    push_http_request request;
    int failed;

    push_http_request_init(&request);
    failed = new->provider->build(new->state, notification, &request, verdict);
    if (!failed &&
        (client == NULL || push_http_client_send(client, &request, on_answer, new) != 0)) {
        push_verdict_set(verdict, PUSH_VERDICT_RELEASED, "no memory");
        failed = -1;
    }
    push_http_request_free(&request);
    return failed;
}

static attempt *make_attempt(push_service *service, const push_notification *notification,
                             flx_slice destination)
{
    attempt *new = calloc(1, sizeof *new);

    if (new != NULL) {
        new->service = service;
        new->providers = push_providers_share(service->server->providers);
        new->provider = push_providers_get(new->providers, service->number, &new->state);
        new->destination = push_destinations_enter(&service->destinations, destination);
        memcpy(new->push_id, notification->id, sizeof new->push_id);
        memcpy(new->device_id, notification->device_id, sizeof new->device_id);
    }
    return new;
}

/* Begins a push that was claimed. Returns 0; or -1 with a verdict. */
static int begin(push_service *service, const push_notification *notification,
                 flx_slice destination, push_verdict *verdict)
{
    attempt *new;

    if (service->is_stopping) {
        push_verdict_set(verdict, PUSH_VERDICT_RELEASED, "the daemon is ending");
        return -1;
    }
    new = make_attempt(service, notification, destination);
    if (new == NULL || new->provider == NULL) {
        push_verdict_set(verdict, PUSH_VERDICT_RELEASED,
                         new == NULL ? "no memory" : "not configured");
    }
    else if (send_attempt(new, notification, verdict) == 0) {
        service->in_flight++;
        service->server->metrics.pushes_in_flight++;
        service->server->metrics.provider_in_flight[service->number]++;
        service->server->metrics.provider_requests_total[service->number]++;
        return 0;
    }
    if (new != NULL) {
        free_attempt(new);
    }
    return -1;
}

static void take_row(push_service *service, const PGresult *result, int row)
{
    flx_uuid id = flx_value_uuid(flx_result_get(result, row, "push_id"));
    char push_id[FLX_UUID_TEXT + 1] = "";
    push_notification notification;
    push_verdict verdict;

    if (push_notification_read(&notification, result, row,
                               service->server->settings->notification_text) != 0) {
        flx_uuid_write(&id, push_id);
        push_verdict_set(&verdict, PUSH_VERDICT_RELEASED, "no memory");
        conclude(service, push_id, "", &verdict);
        return;
    }
    if (begin(service, &notification, flx_result_get(result, row, "destination"), &verdict) != 0) {
        conclude(service, notification.id, notification.device_id, &verdict);
    }
    push_notification_free(&notification);
}

/* -- Claiming ---------------------------------------------------------------------------------------- */

static void on_claimed(void *data, const push_answer *said)
{
    push_service *service = data;
    flx_value next;
    int64_t wait = IDLE;

    service->call = NULL;
    if (said->result == NULL) {
        service->due = now_of(service) + AGAIN;
        service->changed(service->data);
        return;
    }
    next = flx_result_get(said->result, 0, "next_in_ms");
    if (next.at != NULL && flx_value_int(next) < IDLE) {
        wait = flx_value_int(next) > LEAST ? flx_value_int(next) : LEAST;
    }
    if (service->is_hurried ||
        flx_value_int(flx_result_get(said->result, 0, "looked_at")) >= service->limit) {
        wait = 0;
    }
    service->due = now_of(service) + (uint64_t)wait;
    /* the first is the head */
    for (int row = 1; row < PQntuples(said->result); row++) {
        take_row(service, said->result, row);
    }
    service->changed(service->data);
}

static void ask_claim(push_service *service, const push_provider *provider, const char *busy)
{
    int64_t claim = service->server->settings->provider_timeout + CLAIM_SLACK;
    char limit[20], time[40];
    const char *const values[] = { push_presence_daemon_id(service->server->presence),
                                   provider->name, limit, busy, time };

    snprintf(limit, sizeof limit, "%d", service->limit);
    snprintf(time, sizeof time, "%lld milliseconds", (long long)claim);
    service->claimed = now_of(service);
    service->is_hurried = 0;
    service->call =
        push_database_call(service->server->database, PUSH_LANE_NOTIFY, &flx_statement_claim_pushes,
                           NULL, values, on_claimed, service);
    if (service->call == NULL) {
        service->due = service->claimed + AGAIN;
    }
}

/* How many pushes to claim now; busy is the array of the destinations that are to have none. */
static int room_for(const push_service *service, const push_provider *provider, flx_buffer *busy)
{
    int requests = (int)service->server->settings->provider_requests;
    int room = requests - service->in_flight, most;

    if (strcmp(provider->name, "web_push") == 0) {
        most = push_destinations_room(&service->destinations, most_at_one(service), busy);
        room = most < room ? most : room;
    }
    else if (service->failures >= FAILURES) {
        most = requests / PROBE_PART > PROBE_LEAST ? requests / PROBE_PART : PROBE_LEAST;
        most -= service->in_flight;
        room = most < room ? most : room;
    }
    return room > 0 ? room : 0;
}

static uint64_t go_on(push_service *service, const push_provider *provider, void *state,
                      flx_buffer *busy)
{
    uint64_t now = now_of(service);

    flx_array_begin(busy, BUSY_LIMIT);
    service->limit = room_for(service, provider, busy);
    flx_array_end(busy);
    if (service->limit == 0) {
        return PUSH_SERVICE_NEVER; /* an answer will come */
    }
    if (service->limit < most_at_one(service) && service->in_flight > 0 &&
        now < service->claimed + TOGETHER) {
        /* a few more may be free by then */
        return service->claimed + TOGETHER;
    }
    if (client_of(service) == NULL || flx_buffer_failed(busy)) {
        return now + IDLE;
    }
    if (provider->prepare != NULL &&
        !provider->prepare(state, service->client, service->changed, service->data)) {
        return now + IDLE;
    }
    ask_claim(service, provider, busy->at);
    return service->call != NULL ? PUSH_SERVICE_NEVER : service->due;
}

uint64_t push_service_go_on(push_service *service)
{
    const push_provider *provider;
    uint64_t due = service->due, next;
    flx_buffer busy;
    void *state;

    provider = push_providers_get(service->server->providers, service->number, &state);
    if (provider == NULL || service->call != NULL || service->is_stopping ||
        push_settle_is_in_doubt(service->settle)) {
        return PUSH_SERVICE_NEVER;
    }
    if (service->pause_until > due) {
        due = service->pause_until;
    }
    if (now_of(service) < due) {
        return due;
    }
    next = go_on(service, provider, state, &busy);
    flx_buffer_free(&busy);
    return next;
}

void push_service_hurry(push_service *service)
{
    service->due = now_of(service);
    service->is_hurried = 1;
}

/* -- Beginning and end ------------------------------------------------------------------------------- */

push_service *push_service_open(struct push_server *server, int number, push_settle *settle,
                                void (*changed)(void *data), void *data)
{
    push_service *service = calloc(1, sizeof *service);

    if (service != NULL) {
        service->server = server;
        service->number = number;
        service->settle = settle;
        service->changed = changed;
        service->data = data;
        push_service_log_init(&service->log, number);
    }
    return service;
}

void push_service_stop(push_service *service)
{
    service->is_stopping = 1;
}

int push_service_is_idle(const push_service *service)
{
    return service->in_flight == 0 && service->call == NULL;
}

static void on_client_closed(void *data)
{
    push_service *service = data;

    service->closed(service->closed_data);
    free(service);
}

void push_service_close(push_service *service, void (*closed)(void *data), void *data)
{
    service->is_stopping = 1;
    service->closed = closed;
    service->closed_data = data;
    if (service->call != NULL) {
        push_call_forget(service->call);
        service->call = NULL;
    }
    if (service->client != NULL) {
        push_http_client_close(service->client, on_client_closed, service);
    }
    else {
        on_client_closed(service);
    }
}
