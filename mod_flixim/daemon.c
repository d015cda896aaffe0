/* SPDX-License-Identifier: Apache-2.0 */
/* The daemons that take connections over: which one for whom, its verdict, and the passing of the descriptor. */
#include "daemon.h"
#include "private.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "apr_strings.h"

#include "clock.h"

/* Bytes of a verdict: a status, and a line of text about the request. */
#define VERDICT_LIMIT (16 * 1024)

/* How long one that was silent is left alone. */
#define SILENCE APR_USEC_PER_SEC

/* How often a child says as an error that one takes nobody; else all its clients, coming back, would each fill a line of the log. */
#define TELLING APR_USEC_PER_SEC

struct flixim_daemon {
    struct sockaddr_un address;
    /* 0; or from when on one may ask a daemon again that was silent, by flixim_clock_now() */
    _Atomic int64_t silent_until;
    /* from when on one may tell again that its clients find nobody */
    _Atomic int64_t told_until;
};

struct flixim_daemon_line {
    int fd; /* -1: closed */
    flixim_daemon *daemon;
    server_rec *server;
};

/* A daemon, and how much it is the one for a key. */
typedef struct candidate {
    uint64_t weight;
    flixim_daemon *daemon;
} candidate;

/* How asking one daemon ended. */
typedef enum finding {
    JUDGED, /* there is a verdict */
    AWAY,   /* it is not there, or has no time: errno says why */
    LOST,   /* it has ended the line without a verdict, or said what is none */
    SILENT  /* no verdict within the time */
} finding;

flixim_daemon *flixim_daemon_make(apr_pool_t *pool, const char *path)
{
    flixim_daemon *daemon = apr_pcalloc(pool, sizeof(*daemon));
    apr_size_t length = strlen(path);

    if (length == 0 || length >= sizeof(daemon->address.sun_path)) {
        return NULL;
    }
    daemon->address.sun_family = AF_UNIX;
    memcpy(daemon->address.sun_path, path, length + 1);
    return daemon;
}

const char *flixim_daemon_path(const flixim_daemon *daemon)
{
    return daemon->address.sun_path;
}

/* ---- which one ---- */

/* FNV-1a, which goes on from HASH. */
static uint64_t hash_of(uint64_t hash, const char *bytes, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Whoever has the largest weight for a key gets it (rendezvous hashing). FNV alone leaves the upper bits of texts that end alike
 * too much alike, and they decide: so they are mixed once more, as MurmurHash3 ends. */
static uint64_t weight_of(const flixim_daemon *daemon, flx_slice key)
{
    const char *path = flixim_daemon_path(daemon);
    uint64_t weight = hash_of(UINT64_C(0xcbf29ce484222325), key.at, key.length);

    weight = hash_of(weight, path, strlen(path) + 1);
    weight = (weight ^ weight >> 33) * UINT64_C(0xff51afd7ed558ccd);
    weight = (weight ^ weight >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return weight ^ weight >> 33;
}

/* The daemons in the order in which KEY asks them, NULL behind the last; there are few. */
static candidate *order_for(apr_pool_t *pool, const apr_array_header_t *sockets, flx_slice key)
{
    candidate *order = apr_pcalloc(pool, ((apr_size_t)sockets->nelts + 1) * sizeof(*order));

    for (int i = 0; i < sockets->nelts; i++) {
        flixim_daemon *daemon = APR_ARRAY_IDX(sockets, i, flixim_daemon *);
        uint64_t weight = weight_of(daemon, key);
        int at = i;

        for (; at > 0 && order[at - 1].weight < weight; at--) {
            order[at] = order[at - 1];
        }
        order[at].weight = weight;
        order[at].daemon = daemon;
    }
    return order;
}

/* Whether to ask a daemon now. Of those who would ask one that was silent one may, each second: the others need their
 * threads for whom it does not concern. */
static int may_ask(flixim_daemon *daemon, apr_interval_time_t wait)
{
    int64_t until = atomic_load(&daemon->silent_until);
    apr_time_t now;

    if (until == 0) {
        return 1;
    }
    now = flixim_clock_now();
    return now >= until &&
           atomic_compare_exchange_strong(&daemon->silent_until, &until, now + wait + SILENCE);
}

static void note(flixim_daemon *daemon, finding found)
{
    int64_t until = found == SILENT ? flixim_clock_now() + SILENCE : 0;

    if (until != atomic_load(&daemon->silent_until)) {
        atomic_store(&daemon->silent_until, until);
    }
}

/* The level at which to log that a daemon's client found none. */
static int level_of(flixim_daemon *daemon)
{
    int64_t until = atomic_load(&daemon->told_until);
    apr_time_t now = flixim_clock_now();

    return now >= until &&
                   atomic_compare_exchange_strong(&daemon->told_until, &until, now + TELLING)
               ? APLOG_ERR
               : APLOG_DEBUG;
}

/* ---- the line ---- */

static apr_status_t close_line(void *data)
{
    flixim_daemon_line *line = data;

    if (line->fd >= 0) {
        close(line->fd);
        line->fd = -1;
    }
    return APR_SUCCESS;
}

const char *flixim_daemon_line_path(const flixim_daemon_line *line)
{
    return flixim_daemon_path(line->daemon);
}

void flixim_daemon_hang_up(flixim_daemon_line *line)
{
    close_line(line);
}

/* Connects and asks. To connect to a Unix socket takes no time: it is there and has room for one more, or not. */
static finding send_question(flixim_daemon_line *line, const flx_buffer *packet)
{
    const struct sockaddr_un *address = &line->daemon->address;

    line->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (line->fd < 0 ||
        connect(line->fd, (const struct sockaddr *)address, sizeof(*address)) != 0 ||
        send(line->fd, packet->at, packet->length, MSG_NOSIGNAL) < 0) {
        return AWAY;
    }
    return JUDGED;
}

/* Waits for something to read: 1, or 0 when the time is over. */
static int await(int fd, apr_time_t deadline)
{
    struct pollfd pollfd = { fd, POLLIN, 0 };
    int ready;

    do {
        apr_time_t left = deadline - flixim_clock_now();

        if (left <= 0) {
            return 0;
        }
        ready = poll(&pollfd, 1, (int)((left + 999) / 1000));
    } while (ready < 0 && errno == EINTR);
    return ready != 0;
}

static finding read_verdict(flixim_daemon_line *line, apr_pool_t *pool, apr_time_t deadline,
                            flx_handoff_verdict *verdict)
{
    char bytes[VERDICT_LIMIT];
    struct iovec part = { bytes, sizeof(bytes) };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t length;

    do {
        if (!await(line->fd, deadline)) {
            return SILENT;
        }
        length = recvmsg(line->fd, &message, 0);
    } while (length < 0 && (errno == EINTR || errno == EAGAIN));
    if (length <= 0 || (message.msg_flags & MSG_TRUNC) ||
        flx_handoff_read_verdict(verdict, bytes, (size_t)length) != 0) {
        return LOST;
    }
    verdict->body.at = apr_pmemdup(pool, verdict->body.at, verdict->body.length);
    return JUDGED;
}

/* Asks the daemon of a line. */
static finding ask(flixim_daemon_line *line, apr_pool_t *pool, const flx_buffer *packet,
                   apr_time_t deadline, flx_handoff_verdict *verdict, int *why)
{
    finding found = send_question(line, packet);

    *why = found == AWAY ? errno : 0;
    if (found == JUDGED) {
        found = read_verdict(line, pool, deadline, verdict);
    }
    note(line->daemon, found);
    if (found != JUDGED || verdict->status != HTTP_SWITCHING_PROTOCOLS) {
        close_line(line);
    }
    return found;
}

/* Asks them in their order until one has judged: 0, or -1. One that is silent has used up the time of all. */
static int ask_in_order(flixim_daemon_line *line, apr_pool_t *pool, const candidate *order,
                        const flx_buffer *packet, apr_interval_time_t wait,
                        flx_handoff_verdict *verdict)
{
    apr_time_t deadline = flixim_clock_now() + wait;
    flixim_daemon *first = order->daemon;
    finding found = AWAY;
    const char *reasons = "";
    int level;

    for (; order->daemon && found != SILENT; order++) {
        const char *reason = "was silent a moment ago";
        char text[120];
        int why;

        if (may_ask(order->daemon, wait)) {
            line->daemon = order->daemon;
            found = ask(line, pool, packet, deadline, verdict, &why);
            reason = found == AWAY   ? apr_strerror(why, text, sizeof(text))
                     : found == LOST ? "has not said whether"
                                     : "says nothing in time";
        }
        if (found == JUDGED) {
            return 0;
        }
        reasons = apr_pstrcat(pool, reasons, *reasons ? "; " : "",
                              flixim_daemon_path(order->daemon), ": ", reason, NULL);
    }
    /* a variable, since the macro looks at the level twice */
    level = level_of(first);
    ap_log_error(APLOG_MARK, level, 0, line->server, "FLX0501: no daemon for a client (%s)",
                 reasons);
    return -1;
}

int flixim_daemon_ask(apr_pool_t *pool, server_rec *server, const apr_array_header_t *sockets,
                      apr_interval_time_t wait, flx_slice key, const flx_handoff_question *question,
                      flixim_daemon_line **line, flx_handoff_verdict *verdict)
{
    flx_buffer packet;
    int status = HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;

    *line = apr_pcalloc(pool, sizeof(**line));
    (*line)->fd = -1;
    (*line)->server = server;
    apr_pool_cleanup_register(pool, *line, close_line, apr_pool_cleanup_null);
    flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
    flx_handoff_write_question(&packet, question);
    if (flx_buffer_failed(&packet)) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, server,
                     "FLX0502: a request head is too large to be handed over");
    }
    else {
        status = ask_in_order(*line, pool, order_for(pool, sockets, key), &packet, wait, verdict)
                     ? HTTP_SERVICE_UNAVAILABLE
                     : 0;
    }
    flx_buffer_free(&packet);
    return status;
}

int flixim_daemon_pass(flixim_daemon_line *line, int fd, flx_slice read_already)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control = { { 0 } };
    struct msghdr message = { .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    struct iovec part;
    flx_buffer packet;
    int is_passed;

    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &fd, sizeof(int));
    flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
    flx_handoff_write_connection(&packet, read_already);
    part.iov_base = packet.at;
    part.iov_len = packet.length;
    message.msg_iov = &part;
    errno = ENOMEM;
    is_passed = !flx_buffer_failed(&packet) && sendmsg(line->fd, &message, MSG_NOSIGNAL) >= 0;
    if (!is_passed) {
        ap_log_error(APLOG_MARK, APLOG_ERR, errno, line->server,
                     "FLX0503: %s has not taken a client over", flixim_daemon_path(line->daemon));
    }
    flx_buffer_free(&packet);
    close_line(line);
    return is_passed ? 0 : -1;
}
