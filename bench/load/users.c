/* SPDX-License-Identifier: Apache-2.0 */
/* The file of users: a line for each connection, with the user's id and token. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "flx_uuid.h"
#include "run.h"

/* As a token may stand in a URL as it is. */
static int is_token(const char *text)
{
    return *text != '\0' &&
           text[strspn(
               text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")] == '\0';
}

static int read_line(load_user *user, char *line)
{
    char *blank = strchr(line, ' ');
    flx_uuid id;

    if (blank == NULL || blank - line != LOAD_ID_TEXT ||
        flx_uuid_read(&id, line, LOAD_ID_TEXT) != 0 || !is_token(blank + 1)) {
        return -1;
    }
    flx_uuid_write(&id, user->id);
    user->id[LOAD_ID_TEXT] = '\0';
    user->token = blank + 1;
    return 0;
}

int load_users_read(load_run *run)
{
    char *line, *rest = NULL;
    size_t lines = 0, i;

    run->text = load_file_read(run->options.users);
    if (run->text == NULL) {
        return -1;
    }
    for (i = 0; run->text[i] != '\0'; i++) {
        lines += run->text[i] == '\n';
    }
    run->users = calloc(lines + 1, sizeof *run->users);
    run->clients = calloc(lines + 1, sizeof *run->clients);
    if (run->users == NULL || run->clients == NULL) {
        perror("flixim-load");
        return -1;
    }
    for (line = strtok_r(run->text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (read_line(&run->users[run->count], line) != 0) {
            fprintf(stderr, "flixim-load: %s: line %zu is no user and token\n", run->options.users,
                    run->count + 1);
            return -1;
        }
        run->count++;
    }
    return 0;
}

void load_users_free(load_run *run)
{
    free(run->clients);
    free(run->users);
    free(run->text);
}
