// SPDX-License-Identifier: Apache-2.0
/** Starts a session, and holds the parts of the page together. */

import { FlixIM } from '/js/flixim.js';
import { LongPoll, Socket } from '/vendor/phoenix.mjs';
import { noteError, watchConnection } from './banner.js';
import { Drafts } from './composer.js';
import { announceMessages, ConversationPane } from './conversation.js';
import { askForPeople } from './dialogs.js';
import { byId, soon } from './dom.js';
import { icon } from './icons.js';
import { makeList } from './list.js';
import { dress, knownPeople, nameOf } from './people.js';
import { askForSession, endSession, findSession, followLinks } from './session.js';
import { switchLanguage, writeTexts } from './texts.js';

const API = '/api/v1';

/** What the two views have in common: drawings on buttons, the language. */
function prepare() {
    for (const button of document.querySelectorAll('[data-icon]')) {
        button.append(icon(button.dataset.icon));
    }
    writeTexts();
}

/**
 * How an open conversation is closed. On a phone it is a page of its own: the button that leads back there does so here.
 * @returns {() => void}
 */
function closing(pane, show) {
    const close = () => {
        const id = pane.id;
        pane.open(null);
        show();
        document.getElementById(`line-${id}`)?.focus();
    };
    pane.opened = () => {
        if (matchMedia('(max-width: 699px)').matches && !history.state?.isOpen) {
            history.pushState({ isOpen: true }, '');
        }
    };
    window.addEventListener('popstate', () => pane.id && !history.state?.isOpen && close());
    return () => history.state?.isOpen ? history.back() : close();
}

/** Makes the session's parts, and connects. */
function start({ user, token }) {
    // phoenix can fall back to polling by itself, but would stay with it after any outage.
    const transport = new URLSearchParams(location.search).has('longpoll') ? LongPoll : undefined;
    const im = new FlixIM({ Socket, url: '/socket', apiUrl: API, userId: user, token, transport });
    const drafts = new Drafts(im);
    const showSoon = soon(() => show());
    const pane = new ConversationPane(im, drafts, showSoon);
    const choose = id => {
        pane.open(id).then(showSoon, noteError);
        showSoon();
    };
    const showList = makeList(im, drafts, choose);
    const logOut = () => {
        im.disconnect();
        endSession();
        location.reload();
    };
    const showConnection = watchConnection(im, logOut);

    function show() {
        dress(byId('me-avatar'), user);
        byId('me-name').textContent = nameOf(user);
        byId('me-name').title = user;
        showList(pane.id);
        pane.show();
    }

    async function beginChat() {
        const people = await askForPeople(knownPeople(im.model.list(), user), user);
        if (!people) {
            return;
        }
        try {
            const pair = await im.createConversation(people, people.length === 1 ? 'private' : 'group');
            await pane.open(pair.conversation.conversation_id);
        } catch (error) {
            noteError(error);
        }
        showSoon();
    }

    im.on('change', showSoon);
    im.on('state', showSoon);
    announceMessages(im);
    byId('new-chat').addEventListener('click', beginChat);
    byId('log-out').addEventListener('click', logOut);
    const close = closing(pane, show);
    byId('back').addEventListener('click', close);
    // Marks and drafts of one's other devices come with the list.
    document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'visible' && im.state === 'online') {
            im.conversations({ limit: 50 }).catch(() => {});
        }
    });
    document.addEventListener('keydown', event => {
        if (event.key === 'Escape' && pane.id && !event.isComposing && !document.querySelector('dialog[open], .menu')) {
            close();
        }
    });
    document.addEventListener('languagechanged', () => {
        showConnection();
        pane.retell();
        show();
    });
    byId('chat').hidden = false;
    show();
    im.connect();
}

prepare();
followLinks();
for (const button of document.querySelectorAll('button.language')) {
    button.addEventListener('click', () => {
        switchLanguage();
        writeTexts();
        document.dispatchEvent(new Event('languagechanged'));
    });
}
start(findSession() ?? await askForSession(null));
