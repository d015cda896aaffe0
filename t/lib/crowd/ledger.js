// SPDX-License-Identifier: Apache-2.0
// What the storm was told: which messages were acknowledged, how often what was answered, and all that should not have been.
'use strict';

const fs = require('fs');

class Ledger {
    constructor() {
        this.counts = {}; // "POST /messages 201" -> how often
        this.faults = [];
        this.faultCount = 0;
        this.messages = new Map(); // "sender client_message_id" -> the acknowledged message
        this.recent = []; // the newest ones, for those who read and change
        this.deletions = new Map(); // "user id" -> how often the user has asked for its deletion
        this.slowest = 0;
    }

    count(what) {
        this.counts[what] = (this.counts[what] ?? 0) + 1;
    }

    fault(text) {
        this.faultCount++;
        if (this.faults.length < 20) this.faults.push(text);
    }

    // Notes the answer to an operation. ALLOWED: the statuses that it may have. Returns the decoded body if it is a success, else null.
    judge(operation, answer, allowed) {
        this.count(`${operation} ${answer.error ?? answer.status}`);
        this.slowest = Math.max(this.slowest, answer.seconds);
        if (!allowed.includes(answer.status)) {
            this.fault(`${operation}: ${answer.error ?? answer.status} ${answer.body ?? ''}`);
        }
        if (answer.error || answer.status >= 300) return null;
        try {
            const body = JSON.parse(answer.body);
            if (body.success !== true) this.fault(`${operation}: ${answer.status} without success`);
            return body;
        } catch {
            this.fault(`${operation}: no JSON: ${answer.body.slice(0, 100)}`);
            return null;
        }
    }

    // A message was acknowledged to its sender. Every acknowledgement of one client_message_id must name the same message.
    acknowledge(sender, request, message, status) {
        const key = `${sender} ${request.client_message_id}`;
        const known = this.messages.get(key);
        const same = (field, value) => {
            if (message[field] !== value) this.fault(`${key}: ${field} is ${message[field]}, not ${value}`);
        };
        same('sender_id', sender);
        same('client_message_id', request.client_message_id);
        same('message_type', request.message_type);
        if (request.receiver_id) same('receiver_id', request.receiver_id);
        if (request.conversation_id) same('conversation_id', request.conversation_id);
        if (known) {
            same('id', known.id);
            same('server_timestamp', known.server_timestamp);
            // Of two at once the retry may be answered first.
            if (status === 201 && known.isCreated) this.fault(`${key}: created twice`);
            known.isCreated ||= status === 201;
            return known;
        }
        const content = JSON.stringify(message.content);
        if (content !== JSON.stringify(request.content)) this.fault(`${key}: another content: ${content}`);
        if (status === 201) same('status', 'sent');
        const entry = {
            id: message.id,
            sender,
            server_timestamp: message.server_timestamp,
            conversation_id: message.conversation_id,
            message_type: message.message_type,
            client_message_id: request.client_message_id,
            receivers: request.receivers,
            isCreated: status === 201,
        };
        this.messages.set(key, entry);
        this.recent.push(entry);
        if (this.recent.length > 2000) this.recent.splice(0, 1000);
        return entry;
    }

    // Writes lines to a file, sorted.
    static write(file, lines) {
        fs.writeFileSync(file, lines.sort().map((line) => `${line}\n`).join(''));
    }
}

module.exports = { Ledger };
