// SPDX-License-Identifier: Apache-2.0
// A user's device: it joins, syncs from its cursor, and builds what it knows from pushes, syncs and replies alone; it notes all
// that the promises of delivery rule out.
'use strict';

const { Channel } = require('./channel');

class Device {
    // world: {random, ports(): daemons to choose from, fault(text), count(what)}
    constructor(world, user) {
        this.world = world;
        this.user = user;
        this.cursor = null;
        this.last = ''; // the newest event applied
        this.seen = new Set(); // ids of events, applied once
        this.statuses = new Map(); // message id -> {status, type, conversation}
        this.readUpTo = new Map(); // conversation -> the newest message that a mark_read of ours covers
        this.channel = null;
        this.isJoined = false;
        this.lastHeard = Date.now();
    }

    // -- Connection ---------------------------------------------------------------------------------

    // Joins on one of the daemons and syncs, by itself page by page, or as stock clients do: once, and the daemon pushes the rest.
    async connect() {
        const { world } = this;
        this.live = new Set(); // ids pushed on this connection
        this.lastLive = '';
        this.isSynced = false;
        const channel = this.channel = new Channel({
            port: world.random.pick(world.ports()),
            token: this.user.token,
            userId: this.user.id,
            onEvent: (event) => this.pushed(event),
            onClose: (code) => {
                world.count(`closed ${code ?? 'without a word'}`);
                if (channel.isLate) world.fault(`${this.user.id}: no reply in time`);
                if (this.channel === channel) this.isJoined = false;
            },
        });
        const reply = await channel.join();
        if (reply?.status !== 'ok') {
            if (reply && reply.response.code !== 'unavailable') world.fault(`${this.user.id}: join: ${JSON.stringify(reply)}`);
            channel.cut();
            return false;
        }
        this.isPaging = world.random.chance(0.5);
        if (!await this.sync()) {
            channel.cut();
            return false;
        }
        world.count('joined');
        this.isJoined = true;
        return true;
    }

    async sync() {
        const chain = { ids: new Set(), last: '' };
        for (;;) {
            const asked = this.cursor ?? '';
            const onReply = (reply) => reply?.status === 'ok' && this.synced(reply.response, asked, chain);
            const reply = await this.channel.ask('sync', { last_sync_timestamp: asked }, { onReply });
            if (reply?.status !== 'ok') {
                if (reply && reply.response.code !== 'unavailable') this.world.fault(`${this.user.id}: sync: ${JSON.stringify(reply)}`);
                return false;
            }
            if (!reply.response.has_more || !this.isPaging) return true;
        }
    }

    synced({ events, new_last_sync_timestamp: cursor, has_more: hasMore }, asked, chain) {
        this.world.count('synced', events.length);
        if (hasMore) this.world.count('more to come');
        this.isSynced = true;
        for (const event of events) {
            if (chain.ids.has(event.id)) this.world.fault(`${this.user.id}: sync repeats ${event.id}`);
            if (event.event_timestamp <= chain.last) this.world.fault(`${this.user.id}: sync goes back to ${event.event_timestamp}`);
            chain.ids.add(event.id);
            chain.last = event.event_timestamp;
            this.apply(event);
        }
        if (cursor < asked) this.world.fault(`${this.user.id}: the cursor goes back from ${asked} to ${cursor}`);
        this.advance(cursor);
    }

    pushed(event) {
        this.world.count('pushed');
        this.lastHeard = Date.now();
        if (event.target_user_id !== this.user.id) this.world.fault(`${this.user.id}: an event of ${event.target_user_id}`);
        if (this.live.has(event.id)) this.world.fault(`${this.user.id}: pushed twice: ${event.id}`);
        if (event.event_timestamp <= this.lastLive) this.world.fault(`${this.user.id}: pushes go back to ${event.event_timestamp}`);
        // The daemon waits for the first sync, but not for ever: then live events come before older ones.
        if (!this.isSynced) this.world.count('pushed before the first sync');
        this.live.add(event.id);
        this.lastLive = event.event_timestamp;
        this.apply(event);
        // What comes before the first sync's reply says nothing of what is missing before it.
        if (this.isSynced) this.advance(event.event_timestamp);
    }

    advance(cursor) {
        if (cursor > (this.cursor ?? '')) this.cursor = cursor;
    }

    // -- State --------------------------------------------------------------------------------------

    apply(event) {
        if (this.seen.has(event.id)) return;
        this.seen.add(event.id);
        if (event.event_timestamp <= this.last) this.world.fault(`${this.user.id}: applied late: ${event.event_timestamp} after ${this.last}`);
        if (this.isSynced) this.last = event.event_timestamp;
        const { payload } = event;
        if (event.event_type === 'new_message') this.learn(payload.id, payload.conversation_id, payload.status, payload.message_type);
        else this.learn(payload.message_id, payload.conversation_id, payload.status);
    }

    // withdrawn and deleted are final, in this order; read does not become unread again.
    learn(id, conversation, status, type) {
        const rank = { sent: 0, unread: 0, read: 1, withdrawn: 2, deleted: 3 };
        const known = this.statuses.get(id);
        if (!known) this.statuses.set(id, { status, type, conversation });
        else {
            if (rank[status] > rank[known.status]) known.status = status;
            known.type ??= type;
        }
        const entry = this.statuses.get(id);
        if (entry.status === 'unread' && id <= (this.readUpTo.get(conversation) ?? '')) entry.status = 'read';
    }

    // A mark_read of ours was answered.
    markedRead(conversation, upTo) {
        if (upTo > (this.readUpTo.get(conversation) ?? '')) this.readUpTo.set(conversation, upTo);
        for (const [id, entry] of this.statuses) {
            if (entry.conversation === conversation && entry.status === 'unread' && id <= upTo) entry.status = 'read';
        }
    }

    // -- Requests -----------------------------------------------------------------------------------

    // Asks again, after whatever reconnects, until there is an answer; null when the world is over first.
    async insist(event, payload) {
        for (;;) {
            if (this.isJoined) {
                const reply = await this.channel.ask(event, payload);
                if (reply && !(reply.status === 'error' && ['unavailable', 'rate_limited'].includes(reply.response.code))) return reply;
            }
            if (this.world.isOver()) return null;
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }
}

module.exports = { Device };
