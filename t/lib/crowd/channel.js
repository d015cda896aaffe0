// SPDX-License-Identifier: Apache-2.0
// One WebSocket with one channel joined on it, in Phoenix's second version: requests with their replies, and what is pushed.
'use strict';

const crypto = require('crypto');
const net = require('net');
const { frame, take } = require('./websocket');

const patience = 15000; // ms for an upgrade or a reply

class Channel {
    // onEvent(event, isPushed): each event pushed. onClose(code): it is over (undefined: cut without a close frame).
    constructor({ port, host = '127.0.0.1', path = '/socket/websocket', token, userId, onEvent, onClose }) {
        Object.assign(this, { port, host, path, token, topic: `user:${userId}`, onEvent, onClose });
        this.replies = new Map(); // ref -> what waits for it
        this.ref = 0;
        this.isOver = false;
        this.bytes = Buffer.alloc(0);
    }

    // Connects, upgrades and joins: {status: 'ok', response}, a refusal, or null if it did not come to that.
    async join() {
        if (!await this.open()) return null;
        this.joinRef = String(this.ref + 1);
        return this.ask('phx_join', { token: this.token });
    }

    open() {
        return new Promise((resolve) => {
            const socket = this.socket = net.connect({ port: this.port, host: this.host, noDelay: true });
            const timer = setTimeout(() => this.over(), patience);
            this.opened = (isOpen) => {
                clearTimeout(timer);
                this.opened = null;
                resolve(isOpen);
            };
            socket.on('connect', () => socket.write(`GET ${this.path}?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n`
                + `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${crypto.randomBytes(16).toString('base64')}\r\n\r\n`));
            socket.on('data', (part) => this.take(part));
            socket.on('error', () => this.over());
            socket.on('end', () => this.over());
            socket.on('close', () => this.over());
        });
    }

    take(part) {
        this.bytes = this.bytes.length ? Buffer.concat([this.bytes, part]) : part;
        if (this.opened) {
            const end = this.bytes.indexOf('\r\n\r\n');
            if (end < 0) return;
            if (!this.bytes.toString('latin1', 0, 12).startsWith('HTTP/1.1 101')) return this.over();
            this.bytes = this.bytes.subarray(end + 4);
            this.opened(true);
        }
        for (let got; !this.isOver && (got = take(this.bytes));) {
            this.bytes = this.bytes.subarray(got.size);
            if (got.opcode === 1) this.message(JSON.parse(got.text));
            else if (got.opcode === 8) this.over(got.data.length >= 2 ? got.data.readUInt16BE(0) : 1005);
            else if (got.opcode === 9) this.socket.write(frame(10, got.data, true));
        }
    }

    message([joinRef, ref, topic, event, payload]) {
        if (event === 'phx_reply') {
            const waiting = this.replies.get(ref);
            this.replies.delete(ref);
            waiting?.(payload);
        } else if (topic === this.topic && joinRef === this.joinRef) {
            if (event === 'event') this.onEvent(payload);
            else if (event === 'phx_error' || event === 'phx_close') this.over();
        }
    }

    // Sends a request: its reply {status, response}, or null if the connection ended, or it took too long. onReply is called
    // with it before whatever came behind it is looked at, as a promise is not.
    ask(event, payload, { topic = this.topic, onReply } = {}) {
        if (this.isOver) return Promise.resolve(null);
        const ref = String(++this.ref);
        return new Promise((resolve) => {
            const timer = setTimeout(() => {
                this.isLate = true;
                this.over();
            }, patience);
            this.replies.set(ref, (reply) => {
                clearTimeout(timer);
                onReply?.(reply);
                resolve(reply);
            });
            this.socket.write(frame(1, JSON.stringify([topic === 'phoenix' ? null : this.joinRef, ref, topic, event, payload]), true));
        });
    }

    beat() {
        return this.ask('heartbeat', {}, { topic: 'phoenix' });
    }

    // Goes away without a word.
    cut() {
        this.over();
    }

    over(code) {
        if (this.isOver) return;
        this.isOver = true;
        this.opened?.(false);
        this.socket.destroy();
        for (const waiting of this.replies.values()) waiting(null);
        this.replies.clear();
        this.onClose?.(code);
    }
}

module.exports = { Channel };
