// SPDX-License-Identifier: Apache-2.0
// clients/js against a small server in memory: connecting, sync, sending, and what it does when things go wrong.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { createRequire } from "node:module";
import WebSocket from "ws";
import { FlixIM, FlixIMError, Model } from "../../clients/js/flixim.js";
import { CONVERSATION, Fake, ME, YOU } from "./fake.mjs";

const { Socket } = createRequire(import.meta.url)("phoenix18");

let server, im, errors;
const kept = new Map();
const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
const KEY = `flixim.cursor.${ME}`;

function client(options = {}) {
  errors = [];
  im = new FlixIM({ Socket, url: `ws://127.0.0.1:${server.port}/socket`, apiUrl: `http://127.0.0.1:${server.port}`, userId: ME, token: "token",
    storage, transport: WebSocket, restAfter: 300, retryMin: 20, retryMax: 100, timeout: 1000, ...options });
  im.on("error", (error) => errors.push(error));
  return im;
}

async function until(what, condition) {
  for (let tries = 0; tries < 500; tries++) {
    if (condition()) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  assert.fail(`not reached: ${what}`);
}

const called = (name) => server.calls.filter(([event]) => event === name).map(([, payload]) => payload);

beforeEach(async () => {
  kept.clear();
  server = await new Fake().start();
});

afterEach(async () => {
  im?.disconnect();
  await server.stop();
});

test("joins with the token, syncs page by page, keeps the cursor, and goes on from it", async () => {
  server.pageSize = 2;
  for (let i = 0; i < 5; i++) server.arrive();
  const states = [];
  client().on("state", (state) => states.push(state));
  await im.connect();
  assert.equal(server.query.get("token"), "token");
  assert.deepEqual(called("phx_join"), [{ token: "token" }]);
  assert.equal(called("sync").length, 3);
  assert.equal(called("sync")[0].last_sync_timestamp, "");
  assert.equal(im.model.messages(CONVERSATION).length, 5);
  assert.equal(im.model.unread.private_message, 5);
  assert.deepEqual(states, ["connecting", "online"]);
  assert.equal(kept.get(KEY), server.events.at(-1).event_timestamp);
  im.disconnect();
  assert.equal(im.state, "offline");

  const old = kept.get(KEY);
  server.calls.length = 0;
  await client().connect();
  assert.deepEqual(called("sync"), [{ last_sync_timestamp: old }]);
});

test("live events come once each, in order, and move the stored cursor after their listeners ran", async () => {
  await client().connect();
  const seen = [];
  im.on("event", (event) => seen.push([event.id, kept.get(KEY) >= event.event_timestamp]));
  const one = server.arrive();
  const two = server.arrive();
  for (const event of [one, two, one]) server.push(event);
  await until("two events", () => kept.get(KEY) === two.event_timestamp);
  assert.deepEqual(seen, [[one.id, false], [two.id, false]]);
  server.push(one);
  const three = server.arrive();
  server.push(three);
  await until("the third", () => kept.get(KEY) === three.event_timestamp);
  assert.equal(seen.length, 3);
});

test("an event that comes live while a sync is under way does not carry the cursor over a gap", async () => {
  const missed = server.arrive();
  server.answers.sync = () => null;
  client({ timeout: 300 }).connect();
  await until("sync was asked", () => called("sync").length);
  const live = server.arrive();
  server.push(live);
  await until("it arrived", () => im.model.messages(CONVERSATION).length === 1);
  assert.equal(im.cursor, "");
  assert.equal(kept.get(KEY), undefined);
  delete server.answers.sync;
  server.cut();
  await until("online", () => im.state === "online");
  assert.deepEqual(im.model.messages(CONVERSATION).map((m) => m.id), [missed.payload.id, live.payload.id]);
  assert.equal(im.cursor, live.event_timestamp);
});

test("an event that comes live before the sync's reply is handled after what that brings", async () => {
  const old = server.arrive();
  const live = server.message();
  server.answers.sync = () => {
    delete server.answers.sync;
    const event = server.event("new_message", live);
    server.push(event);
    return ["ok", { events: [old], new_last_sync_timestamp: old.event_timestamp, has_more: false, resync_required: false }];
  };
  const seen = [];
  client().on("event", (event) => seen.push(event.payload.id));
  await im.connect();
  assert.deepEqual(seen, [old.payload.id, live.id]);
  assert.equal(im.cursor, server.events.at(-1).event_timestamp);
});

test("a sync that the channel refuses goes over REST", async () => {
  server.answers.sync = () => ["error", { reason: "unavailable", code: "unavailable" }];
  const message = server.message();
  const urls = [];
  server.rest["GET /messages/sync"] = (_, url) => {
    urls.push(url.searchParams.get("last_sync_time"));
    return [200, { success: true, data: { messages: [message], sync_time: message.updated_at, has_more: false, resync_required: false } }];
  };
  kept.set(KEY, "2025-04-01T00:00:00.000Z");
  await client().connect();
  assert.deepEqual(urls, ["2025-04-01T00:00:00.000Z"]);
  assert.equal(im.model.message(message.id).status, "unread");
  assert.equal(im.cursor, message.updated_at);
});

test("resync_required empties the model and reads the lists", async () => {
  await client().connect();
  server.push(server.arrive());
  await until("one message", () => im.model.messages(CONVERSATION).length === 1);
  server.answers.sync = () => ["ok", { events: [], new_last_sync_timestamp: "2025-05-01T00:00:00.000Z", has_more: false, resync_required: true }];
  let resyncs = 0;
  im.on("resync", () => resyncs++);
  const lists = called("get_conversations").length;
  server.cut();
  await until("resync", () => resyncs === 1);
  assert.equal(im.model.messages(CONVERSATION).length, 0);
  assert.equal(called("get_conversations").length, lists + 1);
  assert.equal(im.cursor, "2025-05-01T00:00:00.000Z");
});

test("a message is there at once, sending, then sent", async () => {
  await client().connect();
  const statuses = [];
  im.on("message", (message) => statuses.push(message.status));
  const message = im.send({ to: YOU, content: "hello" });
  assert.equal(message.status, "sending");
  assert.equal(message.conversation_id, CONVERSATION);
  assert.deepEqual(im.model.messages(CONVERSATION), [message]);
  await until("sent", () => message.status === "sent");
  assert.deepEqual(statuses, ["sending", "sent"]);
  assert.equal(im.model.message(message.id), message);
  assert.deepEqual(Object.keys(called("send_message")[0]).sort(),
    ["client_message_id", "client_timestamp", "content", "content_type", "conversation_id", "message_type"]);
  assert.equal(im.model.list()[0].conversation.last_message_content, "hello");
});

test("what got no answer is sent again with the same id, in order", async () => {
  await client({ timeout: 200 }).connect();
  let left = 2;
  server.answers.send_message = () => {
    if (!--left) delete server.answers.send_message;
    return left ? null : ["error", { reason: "unavailable", code: "unavailable" }];
  };
  const texts = ["one", "two", "three"];
  const messages = texts.map((text) => im.send({ to: YOU, content: text }));
  await until("all sent", () => messages.every((m) => m.status === "sent"));
  const sent = called("send_message");
  assert.equal(sent.length, 5);
  assert.equal(new Set(sent.slice(0, 3).map((p) => p.client_message_id)).size, 1);
  assert.deepEqual(im.model.messages(CONVERSATION).map((m) => m.content.text), texts);
  assert.equal(server.messages.size, 3);
});

test("a connection that breaks under a send: it goes out again on the next, with the same id", async () => {
  await client({ restAfter: 5000, timeout: 30000 }).connect();
  server.answers.send_message = () => {
    delete server.answers.send_message;
    server.cut();
    return null;
  };
  const message = im.send({ to: YOU, content: "hello" });
  await until("sent", () => message.status === "sent");
  assert.equal(new Set(called("send_message").map((p) => p.client_message_id)).size, 1);
  assert.equal(called("send_message").length, 2);
});

test("without a channel for a while, sends go over REST", async () => {
  server.answers.phx_join = () => null;
  client().connect();
  const message = im.send({ to: YOU, content: "hello" });
  await until("sent", () => message.status === "sent");
  assert.deepEqual(called("POST /messages").map((p) => p.client_message_id), [message.client_message_id]);
  assert.equal(server.authorization, "Bearer token");
  assert.equal(im.state, "connecting");
});

test("a refusal is final: failed, with its reason; retry sends it with the same id", async () => {
  await client().connect();
  server.answers.send_message = () => ["error", { reason: "conversation not found", code: "conversation_not_found" }];
  const message = im.send({ to: YOU, content: "hello" });
  await until("failed", () => message.status === "failed");
  assert.deepEqual(message.error, { code: "conversation_not_found", reason: "conversation not found" });
  delete server.answers.send_message;
  assert.equal(im.retry(message.client_message_id), message);
  await until("sent", () => message.status === "sent");
  assert.equal(message.error, undefined);
  assert.equal(new Set(called("send_message").map((p) => p.client_message_id)).size, 1);
});

test("a failed message can be discarded", async () => {
  await client().connect();
  server.answers.send_message = () => ["error", { reason: "no", code: "invalid_fields", fields: { "content.text": "is required" } }];
  const message = im.send({ to: YOU, content: "" });
  await until("failed", () => message.status === "failed");
  assert.deepEqual(message.error.fields, { "content.text": "is required" });
  im.discard(message.client_message_id);
  assert.deepEqual(im.model.messages(CONVERSATION), []);
});

test("an acknowledgement that got lost is made up for by the sync", async () => {
  await client({ retryMin: 3000, retryMax: 3000, restAfter: 5000 }).connect();
  server.answers.sync = undefined;
  server.answers.send_message = (payload) => {
    delete server.answers.send_message;
    const message = server.message({ ...payload, sender_id: ME, receiver_id: YOU, status: "read" });
    server.event("new_message", message);
    server.cut();
    return null;
  };
  const message = im.send({ to: YOU, content: "hello" });
  await until("read", () => message.status === "read");
  assert.equal(im.model.messages(CONVERSATION).length, 1);
});

test("a token function is asked at every join; a refused join says so and recovers", async () => {
  let token = "old";
  server.answers.phx_join = (payload) => (payload.token === "new" ? (delete server.answers.phx_join, ["ok", {}])
    : ["error", { reason: "invalid token", code: "invalid_token" }]);
  const states = [];
  client({ token: () => token }).on("state", (state, reason) => states.push([state, reason]));
  im.connect();
  await until("refused", () => im.state === "refused");
  token = "new";
  await until("online", () => im.state === "online");
  assert.deepEqual(states.at(-2), ["refused", "invalid token"]);
  assert.deepEqual(called("phx_join").map((p) => p.token), ["old", "new"]);
});

test("a refused upgrade is told from a dead network", async () => {
  server.isRefusing = true;
  server.rest["GET /messages/unread_count"] = () => [401, { success: false, message: "bad token", error: { code: "invalid_token" } }];
  client({ token: async () => "token" }).connect();
  await until("refused", () => im.state === "refused");
  server.isRefusing = false;
  await until("online", () => im.state === "online");
});

test("a sync that was cut short is not gone on with: the next join's does all", async () => {
  server.answers.sync = () => (delete server.answers.sync, server.cut(), null);
  await client({ retryMin: 100 }).connect();
  await new Promise((done) => setTimeout(done, 400));
  assert.equal(called("sync").length, 2);
  assert.equal(called("get_conversations").length, 1);
  server.cut();
  await until("a third sync", () => called("sync").length === 3 && im.state === "online");
  assert.equal(called("get_conversations").length, 1, "lists are read once");
});

test("the cursor never goes back, nor does what another tab stored", async () => {
  kept.set(KEY, "2030-01-01T00:00:00.000Z");
  server.answers.sync = () => ["ok", { events: [], new_last_sync_timestamp: "2029-01-01T00:00:00.000Z", has_more: false }];
  await client().connect();
  assert.equal(im.cursor, "2030-01-01T00:00:00.000Z");
  kept.set(KEY, "2031-01-01T00:00:00.000Z");
  server.push({ ...server.arrive(), event_timestamp: "2030-06-01T00:00:00.000Z" });
  await until("it came", () => im.cursor === "2030-06-01T00:00:00.000Z");
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(kept.get(KEY), "2031-01-01T00:00:00.000Z");
});

test("a new connection ends the pause before the next try", async () => {
  await client({ retryMin: 60000, retryMax: 60000, restAfter: 60000 }).connect();
  server.answers.send_message = () => (delete server.answers.send_message, ["error", { reason: "away", code: "unavailable" }]);
  const message = im.send({ to: YOU, content: "hello" });
  await until("a try", () => called("send_message").length === 1);
  await new Promise((done) => setTimeout(done, 50));
  server.cut();
  await until("sent", () => message.status === "sent");
});

test("pauses grow; a server that does not know the channel is tried again; what makes it fail each time is given up", async () => {
  await client({ retryMin: 20, retryMax: 5000 }).connect();
  let left = 6;
  server.answers.send_message = () => (left-- ? ["error", { reason: "unmatched topic" }] : ["error", { reason: "broken", code: "internal_error" }]);
  const begin = Date.now();
  const message = im.send({ to: YOU, content: "hello" });
  await until("seven tries", () => called("send_message").length === 7);
  assert.ok(Date.now() - begin > 400, `${Date.now() - begin} ms`);
  im.disconnect();

  server.calls.length = 0;
  server.answers.send_message = () => ["error", { reason: "broken", code: "internal_error" }];
  await client().connect();
  const poison = im.send({ to: YOU, content: "poison" });
  await until("failed", () => poison.status === "failed");
  assert.equal(called("send_message").length, 5);
  assert.equal(message.status, "sending");
});

test("a retry after a withdrawal shows the message as it is by then", async () => {
  await client().connect();
  server.answers.send_message = ({ client_message_id }) =>
    ["ok", { client_message_id, message_id: server.message().id, server_timestamp: "2025-04-10T00:00:00.000Z", status: "withdrawn" }];
  const message = im.send({ to: YOU, content: "hello" });
  await until("withdrawn", () => message.status === "withdrawn");
  assert.deepEqual(message.content, {});
});

test("sends over REST: a bad token and a limit are waited out, a refusal is not", async () => {
  server.answers.phx_join = () => null;
  const answers = [[401, { message: "no", error: { code: "unauthorized" } }], [429, { message: "slow", error: { code: "rate_limited" } }, { "Retry-After": "1" }],
    [422, { message: "bad", error: { code: "invalid_fields", fields: { content: "is required" } } }]];
  const times = [];
  server.rest["POST /messages"] = () => (times.push(Date.now()), answers[times.length - 1]);
  client().connect();
  const message = im.send({ to: YOU, content: "hello" });
  await until("failed", () => message.status === "failed");
  assert.equal(times.length, 3);
  assert.ok(times[2] - times[1] >= 990, `${times[2] - times[1]} ms`);
  assert.deepEqual(message.error, { code: "invalid_fields", reason: "bad", fields: { content: "is required" } });
});

test("requests over the channel and REST, and their errors", async () => {
  await client().connect();
  const unread = server.arrive();
  server.push(unread);
  await until("arrived", () => im.model.unread.total === 1);
  server.answers.mark_read = () => ["ok", { updated_count: 1 }];
  assert.equal(await im.markRead(CONVERSATION), 1);
  assert.deepEqual(called("mark_read"), [{ conversation_id: CONVERSATION, last_read_message_id: unread.payload.id }]);
  assert.equal(im.model.unread.total, 0);
  assert.equal(im.model.message(unread.payload.id).status, "read");

  const old = server.message({ id: "01960000-0000-7000-8000-000000000000", status: "read" });
  server.answers.get_conversation_history = () => ["ok", { messages: [old] }];
  await im.history(CONVERSATION, { limit: 5, beforeId: unread.payload.id });
  assert.deepEqual(called("get_conversation_history"), [{ conversation_id: CONVERSATION, limit: 5, before_id: unread.payload.id }]);
  assert.deepEqual(im.model.messages(CONVERSATION).map((m) => m.id), [old.id, unread.payload.id]);

  server.answers.withdraw_message = () => ["error", { reason: "too late", code: "withdraw_window_closed" }];
  await assert.rejects(im.withdraw(unread.payload.id), (error) => error instanceof FlixIMError && error.code === "withdraw_window_closed");
  await assert.rejects(im.unreadCount(), (error) => error.code === "not_found" && error.status === 404);
  server.rest["GET /messages/unread_count"] = () => [200, { success: true, data: { total: 0 } }];
  assert.deepEqual(await im.unreadCount(), { total: 0 });
  server.rest[`DELETE /messages/${old.id}`] = () => [200, { success: true }];
  await im.deleteMessage(old.id);
  assert.deepEqual(im.model.messages(CONVERSATION).map((m) => m.id), [unread.payload.id]);
});

test("devices are registered by subscription or token, and removed", async () => {
  const device = { id: "01961c00-0000-7000-8000-000000000001", provider: "web_push", status: "active" };
  server.rest["POST /devices"] = () => [201, { success: true, data: device }];
  client();
  const json = { endpoint: "https://push.example.org/1", expirationTime: null, keys: { p256dh: "BP", auth: "aa" } };
  const { expirationTime: _, ...subscription } = json;
  assert.deepEqual(await im.registerDevice({ provider: "web_push", subscription: { endpoint: "other", toJSON: () => json }, platform: "web", locale: "en" }), device);
  await im.registerDevice({ provider: "web_push", subscription: json });
  await im.registerDevice({ provider: "apns", token: "aabb", appId: "org.example.app" });
  assert.deepEqual(called("POST /devices"), [{ provider: "web_push", platform: "web", locale: "en", subscription }, { provider: "web_push", subscription },
    { provider: "apns", app_id: "org.example.app", token: "aabb" }]);
  server.rest["GET /devices"] = () => [200, { success: true, data: [device] }];
  assert.deepEqual(await im.devices(), [device]);
  const answers = [[200, { success: true }], [404, { message: "gone", error: { code: "device_not_found" } }], [401, { message: "no", error: { code: "unauthorized" } }]];
  server.rest[`DELETE /devices/${device.id}`] = () => answers.shift();
  await im.removeDevice(device.id);
  await im.removeDevice(device.id);
  await assert.rejects(im.removeDevice(device.id), (error) => error.code === "unauthorized");
  assert.equal(answers.length, 0);
});

test("notification settings are read, and changed in part", async () => {
  const settings = { quiet_hours: null, show_text: true, web_push_public_key: "BK", updated_at: null };
  server.rest["GET /settings/notifications"] = () => [200, { success: true, data: settings }];
  server.rest["PUT /settings/notifications"] = (body) => [200, { success: true, data: { ...settings, ...body } }];
  client();
  assert.deepEqual(await im.notificationSettings(), settings);
  assert.equal((await im.setNotificationSettings({ show_text: false })).show_text, false);
  assert.deepEqual(called("PUT /settings/notifications"), [{ show_text: false }]);
});

test("change comes once for all that happens together; a listener that throws harms nobody", async () => {
  for (let i = 0; i < 20; i++) server.arrive();
  let changes = 0;
  const unread = [];
  client().on("event", () => { throw new Error("mine"); }).on("change", () => changes++).on("unread", (counts) => unread.push(counts.total));
  await im.connect();
  assert.equal(im.model.messages(CONVERSATION).length, 20);
  assert.ok(changes >= 1 && changes <= 3, `${changes} changes`);
  assert.deepEqual(unread, [20]);
  assert.equal(errors.filter((error) => error.message === "mine").length, 20);
});

test("the model needs no connection", () => {
  assert.equal(new Model(ME).unread.total, 0);
});
