// SPDX-License-Identifier: Apache-2.0
// A site's own server that notifications are passed to: HMAC-SHA256 over time and body, within a window of five minutes.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { expect, field, isUuid, judgeData } from './common.mjs';

const WINDOW = 300; // seconds

export class Webhook {
    // config: {secret}
    constructor(config) {
        this.name = 'webhook';
        this.config = config;
    }

    async read(seen, body) {
        const timestamp = field(seen, 'flixim-timestamp');
        const [, signature] = /^v1=([0-9a-f]{64})$/.exec(field(seen, 'flixim-signature')) ?? [];
        const wanted = createHmac('sha256', this.config.secret).update(`${timestamp}.`).update(body).digest();
        expect(seen, {
            'not POST': seen.method === 'POST',
            'path is another': seen.path === '/push',
            'no JSON': /^application\/json/.test(field(seen, 'content-type')),
            'signature is wrong': signature && timingSafeEqual(Buffer.from(signature, 'hex'), wanted),
            'timestamp is not within the window': /^\d+$/.test(timestamp) && Math.abs(Number(timestamp) - Date.now() / 1000) <= WINDOW,
        });
        const request = JSON.parse(body.toString('utf8'));
        seen.request = request;
        seen.body = body.toString('utf8');
        seen.device = request.device?.token;
        judgeData(seen, request.notification ?? {});
        expect(seen, {
            'no device': typeof seen.device === 'string' && isUuid(request.device?.id) && isUuid(request.device?.user_id),
            'id is not the push': request.id === seen.push_id && field(seen, 'idempotency-key') === seen.push_id,
            'attempt is no number': request.attempt >= 1,
        });
    }

    refusal(seen) {
        return seen.faults.some((fault) => /signature|timestamp/.test(fault)) ? '401' : '400';
    }

    answer(seen, status) {
        return { status: status || 200, body: status >= 400 ? 'no' : '' };
    }
}
