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

#define FLAGS 32

typedef struct program {
    uv_loop_t loop;
    push_server server;
    const push_settings *read;
    push_settings settings; /* with an echo's defaults */
    uv_signal_t signals[2];
    char texts[FLAGS][300];
    const char *flags[FLAGS];
    int count;
} program;

static int add_flag(program *self, const char *before, const char *value)
{
    if (self->count == FLAGS) {
        return -1;
    }
    snprintf(self->texts[self->count], sizeof self->texts[0], "%s%s", before, value);
    self->flags[self->count] = self->texts[self->count];
    self->count++;
    return 0;
}

static int has_flag(const program *self, const char *before)
{
    int i;

    for (i = 0; i < self->count; i++) {
        if (strncmp(self->flags[i], before, strlen(before)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The flags of our own become settings; others, of the form "--name=value", are settings. */
static int collect_flags(program *self, int count, char **words)
{
    static const struct {
        const char *flag;
        const char *setting;
    } ours[] = {
        { "--port", "--listen-tcp=127.0.0.1:" },
        { "--tls-port", "--listen-tls=127.0.0.1:" },
        { "--unix", "--listen-unix=" },
        { "--handoff", "--listen-handoff=" },
        { "--certificate", "--tls-certificate-file=" },
        { "--key", "--tls-key-file=" },
    };
    size_t j;
    int i;

    for (i = 1; i < count; i++) {
        const char *before = "";
        for (j = 0; j < sizeof ours / sizeof ours[0]; j++) {
            if (strcmp(words[i], ours[j].flag) == 0 && i + 1 < count) {
                before = ours[j].setting;
                i++;
                break;
            }
        }
        if (add_flag(self, before, words[i]) != 0) {
            return -1;
        }
    }
    if (!has_flag(self, "--listen-handoff=") && add_flag(self, "--listen-handoff=", "") != 0) {
        return -1;
    }
    return has_flag(self, "--listen-unix=") ? 0 : add_flag(self, "--listen-unix=", "");
}

/* An echo is generous where nothing else was asked for. */
static int read_settings(program *self, int count, char **words)
{
    static const char *const origins[] = { "*", NULL };
    push_settings *settings = &self->settings;
    char why[400] = "too many flags";
    size_t i;
    const struct {
        const char *flag;
        int64_t *number;
        int64_t value;
    } generous[] = {
        { "--frame-size=", &settings->frame_size, (int64_t)32 << 20 },
        { "--queue-size=", &settings->queue_size, (int64_t)256 << 20 },
        { "--fragments=", &settings->fragments, 1000000 },
        { "--idle-time=", &settings->idle_time, 600000 },
        { "--message-time=", &settings->message_time, 600000 },
        { "--drain-time=", &settings->drain_time, 500 },
    };

    if (collect_flags(self, count, words) == 0) {
        self->read = push_settings_read(NULL, self->flags, self->count, why, sizeof why);
    }
    if (self->read == NULL) {
        fprintf(stderr, "flixim-wsecho: %s\n", why);
        return -1;
    }
    *settings = *self->read;
    if (!has_flag(self, "--allow-origins=")) {
        settings->allow_origins = origins;
    }
    for (i = 0; i < sizeof generous / sizeof generous[0]; i++) {
        if (!has_flag(self, generous[i].flag)) {
            *generous[i].number = generous[i].value;
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
    signal(SIGTERM, SIG_IGN); /* told twice it ends in order all the same */
    signal(SIGINT, SIG_IGN);
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
    if (*self->settings.listen_tls) {
        server->tls = push_tls_make(self->settings.tls_certificate_file,
                                    self->settings.tls_key_file, why, sizeof why);
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

    if (read_settings(&self, count, words) != 0) {
        push_settings_free(self.read);
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
    push_settings_free(self.read);
    return status;
}
