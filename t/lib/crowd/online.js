// SPDX-License-Identifier: Apache-2.0
// Users who are online and do nothing but listen. Argument: a JSON file {port, users: [{id, token}]}. Prints a line when all have joined; a
// line on standard input ends it, with a line that says how many events came.
'use strict';

const fs = require('fs');
const readline = require('readline');
const { Channel } = require('./channel');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
let events = 0;
let closed = 0;

async function main() {
    const channels = [];
    for (const user of config.users) {
        const channel = new Channel({ port: config.port, token: user.token, userId: user.id, onEvent: () => events++, onClose: () => closed++ });
        const reply = await channel.join();
        if (reply?.status !== 'ok') throw new Error(`join: ${JSON.stringify(reply)}`);
        channels.push(channel);
    }
    const beats = setInterval(() => channels.forEach((channel) => channel.beat()), 20000);
    console.log(JSON.stringify({ joined: channels.length }));
    await new Promise((resolve) => readline.createInterface({ input: process.stdin }).once('line', resolve));
    clearInterval(beats);
    console.log(JSON.stringify({ events, closed }));
    channels.forEach((channel) => channel.cut());
    process.exit(0);
}

main();
