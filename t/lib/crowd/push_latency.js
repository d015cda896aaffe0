// SPDX-License-Identifier: Apache-2.0
// How long it takes from sending to delivery, at a low rate: over a channel and over REST, alone or beside clients that misbehave.
// Argument: a JSON file {port, rest, pairs: [[sender, receiver], ...] of {id, token}, victims: [{id, token}], feeder, rate, seconds}.
// Reads lines "plain", "fed", "silent", "dripping" from standard input, and prints for each a line with its figures.
'use strict';

const fs = require('fs');
const net = require('net');
const readline = require('readline');
const crypto = require('crypto');
const { Channel } = require('./channel');
const { Connection, sleep } = require('./connection');
const { frame } = require('./websocket');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const waiting = new Map(); // client_message_id -> [began, list to note it in]

function now() {
    return Number(process.hrtime.bigint()) / 1e6;
}

function arrived({ event_type: type, payload }) {
    const sent = type === 'new_message' && waiting.get(payload.client_message_id);
    if (!sent) return;
    waiting.delete(payload.client_message_id);
    sent[1].push(now() - sent[0]);
}

function join(user, onEvent) {
    const channel = new Channel({ port: config.port, token: user.token, userId: user.id, onEvent });
    return channel.join().then(async (reply) => {
        if (reply?.status !== 'ok') throw new Error(`join: ${JSON.stringify(reply)}`);
        await channel.ask('sync', { last_sync_timestamp: '2100-01-01T00:00:00.000Z' });
        const beats = setInterval(() => (channel.isOver ? clearInterval(beats) : channel.beat()), 20000);
        return channel;
    });
}

function conversationOf(a, b) {
    return `private:${[a.id, b.id].sort().join(':')}`;
}

function messageTo(sender, receiver, text) {
    return { client_message_id: crypto.randomUUID(), conversation_id: conversationOf(sender, receiver), message_type: 'private_message', content_type: 'text', content: { text } };
}

// Sends by turns for so many seconds: milliseconds until delivery, by way.
async function measure(pairs, connection) {
    const times = { channel: [], rest: [] };
    const end = now() + config.seconds * 1000;
    for (let turn = 0; now() < end; turn++) {
        const { sender, receiver, channel } = pairs[turn % pairs.length];
        const way = Math.floor(turn / pairs.length) % 2 ? 'rest' : 'channel';
        const message = messageTo(sender, receiver, 'how long does it take?');
        waiting.set(message.client_message_id, [now(), times[way]]);
        if (way === 'channel') channel.ask('send_message', message);
        else connection.ask({ method: 'POST', path: '/api/v1/messages', body: message, headers: { Authorization: `Bearer ${sender.token}` } });
        await sleep(1000 / config.rate);
    }
    await sleep(1000);
    return times;
}

function figures(times) {
    const sorted = times.sort((a, b) => a - b);
    const at = (share) => Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(2));
    return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

// -- Clients that misbehave ---------------------------------------------------------------------------

let isMisbehaving = false;
let cuts = 0;

// Joins and reads no more (unless isReading: the control), while it is sent all that its queue will take; comes again when it is
// cut off.
async function fed(victim, feeder, isReading) {
    while (isMisbehaving) {
        const channel = await join(victim, () => {}).catch(() => null);
        if (channel) {
            if (!isReading) channel.socket.pause();
            channel.socket.on('close', () => cuts++);
            const text = 'x'.repeat(9000);
            for (let i = 0; i < 400 && isMisbehaving; i++) await feeder.ask('send_message', messageTo(config.feeder, victim, text));
            channel.cut();
        } else await sleep(100);
    }
}

// A WebSocket whose one frame comes a byte a second, and another in whose head that is so.
async function dripping() {
    const whole = frame(1, JSON.stringify([null, '1', 'phoenix', 'heartbeat', {}]), true);
    while (isMisbehaving) {
        const socket = net.connect({ port: config.port, host: '127.0.0.1' });
        let isOpen = true;
        socket.on('error', () => {});
        socket.on('close', () => { isOpen = false; cuts++; });
        socket.write(`GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
            + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
        for (let i = 0; isMisbehaving && isOpen; i++) {
            socket.write(whole.subarray(i % whole.length, i % whole.length + 1));
            await sleep(1000);
        }
        socket.destroy();
    }
}

async function main() {
    const connection = new Connection(config.rest);
    const pairs = [];
    for (const [sender, receiver] of config.pairs) {
        await join(receiver, arrived);
        pairs.push({ sender, receiver, channel: await join(sender, () => {}) });
    }
    const feeder = config.feeder && await join(config.feeder, () => {});
    for await (const mode of readline.createInterface({ input: process.stdin })) {
        waiting.clear();
        cuts = 0;
        isMisbehaving = mode !== 'plain';
        const bad = mode === 'silent' || mode === 'fed' ? config.victims.map((victim) => fed(victim, feeder, mode === 'fed'))
            : mode === 'dripping' ? config.victims.map(dripping) : [];
        const times = await measure(pairs, connection);
        isMisbehaving = false;
        await Promise.race([Promise.all(bad), sleep(5000)]);
        console.log(JSON.stringify({ mode, channel: figures(times.channel), rest: figures(times.rest), missing: waiting.size, cuts }));
    }
    process.exit(0);
}

main();
