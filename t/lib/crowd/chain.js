// SPDX-License-Identifier: Apache-2.0
// One user's sync chain: follows the cursor, and judges that every page goes on where the last one ended, telling no state twice.
'use strict';

const epoch = '1970-01-01T00:00:00.000Z';

// What a viewer may see of a message after what they saw of it before.
const next = {
    sent: ['read', 'withdrawn', 'deleted'],
    unread: ['read', 'withdrawn', 'deleted'],
    read: ['withdrawn', 'deleted'],
    withdrawn: ['deleted'],
    deleted: [],
};

class Chain {
    constructor(user, ledger, name) {
        this.user = user;
        this.ledger = ledger;
        this.name = name;
        this.cursor = '';
        this.states = new Map(); // message id -> its message as it was last told
        this.told = 0;
        this.pages = 0;
        this.failures = 0;
    }

    fault(text) {
        this.ledger.fault(`${this.name} of ${this.user.id} at ${this.cursor}: ${text}`);
    }

    // Reads a page; LIMIT: of so many, 0: as many as the server likes. False when it was the last one for now.
    async page(connection, limit) {
        const query = new URLSearchParams();
        if (this.cursor) query.set('last_sync_time', this.cursor);
        if (limit) query.set('limit', limit);
        if (this.pages % 3 === 0) query.set('user_id', this.user.id);
        const answer = await connection.repeat({ method: 'GET', path: `/api/v1/messages/sync?${query}`, headers: this.user.headers });
        const body = this.ledger.judge('GET /messages/sync', answer, [200]);
        // That is a fault already; the chain goes on from where it was.
        if (!body) return ++this.failures < 20;
        const { messages, sync_time: cursor, has_more: hasMore, resync_required: resync } = body.data;
        this.pages++;
        if (resync !== false) this.fault('resync_required');
        if (messages.length > (limit || 500)) this.fault(`${messages.length} messages in a page`);
        for (const message of messages) this.tell(message, cursor);
        if (cursor < (this.cursor || epoch)) this.fault(`the cursor goes back to ${cursor}`);
        const isQuiet = messages.length === 0 && !hasMore;
        if (isQuiet && cursor !== (this.cursor || epoch)) this.fault(`the cursor moves to ${cursor} for nothing`);
        this.cursor = cursor;
        return hasMore;
    }

    tell(message, cursor) {
        const { id, status, updated_at: at } = message;
        const before = this.states.get(id);
        if (at <= (this.last ?? epoch)) this.fault(`${id} of ${at} comes after ${this.last}`);
        if (at > cursor) this.fault(`${id} of ${at} is beyond the page's cursor ${cursor}`);
        if (before && !next[before.status].includes(status)) {
            this.fault(`${id}: ${status} (${at}) after ${before.status} (${before.updated_at})`);
        }
        if (before && before.server_timestamp !== message.server_timestamp) this.fault(`${id}: another server_timestamp`);
        const isEmpty = Object.keys(message.content).length === 0;
        if (isEmpty !== ['withdrawn', 'deleted'].includes(status)) {
            this.fault(`${id}: ${status} with content ${JSON.stringify(message.content)}`);
        }
        const isMine = message.sender_id === this.user.id;
        if (status === (isMine ? 'unread' : 'sent')) this.fault(`${id}: ${status} to ${isMine ? 'its sender' : 'a receiver'}`);
        this.last = at;
        this.told++;
        this.states.set(id, message);
    }

    // Follows the chain until nothing more is told.
    async end(connection, limit) {
        for (let quiet = 0; quiet < 2;) quiet = (await this.page(connection, limit)) ? 0 : quiet + 1;
    }

    // A line per message: what this user was last told of it.
    lines() {
        return [...this.states.values()].map((message) => `${this.user.id} ${message.id} ${message.status} ${message.updated_at}`);
    }
}

module.exports = { Chain };
