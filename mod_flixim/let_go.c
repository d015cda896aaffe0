/* SPDX-License-Identifier: Apache-2.0 */
/* How httpd lets go of a client's connection that somebody else has now. */
#include "let_go.h"
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apr_portable.h"
#include "http_core.h"

int flixim_let_go_descriptor(conn_rec *c)
{
    apr_socket_t *socket = ap_get_conn_socket(c);
    apr_os_sock_t fd;

    return socket && apr_os_sock_get(&fd, socket) == APR_SUCCESS ? fd : -1;
}

/* One that was never connected: shutdown() fails at once, so no MPM lingers. */
int flixim_let_go_prepare(conn_rec *c)
{
    int dummy = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (dummy < 0) {
        ap_log_cerror(APLOG_MARK, APLOG_ERR, errno, c,
                      "FLX0504: no descriptor left to hand a client over");
    }
    return dummy;
}

void flixim_let_go_cancel(int dummy)
{
    close(dummy);
}

void flixim_let_go(conn_rec *c, int dummy)
{
    /* Never EMFILE, since the number is taken. */
    while (dup3(dummy, flixim_let_go_descriptor(c), O_CLOEXEC) < 0 &&
           (errno == EINTR || errno == EBUSY)) {
        continue;
    }
    close(dummy);
    c->keepalive = AP_CONN_CLOSE;
}
