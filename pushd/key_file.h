/* SPDX-License-Identifier: Apache-2.0 */
/* Files with keys: read once, at the start and at a reload, and only if others cannot get at them. */
#ifndef PUSH_KEY_FILE_H
#define PUSH_KEY_FILE_H

#include <stddef.h>

typedef enum push_key_file_kind {
    PUSH_KEY_FILE_SECRET, /* others must neither read nor write it */
    PUSH_KEY_FILE_PUBLIC  /* others must not write it */
} push_key_file_kind;

/* Reads a file of at most limit bytes. Returns NULL; or why not, in a few words that stay until the next call. *text is from the heap, without a NUL
 * behind it, and the caller's to give to push_key_file_forget, whatever came of it. */
const char *push_key_file_read(const char *path, size_t limit, push_key_file_kind kind, char **text,
                               size_t *length) __attribute__((warn_unused_result));

/* The length without the one line end that editors put behind a secret. */
size_t push_key_file_line(const char *text, size_t length);

/* Wipes and frees; NULL is fine. */
void push_key_file_forget(char *text, size_t length);

#endif
