// SPDX-License-Identifier: Apache-2.0
// Lines from each worker to the others, over Unix sockets of their own: cheaper than through the primary process, or than a NOTIFY.
'use strict';

const net = require('node:net');
const path = require('node:path');

class Bus {
    constructor(folder, number, count, hear) {
        this.folder = folder;
        this.number = number;
        this.count = count;
        this.hear = hear; // (line)
        this.others = []; // sockets to write to
        this.waiting = ''; // what is written when this turn of the loop is over: one write for many lines
    }

    async open() {
        await new Promise((resolve) => {
            net.createServer((socket) => this.read(socket)).listen(this.file(this.number), resolve);
        });
        for (let i = 0; i < this.count; i++) {
            if (i !== this.number) {
                this.others.push(await this.reach(this.file(i)));
            }
        }
    }

    file(number) {
        return path.join(this.folder, `worker-${number}`);
    }

    // The other may not be listening yet.
    reach(file) {
        return new Promise((resolve) => {
            const attempt = () => {
                const socket = net.connect(file);
                socket.on('connect', () => resolve(socket));
                socket.on('error', () => setTimeout(attempt, 20));
            };
            attempt();
        });
    }

    read(socket) {
        let rest = '';
        socket.setEncoding('utf8');
        socket.on('data', (text) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop();
            lines.forEach((line) => this.hear(line));
        });
    }

    say(line) {
        if (this.waiting === '') {
            setImmediate(() => {
                this.others.forEach((socket) => socket.write(this.waiting));
                this.waiting = '';
            });
        }
        this.waiting += `${line}\n`;
    }
}

module.exports = { Bus };
