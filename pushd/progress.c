/* SPDX-License-Identifier: Apache-2.0 */
/* How far what was sent over a connection has come: into the kernel, and to the client's system. */
#include "progress.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

uint64_t push_progress_sent(const push_connection *connection)
{
    return connection->written + connection->leaving + connection->outbox.bytes;
}

uint64_t push_progress_arrived(const push_connection *connection)
{
    uint64_t written = connection->written, arrived;
    int unacknowledged;
    uv_os_fd_t fd;

    if (connection->is_tunnelled || connection->phase == PUSH_CONNECTION_CLOSED ||
        uv_fileno((const uv_handle_t *)&connection->handle.stream, &fd) != 0 ||
        ioctl(fd, SIOCOUTQ, &unacknowledged) != 0 || unacknowledged < 0) {
        return connection->proven;
    }
    /* With TLS the kernel counts more bytes than were sent. So at least this much has arrived, and all of it once nothing is left. */
    arrived = written > (uint64_t)unacknowledged ? written - (uint64_t)unacknowledged : 0;
    return arrived > connection->proven ? arrived : connection->proven;
}

int push_progress_is_tunnel(int fd)
{
    static const unsigned char mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127 };
    struct sockaddr_storage peer = { 0 };
    const struct sockaddr_in *ip4 = (const void *)&peer;
    const struct sockaddr_in6 *ip6 = (const void *)&peer;
    socklen_t length = sizeof peer;

    if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0) {
        return 0;
    }
    if (peer.ss_family == AF_INET) {
        return ntohl(ip4->sin_addr.s_addr) >> 24 == 127;
    }
    return peer.ss_family == AF_INET6 && (IN6_IS_ADDR_LOOPBACK(&ip6->sin6_addr) ||
                                          memcmp(&ip6->sin6_addr, mapped, sizeof mapped) == 0);
}
