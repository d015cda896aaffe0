/* SPDX-License-Identifier: Apache-2.0 */
/* The clients: each opens its WebSocket, joins its channel, beats its heart, and hands what it hears to the mode. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "run.h"
#include "websocket.h"

#define BEAT_STEP 100000000 /* nanoseconds */
#define TARGET    6144

/* ---- opening ---- */

static void describe(const load_client *client, char target[TARGET], char host[64],
                     load_handshake *handshake)
{
    const load_options *options = &client->run->options;
    const struct sockaddr_in *to = &options->to.at[client->index % options->to.count];
    const char *mark = strstr(options->path, "%s");
    char address[INET_ADDRSTRLEN] = "";

    if (options->dialect == LOAD_PHOENIX) {
        (void)snprintf(target, TARGET, "%s?token=%s&vsn=2.0.0", options->path, client->user->token);
    }
    else {
        (void)snprintf(target, TARGET, "%.*s%s%s",
                       (int)(mark != NULL ? (size_t)(mark - options->path) : strlen(options->path)),
                       options->path, mark != NULL ? client->user->id : "",
                       mark != NULL ? mark + 2 : "");
    }
    (void)inet_ntop(AF_INET, &to->sin_addr, address, sizeof address);
    (void)snprintf(host, 64, "%s:%u", options->host != NULL ? options->host : address,
                   (unsigned)ntohs(to->sin_port));
    *handshake = (load_handshake){ target, host, client->run->process ^ client->index };
}

static void on_connected(load_stream *stream)
{
    load_client *client = (load_client *)stream;
    char target[TARGET], host[64];
    load_handshake handshake;

    describe(client, target, host, &handshake);
    load_websocket_ask(stream, &handshake);
}

static void joined(load_client *client)
{
    client->state = LOAD_JOINED;
    client->run->in_flight--;
    client->run->joined++;
}

/* What is there before the 101. */
static size_t take_answer(load_client *client, const char *bytes, size_t length)
{
    char target[TARGET], host[64], text[LOAD_PHOENIX_ROOM];
    load_handshake handshake;
    size_t took;

    describe(client, target, host, &handshake);
    took = load_websocket_answer(&client->stream, &handshake, bytes, length);
    if (took == 0 || !client->stream.is_open) {
        return took;
    }
    client->state = LOAD_JOINING;
    if (client->run->options.dialect == LOAD_NCHAN) {
        joined(client);
    }
    else {
        load_client_say(client, text, load_phoenix_join(text, client->user->id));
    }
    return took;
}

/* ---- hearing ---- */

static int is_topic(const load_client *client, const load_message *message)
{
    flx_slice topic = load_scan_text(message->topic);

    return topic.length == 5 + LOAD_ID_TEXT && memcmp(topic.at, "user:", 5) == 0 &&
           memcmp(topic.at + 5, client->user->id, LOAD_ID_TEXT) == 0;
}

void load_client_wrong(load_client *client, const char *what, const load_message *message)
{
    load_faults *faults = &client->run->faults;
    size_t length = message->frame.length;

    load_fault(faults, &faults->wrong, "connection %u: %s: %.*s", client->index, what,
               (int)(length < 250 ? length : 250), message->frame.at);
}

int load_client_is_told(const load_client *client, const load_message *message)
{
    return load_scan_is(message->event, "event", 5) &&
           load_scan_is(message->values[LOAD_EVENT_TYPE], "new_message", 11) &&
           load_scan_is(message->values[LOAD_TARGET], client->user->id, LOAD_ID_TEXT);
}

/* Those replies that are no mode's affair. Whether it was one. */
static int take_reply(load_client *client, const load_message *message)
{
    int64_t ref;

    if (load_phoenix_ref(message, &ref) != 0 || ref >= LOAD_PHOENIX_SEND) {
        return 0;
    }
    if (ref == LOAD_PHOENIX_BEAT && client->is_beating) {
        client->is_beating = 0;
        return 1;
    }
    if (ref != LOAD_PHOENIX_JOIN || client->state != LOAD_JOINING || !is_topic(client, message)) {
        return 0;
    }
    if (load_scan_is(message->values[LOAD_STATUS], "ok", 2)) {
        joined(client);
    }
    else {
        char why[200];
        (void)snprintf(why, sizeof why, "join refused: %.*s", (int)message->frame.length,
                       message->frame.at);
        load_stream_fail(&client->stream, why);
    }
    return 1;
}

static void on_text(load_stream *stream, const char *text, size_t length)
{
    load_client *client = (load_client *)stream;
    load_message message;

    if (client->run->options.dialect == LOAD_NCHAN) {
        memset(&message, 0, sizeof message);
        message.frame = (flx_slice){ text, length };
        message.values[LOAD_TEXT_VALUE] = message.frame;
        client->run->behaviour->seen(client, &message);
        return;
    }
    if (load_phoenix_read(&message, text, length) != 0) {
        load_client_wrong(client, "no message", &message);
        return;
    }
    if (load_scan_is(message.event, "phx_reply", 9) && take_reply(client, &message)) {
        return;
    }
    if (client->state != LOAD_JOINED || !is_topic(client, &message)) {
        load_client_wrong(client, "not expected", &message);
        return;
    }
    client->run->behaviour->seen(client, &message);
}

static size_t on_received(load_stream *stream, const char *bytes, size_t length)
{
    load_client *client = (load_client *)stream;
    size_t took = 0;

    if (client->state == LOAD_OPENING) {
        took = take_answer(client, bytes, length);
        if (client->state == LOAD_OPENING) {
            return took;
        }
    }
    return took + load_websocket_take(stream, bytes + took, length - took, on_text);
}

static void on_ended(load_stream *stream, const char *why)
{
    load_client *client = (load_client *)stream;
    load_run *run = client->run;

    if (client->state == LOAD_JOINED) {
        run->joined--;
        run->gone++;
        load_fault(&run->faults, &run->faults.wrong, "connection %u: %s", client->index, why);
    }
    else {
        run->in_flight--;
        run->failed++;
        if (run->first_failure[0] == '\0') {
            (void)snprintf(run->first_failure, sizeof run->first_failure, "connection %u: %s",
                           client->index, why);
        }
    }
    client->state = LOAD_ENDED;
}

static const load_stream_functions functions = { on_connected, on_received, on_ended };

void load_client_say(load_client *client, const char *text, size_t length)
{
    load_websocket_say(&client->stream, text, length);
}

/* ---- all of them ---- */

static void open_one(load_run *run, load_client *client)
{
    const load_addresses *to = &run->options.to, *from = &run->options.from;

    client->run = run;
    client->index = (uint32_t)(client - run->clients);
    client->user = &run->users[client->index];
    client->stream.functions = &functions;
    client->state = LOAD_OPENING;
    client->began_at = load_now();
    run->in_flight++;
    load_stream_open(&client->stream, &run->net, &to->at[client->index % to->count],
                     from->count > 0 ? &from->at[client->index / to->count % from->count] : NULL,
                     run->options.is_tls);
}

/* Those that take too long have failed. */
static void give_up(load_run *run)
{
    int64_t before = load_now() - (int64_t)(run->options.patience * 1e9);
    size_t i;

    for (i = 0; i < run->next; i++) {
        load_client *client = &run->clients[i];
        if ((client->state == LOAD_OPENING || client->state == LOAD_JOINING) &&
            client->began_at < before) {
            load_stream_fail(&client->stream, client->state == LOAD_OPENING
                                                  ? "no answer to its handshake in time"
                                                  : "no answer to its join in time");
        }
    }
}

void load_clients_open(load_run *run)
{
    int64_t look_at = 0, now;

    while (run->next < run->count || run->in_flight > 0) {
        while (run->next < run->count && run->in_flight < (size_t)run->options.in_flight) {
            open_one(run, &run->clients[run->next++]);
        }
        load_clients_round(run, 100);
        now = load_now();
        if (now > look_at) {
            look_at = now + 500000000;
            give_up(run);
        }
    }
}

void load_clients_close(load_run *run)
{
    size_t i;

    for (i = 0; i < run->next; i++) {
        load_stream_free(&run->clients[i].stream);
    }
}

static void beat(load_client *client)
{
    char text[LOAD_PHOENIX_ROOM];

    if (client->state != LOAD_JOINED) {
        return;
    }
    if (client->is_beating) {
        load_fault(&client->run->faults, &client->run->faults.lost,
                   "connection %u: no answer to its heartbeat", client->index);
    }
    client->is_beating = 1;
    load_client_say(client, text, load_phoenix_beat(text));
}

/* Some of them each tenth of a second, so that it never is all at once. */
static void beat_some(load_run *run)
{
    int64_t now = load_now();
    size_t steps = (size_t)(run->options.beat * 1e9 / BEAT_STEP) + 1;

    if (now < run->beat_at || run->options.dialect == LOAD_NCHAN) {
        return;
    }
    run->beat_at = (run->beat_at > 0 ? run->beat_at : now) + BEAT_STEP;
    run->beats_due += run->next;
    while (run->beats_due >= steps) {
        run->beats_due -= steps;
        run->next_beat = (run->next_beat + 1) % run->next;
        beat(&run->clients[run->next_beat]);
    }
}

void load_clients_round(load_run *run, int milliseconds)
{
    load_net_round(&run->net, milliseconds);
    beat_some(run);
}

load_usage load_run_usage(const load_run *run)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (load_usage){
        .seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
        .reads = run->net.read_count,
        .writes = run->net.write_count,
    };
}
