/* SPDX-License-Identifier: Apache-2.0 */
/* The mode fanout: one member of each group sends as soon as its last message has reached all the others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"
#include "publisher.h"
#include "run.h"
#include "text.h"

/* A group at work. */
typedef struct fanout_post {
    const load_group *group;
    load_publisher publisher; /* nchan's */
    uint32_t sender;          /* in the texts */
    uint32_t next;            /* the number of its next message */
    size_t reached;           /* of the last message */
    int is_under_way;
    int is_acknowledged;
    int64_t sent_at;
    char id[LOAD_ID_TEXT]; /* of the last message, when somebody has named it */
} fanout_post;

/* A member. */
typedef struct fanout_place {
    fanout_post *post; /* NULL: it is in no group */
    uint32_t expected; /* the number of the next message */
} fanout_place;

typedef struct fanout {
    load_groups groups;
    fanout_post *posts;
    fanout_place *places;
    int64_t figures_at;
    int64_t end_at;
    uint64_t sent; /* these: while figures are taken */
    uint64_t deliveries;
    load_times to_ack;
    load_times to_delivered;
    load_times to_all;
} fanout;

static load_client *sender_of(load_run *run, const fanout_post *post)
{
    return &run->clients[post->group->members[0]];
}

/* A group of Flix IM does not tell the sender what it said; subscribers of nchan hear all there is. */
static size_t audience(const load_run *run, const fanout_post *post)
{
    return post->group->count - (run->options.dialect == LOAD_PHOENIX ? 1 : 0);
}

static int is_counted(const fanout *self, int64_t now)
{
    return now >= self->figures_at && now <= self->end_at;
}

static void send_next(load_run *run, fanout_post *post)
{
    fanout *self = run->data;
    load_client *client = sender_of(run, post);
    char text[LOAD_TEXT], id[FLX_UUID_TEXT], frame[LOAD_PHOENIX_ROOM];
    load_send send = {
        .user = client->user->id,
        .conversation = post->group->conversation,
        .client_id = id,
        .ref = LOAD_PHOENIX_SEND + (int64_t)post->next,
        .text = { text, load_text_write(text, post->sender, post->next) },
    };

    post->sent_at = load_now();
    if (post->sent_at >= self->end_at || client->state != LOAD_JOINED) {
        return;
    }
    post->reached = 0;
    post->is_acknowledged = 0;
    post->is_under_way = 1;
    post->id[0] = '\0';
    self->sent += (uint64_t)is_counted(self, post->sent_at);
    load_text_id(id, run->process, post->sender, post->next);
    post->next++;
    if (run->options.dialect == LOAD_NCHAN) {
        load_publisher_post(&post->publisher, text, send.text.length);
        return;
    }
    load_client_say(client, frame, load_phoenix_send(frame, &send));
}

static void look(load_run *run, fanout_post *post)
{
    fanout *self = run->data;

    if (post->is_under_way && post->is_acknowledged && post->reached == audience(run, post)) {
        post->is_under_way = 0;
        if (is_counted(self, post->sent_at)) {
            load_times_add(&self->to_all, load_now() - post->sent_at);
        }
        send_next(run, post);
    }
}

/* All name the same message. */
static void compare(load_client *client, fanout_post *post, flx_slice id,
                    const load_message *message)
{
    if (id.length != LOAD_ID_TEXT) {
        load_client_wrong(client, "no id", message);
    }
    else if (post->id[0] == '\0') {
        memcpy(post->id, id.at, LOAD_ID_TEXT);
    }
    else if (memcmp(post->id, id.at, LOAD_ID_TEXT) != 0) {
        load_client_wrong(client, "another id than others were told", message);
    }
}

static void acknowledge(load_run *run, fanout_post *post)
{
    fanout *self = run->data;
    int64_t now = load_now();

    post->is_acknowledged = 1;
    if (is_counted(self, post->sent_at)) {
        load_times_add(&self->to_ack, now - post->sent_at);
    }
    look(run, post);
}

static void replied(load_client *client, fanout_post *post, const load_message *message)
{
    load_run *run = client->run;
    char id[FLX_UUID_TEXT];
    int64_t ref;

    if (load_phoenix_ref(message, &ref) != 0 || client != sender_of(run, post) ||
        ref < LOAD_PHOENIX_SEND || ref >= LOAD_PHOENIX_SEND + (int64_t)post->next) {
        load_client_wrong(client, "a reply to nothing", message);
        return;
    }
    if (ref < LOAD_PHOENIX_SEND + (int64_t)post->next - 1 || post->is_acknowledged) {
        load_fault(&run->faults, &run->faults.repeated, "connection %u: another reply to %lld",
                   client->index, (long long)ref);
        return;
    }
    load_text_id(id, run->process, post->sender, post->next - 1);
    if (!load_scan_is(message->values[LOAD_STATUS], "ok", 2) ||
        !load_scan_is(message->values[LOAD_CLIENT_ID], id, sizeof id)) {
        load_client_wrong(client, "a reply that is no acknowledgement", message);
        return;
    }
    compare(client, post, load_scan_text(message->values[LOAD_MESSAGE_ID]), message);
    acknowledge(run, post);
}

/* nchan: the answer to a post. */
static void posted(load_publisher *publisher, const char *fault)
{
    load_run *run = publisher->run;
    fanout_post *post = publisher->data;

    if (fault != NULL) {
        load_fault(&run->faults, &run->faults.wrong, "group %s: %s", post->group->conversation,
                   fault);
        return;
    }
    acknowledge(run, post);
}

/* Whether the message says what was sent last, and by whom. */
static int read_number(load_client *client, const fanout_post *post, const load_message *message,
                       uint32_t *number)
{
    const char *conversation = post->group->conversation;
    flx_slice text = message->values[LOAD_TEXT_VALUE];
    uint32_t sender;

    if (client->run->options.dialect == LOAD_PHOENIX) {
        const char *id = sender_of(client->run, post)->user->id;
        if (!load_client_is_told(client, message) ||
            !load_scan_is(message->values[LOAD_SENDER], id, LOAD_ID_TEXT) ||
            !load_scan_is(message->values[LOAD_CONVERSATION], conversation, strlen(conversation))) {
            return -1;
        }
        text = load_scan_text(text);
    }
    return load_text_read(text, &sender, number) == 0 && sender == post->sender &&
                   *number < post->next
               ? 0
               : -1;
}

static void delivered(load_client *client, fanout_place *place, const load_message *message)
{
    load_run *run = client->run;
    fanout *self = run->data;
    fanout_post *post = place->post;
    uint32_t number;
    int64_t now = load_now();

    if (read_number(client, post, message, &number) != 0) {
        load_client_wrong(client, "not what was sent to it", message);
        return;
    }
    if (number < place->expected) {
        load_fault(&run->faults, &run->faults.repeated, "connection %u: message %u again",
                   client->index, number);
        return;
    }
    if (number != place->expected || number != post->next - 1) {
        load_client_wrong(client, "not the message that was to come", message);
    }
    place->expected = number + 1;
    if (run->options.dialect == LOAD_PHOENIX) {
        compare(client, post, load_scan_text(message->values[LOAD_ID]), message);
    }
    post->reached++;
    if (is_counted(self, now)) {
        self->deliveries++;
        load_times_add(&self->to_delivered, now - post->sent_at);
    }
    look(run, post);
}

static void seen(load_client *client, const load_message *message)
{
    fanout *self = client->run->data;
    fanout_place *place = &self->places[client->index];

    if (place->post == NULL) {
        load_client_wrong(client, "not expected", message);
    }
    else if (load_scan_is(message->event, "phx_reply", 9)) {
        replied(client, place->post, message);
    }
    else {
        delivered(client, place, message);
    }
}

/* ---- a measurement ---- */

static int begin(load_run *run)
{
    fanout *self = calloc(1, sizeof *self);
    size_t i, j;

    run->data = self;
    if (self == NULL || load_groups_read(&self->groups, run->options.groups, run->count) != 0) {
        return -1;
    }
    self->posts = calloc(self->groups.count, sizeof *self->posts);
    self->places = calloc(run->count, sizeof *self->places);
    if (self->posts == NULL || self->places == NULL) {
        return -1;
    }
    for (i = 0; i < self->groups.count; i++) {
        fanout_post *post = &self->posts[i];
        post->group = &self->groups.groups[i];
        post->sender = post->group->members[0];
        post->publisher = (load_publisher){
            .run = run, .data = post, .group = post->group->conversation, .answered = posted
        };
        for (j = 0; j < post->group->count; j++) {
            self->places[post->group->members[j]].post = post;
        }
    }
    return 0;
}

static int is_done(const fanout *self)
{
    size_t i;

    for (i = 0; i < self->groups.count; i++) {
        if (self->posts[i].is_under_way) {
            return 0;
        }
    }
    return 1;
}

static void count_lost(load_run *run)
{
    fanout *self = run->data;
    size_t i, j;

    for (i = 0; i < self->groups.count; i++) {
        fanout_post *post = &self->posts[i];
        if (post->is_under_way && !post->is_acknowledged) {
            load_fault(&run->faults, &run->faults.lost, "group %s: message %u was not acknowledged",
                       post->group->conversation, post->next - 1);
        }
        for (j = 0; j < post->group->count; j++) {
            uint32_t index = post->group->members[j];
            if (index != post->sender || run->options.dialect == LOAD_NCHAN) {
                for (; self->places[index].expected < post->next; self->places[index].expected++) {
                    load_fault(&run->faults, &run->faults.lost,
                               "connection %u: message %u was not delivered", index,
                               self->places[index].expected);
                }
            }
        }
        post->is_under_way = 0;
    }
}

static void print(load_run *run, const load_usage *before)
{
    const fanout *self = run->data;
    load_usage after = load_run_usage(run);
    double seconds = (double)(self->end_at - self->figures_at) / 1e9;

    load_run_print(run, "fanout");
    printf(",\"groups\":%zu,\"seconds\":%.3f,\"sent\":%llu,\"delivered\":%llu,\"rate\":%.1f",
           self->groups.count, seconds, (unsigned long long)self->sent,
           (unsigned long long)self->deliveries, (double)self->deliveries / seconds);
    load_times_print(&self->to_ack, "send_to_ack");
    load_times_print(&self->to_delivered, "send_to_delivered");
    load_times_print(&self->to_all, "send_to_all");
    load_usage_print(before, &after, self->deliveries);
}

static void go(load_run *run)
{
    fanout *self = run->data;
    fanout fresh = { .groups = self->groups, .posts = self->posts, .places = self->places };
    load_usage before = { 0 };
    int64_t now = load_now();
    size_t i;

    *self = fresh;
    self->figures_at = now + (int64_t)(run->options.warm * 1e9);
    self->end_at = self->figures_at + (int64_t)(run->options.seconds * 1e9);
    for (i = 0; i < self->groups.count; i++) {
        send_next(run, &self->posts[i]);
    }
    while ((now = load_now()) < self->end_at) {
        if (before.seconds == 0 && now >= self->figures_at) {
            before = load_run_usage(run);
        }
        load_clients_round(run, 20);
    }
    while (!is_done(self) && load_now() < self->end_at + (int64_t)(run->options.grace * 1e9)) {
        load_clients_round(run, 20);
    }
    count_lost(run);
    print(run, &before);
}

static void end(load_run *run)
{
    fanout *self = run->data;
    size_t i;

    if (self == NULL) {
        return;
    }
    for (i = 0; self->posts != NULL && i < self->groups.count; i++) {
        load_stream_free(&self->posts[i].publisher.stream);
    }
    load_groups_free(&self->groups);
    free(self->posts);
    free(self->places);
    free(self);
}

const load_behaviour load_fanout = { begin, seen, go, end };
