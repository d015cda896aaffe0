// SPDX-License-Identifier: Apache-2.0
// What a client lives through: join, sync, events, sending, reading, recalling, history, a cut, and catching up after it.

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function uuid() {
  return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
}

export async function until(what, condition, seconds = 20) {
  const end = Date.now() + 1000 * seconds;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not reached in ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

// Asks the REST API as one user; resolves to data, throws what is no success. A connection for each request: one that is kept open
// could be closed by httpd just when it is used.
export function restOf(apiUrl, token) {
  return async (method, path, body) => {
    const headers = { Authorization: `Bearer ${token}`, Connection: "close", ...(body && { "Content-Type": "application/json" }) };
    const answer = await fetch(apiUrl + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(json)}`);
    return json.data;
  };
}

// client: a face of clients.mjs, of the user me. friend: { id, rest } of another. cut(): ends all of the daemon's connections, and resolves when
// it is back; between() runs while it is away. check(isTrue, name, detail) takes a result.
export async function scenario({ client, me, friend, cut, check }) {
  const same = (actual, expected, name) => {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
    check(a === b, name, `got ${a}, expected ${b}`);
  };
  const keys = (object) => Object.keys(object ?? {}).sort().join(" ");
  const conversation_id = `private:${[me.id, friend.id].sort().join(":")}`;
  const text = (content) => ({ client_message_id: uuid(), conversation_id, content: { text: content }, message_type: "private_message",
    content_type: "text", client_timestamp: new Date().toISOString() });
  const fromFriend = (content) => friend.rest("POST", "/messages", { receiver_id: me.id, content: { text: content }, content_type: "text",
    message_type: "private_message" });
  const event = async (type, id) => {
    const find = () => client.events.find((e) => e.event_type === type && (e.payload.id ?? e.payload.message_id) === id);
    await until(`${type} of ${id}`, find);
    return find();
  };

  client.connect();
  const join = await client.join();
  same(join.status, "ok", `join: ${JSON.stringify(join.response)}`);
  check(TIME.test(join.response.last_sync_timestamp), "the join's reply has the position", JSON.stringify(join.response));

  const start = await client.push("sync", { last_sync_timestamp: "" });
  same([start.status, start.response.events], ["ok", []], "sync: nothing yet");

  const hello = await fromFriend("hello");
  const arrived = await event("new_message", hello.id);
  same(keys(arrived), "event_timestamp event_type id payload target_user_id", "an event arrives, with the seed's keys");
  same([arrived.payload.content, arrived.payload.status, arrived.payload.sender_id, arrived.payload.conversation_id, arrived.target_user_id],
    [{ text: "hello" }, "unread", friend.id, conversation_id, me.id], "and the message as its receiver sees it");
  check(UUID.test(arrived.id) && TIME.test(arrived.event_timestamp), "its id and time", JSON.stringify(arrived));

  const mine = text("mine ✓ 你好");
  const sent = await client.push("send_message", mine);
  same([sent.status, keys(sent.response)], ["ok", "client_message_id message_id server_timestamp status"], "send_message: the seed's reply");
  same([sent.response.client_message_id, sent.response.status], [mine.client_message_id, "sent"], "of this message");
  const again = await client.push("send_message", mine);
  same(again.response, sent.response, "the same again: the same reply");
  const other = await client.push("send_message", { ...mine, content: { text: "other" } });
  same([other.status, other.response.code], ["error", "idempotency_conflict"], "the same id for something else is refused");
  same((await friend.rest("GET", `/messages/${sent.response.message_id}`)).content, mine.content, "the friend has it, byte for byte");

  const read = await client.push("mark_read", { conversation_id, last_read_message_id: hello.id });
  same([read.status, read.response], ["ok", { updated_count: 1 }], "mark_read");
  same((await friend.rest("GET", `/messages/${hello.id}`)).status, "read", "the sender sees it");
  await friend.rest("PUT", `/messages/${sent.response.message_id}/read`);
  const receipt = await event("message_status_update", sent.response.message_id);
  same([receipt.payload.status, receipt.payload.conversation_id], ["read", conversation_id], "a receipt arrives");
  same(keys(receipt.payload), "conversation_id message_id status updated_at", "with the seed's keys");

  const oops = await fromFriend("oops");
  await event("new_message", oops.id);
  await friend.rest("PUT", `/messages/${oops.id}/withdraw`);
  const recalled = await event("message_recalled", oops.id);
  same([recalled.payload.status, keys(recalled.payload)], ["withdrawn", "conversation_id message_id status updated_at"], "a recall arrives");
  const withdrawn = await client.push("withdraw_message", { message_id: sent.response.message_id });
  same([withdrawn.status, withdrawn.response.status], ["ok", "withdrawn"], "withdraw_message");
  same((await friend.rest("GET", `/messages/${sent.response.message_id}`)).content, {}, "nothing is left of it");
  const unknown = await client.push("withdraw_message", { message_id: uuid() });
  same([unknown.status, unknown.response.reason, unknown.response.code], ["error", "message not found", "message_not_found"], "an unknown one");

  const page = await client.push("get_conversation_history", { conversation_id, limit: 20 });
  same(page.response.messages?.map((m) => [m.id, m.status]),
    [[oops.id, "withdrawn"], [sent.response.message_id, "withdrawn"], [hello.id, "read"]], "get_conversation_history: newest first");
  const list = await client.push("get_conversations", { limit: 20, offset: 0 });
  same(list.response.conversations?.map((c) => [c.conversation.conversation_id, c.unread_count]), [[conversation_id, 0]], "get_conversations");
  const made = await client.push("create_conversation", { participant_ids: [friend.id], type: "private" });
  same([made.status, made.response.conversation_id], ["ok", conversation_id], "create_conversation: the one there is");

  const cursor = (await client.push("sync", { last_sync_timestamp: start.response.new_last_sync_timestamp })).response.new_last_sync_timestamp;
  check(TIME.test(cursor) && cursor >= recalled.event_timestamp, "sync: the position after all that", cursor);

  const joins = client.joins();
  const missed = await cut(() => fromFriend("missed"));
  await until("joined again", () => client.joins() > joins, 40);
  check(true, "after a cut the client joins again by itself");
  check(!client.closings.includes(1000), "nothing closed with 1000", JSON.stringify(client.closings));
  const sync = await client.push("sync", { last_sync_timestamp: cursor });
  same(sync.response.events?.map((e) => [e.event_type, e.payload.id, e.payload.content]), [["new_message", missed.id, { text: "missed" }]],
    "sync: what was missed, and nothing else");
  same(sync.response.new_last_sync_timestamp, sync.response.events?.[0]?.event_timestamp, "and where it ends");
  const after = await fromFriend("after");
  await event("new_message", after.id);
  const ids = client.events.map((e) => e.id);
  same(ids.length, new Set(ids).size, "live again; no event came twice live");
  const stamps = client.events.map((e) => e.event_timestamp);
  same(stamps, [...stamps].sort(), "and all in order");
  const late = text("late");
  same((await client.push("send_message", late)).status, "ok", "sending works again");

  const left = await client.leave();
  same(left.status, "ok", "leave");
  client.disconnect();
}
