/* SPDX-License-Identifier: Apache-2.0 */
/* Which users the database is told of, in how many calls, and that nothing is forgotten when it does not answer: clock, database
 * and stream are played here. */
/* With pushd: presence.c users.c reach.c */
#include "unit.h"

#include "database.h"
#include "log.h"
#include "notifier.h"
#include "presence.h"
#include "server.h"
#include "stream.h"
#include "users.h"

struct push_call {
    const flx_statement *statement;
    char *parameters[4];
    push_answered *done;
    void *data;
};

static struct {
    push_server server;
    push_settings settings;
    uint64_t now;
    uv_timer_t *timer;
    uv_timer_cb tick;
    struct push_call *call; /* under way; one at a time, beside a beat */
    struct push_call *beat;
    char told[2000]; /* what was asked of the database, in order, with how many users */
    int is_closed;
    int is_away;
} it;

/* ---- the world ---- */

uint64_t uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return it.now;
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
    (void)loop;
    it.timer = timer;
    return 0;
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb call, uint64_t wait, uint64_t repeat)
{
    assert_ptr_equal(timer, it.timer);
    assert_int_equal(wait, PUSH_PRESENCE_TICK);
    assert_int_equal(repeat, PUSH_PRESENCE_TICK);
    it.tick = call;
    return 0;
}

void uv_close(uv_handle_t *handle, uv_close_cb closed)
{
    it.tick = NULL;
    closed(handle);
}

void push_log(push_log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

push_catch_up *push_catch_up_make(struct push_server *server)
{
    return (push_catch_up *)(void *)server;
}

void push_catch_up_free(push_catch_up *catch_up)
{
    (void)catch_up;
}

int push_stream_is_up(const struct push_stream *stream)
{
    (void)stream;
    return 1;
}

int push_database_is_up(const struct push_database *database)
{
    (void)database;
    return !it.is_away;
}

const char *push_notifier_web_push_key(const struct push_server *server)
{
    (void)server;
    return "BKey";
}

static int count(const char *array)
{
    int commas = 0;

    for (const char *at = array; *at != '\0'; at++) {
        commas += *at == ',';
    }
    return array[1] == '}' ? 0 : commas + 1;
}

push_call *push_database_call(struct push_database *database, push_lane which,
                              const flx_statement *statement, const char *const *caller,
                              const char *const *parameters, push_answered *done, void *data)
{
    struct push_call *call = calloc(1, sizeof *call);
    size_t length = strlen(it.told);

    (void)database;
    assert_int_equal(which, PUSH_LANE_WRITE);
    assert_null(caller);
    assert_non_null(call);
    *call = (struct push_call){ .statement = statement, .done = done, .data = data };
    for (int i = 0; i < statement->parameters; i++) {
        call->parameters[i] = parameters[i] != NULL ? strdup(parameters[i]) : NULL;
    }
    if (statement == &flx_statement_beat) {
        assert_null(it.beat);
        it.beat = call;
        return call;
    }
    assert_null(it.call);
    it.call = call;
    length += (size_t)snprintf(it.told + length, sizeof it.told - length, "%s", statement->name);
    if (statement != &flx_statement_end_daemon) {
        const char *users = parameters[statement == &flx_statement_update_presence];
        length += (size_t)snprintf(it.told + length, sizeof it.told - length, " %d", count(users));
    }
    snprintf(it.told + length, sizeof it.told - length, "\n");
    return call;
}

static void free_call(struct push_call *call)
{
    for (int i = 0; i < 4; i++) {
        free(call->parameters[i]);
    }
    free(call);
}

void push_call_forget(push_call *call)
{
    struct push_call **which = call == it.beat ? &it.beat : &it.call;

    assert_ptr_equal(*which, call);
    *which = NULL;
    free_call(call);
}

static void answer(struct push_call **which, int succeeds)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    struct push_call *call = *which;
    push_answer said = { .result = succeeds ? result : NULL, .refusal = FLX_UNAVAILABLE };

    assert_non_null(call);
    *which = NULL;
    call->done(call->data, &said);
    free_call(call);
    PQclear(result);
}

/* The daemon is known, and push_delay two seconds. */
static void answer_beat(int is_known)
{
    char columns[2][16] = { "is_known", "push_delay_ms" };
    char known = (char)is_known, delay[8] = { 0, 0, 0, 0, 0, 0, 2000 >> 8, (char)(2000 & 255) };
    PGresAttDesc descriptions[2];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    struct push_call *call = it.beat;
    push_answer said = { .result = result };

    assert_non_null(call);
    assert_string_equal(call->parameters[1], "15000 milliseconds");
    assert_string_equal(call->parameters[2], "60000 milliseconds");
    assert_string_equal(call->parameters[3], "BKey");
    memset(descriptions, 0, sizeof descriptions);
    for (int i = 0; i < 2; i++) {
        descriptions[i].name = columns[i];
        descriptions[i].format = 1;
    }
    assert_true(PQsetResultAttrs(result, 2, descriptions));
    assert_true(PQsetvalue(result, 0, 0, &known, 1));
    assert_true(PQsetvalue(result, 0, 1, delay, 8));
    it.beat = NULL;
    call->done(call->data, &said);
    free_call(call);
    PQclear(result);
}

static void tick(void)
{
    it.now += PUSH_PRESENCE_TICK;
    it.tick(it.timer);
}

static void begin(void)
{
    memset(&it, 0, sizeof it);
    it.now = 1000000;
    it.settings.presence_lease = 15000;
    it.settings.idle_time = 60000;
    it.server.settings = &it.settings;
    it.server.users = push_users_make(&it.server);
    it.server.reaches = push_reaches_make(&it.server);
    it.server.presence = push_presence_open(&it.server);
    assert_true(it.server.users != NULL && it.server.reaches != NULL && it.server.presence != NULL);
    tick();
    answer_beat(0);
    assert_int_equal(push_presence_push_delay(it.server.presence), 2000);
}

static void closed(void *data)
{
    assert_ptr_equal(data, &it);
    it.is_closed = 1;
}

static void end(void)
{
    if (it.server.presence != NULL) {
        it.is_away = 1;
        push_presence_close(it.server.presence, closed, &it);
    }
    assert_true(it.is_closed);
    assert_null(it.call);
    assert_null(it.beat);
    push_users_free(it.server.users);
    push_reaches_free(it.server.reaches);
}

/* What was told since this was last asked. */
static const char *told(void)
{
    static char text[sizeof it.told];

    memcpy(text, it.told, sizeof text);
    it.told[0] = '\0';
    return text;
}

/* Answers until there is nothing more to ask. */
static void answer_all(void)
{
    while (it.call != NULL) {
        answer(&it.call, 1);
    }
}

static void join(push_subscription *one, int number, flx_time live_from)
{
    memset(one, 0, sizeof *one);
    one->server = &it.server;
    memcpy(one->user_id.bytes, &number, sizeof number);
    push_reach_init(one);
    assert_int_equal(push_users_add(it.server.users, one), 0);
    one->position = one->live_from = live_from;
    push_reach_joined(one);
    push_presence_changed(it.server.presence, one);
}

static void leave(push_subscription *one)
{
    push_presence_missed(it.server.presence, one, one->reach.proven);
    push_users_remove(it.server.users, one);
}

static void sync_it(push_subscription *one)
{
    one->was_synced = 1;
    push_presence_changed(it.server.presence, one);
}

/* ---- what is told ---- */

static void who_comes_and_goes(void **state)
{
    push_subscription phone, desk;

    (void)state;
    begin();
    join(&phone, 7, 100);
    assert_string_equal(told(), "");
    tick();
    assert_string_equal(it.call->parameters[1], "{\"07000000-0000-0000-0000-000000000000\"}");
    assert_string_equal(it.call->parameters[2], "{\"1970-01-01T00:00:00.100Z\"}");
    assert_string_equal(it.call->parameters[3], "{NULL}");
    answer_all();
    assert_string_equal(told(), "update_presence 1\n");
    sync_it(&phone);
    tick();
    assert_string_equal(it.call->parameters[2], "{\"-infinity\"}");
    answer_all();
    told();
    /* A second connection changes nothing, with or without the first. */
    join(&desk, 7, 150);
    tick();
    sync_it(&desk);
    leave(&phone);
    tick();
    assert_string_equal(told(), "");
    assert_int_equal(it.server.metrics.presence_users, 1);
    leave(&desk);
    tick();
    assert_string_equal(it.call->parameters[2], "{NULL}");
    assert_string_equal(it.call->parameters[3], "{\"1970-01-01T00:00:00.150Z\"}");
    answer(&it.call, 1);
    assert_string_equal(it.call->parameters[1], "{\"1970-01-01T00:00:00.150Z\"}");
    answer_all();
    assert_string_equal(told(), "update_presence 1\npush_missed 1\n");
    assert_int_equal(it.server.metrics.presence_users, 0);
    assert_int_equal(it.server.users->count, 0);
    end();
}

static void nothing_is_said_of_who_is_back_at_once(void **state)
{
    push_subscription phone;

    (void)state;
    begin();
    join(&phone, 7, 100);
    sync_it(&phone);
    tick();
    answer_all();
    told();
    for (int round = 0; round < 5; round++) {
        leave(&phone);
        join(&phone, 7, 100);
        sync_it(&phone);
        tick();
    }
    assert_string_equal(told(), "");
    /* Nor of who comes and is gone: but that may have missed something. */
    leave(&phone);
    tick();
    answer_all();
    assert_string_equal(told(), "update_presence 1\npush_missed 1\n");
    end();
}

/* A thousand at a time, one call after the other. */
static void a_storm_takes_a_few_calls(void **state)
{
    static push_subscription crowd[2500];

    (void)state;
    begin();
    for (int i = 0; i < 2500; i++) {
        join(&crowd[i], i, 100);
    }
    tick();
    answer_all();
    tick();
    answer_all();
    assert_string_equal(told(),
                        "update_presence 1000\nupdate_presence 1000\nupdate_presence 500\n");
    assert_int_equal(it.server.metrics.presence_users, 2500);
    for (int i = 0; i < 2500; i++) {
        leave(&crowd[i]);
    }
    tick();
    answer_all();
    tick();
    answer_all();
    assert_string_equal(told(), "update_presence 1000\npush_missed 1000\nupdate_presence 1000\n"
                                "push_missed 1000\nupdate_presence 500\npush_missed 500\n");
    assert_int_equal(it.server.users->count, 0);
    end();
}

static void what_was_not_answered_is_said_again(void **state)
{
    push_subscription phone;

    (void)state;
    begin();
    join(&phone, 7, 100);
    tick();
    answer(&it.call, 0);
    tick();
    assert_string_equal(told(), "update_presence 1\n");
    for (int i = 0; i < 4; i++) {
        tick();
    }
    answer_all();
    assert_string_equal(told(), "update_presence 1\n");
    leave(&phone);
    tick();
    answer(&it.call, 1);
    answer(&it.call, 0);
    assert_string_equal(told(), "update_presence 1\npush_missed 1\n");
    for (int i = 0; i < 5; i++) {
        tick();
    }
    answer(&it.call, 1);
    assert_string_equal(it.call->parameters[1], "{\"1970-01-01T00:00:00.100Z\"}");
    answer_all();
    assert_string_equal(told(), "update_presence 1\npush_missed 1\n");
    end();
}

static void beat_now(int is_known)
{
    for (int i = 0; i < 30 && it.beat == NULL; i++) {
        tick();
    }
    answer_beat(is_known);
}

static void all_are_told_again_where_they_may_be_forgotten(void **state)
{
    push_subscription crowd[3];

    (void)state;
    begin();
    for (int i = 0; i < 3; i++) {
        join(&crowd[i], i, 100);
    }
    tick();
    answer_all();
    told();
    beat_now(1);
    tick();
    assert_string_equal(told(), "");
    beat_now(0);
    answer_all();
    assert_string_equal(told(), "update_presence 3\n");
    /* The session was lost: another server may have answered since. */
    it.server.metrics.stream_restarts_total++;
    beat_now(1);
    answer_all();
    assert_string_equal(told(), "update_presence 3\n");
    /* While no beat is answered nothing is said. */
    for (int i = 0; i < 30 && it.beat == NULL; i++) {
        tick();
    }
    answer(&it.beat, 0);
    leave(&crowd[0]);
    tick();
    assert_string_equal(told(), "");
    beat_now(1);
    answer_all();
    assert_string_equal(told(), "update_presence 1\npush_missed 1\n");
    end();
}

static void the_last_ones_are_told_at_the_end(void **state)
{
    push_subscription phone;

    (void)state;
    begin();
    join(&phone, 7, 100);
    tick();
    leave(&phone);
    push_presence_close(it.server.presence, closed, &it);
    answer(&it.call, 1);
    assert_false(it.is_closed);
    answer_all();
    assert_string_equal(told(),
                        "update_presence 1\nupdate_presence 1\npush_missed 1\nend_daemon\n");
    assert_true(it.is_closed);
    assert_null(it.server.presence);
    end();
}

static void the_end_waits_for_a_second(void **state)
{
    push_subscription phone;

    (void)state;
    begin();
    join(&phone, 7, 100);
    tick();
    leave(&phone);
    push_presence_close(it.server.presence, closed, &it);
    for (int i = 0; i < 3; i++) {
        tick();
    }
    assert_false(it.is_closed);
    tick();
    assert_true(it.is_closed);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_and_goes),
        cmocka_unit_test(nothing_is_said_of_who_is_back_at_once),
        cmocka_unit_test(a_storm_takes_a_few_calls),
        cmocka_unit_test(what_was_not_answered_is_said_again),
        cmocka_unit_test(all_are_told_again_where_they_may_be_forgotten),
        cmocka_unit_test(the_last_ones_are_told_at_the_end),
        cmocka_unit_test(the_end_waits_for_a_second),
    };

    return unit_run("presence", tests, sizeof tests / sizeof tests[0]);
}
