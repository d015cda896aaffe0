// SPDX-License-Identifier: Apache-2.0
// A sender that does everything right, and then one thing after the other wrong: prints what the push services of the tests said to each.
//
//   node check.mjs HOME FOLDER PORTS
//
// FOLDER has the keys, PORTS is JSON. A line of JSON for each case: {name, status, headers, body}, status 0 where no answer came.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { createECDH, createHmac, createPrivateKey, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { packageOf } from './common.mjs';

const [home, folder, portsText] = process.argv.slice(2);
const ports = JSON.parse(portsText);
const jose = packageOf(home, 'jose');
const ece = packageOf(home, 'http_ece');
const ca = readFileSync(`${folder}/ca.pem`);
const key = (name) => createPrivateKey(readFileSync(`${folder}/${name}.pem`));
const now = () => Math.floor(Date.now() / 1000);
const id = randomUUID();
const phone = Buffer.from('phone').toString('hex').padEnd(64, '0');
const good = {
    push_id: id, event: 'new_message', message_id: randomUUID(), conversation_id: 'private:x:y', message_kind: 'private_message', content_type: 'text',
    sender_id: randomUUID(), server_timestamp: '2026-01-01T00:00:00.000Z', title: '新消息', text: 'hello', badge: 3, collapse: 'c'.repeat(32),
};

function post(name, path, headers, body) {
    return new Promise((resolve) => {
        const session = http2.connect(`https://localhost:${ports[name]}`, { ca });
        const done = (answer) => {
            session.destroy();
            resolve(answer);
        };
        session.on('error', (error) => done({ status: 0, body: error.code }));
        const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
        let answer = { status: 0, body: '' };
        stream.setTimeout(1000, () => done({ ...answer, late: true }));
        stream.on('response', (fields) => { answer = { status: fields[':status'], headers: fields, body: '' }; });
        stream.on('data', (data) => { answer.body += data.toString('latin1'); });
        stream.on('error', () => done({ ...answer, broken: true }));
        stream.on('close', () => done(answer));
        stream.end(body);
    });
}

// The same over HTTP/1.1.
function post1(name, path, headers, body) {
    return new Promise((resolve) => {
        const request = https.request({ port: ports[name], host: 'localhost', ca, path, method: 'POST', headers, agent: false }, (response) => {
            let text = '';
            response.on('data', (data) => { text += data; });
            response.on('end', () => resolve({ status: response.statusCode, body: text }));
            response.on('error', () => resolve({ status: response.statusCode, body: text, broken: true }));
        });
        request.setTimeout(1000, () => request.destroy(new Error('late')));
        request.on('error', (error) => resolve({ status: 0, body: '', late: error.message === 'late', broken: error.message !== 'late' }));
        request.end(body);
    });
}

const jwt = (claims, header, secret) => new jose.SignJWT(claims).setProtectedHeader(header).sign(secret);

async function control(path, body) {
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
        const request = http.request({ port: ports.control, path, method: 'POST' }, (response) => {
            let answer = '';
            response.on('data', (data) => { answer += data; });
            response.on('end', () => resolve(JSON.parse(answer)));
        });
        request.on('error', reject);
        request.end(text);
    });
}

const [subscription] = await control('/subscribe', { names: ['browser'] });
const publicKey = readFileSync(`${folder}/web_push.der`).subarray(-65).toString('base64url');

async function webPush(change) {
    const origin = `https://localhost:${ports.web_push}`;
    const of = {
        data: good, claims: { aud: origin, exp: now() + 3600, sub: 'mailto:a@example.org' }, header: { alg: 'ES256', typ: 'JWT' }, secret: key('web_push'), k: publicKey,
        p256dh: subscription.keys.p256dh, auth: subscription.keys.auth, path: new URL(subscription.endpoint).pathname, headers: {}, ...change,
    };
    const curve = createECDH('prime256v1');
    curve.generateKeys();
    const body = ece.encrypt(Buffer.from(JSON.stringify(of.data)), { version: 'aes128gcm', privateKey: curve, dh: of.p256dh, authSecret: of.auth });
    const headers = {
        ttl: '60', 'content-encoding': 'aes128gcm', topic: of.data.collapse, urgency: 'high',
        authorization: `vapid t=${await jwt(of.claims, of.header, of.secret)}, k=${of.k}`, ...of.headers,
    };
    return post('web_push', of.path, headers, body);
}

async function apns(change) {
    const of = { data: good, claims: { iss: 'DEF123GHIJ', iat: now() }, header: { alg: 'ES256', kid: 'ABC123DEFG' }, secret: key('apns'), path: `/3/device/${phone}`, headers: {}, post, aps: { alert: 'x', badge: 3 }, ...change };
    const headers = {
        'apns-topic': 'org.example.app', 'apns-push-type': 'alert', 'apns-id': id, 'apns-expiration': String(now() + 60), 'apns-priority': '10',
        'apns-collapse-id': of.data.collapse, authorization: `bearer ${await jwt(of.claims, of.header, of.secret)}`, ...of.headers,
    };
    return of.post('apns', of.path, headers, JSON.stringify({ aps: of.aps, ...of.data }));
}

async function fcmToken(change) {
    const uri = `https://localhost:${ports.fcm}/token`;
    const of = {
        claims: { iss: 'push@flixim-test.iam.gserviceaccount.com', aud: uri, scope: 'https://www.googleapis.com/auth/firebase.messaging', iat: now(), exp: now() + 3600 },
        header: { alg: 'RS256', typ: 'JWT', kid: 'f'.repeat(40) }, secret: key('fcm'), ...change,
    };
    const form = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: await jwt(of.claims, of.header, of.secret) });
    return post('fcm', '/token', { 'content-type': 'application/x-www-form-urlencoded' }, form.toString());
}

async function fcm(change) {
    const { message_kind, ...rest } = good;
    const data = { ...rest, badge: '3' };
    const of = { data, path: '/v1/projects/flixim-test/messages:send', more: {}, android: { ttl: '60s', priority: 'high' }, ...change };
    const token = of.token ?? JSON.parse((await fcmToken({})).body).access_token;
    return post('fcm', of.path, { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        JSON.stringify({ message: { token: 'phone', data: of.data, android: of.android, ...of.more } }));
}

async function webhook(change) {
    const secret = readFileSync(`${folder}/webhook.key`, 'utf8').trimEnd();
    const of = { time: String(now()), secret, signed: null, path: '/push', ...change };
    const body = JSON.stringify({ id, attempt: 1, device: { id: randomUUID(), user_id: randomUUID(), token: 'phone', app_id: '' }, notification: { ...good, ...of.data } });
    const signature = createHmac('sha256', of.secret).update(`${of.signedTime ?? of.time}.${of.signed ?? body}`).digest('hex');
    return post1('webhook', of.path, { 'content-type': 'application/json', 'flixim-timestamp': of.time, 'flixim-signature': `v1=${signature}`, 'idempotency-key': id }, body);
}

const other = createPrivateKey({ key: (await jose.exportPKCS8((await jose.generateKeyPair('ES256', { extractable: true })).privateKey)) });
const otherRsa = createPrivateKey({ key: (await jose.exportPKCS8((await jose.generateKeyPair('RS256', { extractable: true })).privateKey)) });
const origin = `https://localhost:${ports.web_push}`;
const account = { iss: 'push@flixim-test.iam.gserviceaccount.com', aud: `https://localhost:${ports.fcm}/token`, scope: 'https://www.googleapis.com/auth/firebase.messaging' };
const contact = { sub: 'mailto:a@example.org' };
const wrongData = (change) => ({ data: { ...good, ...change } });
const { message_kind: unused, ...textData } = { ...good, badge: '3' };

const cases = [
    ['web_push', webPush, {
        'right': {},
        'another key signs': { secret: other },
        'another key is named': { k: Buffer.concat([Buffer.from([4]), randomBytes(64)]).toString('base64url') },
        'aud of elsewhere': { claims: { ...contact, aud: 'https://example.org', exp: now() + 60 } },
        'aud with a path': { claims: { ...contact, aud: `${origin}/push`, exp: now() + 60 } },
        'exp in two days': { claims: { ...contact, aud: origin, exp: now() + 2 * 86400 } },
        'exp is over': { claims: { ...contact, aud: origin, exp: now() - 60 } },
        'no sub': { claims: { aud: origin, exp: now() + 60 } },
        'no TTL': { headers: { ttl: '' } },
        'topic too long': { headers: { topic: 'x'.repeat(33) } },
        'another encoding': { headers: { 'content-encoding': 'aesgcm' } },
        'another secret': { auth: randomBytes(16).toString('base64url') },
        'unknown subscription': { path: '/push/nobody' },
        'data without a push': wrongData({ push_id: undefined }),
        'too large': wrongData({ text: 'x'.repeat(4000) }),
    }],
    ['apns', apns, {
        'right': {},
        'another key signs': { secret: other },
        'kid is wrong': { header: { alg: 'ES256', kid: 'XXXXXXXXXX' } },
        'iss is wrong': { claims: { iss: 'XXXXXXXXXX', iat: now() } },
        'iat of yesterday': { claims: { iss: 'DEF123GHIJ', iat: now() - 86400 } },
        'HTTP/1.1': { post: post1 },
        'no topic': { headers: { 'apns-topic': '' } },
        'another path': { path: `/4/device/${phone}` },
        'id of another': { headers: { 'apns-id': randomUUID() } },
        'collapse id too long': { headers: { 'apns-collapse-id': 'x'.repeat(65) } },
        'too large': wrongData({ text: 'x'.repeat(4000) }),
        'no alert': { aps: { badge: 1 } },
    }],
    ['token', fcmToken, {
        'right': {},
        'another key signs': { secret: otherRsa },
        'iss is wrong': { claims: { ...account, iss: 'a@b', iat: now(), exp: now() + 3600 } },
        'aud is wrong': { claims: { ...account, aud: 'https://example.org/token', iat: now(), exp: now() + 3600 } },
        'scope is wrong': { claims: { ...account, scope: 'openid', iat: now(), exp: now() + 3600 } },
        'exp in two hours': { claims: { ...account, iat: now(), exp: now() + 7200 } },
        'iat of yesterday': { claims: { ...account, iat: now() - 86400, exp: now() - 82800 } },
    }],
    ['fcm', fcm, {
        'right': {},
        'unknown access token': { token: 'ya29.x' },
        'another project': { path: '/v1/projects/other/messages:send' },
        'a number in data': { data: { ...textData, badge: 3 } },
        'a reserved key': { data: { ...textData, message_type: 'private_message' } },
        'ttl is wrong': { android: { ttl: '60' } },
        'unknown member': { more: { priority: 'high' } },
        'too large': { data: { ...textData, text: 'x'.repeat(4000) } },
    }],
    ['webhook', webhook, {
        'right': {},
        'another secret': { secret: 'x'.repeat(40) },
        'another body': { signed: '{}' },
        'another time': { signedTime: String(now() - 1) },
        'an hour ago': { time: String(now() - 3600) },
        'no time': { time: 'today' },
        'another path': { path: '/' },
        'a push of another id': { data: { push_id: randomUUID() } },
    }],
];

for (const [provider, send, list] of cases) {
    for (const [name, change] of Object.entries(list)) {
        console.log(JSON.stringify({ name: `${provider}: ${name}`, ...await send(change) }));
    }
}
// What can be played, with a service of each protocol.
for (const play of ['410', '429 after=3', '429 date=3', '503 reason=X', 'redirect 307', 'garbage 200', 'big 500', 'stall', 'half 200', 'trickle 200', 'reset', 'cut']) {
    for (const [provider, send] of [['apns', apns], ['webhook', webhook]]) {
        await control('/play', { provider, device: 'phone', plays: [play] });
        const answer = await send({});
        console.log(JSON.stringify({ name: `${provider} plays ${play}`, ...answer, length: answer.body?.length, body: answer.body?.slice(0, 100) }));
    }
}
process.exit(0);
