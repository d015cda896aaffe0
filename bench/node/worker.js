// SPDX-License-Identifier: Apache-2.0
// One worker: upgrades, and what each connection says, in Phoenix's V2 frames.
'use strict';

const http = require('node:http');
const { WebSocketServer } = require('ws');

const { Bus } = require('./bus.js');
const { Database } = require('./database.js');
const { Delivery } = require('./delivery.js');

const MESSAGE_SIZE = 256 * 1024;
const IDLE_TIME = 60000;
const UNMATCHED = '{"reason":"unmatched topic"}';
const UNKNOWN = '{"reason":"unknown event"}';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function reply(joinRef, ref, topic, status, response) {
    return `[${JSON.stringify(joinRef)},${JSON.stringify(ref)},${JSON.stringify(topic)},"phx_reply",{"response":${response},"status":"${status}"}]`;
}

// What refusals are called; a label of the database's is a code but for one.
const REASONS = {
    invalid_fields: 'invalid parameters', invalid_token: 'invalid token', forbidden: 'unauthorized', insufficient_scope: 'unauthorized',
    conversation_not_found: 'conversation not found', message_not_found: 'message not found',
    idempotency_conflict: 'client_message_id already used', unavailable: 'unavailable',
};

function refusal(label, fields) {
    const code = label === 'invalid' ? 'invalid_fields' : label;
    return JSON.stringify({ reason: REASONS[code] ?? 'internal error', code, fields });
}

class Connection {
    constructor(socket, token, hub) {
        this.socket = socket;
        this.token = token;
        this.hub = hub;
        this.caller = null; // who has joined
        this.topic = null;
        this.joinRef = null;
        this.joinRefText = null; // as JSON, for each event
        this.last = Promise.resolve(); // the sends of a connection go one after the other
        this.heardAt = Date.now();
    }

    hear(text) {
        this.heardAt = Date.now();
        let frame;
        try {
            frame = JSON.parse(text);
        } catch {
            frame = null;
        }
        if (!Array.isArray(frame) || frame.length !== 5 || typeof frame[2] !== 'string' || typeof frame[3] !== 'string') {
            this.socket.close(1011);
            return;
        }
        const [joinRef, ref, topic, event, payload] = frame;
        if (topic === 'phoenix' && event === 'heartbeat') {
            this.socket.send(reply(null, ref, topic, 'ok', '{}'));
        } else if (event === 'phx_join') {
            this.join(joinRef, ref, topic, payload);
        } else if (topic !== this.topic) {
            this.socket.send(reply(null, ref, topic, 'error', UNMATCHED));
        } else if (joinRef !== null && joinRef !== this.joinRef) {
            // Of a channel that was left.
        } else if (event === 'phx_leave') {
            this.socket.send(reply(joinRef, ref, topic, 'ok', '{}'));
            this.leave();
        } else if (event === 'send_message') {
            this.last = this.last.then(() => this.send(ref, payload));
        } else {
            this.socket.send(reply(this.joinRef, ref, topic, 'error', UNKNOWN));
        }
    }

    async join(joinRef, ref, topic, payload) {
        const { database, delivery } = this.hub;
        const user = topic.startsWith('user:') ? topic.slice(5) : '';
        if (!UUID.test(user)) {
            this.socket.send(reply(null, ref, topic, 'error', UNMATCHED));
            return;
        }
        try {
            const caller = await database.authenticate(this.token ?? payload?.token);
            if (caller === null || caller.userId !== user) {
                this.socket.send(reply(joinRef, ref, topic, 'error', refusal(caller === null ? 'invalid_token' : 'forbidden')));
                return;
            }
            this.leave();
            Object.assign(this, { caller, topic, joinRef, joinRefText: JSON.stringify(joinRef) });
            delivery.add(this);
            this.socket.send(reply(joinRef, ref, topic, 'ok', `{"last_sync_timestamp":"${caller.liveFrom}"}`));
        } catch (error) {
            this.fail(error, joinRef, ref, topic);
        }
    }

    async send(ref, payload) {
        const { database, delivery } = this.hub;
        const { caller, topic, joinRef } = this;
        if (caller === null) {
            return;
        }
        try {
            const row = await database.send(caller, payload);
            if (row.outcome !== 'created' && row.outcome !== 'ok') {
                this.socket.send(reply(joinRef, ref, topic, 'error', refusal(row.outcome, row.field === null ? undefined : { [row.field]: row.rule })));
                return;
            }
            this.socket.send(reply(joinRef, ref, topic, 'ok', `{"client_message_id":"${row.client_message_id}","message_id":"${row.id}",` +
                `"server_timestamp":"${row.server_timestamp}","status":"${row.status}"}`));
            if (row.outcome === 'created') {
                await delivery.deliver(row, this);
            }
        } catch (error) {
            this.fail(error, joinRef, ref, topic);
        }
    }

    // PostgreSQL away, or a payload whose types it does not take.
    fail(error, joinRef, ref, topic) {
        const isTheirs = /^22|^23/.test(error.code ?? '');
        if (!isTheirs) {
            console.error(error);
        }
        this.socket.send(reply(joinRef, ref, topic, 'error', refusal(isTheirs ? 'invalid' : 'unavailable')));
    }

    leave() {
        if (this.caller !== null) {
            this.hub.delivery.remove(this);
            this.caller = this.topic = this.joinRef = null;
        }
    }
}

async function serve(number, count) {
    const delivery = new Delivery();
    const bus = new Bus(process.env.BUS, number, count, (line) => delivery.hear(line));
    const database = new Database(process.env);
    delivery.connect(bus, database);
    const hub = { database, delivery };
    const connections = new Set();
    // Compression off, as everywhere in the comparison; a list of clients of our own, not a second one of the library's.
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false, maxPayload: MESSAGE_SIZE });
    const server = http.createServer((request, response) => response.writeHead(404).end());

    server.on('upgrade', (request, stream, head) => {
        const url = new URL(request.url, 'http://localhost');
        if (url.pathname !== '/socket/websocket' || url.searchParams.get('vsn') !== '2.0.0') {
            stream.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
            return;
        }
        const token = url.searchParams.get('token') ?? undefined;
        sockets.handleUpgrade(request, stream, head, (socket) => {
            const connection = new Connection(socket, token, hub);
            stream.setNoDelay(true);
            connections.add(connection);
            socket.on('message', (data) => connection.hear(data.toString()));
            socket.on('close', () => {
                connections.delete(connection);
                connection.leave();
            });
            socket.on('error', () => {}); // its close follows
        });
    });
    setInterval(() => {
        const limit = Date.now() - IDLE_TIME;
        for (const connection of connections) {
            if (connection.heardAt < limit) {
                connection.socket.close(1002);
            }
        }
    }, IDLE_TIME / 4).unref();

    await Promise.all([bus.open(), database.warm()]);
    server.listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 4096 }, () => process.send('ready'));
}

module.exports = { serve };
