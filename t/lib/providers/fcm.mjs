// SPDX-License-Identifier: Apache-2.0
// Firebase Cloud Messaging, HTTP v1: the server for access tokens, which verifies the assertion, and the one for messages.
import { randomBytes } from 'node:crypto';
import { claimsOf, expect, field, judgeData, packageOf } from './common.mjs';

const words = {
    400: ['INVALID_ARGUMENT', 'INVALID_ARGUMENT'], 401: ['UNAUTHENTICATED', 'THIRD_PARTY_AUTH_ERROR'], 403: ['PERMISSION_DENIED', 'SENDER_ID_MISMATCH'],
    404: ['NOT_FOUND', 'UNREGISTERED'], 429: ['RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED'], 500: ['INTERNAL', 'INTERNAL'], 503: ['UNAVAILABLE', 'UNAVAILABLE'],
};

export class Fcm {
    // config: {key: public, PEM; key_id, client_email, project, token_uri}
    constructor(home, config) {
        this.name = 'fcm';
        this.config = config;
        this.jose = packageOf(home, 'jose');
        this.access = new Map(); // access token -> when it ends
    }

    // A request for a token counts as one for the device "token".
    async read(seen, body) {
        return seen.path === '/token' ? this.readAssertion(seen, body) : this.readMessage(seen, body);
    }

    async readAssertion(seen, body) {
        seen.device = 'token';
        const form = new URLSearchParams(body.toString());
        expect(seen, {
            'not POST': seen.method === 'POST',
            'no form': /^application\/x-www-form-urlencoded/.test(field(seen, 'content-type')),
            'grant_type is another': form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        });
        const claims = await claimsOf(seen, this.jose, form.get('assertion') ?? '', () => this.jose.importSPKI(this.config.key, 'RS256'), 'RS256', 'assertion');
        if (!claims) {
            return;
        }
        const now = Date.now() / 1000;
        seen.claims = claims;
        expect(seen, {
            'kid is another key': claims.header.kid === undefined || claims.header.kid === this.config.key_id,
            'iss is not the account': claims.iss === this.config.client_email,
            'aud is not the server': claims.aud === this.config.token_uri,
            'scope is another': (claims.scope ?? '').split(' ').includes('https://www.googleapis.com/auth/firebase.messaging'),
            'iat is not now': Math.abs(claims.iat - now) < 300,
            'exp is not within an hour': claims.exp > now && claims.exp <= claims.iat + 3600,
        });
    }

    async readMessage(seen, body) {
        const [, token] = /^Bearer (\S+)$/.exec(field(seen, 'authorization')) ?? [];
        const { message, ...more } = JSON.parse(body.toString('utf8'));
        seen.device = message?.token;
        seen.message = message;
        expect(seen, {
            'not POST': seen.method === 'POST',
            'path is not that of the project': seen.path === `/v1/projects/${this.config.project}/messages:send`,
            'no JSON': /^application\/json/.test(field(seen, 'content-type')),
            'access token is unknown': this.access.has(token),
            'access token has expired': !this.access.has(token) || this.access.get(token) > Date.now(),
            'no such member of the request': Object.keys(more).every((name) => name === 'validate_only'),
            'no message': message && typeof message === 'object',
            'no token': typeof message?.token === 'string' && message.token !== '',
        });
        const known = ['token', 'data', 'notification', 'android', 'apns', 'webpush', 'fcm_options', 'name'];
        const data = message?.data ?? {};
        const size = Object.entries(data).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(String(value)), 0);
        const android = message?.android ?? {};
        expect(seen, {
            'no such member of message': Object.keys(message ?? {}).every((name) => known.includes(name)),
            'data has something else than texts': Object.values(data).every((value) => typeof value === 'string'),
            // Reserved, as its reference says: refused, or never delivered.
            'data has a reserved key': Object.keys(data).every((name) => !/^(from|message_type|google.*|gcm.*)$/.test(name)),
            'more than 4096 bytes': size <= 4096,
            'ttl is no duration': android.ttl === undefined || /^\d+(\.\d{1,9})?s$/.test(android.ttl),
            'priority is unknown': android.priority === undefined || /^(normal|high)$/i.test(android.priority),
        });
        judgeData(seen, data);
    }

    refusal(seen) {
        const has = (pattern) => seen.faults.some((fault) => pattern.test(fault));
        return has(/access token/) ? '401' : '400';
    }

    answer(seen, status, option) {
        const headers = { 'content-type': 'application/json; charset=UTF-8' };
        if (seen.device === 'token' && seen.path === '/token') {
            return this.answerToken(status, option, headers);
        }
        if (!status || status < 300) {
            return { status: status || 200, headers, body: JSON.stringify({ name: `projects/${this.config.project}/messages/0:${seen.number}` }) };
        }
        const [name, code] = words[status] ?? ['UNKNOWN', 'UNSPECIFIED_ERROR'];
        const details = [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: option.reason ?? code }];
        return { status, headers, body: JSON.stringify({ error: { code: status, message: `played ${status}`, status: name, details } }) };
    }

    answerToken(status, option, headers) {
        if (status) {
            return { status, headers, body: JSON.stringify({ error: option.reason ?? 'invalid_grant', error_description: 'played' }) };
        }
        const token = `ya29.${randomBytes(30).toString('base64url')}`;
        const seconds = Number(option.seconds ?? 3599);
        this.access.set(token, Date.now() + seconds * 1000);
        return { status: 200, headers, body: JSON.stringify({ access_token: token, expires_in: seconds, token_type: 'Bearer' }) };
    }
}
