// SPDX-License-Identifier: Apache-2.0
/** The open conversation: its head, its messages by day and sender, where it is scrolled to, and that it is read. */

import { noteError } from './banner.js';
import { bubbleOf, summaryOf, timeOf } from './bubble.js';
import { makeComposer } from './composer.js';
import { byId, element, keepInStep } from './dom.js';
import { makeHistory } from './history.js';
import { icon } from './icons.js';
import { openMenu } from './menu.js';
import { dress, isWritable, kindOf, nameOf, titleOf } from './people.js';
import { day, languageTag, text } from './texts.js';

/** Messages of one sender that follow within this time belong together. */
const RUN = 300000;
/** Nearer to the end than this, it is at the end. */
const NEAR = 60;

export class ConversationPane {
    #im;
    #id = null;
    #scroller = byId('scroller');
    #messages = byId('messages');
    #composer;
    #history;
    #changed;
    /** The first message that was unread when the conversation was opened. */
    #firstUnread = null;
    #marked = null;
    #oldest = null;
    #wantsEnd = true;
    /** Called when a conversation was opened. */
    opened = () => {};

    /** @param {() => void} changed asks for all to be shown anew */
    constructor(im, drafts, changed) {
        this.#im = im;
        this.#changed = changed;
        this.#history = makeHistory(im, () => this.show());
        this.#composer = makeComposer(im, drafts, () => this.#id, () => {
            this.#firstUnread = null;
            this.#wantsEnd = true;
            this.show();
        });
        byId('pin').addEventListener('click', () => this.#update('is_pinned'));
        byId('mute').addEventListener('click', () => this.#update('is_muted'));
        byId('to-newest').addEventListener('click', () => {
            this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: 'smooth' });
        });
        this.#scroller.addEventListener('scroll', () => {
            this.#wantsEnd = this.#isAtEnd();
            byId('to-newest').hidden = this.#wantsEnd;
        });
        // A keyboard that comes up, or a growing text field, takes room from below.
        new ResizeObserver(() => this.#wantsEnd && this.#toEnd()).observe(this.#scroller);
        document.addEventListener('visibilitychange', () => this.#markRead());
        window.addEventListener('focus', () => this.#markRead());
        im.on('synced', () => this.#markRead());
    }

    get id() {
        return this.#id;
    }

    get #pair() {
        return this.#im.model.conversations.get(this.#id);
    }

    /** Opens a conversation of the model, or none. */
    async open(id) {
        if (id === this.#id) {
            return;
        }
        this.#id = id;
        this.#firstUnread = null;
        this.#oldest = null;
        this.#wantsEnd = true;
        this.#messages.replaceChildren();
        this.#messages.classList.remove('live');
        byId('open').hidden = id === null;
        byId('nothing').hidden = id !== null;
        byId('chat').classList.toggle('reading', id !== null);
        byId('to-newest').hidden = true;
        if (id === null) {
            this.#history.open(null);
            return;
        }
        byId('composer').hidden = !isWritable(id);
        byId('read-only').hidden = isWritable(id);
        this.opened();
        const unread = this.#pair.unread_count;
        this.#composer.show(this.#pair);
        this.focus();
        await this.#history.open(id, unread);
        if (this.#id === id) {
            const news = this.#im.model.messages(id).filter(one => one.status === 'unread');
            this.#firstUnread = news.length >= unread ? news[0] ?? null : null;
            this.show();
            this.#markRead();
            this.#messages.classList.add('live');
        }
    }

    /** Where one would type next. On touch screens that would bring up the keyboard. */
    focus() {
        if (isWritable(this.#id) && matchMedia('(hover: hover)').matches) {
            this.#composer.focus();
        } else {
            this.#scroller.focus({ preventScroll: true });
        }
    }

    /** Shows the present state of the model. */
    show() {
        if (!this.#id || !this.#pair) {
            return;
        }
        this.#showHead();
        const messages = this.#im.model.messages(this.#id);
        const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
        const does = {
            menu: (message, beside) => openMenu(message, beside, this.#im.userId, this),
            retry: message => this.#im.retry(message.client_message_id),
            discard: message => this.#im.discard(message.client_message_id),
        };
        keepInStep(this.#messages, this.#items(messages), item => item.key, item => item.looks,
            item => item.line ?? bubbleOf(item, does));
        const oldest = messages[0]?.client_message_id ?? null;
        if (this.#wantsEnd) {
            this.#toEnd();
        } else if (oldest !== this.#oldest) {
            // Older ones came above: stay with what is being read.
            this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
        }
        this.#oldest = oldest;
        this.#markRead();
    }

    /** Shows it anew in another language. */
    retell() {
        if (this.#id) {
            this.#history.say();
            this.show();
        }
    }

    #showHead() {
        const { conversation, is_pinned: isPinned, is_muted: isMuted } = this.#pair;
        const kind = kindOf(this.#id);
        const face = kind === 'private' ? conversation.participant_ids.find(user => user !== this.#im.userId) : this.#id;
        dress(byId('open-avatar'), face, this.#id);
        byId('open-name').textContent = titleOf(conversation, this.#im.userId);
        byId('open-detail').textContent = kind === 'group' ? text('members', conversation.participant_ids.length)
            : text(kind === 'private' ? 'private_detail' : kind === 'interaction' ? 'interaction_detail' : 'system_detail');
        for (const [button, drawing, on, key] of [['pin', 'pin', isPinned, isPinned ? 'unpin' : 'pin'],
            ['mute', isMuted ? 'muted' : 'bell', isMuted, isMuted ? 'unmute' : 'mute']]) {
            const node = byId(button);
            node.title = text(key);
            node.setAttribute('aria-label', node.title);
            node.setAttribute('aria-pressed', String(on));
            node.replaceChildren(icon(drawing));
        }
    }

    /** Messages, and the lines between them, with all that each shows as a text. */
    #items(messages) {
        const items = [];
        const me = this.#im.userId;
        const sameRun = (one, other) => one && other && one.sender_id === other.sender_id && one.status !== 'withdrawn' &&
            other.status !== 'withdrawn' && Math.abs(timeOf(one) - timeOf(other)) < RUN &&
            timeOf(one).toDateString() === timeOf(other).toDateString();
        const line = (key, words, kind) =>
            items.push({ key, looks: words, line: element('li', { className: `line ${kind}` }, element('span', {}, words)) });
        let lastDay = null;
        messages.forEach((message, place) => {
            const before = messages[place - 1];
            const date = timeOf(message);
            if (date.toDateString() !== lastDay) {
                lastDay = date.toDateString();
                line(`day ${lastDay}`, day(date), 'day');
            }
            const startsUnread = this.#firstUnread?.id && message.id === this.#firstUnread.id;
            if (startsUnread) {
                line('unread', text('new_messages'), 'unread');
            }
            const isFirst = startsUnread || !sameRun(before, message);
            const isLast = !sameRun(message, messages[place + 1]);
            items.push({
                key: `${message.sender_id} ${message.client_message_id}`, message, me, isFirst, isLast,
                looks: JSON.stringify([languageTag(), isFirst, isLast, message.id, message.status, message.content, message.error,
                    message.server_timestamp]),
            });
        });
        return items;
    }

    #isAtEnd() {
        return this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight < NEAR;
    }

    #toEnd() {
        this.#scroller.scrollTop = this.#scroller.scrollHeight;
    }

    /** Marks read what was received, while somebody can see it. */
    async #markRead() {
        const id = this.#id;
        if (!id || document.visibilityState !== 'visible' || !this.#history.isRead(id) || this.#im.state !== 'online') {
            return;
        }
        const messages = this.#im.model.messages(id);
        // What is counted as unread may be older than what was read so far.
        const newest = messages.findLast(one => one.id && one.status === 'unread') ??
            (this.#pair?.unread_count > 0 ? messages.findLast(one => one.id) : undefined);
        const mark = newest && `${id} ${newest.id}`;
        if (!newest || this.#marked === mark) {
            return;
        }
        this.#marked = mark;
        try {
            await this.#im.markRead(id, newest.id);
        } catch {
            // The next change, or the next time online, asks again.
            this.#marked = null;
        }
    }

    async #update(what) {
        const id = this.#id;
        try {
            await this.#im.updateConversation(id, { [what]: !this.#pair[what] });
        } catch (error) {
            noteError(error);
        }
        this.#changed();
    }

    /** For the menu. */
    recall(message) {
        return this.#im.withdraw(message.id).catch(noteError);
    }

    /** For the menu. */
    remove(message) {
        return this.#im.deleteMessage(message.id).catch(noteError);
    }
}

/** Reads out what comes in. */
export function announceMessages(im) {
    const place = byId('announce');
    im.on('event', event => {
        const message = event.event_type === 'new_message' ? im.model.message(event.payload.id) : null;
        if (message?.status === 'unread' && im.state === 'online') {
            place.append(element('p', {}, text('colon', nameOf(message.sender_id)) + summaryOf(message, im.userId)));
            while (place.childElementCount > 5) {
                place.firstElementChild.remove();
            }
        }
    });
}
