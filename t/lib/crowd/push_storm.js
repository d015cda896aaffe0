// SPDX-License-Identifier: Apache-2.0
// Users on several daemons send, read, recall and delete, over channels and over REST, while their connections come and go.
// Argument: a JSON file {ports, rest, users: [{id, token}], groups, seconds, seed, devices, folder}. A line "over" on standard input
// ends the storm; the report is printed once all devices know what there is to know.
'use strict';

const fs = require('fs');
const readline = require('readline');
const { Connection, sleep } = require('./connection');
const { Device } = require('./device');
const { Random } = require('./random');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const random = new Random(config.seed);
const counts = {};
const faults = [];
let faultCount = 0;
let isOver = false; // no new action
let isQuiet = false; // and no reconnecting of one's own will

const world = {
    random,
    ports: () => config.ports,
    isOver: () => isQuiet,
    count(what, by = 1) {
        counts[what] = (counts[what] ?? 0) + by;
    },
    fault(text) {
        faultCount++;
        if (faults.length < 20) faults.push(text);
    },
};
const acknowledged = new Map(); // client_message_id -> [sender, message id]
const waits = []; // ms from an action's begin to its answer, at the least

function conversationOf(a, b) {
    return `private:${[a, b].sort().join(':')}`;
}

// A message of USER: to another user, mostly to one of few, so that devices get many, or into a group.
function newMessage(user) {
    const message = { client_message_id: random.uuid(), message_type: 'private_message', content_type: 'text', content: { text: `m${random.below(1e9)}` } };
    const groups = config.groups.filter((group) => group.members.includes(user.id));
    if (groups.length && random.chance(0.1)) return { ...message, conversation_id: random.pick(groups).id };
    let other = user;
    while (other === user) other = config.users[Math.floor(config.users.length * random.next() ** 2)];
    return { ...message, conversation_id: conversationOf(user.id, other.id) };
}

function noteSent(user, message, id) {
    const known = acknowledged.get(message.client_message_id);
    if (known && known[1] !== id) world.fault(`${message.client_message_id}: acknowledged as ${known[1]} and as ${id}`);
    acknowledged.set(message.client_message_id, [user.id, id]);
}

// -- What a device does -------------------------------------------------------------------------------

function someMessage(device, condition) {
    const all = [...device.statuses.entries()].slice(-40).filter(([id, entry]) => condition(entry, id));
    return all.length ? random.pick(all) : null;
}

const actions = {
    async send(device) {
        const message = newMessage(device.user);
        // Sometimes twice at once: the same message, and one answer for both.
        const copies = random.chance(0.05) ? [message, message] : [message];
        const replies = await Promise.all(copies.map((copy) => device.insist('send_message', copy)));
        for (const reply of replies) {
            if (!reply) continue;
            if (reply.status !== 'ok') world.fault(`send_message: ${JSON.stringify(reply)}`);
            else {
                noteSent(device.user, message, reply.response.message_id);
                device.learn(reply.response.message_id, message.conversation_id, reply.response.status, 'private_message');
            }
        }
    },

    async read(device) {
        const found = someMessage(device, (entry) => entry.status === 'unread');
        if (!found) return;
        const [id, { conversation }] = found;
        const reply = await device.insist('mark_read', { conversation_id: conversation, last_read_message_id: id });
        if (!reply) return;
        if (reply.status === 'ok') device.markedRead(conversation, id);
        // It may have been deleted on another device meanwhile.
        else if (reply.response.code !== 'message_not_found') world.fault(`mark_read: ${JSON.stringify(reply)}`);
    },

    async recall(device) {
        const found = someMessage(device, (entry) => entry.status === 'sent');
        if (!found) return;
        const reply = await device.insist('withdraw_message', { message_id: found[0] });
        if (reply?.status === 'ok') device.learn(found[0], found[1].conversation, 'withdrawn');
        else if (reply && reply.response.code !== 'message_not_found') world.fault(`withdraw_message: ${JSON.stringify(reply)}`);
    },

    async history(device) {
        const found = someMessage(device, () => true);
        if (!found) return;
        const reply = await device.insist('get_conversation_history', { conversation_id: found[1].conversation, limit: 20 });
        if (reply && reply.status !== 'ok' && reply.response.code !== 'conversation_not_found') world.fault(`history: ${JSON.stringify(reply)}`);
    },

    async conversations(device) {
        const reply = await device.insist('get_conversations', { limit: 20, offset: 0 });
        if (reply && reply.status !== 'ok') world.fault(`get_conversations: ${JSON.stringify(reply)}`);
    },

    async cut(device) {
        device.channel?.cut();
    },

    async beat(device) {
        if (device.isJoined) await device.channel.beat();
    },
};
const weights = { send: 60, read: 25, recall: 4, history: 3, conversations: 3, cut: 4, beat: 1 };

async function live(device) {
    await sleep(random.below(2000));
    (async () => {
        while (!isQuiet) {
            if (device.channel?.isOver !== false) await device.connect();
            await sleep(20 + random.below(200));
        }
    })();
    while (!isOver) {
        const began = Date.now();
        const action = random.weighted(weights);
        if (device.isJoined) {
            world.count(`channel ${action}`);
            await actions[action](device);
            waits.push(Date.now() - began);
        }
        await sleep(random.below(2 * config.pause));
    }
}

// -- What happens over REST ---------------------------------------------------------------------------

async function rest(connection, user, method, path, body) {
    for (;;) {
        const answer = await connection.ask({ method, path: `/api/v1${path}`, body, headers: { Authorization: `Bearer ${user.token}` } });
        if (answer.error === null && answer.status !== 503) {
            world.count(`${method} ${answer.status}`);
            if (answer.status >= 300 && ![404, 409].includes(answer.status)) world.fault(`${method} ${path}: ${answer.status} ${answer.body}`);
            return answer.status < 300 ? JSON.parse(answer.body).data : null;
        }
        if (isQuiet) return null;
        await sleep(100);
    }
}

async function restClient(devices) {
    const connection = new Connection(config.rest);
    while (!isOver) {
        const device = random.pick(devices);
        const { user } = device;
        const [id] = someMessage(device, (entry) => entry.status !== 'deleted') ?? [];
        const choice = random.weighted({ send: 60, read: 15, delete: 8, recall: 4, readAll: 2, count: 5 });
        if (choice === 'send') {
            const message = newMessage(user);
            const data = await rest(connection, user, 'POST', '/messages', message);
            if (data) noteSent(user, message, data.id);
        } else if (choice === 'readAll') await rest(connection, user, 'PUT', '/messages/read_all');
        else if (choice === 'count') await rest(connection, user, 'GET', '/messages/unread_count');
        else if (id && choice === 'read') await restTolerant(connection, user, 'PUT', `/messages/${id}/read`);
        else if (id && choice === 'delete') await rest(connection, user, 'DELETE', `/messages/${id}`);
        else if (id && choice === 'recall') await restTolerant(connection, user, 'PUT', `/messages/${id}/withdraw`);
        await sleep(random.below(2 * config.pause));
    }
    connection.close();
}

// For acts that are not the caller's to do: 403 is then the right answer.
async function restTolerant(connection, user, method, path) {
    const answer = await connection.repeat({ method, path: `/api/v1${path}`, headers: { Authorization: `Bearer ${user.token}` } });
    world.count(`${method} ${answer.error ?? answer.status}`);
}

// -- The end ------------------------------------------------------------------------------------------

// All devices join once more, those that are joined stay, and nothing is pushed for two seconds.
async function settle(devices) {
    const deadline = Date.now() + 60000;
    while (Date.now() < deadline) {
        const quietSince = Math.max(...devices.map((device) => device.lastHeard));
        if (devices.every((device) => device.isJoined) && Date.now() - quietSince > 2000) return;
        await sleep(100);
    }
    world.fault('it did not come to rest within a minute');
}

function write(name, lines) {
    fs.writeFileSync(`${config.folder}/${name}`, lines.sort().map((line) => `${line}\n`).join(''));
}

async function main() {
    const devices = config.users.flatMap((user, i) => Array.from({ length: i < config.devices - config.users.length ? 2 : 1 }, () => new Device(world, user)));
    const began = Date.now();
    const running = [...devices.map(live), ...Array.from({ length: config.restClients }, () => restClient(devices))];
    const lines = readline.createInterface({ input: process.stdin });
    await new Promise((resolve) => lines.once('line', resolve));
    isOver = true;
    await Promise.race([Promise.all(running), sleep(60000).then(() => world.fault('some did not come to their end within a minute'))]);
    await settle(devices);
    isQuiet = true;
    write('known', devices.flatMap((device, i) => [...device.statuses].map(([id, { status }]) => `${i} ${device.user.id} ${id} ${status}`)));
    write('unread', devices.map((device, i) => `${i} ${device.user.id} ${[...device.statuses.values()].filter((entry) => entry.status === 'unread').length}`));
    write('acknowledged', [...acknowledged].map(([client, [sender, id]]) => `${sender} ${client} ${id}`));
    waits.sort((a, b) => a - b);
    console.log(JSON.stringify({
        faults, fault_count: faultCount, counts, acknowledged: acknowledged.size, devices: devices.map((device) => device.user.id),
        seconds: (Date.now() - began) / 1000, events: devices.reduce((sum, device) => sum + device.seen.size, 0),
        median_ms: waits[waits.length >> 1], slowest_ms: waits[waits.length - 1],
    }));
    for (const device of devices) device.channel?.cut();
    process.exit(0);
}

main();
