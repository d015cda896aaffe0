// SPDX-License-Identifier: Apache-2.0
// Push services for tests: HTTP/2 and HTTP/1.1 over TLS, every signature and every byte looked at, every answer playable.
//
//   node main.mjs HOME CONFIG
//
// HOME is a folder whose packages are used, CONFIG a file that FlixIM::Test::Providers writes. Prints "ready" when it listens, or "taken" where somebody has one of its ports.
// Over plain HTTP at the port "control", all answers in JSON:
//
//   POST /play       {"provider", "device", "plays": ["500", "429 after=2"]}   of the next requests for the device; null: forgets those left
//   POST /usual      {"provider", "plays": ["ok", "ok", "500"], "seed"}        of all others: one of them by lot; one alone: always
//   POST /subscribe  {"names": [...], "host": "localhost", "port"}             Web Push subscriptions as browsers have them
//   GET  /received?from=N                                                      requests since the N-th, as they came
//   GET  /brief                                                                of all requests: provider, device, push, message, play, at, faults
//   POST /forget     {}                                                        all that was received
import http from 'node:http';
import http2 from 'node:http2';
import fs from 'node:fs';
import { Apns } from './apns.mjs';
import { Fcm } from './fcm.mjs';
import { Plays } from './plays.mjs';
import { WebPush } from './web_push.mjs';
import { Webhook } from './webhook.mjs';

const [home, file] = process.argv.slice(2);
const config = JSON.parse(fs.readFileSync(file, 'utf8'));
const received = [];
const plays = new Plays();

// Reads a body of at most a MiB.
function bodyOf(request) {
    return new Promise((resolve, reject) => {
        const chunks = [];
        let length = 0;
        request.on('data', (chunk) => {
            length += chunk.length;
            if (length <= 1 << 20) {
                chunks.push(chunk);
            }
        });
        request.on('end', () => resolve(Buffer.concat(chunks)));
        request.on('error', reject);
        request.on('aborted', () => reject(new Error('aborted')));
    });
}

// One request for a device: what it is, what is wrong with it, and what is played for it.
async function take(provider, request, response) {
    const at = Date.now();
    const seen = {
        number: received.length, provider: provider.name, at, http: request.httpVersion, port: request.socket.localPort,
        method: request.method, path: request.url, headers: { ...request.headers }, faults: [],
    };
    received.push(seen);
    let body;
    try {
        body = await bodyOf(request);
    } catch {
        // Whoever sent it died meanwhile.
        seen.play = 'broken off';
        return;
    }
    try {
        seen.bytes = body.length;
        await provider.read(seen, body);
    } catch (error) {
        seen.faults.push(`not to be read: ${error.message}`);
    }
    if (seen.path.startsWith('/elsewhere')) {
        seen.faults.push('followed a redirect');
    }
    // A service refuses what it cannot accept, whatever it is to play.
    const refusal = seen.faults.length > 0 ? provider.refusal(seen) : null;
    seen.play = refusal ?? plays.next(provider.name, seen.device ?? '');
    plays.perform(provider, seen, response);
}

const listen = (server, name) => new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(config.ports[name], '127.0.0.1', resolve);
});

const tls = { key: fs.readFileSync(config.tls_key), cert: fs.readFileSync(config.tls_certificate), allowHTTP1: true };

function serve(provider, name, options = {}) {
    const server = http2.createSecureServer({ ...tls, ...options }, (request, response) => {
        take(provider, request, response).catch((error) => process.stderr.write(`${error.stack}\n`));
    });
    // Clients that are killed leave connections in any state.
    server.on('sessionError', () => {});
    server.on('tlsClientError', () => {});
    server.on('clientError', (error, socket) => socket.destroy());
    return listen(server, name);
}

// Those that have been read and looked at: of one that is coming in nothing is known yet.
const judged = (list) => list.filter((seen) => seen.play !== undefined);

const control = {
    '/play': ({ provider, device, plays: list }) => plays.set(provider, device, list),
    '/usual': ({ provider, plays: list, seed }) => plays.usually(provider, list, seed),
    '/subscribe': ({ names, host, port }) => names.map((name) => webPush.subscribe(name, host ?? 'localhost', port)),
    '/forget': () => received.splice(0),
    '/brief': () => judged(received).map(({ provider, device, push_id, data, play, at, faults }) => ({ provider, device, push_id, message_id: data?.message_id, play, at, faults })),
    '/received': (from) => judged(received.slice(Number(from ?? 0))),
};

const controller = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const text = (await bodyOf(request)).toString();
    try {
        const answer = control[url.pathname](text ? JSON.parse(text) : url.searchParams.get('from'));
        response.end(JSON.stringify(answer ?? {}));
    } catch (error) {
        response.writeHead(400).end(JSON.stringify({ error: error.message }));
    }
});

const webPush = new WebPush(home, config.web_push, config.ports.web_push);
try {
    await serve(webPush, 'web_push');
    // The push service of another vendor.
    await serve(webPush, 'other_push');
    await serve(new Apns(home, config.apns), 'apns');
    await serve(new Fcm(home, config.fcm), 'fcm');
    // The site's own server speaks HTTP/1.1 alone.
    await serve(new Webhook(config.webhook), 'webhook', { ALPNProtocols: ['http/1.1'] });
    await listen(controller, 'control');
    process.stdout.write('ready\n');
} catch (error) {
    if (error.code !== 'EADDRINUSE') {
        throw error;
    }
    process.stdout.write('taken\n', () => process.exit());
}
