// SPDX-License-Identifier: Apache-2.0
/** Who is logged in: by a link's fragment, by the form, or since before a reload; for this tab alone. */

import { byId } from './dom.js';
import { text } from './texts.js';

const KEY = 'flixim-session';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A user's id as it is written everywhere, or null. */
export function asUser(word) {
    const user = word.trim().toLowerCase();
    return UUID.test(user) ? user : null;
}

/** Takes the session of the address bar, if there is one, out of it. Also where a link is opened in a tab that has a session. */
function fromLink() {
    const given = new URLSearchParams(location.hash.slice(1));
    const user = asUser(given.get('user') ?? '');
    const token = given.get('token');
    if (given.has('token')) {
        history.replaceState(history.state, '', location.pathname + location.search);
    }
    return user && token ? { user, token } : null;
}

/** The session of this tab: { user, token }, or null. */
export function findSession() {
    const linked = fromLink();
    if (linked) {
        return beginSession(linked);
    }
    try {
        const kept = JSON.parse(sessionStorage.getItem(KEY));
        return kept?.user && kept?.token ? kept : null;
    } catch {
        return null;
    }
}

/** Keeps a session for this tab; returns it. */
export function beginSession({ user, token }) {
    const session = { user, token };
    sessionStorage.setItem(KEY, JSON.stringify(session));
    return session;
}

/** Forgets the session. */
export function endSession() {
    sessionStorage.removeItem(KEY);
}

/** Starts over when a link for somebody else is opened in this tab. */
export function followLinks() {
    window.addEventListener('hashchange', () => {
        if (new URLSearchParams(location.hash.slice(1)).has('token') && findSession()) {
            location.reload();
        }
    });
}

/**
 * Shows the form, and what is wrong with what it was given before.
 * @param {string|null} problem the key of a text
 * @returns {Promise<{user: string, token: string}>} what was filled in; kept for this tab
 */
export function askForSession(problem) {
    const form = byId('login').querySelector('form');
    const error = form.querySelector('.error');
    const complain = key => {
        error.hidden = !key;
        error.textContent = key ? text(key) : '';
    };
    byId('login').hidden = false;
    complain(problem);
    form.elements.user.focus();
    return new Promise(resolve => {
        form.addEventListener('submit', event => {
            event.preventDefault();
            const user = asUser(form.elements.user.value);
            const token = form.elements.token.value.trim();
            if (!user || !token) {
                complain(user ? 'no_token' : 'no_uuid');
                return;
            }
            form.reset();
            byId('login').hidden = true;
            resolve(beginSession({ user, token }));
        });
    });
}
