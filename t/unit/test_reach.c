/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what was sent has arrived, and what may have been missed: clock, transport and who is online are played here. */
/* With pushd: reach.c */
#include "unit.h"

#include "presence.h"
#include "reach.h"
#include "server.h"
#include "subscription.h"

static struct {
    push_server server;
    push_subscription phone;
    push_transport transport;
    uint64_t now;
    uint64_t progress[4]; /* by stage */
    int asked;
    int changed;
    int missed; /* how often */
    flx_time missed_from;
} it;

uint64_t uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return it.now;
}

void push_presence_changed(struct push_presence *presence,
                           const struct push_subscription *subscription)
{
    (void)presence;
    assert_ptr_equal(subscription, &it.phone);
    it.changed++;
}

void push_presence_missed(struct push_presence *presence,
                          const struct push_subscription *subscription, flx_time position)
{
    (void)presence;
    assert_ptr_equal(subscription, &it.phone);
    it.missed++;
    it.missed_from = position;
}

static uint64_t progress(const push_transport *transport, push_stage stage)
{
    (void)transport;
    return it.progress[stage];
}

static void ask(push_transport *transport)
{
    (void)transport;
    it.asked++;
}

static push_transport *transport_of(const push_subscription *subscription)
{
    static const push_transport_functions functions = { .progress = progress, .ask = ask };

    (void)subscription;
    it.transport.functions = &functions;
    return &it.transport;
}

/* ---- steps ---- */

static void send_event(flx_time stamp)
{
    flx_time before = it.phone.position;

    it.phone.position = stamp;
    it.progress[PUSH_SENT] += 10;
    push_reach_sent(&it.phone, before, 0);
}

static void pass(uint64_t milliseconds)
{
    for (uint64_t end = it.now + milliseconds; it.now < end; it.now += 50) {
        push_reaches_look(it.server.reaches);
    }
}

static void arrive(void)
{
    it.progress[PUSH_ARRIVED] = it.progress[PUSH_SENT];
}

static void hear(void)
{
    arrive();
    it.progress[PUSH_PROVEN] = it.progress[PUSH_SENT];
    it.progress[PUSH_HEARD] = it.now;
}

/* Joined at 100, and synced. */
static void begin(void)
{
    static const push_subscriber subscriber = { .transport = transport_of };

    memset(&it, 0, sizeof it);
    it.now = 1000000;
    it.server.reaches = push_reaches_make(&it.server);
    assert_non_null(it.server.reaches);
    it.phone.server = &it.server;
    it.phone.subscriber = &subscriber;
    push_reach_init(&it.phone);
    assert_false(push_reach_is_sure(&it.phone));
    it.phone.position = it.phone.live_from = 100;
    push_reach_joined(&it.phone);
    it.phone.was_synced = 1;
}

static void end(void)
{
    push_reach_end(&it.phone);
    assert_int_equal(it.server.metrics.channels_doubtful, 0);
    push_reaches_free(it.server.reaches);
}

/* ---- what is told ---- */

static void nothing_is_asked_of_who_has_nothing_to_get(void **state)
{
    (void)state;
    begin();
    pass(100000);
    assert_true(push_reach_is_sure(&it.phone));
    assert_int_equal(it.asked + it.missed + it.changed, 0);
    end();
    assert_int_equal(it.phone.reach.proven, 100);
}

static void what_arrives_in_half_the_delay_is_not_asked_for(void **state)
{
    (void)state;
    begin();
    for (flx_time stamp = 101; stamp < 150; stamp++) {
        send_event(stamp);
        arrive();
        pass(300);
    }
    pass(5000);
    assert_null(it.phone.reach.wait);
    assert_int_equal(it.asked + it.missed + it.changed, 0);
    end();
    /* The client's system has it; whether the client has, nobody knows. */
    assert_int_equal(it.phone.reach.proven, 100);
}

static void who_does_not_answer_is_in_doubt_until_it_has_arrived(void **state)
{
    (void)state;
    begin();
    send_event(101);
    hear();
    pass(1500);
    assert_null(it.phone.reach.wait);
    send_event(102);
    send_event(103);
    pass(900);
    assert_int_equal(it.asked, 0);
    pass(200);
    assert_int_equal(it.asked, 1);
    assert_true(push_reach_is_sure(&it.phone));
    pass(1000);
    assert_int_equal(it.missed, 1);
    assert_int_equal(it.missed_from, 101);
    assert_false(push_reach_is_sure(&it.phone));
    assert_int_equal(it.server.metrics.channels_doubtful, 1);
    pass(60000);
    assert_int_equal(it.asked, 1);
    assert_int_equal(it.missed, 1);
    arrive();
    pass(600);
    assert_true(push_reach_is_sure(&it.phone));
    assert_int_equal(it.changed, 1);
    assert_int_equal(it.server.metrics.channels_doubtful, 0);
    end();
    assert_int_equal(it.phone.reach.proven, 101);
}

static void a_slow_network_under_load_is_no_doubt(void **state)
{
    (void)state;
    begin();
    for (flx_time stamp = 101; stamp < 400; stamp++) {
        send_event(stamp);
        pass(50);
        /* the last 300 ms are on their way, always */
        it.progress[PUSH_ARRIVED] = it.progress[PUSH_SENT] > 60 ? it.progress[PUSH_SENT] - 60 : 0;
    }
    assert_int_equal(it.missed, 0);
    assert_true(push_reach_is_sure(&it.phone));
    /* Then the network goes: what arrived is not judged again. */
    pass(4500);
    assert_int_equal(it.missed, 1);
    assert_in_range(it.missed_from, 330, 394);
    end();
}

static void what_the_client_was_heard_from_after_is_proven(void **state)
{
    static const struct {
        int heard_after; /* events; 0: never */
        flx_time proven;
    } cases[] = { { 0, 100 }, { 1, 101 }, { 2, 102 }, { 3, 103 } };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        for (int event = 1; event <= 3; event++) {
            send_event(100 + event);
            if (event == cases[i].heard_after) {
                it.now += 400;
                hear();
            }
        }
        end();
        assert_int_equal(it.phone.reach.proven, cases[i].proven);
    }
}

static void a_goodbye_that_passed_an_event_on_its_way_proves_nothing(void **state)
{
    static const struct {
        uint64_t later; /* than the event */
        flx_time proven;
    } cases[] = { { 0, 101 }, { 399, 101 }, { 400, 102 } };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        send_event(101);
        hear();
        it.now += 2000;
        send_event(102);
        it.now += cases[i].later;
        hear();
        it.now += 1000;
        end();
        assert_int_equal(it.phone.reach.proven, cases[i].proven);
    }
}

static void what_a_transport_that_closes_is_sent_never_comes(void **state)
{
    (void)state;
    begin();
    send_event(101);
    hear();
    it.phone.position = 102;
    it.progress[PUSH_SENT] = UINT64_MAX;
    push_reach_sent(&it.phone, 101, 0);
    it.progress[PUSH_PROVEN] = it.progress[PUSH_ARRIVED] = 1000;
    end();
    assert_int_equal(it.phone.reach.proven, 101);
}

static void a_first_sync_counts_from_its_cursor(void **state)
{
    static const struct {
        flx_time cursor;
        int is_heard;
        flx_time proven;
    } cases[] = {
        { 40, 0, 40 },   { 40, 1, 100 }, { FLX_TIME_MIN, 0, FLX_TIME_MIN },
        { 100, 0, 100 }, /* who says to have what is yet to come, has what there is */
        { 900, 0, 100 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        it.phone.was_synced = 0;
        it.phone.syncs = 1;
        push_reach_syncing(&it.phone, cases[i].cursor);
        hear();
        /* its reply */
        it.phone.syncs = 0;
        it.phone.was_synced = 1;
        it.progress[PUSH_SENT] += 10;
        push_reach_sent(&it.phone, it.phone.position, 1);
        if (cases[i].is_heard) {
            hear();
        }
        else {
            pass(2100);
            assert_int_equal(it.missed, 1);
            assert_int_equal(it.missed_from, cases[i].proven);
        }
        end();
        assert_int_equal(it.phone.reach.proven, cases[i].proven);
    }
}

/* The client is live before its first sync, whose reply then does not come: all that it was to have is in doubt. */
static void a_first_sync_counts_whatever_was_sent_before(void **state)
{
    (void)state;
    for (int is_heard = 0; is_heard < 2; is_heard++) {
        begin();
        it.phone.was_synced = 0;
        send_event(101);
        it.phone.syncs = 1;
        push_reach_syncing(&it.phone, 40);
        if (is_heard) {
            hear();
        }
        send_event(102);
        it.phone.syncs = 0;
        it.phone.was_synced = 1;
        it.progress[PUSH_SENT] += 10;
        push_reach_sent(&it.phone, it.phone.position, 1);
        pass(2100);
        assert_int_equal(it.missed, 1);
        assert_int_equal(it.missed_from, 40);
        end();
        assert_int_equal(it.phone.reach.proven, 40);
    }
}

static void the_newest_event_is_asked_for_as_well(void **state)
{
    (void)state;
    begin();
    send_event(101);
    pass(500);
    arrive();
    send_event(102);
    pass(600);
    assert_int_equal(it.asked, 1);
    arrive();
    pass(3000);
    assert_int_equal(it.asked + it.missed, 1);
    end();
}

static void the_delay_is_the_databases(void **state)
{
    static const struct {
        uint64_t delay, from, to;
    } cases[] = { { 0, 900, 1200 }, { 4000, 3900, 4200 }, { 60000, 59900, 60200 } };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        push_reaches_set_delay(it.server.reaches, cases[i].delay);
        send_event(101);
        pass(cases[i].from);
        assert_int_equal(it.missed, 0);
        pass(cases[i].to - cases[i].from);
        assert_int_equal(it.missed, 1);
        end();
    }
    /* What waits does not wait for the end of an hour that is none any more. */
    begin();
    push_reaches_set_delay(it.server.reaches, 3600000);
    send_event(101);
    pass(100);
    push_reaches_set_delay(it.server.reaches, 2000);
    pass(2100);
    assert_int_equal(it.missed, 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_asked_of_who_has_nothing_to_get),
        cmocka_unit_test(what_arrives_in_half_the_delay_is_not_asked_for),
        cmocka_unit_test(who_does_not_answer_is_in_doubt_until_it_has_arrived),
        cmocka_unit_test(a_slow_network_under_load_is_no_doubt),
        cmocka_unit_test(what_the_client_was_heard_from_after_is_proven),
        cmocka_unit_test(a_goodbye_that_passed_an_event_on_its_way_proves_nothing),
        cmocka_unit_test(what_a_transport_that_closes_is_sent_never_comes),
        cmocka_unit_test(a_first_sync_counts_from_its_cursor),
        cmocka_unit_test(a_first_sync_counts_whatever_was_sent_before),
        cmocka_unit_test(the_newest_event_is_asked_for_as_well),
        cmocka_unit_test(the_delay_is_the_databases),
    };

    return unit_run("reach", tests, sizeof tests / sizeof tests[0]);
}
