/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: keeps a number of connections to a web server busy, and prints a line for each request. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* usage: load PORT PATH CONNECTIONS PAUSE: until a SIGTERM, on CONNECTIONS kept-alive connections
 * to 127.0.0.1, GET PATH, with PAUSE milliseconds between an answer and the next request. Each line is
 * when the request was sent (seconds since 1970), how long the answer took (milliseconds), and its
 * status: 0 if there was none. */

#define CONNECTIONS_MAX 256

struct connection {
    int fd; /* -1: none */
    int is_waiting;
    double sent_at;
    double next_at;
    char answer[4096];
    size_t length;
};

static volatile sig_atomic_t is_over;

static void end(int number)
{
    (void)number;
    is_over = 1;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Notes how a request ended, and closes the connection unless it IS_KEPT. */
static void done(struct connection *c, int status, int is_kept, double pause)
{
    double at = now();

    printf("%.6f %.1f %d\n", c->sent_at, (at - c->sent_at) * 1000, status);
    c->is_waiting = 0;
    c->next_at = at + pause;
    if (!is_kept) {
        close(c->fd);
        c->fd = -1;
    }
}

/* Sends a request, on a new connection if need be; whatever goes wrong shows when it is read. */
static void ask(struct connection *c, const struct sockaddr_in *address, const char *request)
{
    c->sent_at = now();
    c->is_waiting = 1;
    c->length = 0;
    if (c->fd < 0) {
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c->fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
            done(c, 0, 0, 0.01);
            return;
        }
    }
    if (send(c->fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
        shutdown(c->fd, SHUT_RDWR);
    }
}

/* Reads what has come; the answer is whole when it has as many bytes as it says. */
static void take(struct connection *c, double pause)
{
    ssize_t got = recv(c->fd, c->answer + c->length, sizeof(c->answer) - 1 - c->length, 0);
    const char *body;
    const char *length;

    if (got <= 0) {
        done(c, 0, 0, pause);
        return;
    }
    c->length += (size_t)got;
    c->answer[c->length] = '\0';
    body = strstr(c->answer, "\r\n\r\n");
    length = strstr(c->answer, "Content-Length: ");
    if (body && length && body + 4 + atoi(length + 16) <= c->answer + c->length) {
        done(c, atoi(c->answer + 9), !strstr(c->answer, "Connection: close"), pause);
    }
}

int main(int argc, char **argv)
{
    static struct connection connections[CONNECTIONS_MAX];
    struct pollfd fds[CONNECTIONS_MAX];
    struct sockaddr_in address = { .sin_family = AF_INET };
    char request[512];
    double pause;
    int count;

    if (argc != 5 || (count = atoi(argv[3])) < 1 || count > CONNECTIONS_MAX) {
        fprintf(stderr, "usage: load PORT PATH CONNECTIONS PAUSE\n");
        return 2;
    }
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[2]);
    pause = atoi(argv[4]) / 1000.0;
    signal(SIGTERM, end);
    for (int i = 0; i < count; i++) {
        connections[i].fd = -1;
        connections[i].next_at = now() + pause * i / count;
    }
    while (!is_over) {
        for (int i = 0; i < count; i++) {
            if (!connections[i].is_waiting && connections[i].next_at <= now()) {
                ask(&connections[i], &address, request);
            }
            fds[i].fd = connections[i].is_waiting ? connections[i].fd : -1;
            fds[i].events = POLLIN;
        }
        poll(fds, (nfds_t)count, 1);
        for (int i = 0; i < count; i++) {
            if (fds[i].fd >= 0 && fds[i].revents) {
                take(&connections[i], pause);
            }
        }
    }
    return 0;
}
