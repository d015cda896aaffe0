// SPDX-License-Identifier: Apache-2.0
// A WebSocket echo server, and clients that reach it through httpd's tunnel. For t/api/restarts_with_tunnels.t.
'use strict';

// usage: node tunnels.js CONFIG, an empty JSON object. Prints {"port"}, the echo's; then obeys lines on its standard input,
// each answered by one JSON line, and ends with it:
//   open PORT COUNT   open COUNT tunnels through the httpd at PORT: {"opened"}
//   echo              send a text through each tunnel that was ever opened: {"echoed", "seconds" of the slowest}
const http = require('http');
const crypto = require('crypto');
const readline = require('readline');
const { acceptOf, frame, take } = require('./websocket');

const patience = 10000;
const tunnels = [];

const echo = http.createServer((_, response) => response.writeHead(426).end());

echo.on('upgrade', (request, socket, head) => {
    const accept = acceptOf(request.headers['sec-websocket-key']);
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    let bytes = head;
    const answer = () => {
        for (let got; (got = take(bytes));) {
            bytes = bytes.subarray(got.size);
            if (got.opcode === 1) socket.write(frame(1, got.text, false));
        }
    };
    socket.on('data', (part) => {
        bytes = Buffer.concat([bytes, part]);
        answer();
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    answer();
});

// Resolves to true once the tunnel stands, to false if it does not.
function open(port) {
    return new Promise((resolve) => {
        const key = crypto.randomBytes(16).toString('base64');
        const request = http.request({
            port, host: '127.0.0.1', path: '/socket/websocket', agent: false, timeout: patience,
            headers: { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Key': key, 'Sec-WebSocket-Version': '13' },
        });
        request.on('upgrade', (response, socket, head) => {
            const tunnel = { socket, bytes: head, isOpen: true, waiting: null };
            socket.setTimeout(0);
            socket.on('data', (part) => receive(tunnel, part));
            socket.on('error', () => { tunnel.isOpen = false; });
            socket.on('close', () => { tunnel.isOpen = false; });
            tunnels.push(tunnel);
            resolve(response.headers['sec-websocket-accept'] === acceptOf(key));
        });
        request.on('response', () => resolve(false));
        request.on('error', () => resolve(false));
        request.on('timeout', () => request.destroy());
        request.end();
    });
}

function receive(tunnel, part) {
    tunnel.bytes = Buffer.concat([tunnel.bytes, part]);
    for (let got; (got = take(tunnel.bytes));) {
        tunnel.bytes = tunnel.bytes.subarray(got.size);
        tunnel.waiting?.(got.text);
    }
}

// Resolves to whether a text came back through the tunnel.
function roundTrip(tunnel) {
    if (!tunnel.isOpen) return Promise.resolve(false);
    const text = `echo ${crypto.randomUUID()}`;
    return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), patience);
        tunnel.waiting = (got) => {
            clearTimeout(timer);
            resolve(got === text);
        };
        tunnel.socket.write(frame(1, text, true));
    });
}

const say = (report) => process.stdout.write(`${JSON.stringify(report)}\n`);
const wellOf = (results) => results.filter((isWell) => isWell).length;

async function obey(line) {
    const [command, port, count] = line.split(' ');
    const since = Date.now();
    if (command === 'open') say({ opened: wellOf(await Promise.all(Array.from({ length: Number(count) }, () => open(Number(port))))) });
    else say({ echoed: wellOf(await Promise.all(tunnels.map(roundTrip))), seconds: (Date.now() - since) / 1000 });
}

echo.listen(0, '127.0.0.1', async () => {
    say({ port: echo.address().port });
    for await (const line of readline.createInterface({ input: process.stdin })) await obey(line);
    process.exit(0);
});
