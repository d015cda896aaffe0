// SPDX-License-Identifier: Apache-2.0
/** Writing: Enter sends, Shift+Enter makes a line; what is not sent yet is kept as the conversation's draft. */

import { byId } from './dom.js';

const KEEP_AFTER = 600;
const TRY_AGAIN_AFTER = 5000;

/** Drafts, by conversation: those that the server does not have yet, and what it has. */
export class Drafts {
    #im;
    #mine = new Map();
    #timers = new Map();
    #busy = new Set();

    constructor(im) {
        this.#im = im;
        im.on('state', state => {
            if (state === 'online') {
                this.keepAll();
            }
        });
        document.addEventListener('visibilitychange', () => {
            if (document.visibilityState === 'hidden') {
                this.keepAll();
            }
        });
        window.addEventListener('pagehide', () => this.keepAll());
    }

    /** The draft of a conversation as the model has it, or as it was changed here since. */
    draftOf(pair) {
        return this.#mine.get(pair.conversation.conversation_id) ?? pair.draft ?? '';
    }

    /** Changes a draft; the server hears of it when the writing pauses, or at once. */
    change(id, draft, { atOnce = false } = {}) {
        this.#mine.set(id, draft);
        clearTimeout(this.#timers.get(id));
        this.#timers.set(id, setTimeout(() => this.#keep(id), KEEP_AFTER));
        if (atOnce) {
            this.#keep(id);
        }
    }

    /** Keeps all that waits for its pause. */
    keepAll() {
        for (const id of this.#mine.keys()) {
            this.#keep(id);
        }
    }

    async #keep(id) {
        clearTimeout(this.#timers.get(id));
        this.#timers.delete(id);
        // One at a time, so that the last word stays the last.
        if (this.#busy.has(id) || !this.#mine.has(id)) {
            return;
        }
        const draft = this.#mine.get(id);
        if ((this.#im.model.conversations.get(id)?.draft ?? '') === draft) {
            this.#mine.delete(id);
            return;
        }
        this.#busy.add(id);
        let isLater = false;
        try {
            await this.#im.updateConversation(id, { draft: draft === '' ? null : draft });
        } catch (error) {
            isLater = ['offline', 'timeout', 'unavailable', 'rate_limited'].includes(error.code);
        }
        this.#busy.delete(id);
        if (isLater) {
            this.#timers.set(id, setTimeout(() => this.#keep(id), TRY_AGAIN_AFTER));
        } else if (this.#mine.get(id) === draft) {
            this.#mine.delete(id);
        } else {
            // It went on meanwhile.
            this.#keep(id);
        }
    }
}

/**
 * The place to write in.
 * @param {object} im the FlixIM
 * @param {Drafts} drafts
 * @param {() => string|null} openId the conversation that is open
 * @param {() => void} sent called after something was sent
 * @returns {{ show: (pair) => void, focus: () => void }}
 */
export function makeComposer(im, drafts, openId, sent) {
    const form = byId('composer');
    const area = form.elements.text;

    const fit = () => {
        area.style.setProperty('height', 'auto');
        area.style.setProperty('height', `${area.scrollHeight}px`);
        form.classList.toggle('empty', area.value.trim() === '');
    };
    area.addEventListener('input', () => {
        fit();
        drafts.change(openId(), area.value);
    });
    area.addEventListener('keydown', event => {
        // Enter also ends the choice of a Chinese word; that one sends nothing.
        if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
            event.preventDefault();
            form.requestSubmit();
        }
    });
    form.addEventListener('submit', event => {
        event.preventDefault();
        const words = area.value.trim();
        if (words === '' || !openId()) {
            return;
        }
        area.value = '';
        fit();
        im.send({ conversationId: openId(), content: words });
        drafts.change(openId(), '', { atOnce: true });
        area.focus();
        sent();
    });
    return {
        /** Shows the draft of a conversation that was just opened. */
        show(pair) {
            area.value = drafts.draftOf(pair);
            fit();
        },
        focus: () => area.focus(),
    };
}
