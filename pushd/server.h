/* SPDX-License-Identifier: Apache-2.0 */
/* What all of the daemon hangs on; there is one, made by main, and no global beside it. */
#ifndef PUSH_SERVER_H
#define PUSH_SERVER_H

#include <uv.h>

#include "application.h"
#include "metrics.h"
#include "settings.h"

struct push_connections; /* connection.h: clients' connections, whatever they speak */
struct push_listeners;   /* listener.h */
struct push_tls;         /* tls.h; NULL without TLS */
struct push_polls;       /* longpoll.h: long-poll sessions */
struct push_sockets;     /* socket.h: Phoenix sockets */
struct push_tokens;      /* tokens.h: the keys that verify tokens */
struct push_database;    /* database.h */
struct push_providers;   /* providers.h: the push services that are configured */
struct push_notifier;    /* notifier.h: pushes to devices */
struct push_stream;      /* stream.h: the event stream */
struct push_users;       /* subscription.h: whose channels are joined here */
struct push_limits;      /* user_limits.h: what each user may do */
struct push_reaches;     /* reach.h: what has not arrived at clients; NULL in some tests */
struct push_presence;    /* presence.h: who is online; NULL at the end, and in some tests */

typedef struct push_server {
    uv_loop_t *loop;
    /* replaced as a whole by a reload; read it anew in each callback */
    const push_settings *settings;
    push_metrics metrics;
    const push_application *application;
    struct push_connections *connections;
    struct push_listeners *listeners;
    struct push_tls *tls;
    struct push_polls *polls;
    struct push_sockets *sockets;
    struct push_tokens *tokens;
    struct push_database *database;
    struct push_notifier *notifier;
    struct push_providers *providers; /* replaced by a reload, too */
    struct push_stream *stream;
    struct push_users *users;
    struct push_limits *limits;
    struct push_reaches *reaches;
    struct push_presence *presence;
    /* whether the daemon is on its way down */
    int is_draining;
} push_server;

#endif
