// SPDX-License-Identifier: Apache-2.0
// A WebSocket over HTTP/2 (RFC 8441): sends one text for each argument after the URL, prints what comes back, a line each.
import http2 from 'node:http2';
import { randomBytes } from 'node:crypto';

const [url, ...texts] = process.argv.slice(2);
const { origin, host, pathname, search } = new URL(url);
const session = http2.connect(origin, { rejectUnauthorized: false });
const fail = (why) => {
    console.log(`failed: ${why}`);
    process.exit(1);
};
setTimeout(() => fail('too late'), 20000);
session.on('error', (error) => fail(error.message));

function frame(opcode, payload) {
    if (payload.length > 125) {
        throw new Error('too long for this client');
    }
    const mask = randomBytes(4);
    return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, payload.map((byte, i) => byte ^ mask[i % 4])]);
}

// The frames in bytes, whole ones; what is left of them.
function take(bytes, each) {
    for (;;) {
        if (bytes.length < 2) {
            return bytes;
        }
        const short = bytes[1] & 0x7f;
        const head = short === 126 ? 4 : 2;
        const length = short === 126 && bytes.length >= 4 ? bytes.readUInt16BE(2) : short;
        if (bytes.length < head + length) {
            return bytes;
        }
        each(bytes[0] & 0x0f, bytes.subarray(head, head + length));
        bytes = bytes.subarray(head + length);
    }
}

session.on('remoteSettings', (settings) => {
    if (!settings.enableConnectProtocol) {
        fail('no extended CONNECT');
    }
    const stream = session.request({
        ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':authority': host, ':path': pathname + search,
        'sec-websocket-version': '13', origin,
    });
    let bytes = Buffer.alloc(0);
    let left = texts.length;
    stream.on('response', (headers) => {
        console.log(`status ${headers[':status']}`);
        if (headers[':status'] !== 200) {
            process.exit(1);
        }
        texts.forEach((text) => stream.write(frame(1, Buffer.from(text))));
    });
    stream.on('data', (data) => {
        bytes = take(Buffer.concat([bytes, data]), (opcode, payload) => {
            if (opcode === 1) {
                console.log(payload.toString());
                if (--left === 0) {
                    stream.write(frame(8, Buffer.from([0x03, 0xe8])));
                }
            }
            if (opcode === 8) {
                console.log(`closed ${payload.length ? payload.readUInt16BE(0) : ''}`);
                process.exit(0);
            }
        });
    });
    stream.on('end', () => fail('ended without a close frame'));
    stream.on('error', (error) => fail(error.message));
});
