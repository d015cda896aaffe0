// SPDX-License-Identifier: Apache-2.0
// Apple's push service: provider tokens (ES256), the header fields, and the reasons that it gives.
import { claimsOf, expect, field, isUuid, judgeData, packageOf } from './common.mjs';

const reasons = { 400: 'BadDeviceToken', 403: 'ExpiredProviderToken', 404: 'BadPath', 405: 'MethodNotAllowed', 410: 'Unregistered', 413: 'PayloadTooLarge', 429: 'TooManyRequests', 500: 'InternalServerError', 503: 'ServiceUnavailable' };

export class Apns {
    // config: {key: public, PEM; key_id, team_id}
    constructor(home, config) {
        this.name = 'apns';
        this.config = config;
        this.jose = packageOf(home, 'jose');
        this.tokens = new Map(); // token -> when it was first seen
    }

    async read(seen, body) {
        // Tokens are hexadecimal digits: of the device's name, and zeros.
        seen.device = Buffer.from(seen.path.replace(/^\/3\/device\//, ''), 'hex').toString().replace(/\0+$/, '');
        const kind = field(seen, 'apns-push-type');
        expect(seen, {
            'not HTTP/2': seen.http === '2.0',
            'not POST': seen.method === 'POST',
            'path is not /3/device/': seen.path.startsWith('/3/device/'),
            'apns-topic is empty': field(seen, 'apns-topic') !== '',
            'apns-push-type is unknown': ['alert', 'background'].includes(kind),
            'apns-id is no UUID': isUuid(field(seen, 'apns-id')),
            'apns-expiration is no time': /^\d{1,10}$/.test(field(seen, 'apns-expiration')),
            'apns-priority is neither 10, 5 nor 1': /^(10|5|1)$/.test(seen.headers['apns-priority'] ?? '10'),
            'apns-collapse-id has more than 64 bytes': Buffer.byteLength(seen.headers['apns-collapse-id'] ?? '') <= 64,
            'more than 4096 bytes': body.length <= 4096,
        });
        await this.readToken(seen, field(seen, 'authorization'));
        const payload = JSON.parse(body.toString('utf8'));
        const { aps, ...data } = payload;
        seen.aps = aps;
        judgeData(seen, data.data ?? data);
        expect(seen, {
            'no aps': aps && typeof aps === 'object',
            'no alert': kind !== 'alert' || aps?.alert,
            'aps.badge is no number': aps?.badge === undefined || Number.isInteger(aps.badge),
            'apns-id is not the push': seen.headers['apns-id'] === seen.push_id,
            'apns-collapse-id is not the collapse id': seen.headers['apns-collapse-id'] === seen.data.collapse,
        });
    }

    async readToken(seen, authorization) {
        const [, token] = /^bearer ([\w.-]+)$/i.exec(authorization) ?? [];
        expect(seen, { 'authorization is no bearer token': token });
        const claims = token && await claimsOf(seen, this.jose, token, () => this.jose.importSPKI(this.config.key, 'ES256'), 'ES256', 'provider token');
        if (!claims) {
            return;
        }
        const now = Date.now() / 1000;
        seen.claims = claims;
        expect(seen, {
            'kid is not the key': claims.header.kid === this.config.key_id,
            'iss is not the team': claims.iss === this.config.team_id,
            'iat is not within the last hour': claims.iat <= now + 5 && claims.iat > now - 3600,
        });
        // Apple forbids a new one more often than every twenty minutes; that of a daemon that starts is a new one all the same.
        this.tokens.set(token, this.tokens.get(token) ?? now);
        seen.tokens = this.tokens.size;
    }

    refusal(seen) {
        const has = (pattern) => seen.faults.some((fault) => pattern.test(fault));
        return has(/token|kid|iss/) ? '403 reason=InvalidProviderToken' : has(/iat/) ? '403 reason=ExpiredProviderToken' : has(/more than 4096/) ? '413' : has(/topic/) ? '400 reason=MissingTopic' : '400 reason=BadPath';
    }

    answer(seen, status, option) {
        if (!status || status < 300) {
            return { status: status || 200, headers: { 'apns-id': seen.headers['apns-id'] } };
        }
        const reason = option.reason ?? reasons[status] ?? 'Unknown';
        return { status, body: JSON.stringify({ reason, ...(status === 410 ? { timestamp: Date.now() } : {}) }) };
    }
}
