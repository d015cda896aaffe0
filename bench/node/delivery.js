// SPDX-License-Identifier: Apache-2.0
// Who is connected here, and how a message gets to all who are told of it, here and at the other worker.
'use strict';

const { randomUUID } = require('node:crypto');

// The shared part of an event's payload is written once per message: before the status, the status, and after it.
function render(row) {
    const text = (value) => (value === null ? 'null' : `"${value}"`);
    return {
        sender: row.sender_id,
        receiver: row.receiver_id,
        group: row.conversation_id.startsWith('group:') ? row.conversation_id : null,
        time: row.server_timestamp,
        head: `"event_type":"new_message","payload":{"id":"${row.id}","client_message_id":"${row.client_message_id}",` +
            `"conversation_id":"${row.conversation_id}","sender_id":"${row.sender_id}","receiver_id":${text(row.receiver_id)},` +
            `"content":${row.content},"content_type":"${row.content_type}","message_type":"${row.message_type}","status":`,
        tail: `,"reference_id":${text(row.reference_id)},"server_timestamp":"${row.server_timestamp}","client_timestamp":${text(row.client_timestamp)},` +
            `"inserted_at":"${row.inserted_at}","updated_at":"${row.updated_at}"},"event_timestamp":"${row.server_timestamp}","target_user_id":"`,
    };
}

class Delivery {
    constructor() {
        this.here = new Map(); // user id => connections of this worker
        this.there = new Set(); // users who are connected to the other worker
    }

    connect(bus, database) {
        this.bus = bus;
        this.database = database;
    }

    add(connection) {
        const { userId } = connection.caller;
        const others = this.here.get(userId);
        if (others !== undefined) {
            others.push(connection);
            return;
        }
        this.here.set(userId, [connection]);
        this.bus.say(`+${userId}`);
    }

    remove(connection) {
        const { userId } = connection.caller;
        const left = this.here.get(userId).filter((other) => other !== connection);
        if (left.length > 0) {
            this.here.set(userId, left);
            return;
        }
        this.here.delete(userId);
        this.bus.say(`-${userId}`);
    }

    // A line of the other worker's: a user who came or went, or a message of one of its users.
    hear(line) {
        switch (line[0]) {
        case '+':
            this.there.add(line.slice(1));
            break;
        case '-':
            this.there.delete(line.slice(1));
            break;
        default:
            this.deliverHere(JSON.parse(line), null).catch(console.error);
        }
    }

    // To all who are told but ORIGIN, which has its reply.
    async deliver(row, origin) {
        const message = render(row);
        if (message.group !== null || this.there.has(message.receiver) || this.there.has(message.sender)) {
            this.bus.say(JSON.stringify(message));
        }
        await this.deliverHere(message, origin);
    }

    async deliverHere(message, origin) {
        if (message.group === null) {
            this.tell(message.receiver, message, origin);
            if (message.sender !== message.receiver) {
                this.tell(message.sender, message, origin);
            }
            return;
        }
        for (const member of await this.database.members(message.group)) {
            this.tell(member, message, origin);
        }
    }

    tell(user, message, origin) {
        const connections = this.here.get(user);
        if (connections === undefined) {
            return;
        }
        const status = user === message.sender ? '"sent"' : '"unread"';
        const rest = `,null,"user:${user}","event",{"id":"${randomUUID()}",${message.head}${status}${message.tail}${user}"}]`;
        for (const connection of connections) {
            if (connection !== origin) {
                connection.socket.send(`[${connection.joinRefText}${rest}`);
            }
        }
    }
}

module.exports = { Delivery };
