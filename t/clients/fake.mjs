// SPDX-License-Identifier: Apache-2.0
// A small Flix IM of one user in memory, WebSocket (V2) and REST on one port: what the module's unit tests talk to.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

export const ME = "11111111-1111-4111-8111-111111111111";
export const YOU = "22222222-2222-4222-8222-222222222222";
export const CONVERSATION = `private:${ME}:${YOU}`;

const stamp = (n) => new Date(Date.UTC(2025, 3, 10) + n).toISOString();
const uuid = (n) => `01961c00-0000-7000-8000-${String(n).padStart(12, "0")}`;

export class Fake {
  events = []; // all there are, in order
  calls = []; // [event, payload] on the channel, ["POST /messages", body] over REST
  answers = {}; // by event: functions (payload) => [status, response], or null for no answer
  rest = {}; // by "METHOD /path": functions (body, url) => [status, json, headers]
  messages = new Map(); // by client_message_id
  pageSize = 500;
  isRefusing = false;
  #clock = 0;
  #sockets = new Set();

  async start() {
    this.http = createServer((request, response) => this.#request(request, response));
    const websockets = new WebSocketServer({ noServer: true });
    this.http.on("upgrade", (request, socket, head) => {
      this.query = new URL(request.url, "http://x").searchParams;
      if (this.isRefusing) return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
      websockets.handleUpgrade(request, socket, head, (websocket) => {
        this.#sockets.add(websocket);
        websocket.on("close", () => this.#sockets.delete(websocket));
        websocket.on("message", (text) => this.#frame(websocket, JSON.parse(text)));
      });
    });
    await new Promise((done) => this.http.listen(0, "127.0.0.1", done));
    this.port = this.http.address().port;
    return this;
  }

  stop() {
    this.cut();
    this.http.closeAllConnections();
    return new Promise((done) => this.http.close(done));
  }

  cut() {
    for (const websocket of this.#sockets) websocket.terminate();
  }

  get connections() {
    return this.#sockets.size;
  }

  message(fields) {
    const n = ++this.#clock;
    return { id: uuid(n), client_message_id: uuid(900000 + n), conversation_id: CONVERSATION, sender_id: YOU, receiver_id: ME,
      content: { text: `message ${n}` }, content_type: "text", message_type: "private_message", status: "unread", reference_id: null,
      server_timestamp: stamp(n), client_timestamp: null, inserted_at: stamp(n), updated_at: stamp(n), ...fields };
  }

  event(event_type, payload) {
    const n = ++this.#clock;
    const event = { id: uuid(500000 + n), event_type, payload, event_timestamp: stamp(n), target_user_id: ME };
    this.events.push(event);
    return event;
  }

  arrive(fields) {
    return this.event("new_message", this.message(fields));
  }

  status(event_type, message_id, status) {
    return this.event(event_type, { message_id, conversation_id: CONVERSATION, status, updated_at: stamp(this.#clock + 1) });
  }

  push(event) {
    for (const websocket of this.#sockets) websocket.send(JSON.stringify([null, null, `user:${ME}`, "event", event]));
  }

  #frame(websocket, [joinRef, ref, topic, event, payload]) {
    const reply = (status, response) => websocket.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status, response }]));
    if (event === "heartbeat" || event === "phx_leave") return reply("ok", {});
    this.calls.push([event, payload]);
    const answer = (this.answers[event] ?? ((given) => this.#answer(event, given)))(payload);
    if (answer) reply(...answer);
  }

  #answer(event, payload) {
    if (event === "phx_join") return ["ok", { last_sync_timestamp: this.events.at(-1)?.event_timestamp ?? "" }];
    if (event === "sync") {
      const events = this.events.filter((e) => e.event_timestamp > payload.last_sync_timestamp);
      const page = events.slice(0, this.pageSize);
      const last = page.at(-1)?.event_timestamp ?? (payload.last_sync_timestamp || stamp(0));
      return ["ok", { events: page, new_last_sync_timestamp: last, has_more: events.length > page.length, resync_required: false }];
    }
    if (event === "send_message") return ["ok", this.#send(payload)];
    if (event === "get_conversations") return ["ok", { conversations: [] }];
    return ["error", { reason: "unknown event", code: "unknown_event" }];
  }

  #send({ client_message_id, content }) {
    if (!this.messages.has(client_message_id))
      this.messages.set(client_message_id, this.message({ client_message_id, content, sender_id: ME, receiver_id: YOU, status: "sent" }));
    const { id: message_id, server_timestamp, status } = this.messages.get(client_message_id);
    return { client_message_id, message_id, server_timestamp, status };
  }

  async #request(request, response) {
    const url = new URL(request.url, "http://x");
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = text ? JSON.parse(text) : undefined;
    const name = `${request.method} ${url.pathname}`;
    this.calls.push([name, body]);
    this.authorization = request.headers.authorization;
    const send = () => (this.#send(body), [201, { success: true, message: "", data: this.messages.get(body.client_message_id) }]);
    const handle = this.rest[name] ?? (name === "POST /messages" ? send : () => [404, { success: false, message: "", error: { code: "not_found" } }]);
    const [status, json, headers] = handle(body, url);
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(json));
  }
}
