/* SPDX-License-Identifier: Apache-2.0 */
/* Host names whose TLS connections are a daemon's: found out by the ClientHello, before a byte of it is taken. */
#include "socket_host.h"
#include "private.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "ap_mpm.h"
#include "apr_strings.h"
#include "http_connection.h"
#include "http_main.h"
#include "http_vhost.h"

#include "clock.h"
#include "config.h"
#include "daemon.h"
#include "flx_client_hello.h"
#include "let_go.h"

/* How long a client may take to send its ClientHello. One that sends nothing at all under event is httpd's Timeout's, and holds no
 * thread. */
#define PATIENCE apr_time_from_sec(10)

/* Of a label of a DNS name. */
#define LABEL 63

/* What is known of a connection, between the calls of the hook. */
typedef struct look {
    int is_over;         /* whose it is has been found out: not ours, or not any more */
    int is_waiting;      /* for more of its bytes */
    apr_time_t deadline; /* by flixim_clock_now() */
    ssize_t seen;        /* how many bytes there were */
} look;

const char *flixim_socket_host_name(apr_pool_t *pool, const char *name)
{
    char *lower = apr_pstrdup(pool, name);

    if (strlen(name) > FLX_CLIENT_HELLO_NAME) {
        return NULL;
    }
    ap_str_tolower(lower);
    for (const char *label = lower;; label++) {
        apr_size_t length = strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-_");

        if (length == 0 || length > LABEL || label[0] == '-' || label[length - 1] == '-') {
            return NULL;
        }
        if (label[length] == '\0') {
            /* That of an address is a number. */
            return strspn(label, "0123456789") < length ? lower : NULL;
        }
        label += length;
        if (*label != '.') {
            return NULL;
        }
    }
}

int flixim_socket_host_is_of(const server_rec *s, const char *name)
{
    const apr_array_header_t *names = flixim_config_socket_host(s);

    for (int i = 0; names && i < names->nelts; i++) {
        if (!strcmp(name, APR_ARRAY_IDX(names, i, const char *))) {
            return 1;
        }
    }
    return 0;
}

/* Called for each virtual host of a connection's address: whether it has any socket host. */
static int has_any(void *baton, conn_rec *c, server_rec *s)
{
    (void)baton;
    (void)c;
    return flixim_config_socket_host(s) != NULL;
}

/* What is looked for among the virtual hosts of a connection's address. */
typedef struct search {
    const char *name;
    server_rec *found;
} search;

static int has_name(void *baton, conn_rec *c, server_rec *s)
{
    search *wanted = baton;

    (void)c;
    if (!flixim_socket_host_is_of(s, wanted->name)) {
        return 0;
    }
    wanted->found = s;
    return 1;
}

/* How many bytes make the descriptor readable. */
static void set_low_water(int fd, int bytes)
{
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

/* From here on it is no business of ours. */
static void end_look(look *looked, int fd)
{
    looked->is_over = 1;
    if (looked->is_waiting) {
        looked->is_waiting = 0;
        set_low_water(fd, 1);
    }
}

static int let_pass(look *looked, int fd)
{
    end_look(looked, fd);
    return DECLINED;
}

/* Ends the connection for httpd. Marked as aborted, no filter tries to talk with the client: mod_ssl would begin a handshake, and
 * event would linger. */
static int finish(conn_rec *c, look *looked)
{
    end_look(looked, flixim_let_go_descriptor(c));
    c->aborted = 1;
    c->keepalive = AP_CONN_CLOSE;
    if (c->cs) {
        c->cs->state = CONN_STATE_LINGER;
    }
    return OK;
}

/* Asks a daemon of S to take the connection, and passes it. */
static int hand_over(conn_rec *c, look *looked, server_rec *s)
{
    int fd = flixim_let_go_descriptor(c), dummy = flixim_let_go_prepare(c);
    flixim_daemon_line *line = NULL;
    flx_handoff_verdict verdict = { 0, { NULL, 0 } };
    flx_handoff_question question = { FLX_HANDOFF_TLS,
                                      { c->client_ip, strlen(c->client_ip) },
                                      { NULL, 0 } };
    /* Who it is will be known to the daemon alone: clients are spread as they come. */
    const char *from = apr_psprintf(c->pool, "%s:%d", c->client_ip, (int)c->client_addr->port);
    flx_slice key = { from, strlen(from) };
    flx_slice nothing = { "", 0 };

    if (dummy < 0) {
        return finish(c, looked);
    }
    /* Its answer could only be told by a handshake: a client that is refused sees its connection end. */
    if (flixim_daemon_ask(c->pool, s, flixim_config_handoff(s), flixim_config_handoff_wait(s), key,
                          &question, &line, &verdict) != 0) {
        flixim_let_go_cancel(dummy);
        return finish(c, looked);
    }
    if (verdict.status != HTTP_SWITCHING_PROTOCOLS) {
        ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, c, "FLX0601: a daemon refuses a client: %d",
                      verdict.status);
        flixim_let_go_cancel(dummy);
        return finish(c, looked);
    }
    end_look(looked, fd);
    if (flixim_daemon_pass(line, fd, nothing) != 0) {
        flixim_let_go_cancel(dummy);
        return finish(c, looked);
    }
    flixim_let_go(c, dummy);
    ap_log_cerror(APLOG_MARK, APLOG_DEBUG, 0, c, "FLX0602: handed over to %s",
                  flixim_daemon_line_path(line));
    return finish(c, looked);
}

/* What becomes of a connection about which all is said. */
static int decide(conn_rec *c, look *looked, flx_client_hello_state state, const char *name)
{
    search wanted = { name, NULL };

    if (state == FLX_CLIENT_HELLO_TOO_LARGE) {
        ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, c,
                      "FLX0603: a ClientHello of more than %d bytes: closed",
                      FLX_CLIENT_HELLO_BYTES);
        return finish(c, looked);
    }
    if (state == FLX_CLIENT_HELLO_FOUND && *name) {
        ap_vhost_iterate_given_conn(c, has_name, &wanted);
    }
    return wanted.found ? hand_over(c, looked, wanted.found)
                        : let_pass(looked, flixim_let_go_descriptor(c));
}

/* Whether the MPM waits for us, without a thread. */
static int can_wait_without_thread(conn_rec *c)
{
    int can = 0;

#ifdef AP_MPMQ_CAN_WAITIO
    if (!c->cs || ap_mpm_query(AP_MPMQ_CAN_WAITIO, &can) != APR_SUCCESS) {
        can = 0;
    }
#endif
    return can;
}

/* Whether there is something to be had of a descriptor at which nothing new was seen: it has ended, or what is waited for does
 * not fit into its buffer. */
static int is_stuck(int fd)
{
    struct pollfd poll_fd = { fd, POLLIN | POLLRDHUP, 0 };

    return poll(&poll_fd, 1, 0) > 0;
}

/* Looks at what has come, until it is known whose the connection is, or the MPM waits for more. */
static int look_at(conn_rec *c, look *looked)
{
    int fd = flixim_let_go_descriptor(c), can = can_wait_without_thread(c);
    char bytes[FLX_CLIENT_HELLO_BYTES];
    flx_client_hello hello;

    while (1) {
        ssize_t length = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
        apr_time_t now = flixim_clock_now();
        struct pollfd poll_fd = { fd, POLLIN | POLLRDHUP, 0 };
        flx_client_hello_state state;

        if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
            return let_pass(looked, fd);
        }
        length = length > 0 ? length : 0;
        state = flx_client_hello_read(&hello, bytes, (apr_size_t)length);
        if (state != FLX_CLIENT_HELLO_NEEDS_MORE) {
            return decide(c, looked, state, hello.name);
        }
        if (looked->is_waiting && length == looked->seen && is_stuck(fd)) {
            ap_log_cerror(APLOG_MARK, APLOG_DEBUG, 0, c,
                          "FLX0606: the rest of a ClientHello has no room, or will not come");
            return let_pass(looked, fd);
        }
        looked->deadline = looked->is_waiting ? looked->deadline : now + PATIENCE;
        if (now >= looked->deadline) {
            ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, c, "FLX0604: no ClientHello in %d s: closed",
                          (int)apr_time_sec(PATIENCE));
            return finish(c, looked);
        }
        looked->seen = length;
        looked->is_waiting = 1;
        /* What is there would make it readable at once, again and again. */
        set_low_water(fd, (int)hello.needed);
        if (can) {
#ifdef AP_MPMQ_CAN_WAITIO
            c->cs->state = CONN_STATE_ASYNC_WAITIO;
            c->cs->sense = CONN_SENSE_WANT_READ;
#endif
            return OK;
        }
        poll(&poll_fd, 1, (int)apr_time_as_msec(looked->deadline - now) + 1);
    }
}

int flixim_socket_host(conn_rec *c)
{
    look *looked = ap_get_module_config(c->conn_config, &flixim_module);

    if (!*flixim_config_has_socket_hosts(ap_server_conf) || c->master || c->outgoing ||
        c->aborted) {
        return DECLINED;
    }
    if (!looked) {
        looked = apr_pcalloc(c->pool, sizeof(*looked));
        looked->is_over = !ap_vhost_iterate_given_conn(c, has_any, NULL);
        ap_set_module_config(c->conn_config, &flixim_module, looked);
    }
    return looked->is_over ? DECLINED : look_at(c, looked);
}

int flixim_socket_host_pre_close(conn_rec *c)
{
    const look *looked = ap_get_module_config(c->conn_config, &flixim_module);

    if (looked && looked->is_waiting) {
        ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, c, "FLX0605: no ClientHello in time: closed");
        c->aborted = 1;
    }
    return OK;
}
