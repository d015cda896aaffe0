// SPDX-License-Identifier: Apache-2.0
/* The service worker: shows what the server pushes while no window of the page is connected, and leads a click to its conversation. */

/* Whose notifications these are: what notifications.js keeps, { user, token, language }; null for nobody's. */
async function readKept() {
    const answer = await caches.match('/kept', { cacheName: 'flixim-notifications' });
    return answer ? answer.json() : null;
}

/* Shown for whoever is not known here: somebody has logged out, and this was under way. */
const NOTHING_SAID = { en: 'There is a new message', 'zh-CN': '有一条新消息' };

/* The page's windows; the site may have others. */
async function windows() {
    const all = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
    return all.filter(one => new URL(one.url).pathname === '/');
}

/* A browser wants to see a notification for each push, even if a window is there that shows the message by then: that one makes no sound. */
async function show(pushed) {
    const kept = await readKept();
    const isTheirs = kept !== null && kept.user === pushed.user_id;
    const tag = isTheirs && pushed.collapse ? pushed.collapse : 'flixim';
    const [before] = await self.registration.getNotifications({ tag });
    const isSeen = (await windows()).some(one => one.focused);
    const isAgain = before !== undefined && before.data.push_id === pushed.push_id;
    await self.registration.showNotification(isTheirs && pushed.title ? pushed.title : 'Flix IM', {
        body: isTheirs ? pushed.text ?? '' : NOTHING_SAID[kept?.language] ?? NOTHING_SAID.en,
        tag,
        // The next message of a conversation takes the place of the last one and is heard; the same push a second time is not.
        renotify: !isAgain && !isSeen,
        silent: isSeen || isAgain,
        timestamp: Date.parse(pushed.server_timestamp) || Date.now(),
        icon: '/page/icon.png',
        data: isTheirs ? { push_id: pushed.push_id, user: pushed.user_id, conversation: pushed.conversation_id } : { push_id: pushed.push_id },
    });
    if (isTheirs && self.navigator.setAppBadge) {
        await self.navigator.setAppBadge(Number(pushed.badge) || 0).catch(() => {});
    }
}

self.addEventListener('push', event => {
    let pushed = {};
    try {
        pushed = event.data.json() ?? {};
    } catch {
        // Something has to be shown all the same.
    }
    event.waitUntil(show(pushed));
});

/* A window of the page that is logged in as this user: each tab may have a user of its own. A tab that is frozen gives no answer. */
async function windowOf(user) {
    const asked = (await windows()).map(client => new Promise(resolve => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data === user ? client : null);
        setTimeout(resolve, 400, null);
        client.postMessage({ ask: 'user' }, [port2]);
    }));
    const theirs = (await Promise.all(asked)).filter(Boolean);
    return theirs.find(client => client.focused) ?? theirs.find(client => client.visibilityState === 'visible') ?? theirs[0] ?? null;
}

async function open({ user, conversation }) {
    const client = user ? await windowOf(user) : (await windows())[0] ?? null;
    if (!client) {
        const place = user ? `/#conversation=${encodeURIComponent(conversation)}&of=${user}` : '/';
        await self.clients.openWindow(place);
        return;
    }
    if (user) {
        client.postMessage({ open: conversation });
    }
    await client.focus();
}

self.addEventListener('notificationclick', event => {
    event.notification.close();
    event.waitUntil(open(event.notification.data ?? {}));
});

/* The browser has another subscription: the server learns of it at once, and if that fails at the page's next start. */
async function tellServer(old, given) {
    const kept = await readKept();
    const subscription = given ?? (old && await self.registration.pushManager.subscribe(old.options));
    if (!kept || !subscription) {
        return;
    }
    const { endpoint, keys } = subscription.toJSON();
    const device = { provider: 'web_push', subscription: { endpoint, keys }, platform: 'web', locale: kept.language };
    const headers = { Authorization: `Bearer ${kept.token}`, 'Content-Type': 'application/json' };
    const answer = await fetch('/api/v1/devices', { method: 'POST', headers, body: JSON.stringify(device) });
    const { data } = answer.ok ? await answer.json() : {};
    if (data && data.id !== kept.device) {
        const cache = await caches.open('flixim-notifications');
        await cache.put('/kept', new Response(JSON.stringify({ ...kept, device: data.id })));
        await fetch(`/api/v1/devices/${kept.device}`, { method: 'DELETE', headers });
    }
}

self.addEventListener('pushsubscriptionchange', event => event.waitUntil(tellServer(event.oldSubscription, event.newSubscription)));

self.addEventListener('install', () => self.skipWaiting());
