// SPDX-License-Identifier: Apache-2.0
// A keep-alive HTTP/1.1 client that says what became of each request: answered, or closed, and after how many bytes.
'use strict';

const net = require('net');

const patience = 60000; // ms without an answer

// The bytes of a request. REQUEST: method, path, headers, body (an object becomes JSON).
function render(request) {
    const body = request.body === undefined ? '' : typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
    const headers = { Host: 'localhost', ...request.headers };
    if (request.body !== undefined) {
        headers['Content-Type'] = 'application/json';
        headers['Content-Length'] = Buffer.byteLength(body);
    }
    let head = `${request.method} ${request.path} HTTP/1.1\r\n`;
    for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
    return { head: head + '\r\n', body };
}

// Takes one whole response off the front of BYTES: {status, headers, body, size}; null: more is needed.
function parse(bytes, method, isEnd) {
    const headEnd = bytes.indexOf('\r\n\r\n');
    if (headEnd < 0) return null;
    const lines = bytes.toString('latin1', 0, headEnd).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(lines[0])?.[1]);
    const headers = {};
    for (const line of lines.slice(1)) {
        const colon = line.indexOf(':');
        headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const start = headEnd + 4;
    if (method === 'HEAD' || status === 204 || status === 304 || status < 200) return { status, headers, body: '', size: start };
    if (/chunked/i.test(headers['transfer-encoding'] ?? '')) return parseChunks(bytes, start, status, headers);
    let end = bytes.length;
    if (headers['content-length'] !== undefined) end = start + Number(headers['content-length']);
    else if (!isEnd) return null;
    if (end > bytes.length) return null;
    return { status, headers, body: bytes.toString('utf8', start, end), size: end };
}

function parseChunks(bytes, start, status, headers) {
    const parts = [];
    for (let at = start; ;) {
        const lineEnd = bytes.indexOf('\r\n', at);
        if (lineEnd < 0) return null;
        const length = parseInt(bytes.toString('latin1', at, lineEnd), 16);
        const next = lineEnd + 2 + length + 2;
        if (bytes.length < next) return null;
        if (length === 0) return { status, headers, body: Buffer.concat(parts).toString('utf8'), size: next };
        parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
        at = next;
    }
}

class Connection {
    constructor(port) {
        this.port = port;
        this.socket = null;
        this.waiting = []; // requests written and not answered yet, in order
        this.asked = 0; // on this socket
    }

    // A server may close an idle connection at any time: the next request then finds it closed and opens a new one.
    get isOpen() {
        return this.socket !== null;
    }

    open() {
        return new Promise((resolve) => {
            const socket = net.connect({ port: this.port, host: '127.0.0.1', noDelay: true });
            let reason = 'end';
            this.bytes = Buffer.alloc(0);
            this.asked = 0;
            this.saidClose = false;
            socket.on('connect', () => {
                this.socket = socket;
                resolve(null);
            });
            socket.on('error', (error) => {
                reason = error.code;
                if (this.socket !== socket) resolve(error.code);
            });
            socket.on('data', (part) => this.take(socket, part));
            socket.on('end', () => this.take(socket, null));
            socket.on('close', () => this.closed(socket, reason));
        });
    }

    take(socket, part) {
        if (this.socket !== socket) return;
        if (part) this.bytes = Buffer.concat([this.bytes, part]);
        while (this.waiting.length > 0) {
            const answer = parse(this.bytes, this.waiting[0].method, part === null);
            if (!answer) break;
            this.bytes = this.bytes.subarray(answer.size);
            if (answer.status < 200) continue;
            this.saidClose = /close/i.test(answer.headers.connection ?? '');
            this.finish(this.waiting.shift(), answer);
            if (this.saidClose) return this.closed(socket, 'announced');
        }
        if (part === null) this.closed(socket, 'end');
    }

    finish(waiter, answer) {
        clearTimeout(waiter.timer);
        waiter.resolve({ error: null, ...answer, isFresh: waiter.isFresh, seconds: (Date.now() - waiter.since) / 1000 });
    }

    // What was written and not answered by now never will be. reason announced: the answer before said that the server closes,
    // so it reads no further request (RFC 9112, 9.6).
    closed(socket, reason) {
        if (this.socket !== socket) return;
        this.socket = null;
        socket.destroy();
        for (const waiter of this.waiting.splice(0)) {
            clearTimeout(waiter.timer);
            const seconds = (Date.now() - waiter.since) / 1000;
            waiter.resolve({ error: reason, status: 0, received: this.bytes.length, isFresh: waiter.isFresh, seconds });
            this.bytes = Buffer.alloc(0);
        }
    }

    close() {
        if (this.socket) this.closed(this.socket, 'ours');
    }

    wait(request) {
        return new Promise((resolve) => {
            const waiter = { resolve, method: request.method, isFresh: this.asked++ === 0, since: Date.now() };
            const socket = this.socket;
            waiter.timer = setTimeout(() => this.closed(socket, 'silent'), patience);
            this.waiting.push(waiter);
        });
    }

    // Sends a request and waits for its answer: {error, status, headers, body, isFresh, seconds}; with error set there is none,
    // and received says how many bytes came of it.
    async ask(request) {
        return (await this.askAll([request]))[0];
    }

    // The same, and once more where it met an idle connection that the server was closing: nothing came back, and nothing is
    // wrong (RFC 9112, 9.3.1). For what may be repeated.
    async repeat(request) {
        const answer = await this.ask(request);
        return Connection.isRace(answer) ? this.ask(request) : answer;
    }

    static isRace(answer) {
        return answer.error !== null && !answer.isFresh && answer.received === 0;
    }

    // The same as ask for several, written at once.
    async askAll(requests) {
        const refusal = this.isOpen ? null : await this.open();
        if (refusal) return requests.map(() => ({ error: refusal, status: 0, received: 0, isFresh: true, seconds: 0 }));
        const answers = requests.map((request) => this.wait(request));
        this.socket.write(requests.map(render).map(({ head, body }) => head + body).join(''));
        return Promise.all(answers);
    }

    // The same as ask in two pieces, with a pause of so many ms after PART ('head': within the head; 'body': within the body).
    async askSlowly(request, part, pause) {
        const refusal = this.isOpen ? null : await this.open();
        if (refusal) return { error: refusal, status: 0, received: 0, isFresh: true, seconds: 0 };
        const { head, body } = render(request);
        const cut = part === 'head' ? head.length >> 1 : Buffer.byteLength(head) + 5;
        const bytes = Buffer.from(head + body);
        const answer = this.wait(request);
        const socket = this.socket;
        socket.write(bytes.subarray(0, cut));
        setTimeout(() => { if (this.socket === socket) socket.write(bytes.subarray(cut)); }, pause);
        return answer;
    }

    // Writes a request and goes away without waiting for the answer: the network as it is.
    async abandon(request, pause) {
        if (!this.isOpen && await this.open()) return;
        const { head, body } = render(request);
        const socket = this.socket;
        socket.write(head + body);
        await sleep(pause);
        this.closed(socket, 'ours');
    }
}

function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}

module.exports = { Connection, sleep };
