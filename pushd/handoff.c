/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that httpd hands over: it asks, we judge, and the client's socket comes after our yes (libflixim/flx_handoff.h). */
#include "handoff.h"

#include "connection.h"
#include "flx_handoff.h"
#include "http.h"
#include "log.h"
#include "parcel.h"
#include "request.h"
#include "upgrade.h"
#include "websocket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNKNOWN "an unknown client"

enum stage {
    ASKED,    /* nothing yet: the question is to come */
    JUDGING,  /* the application looks at who connects */
    PROMISED, /* we said yes: the client is to come */
    OVER      /* waits for libuv to let go */
};

/* One client's, from httpd's connection to its end. */
typedef struct handoff {
    struct push_handoffs *all;
    uv_poll_t poll;
    uv_timer_t timer;
    int handles; /* of these two, that libuv has not let go */
    int fd;
    int place;      /* a descriptor that keeps the client's place free; -1: none */
    int is_counted; /* among the connections */
    enum stage stage;
    flx_handoff_kind kind;
    push_request *request; /* while its head is needed */
    push_upgrade upgrade;
    struct handoff *next;
    struct handoff *previous;
    char address[FLX_HANDOFF_ADDRESS + 1]; /* the client's, for the log */
} handoff;

struct push_handoffs {
    push_server *server;
    handoff *first;
    char *room; /* for the packet that is being read */
    void (*closed)(void *data);
    void *data;
};

/* ---- ends ---- */

static void free_all(struct push_handoffs *all)
{
    void (*closed)(void *data) = all->closed;
    void *data = all->data;

    free(all->room);
    free(all);
    closed(data);
}

static void on_closed(uv_handle_t *handle)
{
    handoff *one = handle->data;
    struct push_handoffs *all = one->all;

    if (--one->handles > 0) {
        return;
    }
    if (one->previous != NULL) {
        one->previous->next = one->next;
    }
    else {
        all->first = one->next;
    }
    if (one->next != NULL) {
        one->next->previous = one->previous;
    }
    free(one);
    if (all->first == NULL && all->closed != NULL) {
        free_all(all);
    }
}

/* The place that was kept is the client's, or nobody's. */
static void give_up_place(handoff *one)
{
    if (one->place >= 0) {
        close(one->place);
        one->place = -1;
    }
}

static void uncount(handoff *one)
{
    if (one->is_counted) {
        one->is_counted = 0;
        push_connections_unreserve(one->all->server->connections);
    }
}

/* Ends it, whatever it waits for: what httpd asked is forgotten, and its connection closed. */
static void end(handoff *one)
{
    if (one->stage == OVER) {
        return;
    }
    one->stage = OVER;
    push_upgrade_end(&one->upgrade);
    push_request_free(one->request);
    one->request = NULL;
    uncount(one);
    give_up_place(one);
    uv_close((uv_handle_t *)&one->poll, on_closed);
    uv_close((uv_handle_t *)&one->timer, on_closed);
    close(one->fd);
}

/* httpd has no use for it any more, or never came to the point. */
static void lose(handoff *one, const char *why)
{
    if (one->stage == OVER) {
        return;
    }
    one->all->server->metrics.handoffs_lost_total++;
    push_log(PUSH_LOG_DEBUG, "FLX1005: a hand-off of %s came to nothing: %s", one->address, why);
    end(one);
}

static void reject(handoff *one, const char *why)
{
    one->all->server->metrics.handoffs_bad_total++;
    push_log(PUSH_LOG_WARNING, "FLX1006: a hand-off of %s is no good: %s", one->address, why);
    end(one);
}

/* Refuses the client; httpd answers it. */
static void refuse(handoff *one, int status, const push_block *text)
{
    one->all->server->metrics.handoffs_refused_total++;
    /* One that nobody hears need not be said. */
    (void)!push_parcel_send(one->fd, status, text != NULL ? text->bytes : NULL,
                            text != NULL ? text->length : 0);
    end(one);
}

/* ---- the client ---- */

static size_t take_nothing(push_connection *connection, char *bytes, size_t length)
{
    (void)connection;
    (void)bytes;
    return length;
}

static void do_nothing(push_connection *connection)
{
    (void)connection;
}

/* Until it speaks frames; if it never does, it is cut. */
static const push_protocol silence = {
    .received = take_nothing,
    .hung_up = push_connection_cut,
    .expired = push_connection_cut,
    .drain = push_connection_cut,
    .ended = do_nothing,
};

static void speak_nothing(push_connection *connection)
{
    push_connection_speak(connection, &silence, NULL);
}

/* The client's own connection goes on as one that was upgraded here: with the answer to the upgrade, and what httpd had read
 * beyond the head. */
static void open_websocket(handoff *one, int fd, flx_slice read_already)
{
    push_connection *connection =
        push_connection_adopt(one->all->server, fd, 0, speak_nothing, read_already);
    push_upgrade *upgrade = &one->upgrade;
    push_identity *identity = upgrade->identity;

    if (connection == NULL) {
        return;
    }
    push_connection_send(connection, upgrade->answer, 1);
    upgrade->answer = NULL;
    upgrade->identity = NULL;
    if (push_websocket_open(connection, &upgrade->connect, identity) == 0) {
        push_connection_resume(connection);
    }
}

static void open_tls(handoff *one, int fd)
{
    flx_slice nothing = { NULL, 0 };
    push_connection *connection =
        push_connection_adopt(one->all->server, fd, 1, push_http_begin, nothing);

    if (connection != NULL) {
        push_connection_resume(connection);
    }
}

static void take_client(handoff *one, push_parcel *got)
{
    flx_slice read_already;
    const char *why = NULL;

    if (got->fd < 0 || got->is_damaged) {
        why = "not with exactly one descriptor";
    }
    else if (flx_handoff_read_connection(&read_already, got->at, got->length) != 0 ||
             (one->kind == FLX_HANDOFF_TLS && read_already.length > 0)) {
        why = "the third packet is none";
    }
    else if (!push_parcel_is_client(got->fd)) {
        why = "the descriptor is no client's";
    }
    if (why != NULL) {
        push_parcel_drop(got);
        reject(one, why);
        return;
    }
    uncount(one);
    if (one->kind == FLX_HANDOFF_TLS) {
        open_tls(one, got->fd);
    }
    else {
        open_websocket(one, got->fd, read_already);
    }
    end(one);
}

/* Comes to an end after our yes. The client, if it is on its way already, is ours all the same; it cannot set out any more. */
static void call_off(handoff *one, const char *why)
{
    push_parcel got;

    give_up_place(one);
    shutdown(one->fd, SHUT_RD);
    if (push_parcel_receive(&got, one->fd, one->all->room) > 0) {
        take_client(one, &got);
    }
    else {
        lose(one, why);
    }
}

/* ---- the question ---- */

static void on_late(uv_timer_t *timer)
{
    handoff *one = timer->data;

    if (one->stage == PROMISED) {
        call_off(one, "the client did not come in time");
    }
    else {
        lose(one, "no question in time");
    }
}

static void start_timer(handoff *one)
{
    uv_timer_start(&one->timer, on_late, (uint64_t)one->all->server->settings->head_time, 0);
}

/* Says yes. From now on the client may come. */
static void promise(handoff *one)
{
    one->stage = PROMISED;
    if (push_parcel_send(one->fd, 101, NULL, 0) != 0) {
        lose(one, "nobody waits for it");
        return;
    }
    start_timer(one);
}

static void on_judged(void *data)
{
    handoff *one = data;

    if (one->upgrade.status == 101) {
        promise(one);
    }
    else {
        refuse(one, one->upgrade.status, one->upgrade.answer);
    }
}

static void judge(handoff *one, flx_slice head)
{
    push_server *server = one->all->server;
    push_request_state got;
    size_t taken;

    one->request = push_request_make((size_t)server->settings->head_size);
    if (one->request == NULL) {
        refuse(one, 503, NULL);
        return;
    }
    got = push_request_take(one->request, head.at, head.length, &taken);
    if (got == PUSH_REQUEST_BAD) {
        refuse(one, push_request_status(one->request), NULL);
    }
    else if (got == PUSH_REQUEST_WANTS || taken != head.length) {
        reject(one, "not with exactly one request head");
    }
    else if (!push_upgrade_is_asked(server, push_request_head(one->request))) {
        refuse(one, 404, NULL);
    }
    else {
        push_upgrade_judge(&one->upgrade, server, push_request_head(one->request), 0, on_judged,
                           one);
    }
}

/* Keeps a place for the client: among the connections, and a descriptor, since one for which there is none would be lost on its
 * way. */
static int take_place(handoff *one)
{
    if (push_connections_reserve(one->all->server->connections) != 0) {
        return -1;
    }
    one->is_counted = 1;
    one->place = fcntl(one->fd, F_DUPFD_CLOEXEC, 0);
    return one->place >= 0 ? 0 : -1;
}

static void take_question(handoff *one, push_parcel *got)
{
    push_server *server = one->all->server;
    flx_handoff_question question;

    if (got->fd >= 0 || got->is_damaged ||
        flx_handoff_read_question(&question, got->at, got->length) != 0) {
        push_parcel_drop(got);
        reject(one, "the first packet is no question");
        return;
    }
    server->metrics.handoffs_total++;
    uv_timer_stop(&one->timer);
    one->stage = JUDGING;
    one->kind = question.kind;
    if (question.address.length > 0) {
        memcpy(one->address, question.address.at, question.address.length);
        one->address[question.address.length] = '\0';
    }
    if (take_place(one) != 0 || (one->kind == FLX_HANDOFF_TLS && server->tls == NULL)) {
        refuse(one, 503, NULL);
    }
    else if (one->kind == FLX_HANDOFF_TLS) {
        promise(one);
    }
    else {
        judge(one, question.head);
    }
}

static void take(handoff *one, push_parcel *got)
{
    if (one->stage == ASKED) {
        take_question(one, got);
    }
    else if (one->stage == PROMISED) {
        take_client(one, got);
    }
    else {
        push_parcel_drop(got);
        reject(one, "a packet that nobody asked for");
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    handoff *one = poll->data;
    push_parcel got;
    int received;

    (void)status;
    (void)events;
    if (one->stage == OVER) {
        return;
    }
    if (one->stage == PROMISED) {
        give_up_place(one); /* to the one that comes */
    }
    received = push_parcel_receive(&got, one->fd, one->all->room);
    if (received > 0) {
        take(one, &got);
    }
    else if (received < 0) {
        lose(one, "httpd is gone");
    }
    else if (one->stage == PROMISED) {
        one->place = fcntl(one->fd, F_DUPFD_CLOEXEC, 0);
    }
}

/* ---- beginnings ---- */

/* Returns NULL, and the descriptor is still the caller's. */
static handoff *make(struct push_handoffs *all, int fd)
{
    handoff *one = calloc(1, sizeof *one);

    if (one == NULL) {
        return NULL;
    }
    if (uv_poll_init(all->server->loop, &one->poll, fd) != 0) {
        free(one);
        return NULL;
    }
    (void)uv_timer_init(all->server->loop, &one->timer); /* which never fails */
    one->all = all;
    one->fd = fd;
    one->place = -1;
    one->handles = 2;
    one->poll.data = one;
    one->timer.data = one;
    memcpy(one->address, UNKNOWN, sizeof UNKNOWN);
    one->next = all->first;
    if (all->first != NULL) {
        all->first->previous = one;
    }
    all->first = one;
    return one;
}

void push_handoffs_accept(struct push_handoffs *all, int fd)
{
    struct pollfd look = { .fd = fd, .events = POLLIN | POLLRDHUP };
    int is_ready = poll(&look, 1, 0) > 0;
    handoff *one;

    /* After a daemon was stopped for a while many askers have given up: none of them costs more than this. */
    if (is_ready && (look.revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0) {
        all->server->metrics.handoffs_lost_total++;
        close(fd);
        return;
    }
    one = make(all, fd);
    if (one == NULL) {
        push_handoffs_refuse(all, fd);
        return;
    }
    start_timer(one);
    if (uv_poll_start(&one->poll, UV_READABLE | UV_DISCONNECT, on_readable) != 0) {
        lose(one, "it cannot be watched");
    }
    else if (is_ready) {
        on_readable(&one->poll, 0, UV_READABLE);
    }
}

void push_handoffs_refuse(struct push_handoffs *all, int fd)
{
    char byte;

    /* Closed with the question unread, the verdict would be lost; one that has not come cannot come any more. */
    shutdown(fd, SHUT_RD);
    (void)!recv(fd, &byte, sizeof byte, MSG_DONTWAIT);
    (void)!push_parcel_send(fd, 503, NULL, 0);
    close(fd);
    all->server->metrics.handoffs_total++;
    all->server->metrics.handoffs_refused_total++;
}

struct push_handoffs *push_handoffs_make(push_server *server)
{
    struct push_handoffs *all = calloc(1, sizeof *all);

    if (all != NULL) {
        all->server = server;
        all->room = malloc(FLX_HANDOFF_PACKET);
    }
    if (all == NULL || all->room == NULL) {
        free(all);
        return NULL;
    }
    return all;
}

void push_handoffs_close(struct push_handoffs *all, void (*closed)(void *data), void *data)
{
    handoff *one = all->first;

    all->closed = closed;
    all->data = data;
    if (one == NULL) {
        free_all(all);
        return;
    }
    while (one != NULL) {
        handoff *next = one->next; /* nothing is freed before the loop closes it */
        if (one->stage == PROMISED) {
            call_off(one, "the daemon ends");
        }
        else {
            lose(one, "the daemon ends");
        }
        one = next;
    }
}
