// SPDX-License-Identifier: Apache-2.0
// A push service of browsers: RFC 8030, with VAPID (RFC 8292) and messages that are decrypted as a browser does (RFC 8291).
import { createECDH, randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { claimsOf, expect, field, judgeData, packageOf } from './common.mjs';

export class WebPush {
    // config: {key: the public key of the site, base64url; subscriptions: a file, in which they last}
    constructor(home, config, port) {
        this.name = 'web_push';
        this.config = config;
        this.port = port;
        this.jose = packageOf(home, 'jose');
        this.ece = packageOf(home, 'http_ece');
        this.subscriptions = new Map(); // name -> {curve, auth}
        if (existsSync(config.subscriptions)) {
            for (const line of readFileSync(config.subscriptions, 'utf8').split('\n').slice(0, -1)) {
                const [name, key, auth] = line.split(' ');
                const curve = createECDH('prime256v1');
                curve.setPrivateKey(Buffer.from(key, 'hex'));
                this.subscriptions.set(name, { curve, auth: Buffer.from(auth, 'hex') });
            }
        }
    }

    // A browser's subscription, as PushSubscription.toJSON() has it.
    subscribe(name, host, port) {
        const curve = createECDH('prime256v1');
        curve.generateKeys();
        const auth = randomBytes(16);
        this.subscriptions.set(name, { curve, auth });
        appendFileSync(this.config.subscriptions, `${name} ${curve.getPrivateKey('hex').padStart(64, '0')} ${auth.toString('hex')}\n`, { mode: 0o600 });
        return {
            endpoint: `https://${host}:${port ?? this.port}/push/${name}`,
            expirationTime: null,
            keys: { p256dh: curve.getPublicKey().toString('base64url'), auth: auth.toString('base64url') },
        };
    }

    async read(seen, body) {
        seen.device = decodeURIComponent(seen.path.replace(/^\/push\//, ''));
        const subscription = this.subscriptions.get(seen.device);
        expect(seen, {
            'not POST': seen.method === 'POST',
            'no subscription': subscription,
            'TTL is no number of seconds': /^\d{1,10}$/.test(field(seen, 'ttl')),
            'content-encoding is not aes128gcm': field(seen, 'content-encoding') === 'aes128gcm',
            'topic is not up to 32 characters of base64url': seen.headers.topic === undefined || /^[\w-]{1,32}$/.test(seen.headers.topic),
            'urgency is unknown': seen.headers.urgency === undefined || ['very-low', 'low', 'normal', 'high'].includes(seen.headers.urgency),
            'more than 4096 bytes': body.length <= 4096,
        });
        await this.readVapid(seen, field(seen, 'authorization'));
        if (!subscription) {
            return;
        }
        const text = this.ece.decrypt(body, { version: 'aes128gcm', privateKey: subscription.curve, authSecret: subscription.auth });
        judgeData(seen, JSON.parse(text.toString('utf8')));
        expect(seen, { 'topic is not the collapse id': seen.headers.topic === seen.data.collapse });
    }

    async readVapid(seen, authorization) {
        const [, token, key] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization) ?? [];
        expect(seen, { 'authorization is not of VAPID': token, 'k is not the key subscribed with': key === this.config.key });
        if (!token || key !== this.config.key) {
            return;
        }
        const point = Buffer.from(key, 'base64url');
        const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
        const claims = await claimsOf(seen, this.jose, token, () => this.jose.importJWK(jwk, 'ES256'), 'ES256', 'vapid');
        if (claims) {
            seen.claims = claims;
            expect(seen, {
                'aud is not the origin of the endpoint': claims.aud === `https://${seen.headers[':authority'] ?? seen.headers.host}`,
                'exp is not within a day': claims.exp > Date.now() / 1000 && claims.exp <= Date.now() / 1000 + 86400,
                'sub is no contact': /^(mailto:|https:\/\/)./.test(claims.sub ?? ''),
            });
        }
    }

    refusal(seen) {
        return seen.faults.some((fault) => /vapid|aud|exp|sub is|k is/i.test(fault)) ? '403' : seen.faults.includes('no subscription') ? '404' : '400';
    }

    answer(seen, status) {
        return status ? { status, body: status >= 400 ? `{"errno":${status}}` : '' } : { status: 201, headers: { location: `https://localhost/message/${seen.number}` } };
    }
}
