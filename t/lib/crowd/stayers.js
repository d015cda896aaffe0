// SPDX-License-Identifier: Apache-2.0
// Users who stay online although daemons die: each has a connection to two of them, and gets a new one as soon as one has gone. Argument: a JSON
// file {ports, users: [{id, token}]}. Prints a line when all have joined; a line on standard input ends it, with a line that says what came.
'use strict';

const fs = require('fs');
const readline = require('readline');
const { Channel } = require('./channel');
const { sleep } = require('./connection');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const seen = new Map(); // user id -> ids of messages
let joins = 0;
let isOver = false;

// One connection of a user, for ever. Returns once it has joined and synced for the first time.
function stay(user, port) {
    return new Promise((resolve) => {
        const again = async () => {
            while (!isOver) {
                let gone;
                const isGone = new Promise((done) => { gone = done; });
                const note = (event) => event.payload?.id && seen.get(user.id).add(event.payload.id);
                const channel = new Channel({ port, token: user.token, userId: user.id, onEvent: note, onClose: () => gone() });
                const reply = await channel.join();
                if (reply?.status === 'ok') {
                    joins++;
                    // Who has synced has all that was before.
                    const synced = await channel.ask('sync', { last_sync_timestamp: reply.response.last_sync_timestamp });
                    synced?.response?.events?.forEach(note);
                    const beats = setInterval(() => channel.beat(), 500);
                    resolve();
                    await isGone;
                    clearInterval(beats);
                }
                await sleep(50);
            }
        };
        again();
    });
}

async function main() {
    await Promise.all(config.users.flatMap((user, i) => {
        seen.set(user.id, new Set());
        return [0, 1].map((place) => stay(user, config.ports[(i + place) % config.ports.length]));
    }));
    console.log(JSON.stringify({ joined: joins }));
    await new Promise((resolve) => readline.createInterface({ input: process.stdin }).once('line', resolve));
    isOver = true;
    console.log(JSON.stringify({ joins, seen: Object.fromEntries([...seen].map(([id, ids]) => [id, [...ids]])) }));
    process.exit(0);
}

main();
