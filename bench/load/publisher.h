/* SPDX-License-Identifier: Apache-2.0 */
/* For nchan: posts a group's messages over a kept-alive connection, one at a time. */
#ifndef LOAD_PUBLISHER_H
#define LOAD_PUBLISHER_H

#include "run.h"

typedef struct load_publisher load_publisher;

struct load_publisher {
    load_stream stream; /* first */
    load_run *run;
    void *data;        /* the caller's */
    const char *group; /* in the path's "%s" */
    int is_waiting;    /* for an answer */
    /* It was answered: well, or not at all well and why. */
    void (*answered)(load_publisher *publisher, const char *fault);
};

/* Zeroed but for run, data, group and answered. Connects when it has to. */
void load_publisher_post(load_publisher *publisher, const char *text, size_t length);

#endif
