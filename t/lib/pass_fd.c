/* SPDX-License-Identifier: Apache-2.0 */
/* Sends what it reads on standard input as one packet over a Unix socket, with descriptors: pass_fd SOCKET FD... All are numbers of
 * descriptors that it inherits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 200

int main(int argc, char **argv)
{
    static char bytes[256 * 1024];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(MOST * sizeof(int))];
    } control;
    struct iovec part = { bytes, 0 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    size_t count = argc > 2 ? (size_t)(argc - 2) : 0;
    ssize_t got;

    if (argc < 2 || count > MOST) {
        return 2;
    }
    while ((got = read(0, bytes + part.iov_len, sizeof bytes - part.iov_len)) > 0) {
        part.iov_len += (size_t)got;
    }
    if (count > 0) {
        struct cmsghdr *head;
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(count * sizeof(int));
        for (size_t i = 0; i < count; i++) {
            int fd = atoi(argv[i + 2]);
            memcpy(CMSG_DATA(head) + i * sizeof fd, &fd, sizeof fd);
        }
    }
    if (sendmsg(atoi(argv[1]), &message, MSG_NOSIGNAL) < 0) {
        perror("sendmsg");
        return 1;
    }
    return 0;
}
