// SPDX-License-Identifier: Apache-2.0
// The types of model.js: the API's objects, and the state that events, syncs and lists add up to.

export type ContentType = "text" | "image" | "product" | "order" | "comment" | "like" | "favorite" | "system";
export type MessageType = "system_notification" | "system_announcement" | "interaction" | "private_message";

/** `sending` and `failed` are the client's own; the others are how the server shows the message to this user. A withdrawn message
 *  has an empty `content`. */
export type Status = "sending" | "failed" | "sent" | "unread" | "read" | "withdrawn" | "deleted";

export interface Content {
  text?: string | null;
  image_urls?: string[] | null;
  title?: string | null;
  deep_link?: string | null;
  [key: string]: unknown;
}

export interface Message {
  /** The server's id; null until it is acknowledged. */
  id: string | null;
  client_message_id: string;
  conversation_id: string;
  sender_id: string;
  /** Null in a group. */
  receiver_id: string | null;
  content: Content;
  content_type: ContentType;
  message_type: MessageType;
  status: Status;
  reference_id: string | null;
  /** Null until it is acknowledged. */
  server_timestamp: string | null;
  client_timestamp: string | null;
  inserted_at: string | null;
  updated_at: string | null;
  /** Why it `failed`: the server's code and sentence. */
  error?: { code: string; reason: string; fields?: Record<string, string> };
}

export interface Conversation {
  id: string | null;
  conversation_id: string;
  type: "private" | "group" | "system";
  participant_ids: string[];
  last_message_id: string | null;
  last_message_content: string | null;
  last_message_timestamp: string | null;
  inserted_at?: string;
  updated_at?: string;
}

export interface ConversationPair {
  conversation: Conversation;
  unread_count: number;
  is_pinned: boolean;
  is_muted: boolean;
  last_read_message_id: string | null;
  draft: string | null;
}

export interface UnreadCounts {
  total: number;
  system_notification: number;
  system_announcement: number;
  interaction: number;
  private_message: number;
}

export interface ServerEvent {
  id: string;
  event_type: "new_message" | "message_status_update" | "message_recalled";
  /** A Message for `new_message`; else `message_id`, `conversation_id`, `status`, `updated_at`. */
  payload: any;
  event_timestamp: string;
  target_user_id: string;
}

/**
 * A user's conversations, messages and unread counters as they follow from what the server said, without any connection.
 * All methods may be told the same thing again: nothing is counted twice.
 */
export class Model {
  constructor(userId: string);

  readonly userId: string;
  /** By conversation id. */
  readonly conversations: Map<string, ConversationPair>;
  /** Sums over the conversations, by the type of their messages. */
  readonly unread: UnreadCounts;

  /** Takes an event, live or of a sync. False if its id was seen before (of the last 10,000) and nothing was done. */
  apply(event: ServerEvent): boolean;
  /** Takes a message as a list, a history, a REST sync or a send gives it: the newer view wins. Returns ours. */
  putMessage(message: Message): Message;
  /** Takes a conversation as the server lists it. Its unread counter replaces ours. */
  putConversation(pair: ConversationPair): void;
  /** What `mark_read` did here: everything received in the conversation up to a message is read. */
  markRead(conversationId: string, lastReadMessageId: string, updatedCount?: number): void;
  /** A single message's new status. */
  setStatus(messageId: string, status: Status, updatedAt?: string): void;
  /** Of a message that is being sent: `failed` with its error, or `sending` again. */
  setPending(message: Message, status: "sending" | "failed", error?: Message["error"]): void;
  /** Takes a failed message out. */
  discard(message: Message): void;
  /** Forgets everything but what is being sent. */
  reset(): void;

  /** A conversation's messages, oldest first, what is being sent last; deleted ones are left out. */
  messages(conversationId: string): Message[];
  /** By the server's id or the client_message_id. */
  message(id: string): Message | undefined;
  /** Conversations, pinned ones first, then by last activity, newest first. */
  list(): ConversationPair[];
  /** Conversations of which something changed that the model cannot count by itself (it never saw the message): to be read anew. */
  takeStale(): string[];

  /** Called with what changed; `FlixIM` sets it. */
  onMessage: ((message: Message) => void) | null;
  onConversation: ((pair: ConversationPair) => void) | null;
}

/** The id of the private conversation of two users. */
export function privateConversationId(one: string, other: string): string;
