// SPDX-License-Identifier: Apache-2.0
// The peer of the REST benchmarks: three operations of the API as a site would write them with Fastify and node-postgres.
'use strict';

// Two cluster workers, one pool each of POOL connections, prepared (named) statements, answers by Fastify's schema serializer
// (fast-json-stringify). The rules are the same SQL functions that the module calls, the opaque token among them. What the module
// does beyond that is left out: time limits, texts in two languages, Idempotency-Key, cross-origin requests.
// Environment: PORT, POOL, and what node-postgres reads (PGHOST, PGDATABASE, PGUSER).
const cluster = require('node:cluster');
const { createHash } = require('node:crypto');

const WORKERS = 2;

if (cluster.isPrimary) {
    let listening = 0;
    cluster.on('listening', () => {
        if (++listening === WORKERS) {
            console.log('ready');
        }
    });
    cluster.on('exit', () => process.exit(1));
    for (let i = 0; i < WORKERS; i++) {
        cluster.fork();
    }
    // Whoever started this ends it by closing our standard input, or by dying.
    process.stdin.on('end', () => process.exit(0)).resume();
} else {
    serve();
}

function serve() {
    const { Pool, types } = require('pg');
    const fastify = require('fastify')({ logger: false });
    // PostgreSQL's text, in UTC, becomes the API's: 2025-04-10 10:30:00.5+00 is 2025-04-10T10:30:00.500Z.
    types.setTypeParser(types.builtins.TIMESTAMPTZ, (text) => {
        const fraction = text.length > 22 ? text.slice(20, -3) : '';
        return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0')}Z`;
    });
    const pool = new Pool({ max: Number(process.env.POOL), options: '-c timezone=UTC' });

    const columns = `a.outcome, a.field, a.rule, a.id, a.client_message_id, a.conversation_id, a.sender_id, a.receiver_id, a.content,
        a.content_type, a.message_type, a.status, a.reference_id, a.server_timestamp, a.client_timestamp, a.inserted_at, a.updated_at`;
    const caller = 'ROW(NULL, NULL, NULL, $1::bytea)::flixim.caller';
    const statements = {
        list: `SELECT ${columns} FROM flixim.list_messages(${caller}, $2::integer, $3::integer) AS a`,
        get: `SELECT ${columns} FROM flixim.get_message(${caller}, $2::uuid) AS a`,
        create: `SELECT ${columns} FROM flixim.send_messages(ARRAY[NULL]::uuid[], ARRAY[NULL]::timestamptz[],
            ARRAY[NULL]::boolean[], ARRAY[$2]::uuid[], ARRAY[$3]::text[], ARRAY[$4]::uuid[], ARRAY[$5]::flixim.message_type[],
            ARRAY[$6]::flixim.content_type[], ARRAY[$7]::json[], ARRAY[$8]::uuid[], ARRAY[$9]::timestamptz[],
            ARRAY[NULL]::uuid[], true, ARRAY[$1]::bytea[]) AS a`,
    };

    const uuid = { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' };
    const text = { type: ['string', 'null'] };
    const message = {
        type: 'object',
        properties: {
            id: text, client_message_id: text, conversation_id: text, sender_id: text, receiver_id: text,
            content: { type: 'object', additionalProperties: true },
            content_type: text, message_type: text, status: text, reference_id: text, server_timestamp: text,
            client_timestamp: text, inserted_at: text, updated_at: text,
        },
    };
    const envelope = (data) => ({
        '2xx': { type: 'object', properties: { success: { type: 'boolean' }, message: { type: 'string' }, data } },
    });
    const statuses = { created: 201, ok: 200, invalid: 422, invalid_token: 401, message_not_found: 404, insufficient_scope: 403,
        conversation_not_found: 404, idempotency_conflict: 409 };

    function refuse(reply, code, fields) {
        return reply.code(statuses[code] ?? 500).send({ success: false, message: code, error: { code, fields } });
    }

    // The rows of one call, or undefined where it was refused and answered.
    async function call(request, reply, name, values) {
        const header = request.headers.authorization;
        if (header === undefined || !header.startsWith('Bearer ')) {
            refuse(reply, 'invalid_token');
            return undefined;
        }
        const digest = createHash('sha256').update(header.slice(7)).digest();
        const { rows } = await pool.query({ name, text: statements[name], values: [digest, ...values] });
        const { outcome, field, rule } = rows[0];
        if (outcome !== 'ok' && outcome !== 'created') {
            refuse(reply, outcome, field === null ? undefined : { [field]: rule });
            return undefined;
        }
        return rows;
    }

    fastify.addHook('onSend', async (request, reply) => {
        reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    });

    fastify.get('/api/v1/messages', {
        schema: {
            querystring: {
                type: 'object',
                properties: {
                    limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
                    offset: { type: 'integer', minimum: 0, default: 0 },
                },
            },
            response: envelope({ type: 'array', items: message }),
        },
    }, async (request, reply) => {
        const rows = await call(request, reply, 'list', [request.query.limit, request.query.offset]);
        if (rows === undefined) {
            return reply;
        }
        rows.shift();
        return { success: true, message: '获取消息列表成功', data: rows };
    });

    fastify.get('/api/v1/messages/:id', {
        schema: { params: { type: 'object', properties: { id: uuid } }, response: envelope(message) },
    }, async (request, reply) => {
        const rows = await call(request, reply, 'get', [request.params.id]);
        return rows === undefined ? reply : { success: true, message: '获取消息成功', data: rows[0] };
    });

    fastify.post('/api/v1/messages', {
        schema: {
            body: {
                type: 'object',
                required: ['message_type', 'content_type', 'content'],
                properties: {
                    client_message_id: uuid, conversation_id: { type: 'string', maxLength: 81 }, receiver_id: uuid,
                    message_type: { type: 'string' }, content_type: { type: 'string' }, content: { type: 'object' },
                    reference_id: uuid, client_timestamp: { type: 'string' },
                },
            },
            response: envelope(message),
        },
    }, async (request, reply) => {
        const b = request.body;
        const rows = await call(request, reply, 'create', [b.client_message_id, b.conversation_id, b.receiver_id, b.message_type,
            b.content_type, JSON.stringify(b.content), b.reference_id, b.client_timestamp]);
        if (rows === undefined) {
            return reply;
        }
        if (rows[0].outcome === 'created') {
            reply.code(201).header('location', `/api/v1/messages/${rows[0].id}`);
        }
        return { success: true, message: '消息创建成功', data: rows[0] };
    });

    fastify.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
}
