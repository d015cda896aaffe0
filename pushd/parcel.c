/* SPDX-License-Identifier: Apache-2.0 */
/* Packets with a descriptor, as they come over a Unix socket that keeps their bounds. */
#include "parcel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTORS 2 /* that may come along: one too many is seen, more are the kernel's to drop */

static void take_descriptors(push_parcel *parcel, struct msghdr *message)
{
    struct cmsghdr *part;

    for (part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        size_t count, i;
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (parcel->fd < 0) {
                parcel->fd = fd;
            }
            else {
                close(fd);
                parcel->is_damaged = 1;
            }
        }
    }
}

int push_parcel_receive(push_parcel *parcel, int fd, char *room)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
    } control;
    struct iovec part = { room, FLX_HANDOFF_PACKET };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t length;

    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    do {
        length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (length < 0 && errno == EINTR);
    if (length < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    }
    parcel->at = room;
    parcel->length = (size_t)length;
    parcel->fd = -1;
    parcel->is_damaged = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    take_descriptors(parcel, &message);
    if (length == 0) {
        push_parcel_drop(parcel); /* an empty one looks like the end, and is no better */
        return -1;
    }
    return 1;
}

void push_parcel_drop(push_parcel *parcel)
{
    if (parcel->fd >= 0) {
        close(parcel->fd);
        parcel->fd = -1;
    }
}

int push_parcel_send(int fd, int status, const char *text, size_t length)
{
    flx_handoff_verdict verdict = { status, { text, length } };
    flx_buffer packet;
    int failed;

    flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
    flx_handoff_write_verdict(&packet, &verdict);
    failed = flx_buffer_failed(&packet) ||
             send(fd, packet.at, packet.length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0;
    flx_buffer_free(&packet);
    return failed ? -1 : 0;
}

static int option_of(int fd, int name)
{
    int value = -1;
    socklen_t length = sizeof value;

    return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

int push_parcel_is_client(int fd)
{
    int domain = option_of(fd, SO_DOMAIN);

    return (domain == AF_INET || domain == AF_INET6) && option_of(fd, SO_TYPE) == SOCK_STREAM &&
           option_of(fd, SO_ACCEPTCONN) == 0;
}
