// SPDX-License-Identifier: Apache-2.0
// What is being sent: in order in each conversation, always with the same client_message_id, until the server has spoken.

import { isAboutToken, isTemporary } from "./request.js";

// Of a message that makes the server fail again and again.
const INTERNAL_TRIES = 5;

export class Outbox {
  #queues = new Map(); // conversation id => messages, in order
  #wakers = new Set(); // of those that wait
  #isRunning = false;

  // transmit(message) sends it once and resolves to the server's reply; acknowledged(message, reply) and failed(message, error) take the
  // outcome; report(error) hears of what should not happen. Pauses between two tries: from retryMin to retryMax milliseconds.
  constructor({ transmit, acknowledged, failed, report, retryMin, retryMax }) {
    Object.assign(this, { transmit, acknowledged, failed, report, retryMin, retryMax });
  }

  add(message) {
    const id = message.conversation_id;
    if (!this.#queues.has(id)) this.#queues.set(id, { messages: [], isDraining: false });
    this.#queues.get(id).messages.push(message);
    this.#drain(id);
  }

  start() {
    this.#isRunning = true;
    for (const id of this.#queues.keys()) this.#drain(id);
  }

  stop() {
    this.#isRunning = false;
    this.wake();
  }

  // Ends all pauses: a connection is there.
  wake() {
    for (const wake of [...this.#wakers]) wake();
  }

  // Until so much time has passed, or somebody wakes us.
  async pause(milliseconds) {
    if (!(milliseconds > 0)) return;
    let wake;
    const woken = new Promise((done) => this.#wakers.add((wake = done)));
    const timer = setTimeout(wake, milliseconds);
    await woken;
    clearTimeout(timer);
    this.#wakers.delete(wake);
  }

  async #drain(id) {
    const queue = this.#queues.get(id);
    if (queue.isDraining) return;
    queue.isDraining = true;
    while (this.#isRunning && queue.messages.length) {
      await this.#deliver(queue.messages[0]);
      if (queue.messages[0].status !== "sending") queue.messages.shift();
    }
    queue.isDraining = false;
    if (!queue.messages.length) this.#queues.delete(id);
  }

  async #deliver(message) {
    let pause = this.retryMin;
    // An event or a sync may tell meanwhile that it arrived: it is then not `sending` any more.
    let internal = 0;
    while (this.#isRunning && message.status === "sending") {
      try {
        const reply = await this.transmit(message);
        if (message.status === "sending") this.acknowledged(message, reply);
      } catch (error) {
        if (error.code === undefined) this.report(error);
        if (!this.#isRunning || message.status !== "sending") return;
        const isLast = error.code === "internal_error" && ++internal >= INTERNAL_TRIES;
        if (isLast || !(isTemporary(error) || isAboutToken(error))) {
          this.failed(message, error);
          return;
        }
        await this.pause(Math.max(pause * (0.5 + Math.random()), error.retryAfter ?? 0));
        pause = Math.min(2 * pause, this.retryMax);
      }
    }
  }
}
