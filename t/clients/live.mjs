// SPDX-License-Identifier: Apache-2.0
// Four devices of three users do as they please, for a while without the daemon; then each must know what the server knows.
// Its argument is a file of JSON; it writes "down" and "up" to have the daemon killed and started, and reads a line after each.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import WebSocket from "ws";
import { FlixIM } from "../../clients/js/flixim.js";
import { until } from "./scenario.mjs";

const require = createRequire(import.meta.url);
const { url, apiUrl, users, seed, steps } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { Socket } = require("phoenix18");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

let random = seed;
const roll = (sides) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return Math.floor((random / 2 ** 32) * sides);
};
const pick = (list) => list[roll(list.length)];

let count = 0;
const check = (isTrue, name, detail) => {
  process.stdout.write(`${isTrue ? "" : "not "}ok ${++count} - ${name}\n`);
  if (!isTrue) process.stdout.write(`# ${detail}\n`);
};
const daemon = async (order) => {
  process.stdout.write(`${order}\n`);
  await lines.next();
};

class Device {
  events = [];
  faults = [];
  kept = new Map();

  constructor(name, user) {
    this.name = name;
    this.user = user;
    this.im = this.make();
  }

  make() {
    const im = new FlixIM({ Socket, url, apiUrl, userId: this.user.id, token: async () => this.user.token, transport: WebSocket, restAfter: 300,
      retryMin: 50, retryMax: 1000, storage: { getItem: (key) => this.kept.get(key) ?? null, setItem: (key, value) => void this.kept.set(key, value) } });
    im.on("event", (event) => this.events.push(event));
    im.on("error", (error) => this.faults.push(error.code ?? String(error)));
    return im;
  }

  get messages() {
    return [...this.im.model.conversations.keys()].flatMap((id) => this.im.model.messages(id));
  }

  async step(friends, groups) {
    const { im } = this;
    const what = roll(20);
    if (what < 9) im.send({ to: pick(friends).id, content: `private ${random}` });
    else if (what < 12) im.send({ conversationId: pick(groups), content: `group ${random}` });
    else if (what < 15) {
      const pair = pick(im.model.list());
      if (pair) await im.markRead(pair.conversation.conversation_id);
    } else if (what < 17) {
      const mine = this.messages.filter((m) => m.id && m.sender_id === this.user.id && m.status !== "withdrawn");
      if (mine.length) await im.withdraw(pick(mine).id);
    } else if (what < 19) {
      const all = this.messages.filter((m) => m.id);
      if (all.length) await im.deleteMessage(pick(all).id);
    } else {
      const pair = pick(im.model.list());
      if (pair?.conversation.id) await im.updateConversation(pair.conversation.conversation_id, { draft: `draft ${random}` });
    }
  }

  // What the server says, and what the model says, in the same words. Drafts are told to no other device.
  async truth() {
    const conversations = await this.im.rest("GET", "/conversations?limit=200");
    const pairs = {};
    const messages = {};
    for (const { conversation: c, unread_count } of conversations) {
      pairs[c.conversation_id] = [unread_count, c.last_message_id, c.last_message_content, c.last_message_timestamp, c.participant_ids, c.id];
      const history = await this.im.rest("GET", `/conversations/${encodeURIComponent(c.conversation_id)}/messages?limit=200`);
      messages[c.conversation_id] = history.reverse().map((m) => [m.id, m.status, m.content, m.server_timestamp]);
    }
    return JSON.stringify([sorted(pairs), sorted(messages), await this.im.unreadCount()]);
  }

  model() {
    const pairs = {};
    const messages = {};
    for (const [id, { conversation: c, unread_count }] of this.im.model.conversations) {
      pairs[id] = [unread_count, c.last_message_id, c.last_message_content, c.last_message_timestamp, c.participant_ids, c.id];
      messages[id] = this.im.model.messages(id).map((m) => [m.id, m.status, m.content, m.server_timestamp]);
    }
    return JSON.stringify([sorted(pairs), sorted(messages), this.im.model.unread]);
  }
}

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

const devices = [["alice's phone", users[0]], ["alice's laptop", users[0]], ["bob's", users[1]], ["carol's", users[2]]]
  .map(([name, user]) => new Device(name, user));

try {
  await Promise.all(devices.map(({ im }) => im.connect()));
  check(true, "all are online");
  const groups = [];
  for (const device of devices.slice(1, 3)) {
    const made = await device.im.createConversation(users.map((user) => user.id), "group");
    groups.push(made.conversation.conversation_id);
  }

  for (let step = 0; step < steps; step++) {
    if (step === Math.floor(steps / 3)) await daemon("down");
    if (step === Math.floor((2 * steps) / 3)) await daemon("up");
    const device = pick(devices);
    if (!roll(15)) {
      device.im.disconnect();
      setTimeout(() => device.im.connect(), roll(400));
    }
    // Who comes too late, or to a message that is gone, is told so.
    await device.step(users.filter((user) => user !== device.user), groups).catch((error) => {
      if (!["message_not_found", "conversation_not_found", "unavailable", "timeout", "offline"].includes(error.code)) throw error;
    });
    if (!roll(4)) await new Promise((done) => setTimeout(done, roll(60)));
  }

  await until("all are online again", () => devices.every(({ im }) => im.state === "online"), 30);
  await until("all is sent", () => devices.every((device) => device.messages.every((m) => m.status !== "sending")), 30);
  for (const device of devices) {
    const failed = device.messages.filter((m) => m.status === "failed");
    check(!failed.length, `${device.name}: nothing failed`, JSON.stringify(failed.map((m) => m.error)));
    const truth = await device.truth();
    await until("", () => device.model() === truth, 5).catch(() => {});
    check(device.model() === truth, `${device.name} model is the server's`, `\n# ${device.model()}\n# ${truth}`);
    const ids = device.events.map((event) => event.id);
    check(ids.length === new Set(ids).size, `${device.name} events came once each`, ids.length);
    const stamps = device.events.map((event) => event.event_timestamp);
    check(JSON.stringify(stamps) === JSON.stringify([...stamps].sort()), `${device.name} events came in order`, stamps.join(" "));
    check([...device.kept.values()][0] === device.im.cursor, `${device.name} cursor is kept`, device.im.cursor);
    const odd = device.faults.filter((code) => !["unavailable", "timeout", "offline"].includes(code));
    check(!odd.length, `${device.name}: no error but the outage`, odd.join(" "));
  }

  // Another start from the kept cursor: the lists, and what came since.
  const [phone, , bob] = devices;
  phone.im.disconnect();
  const missed = bob.im.send({ to: phone.user.id, content: "while you were away" });
  await until("sent", () => missed.status === "sent");
  const seen = new Set(phone.events.splice(0).map((event) => event.id));
  phone.im = phone.make();
  await phone.im.connect();
  check(phone.events.at(-1).payload.id === missed.id && !phone.events.some((event) => seen.has(event.id)),
    "started anew, it is told what it missed, and nothing twice", JSON.stringify(phone.events));
  const counts = JSON.stringify(await phone.im.unreadCount());
  await until("", () => JSON.stringify(phone.im.model.unread) === counts, 5).catch(() => {});
  check(JSON.stringify(phone.im.model.unread) === counts, "and counts right", `${JSON.stringify(phone.im.model.unread)} ${counts}`);
} catch (error) {
  check(false, `ran to its end: ${error.message}`, error.stack.replace(/\n/g, " | "));
}
process.stdout.write(`1..${count}\n`);
process.exit(0);
