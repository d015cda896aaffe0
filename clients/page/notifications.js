// SPDX-License-Identifier: Apache-2.0
/** Notifications on this browser: whose they are, turning them on and off, and where a click on one leads. sw.js shows them. */

import { languageTag } from './texts.js';

/** Where the service worker, which has no session storage, finds whose notifications these are. */
const CACHE = 'flixim-notifications';
const KEPT = '/kept';

/** Whether this browser can have them at all; on an iPhone only once the page is on the home screen. */
export const canNotify = () => isSecureContext && 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

/** The session that notifications of this browser are for, { user, token, device, language }; null: they are off. */
export async function keptSession() {
    try {
        const answer = await caches.match(KEPT, { cacheName: CACHE });
        return answer ? await answer.json() : null;
    } catch {
        return null; // no secure page, or storage is forbidden
    }
}

async function keep(kept) {
    const cache = await caches.open(CACHE);
    await cache.put(KEPT, new Response(JSON.stringify(kept)));
}

/** What a click on a notification left in the address bar of a new window, once: { conversation, user }, or null. */
export function takeDestination() {
    const given = new URLSearchParams(location.hash.slice(1));
    const conversation = given.get('conversation');
    const user = given.get('of');
    if (!conversation || !user) {
        return null;
    }
    history.replaceState(history.state, '', location.pathname + location.search);
    return { conversation, user };
}

/** The worker's URL is a constant; browsers with trusted types want to be told so, by the one policy that the page's allows. */
const workerUrl = globalThis.trustedTypes?.createPolicy('flixim-worker', { createScriptURL: () => '/sw.js' }).createScriptURL('') ?? '/sw.js';

let registration = null;

async function worker() {
    registration ??= await navigator.serviceWorker.register(workerUrl);
    // A subscription wants one that is active.
    return registration.active ? registration : navigator.serviceWorker.ready;
}

const base64url = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** This browser's subscription for the site's key, a new one if there is none. */
async function subscribe(key) {
    const { pushManager } = await worker();
    const had = await pushManager.getSubscription();
    if (had && base64url(had.options.applicationServerKey) === key) {
        return had;
    }
    await had?.unsubscribe();
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** A session's side of it. */
export class Notifications {
    #im;
    #session;
    #changed;
    #closing = null;
    /** Whether this session's notifications come to this browser. */
    isOn = false;

    /** @param {() => void} changed called when isOn may have changed */
    constructor(im, session, changed) {
        this.#im = im;
        this.#session = session;
        this.#changed = changed;
        if (!canNotify()) {
            return;
        }
        // Another tab may be another user's, and have taken them.
        document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && this.#look());
        im.on('unread', ({ total }) => this.isOn && navigator.setAppBadge?.(total).catch(() => {}));
        this.#look().then(() => this.renew()).catch(() => {});
    }

    /** Calls open(conversation) when a notification of this session is clicked. */
    followClicks(open) {
        navigator.serviceWorker?.addEventListener('message', ({ data, ports }) => {
            if (data.ask === 'user') {
                ports[0].postMessage(this.#session.user);
            } else if (data.open) {
                open(data.open);
            }
        });
    }

    async #look() {
        const kept = await keptSession();
        const { user } = this.#session;
        this.isOn = kept?.user === user && Notification.permission === 'granted';
        this.#changed();
    }

    async #register(key) {
        const subscription = await subscribe(key);
        const language = languageTag();
        const before = await keptSession();
        const { id } = await this.#im.registerDevice({ provider: 'web_push', subscription, platform: 'web', locale: language });
        await keep({ ...this.#session, device: id, language });
        if (before?.user === this.#session.user && before.device !== id) {
            await this.#im.removeDevice(before.device);
        }
        await this.#look();
    }

    /**
     * Turns them on: asks the person, so that it has to be called for a click.
     * @param {string} key the site's, of its notification settings
     * @returns {Promise<boolean>} false if the person, or the browser for them, said no
     */
    async turnOn(key) {
        if (await Notification.requestPermission() !== 'granted') {
            return false;
        }
        await this.#register(key);
        return true;
    }

    /** At each start, and in another language: subscriptions change, and the server may have given one up. */
    async renew() {
        if (!this.isOn) {
            return;
        }
        const { web_push_public_key: key } = await this.#im.notificationSettings();
        if (key) {
            await this.#register(key);
        }
    }

    /** Turns them off. What cannot be told the server, it learns from the push service: the subscription is gone either way. */
    async turnOff() {
        const kept = await keptSession();
        if (kept?.user !== this.#session.user) {
            return;
        }
        await caches.delete(CACHE);
        const { pushManager } = await worker();
        await Promise.allSettled([
            pushManager.getSubscription().then(subscription => subscription?.unsubscribe()),
            this.#im.removeDevice(kept.device),
            this.clear(),
            navigator.clearAppBadge?.(),
        ]);
        await this.#look();
    }

    /** Takes a conversation's notifications away, as it is being read; without one all of them. */
    async clear(conversation = null) {
        if (this.isOn || conversation === null) {
            this.#closing ??= worker().then(one => one.getNotifications()).finally(() => { this.#closing = null; });
            for (const shown of await this.#closing) {
                if (conversation === null || shown.data?.conversation === conversation) {
                    shown.close();
                }
            }
        }
    }
}
