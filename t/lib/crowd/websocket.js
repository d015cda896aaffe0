// SPDX-License-Identifier: Apache-2.0
// As much of RFC 6455 as an echo takes: the key's answer, and text frames that are not fragmented.
'use strict';

const crypto = require('crypto');

function acceptOf(key) {
    return crypto.createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

// A whole frame. opcodes: 1 text, 8 close, 9 ping, 10 pong. A client masks, a server does not.
function frame(opcode, payload, isMasked) {
    const data = Buffer.from(payload);
    const mask = isMasked ? crypto.randomBytes(4) : Buffer.alloc(0);
    const bit = isMasked ? 0x80 : 0;
    const length = data.length < 126 ? Buffer.from([bit | data.length]) : Buffer.from([bit | 126, data.length >> 8, data.length & 255]);
    if (data.length > 0xffff) throw new Error('a frame of more than 64 KiB');
    if (isMasked) for (let i = 0; i < data.length; i++) data[i] ^= mask[i & 3];
    return Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, data]);
}

// Takes one frame off the front of BYTES: {opcode, text, size}; null: more is needed.
function take(bytes) {
    if (bytes.length < 2) return null;
    const isMasked = bytes[1] & 0x80;
    let at = 2;
    let length = bytes[1] & 0x7f;
    if (length === 126) {
        if (bytes.length < 4) return null;
        length = bytes.readUInt16BE(2);
        at = 4;
    } else if (length === 127) {
        if (bytes.length < 10) return null;
        length = Number(bytes.readBigUInt64BE(2));
        at = 10;
    }
    const mask = isMasked ? bytes.subarray(at, at + 4) : null;
    if (isMasked) at += 4;
    if (bytes.length < at + length) return null;
    const data = Buffer.from(bytes.subarray(at, at + length));
    if (isMasked) for (let i = 0; i < length; i++) data[i] ^= mask[i & 3];
    return { opcode: bytes[0] & 0x0f, text: data.toString(), data, size: at + length };
}

module.exports = { acceptOf, frame, take };
