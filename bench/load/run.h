/* SPDX-License-Identifier: Apache-2.0 */
/* A run: all clients, what became of them, and the mode that they are for. */
#ifndef LOAD_RUN_H
#define LOAD_RUN_H

#include "figures.h"
#include "net.h"
#include "options.h"
#include "phoenix.h"

#define LOAD_ID_TEXT 36

typedef struct load_user {
    char id[LOAD_ID_TEXT + 1];
    const char *token;
} load_user;

typedef enum load_state {
    LOAD_WAITS,
    LOAD_OPENING,
    LOAD_JOINING,
    LOAD_JOINED,
    LOAD_ENDED
} load_state;

typedef struct load_run load_run;

typedef struct load_client {
    load_stream stream; /* first */
    load_run *run;
    const load_user *user;
    int64_t began_at;
    uint32_t index; /* its line in the file of users, from 0 */
    uint8_t state;
    uint8_t is_beating; /* a heartbeat is not answered yet */
} load_client;

/* What a mode does; data is its own, with each run. */
typedef struct load_behaviour {
    /* Before the first is opened. 0, or -1 after it has said what is wrong. */
    int (*begin)(load_run *run);
    /* A reply to what the mode has sent, an event, or (nchan) a text, which is then the one value there is. */
    void (*seen)(load_client *client, const load_message *message);
    /* The line "go": measures, and prints a line. */
    void (*go)(load_run *run);
    void (*end)(load_run *run);
} load_behaviour;

struct load_run {
    load_options options;
    load_net net;
    char *text; /* of the file of users */
    load_user *users;
    load_client *clients;
    size_t count;
    size_t next; /* to be opened */
    size_t in_flight;
    size_t joined; /* by now */
    size_t failed;
    size_t gone; /* had joined */
    size_t next_beat;
    size_t beats_due; /* in parts of one */
    int64_t beat_at;
    char first_failure[200];
    uint64_t process; /* in the ids of messages */
    load_faults faults;
    const load_behaviour *behaviour;
    void *data;
};

extern const load_behaviour load_connect, load_chat, load_fanout;

/* Reads the files; 0, or -1 after it has said what is wrong. */
int load_users_read(load_run *run);
void load_users_free(load_run *run);

/* Opens and joins all. */
void load_clients_open(load_run *run);
void load_clients_close(load_run *run);

/* One round of everything; heartbeats too. */
void load_clients_round(load_run *run, int milliseconds);

/* Sends a message of Phoenix. */
void load_client_say(load_client *client, const char *text, size_t length);

load_usage load_run_usage(const load_run *run);

/* Whether a message is an event "new_message", for this client. */
int load_client_is_told(const load_client *client, const load_message *message);

/* Counts what came as wrong, and says where and what it was. */
void load_client_wrong(load_client *client, const char *what, const load_message *message);

/* The first members of a line. */
void load_run_print(const load_run *run, const char *mode);

#endif
