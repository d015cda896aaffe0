// SPDX-License-Identifier: Apache-2.0
/** Scrolling back: reads the pages of a conversation's history as their place comes into view. */

import { byId, element } from './dom.js';
import { text } from './texts.js';

const PAGE = 30;
/** The server gives no more at once. */
const MOST = 200;

/**
 * Watches the upper end of the messages.
 * @param {object} im the FlixIM
 * @param {() => void} show called when something came
 */
export function makeHistory(im, show) {
    const place = byId('older');
    /** By conversation: 'some' more to read, 'none'; missing: nothing was read yet. */
    const ends = new Map();
    let id = null;
    let reading = null;
    let failed = false;

    function say() {
        const end = ends.get(id);
        place.replaceChildren(failed
            ? element('button', { type: 'button', className: 'plain', onclick: () => read() }, text('load_failed'))
            : end === 'none' ? text('beginning') : element('span', { className: 'spinner', role: 'status', 'aria-label': text('loading') }));
    }

    async function read(limit = PAGE) {
        if (!id || reading === id || ends.get(id) === 'none') {
            return;
        }
        const mine = id;
        reading = mine;
        failed = false;
        say();
        try {
            // What the model has, it has without a gap up to now: the page before it is what is missing.
            const oldest = ends.has(mine) ? im.model.messages(mine).find(message => message.id) : null;
            const page = await im.history(mine, { limit, ...(oldest ? { beforeId: oldest.id } : {}) });
            ends.set(mine, page.length < limit ? 'none' : 'some');
        } catch (error) {
            failed = mine === id && error.code !== 'conversation_not_found';
            if (!failed) {
                ends.set(mine, 'none');
            }
        }
        if (reading === mine) {
            reading = null;
        }
        if (mine === id) {
            say();
            show();
            // Still in view, it would say so no second time.
            watcher.unobserve(place);
            if (!failed) {
                watcher.observe(place);
            }
        }
    }

    const watcher = new IntersectionObserver(entries => {
        if (entries.at(-1).isIntersecting) {
            read();
        }
    }, { root: byId('scroller'), rootMargin: '300px 0px 0px 0px' });

    im.on('resync', () => {
        ends.clear();
        read();
    });
    im.on('state', state => {
        if (state === 'online' && failed) {
            read();
        }
    });

    return {
        /** Begins with a conversation that was just opened. Resolves when its newest page, and what is unread, is there. */
        async open(conversationId, unread = 0) {
            id = conversationId;
            failed = false;
            watcher.unobserve(place);
            if (id && !ends.has(id)) {
                await read(Math.min(Math.max(PAGE, 2 * unread + 10), MOST));
            } else if (id) {
                say();
                watcher.observe(place);
            }
        },
        /** Whether the newest page is there. */
        isRead: conversationId => ends.has(conversationId),
        say,
    };
}
