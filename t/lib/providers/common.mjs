// SPDX-License-Identifier: Apache-2.0
// What the push services of the tests have in common: packages, tokens that are verified, and the data that a device gets.
import { createRequire } from 'node:module';

export function packageOf(home, name) {
    return createRequire(`${home}/`)(name);
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const isUuid = (text) => typeof text === 'string' && uuid.test(text);

// Notes as a fault whatever of these does not hold.
export function expect(seen, conditions) {
    for (const [what, holds] of Object.entries(conditions)) {
        if (!holds) {
            seen.faults.push(what);
        }
    }
}

// A header field that has to be there once.
export function field(seen, name) {
    const value = seen.headers[name];
    if (value === undefined) {
        seen.faults.push(`no ${name}`);
    }
    return value ?? '';
}

// Verifies a token and looks at its claims; null where it is none.
export async function claimsOf(seen, jose, token, key, algorithm, what) {
    try {
        const { payload, protectedHeader } = await jose.jwtVerify(token, await key(), { algorithms: [algorithm] });
        return { ...payload, header: protectedHeader };
    } catch (error) {
        seen.faults.push(`${what}: ${error.code ?? error.message}`);
        return null;
    }
}

// The object that every device gets, whatever the service. Texts are all it has, but for the badge, which services make a text of.
export function judgeData(seen, data) {
    seen.data = data;
    seen.push_id = data.push_id;
    expect(seen, {
        'data: event is not new_message': data.event === 'new_message',
        'data: push_id is no UUID': isUuid(data.push_id),
        'data: message_id is no UUID': isUuid(data.message_id),
        'data: sender_id is no UUID': isUuid(data.sender_id),
        'data: no conversation_id': typeof data.conversation_id === 'string' && data.conversation_id.length > 0,
        'data: server_timestamp is no time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(data.server_timestamp ?? ''),
        'data: no title': typeof data.title === 'string' && data.title.length > 0,
        'data: badge is no count': /^\d+$/.test(String(data.badge)),
        'data: collapse is not 32 characters of base64url': /^[\w-]{32}$/.test(data.collapse ?? ''),
    });
}
