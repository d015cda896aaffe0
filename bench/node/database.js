// SPDX-License-Identifier: Apache-2.0
// What a worker asks PostgreSQL: whose a token is, a message stored, who is in a group.
'use strict';

const { createHash, createHmac, timingSafeEqual } = require('node:crypto');
const fs = require('node:fs');
const { Pool, types } = require('pg');

// PostgreSQL's text, in UTC, becomes the API's: 2025-04-10 10:30:00.5+00 is 2025-04-10T10:30:00.500Z.
types.setTypeParser(types.builtins.TIMESTAMPTZ, (text) => {
    const fraction = text.length > 22 ? text.slice(20, -3) : '';
    return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0')}Z`;
});
// Content goes on as the text that it is.
types.setTypeParser(types.builtins.JSON, (text) => text);

const CALLER = 'ROW($1::uuid, $2::timestamptz, $3::boolean, $4::bytea)::flixim.caller';
const ANSWER = ['outcome', 'field', 'rule', 'id', 'client_message_id', 'conversation_id', 'sender_id', 'receiver_id', 'content', 'content_type',
    'message_type', 'status', 'reference_id', 'server_timestamp', 'client_timestamp', 'inserted_at', 'updated_at'].map((name) => `a.${name}`).join(', ');
const STATEMENTS = {
    authenticate: `SELECT o_outcome, user_id, issued_at::text, is_system, expires_at, live_from FROM flixim.authenticate(${CALLER})`,
    send: `SELECT ${ANSWER} FROM flixim.send_messages(ARRAY[$1::uuid], ARRAY[$2::timestamptz], ARRAY[$3::boolean], ARRAY[$5::uuid], ARRAY[$6::text],
        ARRAY[$7::uuid], ARRAY[$8::flixim.message_type], ARRAY[$9::flixim.content_type], ARRAY[$10::json], ARRAY[$11::uuid],
        ARRAY[$12::timestamptz], ARRAY[$13::uuid], true, ARRAY[$4::bytea]) AS a`,
    members: `SELECT m.user_id FROM flixim.members AS m JOIN flixim.conversations AS c ON c.id = m.conversation WHERE c.conversation_id = $1`,
};

class Database {
    constructor(env) {
        this.pool = new Pool({ max: Number(env.POOL), idleTimeoutMillis: 0, options: '-c timezone=UTC' });
        // flixim's roles may not read tables: in the benchmark somebody else may.
        this.reader = new Pool({ max: 1, user: env.READER });
        this.key = env.KEY_FILE ? fs.readFileSync(env.KEY_FILE) : null;
        this.groups = new Map(); // members by conversation, read once; a site would have to hear of changes
    }

    // All connections are there before the first client is.
    async warm() {
        const clients = await Promise.all(Array.from({ length: this.pool.options.max }, () => this.pool.connect()));
        clients.forEach((client) => client.release());
    }

    async query(name, values) {
        const { rows } = await this.pool.query({ name, text: STATEMENTS[name], values });
        return rows[0];
    }

    // Who a token is of, as the first four parameters of every statement; null if of nobody.
    async authenticate(token) {
        if (typeof token !== 'string') {
            return null;
        }
        const caller = token.includes('.') ? this.verify(token) : [null, null, null, createHash('sha256').update(token).digest()];
        if (caller === null) {
            return null;
        }
        const row = await this.query('authenticate', caller);
        if (row.o_outcome !== 'ok') {
            return null;
        }
        return { userId: row.user_id, liveFrom: row.live_from, parameters: caller };
    }

    // A JWT's claims, for HS256 alone.
    verify(token) {
        const [head, claims, signature, ...more] = token.split('.');
        if (this.key === null || signature === undefined || more.length > 0) {
            return null;
        }
        const expected = createHmac('sha256', this.key).update(`${head}.${claims}`).digest();
        const given = Buffer.from(signature, 'base64url');
        if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
            return null;
        }
        const { alg } = JSON.parse(Buffer.from(head, 'base64url'));
        const { sub, iat, exp, scope } = JSON.parse(Buffer.from(claims, 'base64url'));
        if (alg !== 'HS256' || typeof exp !== 'number' || exp * 1000 <= Date.now()) {
            return null;
        }
        return [sub, iat === undefined ? null : new Date(iat * 1000).toISOString(), scope === 'system', null];
    }

    // One message in one call; the row of its answer.
    send(caller, message) {
        return this.query('send', [...caller.parameters, message.client_message_id, message.conversation_id, message.receiver_id, message.message_type,
            message.content_type, JSON.stringify(message.content), message.reference_id, message.client_timestamp, null]);
    }

    members(conversation) {
        let members = this.groups.get(conversation);
        if (members === undefined) {
            members = this.reader.query(STATEMENTS.members, [conversation]).then(({ rows }) => rows.map((row) => row.user_id));
            members.catch(() => this.groups.delete(conversation));
            this.groups.set(conversation, members);
        }
        return members;
    }
}

module.exports = { Database };
