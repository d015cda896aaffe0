/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the daemon in order: nobody new, everybody told to go elsewhere, what was accepted answered. */
#include "drain.h"

#include <unistd.h>

#include "connection.h"
#include "database.h"
#include "listener.h"
#include "log.h"
#include "longpoll.h"
#include "notifier.h"
#include "presence.h"
#include "server.h"
#include "stream.h"
#include "systemd.h"

/* How long what clients have written before may take to be answered, and how often that is looked at. */
#define WRITES_TIME 2000
#define LOOK_EVERY  10

/* Beyond drain_time: close frames are waited for, then statements, then PostgreSQL's goodbye. */
#define GRACE 15000

static void on_limit_closed(uv_handle_t *limit)
{
    push_drain *drain = limit->data;

    drain->done(drain->data);
}

static void on_database_closed(void *data)
{
    push_drain *drain = data;

    /* Timers that are still to be stopped look at it. */
    drain->server->database = NULL;
    uv_close((uv_handle_t *)&drain->writing, NULL);
    uv_close((uv_handle_t *)&drain->limit, on_limit_closed);
}

static void on_stream_closed(void *data)
{
    push_drain *drain = data;

    push_database_close(drain->server->database, on_database_closed, drain);
}

static void on_presence_closed(void *data)
{
    push_drain *drain = data;

    push_stream_close(drain->server->stream, on_stream_closed, drain);
}

/* No client is left, and no push is under way: what they had asked of the database ends with the database. */
static void on_part_gone(void *data)
{
    push_drain *drain = data;

    if (--drain->waiting_for == 0) {
        push_presence_close(drain->server->presence, on_presence_closed, drain);
    }
}

static void on_limit(uv_timer_t *limit)
{
    (void)limit;
    push_log(PUSH_LOG_ERROR, "FLX1302: the end takes too long: leaving what is left");
    _exit(1);
}

/* What was accepted is answered, or has had its time: now everybody goes. */
static void on_look(uv_timer_t *timer)
{
    push_drain *drain = timer->data;
    struct push_server *server = drain->server;

    if (push_database_is_writing(server->database) &&
        uv_now(server->loop) - drain->begun < WRITES_TIME) {
        return;
    }
    uv_timer_stop(timer);
    push_polls_drain(server->polls);
    push_connections_drain(server->connections, server->settings->drain_time, on_part_gone, drain);
}

static int start_timers(push_drain *drain)
{
    struct push_server *server = drain->server;
    uint64_t limit = (uint64_t)server->settings->drain_time + GRACE;

    drain->limit.data = drain;
    drain->writing.data = drain;
    return uv_timer_init(server->loop, &drain->limit) != 0 ||
                   uv_timer_init(server->loop, &drain->writing) != 0 ||
                   uv_timer_start(&drain->limit, on_limit, limit, 0) != 0 ||
                   uv_timer_start(&drain->writing, on_look, 0, LOOK_EVERY) != 0
               ? -1
               : 0;
}

void push_drain_begin(push_drain *drain, struct push_server *server, void (*done)(void *data),
                      void *data)
{
    drain->server = server;
    drain->done = done;
    drain->data = data;
    drain->waiting_for = 3;
    drain->begun = uv_now(server->loop);
    server->is_draining = 1;
    push_systemd_is_stopping();
    push_log(PUSH_LOG_INFO, "FLX1303: draining: %lld connections, over %lld ms",
             (long long)server->metrics.connections, (long long)server->settings->drain_time);
    if (start_timers(drain) != 0) {
        push_log(PUSH_LOG_ERROR, "FLX1304: no timer for the end");
        _exit(1);
    }
    push_notifier_close(server->notifier, on_part_gone, drain);
    push_listeners_close(server->listeners, on_part_gone, drain);
}
