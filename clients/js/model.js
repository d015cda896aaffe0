// SPDX-License-Identifier: Apache-2.0
// What a user's client knows: conversations, messages and unread counters, as events, syncs and lists add up to them.

const SEEN_EVENTS = 10000;

// A message only ever moves up: whatever order the same news comes in, and however often, it ends in the same place.
const RANK = { sending: 0, failed: 1, sent: 2, unread: 2, read: 3, withdrawn: 4, deleted: 5 };

const KINDS = { image: "[图片]", product: "[商品]", order: "[订单]", comment: "[评论]", like: "[点赞]", favorite: "[收藏]", system: "[系统消息]" };

export function privateConversationId(one, other) {
  return "private:" + [one, other].sort().join(":");
}

function typeOf(conversationId) {
  const kind = conversationId.slice(0, conversationId.indexOf(":"));
  return kind === "private" || kind === "group" ? kind : "system";
}

// The type of the messages that a conversation holds.
function messageTypeOf(conversationId) {
  if (conversationId.startsWith("system:notification:")) return "system_notification";
  if (conversationId.startsWith("system:announcement:")) return "system_announcement";
  return conversationId.startsWith("interaction:") ? "interaction" : "private_message";
}

// As the server makes it: 100 characters, not half a pair of surrogates.
function preview(message) {
  const text = message.content.text || message.content.title || KINDS[message.content_type];
  return text ? Array.from(text).slice(0, 100).join("") : null;
}

const isPending = (message) => message.status === "sending" || message.status === "failed";
const later = (one, other) => (one && (!other || one > other) ? one : other) ?? null;

export class Model {
  #rooms = new Map(); // conversation id => { messages, covered, uncounted }
  #byId = new Map();
  #mine = new Map(); // client_message_id => a message of this user's
  #seen = new Set();
  #stale = new Set();

  constructor(userId) {
    this.userId = userId;
    this.conversations = new Map();
    this.onMessage = null;
    this.onConversation = null;
  }

  get unread() {
    const counts = { total: 0, system_notification: 0, system_announcement: 0, interaction: 0, private_message: 0 };
    for (const [id, pair] of this.conversations) {
      counts.total += pair.unread_count;
      counts[messageTypeOf(id)] += pair.unread_count;
    }
    return counts;
  }

  apply(event) {
    if (this.#seen.has(event.id)) return false;
    this.#seen.add(event.id);
    if (this.#seen.size > SEEN_EVENTS) this.#seen.delete(this.#seen.values().next().value);

    const { payload } = event;
    if (event.event_type === "new_message") {
      const isNew = !this.#byId.has(payload.id);
      const room = this.#room(payload.conversation_id);
      // The server may have counted it as unread in the list that we hold, and it has been read since.
      if (isNew && payload.sender_id !== this.userId && payload.status !== "unread" && room.uncounted > 0
          && payload.server_timestamp <= room.covered)
        this.#stale.add(payload.conversation_id);
      this.putMessage(payload);
    } else if (this.#byId.has(payload.message_id)) {
      this.setStatus(payload.message_id, payload.status, payload.updated_at);
    } else if (payload.conversation_id) {
      this.#stale.add(payload.conversation_id);
    }
    return true;
  }

  putMessage(given) {
    const own = given.sender_id === this.userId ? this.#mine.get(given.client_message_id) : undefined;
    const known = this.#byId.get(given.id) ?? own;
    const room = this.#room(given.conversation_id);
    if (!known) {
      const message = { ...given };
      if (given.sender_id === this.userId) this.#mine.set(given.client_message_id, message);
      if (given.id) this.#byId.set(given.id, message);
      this.#insert(room, message);
      if (message.status === "unread" && room.uncounted > 0 && message.server_timestamp <= room.covered) room.uncounted--;
      this.#changed(message);
    } else if (isPending(known) && given.id) {
      // Acknowledged: it gets its place among the others. A change of time alone must not undo what is known.
      this.#remove(room, known);
      delete known.error;
      Object.assign(known, given);
      this.#byId.set(given.id, known);
      this.#insert(room, known);
      this.#changed(known);
    } else if (RANK[given.status] >= RANK[known.status]) {
      const before = JSON.stringify(known);
      Object.assign(known, given, { updated_at: later(given.updated_at, known.updated_at) });
      if (JSON.stringify(known) !== before) this.#changed(known);
    }
    return known ?? this.message(given.id ?? given.client_message_id);
  }

  putConversation(given) {
    const id = given.conversation.conversation_id;
    const room = this.#room(id);
    const held = this.#held(room);
    const known = this.conversations.get(id);
    const pair = { ...given, draft: given.draft ?? null, conversation: { ...given.conversation } };
    const { conversation } = pair;
    // Listed before what has been read since: its counter is of then. Once, the server is asked again.
    const isOld = (known?.last_read_message_id ?? "") > (given.last_read_message_id ?? "") && !room.isDoubted;
    room.isDoubted = isOld;
    if (!isOld) {
      room.covered = later(later(conversation.updated_at, conversation.last_message_timestamp), room.covered) ?? "";
      room.uncounted = Math.max(0, given.unread_count - held);
    }
    pair.unread_count = room.uncounted + held;
    pair.last_read_message_id = later(given.last_read_message_id, known?.last_read_message_id);
    this.conversations.set(id, known ? Object.assign(known, pair) : pair);
    if (isOld) this.#stale.add(id);
    else this.#stale.delete(id);
    // An event may have brought what is newer than this list.
    this.#preview(id, room);
    this.onConversation?.(this.conversations.get(id));
  }

  markRead(conversationId, lastReadMessageId, updatedCount) {
    const room = this.#room(conversationId);
    let marked = 0;
    for (const message of [...room.messages]) {
      if (message.status !== "unread" || message.id > lastReadMessageId) continue;
      marked++;
      this.setStatus(message.id, "read");
    }
    room.uncounted = Math.max(0, room.uncounted - Math.max(0, (updatedCount ?? marked) - marked));
    const pair = this.conversations.get(conversationId);
    if (!pair) return;
    pair.last_read_message_id = later(lastReadMessageId, pair.last_read_message_id);
    pair.unread_count = room.uncounted + this.#held(room);
    this.onConversation?.(pair);
  }

  setStatus(messageId, status, updatedAt) {
    const message = this.#byId.get(messageId);
    if (!message || RANK[status] <= RANK[message.status]) return;
    message.status = status;
    message.updated_at = later(updatedAt, message.updated_at);
    if (status === "withdrawn" || status === "deleted") message.content = {};
    const pair = this.conversations.get(message.conversation_id);
    if (pair && status === "read" && message.sender_id !== this.userId)
      pair.last_read_message_id = later(messageId, pair.last_read_message_id);
    this.#changed(message);
  }

  // Of a message that is being sent: it failed, is tried again (error undefined), or is given up.
  setPending(message, status, error) {
    message.status = status;
    if (error) message.error = error;
    else delete message.error;
    this.#changed(message);
  }

  discard(message) {
    this.#remove(this.#room(message.conversation_id), message);
    this.#mine.delete(message.client_message_id);
    this.onMessage?.(message);
  }

  reset() {
    const pending = [...this.#mine.values()].filter(isPending);
    for (const map of [this.#rooms, this.#byId, this.#mine, this.#seen, this.#stale, this.conversations]) map.clear();
    for (const message of pending) {
      this.#mine.set(message.client_message_id, message);
      this.#insert(this.#room(message.conversation_id), message);
    }
  }

  messages(conversationId) {
    return (this.#rooms.get(conversationId)?.messages ?? []).filter((message) => message.status !== "deleted");
  }

  message(id) {
    return this.#byId.get(id) ?? this.#mine.get(id);
  }

  list() {
    const key = ({ conversation }) => conversation.last_message_timestamp ?? conversation.inserted_at ?? "";
    return [...this.conversations.values()].sort(
      (a, b) => b.is_pinned - a.is_pinned || (key(a) < key(b) ? 1 : key(a) > key(b) ? -1 : 0),
    );
  }

  takeStale() {
    const ids = [...this.#stale];
    this.#stale.clear();
    return ids;
  }

  // messages: in the server's order (version 7 ids), then what is pending. covered: how far the last list of the server's
  // reached. uncounted: what that counted as unread and we do not hold.
  #room(conversationId) {
    let room = this.#rooms.get(conversationId);
    if (!room) this.#rooms.set(conversationId, (room = { messages: [], covered: "", uncounted: 0 }));
    return room;
  }

  #insert(room, message) {
    const list = room.messages;
    let place = list.length;
    if (message.id) while (place > 0 && (!list[place - 1].id || list[place - 1].id > message.id)) place--;
    list.splice(place, 0, message);
  }

  #remove(room, message) {
    const place = room.messages.indexOf(message);
    if (place >= 0) room.messages.splice(place, 1);
  }

  #held(room) {
    return room.messages.reduce((count, message) => count + (message.status === "unread"), 0);
  }

  // What follows from a changed message for its conversation.
  #changed(message) {
    const id = message.conversation_id;
    const room = this.#room(id);
    let pair = this.conversations.get(id);
    // What we send to somebody's interaction or system conversation is no conversation of ours.
    if (!pair && (typeOf(id) !== "system" || id.endsWith(this.userId))) {
      const participants = typeOf(id) === "group" ? [] : id.split(":").slice(typeOf(id) === "private" ? 1 : -1);
      pair = {
        conversation: { id: null, conversation_id: id, type: typeOf(id), participant_ids: participants, last_message_id: null,
          last_message_content: null, last_message_timestamp: null },
        unread_count: 0, is_pinned: false, is_muted: false, last_read_message_id: null, draft: null,
      };
      this.conversations.set(id, pair);
    }
    if (pair) {
      if (message.id && !pair.conversation.id) this.#stale.add(id);
      const before = JSON.stringify(pair);
      pair.unread_count = room.uncounted + this.#held(room);
      this.#preview(id, room);
      if (JSON.stringify(pair) !== before) this.onConversation?.(pair);
    }
    this.onMessage?.(message);
  }

  // The newest message that the user still has, or what the server listed if that is newer than all we hold.
  #preview(id, room) {
    const { conversation } = this.conversations.get(id);
    const shown = this.#byId.get(conversation.last_message_id);
    const isGone = shown && RANK[shown.status] >= RANK.withdrawn;
    let newest = null;
    for (let place = room.messages.length - 1; place >= 0 && !newest; place--) {
      const message = room.messages[place];
      if (message.id && RANK[message.status] < RANK.withdrawn) newest = message;
    }
    if (isGone && !newest) this.#stale.add(id);
    if (!isGone && !(newest && newest.id > (conversation.last_message_id ?? ""))) return;
    conversation.last_message_id = newest?.id ?? null;
    conversation.last_message_content = newest ? preview(newest) : null;
    conversation.last_message_timestamp = newest?.server_timestamp ?? null;
  }
}
