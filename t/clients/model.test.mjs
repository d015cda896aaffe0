// SPDX-License-Identifier: Apache-2.0
// clients/js/model.js against a server's books: random histories, told in part, twice, or late, must add up to the same state.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Model, privateConversationId } from "../../clients/js/model.js";

const ME = "11111111-1111-4111-8111-111111111111";
const FRIENDS = ["00000000-0000-4000-8000-000000000001", "22222222-2222-4222-8222-222222222222"];
const ROOMS = [...FRIENDS.map((friend) => privateConversationId(ME, friend)), "group:33333333-3333-4333-8333-333333333333",
  `system:notification:${ME}`];

// A random generator with a seed, so that a failure can be had again.
function dice(seed) {
  return (sides) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * sides);
  };
}

const stamp = (n) => new Date(Date.UTC(2025, 3, 10) + n).toISOString();
const uuid = (n) => `01961c00-0000-7000-8000-${String(n).padStart(12, "0")}`;

// The books of one user: messages as they see them, and an event for each change.
class Books {
  clock = 0;
  messages = [];
  events = [];
  lastRead = {};

  constructor(roll) {
    this.roll = roll;
  }

  send() {
    const conversation_id = ROOMS[this.roll(ROOMS.length)];
    const isSystem = conversation_id.startsWith("system");
    const isMine = !isSystem && this.roll(3) === 0;
    const n = ++this.clock;
    const message = { id: uuid(n), client_message_id: uuid(900000 + n), conversation_id, sender_id: isMine ? ME : FRIENDS[1], receiver_id: ME,
      content: { text: `text ${n}` }, content_type: "text", message_type: isSystem ? "system_notification" : "private_message",
      status: isMine ? "sent" : "unread", reference_id: null, server_timestamp: stamp(n), client_timestamp: null, inserted_at: stamp(n),
      updated_at: stamp(n) };
    this.messages.push(message);
    this.events.push({ n, event_type: "new_message", message });
  }

  change(event_type, status, isAllowed) {
    const choice = this.messages.filter(isAllowed);
    if (!choice.length) return;
    const message = choice[this.roll(choice.length)];
    const n = ++this.clock;
    const room = message.conversation_id;
    if (status === "read" && message.status === "unread" && message.id > (this.lastRead[room] ?? "")) this.lastRead[room] = message.id;
    message.status = status;
    message.updated_at = stamp(n);
    if (status === "withdrawn") message.content = {};
    this.events.push({ n, event_type, message, status });
  }

  step() {
    const what = this.roll(10);
    if (what < 5) this.send();
    else if (what < 7) this.change("message_status_update", "read", (m) => m.status === "unread");
    else if (what < 8) this.change("message_status_update", "read", (m) => m.status === "sent" && m.conversation_id.startsWith("private"));
    else if (what < 9) this.change("message_recalled", "withdrawn", (m) => m.status !== "withdrawn" && m.status !== "deleted");
    else this.change("message_status_update", "deleted", (m) => m.status !== "deleted");
  }

  // As the server renders it now: a new message in its present state.
  render({ n, event_type, message, status }) {
    const payload = event_type === "new_message"
      ? { ...message, content: message.status === "deleted" ? {} : message.content }
      : { message_id: message.id, conversation_id: message.conversation_id, status, updated_at: stamp(n) };
    return { id: uuid(500000 + n), event_type, payload, event_timestamp: stamp(n), target_user_id: ME };
  }

  pair(conversation_id) {
    const all = this.messages.filter((m) => m.conversation_id === conversation_id);
    if (!all.length) return null;
    const last = all.findLast((m) => m.status !== "withdrawn" && m.status !== "deleted");
    return { conversation: { id: uuid(800000 + ROOMS.indexOf(conversation_id)), conversation_id, type: conversation_id.split(":")[0], participant_ids: [ME],
        last_message_id: last?.id ?? null, last_message_content: last?.content.text ?? null,
        last_message_timestamp: last?.server_timestamp ?? null, updated_at: all.at(-1).server_timestamp },
      unread_count: all.filter((m) => m.status === "unread").length, is_pinned: false, is_muted: false,
      last_read_message_id: this.lastRead[conversation_id] ?? null, draft: null };
  }
}

function compare(model, books, held, what) {
  for (const id of ROOMS) {
    const pair = books.pair(id);
    if (!pair) continue;
    const ours = model.conversations.get(id);
    assert.equal(ours?.unread_count ?? 0, pair.unread_count, `${what}: unread of ${id}`);
    for (const field of ["last_message_id", "last_message_content", "last_message_timestamp"])
      assert.equal(ours?.conversation[field] ?? null, pair.conversation[field], `${what}: ${field} of ${id}`);
    const theirs = books.messages.filter((m) => m.conversation_id === id && m.status !== "deleted" && held(m));
    assert.deepEqual(model.messages(id).map((m) => [m.id, m.status, m.content]), theirs.map((m) => [m.id, m.status, m.content]), `${what}: ${id}`);
  }
  const unread = books.messages.filter((m) => m.status === "unread");
  assert.equal(model.unread.total, unread.length, `${what}: total`);
  assert.equal(model.unread.system_notification, unread.filter((m) => m.message_type === "system_notification").length, `${what}: system`);
}

function history(seed, steps) {
  const books = new Books(dice(seed));
  for (let i = 0; i < steps; i++) books.step();
  return books;
}

test("events alone, from the start, live or late, some of them twice", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const roll = dice(seed + 1000);
    const books = new Books(dice(seed));
    const model = new Model(ME);
    for (let i = 0; i < 60; i++) {
      books.step();
      // Told now and then: a late event shows the message as it is by then.
      if (roll(4)) continue;
      for (const event of books.events.splice(0)) {
        model.apply(books.render(event));
        if (!roll(3)) assert.equal(model.apply(books.render(event)), false);
      }
    }
    for (const event of books.events.splice(0)) model.apply(books.render(event));
    compare(model, books, () => true, `seed ${seed}`);
  }
});

test("from a cursor in the middle: lists, then events; what it cannot count it reads anew", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const books = history(seed, 40);
    const model = new Model(ME);
    const from = books.events.length - books.roll(15);
    const late = books.events.slice(from); // committed before the list was read, told after it
    for (const id of ROOMS) if (books.pair(id)) model.putConversation(books.pair(id));
    const told = new Set();
    const tell = (events) => events.forEach((event) => {
      if (event.event_type === "new_message") told.add(event.message.id);
      model.apply(books.render(event));
    });
    tell(late);
    books.events = [];
    for (let i = 0; i < 20; i++) books.step();
    tell(books.events);
    for (const id of model.takeStale()) model.putConversation(books.pair(id));
    compare(model, books, (m) => told.has(m.id), `seed ${seed}`);
  }
});

test("history pages fill in what the list counted", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const books = history(seed, 50);
    const model = new Model(ME);
    for (const id of ROOMS) if (books.pair(id)) model.putConversation(books.pair(id));
    for (const message of [...books.messages].reverse()) if (message.status !== "deleted") model.putMessage({ ...message });
    compare(model, books, () => true, `seed ${seed}`);
  }
});

test("marking read here: up to a message, also of those it does not hold", () => {
  const books = new Books(dice(7));
  while (books.messages.filter((m) => m.conversation_id === ROOMS[0] && m.status === "unread").length < 6) books.send();
  const unread = books.messages.filter((m) => m.conversation_id === ROOMS[0] && m.status === "unread");
  const model = new Model(ME);
  model.putConversation(books.pair(ROOMS[0]));
  for (const message of unread.slice(2)) model.putMessage({ ...message });
  assert.equal(model.conversations.get(ROOMS[0]).unread_count, 6);
  model.markRead(ROOMS[0], unread[4].id, 5);
  assert.equal(model.conversations.get(ROOMS[0]).unread_count, 1);
  assert.equal(model.conversations.get(ROOMS[0]).last_read_message_id, unread[4].id);
  assert.deepEqual(unread.slice(2).map((m) => model.message(m.id).status), ["read", "read", "read", "unread"]);
});

test("a list from before what was read here does not count it again, and is asked for anew once", () => {
  const books = new Books(dice(7));
  while (books.messages.filter((m) => m.conversation_id === ROOMS[0] && m.status === "unread").length < 2) books.send();
  const unread = books.messages.filter((m) => m.conversation_id === ROOMS[0] && m.status === "unread");
  const model = new Model(ME);
  for (const message of unread) model.putMessage({ ...message });
  const before = books.pair(ROOMS[0]);
  model.takeStale();
  model.markRead(ROOMS[0], unread[1].id, 2);
  model.putConversation(before);
  assert.equal(model.conversations.get(ROOMS[0]).unread_count, 0);
  assert.deepEqual(model.takeStale(), [ROOMS[0]]);
  model.putConversation({ ...before, unread_count: 1 });
  assert.equal(model.conversations.get(ROOMS[0]).unread_count, 1, "what the server says again is so");
  assert.deepEqual(model.takeStale(), []);
});

test("nothing comes back from withdrawn or deleted", () => {
  const books = new Books(dice(3));
  books.send();
  const [message] = books.messages;
  const model = new Model(ME);
  model.putMessage({ ...message, status: "unread" });
  model.setStatus(message.id, "withdrawn");
  model.putMessage({ ...message, status: "read", updated_at: stamp(99) });
  assert.deepEqual([model.message(message.id).status, model.message(message.id).content], ["withdrawn", {}]);
  model.setStatus(message.id, "deleted");
  model.setStatus(message.id, "withdrawn");
  assert.equal(model.message(message.id).status, "deleted");
  assert.deepEqual(model.messages(message.conversation_id), []);
});

test("what is being sent comes last, and survives a reset", () => {
  const books = new Books(dice(5));
  const model = new Model(ME);
  const pending = { ...history(5, 1).messages[0], id: null, conversation_id: ROOMS[0], sender_id: ME, status: "sending", server_timestamp: null };
  const message = model.putMessage(pending);
  while (!books.messages.some((m) => m.conversation_id === ROOMS[0])) books.send();
  for (const m of books.messages) model.putMessage({ ...m });
  assert.equal(model.messages(ROOMS[0]).at(-1), message);
  model.reset();
  assert.deepEqual(model.messages(ROOMS[0]), [message]);
  model.putMessage({ ...pending, id: uuid(0), status: "sent", server_timestamp: stamp(0) });
  assert.equal(model.message(uuid(0)), message);
  assert.equal(model.messages(ROOMS[0]).length, 1);
});

test("a failed message that did arrive loses its error", () => {
  const model = new Model(ME);
  const sent = { ...history(5, 1).messages[0], conversation_id: ROOMS[0], sender_id: ME, status: "sent" };
  const message = model.putMessage({ ...sent, id: null, status: "sending", server_timestamp: null });
  model.setPending(message, "failed", { code: "internal_error", reason: "broken" });
  assert.equal(model.putMessage(sent), message);
  assert.deepEqual([message.status, message.error, model.messages(ROOMS[0]).length], ["sent", undefined, 1]);
});

test("where the last message shown is gone and no other is known, the conversation is to be read anew", () => {
  const books = new Books(dice(9));
  while (!books.pair(ROOMS[0])) books.send();
  const model = new Model(ME);
  model.putConversation(books.pair(ROOMS[0]));
  const last = books.messages.findLast((m) => m.conversation_id === ROOMS[0]);
  model.putMessage({ ...last });
  assert.deepEqual(model.takeStale(), []);
  model.setStatus(last.id, "withdrawn");
  assert.deepEqual(model.takeStale(), [ROOMS[0]]);
  assert.deepEqual(model.takeStale(), []);
});

test("the memory of events is bounded", () => {
  const model = new Model(ME);
  const event = (n) => ({ id: uuid(n), event_type: "message_status_update", payload: { message_id: uuid(1), status: "read" }, event_timestamp: stamp(n) });
  for (let n = 0; n <= 10000; n++) model.apply(event(n));
  assert.equal(model.apply(event(10000)), false);
  assert.equal(model.apply(event(0)), true);
});
