/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that clients connect to, or httpd for them: Unix, TCP, TLS, hand-off; our own or inherited. */
#include "listener.h"

#include "connection.h"
#include "handoff.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST    16  /* listeners */
#define ACCEPTS 64  /* connections taken in one go, so that those that are open get their turn */
#define PAUSE   100 /* milliseconds, when there are no more descriptors */
#define MODE    0660
#define SILENCE 10000 /* milliseconds between two lines of the log about it */

enum kind {
    LOCAL, /* a Unix socket */
    TCP,
    TLS,
    HANDOFF /* a Unix socket that keeps the bounds of packets */
};

typedef struct listener {
    struct push_listeners *all;
    uv_poll_t poll;
    int fd;
    enum kind kind;
    char *path; /* of a Unix socket's file, if it is ours */
} listener;

struct push_listeners {
    push_server *server;
    listener listeners[MOST];
    int count;
    uv_timer_t pause;
    uint64_t logged; /* when it was last said that there are no more descriptors */
    int spare;       /* a descriptor to refuse with when there are no others; -1: none */
    int handles;     /* that libuv has not let go, and the hand-offs */
    struct push_handoffs *handoffs;
    void (*closed)(void *data);
    void *data;
};

/* ---- accepting ---- */

static void on_connection(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct push_listeners *all = timer->data;
    int i;

    for (i = 0; i < all->count; i++) {
        uv_poll_start(&all->listeners[i].poll, UV_READABLE, on_connection);
    }
}

/* Lets one client who waits hear that there is no room, with the descriptor that was kept for it. Returns whether there was one. */
static int refuse_one(listener *from)
{
    static const char text[] = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n"
                               "retry-after: 1\r\nconnection: close\r\n\r\n";
    struct push_listeners *all = from->all;
    int fd;

    if (all->spare < 0) {
        return 0;
    }
    close(all->spare);
    fd = accept4(from->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        all->server->metrics.connections_refused_total++;
        if (from->kind == HANDOFF) {
            push_handoffs_refuse(all->handoffs, fd);
        }
        else {
            if (from->kind != TLS) {
                (void)!send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
                shutdown(fd, SHUT_WR);
            }
            close(fd);
        }
    }
    all->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0;
}

/* Without descriptors or memory connections stay in the backlog, and the loop would spin: refuses some, and waits. */
static void pause_all(listener *from, int error)
{
    struct push_listeners *all = from->all;
    uint64_t now = uv_now(all->server->loop);
    int i;

    if (all->logged == 0 || now - all->logged >= SILENCE) {
        push_log(PUSH_LOG_WARNING, "FLX1004: no connection can be accepted: %s", strerror(error));
        all->logged = now;
    }
    for (i = 0; i < ACCEPTS && refuse_one(from); i++) {
    }
    for (i = 0; i < all->count; i++) {
        uv_poll_stop(&all->listeners[i].poll);
    }
    uv_timer_start(&all->pause, on_pause_over, PAUSE, 0);
}

static void take(listener *from, int fd)
{
    struct push_listeners *all = from->all;

    if (from->kind == HANDOFF) {
        push_handoffs_accept(all->handoffs, fd);
    }
    else {
        push_connection_accept(all->server, fd, from->kind == LOCAL, from->kind == TLS);
    }
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    listener *from = poll->data;
    int i;

    (void)status;
    (void)events;
    for (i = 0; i < ACCEPTS; i++) {
        int fd = accept4(from->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            take(from, fd);
        }
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_all(from, errno);
            return;
        }
        else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

/* ---- opening ---- */

static int refuse(char *why, size_t size, const char *what, const char *where, const char *reason)
{
    snprintf(why, size, "%s %s: %s", what, where, reason);
    return -1;
}

/* Adds a socket that is bound and listens, or an inherited one; closes it if that fails. */
static int add(struct push_listeners *all, int fd, enum kind kind)
{
    listener *new = &all->listeners[all->count];

    if (all->count == MOST || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        uv_poll_init(all->server->loop, &new->poll, fd) != 0) {
        close(fd);
        return -1;
    }
    all->count++;
    all->handles++;
    new->all = all;
    new->fd = fd;
    new->kind = kind;
    new->poll.data = new;
    return 0;
}

/* Splits "address:port" or "[address]:port", both numbers. */
static int parse_address(const char *text, struct sockaddr_storage *address)
{
    const char *colon = strrchr(text, ':');
    char host[64], *end;
    size_t length;
    long port;

    if (colon == NULL || colon[1] == '\0') {
        return -1;
    }
    port = strtol(colon + 1, &end, 10);
    if (*end != '\0' || port < 0 || port > 65535) {
        return -1;
    }
    length = (size_t)(colon - text);
    if (length >= 2 && text[0] == '[' && colon[-1] == ']') {
        text++;
        length -= 2;
    }
    if (length >= sizeof host) {
        return -1;
    }
    memcpy(host, text, length);
    host[length] = '\0';
    memset(address, 0, sizeof *address);
    if (uv_ip4_addr(host, (int)port, (struct sockaddr_in *)(void *)address) == 0) {
        return 0;
    }
    return uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)(void *)address);
}

static int open_tcp(struct push_listeners *all, const char *text, enum kind kind, char *why,
                    size_t size)
{
    struct sockaddr_storage address;
    socklen_t length;
    int on = 1, fd;

    if (parse_address(text, &address) != 0) {
        return refuse(why, size, "cannot listen on", text, "not an address and a port");
    }
    length =
        address.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return refuse(why, size, "cannot listen on", text, strerror(errno));
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ss_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (bind(fd, (struct sockaddr *)&address, length) != 0 ||
        listen(fd, (int)all->server->settings->connect_backlog) != 0) {
        refuse(why, size, "cannot listen on", text, strerror(errno));
        close(fd);
        return -1;
    }
    return add(all, fd, kind) == 0 ? 0 : refuse(why, size, "cannot listen on", text, "no memory");
}

/* Whether somebody listens on a socket's file, of whatever type. */
static int is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), alive;

    if (fd < 0) {
        return 1;
    }
    alive = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
            (errno != ECONNREFUSED && errno != ENOENT);
    close(fd);
    return alive;
}

/* Takes the file of a daemon that is dead away. */
static int make_way(const struct sockaddr_un *address)
{
    struct stat found;

    if (lstat(address->sun_path, &found) != 0) {
        return errno == ENOENT ? 0 : errno;
    }
    if (!S_ISSOCK(found.st_mode)) {
        return EEXIST;
    }
    if (is_alive(address)) {
        return EADDRINUSE;
    }
    return unlink(address->sun_path) == 0 || errno == ENOENT ? 0 : errno;
}

static int open_unix(struct push_listeners *all, const char *path, enum kind kind, char *why,
                     size_t size)
{
    int type = kind == HANDOFF ? SOCK_SEQPACKET : SOCK_STREAM;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t mask;
    int fd, error;

    if (strlen(path) >= sizeof address.sun_path) {
        return refuse(why, size, "cannot listen on", path,
                      "the path is too long for a Unix socket");
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    error = make_way(&address);
    if (error != 0) {
        return refuse(why, size, "cannot listen on", path, strerror(error));
    }
    fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return refuse(why, size, "cannot listen on", path, strerror(errno));
    }
    mask = umask((mode_t)~MODE & 0777);
    error = bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ? errno : 0;
    umask(mask);
    if (error == 0 && listen(fd, (int)all->server->settings->connect_backlog) != 0) {
        error = errno;
        unlink(path);
    }
    if (error != 0) {
        close(fd);
        return refuse(why, size, "cannot listen on", path, strerror(error));
    }
    if (add(all, fd, kind) != 0 || (all->listeners[all->count - 1].path = strdup(path)) == NULL) {
        unlink(path);
        return refuse(why, size, "cannot listen on", path, "no memory");
    }
    return 0;
}

static int open_settings(struct push_listeners *all, char *why, size_t size)
{
    const push_settings *settings = all->server->settings;

    if (*settings->listen_unix && open_unix(all, settings->listen_unix, LOCAL, why, size) != 0) {
        return -1;
    }
    if (*settings->listen_tcp && open_tcp(all, settings->listen_tcp, TCP, why, size) != 0) {
        return -1;
    }
    if (*settings->listen_tls && open_tcp(all, settings->listen_tls, TLS, why, size) != 0) {
        return -1;
    }
    if (*settings->listen_handoff &&
        open_unix(all, settings->listen_handoff, HANDOFF, why, size) != 0) {
        return -1;
    }
    return 0;
}

/* What an inherited socket is for. Returns -1 if nobody can say. */
static int find_kind(const push_settings *settings, int fd, enum kind *kind)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address, type_length = sizeof(int);
    int type = 0;

    memset(&address, 0, sizeof address);
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) != 0) {
        return -1;
    }
    if (address.ss_family == AF_UNIX) {
        *kind = type == SOCK_SEQPACKET ? HANDOFF : LOCAL;
    }
    else {
        *kind = *settings->listen_tls && !*settings->listen_tcp ? TLS : TCP;
    }
    return 0;
}

static int open_inherited(struct push_listeners *all, const int *inherited, int count, char *why,
                          size_t size)
{
    enum kind kind;
    int i;

    for (i = 0; i < count; i++) {
        if (find_kind(all->server->settings, inherited[i], &kind) != 0) {
            return refuse(why, size, "cannot use", "an inherited socket", strerror(errno));
        }
        if (fcntl(inherited[i], F_SETFL, O_NONBLOCK) != 0 || add(all, inherited[i], kind) != 0) {
            return refuse(why, size, "cannot use", "an inherited socket", "no listening socket");
        }
    }
    return 0;
}

struct push_listeners *push_listeners_open(push_server *server, const int *inherited, int count,
                                           char *why, size_t size)
{
    struct push_listeners *all = calloc(1, sizeof *all);
    int failed;

    if (all != NULL) {
        all->handoffs = push_handoffs_make(server);
    }
    if (all == NULL || all->handoffs == NULL) {
        free(all);
        snprintf(why, size, "no memory to listen");
        return NULL;
    }
    (void)uv_timer_init(server->loop, &all->pause); /* which never fails */
    all->server = server;
    all->handles = 2;
    all->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    all->pause.data = all;
    failed = count > 0 ? open_inherited(all, inherited, count, why, size)
                       : open_settings(all, why, size);
    if (failed != 0) {
        push_listeners_close(all, NULL, NULL);
        return NULL;
    }
    on_pause_over(&all->pause);
    return all;
}

/* ---- closing ---- */

static void let_go(struct push_listeners *all)
{
    if (--all->handles > 0) {
        return;
    }
    if (all->closed != NULL) {
        all->closed(all->data);
    }
    free(all);
}

static void on_handoffs_closed(void *data)
{
    let_go(data);
}

static void on_pause_closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

static void on_closed(uv_handle_t *handle)
{
    listener *one = handle->data;

    free(one->path);
    let_go(one->all);
}

void push_listeners_close(struct push_listeners *all, void (*closed)(void *data), void *data)
{
    int i;

    all->closed = closed;
    all->data = data;
    if (all->spare >= 0) {
        close(all->spare);
    }
    for (i = 0; i < all->count; i++) {
        listener *one = &all->listeners[i];
        if (one->path != NULL) {
            unlink(one->path);
        }
        uv_close((uv_handle_t *)&one->poll, on_closed);
        close(one->fd);
    }
    push_handoffs_close(all->handoffs, on_handoffs_closed, all);
    uv_close((uv_handle_t *)&all->pause, on_pause_closed);
}
