// SPDX-License-Identifier: Apache-2.0
// What a push service answers: any status with its words, Retry-After of both forms, and everything that is no answer.
//
//   ok                      the service's success
//   STATUS [reason=WORD] [after=SECONDS | date=SECONDS]    with Retry-After in seconds, or as a date
//   garbage STATUS          with a body of random bytes
//   big STATUS              with a body of a MiB
//   redirect STATUS         to another path of the same server
//   trickle STATUS          a byte of the body each second, for ever
//   stall                   no answer, the connection stays
//   half STATUS             the head of an answer, and no more
//   reset                   RST_STREAM, or the end of the connection where there are no streams
//   cut                     the end of the connection in any case
import { randomBytes } from 'node:crypto';

// A small generator, so that a storm can be played again.
function lot(seed) {
    let state = seed >>> 0;
    return (below) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
    };
}

export class Plays {
    constructor() {
        this.of = new Map(); // "provider device" -> plays that are left
        this.usual = new Map(); // provider -> {plays, lot}
    }

    set(provider, device, plays) {
        const key = `${provider} ${device}`;
        if (plays) {
            this.of.set(key, [...plays]);
        } else {
            this.of.delete(key);
        }
    }

    usually(provider, plays, seed) {
        this.usual.set(provider, { plays, lot: lot(seed ?? 1) });
    }

    next(provider, device) {
        const left = this.of.get(`${provider} ${device}`);
        if (left?.length > 0) {
            return left.shift();
        }
        const usual = this.usual.get(provider);
        return usual ? usual.plays[usual.lot(usual.plays.length)] : 'ok';
    }

    perform(provider, seen, response) {
        const [play, ...rest] = seen.play.split(' ');
        if (play === 'stall') {
            return;
        }
        if (play === 'cut') {
            (response.stream?.session ?? response).destroy();
            return;
        }
        if (play === 'reset') {
            if (response.stream) {
                response.stream.close(2); // INTERNAL_ERROR
            } else {
                response.socket.destroy();
            }
            return;
        }
        const status = /^\d+$/.test(play) ? Number(play) : Number(rest[0] ?? 0);
        const option = Object.fromEntries(rest.filter((word) => word.includes('=')).map((word) => word.split('=')));
        const answer = provider.answer(seen, status, option);
        seen.status = answer.status;
        respond(play, answer, option, response);
    }
}

function respond(play, answer, option, response) {
    const headers = { ...answer.headers };
    if (option.after !== undefined) {
        headers['retry-after'] = option.after;
    }
    if (option.date !== undefined) {
        headers['retry-after'] = new Date(Date.now() + Number(option.date) * 1000).toUTCString();
    }
    if (play === 'redirect') {
        headers.location = '/elsewhere';
    }
    response.writeHead(answer.status, headers);
    if (play === 'half') {
        response.write(' ');
    } else if (play === 'trickle') {
        const timer = setInterval(() => response.write(' '), 1000);
        response.on('close', () => clearInterval(timer));
        response.on('error', () => clearInterval(timer));
    } else if (play === 'garbage') {
        response.end(randomBytes(1000));
    } else if (play === 'big') {
        response.end(Buffer.alloc(1 << 20, 'x'));
    } else {
        response.end(answer.body ?? '');
    }
}
