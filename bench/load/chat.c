/* SPDX-License-Identifier: Apache-2.0 */
/* The mode chat: connections in pairs, each sends to its partner; all is acknowledged once and delivered once, in order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "text.h"

/* Messages of one sender that may be under way. */
#define WINDOW 16

typedef struct chat_flight {
    uint32_t number;
    uint8_t is_acknowledged;
    uint8_t is_delivered;
    uint8_t is_counted; /* it was sent while figures are taken */
    char id[LOAD_ID_TEXT];
    int64_t due_at;
} chat_flight;

typedef struct chat_half {
    uint32_t next;     /* the number of its next message */
    uint32_t expected; /* of its partner's messages */
    uint32_t done;     /* of its own: acknowledged and delivered */
    uint32_t first;    /* of this measurement */
    uint32_t due;      /* before which all ought to have been sent, with --rate */
    chat_flight flights[WINDOW];
} chat_half;

typedef struct chat {
    chat_half *halves;
    size_t count; /* an even number */
    int64_t begin_at;
    int64_t figures_at;
    int64_t end_at;
    int is_sending;
    uint64_t scheduled; /* with --rate */
    uint64_t sent;      /* these: while figures are taken */
    uint64_t acknowledged;
    uint64_t delivered;
    uint64_t in_time; /* done before the end */
    load_times to_ack;
    load_times to_delivered;
} chat;

static load_client *partner_of(load_client *client)
{
    return &client->run->clients[client->index ^ 1];
}

/* ---- sending ---- */

static void send_one(load_client *client, int64_t due_at)
{
    load_run *run = client->run;
    chat *self = run->data;
    chat_half *half = &self->halves[client->index];
    chat_flight *flight = &half->flights[half->next % WINDOW];
    char text[LOAD_TEXT], id[FLX_UUID_TEXT], frame[LOAD_PHOENIX_ROOM];
    load_send send = {
        .user = client->user->id,
        .receiver = partner_of(client)->user->id,
        .client_id = id,
        .ref = LOAD_PHOENIX_SEND + (int64_t)half->next,
        .text = { text, load_text_write(text, client->index, half->next) },
    };

    load_text_id(id, run->process, client->index, half->next);
    memset(flight, 0, sizeof *flight);
    flight->number = half->next++;
    flight->due_at = due_at;
    flight->is_counted = due_at >= self->figures_at;
    self->sent += flight->is_counted;
    load_client_say(client, frame, load_phoenix_send(frame, &send));
}

/* When the how manyth message of all is to be sent. */
static int64_t due_at(const load_run *run, uint64_t turn)
{
    const chat *self = run->data;

    return self->begin_at + (int64_t)((double)turn * 1e9 / (double)run->options.rate);
}

/* Sends what may be sent now: in a closed loop the next when all is done, with --rate what is due. */
static void send_more(load_client *client)
{
    chat *self = client->run->data;
    chat_half *half = &self->halves[client->index];
    int64_t now;

    if (!self->is_sending || client->state != LOAD_JOINED) {
        return;
    }
    if (client->run->options.rate > 0) {
        while (half->next < half->due && half->next - half->done < WINDOW) {
            send_one(client,
                     due_at(client->run, client->index + (half->next - half->first) * self->count));
        }
        return;
    }
    now = load_now();
    if (half->done == half->next && now < self->end_at) {
        send_one(client, now);
    }
}

/* What the schedule has come to. */
static void send_due(load_run *run)
{
    chat *self = run->data;
    int64_t now = load_now();

    while (self->is_sending) {
        int64_t at = due_at(run, self->scheduled);
        load_client *client = &run->clients[self->scheduled % self->count];
        if (at > now) {
            load_net_wake_at(&run->net, at);
            return;
        }
        if (at >= self->end_at) {
            return;
        }
        self->scheduled++;
        self->halves[client->index].due++;
        send_more(client);
    }
}

/* ---- what comes back ---- */

static void look(load_client *sender, chat_flight *flight)
{
    chat *self = sender->run->data;
    chat_half *half = &self->halves[sender->index];

    if (!flight->is_acknowledged || !flight->is_delivered) {
        return;
    }
    if (flight->is_counted && load_now() <= self->end_at) {
        self->in_time++;
    }
    while (half->done < half->next && half->flights[half->done % WINDOW].is_acknowledged &&
           half->flights[half->done % WINDOW].is_delivered) {
        half->done++;
    }
    send_more(sender);
}

/* Both sides name the same message. */
static void compare(load_client *client, chat_flight *flight, flx_slice id,
                    const load_message *message)
{
    if (id.length != LOAD_ID_TEXT) {
        load_client_wrong(client, "no id", message);
        return;
    }
    if (!flight->is_acknowledged && !flight->is_delivered) {
        memcpy(flight->id, id.at, LOAD_ID_TEXT);
    }
    else if (memcmp(flight->id, id.at, LOAD_ID_TEXT) != 0) {
        load_client_wrong(client, "another id than its other side was told", message);
    }
}

static void acknowledged(load_client *client, const load_message *message)
{
    load_run *run = client->run;
    chat *self = run->data;
    chat_half *half = &self->halves[client->index];
    char id[FLX_UUID_TEXT];
    chat_flight *flight;
    int64_t ref;

    if (load_phoenix_ref(message, &ref) != 0 || ref < LOAD_PHOENIX_SEND ||
        ref - LOAD_PHOENIX_SEND >= (int64_t)half->next) {
        load_client_wrong(client, "a reply to nothing", message);
        return;
    }
    flight = &half->flights[(ref - LOAD_PHOENIX_SEND) % WINDOW];
    if (flight->number != (uint32_t)(ref - LOAD_PHOENIX_SEND) || flight->is_acknowledged) {
        load_fault(&run->faults, &run->faults.repeated, "connection %u: another reply to %lld",
                   client->index, (long long)ref);
        return;
    }
    load_text_id(id, run->process, client->index, flight->number);
    if (!load_scan_is(message->values[LOAD_STATUS], "ok", 2) ||
        !load_scan_is(message->values[LOAD_CLIENT_ID], id, sizeof id)) {
        load_client_wrong(client, "a reply that is no acknowledgement", message);
        return;
    }
    compare(client, flight, load_scan_text(message->values[LOAD_MESSAGE_ID]), message);
    flight->is_acknowledged = 1;
    if (flight->is_counted) {
        self->acknowledged++;
        load_times_add(&self->to_ack, load_now() - flight->due_at);
    }
    look(client, flight);
}

/* Whether the message is between the two of a pair. */
static int is_ours(const load_client *receiver, const load_client *sender,
                   const load_message *message)
{
    return load_client_is_told(receiver, message) &&
           load_scan_is(message->values[LOAD_SENDER], sender->user->id, LOAD_ID_TEXT) &&
           load_scan_is(message->values[LOAD_RECEIVER], receiver->user->id, LOAD_ID_TEXT);
}

static void delivered(load_client *client, const load_message *message)
{
    load_run *run = client->run;
    load_client *sender = partner_of(client);
    chat *self = run->data;
    chat_half *half = &self->halves[sender->index];
    uint32_t index, number;
    chat_flight *flight;

    if (!is_ours(client, sender, message) ||
        load_text_read(load_scan_text(message->values[LOAD_TEXT_VALUE]), &index, &number) != 0 ||
        index != sender->index || number >= half->next) {
        load_client_wrong(client, "not what was sent to it", message);
        return;
    }
    flight = &half->flights[number % WINDOW];
    if (flight->number != number || flight->is_delivered) {
        load_fault(&run->faults, &run->faults.repeated, "connection %u: message %u again",
                   client->index, number);
        return;
    }
    if (number != self->halves[client->index].expected) {
        load_fault(&run->faults, &run->faults.wrong,
                   "connection %u: message %u where %u was to come", client->index, number,
                   self->halves[client->index].expected);
    }
    self->halves[client->index].expected = number + 1;
    compare(client, flight, load_scan_text(message->values[LOAD_ID]), message);
    flight->is_delivered = 1;
    if (flight->is_counted) {
        self->delivered++;
        load_times_add(&self->to_delivered, load_now() - flight->due_at);
    }
    look(sender, flight);
}

static void seen(load_client *client, const load_message *message)
{
    const chat *self = client->run->data;

    if (self == NULL || client->index >= self->count) {
        load_client_wrong(client, "not expected", message);
    }
    else if (load_scan_is(message->event, "phx_reply", 9)) {
        acknowledged(client, message);
    }
    else {
        delivered(client, message);
    }
}

/* ---- a measurement ---- */

static int begin(load_run *run)
{
    chat *self = calloc(1, sizeof *self);

    if (self == NULL || run->count < 2) {
        fprintf(stderr, "flixim-load: a chat takes two\n");
        free(self);
        return -1;
    }
    self->count = run->count & ~(size_t)1;
    self->halves = calloc(self->count, sizeof *self->halves);
    run->data = self;
    return self->halves != NULL ? 0 : -1;
}

static int is_done(const chat *self)
{
    size_t i;

    for (i = 0; i < self->count; i++) {
        if (self->halves[i].done != self->halves[i].next) {
            return 0;
        }
    }
    return 1;
}

/* What is still missing is lost; a later measurement does not wait for it. */
static void count_lost(load_run *run)
{
    chat *self = run->data;
    size_t i;

    for (i = 0; i < self->count; i++) {
        chat_half *half = &self->halves[i];
        for (; half->done != half->next; half->done++) {
            chat_flight *flight = &half->flights[half->done % WINDOW];
            if (!flight->is_acknowledged) {
                load_fault(&run->faults, &run->faults.lost,
                           "connection %zu: message %u was not acknowledged", i, flight->number);
            }
            if (!flight->is_delivered) {
                load_fault(&run->faults, &run->faults.lost,
                           "connection %zu: message %u was not delivered", i, flight->number);
            }
        }
        self->halves[i ^ 1].expected = half->next;
    }
}

static void print(load_run *run, const load_usage *before)
{
    const chat *self = run->data;
    load_usage after = load_run_usage(run);
    double seconds = (double)(self->end_at - self->figures_at) / 1e9;

    load_run_print(run, "chat");
    printf(",\"seconds\":%.3f,\"sent\":%llu,\"acknowledged\":%llu,\"delivered\":%llu,\"rate\":%.1f",
           seconds, (unsigned long long)self->sent, (unsigned long long)self->acknowledged,
           (unsigned long long)self->delivered, (double)self->in_time / seconds);
    load_times_print(&self->to_ack, "send_to_ack");
    load_times_print(&self->to_delivered, "send_to_delivered");
    load_usage_print(before, &after, self->delivered);
}

static void clear(load_run *run)
{
    chat *self = run->data;
    chat fresh = { .halves = self->halves, .count = self->count };
    size_t i;

    *self = fresh;
    for (i = 0; i < self->count; i++) {
        self->halves[i].first = self->halves[i].due = self->halves[i].next;
    }
    self->begin_at = load_now();
    self->figures_at = self->begin_at + (int64_t)(run->options.warm * 1e9);
    self->end_at = self->figures_at + (int64_t)(run->options.seconds * 1e9);
    self->is_sending = 1;
}

static void go(load_run *run)
{
    chat *self = run->data;
    load_usage before = { 0 };
    int64_t now;
    size_t i;

    clear(run);
    for (i = 0; i < self->count && run->options.rate == 0; i++) {
        send_more(&run->clients[i]);
    }
    while ((now = load_now()) < self->end_at) {
        if (before.seconds == 0 && now >= self->figures_at) {
            before = load_run_usage(run);
        }
        if (run->options.rate > 0) {
            send_due(run);
        }
        load_clients_round(run, 20);
    }
    if (run->options.rate > 0) {
        send_due(run);
    }
    /* What was due is still sent, what is under way may still come. */
    while (!is_done(self) && load_now() < self->end_at + (int64_t)(run->options.grace * 1e9)) {
        load_clients_round(run, 20);
    }
    self->is_sending = 0;
    count_lost(run);
    print(run, &before);
}

static void end(load_run *run)
{
    chat *self = run->data;

    if (self != NULL) {
        free(self->halves);
        free(self);
    }
}

const load_behaviour load_chat = { begin, seen, go, end };
