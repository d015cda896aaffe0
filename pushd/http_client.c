/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to servers outside, which never block the loop: libcurl's multi interface on libuv, HTTP/2 where the server has it. */
#include "http_client.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "http_multi.h"
#include "log.h"
#include "providers.h"
#include "server.h"
#include "trust.h"

#define BODY_LIMIT (64UL * 1024) /* as much of an answer as is looked at */

#define DAY        (24LL * 60 * 60 * 1000)

/* Connections that are kept when they are idle. */
#define IDLE 32L

/* Probes on a connection that is idle (s), so that one that leads nowhere any more is not used again. */
#define KEEP_ALIVE 30L

/* How long after its time a request is ended although libcurl has not (ms). */
#define SLACK 500

/* Connections, and the requests that go over them. After a timeout new requests get new connections: one whose other end does not answer any more
 * is as good as new to libcurl, and would be used for the next requests until TCP gives it up. */
typedef struct generation {
    struct push_http_client *client;
    push_http_multi *multi;
    struct x509_store_st *trust;
    int requests;
} generation;

typedef struct call {
    struct call *next;
    struct call *previous;
    generation *in;
    CURL *easy;
    struct curl_slist *headers;
    flx_buffer body; /* of the answer */

    uint64_t deadline; /* in uv_now's time */
    push_http_done *done;
    void *data;
} call;

struct push_http_client {
    struct push_server *server;
    generation *current; /* NULL: the next request makes one */
    uint64_t renewed;    /* when the one before was given up; in uv_now's time */
    call *calls;
    uv_timer_t limit;
    int is_closing;
    int open; /* generations, and the timer */
    void (*closed)(void *data);
    void *closed_data;
};

/* -- Generations ------------------------------------------------------------------------------------- */

static void client_part_closed(struct push_http_client *client)
{
    if (--client->open == 0) {
        if (client->closed != NULL) {
            client->closed(client->closed_data);
        }
        curl_global_cleanup();
        free(client);
    }
}

static void on_multi_closed(void *data)
{
    generation *old = data;
    struct push_http_client *client = old->client;

    push_trust_free(old->trust);
    free(old);
    client_part_closed(client);
}

static void close_if_unused(generation *old)
{
    if (old != old->client->current && old->requests == 0) {
        push_http_multi_close(old->multi, on_multi_closed, old);
    }
}

/* The next request has new connections; those that are under way end where they are. */
static void renew(struct push_http_client *client)
{
    generation *old = client->current;

    client->current = NULL;
    if (old != NULL) {
        close_if_unused(old);
    }
}

static void finish(call *ended, CURLcode code);

static void on_ended(void *data, CURL *easy, CURLcode code)
{
    char *ended = NULL;

    (void)data;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &ended);
    finish((call *)(void *)ended, code);
}

/* The one for a new request: what is trusted may have changed by a reload. */
static generation *current(struct push_http_client *client)
{
    struct x509_store_st *trust = push_providers_trust(client->server->providers);
    generation *new;

    if (client->current != NULL && client->current->trust == trust) {
        return client->current;
    }
    renew(client);
    new = calloc(1, sizeof *new);
    if (new == NULL) {
        return NULL;
    }
    new->client = client;
    new->multi = push_http_multi_open(client->server->loop, IDLE, on_ended, new);
    if (new->multi == NULL) {
        free(new);
        return NULL;
    }
    new->trust = push_trust_share(trust);
    client->open++;
    client->current = new;
    return new;
}

/* -- The end of a request ---------------------------------------------------------------------------- */

static int64_t retry_after(CURL *easy)
{
    curl_off_t seconds = 0;

    if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds <= 0) {
        return -1;
    }
    return seconds >= DAY / 1000 ? DAY : seconds * 1000;
}

static void free_call(call *old)
{
    curl_easy_cleanup(old->easy);
    curl_slist_free_all(old->headers);
    flx_buffer_free(&old->body);
    free(old);
}

static void take_out(call *ended)
{
    struct push_http_client *client = ended->in->client;

    push_http_multi_remove(ended->in->multi, ended->easy);
    *(ended->previous != NULL ? &ended->previous->next : &client->calls) = ended->next;
    if (ended->next != NULL) {
        ended->next->previous = ended->previous;
    }
    ended->in->requests--;
}

/* What its connections are worth. */
static void judge_generation(generation *in, CURLcode code, const push_http_answer *answer)
{
    struct push_http_client *client = in->client;
    uint64_t now = uv_now(client->server->loop);

    if (code == CURLE_OPERATION_TIMEDOUT && answer->status == 0 && in == client->current &&
        now - client->renewed >= (uint64_t)client->server->settings->provider_timeout) {
        client->renewed = now;
        client->current = NULL;
    }
    close_if_unused(in);
}

/* Tells what came of it, and is its last use. A status counts whatever happened afterwards: the server has decided. */
static void finish(call *ended, CURLcode code)
{
    push_http_answer answer = { .status = 0, .retry_after = -1 };
    long status = 0;

    curl_easy_getinfo(ended->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status <= 999) {
        answer.status = (int)status;
        answer.retry_after = retry_after(ended->easy);
    }
    answer.why = answer.status != 0              ? ""
                 : ended->in->client->is_closing ? "the daemon is ending"
                 : code != CURLE_OK              ? curl_easy_strerror(code)
                                                 : "no answer";
    answer.body = ended->body.at != NULL ? ended->body.at : "";
    answer.length = ended->body.length;
    take_out(ended);
    judge_generation(ended->in, code, &answer);
    ended->done(ended->data, &answer);
    free_call(ended);
}

/* Whatever libcurl makes of its timeouts: nobody waits longer than this. */
static void on_limit(uv_timer_t *timer)
{
    struct push_http_client *client = timer->data;
    uint64_t now = uv_now(client->server->loop);
    call *next;

    for (call *late = client->calls; late != NULL; late = next) {
        next = late->next;
        if (late->deadline <= now) {
            /* done may send anew, which goes to the front, or close the client */
            finish(late, CURLE_OPERATION_TIMEDOUT);
            if (client->is_closing) {
                return;
            }
        }
    }
    if (client->calls == NULL) {
        (void)uv_timer_stop(timer);
    }
}

/* -- The beginning ----------------------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t one, size_t length, void *data)
{
    call *under_way = data;
    size_t room = BODY_LIMIT - under_way->body.length;

    (void)one;
    flx_buffer_add(&under_way->body, bytes, length < room ? length : room);
    /* Less than was there ends the transfer: nobody sends us without an end. */
    return length <= room ? length : 0;
}

static CURLcode on_tls(CURL *easy, void *context, void *data)
{
    generation *in = data;

    (void)easy;
    if (in->trust != NULL) {
        SSL_CTX_set1_cert_store(context, in->trust);
    }
    return CURLE_OK;
}

/* "name: value" and a NUL each. */
static int add_headers(call *new, const flx_buffer *headers)
{
    /* without it a server may be asked whether it would like to have the body, and waited for */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"), *longer = list;

    for (size_t at = 0; longer != NULL && at < headers->length;
         at += strlen(headers->at + at) + 1) {
        longer = curl_slist_append(list, headers->at + at);
    }
    new->headers = list;
    return longer != NULL ? 0 : -1;
}

/* Nothing of the environment, nothing that is not asked for: no proxy, no cookies, no redirects, no names or passwords. */
static void set_transport(call *new, const push_settings *settings, int is_clear)
{
    CURL *easy = new->easy;
    long timeout = (long)settings->provider_timeout;

    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, is_clear ? "http" : "https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* A name that takes longer than the timeout is left to its thread: waiting for that one would hold up the loop. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, is_clear ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEP_ALIVE);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEP_ALIVE / 3);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    /* What is trusted was read at the start: libcurl would read it for each connection. */
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, new->in);
}

/* Returns 0, or -1 if there is no memory. */
static int set_request(call *new, const push_http_request *request, const char *url)
{
    CURL *easy = new->easy;

    if (add_headers(new, &request->headers) != 0 ||
        curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)request->body.length) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
                         request->body.at != NULL ? request->body.at : "") != CURLE_OK) {
        return -1;
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, new->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "FlixIM/" PACKAGE_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, new);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, new);
    return 0;
}

static call *make_call(generation *in, const push_http_request *request)
{
    const push_settings *settings = in->client->server->settings;
    call *new = calloc(1, sizeof *new);
    char *url = strndup(request->url.at != NULL ? request->url.at : "", request->url.length);

    if (new != NULL) {
        flx_buffer_init(&new->body, BODY_LIMIT);
        new->in = in;
        new->easy = curl_easy_init();
        if (new->easy == NULL || url == NULL || set_request(new, request, url) != 0) {
            free_call(new);
            new = NULL;
        }
        else {
            set_transport(new, settings, strncmp(url, "http://", 7) == 0);
        }
    }
    free(url);
    return new;
}

int push_http_client_send(struct push_http_client *client, const push_http_request *request,
                          push_http_done *done, void *data)
{
    uint64_t timeout = (uint64_t)client->server->settings->provider_timeout;
    generation *in;
    call *new;

    if (client->is_closing || flx_buffer_failed(&request->url) ||
        flx_buffer_failed(&request->headers) || flx_buffer_failed(&request->body)) {
        return -1;
    }
    in = current(client);
    new = in != NULL ? make_call(in, request) : NULL;
    if (new == NULL) {
        return -1;
    }
    if (push_http_multi_add(in->multi, new->easy) != 0) {
        free_call(new);
        return -1;
    }
    new->done = done;
    new->data = data;
    new->deadline = uv_now(client->server->loop) + timeout + SLACK;
    new->next = client->calls;
    if (new->next != NULL) {
        new->next->previous = new;
    }
    client->calls = new;
    in->requests++;
    if (!uv_is_active((uv_handle_t *)&client->limit)) {
        (void)uv_timer_start(&client->limit, on_limit, SLACK, SLACK);
    }
    return 0;
}

struct push_http_client *push_http_client_open(struct push_server *server)
{
    struct push_http_client *client = calloc(1, sizeof *client);

    if (client == NULL) {
        return NULL;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(client);
        return NULL;
    }
    client->server = server;
    client->open = 1;
    (void)uv_timer_init(server->loop, &client->limit); /* cannot fail */
    client->limit.data = client;
    return client;
}

static void on_limit_closed(uv_handle_t *handle)
{
    client_part_closed(handle->data);
}

void push_http_client_close(struct push_http_client *client, void (*closed)(void *data), void *data)
{
    call *first;

    client->is_closing = 1;
    client->closed = closed;
    client->closed_data = data;
    while ((first = client->calls) != NULL) {
        client->calls = first->next;
        first->previous = NULL;
        finish(first, CURLE_ABORTED_BY_CALLBACK);
    }
    renew(client);
    uv_close((uv_handle_t *)&client->limit, on_limit_closed);
}
