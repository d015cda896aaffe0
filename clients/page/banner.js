// SPDX-License-Identifier: Apache-2.0
/** The state of the connection: a word under the own name, a banner when something is amiss, and passing notes. */

import { byId, element } from './dom.js';
import { hasText, text } from './texts.js';

/** How long a connection may take before it is worth a banner, a message before the server is asked how it is. */
const PATIENCE = 1000;
const SENDING_PATIENCE = 3000;
const HEALTH_EVERY = 2000;

/** Shows a note for a few seconds. */
export function note(words) {
    const shown = element('div', { className: 'note', role: 'alert' }, words);
    document.body.append(shown);
    setTimeout(() => shown.remove(), 5000);
}

/** Says what went wrong with something that was asked for. */
export function noteError(error) {
    note(hasText(error.code ?? '') ? text(error.code) : text('no_luck', error.message));
}

/**
 * Watches a client's connection.
 * @param {object} im the FlixIM
 * @param {() => void} logInAgain
 * @returns {() => void} shows it anew, in a language that has changed
 */
export function watchConnection(im, logInAgain) {
    let since = Date.now();
    let unavailable = false;
    let asking = null;

    /** Asks the server whether its database is there, until it is. */
    function askHealth() {
        asking ??= setTimeout(async () => {
            asking = null;
            try {
                await im.rest('GET', '/health');
                unavailable = false;
            } catch (error) {
                unavailable = error.code === 'unavailable' || error.status === 503;
            }
            show();
            if (unavailable) {
                askHealth();
            }
        }, unavailable ? HEALTH_EVERY : 0);
    }

    function kind() {
        if (im.state === 'refused') {
            return 'refused';
        }
        if (!navigator.onLine) {
            return 'banner_offline';
        }
        if (im.state !== 'online') {
            return Date.now() - since >= PATIENCE ? 'banner_connecting' : null;
        }
        return unavailable ? 'banner_unavailable' : null;
    }

    function show() {
        const banner = byId('banner');
        const key = kind();
        const state = navigator.onLine ? im.state : 'offline';
        byId('me-state').textContent = text(state);
        byId('chat').dataset.state = state;
        if (banner.dataset.shown !== `${key}${text('sent')}`) {
            banner.dataset.shown = `${key}${text('sent')}`;
            banner.hidden = key === null;
            banner.className = key ?? '';
            banner.replaceChildren(...(key ? [text(key)] : []), ...(key === 'refused'
                ? [element('button', { type: 'button', className: 'plain', onclick: logInAgain }, text('log_in_again'))] : []));
        }
    }

    im.on('state', state => {
        since = Date.now();
        if (state === 'online') {
            unavailable = false;
        }
        show();
        setTimeout(show, PATIENCE + 50);
    });
    im.on('error', error => {
        if (error.code === 'unavailable') {
            askHealth();
        }
    });
    // A send is tried again without a word: one that takes long is the sign that something is amiss.
    im.on('message', message => {
        if (message.status === 'sending') {
            setTimeout(() => {
                if (im.state === 'online' && im.model.message(message.client_message_id)?.status === 'sending') {
                    askHealth();
                }
            }, SENDING_PATIENCE);
        }
    });
    window.addEventListener('online', show);
    window.addEventListener('offline', show);
    setTimeout(show, PATIENCE + 50);
    show();
    return show;
}
