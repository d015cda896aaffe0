// SPDX-License-Identifier: Apache-2.0
// Clients that go on asking while httpd is restarted, and tell whether a request of theirs was lost. For t/api/graceful_storm.t.
'use strict';

// usage: node graceful.js CONFIG, a JSON file: port, users [{id, token}], seed, file. Ends when its standard input does, with one
// JSON line; FILE gets a line per acknowledged message.
//
// When is a request lost? When httpd had read of it and no answer came. What httpd has read, no client can see: a server may
// close an idle connection while a request is on its way to it, and then nobody has read it (RFC 9112, 9.3.1). Hence groups:
//   fresh      each request on a new connection: nothing excuses a missing answer;
//   kept       many requests on one connection: a close without a byte of an answer may be that race. The request is sent once
//              more on a new connection, which must work; and it is a POST with a client_message_id, for which the answer to the
//              second try tells whether anybody had read the first: 200 (known already) means that it was lost;
//   pipelined  two requests in one write. The first is as one of the two groups above; the second may be left unread only if the
//              answer to the first says "Connection: close" (9.6), and then the same holds as for a race;
//   slow       half a request on a new connection, and the rest after a pause in which httpd may be restarted: it has
//              read the first half. Nothing excuses a missing answer.
const fs = require('fs');
const { Connection, sleep } = require('./connection');
const { Random } = require('./random');
const { Ledger } = require('./ledger');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const random = new Random(config.seed);
const users = config.users.map(({ id, token }) => ({ id, headers: { Authorization: `Bearer ${token}` } }));
const report = { lost: [], wrong: [], answered: {}, races: 0, announced: 0 };
const acknowledged = [];
let isOn = true;

function newRequest(method) {
    const user = random.pick(users);
    if (method === 'GET') return { method, path: '/api/v1/messages/unread_count', headers: user.headers };
    const receiver = random.pick(users.filter((other) => other !== user));
    const content = { message_type: 'private_message', content_type: 'text', content: { text: 'x' } };
    const body = { client_message_id: random.uuid(), receiver_id: receiver.id, ...content };
    return { method, path: '/api/v1/messages', headers: user.headers, sender: user.id, body };
}

// Takes the answer to a request. STATUS: what it must be.
function judge(group, request, answer, status) {
    if (answer.error) {
        const where = answer.isFresh ? 'a new connection' : 'a kept connection';
        report.lost.push(`${group} ${request.method}: ${answer.error} after ${answer.received} bytes on ${where}`);
        return;
    }
    report.answered[group] = (report.answered[group] ?? 0) + 1;
    if (answer.status !== status) report.wrong.push(`${group} ${request.method}: ${answer.status} ${answer.body}`);
    else if (request.body) acknowledged.push(`${request.sender} ${request.body.client_message_id} ${JSON.parse(answer.body).data.id}`);
}

const good = (request) => (request.method === 'GET' ? 200 : 201);

// A request that nobody can have read: once more on a new connection. 201 is the proof.
async function again(group, request) {
    const fresh = new Connection(config.port);
    judge(`${group}, again`, request, await fresh.ask(request), good(request));
    fresh.close();
}

async function fresh() {
    while (isOn) {
        const connection = new Connection(config.port);
        const request = newRequest(random.pick(['GET', 'POST']));
        if (random.chance(0.5)) request.headers = { ...request.headers, Connection: 'close' };
        judge('fresh', request, await connection.ask(request), good(request));
        connection.close();
        await sleep(random.below(10));
    }
}

async function kept() {
    const connection = new Connection(config.port);
    while (isOn) {
        const request = newRequest('POST');
        const answer = await connection.ask(request);
        if (Connection.isRace(answer)) {
            report.races++;
            await again('kept', request);
        } else {
            judge('kept', request, answer, good(request));
        }
        if (random.chance(0.5)) await sleep(random.below(40));
    }
    connection.close();
}

async function pipelined() {
    const connection = new Connection(config.port);
    while (isOn) {
        const requests = [newRequest('POST'), newRequest('POST')];
        const answers = await connection.askAll(requests);
        if (answers.every(Connection.isRace)) {
            report.races++;
            for (const request of requests) await again('pipelined', request);
            continue;
        }
        judge('pipelined', requests[0], answers[0], 201);
        if (answers[1].error === 'announced' && answers[1].received === 0) {
            report.announced++;
            await again('pipelined', requests[1]);
        } else {
            judge('pipelined', requests[1], answers[1], 201);
        }
        await sleep(random.below(20));
    }
    connection.close();
}

async function slow(part) {
    while (isOn) {
        const connection = new Connection(config.port);
        const request = newRequest('POST');
        judge(`slow ${part}`, request, await connection.askSlowly(request, part, 50 + random.below(1200)), 201);
        connection.close();
    }
}

async function main() {
    process.stdin.on('end', () => { isOn = false; }).resume();
    const crew = [fresh(), fresh(), fresh(), fresh(), kept(), kept(), kept(), kept(), kept(), kept()];
    crew.push(pipelined(), pipelined(), slow('head'), slow('head'), slow('body'), slow('body'));
    await Promise.all(crew);
    Ledger.write(config.file, acknowledged);
    process.stdout.write(`${JSON.stringify(report)}\n`);
}

main();
