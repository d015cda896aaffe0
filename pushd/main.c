/* SPDX-License-Identifier: Apache-2.0 */
/* flixim-pushd: Phoenix channels over WebSocket and long-poll, beside PostgreSQL's event stream. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "connection.h"
#include "database.h"
#include "drain.h"
#include "user_limits.h"
#include "listener.h"
#include "log.h"
#include "longpoll.h"
#include "notifier.h"
#include "presence.h"
#include "reach.h"
#include "reload.h"
#include "server.h"
#include "socket.h"
#include "stream.h"
#include "subscription.h"
#include "systemd.h"

#define WHY_LIMIT    600
#define SOCKET_LIMIT 16 /* sockets that may be handed over */

/* File descriptors beside those of clients: the loop's, the log, the database's connections, files that are read. */
#define OTHER_DESCRIPTORS 100

/* Whether a sanitizer watches this build: clang says so in another way than gcc. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#endif

static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
#define SIGNALS (sizeof signals / sizeof *signals)

typedef struct daemon_state {
    push_server server;
    push_sources sources;
    int is_check;
    uv_loop_t loop;
    uv_signal_t signals[SIGNALS];
    uv_timer_t watchdog;
    push_drain drain;
} daemon_state;

static const char usage[] =
    "usage: flixim-pushd [--config FILE] [--check] [--NAME=VALUE...]\n"
    "       flixim-pushd --version | --help\n"
    "\n"
    "  --config FILE   the settings (default: " SYSCONFDIR "/flixim/pushd.conf, if it is there)\n"
    "  --check         read everything, say ok or what is wrong, and end\n"
    "  --NAME=VALUE    a setting, in place of the file's: --idle-time=90s\n"
    "\n"
    "TERM and INT end it in order, a second one at once; HUP reads the settings, keys and\n"
    "certificate again. The settings are described in pushd.conf.\n";

/* Takes the command line apart. flags has room for all of it. Returns -1 to go on, or the status to end with. */
static int read_command_line(daemon_state *pushd, const char **flags, int argc, char **argv)
{
    static const char by_default[] = SYSCONFDIR "/flixim/pushd.conf";
    push_sources *sources = &pushd->sources;

    sources->flags = flags;
    sources->path = access(by_default, F_OK) == 0 ? by_default : NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--version") == 0) {
            puts("flixim-pushd " PACKAGE_VERSION);
            return 0;
        }
        if (strcmp(argv[i], "--check") == 0) {
            pushd->is_check = 1;
        }
        else if (strncmp(argv[i], "--config=", 9) == 0) {
            sources->path = argv[i] + 9;
        }
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            sources->path = argv[++i];
        }
        else {
            flags[sources->count++] = argv[i];
        }
    }
    return -1;
}

/* As many file descriptors as the hard limit allows, and a warning if that is too few. */
static void raise_limit(const push_settings *settings)
{
    rlim_t wanted = (rlim_t)(settings->connections + OTHER_DESCRIPTORS);
    struct rlimit limit;

    if (*settings->listen_handoff != '\0') {
        wanted += (rlim_t)settings->connect_backlog; /* a client that is on its way takes two */
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            push_log(PUSH_LOG_WARNING, "FLX1310: cannot raise RLIMIT_NOFILE: %s", strerror(errno));
        }
    }
    if (limit.rlim_cur < wanted) {
        push_log(PUSH_LOG_WARNING,
                 "FLX1311: RLIMIT_NOFILE is %llu, and %lld connections need %llu: raise it "
                 "(LimitNOFILE= in the unit)",
                 (unsigned long long)limit.rlim_cur, (long long)settings->connections,
                 (unsigned long long)wanted);
    }
}

/* The keys are in our memory: no core dump, no debugger of another process. A sanitizer looks at us like one. */
static void keep_memory_private(const push_settings *settings)
{
#ifndef IS_SANITIZED
    if (settings->log_level != PUSH_LOG_DEBUG && prctl(PR_SET_DUMPABLE, 0) != 0) {
        push_log(PUSH_LOG_WARNING, "FLX1312: prctl: %s", strerror(errno));
    }
#else
    (void)settings;
#endif
    if (geteuid() == 0) {
        push_log(PUSH_LOG_WARNING, "FLX1313: running as root, which nothing here needs");
    }
}

static void on_drained(void *data)
{
    daemon_state *pushd = data;

    for (size_t i = 0; i < SIGNALS; i++) {
        uv_close((uv_handle_t *)&pushd->signals[i], NULL);
    }
    uv_close((uv_handle_t *)&pushd->watchdog, NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
    daemon_state *pushd = handle->data;

    if (number == SIGHUP) {
        if (!pushd->server.is_draining) {
            push_reload(&pushd->server, &pushd->sources);
        }
    }
    else if (pushd->server.is_draining) {
        push_log(PUSH_LOG_WARNING, "FLX1314: told to end a second time: ending at once");
        _exit(1);
    }
    else {
        push_drain_begin(&pushd->drain, &pushd->server, on_drained, pushd);
    }
}

static int watch_signals(daemon_state *pushd)
{
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < SIGNALS; i++) {
        if (uv_signal_init(&pushd->loop, &pushd->signals[i]) != 0 ||
            uv_signal_start(&pushd->signals[i], on_signal, signals[i]) != 0) {
            return -1;
        }
        pushd->signals[i].data = pushd;
    }
    return push_systemd_watch(&pushd->loop, &pushd->watchdog);
}

/* In the order in which they need each other. Returns 0, or -1 with *why. */
static int open_all(push_server *server, char *why, size_t size)
{
    int inherited[SOCKET_LIMIT];
    int count = push_systemd_sockets();

    if (count < 0 || count > SOCKET_LIMIT) {
        snprintf(why, size, "the sockets that were handed over are no good");
        return -1;
    }
    for (int i = 0; i < count; i++) {
        inherited[i] = PUSH_SYSTEMD_FIRST_SOCKET + i;
    }
    snprintf(why, size, "out of memory");
    if ((server->database = push_database_open(server)) == NULL ||
        (server->notifier = push_notifier_open(server)) == NULL ||
        (server->users = push_users_make(server)) == NULL ||
        (server->reaches = push_reaches_make(server)) == NULL ||
        (server->limits = push_limits_make(server)) == NULL ||
        (server->sockets = push_sockets_make(server)) == NULL ||
        (server->polls = push_polls_make(server)) == NULL ||
        (server->connections = push_connections_make(server)) == NULL ||
        (server->stream = push_stream_open(server)) == NULL ||
        (server->presence = push_presence_open(server)) == NULL) {
        return -1;
    }
    server->listeners = push_listeners_open(server, inherited, count, why, size);
    return server->listeners == NULL ? -1 : 0;
}

static void free_all(daemon_state *pushd)
{
    push_server *server = &pushd->server;

    push_connections_free(server->connections);
    push_polls_free(server->polls);
    push_sockets_free(server->sockets);
    push_users_free(server->users);
    push_reaches_free(server->reaches);
    push_limits_free(server->limits);
    push_reload_free(server);
}

static int serve(daemon_state *pushd)
{
    char why[WHY_LIMIT];

    if (uv_loop_init(&pushd->loop) != 0 || watch_signals(pushd) != 0) {
        push_log(PUSH_LOG_ERROR, "FLX1315: no event loop: %s", strerror(errno));
        return 1;
    }
    pushd->server.loop = &pushd->loop;
    pushd->server.application = &push_phoenix;
    raise_limit(pushd->server.settings);
    keep_memory_private(pushd->server.settings);
    if (open_all(&pushd->server, why, sizeof why) != 0) {
        push_log(PUSH_LOG_ERROR, "FLX1316: cannot start: %s", why);
        return 1;
    }
    push_log(PUSH_LOG_INFO, "FLX1317: flixim-pushd " PACKAGE_VERSION " is ready");
    push_systemd_is_ready();
    uv_run(&pushd->loop, UV_RUN_DEFAULT);
    /* What it all stood on has timers, which the loop is to let go of. */
    free_all(pushd);
    uv_run(&pushd->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&pushd->loop) != 0) {
        push_log(PUSH_LOG_WARNING, "FLX1318: something was left on the loop");
    }
    push_log(PUSH_LOG_INFO, "FLX1319: ended");
    return 0;
}

int main(int argc, char **argv)
{
    const char **flags = calloc((size_t)argc + 1, sizeof *flags);
    daemon_state self = { .is_check = 0 };
    char why[WHY_LIMIT];
    int status;

    if (flags == NULL) {
        return 1;
    }
    status = read_command_line(&self, flags, argc, argv);
    if (status < 0 && push_reload_first(&self.server, &self.sources, why, sizeof why) != 0) {
        fprintf(stderr, "flixim-pushd: %s\n", why);
        status = 1;
    }
    if (status < 0 && self.is_check) {
        puts("ok");
        push_reload_free(&self.server);
        status = 0;
    }
    if (status < 0) {
        status = serve(&self);
    }
    free(flags);
    return status;
}
