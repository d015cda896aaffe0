/* SPDX-License-Identifier: Apache-2.0 */
/* Database, stream and subscriptions of the daemon without its transports: takes commands on standard input, says on standard
 * output what a channel would be told. Its arguments are the daemon's flags. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "flx_result.h"
#include "notifier.h"
#include "server.h"
#include "settings.h"
#include "stream.h"
#include "subscription.h"

#define WORDS 6

/* A channel. */
typedef struct channel {
    push_subscription subscription; /* first */
    struct channel *next;
    char name[32];
    char user[FLX_UUID_TEXT + 1];
    const char *caller[FLX_CALLER_PARAMETERS];
    size_t backlog;
    int is_judging;
} channel;

static push_server server;
static channel *channels;
static char input[65536];
static size_t input_length;
static uv_pipe_t standard_input;
static int to_close;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    (void)fflush(stdout);
}

/* Nobody sends pushes here. */
void push_notifier_note(struct push_notifier *notifier, int events)
{
    (void)notifier;
    (void)events;
}

const char *push_notifier_web_push_key(const push_server *ours)
{
    (void)ours;
    return NULL;
}

static channel *find(const char *name)
{
    channel *c = channels;

    while (c != NULL && strcmp(c->name, name) != 0) {
        c = c->next;
    }
    return c;
}

static void leave(channel *c)
{
    channel **link = &channels;

    while (*link != c) {
        link = &(*link)->next;
    }
    *link = c->next;
    push_unsubscribe(&c->subscription);
    free(c);
}

static void on_push(push_subscription *subscription, const push_payload *payload)
{
    const push_block *const *parts = (const push_block *const *)payload->parts;
    int i;

    (void)printf("push %s ", ((channel *)subscription)->name);
    for (i = 0; i < payload->count; i++) {
        (void)printf("%.*s", (int)parts[i]->length, parts[i]->bytes);
    }
    say("%s", "");
}

static size_t on_backlog(const push_subscription *subscription)
{
    return ((const channel *)subscription)->backlog;
}

static void on_judge(push_subscription *subscription)
{
    say("judge %s", ((channel *)subscription)->name);
}

static void on_restart(push_subscription *subscription)
{
    say("restart %s", ((channel *)subscription)->name);
    leave((channel *)subscription);
}

/* Nobody asks how far that has come: there is no push_server.reaches. */
static push_transport *on_transport(const push_subscription *subscription)
{
    (void)subscription;
    return NULL;
}

static const push_subscriber subscriber = {
    .push = on_push,
    .backlog = on_backlog,
    .transport = on_transport,
    .judge = on_judge,
    .restart = on_restart,
};

static void write_time(flx_time time, char text[FLX_TIME_TEXT + 1])
{
    flx_time_write(time, text);
    text[FLX_TIME_TEXT] = '\0';
}

/* A call's data: the channel may be gone when it is answered. */
typedef struct asked {
    char name[32];
} asked;

static asked *ask_for(const channel *c)
{
    asked *made = calloc(1, sizeof *made);

    if (made == NULL) {
        abort();
    }
    memcpy(made->name, c->name, sizeof made->name);
    return made;
}

static void authenticated(void *data, const push_answer *answer)
{
    channel *c = find(((asked *)data)->name);
    char text[FLX_TIME_TEXT + 1];
    flx_time live_from;

    free(data);
    if (c == NULL) {
        return;
    }
    if (answer->result == NULL) {
        say("refused %s %s", c->name, flx_outcome_code(answer->refusal));
        leave(c);
        return;
    }
    live_from = flx_value_time(flx_result_get(answer->result, 0, "live_from"));
    write_time(live_from, text);
    say("joined %s %s", c->name, text);
    push_subscription_joined(&c->subscription, live_from);
}

static void join(char **words)
{
    static const char issued_at[] = "2100-01-01T00:00:00Z";
    channel *c = calloc(1, sizeof *c);

    if (c == NULL) {
        abort();
    }
    (void)snprintf(c->name, sizeof c->name, "%s", words[1]);
    (void)snprintf(c->user, sizeof c->user, "%s", words[2]);
    c->caller[0] = c->user;
    c->caller[1] = issued_at;
    c->caller[2] = "false";
    c->subscription.subscriber = &subscriber;
    c->subscription.server = &server;
    c->subscription.caller = c->caller;
    if (flx_uuid_read(&c->subscription.user_id, c->user, strlen(c->user)) != 0 ||
        flx_uuid_read(&c->subscription.origin, words[3], strlen(words[3])) != 0 ||
        push_subscribe(&c->subscription) != 0) {
        abort();
    }
    c->next = channels;
    channels = c;
    if (push_database_call(server.database, PUSH_LANE_READ, &flx_statement_authenticate, c->caller,
                           NULL, authenticated, ask_for(c)) == NULL) {
        abort();
    }
}

static void synced(void *data, const push_answer *answer)
{
    channel *c = find(((asked *)data)->name);
    char text[FLX_TIME_TEXT + 1];
    flx_time cursor = 0;
    int has_more = 0;

    free(data);
    if (c == NULL) {
        return;
    }
    if (answer->result == NULL) {
        say("unsynced %s %s", c->name, flx_outcome_code(answer->refusal));
    }
    else {
        cursor = flx_value_time(flx_result_get(answer->result, 0, "cursor_at"));
        has_more = flx_value_bool(flx_result_get(answer->result, 0, "has_more"));
        write_time(cursor, text);
        say("synced %s %s %d %d", c->name, text, has_more, PQntuples(answer->result) - 1);
    }
    push_subscription_synced(&c->subscription, answer->result != NULL, cursor, has_more);
}

static void sync_now(channel *c, const char *cursor, const char *limit)
{
    const char *const parameters[] = { strcmp(cursor, "-") != 0 ? cursor : NULL, limit };

    push_subscription_syncing(&c->subscription, FLX_TIME_MIN);
    if (push_database_call(server.database, PUSH_LANE_READ, &flx_statement_sync_events, c->caller,
                           parameters, synced, ask_for(c)) == NULL) {
        abort();
    }
}

static void sent(void *data, const push_answer *answer)
{
    say("sent %s %s", ((asked *)data)->name,
        answer->result != NULL ? "ok" : flx_outcome_code(answer->refusal));
    free(data);
}

/* A private text. */
static void send_text(const channel *c, const char *receiver, const char *text)
{
    char content[512], origin[FLX_UUID_TEXT + 1] = "";
    const char *const parameters[] = { NULL, NULL, receiver, "private_message", "text", content,
                                       NULL, NULL, origin };

    flx_uuid_write(&c->subscription.origin, origin);
    (void)snprintf(content, sizeof content, "{\"text\": \"%s\"}", text);
    if (push_database_call(server.database, PUSH_LANE_SEND, &flx_statement_send_from, c->caller,
                           parameters, sent, ask_for(c)) == NULL) {
        abort();
    }
}

static void checked(void *data, const push_answer *answer)
{
    say("checked %s %s", ((asked *)data)->name,
        answer->result != NULL ? "ok" : flx_outcome_code(answer->refusal));
    free(data);
}

static void check(const channel *c)
{
    if (push_database_call(server.database, PUSH_LANE_READ, &flx_statement_check_token, c->caller,
                           NULL, checked, ask_for(c)) == NULL) {
        abort();
    }
}

static void part_closed(void *data)
{
    (void)data;
    if (--to_close == 0) {
        say("closed");
    }
}

static void quit(void)
{
    while (channels != NULL) {
        leave(channels);
    }
    uv_close((uv_handle_t *)&standard_input, NULL);
    to_close = 2;
    push_stream_close(server.stream, part_closed, NULL);
    push_database_close(server.database, part_closed, NULL);
    push_users_free(server.users);
    server.users = NULL;
}

static void show_metrics(void)
{
#define SHOW(name, kind, help) say("metric " #name " %lld", (long long)server.metrics.name);
    PUSH_METRICS(SHOW)
#undef SHOW
    say("end");
}

static void obey(char *line)
{
    char *words[WORDS] = { NULL }, *rest = NULL, *word;
    int count = 0;
    channel *c;

    for (word = strtok_r(line, " ", &rest); word != NULL && count < WORDS;
         word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    c = count > 1 ? find(words[1]) : NULL;
    if (count == 4 && strcmp(words[0], "join") == 0) {
        join(words);
    }
    else if (count == 4 && strcmp(words[0], "sync") == 0 && c != NULL) {
        sync_now(c, words[2], words[3]);
    }
    else if (count == 3 && strcmp(words[0], "backlog") == 0 && c != NULL) {
        c->backlog = strtoul(words[2], NULL, 10);
        say("ok");
    }
    else if (count == 4 && strcmp(words[0], "send") == 0 && c != NULL) {
        send_text(c, words[2], words[3]);
    }
    else if (count == 2 && strcmp(words[0], "check") == 0 && c != NULL) {
        check(c);
    }
    else if (count == 2 && strcmp(words[0], "leave") == 0 && c != NULL) {
        leave(c);
        say("ok");
    }
    else if (count == 1 && strcmp(words[0], "up") == 0) {
        say("up %d %d", push_database_is_up(server.database), push_stream_is_up(server.stream));
    }
    else if (count == 1 && strcmp(words[0], "metrics") == 0) {
        show_metrics();
    }
    else if (count == 1 && strcmp(words[0], "quit") == 0) {
        quit();
    }
    else {
        say("what?");
    }
}

static void allocate(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    (void)handle;
    (void)size;
    *buffer = uv_buf_init(input + input_length, (unsigned)(sizeof input - input_length - 1));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    char *end;

    (void)stream;
    (void)buffer;
    if (count < 0) {
        quit();
        return;
    }
    input_length += (size_t)count;
    input[input_length] = '\0';
    while (server.users != NULL && (end = strchr(input, '\n')) != NULL) {
        *end = '\0';
        obey(input);
        input_length -= (size_t)(end + 1 - input);
        memmove(input, end + 1, input_length + 1);
    }
}

int main(int argc, char **argv)
{
    char why[512];

    server.loop = uv_default_loop();
    server.settings =
        push_settings_read(NULL, (const char *const *)argv + 1, argc - 1, why, sizeof why);
    if (server.settings == NULL) {
        say("settings: %s", why);
        return 1;
    }
    push_log_set_level(server.settings->log_level);
    server.database = push_database_open(&server);
    server.users = push_users_make(&server);
    server.stream = push_stream_open(&server);
    if (server.database == NULL || server.users == NULL || server.stream == NULL ||
        uv_pipe_init(server.loop, &standard_input, 0) != 0 ||
        uv_pipe_open(&standard_input, 0) != 0 ||
        uv_read_start((uv_stream_t *)&standard_input, allocate, on_read) != 0) {
        say("cannot begin");
        return 1;
    }
    (void)uv_run(server.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(server.loop);
    push_settings_free(server.settings);
    return 0;
}
