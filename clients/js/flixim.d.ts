// SPDX-License-Identifier: Apache-2.0
// The types of flixim.js, and its reference.

import { Conversation, ConversationPair, Content, ContentType, Message, MessageType, Model, ServerEvent, UnreadCounts } from "./model.js";

export * from "./model.js";

/**
 * Where the connection is:
 * - `offline`: not asked for yet, or `disconnect()` was called; nothing is tried.
 * - `connecting`: on its way, or lost and tried again by itself; sends are kept, and go over REST after `restAfter`.
 * - `online`: joined and synced; what the model shows is what the server has.
 * - `refused`: the server refused this user or token. The client tries again by itself, with a fresh token if
 *   `token` is a function, as slowly as phoenix rejoins (1, 2, 5, then every 10 seconds).
 */
export type State = "offline" | "connecting" | "online" | "refused";

/** Where the cursor is kept between visits. `localStorage` fits; methods may also return promises. */
export interface Storage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): void | Promise<void>;
}

export interface Options {
  /** The class `Socket` of the package `phoenix`, 1.5 or newer: this module brings none of its own. */
  Socket: any;
  /** The socket's URL as phoenix takes it, without `/websocket`: `wss://example.org/socket`, or `/socket` in a browser. */
  url: string;
  /** The REST API's URL: `https://example.org/api/v1`, or `/api/v1` in a browser. */
  apiUrl: string;
  /** The user that the token is for. */
  userId: string;
  /** A token, or a function that returns one or a promise of one. A function is asked at every connect, every join and every
   *  REST request: keep the token in it as long as it is good. */
  token: string | (() => string | Promise<string>);
  /** Where the cursor is kept. Default: `localStorage` where there is one, else the memory. With a stored cursor the first sync
   *  brings what is newer; the rest comes from the conversations' list, read after the join, and from `history`. */
  storage?: Storage;
  /** Ignore the stored cursor: the first sync brings all that the server keeps, so that the model is whole. Default false. */
  fromStart?: boolean;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch;
  /** Given to phoenix as its `transport`: a WebSocket class (`ws` in Node below 22) or phoenix's `LongPoll`. */
  transport?: any;
  /** Any other options of phoenix's Socket, such as `longPollFallbackMs` or `heartbeatIntervalMs`. */
  socketOptions?: Record<string, unknown>;
  /** How long a request over the channel may take, in milliseconds. Default 10000. */
  timeout?: number;
  /** After how long without a joined channel a send goes over REST, in milliseconds. Default 5000. */
  restAfter?: number;
  /** First and longest pause between two tries of a send, in milliseconds. Default 500 and 15000. */
  retryMin?: number;
  retryMax?: number;
}

/** What to send, and to whom: `to` (a user, in a private conversation) or `conversationId`. */
export interface Draft {
  to?: string;
  conversationId?: string;
  /** A string is `{ text: string }`. */
  content: string | Content;
  /** Default `text`, or `image` where the content has `image_urls` and no `text`. */
  contentType?: ContentType;
  /** Default `private_message`. */
  messageType?: MessageType;
  /** Any UUID of the application's. */
  referenceId?: string;
}

export type PushProvider = "web_push" | "apns" | "fcm" | "webhook";

/** A device to register: a Web Push subscription, or the token that the platform's push service gave the application. */
export interface DeviceDraft {
  provider: PushProvider;
  /** Not for Web Push. */
  token?: string;
  /** For Web Push: what `registration.pushManager.subscribe()` resolved to, or its JSON. */
  subscription?: PushSubscription | { endpoint: string; keys: { p256dh: string; auth: string } };
  /** What it is: `web`, `ios`, `android`, ... */
  platform?: string;
  /** The language of what is shown on it, such as `en` or `zh-CN`. */
  locale?: string;
  /** Which of the site's apps: the bundle id of APNs. */
  appId?: string;
}

export interface Device {
  id: string;
  provider: PushProvider;
  app_id: string | null;
  /** Of a Web Push subscription: its endpoint. */
  token: string;
  platform: string | null;
  locale: string | null;
  /** `disabled`: the push service said that it is gone. Registering it again enables it. */
  status: "active" | "disabled";
  disabled_reason: string | null;
  inserted_at: string;
  updated_at: string;
}

/** Hours of the day without notifications, as clocks of a time zone (of the IANA's names) show them: `22:00` to `08:00`. */
export interface QuietHours {
  from: string;
  until: string;
  time_zone: string;
}

export interface NotificationChange {
  /** Null: none. */
  quiet_hours?: QuietHours | null;
  /** Types that are left out stay. */
  message_types?: Partial<Record<MessageType, boolean>>;
  /** Whether notifications have the message's text. */
  show_text?: boolean;
}

export interface NotificationSettings extends NotificationChange {
  quiet_hours: QuietHours | null;
  message_types: Record<MessageType, boolean>;
  show_text: boolean;
  /** The `applicationServerKey` to subscribe with; null: the site does no Web Push. */
  web_push_public_key: string | null;
  updated_at: string | null;
}

/** Why a request failed. `code` is the server's (`conversation_not_found`, `withdraw_window_closed`, `rate_limited`, ...) or one of
 *  ours: `offline` (nothing was sent), `timeout` and `unavailable` (whether it took effect is unknown), `refused` (by a server without codes). */
export class FlixIMError extends Error {
  readonly code: string;
  /** Of a refused field, a sentence each. */
  readonly fields?: Record<string, string>;
  /** The HTTP status, where the request went over REST. */
  readonly status?: number;
}

export interface Events {
  /** The state changed. `reason` says why it is `refused`. */
  state: (state: State, reason?: string) => void;
  /** An event of the server's, live or by sync: each id once, in order, after the model took it. */
  event: (event: ServerEvent) => void;
  /** A message is new or changed in the model, whatever the cause: send, acknowledgement, event, history. */
  message: (message: Message) => void;
  /** A conversation or the caller's part in it (unread_count, draft, ...) is new or changed. */
  conversation: (pair: ConversationPair) => void;
  /** The unread counters changed. */
  unread: (counts: UnreadCounts) => void;
  /** Any of the above three happened: called once for all that came together, in a microtask. Enough for a page that renders. */
  change: () => void;
  /** The client has caught up after a join; `cursor` is the position. */
  synced: (cursor: string) => void;
  /** The server no longer keeps what happened since the cursor: lists were read anew; read open histories again. */
  resync: () => void;
  /** Something went wrong in the background that the application may want to log. */
  error: (error: Error) => void;
}

/**
 * One user's connection.
 *
 * ```js
 * import { Socket } from "phoenix";
 * import { FlixIM } from "flixim";
 * const im = new FlixIM({ Socket, url: "/socket", apiUrl: "/api/v1", userId, token: () => freshToken() });
 * im.on("change", render);
 * im.connect();
 * im.send({ to: friend, content: "Hello" });
 * ```
 */
export class FlixIM {
  constructor(options: Options);

  readonly userId: string;
  readonly state: State;
  /** The position up to which events were handled; "" at the very start. It is stored after the handlers have run, and never goes back. */
  readonly cursor: string;
  /** All that is known: render from it. The client changes it; do not. */
  readonly model: Model;

  on<Name extends keyof Events>(name: Name, listener: Events[Name]): this;
  off<Name extends keyof Events>(name: Name, listener: Events[Name]): this;

  /** Connects and keeps connected. Resolves when first `online`; nobody has to wait for it. */
  connect(): Promise<void>;
  /** Closes the connection for good; a later `connect()` opens it again. Messages being sent stay `sending` and go on then. */
  disconnect(): void;

  /**
   * Sends a message. It is in the model at once, `sending`, and returned; it is tried, always with the same
   * `client_message_id`, until the server acknowledges it (`sent`) or refuses it (`failed`, with `error`), through lost
   * connections too. Messages into one conversation go in order. Follow it with the event `message`.
   */
  send(draft: Draft): Message;
  /** Tries a `failed` message again, with the same `client_message_id`. */
  retry(clientMessageId: string): Message;
  /** Takes a `failed` message out of the model. */
  discard(clientMessageId: string): void;

  /** Marks read what the caller received in a conversation, up to a message (default: the newest in the model). Resolves to how many
   *  that changed. */
  markRead(conversationId: string, lastReadMessageId?: string): Promise<number>;
  /** Marks single messages read, over REST. */
  markReadMessages(messageIds: string[]): Promise<number>;
  markAllRead(): Promise<number>;
  /** Withdraws a message of the caller's own, within two minutes of sending. */
  withdraw(messageId: string): Promise<void>;
  /** Deletes a message for the caller alone. */
  deleteMessage(messageId: string): Promise<void>;
  /** A page of a conversation, newest first; also into the model. `beforeId` (a message's id) pages on. */
  history(conversationId: string, options?: { limit?: number; before?: string; beforeId?: string }): Promise<Message[]>;
  /** A page of the caller's conversations, latest activity first; also into the model. Called by itself for the first pages after the join. */
  conversations(options?: { limit?: number; offset?: number }): Promise<ConversationPair[]>;
  /** Opens the private conversation with one other user (the same every time), or makes a group. */
  createConversation(participantIds: string[], type?: "private" | "group"): Promise<ConversationPair>;
  /** Pins, mutes, or keeps a draft; what is left out stays. */
  updateConversation(conversationId: string, change: { is_pinned?: boolean; is_muted?: boolean; draft?: string | null }): Promise<ConversationPair>;
  /** The server's own count of what is unread, over REST. `model.unread` is the client's. */
  unreadCount(): Promise<UnreadCounts>;
  /** One message, over REST. */
  message(messageId: string): Promise<Message>;
  /** The caller's messages of all conversations, newest first, over REST. */
  messages(options?: { limit?: number; offset?: number; message_type?: MessageType; status?: string; before_id?: string }): Promise<Message[]>;
  /** Catches up now; done by itself after every join. Useful when a push service woke the application. */
  sync(): Promise<void>;

  /** Registers this device, or tells its new locale: the user is then notified on it of what no connection brings. Do it at each start of
   *  the application, since tokens and subscriptions change. A device belongs to whoever registered it last. */
  registerDevice(device: DeviceDraft): Promise<Device>;
  /** The user's devices. */
  devices(): Promise<Device[]>;
  /** Takes a device away, when its user logs out there; one that is gone is no error. */
  removeDevice(deviceId: string): Promise<void>;
  /** What the user is notified of. */
  notificationSettings(): Promise<NotificationSettings>;
  /** Changes it; what is left out stays. */
  setNotificationSettings(change: NotificationChange): Promise<NotificationSettings>;

  /** Any request over the channel; rejects with a FlixIMError. */
  call(event: string, payload: object): Promise<any>;
  /** Any request over REST; resolves to the answer's `data`. */
  rest(method: string, path: string, body?: object): Promise<any>;
}
