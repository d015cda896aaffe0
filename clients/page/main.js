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
import { askAboutNotifications } from './notification_dialog.js';
import { keptSession, Notifications, takeDestination } from './notifications.js';
import { dress, knownPeople, nameOf } from './people.js';
import { askForSession, beginSession, endSession, findSession, followLinks } from './session.js';
import { switchLanguage, text, writeTexts } from './texts.js';

const API = '/api/v1';
/** How long logging out waits for the server to forget this browser. */
const PATIENCE = 3000;

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

/** The button for them says whether they are on. */
function showNotifications(isOn) {
    const button = byId('notifications');
    button.title = text(isOn ? 'notifications_on' : 'notifications_off');
    button.setAttribute('aria-label', button.title);
    button.classList.toggle('on', isOn);
    button.replaceChildren(icon(isOn ? 'bell' : 'muted'));
}

/**
 * Makes the session's parts, and connects.
 * @param {string|null} destination the conversation to open
 */
function start({ user, token }, destination) {
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
    const notifications = new Notifications(im, { user, token }, showSoon);
    // With a token that is no good any more one comes back as the same person: their notifications stay.
    const logInAgain = () => {
        im.disconnect();
        endSession();
        location.reload();
    };
    const logOut = async () => {
        byId('chat').hidden = true;
        await Promise.race([notifications.turnOff(), new Promise(resolve => setTimeout(resolve, PATIENCE))]).catch(() => {});
        logInAgain();
    };
    const showConnection = watchConnection(im, logInAgain);

    /** Opens what a notification was about, once the server has said what came meanwhile. */
    async function openAfterSync(id) {
        await im.connect();
        await im.sync();
        if (!im.model.conversations.has(id)) {
            await im.conversations({ limit: 200 });
        }
        if (im.model.conversations.has(id)) {
            document.querySelector('dialog[open]')?.close();
            choose(id);
        }
    }

    function show() {
        dress(byId('me-avatar'), user);
        byId('me-name').textContent = nameOf(user);
        byId('me-name').title = user;
        showNotifications(notifications.isOn);
        showList(pane.id);
        pane.show();
        if (pane.id && document.visibilityState === 'visible') {
            notifications.clear(pane.id).catch(() => {});
        }
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
    byId('notifications').addEventListener('click', () => askAboutNotifications(im, notifications).catch(noteError));
    notifications.followClicks(id => openAfterSync(id).catch(noteError));
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
        notifications.renew().catch(() => {});
        showConnection();
        pane.retell();
        show();
    });
    byId('chat').hidden = false;
    show();
    im.connect();
    if (destination) {
        openAfterSync(destination).catch(noteError);
    }
}

/** The tab's session; or, where a notification's click opened the tab, the one that notifications of this browser are for. */
async function resumeSession(destination) {
    const session = findSession();
    const kept = session ? null : destination && await keptSession();
    return kept?.user === destination?.user && kept ? beginSession(kept) : session;
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
const destination = takeDestination();
const session = await resumeSession(destination) ?? await askForSession(null);
start(session, destination?.user === session.user ? destination.conversation : null);
