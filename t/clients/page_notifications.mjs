// SPDX-License-Identifier: Apache-2.0
// The chat page's notifications: a service worker that is handed pushes by DevTools as by a vendor's server, which subscribing would need as well;
// so that one method of the browser's is played. Run by t/push/page_notifications.t.

import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';

import { becomes, Browser, done, harness, is, ok } from './browser.mjs';

// Besides, subscriptions whose endpoints and keys are a server's of the test.
const { base, users, subscriptions } = JSON.parse(process.env.FLIXIM_PAGE);
const { alice, bob, carol } = users;
const vendor = new URL(subscriptions[0].endpoint).origin;
const privately = (one, other) => `private:${[one.id, other.id].sort().join(':')}`;
const conversation = privately(alice, bob);

const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

const browser = await Browser.start(base);
const devtools = new Map();

async function api(user, method, path, body) {
    const answer = await fetch(`${base}/api/v1${path}`, {
        method, headers: { Authorization: `Bearer ${user.token}`, ...(body && { 'Content-Type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) {
        throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    }
    return (await answer.json()).data;
}

/** A message over REST. */
const post = (from, to, text) => api(from, 'POST', '/messages', {
    receiver_id: to.id, content: { text }, message_type: 'private_message', content_type: 'text', client_message_id: randomUUID(),
});

/** What the daemon would push of a message, in the words of its notification.h. */
const pushOf = (message, to, more = {}) => ({
    push_id: randomUUID(), event: 'new_message', user_id: to.id, message_id: message.id, conversation_id: message.conversation_id,
    message_type: message.message_type, content_type: message.content_type, sender_id: message.sender_id,
    server_timestamp: message.server_timestamp, title: 'New message', text: message.content.text, badge: 1, collapse: 'c'.repeat(32), ...more,
});

const lineOf = (page, id) => page.locator(`#conversations > [data-key="${id}"]`);
const saying = (page, words) => page.locator('#messages .message').filter({ hasText: words });
const bell = page => page.locator('#notifications');
const here = page => page.locator('dialog input[name=here]');

async function picture(page, name) {
    const folder = process.env.FLIXIM_SCREENSHOTS;
    if (folder) {
        mkdirSync(folder, { recursive: true });
        await page.waitForTimeout(400);
        await page.screenshot({ path: `${folder}/${name}.png` });
    }
}

/** A browser's push service, as far as the page sees it: it has these subscriptions to give, and remembers in its storage which it gave. */
function playPushManager(given) {
    const stored = () => JSON.parse(localStorage.getItem('played-subscription'));
    const bytes = text => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), it => it.charCodeAt(0)).buffer;
    const subscription = it => it && {
        options: { applicationServerKey: bytes(it.key), userVisibleOnly: true },
        toJSON: () => it.json,
        unsubscribe: async () => {
            localStorage.removeItem('played-subscription');
            return true;
        },
    };
    PushManager.prototype.getSubscription = async () => subscription(stored());
    PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey: key }) => {
        if (!userVisibleOnly || stored()) {
            throw new Error('not as a browser would have it');
        }
        const count = Number(localStorage.getItem('played-count')) + 1;
        localStorage.setItem('played-count', count);
        localStorage.setItem('played-subscription', JSON.stringify({ key, json: given[count - 1] }));
        return subscription(stored());
    };
}

/** A profile that may show notifications, with a window of a user's in it. */
async function open(user, options = {}) {
    const page = await browser.open(null, options);
    await page.context().grantPermissions(['notifications'], { origin: base });
    await page.context().addInitScript(playPushManager, subscriptions.splice(0, 2));
    await page.goto(`${base}/?#user=${user.id}&token=${user.token}`);
    await page.locator('#chat[data-state=online]').waitFor();
    return page;
}

/** Another tab of the same profile. */
async function tab(context, user) {
    const page = await context.newPage();
    browser.watch(page);
    if (user) {
        await page.goto(`${base}/#user=${user.id}&token=${user.token}`);
    }
    return page;
}

/** Turns notifications on by hand, and finds the worker. */
async function turnOn(page) {
    await bell(page).click();
    await here(page).click();
    await becomes(() => here(page).isEnabled().then(it => it && here(page).isChecked()), 'they are on');
    await page.keyboard.press('Escape');
    return page.context().serviceWorkers()[0] ?? page.context().waitForEvent('serviceworker');
}

/** Hands the worker of a page's profile a push. */
async function deliver(page, pushed) {
    const context = page.context();
    if (!devtools.has(context)) {
        const session = await context.newCDPSession(page);
        const known = new Map();
        session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) =>
            registrations.forEach(it => known.set(it.scopeURL, it.registrationId)));
        await session.send('ServiceWorker.enable');
        await becomes(() => known.has(`${base}/`), 'the browser knows the worker');
        devtools.set(context, { session, registrationId: known.get(`${base}/`) });
    }
    const { session, registrationId } = devtools.get(context);
    await session.send('ServiceWorker.deliverPushMessage', { origin: base, registrationId, data: typeof pushed === 'string' ? pushed : JSON.stringify(pushed) });
}

/** What is on the screen, as the worker sees it. */
const shown = worker => worker.evaluate(async () => (await self.registration.getNotifications())
    .map(({ title, body, tag, data, silent }) => ({ title, body, tag, data, silent })));
const closeAll = worker => worker.evaluate(async () => (await self.registration.getNotifications()).forEach(it => it.close()));
/**
 * What a finger would do: DevTools has no click on a notification, and an event that was made by hand may neither open nor focus a window.
 * So what it asks for is noted.
 * @returns {Promise<string>} the address it would open, or "focus URL"
 */
async function click(worker, tag) {
    await worker.evaluate(async wanted => {
        self.asked = null;
        Clients.prototype.openWindow = async url => { self.asked = url; };
        WindowClient.prototype.focus = async function focus() { self.asked = `focus ${this.url}`; };
        const [notification] = await self.registration.getNotifications({ tag: wanted });
        self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
    }, tag);
    await becomes(() => worker.evaluate(() => self.asked !== null), 'a click asks for a window');
    return worker.evaluate(() => self.asked);
}

const parts = {
    async key() {
        await becomes(() => api(alice, 'GET', '/settings/notifications').then(it => /^B[\w-]{86}$/.test(it.web_push_public_key)), 'the daemon has told its key');
    },

    async settings() {
        const page = await open(alice, { timezoneId: 'Asia/Shanghai' });
        ok(!await bell(page).evaluate(it => it.classList.contains('on')), 'at first they are off');
        await bell(page).click();
        await becomes(() => page.locator('dialog').isVisible(), 'the bell opens a dialog');
        await page.locator('dialog [name=quiet]').click();
        await page.locator('dialog [name=from]').fill('22:30');
        await page.locator('dialog [name=until]').fill('22:30');
        await page.locator('dialog .primary').click();
        await becomes(() => page.locator('dialog .error').isVisible(), 'quiet hours without an end are told');
        await page.locator('dialog [name=until]').fill('07:15');
        await page.locator('dialog [name=interaction]').click();
        await page.locator('dialog [name=show_text]').click();
        await picture(page, 'settings');
        await page.locator('dialog .primary').click();
        await becomes(() => page.locator('dialog').count().then(it => it === 0), 'and else saved');
        await becomes(async () => {
            const { quiet_hours: quiet, message_types: types, show_text: isTextShown } = await api(alice, 'GET', '/settings/notifications');
            const off = Object.keys(types).filter(type => !types[type]);
            return [quiet?.from, quiet?.until, quiet?.time_zone, off, isTextShown].join() === '22:30,07:15,Asia/Shanghai,interaction,false';
        }, 'the server has them, in the browser’s time zone');
        await bell(page).click();
        is(await page.locator('dialog [name=from]').inputValue(), '22:30', 'they are shown again');
        is(await page.locator('dialog [name=interaction]').isChecked(), false, 'all of them');
        await page.locator('dialog [name=quiet]').click();
        await page.locator('dialog [name=show_text]').click();
        await page.locator('dialog .primary').click();
        await becomes(() => api(alice, 'GET', '/settings/notifications').then(it => it.quiet_hours === null), 'quiet hours can be taken back');
        await page.context().close();
    },

    async refusals() {
        const page = await open(bob);
        await page.evaluate(() => Object.defineProperty(Notification, 'permission', { get: () => 'denied' }));
        await bell(page).click();
        await becomes(() => page.locator('dialog small', { hasText: 'blocked' }).isVisible(), 'a browser that refuses them says so');
        ok(await here(page).isDisabled(), 'and offers no switch');
        await page.context().close();
        const other = await open(bob);
        await other.route('**/settings/notifications', async route => {
            const answer = await route.fetch();
            const json = await answer.json();
            await route.fulfill({ response: answer, json: { ...json, data: { ...json.data, web_push_public_key: null } } });
        });
        await bell(other).click();
        await becomes(() => other.locator('dialog small', { hasText: 'no Web Push' }).isVisible(), 'so does a site without a key');
        await other.context().close();
        const third = await open(bob);
        await third.evaluate(() => { PushManager.prototype.subscribe = async () => { throw new DOMException('push service error', 'AbortError'); }; });
        await bell(third).click();
        await here(third).click();
        await becomes(() => third.locator('dialog small', { hasText: 'push service error' }).isVisible(), 'and so it is told if the vendor gives no subscription');
        ok(!await here(third).isChecked(), 'they stay off');
        await third.context().close();
    },

    async shows() {
        const page = await open(alice);
        const worker = await turnOn(page);
        is(await bell(page).getAttribute('aria-label'), 'Notifications: on', 'the bell says so');
        is(await harness('devices'), `${alice.id} web_push web en active ${vendor}`, 'the database has the device');
        ok((await page.evaluate(async () => caches.keys())).length === 1, 'the worker knows whose they are');

        // Nobody is there: its own page closed, a tab without the page keeps the profile alive.
        const other = await tab(page.context());
        await other.goto('about:blank');
        await page.close();
        const first = await post(bob, alice, 'Are you there?');
        await deliver(other, pushOf(first, alice));
        await becomes(() => shown(worker).then(it => it.length === 1), 'a push is shown while the page is closed');
        const [one] = await shown(worker);
        is(JSON.stringify([one.title, one.body, one.silent]), JSON.stringify(['New message', 'Are you there?', false]), 'with title and text');
        const second = await post(bob, alice, 'I have news');
        const pushed = pushOf(second, alice);
        await deliver(other, pushed);
        await becomes(() => shown(worker).then(it => it.length === 1 && it[0].body === 'I have news' && !it[0].silent), 'the next of the conversation takes its place');
        await deliver(other, pushed);
        await becomes(() => shown(worker).then(it => it.length === 1 && it[0].silent), 'the same once more makes no sound');
        await deliver(other, pushOf(await post(carol, alice, 'From Carol'), alice, { collapse: 'd'.repeat(32) }));
        await becomes(() => shown(worker).then(it => it.length === 2), 'another conversation has its own');

        // What came meanwhile and was never pushed is there as well.
        await post(bob, alice, 'Not pushed');
        const opened = await tab(page.context());
        await opened.goto(base + await click(worker, 'c'.repeat(32)));
        await becomes(() => opened.locator('#open').isVisible(), 'a click opens the page at the conversation');
        await becomes(() => lineOf(opened, conversation).getAttribute('aria-selected').then(it => it === 'true'), 'of the notification');
        for (const words of ['Are you there?', 'I have news', 'Not pushed']) {
            await becomes(() => saying(opened, words).isVisible(), `after a sync: ${words}`);
        }
        is(new URL(opened.url()).hash, '', 'the address bar has nothing of it');
        await becomes(() => shown(worker).then(it => it.length === 1 && it[0].body === 'From Carol'), 'its notification is gone');
        await opened.keyboard.press('Escape');

        // With the page there, the same window is used.
        ok((await click(worker, 'd'.repeat(32))).startsWith(`focus ${base}/`), 'of the window that is there, if there is one');
        await becomes(() => saying(opened, 'From Carol').isVisible(), 'which then shows the conversation');
        await closeAll(worker);

        // Whose else's it is, it does not say.
        await deliver(other, pushOf(first, bob));
        await becomes(() => shown(worker).then(it => it.length === 1), 'what is for somebody else is shown');
        const [anonymous] = await shown(worker);
        is(JSON.stringify([anonymous.title, anonymous.body, anonymous.data.conversation]), JSON.stringify(['Flix IM', 'There is a new message', undefined]), 'without a word of it');
        await closeAll(worker);
        for (const odd of ['no JSON', 'null', JSON.stringify({ user_id: alice.id })]) {
            await deliver(other, odd);
            await becomes(() => shown(worker).then(it => it.length === 1 && it[0].title === 'Flix IM'), `so is what nobody understands: ${odd}`);
            await closeAll(worker);
        }

        await opened.locator('#sidebar .language').click();
        await becomes(() => harness('devices').then(it => it.includes(' zh-CN active')), 'the page’s language becomes the device’s');
        await opened.locator('#sidebar .language').click();

        // Another user in another tab takes them.
        const theirs = await tab(page.context(), carol);
        await theirs.locator('#chat[data-state=online]').waitFor();
        ok(!await bell(theirs).evaluate(it => it.classList.contains('on')), 'another user’s tab has them off');
        await theirs.locator('#log-out').click();
        await theirs.locator('#login').waitFor();
        ok((await harness('devices')).startsWith(alice.id), 'who logs out there takes nothing of hers away');
        await theirs.close();

        await opened.bringToFront();
        await opened.locator('#log-out').click();
        await becomes(() => opened.locator('#login').isVisible(), 'logging out');
        is(await harness('devices'), '', 'takes the device away');
        is((await opened.evaluate(async () => [...await caches.keys(), localStorage.getItem('played-subscription')])).join(), '', 'and the subscription, and what was kept');
        await deliver(opened, pushOf(first, alice));
        await becomes(() => shown(worker).then(it => it.length === 1 && it[0].body === 'There is a new message'), 'what was under way says nothing');
        await page.context().close();
    },

    async delivered() {
        const page = await open(alice);
        const worker = await turnOn(page);
        await harness('forget');
        await post(bob, alice, 'While she is there');
        await becomes(() => lineOf(page, conversation).locator('.preview').innerText().then(it => it === 'While she is there'), 'who is there is told over the connection');
        const other = await tab(page.context());
        await other.goto('about:blank');
        // A goodbye right behind a message would not prove that she has it.
        await page.waitForTimeout(600);
        await page.close();
        const message = await post(bob, alice, 'While she is away');
        const [pushed, ...others] = JSON.parse(await harness('pushed'));
        is(others.length, 0, 'one push is all that the server sends');
        is([pushed.message_id, pushed.user_id, pushed.conversation_id, pushed.title, pushed.text].join(), [message.id, alice.id, conversation, 'New message', 'While she is away'].join(),
            'of the message that came while nobody was there');
        await deliver(other, pushed);
        await becomes(() => shown(worker).then(it => it.length === 1 && it[0].body === 'While she is away' && it[0].tag === pushed.collapse), 'the browser shows it');
        await other.goto(base + await click(worker, pushed.collapse));
        await becomes(() => saying(other, 'While she is away').isVisible(), 'and a click opens the page at the message');
        await other.locator('#log-out').click();
        await other.locator('#login').waitFor();
        await page.context().close();
    },

    async changes() {
        const page = await open(alice);
        const worker = await turnOn(page);
        const before = await page.evaluate(async () => (await (await caches.match('/kept')).json()).device);
        await worker.evaluate(json => self.dispatchEvent(Object.assign(new ExtendableEvent('pushsubscriptionchange'),
            { newSubscription: { toJSON: () => json } })), subscriptions.pop());
        await becomes(() => page.evaluate(async it => (await (await caches.match('/kept')).json()).device !== it, before), 'a new subscription is noted');
        await becomes(() => harness('devices').then(it => it === `${alice.id} web_push web en active ${vendor}`), 'and takes the place of the old one');
        await bell(page).click();
        await here(page).click();
        await becomes(() => here(page).isEnabled().then(async it => it && !await here(page).isChecked()), 'the switch turns them off again');
        is(await harness('devices'), '', 'and the device is gone');
        await page.context().close();
    },

    async looks() {
        const page = await open(alice, phone);
        await bell(page).tap();
        await page.locator('dialog [name=quiet]').tap();
        ok(await page.locator('dialog .primary').isVisible(), 'on a phone the dialog has room');
        is(await page.locator('dialog').evaluate(it => it.scrollWidth > it.clientWidth), false, 'and nothing is wider than it');
        await picture(page, 'settings-phone');
        await page.context().close();
        const dark = await open(alice, { locale: 'zh-CN', colorScheme: 'dark' });
        await bell(dark).click();
        is(await dark.locator('dialog h2').innerText(), '通知', 'a Chinese browser gets Chinese');
        await picture(dark, 'settings-dark');
        await dark.context().close();
    },
};

const only = process.env.FLIXIM_PAGE_ONLY?.split(' ');
try {
    for (const name of Object.keys(parts).filter(it => !only || only.includes(it))) {
        console.log(`# ${name}`);
        await parts[name]();
    }
} catch (error) {
    ok(false, 'it went through to the end', error.stack);
}
is(browser.faults.join('\n'), '', 'no error, no violation of the policy, no request to another place');
await browser.close();
process.exit(done());
