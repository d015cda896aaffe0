// SPDX-License-Identifier: Apache-2.0
// Connects, joins, leaves and goes away, over and over. Argument: a JSON file {port, users: [{id, token}], atOnce}. Each number on
// standard input is how many times; the answer is a line when it is done.
'use strict';

const fs = require('fs');
const readline = require('readline');
const { Channel } = require('./channel');
const { frame } = require('./websocket');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const faults = [];
let done = 0;

async function cycle(user, number) {
    let events = 0;
    const channel = new Channel({ port: config.port, token: user.token, userId: user.id, onEvent: () => events++ });
    const joined = await channel.join();
    if (joined?.status !== 'ok') faults.push(`join: ${JSON.stringify(joined)}`);
    // Most leave and say goodbye; some do either, some neither.
    if (number % 4 !== 3) {
        const left = await channel.ask('phx_leave', {});
        if (left?.status !== 'ok') faults.push(`leave: ${JSON.stringify(left)}`);
    }
    if (number % 4 < 2 && !channel.isOver) {
        await new Promise((resolve) => {
            channel.onClose = resolve;
            channel.socket.write(frame(8, Buffer.from([3, 232]), true));
            setTimeout(resolve, 10000).unref();
        });
    }
    channel.cut();
}

async function main() {
    for await (const line of readline.createInterface({ input: process.stdin })) {
        let left = Number(line);
        await Promise.all(Array.from({ length: config.atOnce }, async () => {
            while (left-- > 0) await cycle(config.users[done % config.users.length], done++);
        }));
        console.log(JSON.stringify({ done, faults: faults.slice(0, 5), fault_count: faults.length }));
    }
    process.exit(0);
}

main();
