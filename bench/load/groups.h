/* SPDX-License-Identifier: Apache-2.0 */
/* The file of groups: a line for each, with its conversation and the lines (from 1) of its members in the file of users. */
#ifndef LOAD_GROUPS_H
#define LOAD_GROUPS_H

#include "run.h"

typedef struct load_group {
    const char *conversation;
    uint32_t *members; /* indexes of clients; the first of them sends */
    size_t count;
} load_group;

typedef struct load_groups {
    char *text;
    uint32_t *numbers; /* that the members are in */
    load_group *groups;
    size_t count;
} load_groups;

/* Of so many users; each is in one group at most. 0, or -1 after it has said what is wrong. */
int load_groups_read(load_groups *groups, const char *path, size_t users);
void load_groups_free(load_groups *groups);

#endif
