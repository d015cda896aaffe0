// SPDX-License-Identifier: Apache-2.0
// The storm: connections that post, read, change and sync at once, then the account of it. For t/api/storm.t.
'use strict';

// usage: node storm.js CONFIG, a JSON file: port, users [{id, token}], seconds, seed, posters, readers, changers, syncers,
// folder. Prints one JSON line and writes to FOLDER: acknowledged, followed, fresh, each a sorted list of lines.
const fs = require('fs');
const { Connection, sleep } = require('./connection');
const { Random } = require('./random');
const { Ledger } = require('./ledger');
const { Chain } = require('./chain');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const random = new Random(config.seed);
const ledger = new Ledger();
const users = config.users.map(({ id, token }) => ({ id, headers: { Authorization: `Bearer ${token}` } }));
const userOf = new Map(users.map((user) => [user.id, user]));
const types = ['system_notification', 'system_announcement', 'interaction', 'private_message'];
const groups = [];
let deadline = 0;
let abandoned = 0;
let retried = 0;

const connect = () => new Connection(config.port);
const isOn = () => Date.now() < deadline;
const others = (user) => users.filter((other) => other !== user);

function ask(connection, user, method, path, body) {
    return connection.repeat({ method, path: `/api/v1${path}`, headers: user.headers, body });
}

// -- Those who post -----------------------------------------------------------------------------------

function newContent() {
    const text = `${random.uuid()} ${'风雨 storm '.repeat(random.below(20))}`;
    if (random.chance(0.1)) return ['image', { image_urls: [`https://example.org/${random.uuid()}.png`], caption: text }];
    return random.chance(0.2) ? ['text', { text, title: 'title', extra: { depth: [1, 2.5e3, null, true] } }] : ['text', { text }];
}

function newMessage(sender) {
    const [contentType, content] = newContent();
    const request = { client_message_id: random.uuid(), content_type: contentType, content };
    const kind = random.weighted({ private: 60, group: 25, interaction: 15 });
    if (kind === 'group') {
        const group = random.pick(groups.filter(({ members }) => members.includes(sender.id)));
        if (group) {
            return { ...request, message_type: 'private_message', conversation_id: group.id,
                receivers: group.members.filter((id) => id !== sender.id) };
        }
    }
    const receiver = random.pick(others(sender)).id;
    const type = kind === 'interaction' ? 'interaction' : 'private_message';
    return { ...request, message_type: type, receiver_id: receiver, receivers: [receiver] };
}

function request(sender, message) {
    return { method: 'POST', path: '/api/v1/messages', headers: sender.headers, body: { ...message, receivers: undefined } };
}

// Posts until there is an answer that counts: the outcome of a broken connection or a 503 is unknown, so the same id is sent again.
async function post(connection, sender, message, allowed) {
    for (let attempt = 1; ; attempt++) {
        const answer = await connection.ask(request(sender, message));
        const isRace = Connection.isRace(answer);
        const result = isRace ? null : ledger.judge('POST /messages', answer, attempt > 1 ? [200, 201] : allowed);
        if (result) {
            ledger.acknowledge(sender.id, message, result.data, answer.status);
            return answer.status;
        }
        if (attempt === 20 || (answer.status >= 400 && answer.status < 500)) {
            ledger.fault(`${message.client_message_id} was never acknowledged`);
            return 0;
        }
        retried++;
        if (!isRace) await sleep(100);
    }
}

async function poster() {
    const connection = connect();
    const second = connect();
    while (isOn()) {
        const sender = random.pick(users);
        const message = newMessage(sender);
        switch (random.weighted({ once: 80, again: 8, twice: 6, abandoned: 6 })) {
        case 'once':
            await post(connection, sender, message, [201]);
            break;
        case 'again':
            await post(connection, sender, message, [201]);
            await post(connection, sender, message, [200]);
            break;
        case 'twice': {
            const both = await Promise.all([connection, second].map((one) => post(one, sender, message, [200, 201])));
            if (both.every((status) => status === 201)) ledger.fault(`${message.client_message_id}: both of two were created`);
            break;
        }
        default:
            abandoned++;
            await connection.abandon(request(sender, message), random.below(6));
            await post(connection, sender, message, [200, 201]);
        }
    }
    connection.close();
    second.close();
}

// -- Those who read -----------------------------------------------------------------------------------

const someone = (message) => userOf.get(random.chance(0.5) ? message.sender : random.pick(message.receivers));
const deletions = (user, message) => ledger.deletions.get(`${user.id} ${message.id}`) ?? 0;

// A message is there for those who have not asked for its deletion; otherwise it may be gone.
const allow = (user, message) => (deletions(user, message) ? [200, 404] : [200]);

// A list of messages: newest first, each the user's to see.
function judgeList(what, user, body, status) {
    if (!body) return;
    let last = 'g';
    for (const message of body.data) {
        if (message.id >= last) ledger.fault(`${what}: ${message.id} after ${last}`);
        last = message.id;
        if ((message.status === 'deleted') !== (status === 'deleted')) ledger.fault(`${what}: ${message.id} is ${message.status}`);
        if (status && message.status !== status) ledger.fault(`${what}: ${message.id} is ${message.status}, not ${status}`);
        const isEmpty = Object.keys(message.content).length === 0;
        if (message.status === 'withdrawn' && !isEmpty) ledger.fault(`${what}: ${message.id} is withdrawn and has its content`);
    }
}

async function unreadCount(connection, user) {
    const answer = await ask(connection, user, 'GET', '/messages/unread_count');
    return ledger.judge('GET /messages/unread_count', answer, [200]);
}

const reads = {
    async list(connection, user) {
        const query = new URLSearchParams({ limit: 1 + random.below(100) });
        if (random.chance(0.3)) query.set('message_type', random.pick(types));
        const status = random.chance(0.4) ? random.pick(['unread', 'read', 'withdrawn', 'deleted']) : null;
        if (status) query.set('status', status);
        const body = ledger.judge('GET /messages', await ask(connection, user, 'GET', `/messages?${query}`), [200]);
        judgeList('GET /messages', user, body, status);
        const last = body?.data.at(-1);
        if (!last) return;
        query.set('before_id', last.id);
        const older = ledger.judge('GET /messages', await ask(connection, user, 'GET', `/messages?${query}`), [200]);
        judgeList('GET /messages', user, older, status);
        if (older?.data.some(({ id }) => id >= last.id)) ledger.fault(`GET /messages before ${last.id} goes back`);
    },
    async one(connection, user, message) {
        const answer = await ask(connection, user, 'GET', `/messages/${message.id}`);
        const body = ledger.judge('GET /messages/{id}', answer, allow(user, message));
        if (body && body.data.id !== message.id) ledger.fault(`GET /messages/${message.id} gives ${body.data.id}`);
    },
    async unread(connection, user) {
        const body = await unreadCount(connection, user);
        const sum = body && types.reduce((total, type) => total + body.data[type], 0);
        if (body && sum !== body.data.total) ledger.fault(`unread_count: ${JSON.stringify(body.data)}`);
    },
    async conversations(connection, user) {
        ledger.judge('GET /conversations', await ask(connection, user, 'GET', `/conversations?limit=${1 + random.below(50)}`), [200]);
    },
    async conversation(connection, user, message) {
        if (message.message_type === 'interaction') return;
        ledger.judge('GET /conversations/{id}', await ask(connection, user, 'GET', `/conversations/${message.conversation_id}`), [200]);
    },
    async history(connection, user, message) {
        if (message.message_type === 'interaction') return;
        const path = `/conversations/${message.conversation_id}/messages?limit=${1 + random.below(100)}`;
        const answer = await ask(connection, user, 'GET', path);
        judgeList('history', user, ledger.judge('GET /conversations/{id}/messages', answer, [200]), null);
    },
};

async function reader() {
    const connection = connect();
    while (isOn()) {
        const message = ledger.recent.length ? random.pick(ledger.recent) : null;
        const read = message ? random.weighted({ list: 4, one: 4, unread: 2, conversations: 2, conversation: 1, history: 2 }) : 'list';
        await reads[read](connection, message ? someone(message) : random.pick(users), message);
    }
    connection.close();
}

// -- Those who change ---------------------------------------------------------------------------------

const changes = {
    async withdraw(connection, message) {
        const user = userOf.get(message.sender);
        const answer = await ask(connection, user, 'PUT', `/messages/${message.id}/withdraw`);
        const body = ledger.judge('PUT /messages/{id}/withdraw', answer, allow(user, message));
        if (body && body.data.status !== 'withdrawn') ledger.fault(`${message.id}: withdrawn, and is ${body.data.status}`);
    },
    async remove(connection, message) {
        const user = someone(message);
        ledger.deletions.set(`${user.id} ${message.id}`, deletions(user, message) + 1);
        const answer = await ask(connection, user, 'DELETE', `/messages/${message.id}`);
        ledger.judge('DELETE /messages/{id}', answer, deletions(user, message) > 1 ? [200, 404] : [200]);
    },
    async read(connection, message) {
        const user = userOf.get(random.pick(message.receivers));
        const answer = await ask(connection, user, 'PUT', `/messages/${message.id}/read`);
        const body = ledger.judge('PUT /messages/{id}/read', answer, allow(user, message));
        if (body && !['read', 'withdrawn'].includes(body.data.status)) {
            ledger.fault(`${message.id}: read, and is ${body.data.status}`);
        }
    },
    async readSome(connection, message) {
        const user = userOf.get(random.pick(message.receivers));
        const mine = ledger.recent.filter(({ receivers }) => receivers.includes(user.id)).slice(-20);
        const ids = [...mine.map(({ id }) => id), random.uuid()];
        const answer = await ask(connection, user, 'PUT', '/messages/batch_read', { message_ids: ids });
        const marked = ledger.judge('PUT /messages/batch_read', answer, [200])?.data.marked_count;
        if (marked !== undefined && !(marked >= 0 && marked < ids.length)) ledger.fault(`batch_read: ${marked} of ${ids.length}`);
    },
    async readAll(connection, message) {
        const user = userOf.get(random.pick(message.receivers));
        ledger.judge('PUT /messages/read_all', await ask(connection, user, 'PUT', '/messages/read_all'), [200]);
    },
    async conversation(connection, message) {
        if (message.message_type === 'interaction') return;
        const user = someone(message);
        const draft = random.chance(0.5) ? `draft ${random.below(1000)}` : null;
        const wanted = { is_pinned: random.chance(0.5), is_muted: random.chance(0.5), draft };
        const answer = await ask(connection, user, 'PUT', `/conversations/${message.conversation_id}`, wanted);
        ledger.judge('PUT /conversations/{id}', answer, [200]);
    },
};

async function changer() {
    const connection = connect();
    while (isOn()) {
        if (!ledger.recent.length) {
            await sleep(10);
            continue;
        }
        const change = random.weighted({ withdraw: 3, remove: 3, read: 6, readSome: 4, readAll: 1, conversation: 2 });
        await changes[change](connection, random.pick(ledger.recent));
    }
    connection.close();
}

// -- Those who sync -----------------------------------------------------------------------------------

async function syncer(chains) {
    const connection = connect();
    while (isOn()) {
        for (const chain of chains) {
            while (isOn() && await chain.page(connection, random.chance(0.3) ? 1 + random.below(200) : 0));
        }
    }
    for (const chain of chains) await chain.end(connection, 0);
    connection.close();
}

// -- The whole ----------------------------------------------------------------------------------------

async function makeGroups(count, size) {
    const connection = connect();
    for (let i = 0; i < count; i++) {
        const members = [...users].sort(() => random.next() - 0.5).slice(0, size);
        const wanted = { type: 'group', participant_ids: members.slice(1).map(({ id }) => id) };
        const answer = await ask(connection, members[0], 'POST', '/conversations', wanted);
        const body = ledger.judge('POST /conversations', answer, [201]);
        if (body) groups.push({ id: body.data.conversation_id, members: members.map(({ id }) => id) });
    }
    connection.close();
}

// Afterwards: a chain from the epoch, the counters, and each acknowledged message with each who should have it.
async function account(followed) {
    const connection = connect();
    const fresh = [];
    for (const user of users) {
        const chain = new Chain(user, ledger, 'fresh chain');
        await chain.end(connection, 0);
        if (chain.told !== chain.states.size) chain.fault(`${chain.told} told of ${chain.states.size} messages`);
        fresh.push(chain);
        const counts = (await unreadCount(connection, user))?.data;
        const unread = [...chain.states.values()].filter(({ status }) => status === 'unread');
        for (const type of types) {
            const count = unread.filter((message) => message.message_type === type).length;
            if (counts?.[type] !== count) ledger.fault(`${user.id}: unread_count says ${counts?.[type]} of ${type}, sync ${count}`);
        }
    }
    connection.close();
    for (const [name, chains] of [['followed', followed], ['fresh', fresh]]) {
        const byUser = new Map(chains.map((chain) => [chain.user.id, chain.states]));
        for (const message of ledger.messages.values()) {
            for (const id of [message.sender, ...message.receivers]) {
                if (!byUser.get(id).has(message.id)) ledger.fault(`the ${name} chain of ${id} has no ${message.id}`);
            }
        }
        Ledger.write(`${config.folder}/${name}`, chains.flatMap((chain) => chain.lines()));
    }
    const acknowledged = [...ledger.messages.values()];
    Ledger.write(`${config.folder}/acknowledged`, acknowledged.map((one) => `${one.sender} ${one.client_message_id} ${one.id}`));
}

async function main() {
    await makeGroups(8, 6);
    const chains = users.map((user) => new Chain(user, ledger, 'chain'));
    const begin = Date.now();
    deadline = begin + config.seconds * 1000;
    const crew = [];
    for (let i = 0; i < config.posters; i++) crew.push(poster());
    for (let i = 0; i < config.readers; i++) crew.push(reader());
    for (let i = 0; i < config.changers; i++) crew.push(changer());
    for (let i = 0; i < config.syncers; i++) crew.push(syncer(chains.filter((_, place) => place % config.syncers === i)));
    await Promise.all(crew);
    // Syncers end before the last poster does: the chains go on to the end of everything.
    const connection = connect();
    for (const chain of chains) await chain.end(connection, 0);
    connection.close();
    const seconds = (Date.now() - begin) / 1000;
    await account(chains);
    const told = chains.reduce((sum, chain) => sum + chain.told, 0);
    const pages = chains.reduce((sum, chain) => sum + chain.pages, 0);
    const result = { counts: ledger.counts, faults: ledger.faults, fault_count: ledger.faultCount, slowest: ledger.slowest,
        acknowledged: ledger.messages.size, abandoned, retried, told, pages, seconds };
    process.stdout.write(`${JSON.stringify(result)}\n`);
}

main();
