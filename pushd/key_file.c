/* SPDX-License-Identifier: Apache-2.0 */
/* Files with keys: read once, at the start and at a reload, and only if others cannot get at them. */
#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The rights of all others: that they may read, write and execute; that they may write. */
#define OTHERS_ANYTHING 0007
#define OTHERS_WRITE    0002

/* Whether a file is one, and its rights are as they must be: NULL, or what is wrong. */
static const char *judge(int fd, push_key_file_kind kind)
{
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return "is not a file";
    }
    if (kind == PUSH_KEY_FILE_PUBLIC && (status.st_mode & OTHERS_WRITE)) {
        return "has a mode that lets others write it";
    }
    if (kind == PUSH_KEY_FILE_SECRET && (status.st_mode & OTHERS_ANYTHING)) {
        return "has a mode that lets others read, write or run it";
    }
    return NULL;
}

const char *push_key_file_read(const char *path, size_t limit, push_key_file_kind kind, char **text,
                               size_t *length)
{
    /* O_NONBLOCK: not to wait for whoever writes into a pipe of that name. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const char *why;
    ssize_t got = 1;

    *length = 0;
    *text = NULL;
    if (fd < 0) {
        return strerror(errno);
    }
    why = judge(fd, kind);
    if (why != NULL) {
        goto end;
    }
    *text = malloc(limit + 1);
    if (*text == NULL) {
        why = "no memory";
        goto end;
    }
    while (got > 0 && *length <= limit) {
        got = read(fd, *text + *length, limit + 1 - *length);
        *length += got > 0 ? (size_t)got : 0;
    }
    if (got < 0 || *length > limit) {
        why = got < 0 ? "cannot be read" : "is too long";
    }
end:
    close(fd);
    return why;
}

size_t push_key_file_line(const char *text, size_t length)
{
    if (length > 0 && text[length - 1] == '\n') {
        length--;
        length -= length > 0 && text[length - 1] == '\r';
    }
    return length;
}

void push_key_file_forget(char *text, size_t length)
{
    if (text != NULL) {
        explicit_bzero(text, length);
        free(text);
    }
}
