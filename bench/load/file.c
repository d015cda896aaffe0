/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a whole file. */
#include "file.h"

#include <stdio.h>
#include <stdlib.h>

char *load_file_read(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL, *more;
    size_t length = 0, room = 0, got = 1;

    while (file != NULL && got > 0) {
        if (room - length < 2) {
            room = room > 0 ? room * 2 : 65536;
            more = realloc(text, room);
            if (more == NULL) {
                break;
            }
            text = more;
        }
        got = fread(text + length, 1, room - length - 1, file);
        length += got;
    }
    if (file == NULL || ferror(file) || got > 0 || text == NULL) {
        perror(path);
        free(text);
        text = NULL;
    }
    else {
        text[length] = '\0';
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return text;
}
