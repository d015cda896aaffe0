/* SPDX-License-Identifier: Apache-2.0 */
/* The mode connect: clients that join and listen; "go" waits until each of them was told something. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

typedef struct listener {
    uint32_t events;         /* since the last line */
    char last[LOAD_ID_TEXT]; /* the last message's id */
} listener;

static int begin(load_run *run)
{
    run->data = calloc(run->count, sizeof(listener));
    return run->data != NULL ? 0 : -1;
}

static void seen(load_client *client, const load_message *message)
{
    load_run *run = client->run;
    flx_slice id = load_scan_text(message->values[LOAD_ID]);
    listener *one = run->data;

    if (run->options.dialect == LOAD_PHOENIX &&
        (!load_client_is_told(client, message) || id.length != LOAD_ID_TEXT)) {
        load_client_wrong(client, "not expected", message);
        return;
    }
    one += client->index;
    if (id.length == LOAD_ID_TEXT && memcmp(one->last, id.at, LOAD_ID_TEXT) == 0) {
        load_fault(&run->faults, &run->faults.repeated, "connection %u: message %.36s again",
                   client->index, one->last);
    }
    if (id.length == LOAD_ID_TEXT) {
        memcpy(one->last, id.at, LOAD_ID_TEXT);
    }
    one->events++;
}

static size_t count(const load_run *run, uint64_t *events)
{
    const listener *all = run->data;
    size_t told = 0, i;

    *events = 0;
    for (i = 0; i < run->count; i++) {
        told += all[i].events > 0;
        *events += all[i].events;
    }
    return told;
}

static void go(load_run *run)
{
    int64_t until = load_now() + (int64_t)(run->options.seconds * 1e9);
    listener *all = run->data;
    uint64_t events;
    size_t told, i;

    while ((told = count(run, &events)) < run->joined && load_now() < until) {
        load_clients_round(run, 50);
    }
    load_run_print(run, "connect");
    printf(",\"events\":%llu,\"told\":%zu", (unsigned long long)events, told);
    for (i = 0; i < run->count; i++) {
        all[i].events = 0;
    }
}

static void end(load_run *run)
{
    free(run->data);
}

const load_behaviour load_connect = { begin, seen, go, end };
