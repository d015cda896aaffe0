/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the file of groups. */
#include "groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

#define CONVERSATION 200

static int read_members(load_group *group, char *rest, uint8_t *is_taken, size_t users)
{
    char *word, *end, *next = NULL;
    unsigned long line;

    for (word = strtok_r(rest, " ", &next); word != NULL; word = strtok_r(NULL, " ", &next)) {
        line = strtoul(word, &end, 10);
        if (*end != '\0' || line < 1 || line > users || is_taken[line - 1]) {
            return -1;
        }
        is_taken[line - 1] = 1;
        group->members[group->count++] = (uint32_t)(line - 1);
    }
    return group->count >= 2 ? 0 : -1;
}

static int read_line(load_group *group, char *line, uint8_t *is_taken, size_t users)
{
    char *blank = strchr(line, ' ');

    if (blank == NULL || blank == line || blank - line > CONVERSATION ||
        strcspn(line, "\"\\%") < (size_t)(blank - line)) {
        return -1;
    }
    *blank = '\0';
    group->conversation = line;
    return read_members(group, blank + 1, is_taken, users);
}

int load_groups_read(load_groups *groups, const char *path, size_t users)
{
    char *line, *rest = NULL;
    uint8_t *is_taken = calloc(users + 1, 1);
    size_t used = 0;
    int status = 0;

    groups->text = load_file_read(path);
    groups->numbers = calloc(users + 1, sizeof *groups->numbers);
    groups->groups = calloc(users + 1, sizeof *groups->groups);
    if (is_taken == NULL || groups->text == NULL || groups->numbers == NULL ||
        groups->groups == NULL) {
        free(is_taken);
        return -1;
    }
    for (line = strtok_r(groups->text, "\n", &rest); line != NULL && status == 0;
         line = strtok_r(NULL, "\n", &rest)) {
        /* Each takes two users at least, so there are never too many. */
        load_group *group = &groups->groups[groups->count];
        group->members = groups->numbers + used;
        status = read_line(group, line, is_taken, users);
        used += group->count;
        groups->count++;
    }
    free(is_taken);
    if (status != 0 || groups->count == 0) {
        fprintf(stderr, "flixim-load: %s: line %zu is no group\n", path, groups->count);
        return -1;
    }
    return 0;
}

void load_groups_free(load_groups *groups)
{
    free(groups->groups);
    free(groups->numbers);
    free(groups->text);
}
