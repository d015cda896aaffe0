/* SPDX-License-Identifier: Apache-2.0 */
/* flixim-wsecho: the daemon's transport with an echo on it, for the tests of WebSocket conformance. */
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "tls.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the application ---- */

typedef struct echo {
    push_receiver receiver;
    push_transport *transport;
} echo;

static void on_message(push_receiver *receiver, int is_binary, const char *bytes, size_t length)
{
    echo *one = (echo *)(void *)receiver;
    push_block *block = push_block_make(bytes, length);

    if (block == NULL) {
        one->transport->functions->close(one->transport, 1011);
        return;
    }
    one->transport->functions->send(one->transport, is_binary, &block, 1);
}

static void on_ended(push_receiver *receiver)
{
    free(receiver);
}

static const push_receiver_functions receiver_functions = {
    .message = on_message,
    .ended = on_ended,
};

static void *judge(push_server *server, const flx_connect *connect, int is_local,
                   push_connected *done, void *data)
{
    (void)server;
    (void)connect;
    (void)is_local;
    done(data, 0, NULL);
    return NULL;
}

static void forget(void *ticket)
{
    (void)ticket;
}

static push_receiver *open_echo(push_server *server, push_transport *transport,
                                const flx_connect *connect, push_identity *identity)
{
    echo *one = calloc(1, sizeof *one);

    (void)server;
    (void)connect;
    (void)identity;
    if (one == NULL) {
        return NULL;
    }
    one->receiver.functions = &receiver_functions;
    one->transport = transport;
    return &one->receiver;
}

static void drop(push_identity *identity)
{
    (void)identity;
}

static void answer(push_server *server, push_exchange *exchange)
{
    (void)server;
    push_exchange_answer(exchange, 404, NULL, NULL, 0);
}

static const push_application application = {
    .is_bare = 1,
    .connect = judge,
    .forget = forget,
    .open = open_echo,
    .drop = drop,
    .answer = answer,
};

/* ---- the program ---- */

typedef struct program {
    uv_loop_t loop;
    push_server server;
    push_settings settings;
    uv_signal_t signals[2];
    char tcp[32];
    char tls[32];
    const char *certificate;
    const char *key;
} program;

/* One flag: the name of a setting, what it sets, and whether it is a number. */
static int set_flag(program *self, const char *flag, const char *value)
{
    push_settings *settings = &self->settings;
    const struct {
        const char *name;
        int64_t *number;
    } numbers[] = {
        { "--frame-size", &settings->frame_size },     { "--fragments", &settings->fragments },
        { "--queue-size", &settings->queue_size },     { "--idle-time", &settings->idle_time },
        { "--message-time", &settings->message_time }, { "--head-time", &settings->head_time },
        { "--head-size", &settings->head_size },       { "--connections", &settings->connections },
        { "--drain-time", &settings->drain_time },
    };
    size_t i;

    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(flag, numbers[i].name) == 0) {
            *numbers[i].number = strtoll(value, NULL, 10);
            return 0;
        }
    }
    if (strcmp(flag, "--port") == 0) {
        snprintf(self->tcp, sizeof self->tcp, "127.0.0.1:%s", value);
    }
    else if (strcmp(flag, "--tls-port") == 0) {
        snprintf(self->tls, sizeof self->tls, "127.0.0.1:%s", value);
    }
    else if (strcmp(flag, "--unix") == 0) {
        settings->listen_unix = value;
    }
    else if (strcmp(flag, "--certificate") == 0) {
        self->certificate = value;
    }
    else if (strcmp(flag, "--key") == 0) {
        self->key = value;
    }
    else {
        return -1;
    }
    return 0;
}

static int read_flags(program *self, int count, char **words)
{
    static const char *const origins[] = { "*", NULL };
    int i;

    self->settings = (push_settings){
        .allow_origins = origins,
        .connect_backlog = 1024,
        .connections = 10000,
        .drain_time = 1000,
        .frame_size = (int64_t)32 * 1024 * 1024,
        .fragments = 1000000,
        .head_size = 16384,
        .head_time = 10000,
        .idle_time = 600000,
        .listen_tcp = self->tcp,
        .listen_tls = self->tls,
        .listen_unix = "",
        .message_time = 600000,
        .path = "/socket",
        .queue_size = (int64_t)256 * 1024 * 1024,
    };
    for (i = 1; i < count; i += 2) {
        if (i + 1 == count || set_flag(self, words[i], words[i + 1]) != 0) {
            fprintf(stderr,
                    "usage: flixim-wsecho --port N | --unix PATH | --tls-port N --certificate FILE "
                    "--key FILE, and settings in numbers: --frame-size, --fragments, --queue-size, "
                    "--idle-time, --message-time, --head-time, --head-size, --connections, "
                    "--drain-time\n");
            return -1;
        }
    }
    return 0;
}

static void on_drained(void *data)
{
    program *self = data;
    int i;

    push_connections_free(self->server.connections);
    for (i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&self->signals[i], NULL);
    }
}

static void on_deaf(void *data)
{
    program *self = data;

    push_connections_drain(self->server.connections, self->settings.drain_time, on_drained, self);
}

static void on_signal(uv_signal_t *handle, int number)
{
    program *self = handle->data;

    (void)number;
    if (!self->server.is_draining) {
        self->server.is_draining = 1;
        push_listeners_close(self->server.listeners, on_deaf, self);
    }
}

static int start(program *self)
{
    static const int numbers[] = { SIGTERM, SIGINT };
    push_server *server = &self->server;
    char why[512];
    int i;

    server->loop = &self->loop;
    server->settings = &self->settings;
    server->application = &application;
    server->connections = push_connections_make(server);
    if (server->connections == NULL) {
        fprintf(stderr, "flixim-wsecho: no memory\n");
        return -1;
    }
    if (*self->tls) {
        server->tls = push_tls_make(self->certificate, self->key, why, sizeof why);
        if (server->tls == NULL) {
            fprintf(stderr, "flixim-wsecho: %s\n", why);
            return -1;
        }
    }
    server->listeners = push_listeners_open(server, NULL, 0, why, sizeof why);
    if (server->listeners == NULL) {
        fprintf(stderr, "flixim-wsecho: %s\n", why);
        return -1;
    }
    for (i = 0; i < 2; i++) {
        uv_signal_init(&self->loop, &self->signals[i]);
        self->signals[i].data = self;
        uv_signal_start(&self->signals[i], on_signal, numbers[i]);
    }
    return 0;
}

int main(int count, char **words)
{
    static program self;
    int status = 1;

    if (read_flags(&self, count, words) != 0) {
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    push_log_set_level(PUSH_LOG_DEBUG);
    if (uv_loop_init(&self.loop) != 0) {
        return 1;
    }
    if (start(&self) == 0) {
        status = 0;
        puts("ready");
        fflush(stdout);
        uv_run(&self.loop, UV_RUN_DEFAULT);
        uv_loop_close(&self.loop);
    }
    push_tls_free(self.server.tls);
    return status;
}
