// SPDX-License-Identifier: Apache-2.0
// The peer of the socket benchmarks: a chat server over WebSockets as a competent team would write it with ws and node-postgres.
'use strict';

// Two cluster workers on one port, each with a pool of POOL connections and prepared (named) statements; Phoenix's V2 frames; the rules are
// the same SQL functions that flixim-pushd calls, the same token in the same place (opaque ones are looked up with every send, JWTs are
// verified here). Left out is what the daemon does beyond that: sync, catching up, limits, revoking, long-poll, V1, metrics, reloads.
//
// A worker that has PostgreSQL's answer knows the message and who is told, and delivers it: its own users at once, those of the
// other worker over a Unix socket between the two (bus.js). Nothing is read back. That is cheaper than following the events that are committed,
// and less safe: a worker that dies between commit and delivery has told nobody, what somebody else writes (REST) is not seen, and
// two messages of two workers may reach a user in another order than their stamps. The id of an event is made up, since
// the function's answer does not have it.
//
// Environment: PORT, POOL, KEY_FILE (the secret of HS256 tokens; may be missing), READER (a role that may read the members of groups), and what
// node-postgres reads (PGHOST, PGDATABASE, PGUSER).
const cluster = require('node:cluster');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const WORKERS = 2;

if (cluster.isPrimary) {
    lead();
} else {
    require('./worker.js').serve(Number(process.env.WORKER), WORKERS);
}

function lead() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flixim-node-'));
    let ready = 0;
    // The workers have nothing to put in order: they are killed, and the last one's end is ours.
    function end(status) {
        process.exitCode ??= status;
        const workers = Object.values(cluster.workers);
        workers.forEach((worker) => worker.process.kill('SIGKILL'));
        if (workers.length === 0) {
            fs.rmSync(folder, { recursive: true, force: true });
            process.exit();
        }
    }
    cluster.on('message', (worker, message) => {
        if (message === 'ready' && ++ready === WORKERS) {
            console.log('ready');
        }
    });
    cluster.on('exit', () => end(1));
    for (let i = 0; i < WORKERS; i++) {
        cluster.fork({ WORKER: i, BUS: folder });
    }
    // Whoever started this ends it by closing our standard input, or by dying.
    process.stdin.on('end', () => end(0)).resume();
    process.on('SIGTERM', () => end(0));
}
