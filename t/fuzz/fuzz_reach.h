/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzz_subscription plays of transports, and what it asks of reach.c: what is said to have arrived has, and who does not get
 * what is sent is in doubt. To be included there, behind its world. */
#ifndef FLX_FUZZ_REACH_H
#define FLX_FUZZ_REACH_H

static uint64_t progress(const push_transport *transport, push_stage stage)
{
    const channel *of =
        (const channel *)(const void *)((const char *)transport - offsetof(channel, transport));

    return stage == PUSH_SENT      ? of->sent
           : stage == PUSH_ARRIVED ? of->arrived
           : stage == PUSH_PROVEN  ? of->proven
                                   : UINT64_MAX;
}

static void ask(push_transport *transport)
{
    const channel *of =
        (const channel *)(const void *)((const char *)transport - offsetof(channel, transport));

    must(of->arrived < of->sent);
}

static push_transport *transport_of(const push_subscription *subscription)
{
    static const push_transport_functions functions = { .progress = progress, .ask = ask };
    channel *of = &it.channels[subscription == &it.channels[1].subscription];

    of->transport.functions = &functions;
    return &of->transport;
}

void push_presence_changed(struct push_presence *presence,
                           const struct push_subscription *subscription)
{
    (void)presence;
    must(subscription->reach.proven != PUSH_REACH_NONE);
}

/* What is not judged again has arrived: all that is up to the position, and that the user counted as online for. */
void push_presence_missed(struct push_presence *presence,
                          const struct push_subscription *subscription, flx_time position)
{
    const channel *of = (const channel *)(const void *)subscription;
    int first = (subscription->was_synced ? of->started_from : of->live_from) + 1;

    (void)presence;
    must(of->phase == IN);
    for (int i = first; i <= number_of(position); i++) {
        must((of->sent_with[i] > 0 && of->sent_with[i] <= of->arrived) ||
             it.origins[i] == of - it.channels);
    }
}

/* Messages come to the client's system: the next one, or all. And it is heard from. */
static void go_along(channel *of, uint8_t byte)
{
    of->arrived += byte & 128 ? of->sent - of->arrived : of->arrived < of->sent;
    of->proven = byte & 64 ? of->arrived : of->proven;
}

/* Everybody has all that was sent. */
static void arrive(void)
{
    for (int i = 0; i < CHANNELS; i++) {
        it.channels[i].arrived = it.channels[i].proven = it.channels[i].sent;
    }
}

/* Who is online is so without a doubt; then an event does not arrive, and whoever was to get it is in doubt. */
static void check_reach(void)
{
    push_block *block;
    int number = it.committed;

    for (int i = 0; i < CHANNELS; i++) {
        const channel *of = &it.channels[i];
        must(of->phase != IN ||
             (of->subscription.reach.wait == NULL && push_reach_is_sure(&of->subscription)));
    }
    must(it.server.metrics.channels_doubtful == 0);
    it.origins[number] = NOBODY;
    it.noted = ++it.committed;
    block = push_block_make((const char *)&number, sizeof number);
    must(block != NULL);
    push_subscriptions_deliver(it.server.users, &user, stamp_of(number), NULL,
                               &(push_payload){ .count = 1, .parts = { block } });
    push_block_release(block);
    for (int i = 0; i < 3; i++) {
        fuzz_clock_pass(1000);
        push_reaches_look(it.server.reaches);
    }
    for (int i = 0; i < CHANNELS; i++) {
        const channel *of = &it.channels[i];
        must(of->phase != IN || !push_reach_is_sure(&of->subscription));
    }
}

#endif
