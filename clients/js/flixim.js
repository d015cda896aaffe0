// SPDX-License-Identifier: Apache-2.0
// One user's connection to Flix IM: phoenix's Socket and the REST API below, model.js above. flixim.d.ts is its reference.

import { Model, privateConversationId } from "./model.js";
import { Outbox } from "./outbox.js";
import { browserStorage, memory, uuid } from "./platform.js";
import { FlixIMError, isTemporary, refusal, request } from "./request.js";

export * from "./model.js";
export { FlixIMError };

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export class FlixIM {
  #options;
  #storage;
  #listeners = new Map();
  #socket = null;
  #channel = null;
  #inFlight = new Set(); // rejects what waits for a reply on this connection
  #token = "";
  #outbox;
  #offlineSince = Date.now();
  #wanted = false;
  #generation = 0; // of joins: what belongs to an older one ends
  #syncing = null;
  #isCursorRead = false;
  #held = []; // what came live during a sync: it is newer than what the sync brings
  #liveAt = ""; // the newest of it; the cursor may pass it only when the sync is done
  #isListed = false;
  #storing = Promise.resolve();
  #hasChanged = false;
  #unread = "";
  #probedAt = 0;
  #staleTimer = null;

  constructor(options) {
    for (const name of ["Socket", "url", "apiUrl", "userId", "token"])
      if (!options[name]) throw new TypeError(`flixim: the option ${name} is missing`);
    this.#options = { timeout: 10000, restAfter: 5000, retryMin: 500, retryMax: 15000, ...options };
    this.#storage = options.storage ?? browserStorage() ?? memory();
    this.userId = options.userId;
    this.state = "offline";
    this.cursor = "";
    this.model = new Model(options.userId);
    this.model.onMessage = (message) => this.#note("message", message);
    this.model.onConversation = (pair) => this.#note("conversation", pair);
    this.#outbox = new Outbox({
      ...this.#options,
      transmit: (message) => this.#transmit(message),
      acknowledged: (message, reply) => this.#acknowledge(message, reply),
      failed: (message, error) => this.model.setPending(message, "failed",
        { code: error.code, reason: error.message, ...(error.fields && { fields: error.fields }) }),
      report: (error) => this.#error(error),
    });
  }

  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return this;
  }

  off(name, listener) {
    this.#listeners.get(name)?.delete(listener);
    return this;
  }

  // --- The connection ---

  async connect() {
    const online = new Promise((done) => {
      const listen = (state) => {
        if (state !== "online") return;
        this.off("state", listen);
        done();
      };
      if (this.state === "online") done();
      else this.on("state", listen);
    });
    if (this.#wanted) return online;
    this.#wanted = true;
    this.#offlineSince = Date.now();
    this.#setState("connecting");
    this.#outbox.start();
    await this.#readCursor();
    await this.#freshToken();
    if (this.#wanted && !this.#socket) this.#open();
    return online;
  }

  disconnect() {
    this.#wanted = false;
    const socket = this.#socket;
    this.#socket = this.#channel = null;
    this.#setState("offline");
    this.#lost();
    this.#outbox.stop();
    socket?.disconnect();
  }

  #open() {
    const { Socket, url, transport, socketOptions } = this.#options;
    const socket = new Socket(url, {
      timeout: this.#options.timeout,
      ...(transport ? { transport } : {}),
      ...socketOptions,
      params: () => ({ token: this.#currentToken() }),
    });
    this.#socket = socket;
    // A socket that is not ours any more may still speak.
    const ours = (handle) => (...given) => void (socket === this.#socket && handle(...given));
    socket.onOpen(ours(() => this.#setState("connecting")));
    socket.onClose(ours(() => this.#closed()));
    socket.onError(ours(() => this.#closed()));
    this.#join(socket);
    socket.connect();
  }

  #join(socket) {
    const channel = socket.channel(`user:${this.userId}`, () => ({ token: this.#currentToken() }));
    this.#channel = channel;
    const ours = (handle) => (given) => void (channel === this.#channel && handle(given));
    channel.on("event", ours((event) => this.#live(event)));
    channel.onError(ours(() => this.#lost()));
    channel.onClose(ours(() => {
      // The server's goodbye: phoenix does not join again by itself.
      this.#lost();
      this.#channel = null;
      setTimeout(() => socket === this.#socket && !this.#channel && this.#join(socket), 5000);
    }));
    channel
      .join(this.#options.timeout)
      .receive("ok", ours(() => this.#joined()))
      .receive("error", ours((reply) => {
        this.#lost();
        this.#freshToken();
        const error = refusal(reply);
        if (!isTemporary(error)) this.#setState("refused", error.message);
      }));
  }

  get #isJoined() {
    return Boolean(this.#channel && this.#channel.state === "joined" && this.#socket.isConnected());
  }

  #joined() {
    this.#outbox.wake();
    this.#catchUp().catch((error) => this.#error(error));
  }

  // The connection or the channel is gone: nobody answers what is in flight.
  #lost() {
    if (this.state === "online") {
      this.#offlineSince = Date.now();
      this.#setState("connecting");
    }
    this.#generation++;
    this.#syncing = null;
    this.#held = [];
    this.#liveAt = "";
    const rejects = [...this.#inFlight];
    this.#inFlight.clear();
    for (const reject of rejects) reject(new FlixIMError("unavailable", "the connection was lost"));
  }

  #closed() {
    this.#lost();
    this.#freshToken();
    // A browser does not tell a refused upgrade from a dead network; a REST request does.
    if (!this.#wanted || Date.now() - this.#probedAt < 10000) return;
    this.#probedAt = Date.now();
    this.unreadCount().catch((error) => {
      if ((error.status === 401 || error.status === 403) && this.#wanted && !this.#isJoined) this.#setState("refused", error.message);
    });
  }

  // phoenix wants the token at once. One that is a promise is used from the last answer, and asked for anew.
  #currentToken() {
    const { token } = this.#options;
    const given = typeof token === "function" ? token() : token;
    if (typeof given === "string") this.#token = given;
    else given.then((fresh) => (this.#token = fresh), (error) => this.#error(error));
    return this.#token;
  }

  async #freshToken() {
    const { token } = this.#options;
    try {
      this.#token = typeof token === "function" ? await token() : token;
    } catch (error) {
      this.#error(error);
    }
    return this.#token;
  }

  // --- What arrives ---

  #live(event) {
    if (this.#syncing || this.state !== "online") {
      this.#held.push(event);
      return;
    }
    this.#take(event);
    this.#advance(event.event_timestamp);
  }

  // In order: an event may be in a page and have come live as well.
  #release() {
    this.#held.sort((a, b) => (a.event_timestamp < b.event_timestamp ? -1 : 1));
    for (const event of this.#held.splice(0)) {
      this.#take(event);
      if (event.event_timestamp > this.#liveAt) this.#liveAt = event.event_timestamp;
    }
  }

  #take(event) {
    if (!this.model.apply(event)) return;
    this.#emit("event", event);
    this.#refreshStale();
  }

  #advance(position) {
    if (!position || position <= this.cursor) return;
    this.cursor = position;
    this.#storing = this.#storing.then(() => this.#store(position)).catch((error) => this.#error(error));
  }

  // Another tab of this user's may be further already.
  async #store(position) {
    const stored = await this.#storage.getItem(this.#key());
    if (!stored || stored < position) await this.#storage.setItem(this.#key(), position);
  }

  #key() {
    return `flixim.cursor.${this.userId}`;
  }

  async #readCursor() {
    if (!this.#isCursorRead && !this.#options.fromStart) this.cursor = (await this.#storage.getItem(this.#key())) || "";
    this.#isCursorRead = true;
  }

  async sync() {
    await this.#readCursor();
    return this.#catchUp();
  }

  // One at a time for each join: the next join begins anew.
  #catchUp() {
    if (this.#syncing) return this.#syncing;
    const mine = this.#syncAll(this.#generation).finally(() => {
      if (this.#syncing === mine) this.#syncing = null;
    });
    return (this.#syncing = mine);
  }

  async #syncAll(generation) {
    const isCurrent = () => generation === this.#generation;
    let pause = this.#options.retryMin;
    let isResync = false;
    for (let more = true; more && isCurrent(); ) {
      try {
        const page = await this.#page();
        if (!isCurrent()) return;
        if (page.resync_required && this.cursor && !isResync) {
          this.model.reset();
          isResync = true;
        }
        for (const event of page.events ?? []) this.#take(event);
        for (const message of page.messages ?? []) this.model.putMessage(message);
        more = page.has_more === true && page.cursor > this.cursor;
        this.#advance(page.cursor);
        pause = this.#options.retryMin;
      } catch (error) {
        if (!this.#wanted) throw error;
        this.#error(error);
        if (isCurrent()) this.#release(); // late is worse than out of order
        await sleep(pause * (0.5 + Math.random()));
        pause = Math.min(2 * pause, this.#options.retryMax);
      }
    }
    if (isCurrent() && (isResync || !this.#isListed)) await this.#readLists().catch((error) => this.#error(error));
    if (!isCurrent()) return;
    this.#release();
    this.#advance(this.#liveAt);
    this.#liveAt = "";
    this.#syncing = null;
    if (isResync) this.#note("resync");
    if (this.#isJoined) this.#setState("online");
    this.#emit("synced", this.cursor);
    this.#refreshStale();
  }

  // A page from the channel, or from REST if the channel does not give one.
  async #page() {
    if (this.#isJoined) {
      try {
        const page = await this.call("sync", { last_sync_timestamp: this.cursor });
        return { ...page, cursor: page.new_last_sync_timestamp };
      } catch (error) {
        if (!this.#isJoined) throw error;
      }
    }
    const query = new URLSearchParams({ last_sync_time: this.cursor, user_id: this.userId });
    const page = await this.rest("GET", `/messages/sync?${query}`);
    return { ...page, cursor: page.sync_time };
  }

  async #readLists() {
    for (let offset = 0, count = 200; count === 200 && offset < 2000; offset += 200)
      count = (await this.conversations({ limit: 200, offset })).length;
    this.#isListed = true;
  }

  // What the model could not count by itself, a moment later and all at once.
  #refreshStale() {
    if (this.#staleTimer || this.state !== "online") return;
    this.#staleTimer = setTimeout(() => {
      this.#staleTimer = null;
      this.#readStale().catch((error) => {
        this.#isListed = false;
        this.#error(error);
      });
    }, 200);
    this.#staleTimer.unref?.();
  }

  async #readStale() {
    if (!this.#isListed) await this.#readLists();
    for (const id of this.model.takeStale()) {
      const answer = this.rest("GET", `/conversations/${encodeURIComponent(id)}`);
      const pair = await answer.catch((error) => (error.status === 404 ? null : Promise.reject(error)));
      if (pair) this.model.putConversation(pair);
    }
  }

  // --- Sending ---

  send(draft) {
    const content = typeof draft.content === "string" ? { text: draft.content } : draft.content;
    const messageType = draft.messageType ?? "private_message";
    const conversationId = draft.conversationId ?? this.#conversationOf(draft.to, messageType);
    const message = this.model.putMessage({
      id: null,
      client_message_id: uuid(),
      conversation_id: conversationId,
      sender_id: this.userId,
      receiver_id: draft.to ?? receiverOf(conversationId, this.userId),
      content,
      content_type: draft.contentType ?? (content.image_urls && !content.text ? "image" : "text"),
      message_type: messageType,
      status: "sending",
      reference_id: draft.referenceId ?? null,
      server_timestamp: null,
      client_timestamp: new Date().toISOString(),
      inserted_at: null,
      updated_at: null,
    });
    this.#outbox.add(message);
    return message;
  }

  retry(clientMessageId) {
    const message = this.model.message(clientMessageId);
    if (message?.status !== "failed") throw new FlixIMError("not_failed", "only a failed message can be tried again");
    this.model.setPending(message, "sending");
    this.#outbox.add(message);
    return message;
  }

  discard(clientMessageId) {
    const message = this.model.message(clientMessageId);
    if (message?.status === "failed") this.model.discard(message);
  }

  #conversationOf(to, messageType) {
    if (!to) throw new TypeError("flixim: a draft needs to or conversationId");
    if (messageType === "private_message") return privateConversationId(this.userId, to);
    return messageType === "interaction" ? `interaction:${to}` : `${messageType.replace("_", ":")}:${to}`;
  }

  async #transmit(message) {
    const { client_message_id, conversation_id, content, content_type, message_type, client_timestamp } = message;
    const payload = { client_message_id, conversation_id, content, content_type, message_type, client_timestamp };
    if (message.reference_id) payload.reference_id = message.reference_id;
    if (!this.#isJoined) await this.#outbox.pause(this.#offlineSince + this.#options.restAfter - Date.now());
    if (!this.#wanted) throw new FlixIMError("offline", "disconnected");
    if (this.#isJoined) return this.call("send_message", payload);
    return this.rest("POST", "/messages", payload);
  }

  // reply: the channel's, or the Message of REST.
  #acknowledge(message, reply) {
    const { message_id: id = reply.id, server_timestamp, status } = reply;
    const content = status === "withdrawn" || status === "deleted" ? {} : message.content;
    this.model.putMessage({ ...message, inserted_at: server_timestamp, updated_at: server_timestamp, ...(reply.id && reply), id,
      server_timestamp, status, content, conversation_id: message.conversation_id });
  }

  // --- Requests ---

  async markRead(conversationId, lastReadMessageId) {
    const newest = this.model.messages(conversationId).findLast((message) => message.id);
    const upTo = lastReadMessageId ?? newest?.id;
    if (!upTo) return 0;
    if (!this.#isJoined) {
      const ids = this.model.messages(conversationId).filter((m) => m.status === "unread" && m.id <= upTo).map((m) => m.id);
      return ids.length ? this.markReadMessages(ids.slice(0, 1000)) : 0;
    }
    const { updated_count: count } = await this.call("mark_read", { conversation_id: conversationId, last_read_message_id: upTo });
    this.model.markRead(conversationId, upTo, count);
    return count;
  }

  async markReadMessages(messageIds) {
    const { marked_count: count } = await this.rest("PUT", "/messages/batch_read", { message_ids: messageIds });
    for (const id of messageIds) if (this.model.message(id)?.status === "unread") this.model.setStatus(id, "read");
    return count;
  }

  async markAllRead() {
    const { marked_count: count } = await this.rest("PUT", "/messages/read_all");
    await this.#readLists();
    return count;
  }

  async withdraw(messageId) {
    await this.#ask("withdraw_message", { message_id: messageId }, ["PUT", `/messages/${messageId}/withdraw`]);
    this.model.setStatus(messageId, "withdrawn");
  }

  async deleteMessage(messageId) {
    await this.rest("DELETE", `/messages/${messageId}`);
    this.model.setStatus(messageId, "deleted");
  }

  async history(conversationId, { limit = 20, before, beforeId } = {}) {
    const page = { limit, ...(before && { before }), ...(beforeId && { before_id: beforeId }) };
    const path = `/conversations/${encodeURIComponent(conversationId)}/messages?${new URLSearchParams(page)}`;
    const answer = await this.#ask("get_conversation_history", { conversation_id: conversationId, ...page }, ["GET", path]);
    return (answer.messages ?? answer).map((message) => this.model.putMessage(message));
  }

  async conversations({ limit = 20, offset = 0 } = {}) {
    const page = { limit, offset };
    const answer = await this.#ask("get_conversations", page, ["GET", `/conversations?${new URLSearchParams(page)}`]);
    return (answer.conversations ?? answer).map((pair) => this.#put(pair));
  }

  async createConversation(participantIds, type = "private") {
    const payload = { participant_ids: participantIds, type };
    // Not tried a second time: a group would be made twice.
    const made = this.#isJoined ? await this.call("create_conversation", payload) : await this.rest("POST", "/conversations", payload);
    if (made.unread_count !== undefined) return this.#put(made);
    return this.#put(await this.rest("GET", `/conversations/${encodeURIComponent(made.conversation_id)}`));
  }

  async updateConversation(conversationId, change) {
    const rest = ["PUT", `/conversations/${encodeURIComponent(conversationId)}`, change];
    return this.#put(await this.#ask("update_conversation", { conversation_id: conversationId, ...change }, rest));
  }

  unreadCount() {
    return this.rest("GET", "/messages/unread_count");
  }

  async message(messageId) {
    return this.model.putMessage(await this.rest("GET", `/messages/${messageId}`));
  }

  async messages(options = {}) {
    const list = await this.rest("GET", `/messages?${new URLSearchParams(options)}`);
    return options.status === "deleted" ? list : list.map((message) => this.model.putMessage(message));
  }

  // --- Devices and notifications, over REST ---

  registerDevice({ provider, token, subscription, platform, locale, appId }) {
    const body = { provider, platform, locale, app_id: appId };
    if (subscription) {
      const { endpoint, keys } = subscription.toJSON?.() ?? subscription;
      body.subscription = { endpoint, keys };
    } else {
      body.token = token;
    }
    return this.rest("POST", "/devices", body);
  }

  devices() {
    return this.rest("GET", "/devices");
  }

  async removeDevice(deviceId) {
    try {
      await this.rest("DELETE", `/devices/${encodeURIComponent(deviceId)}`);
    } catch (error) {
      if (error.code !== "device_not_found") throw error; // it is gone already
    }
  }

  notificationSettings() {
    return this.rest("GET", "/settings/notifications");
  }

  setNotificationSettings(change) {
    return this.rest("PUT", "/settings/notifications", change);
  }

  #put({ conversation_id: _, ...pair }) {
    this.model.putConversation(pair);
    return this.model.conversations.get(pair.conversation.conversation_id);
  }

  // Over the channel, or over REST where that gives no answer. For what may be asked twice.
  async #ask(event, payload, rest) {
    if (this.#isJoined) {
      try {
        return await this.call(event, payload);
      } catch (error) {
        if (!isTemporary(error) || error.code === "rate_limited") throw error;
      }
    }
    return this.rest(...rest);
  }

  call(event, payload) {
    if (!this.#isJoined) return Promise.reject(new FlixIMError("offline", "the channel is not joined"));
    return new Promise((resolve, reject) => {
      const settle = (how) => (given) => {
        this.#inFlight.delete(reject);
        how(given);
      };
      this.#inFlight.add(reject);
      this.#channel
        .push(event, payload, this.#options.timeout)
        .receive("ok", settle(resolve))
        .receive("error", settle((reply) =>
          reject(reply?.reason === "unmatched topic" ? new FlixIMError("unavailable", reply.reason) : refusal(reply))))
        .receive("timeout", settle(() => reject(new FlixIMError("timeout", `no answer to ${event}`))));
    });
  }

  async rest(method, path, body) {
    return request(this.#options, this.#options.apiUrl + path, await this.#freshToken(), method, body);
  }

  // --- Listeners ---

  #setState(state, reason) {
    if (state === this.state) return;
    this.state = state;
    this.#emit("state", state, reason);
  }

  // Tells it, and once for all that comes together that something changed.
  #note(name, what) {
    this.#emit(name, what);
    if (this.#hasChanged) return;
    this.#hasChanged = true;
    queueMicrotask(() => {
      this.#hasChanged = false;
      const unread = JSON.stringify(this.model.unread);
      if (unread !== this.#unread) this.#emit("unread", JSON.parse((this.#unread = unread)));
      this.#emit("change");
      this.#refreshStale();
    });
  }

  #emit(name, ...given) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(...given);
      } catch (error) {
        if (name === "error") console.error(error);
        else this.#error(error);
      }
    }
  }

  // Nobody asked for what failed here.
  #error(error) {
    this.#emit("error", error);
  }
}

function receiverOf(conversationId, userId) {
  if (conversationId.startsWith("group:")) return null;
  const ids = conversationId.split(":").slice(1);
  return ids.find((id) => id.length === 36 && id !== userId) ?? null;
}
