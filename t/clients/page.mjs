// SPDX-License-Identifier: Apache-2.0
// The chat page as its users see it: windows of Chromium that talk to each other. Run by t/push/page.t.

import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';

import { becomes, Browser, done, harness, is, ok } from './browser.mjs';

// base, and users with id and token: alice, bob, carol, dave, and site, whose token has the scope system.
const { base, users } = JSON.parse(process.env.FLIXIM_PAGE);
const { alice, bob, carol, dave, site } = users;
const privately = (one, other) => `private:${[one.id, other.id].sort().join(':')}`;

const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

const browser = await Browser.start(base);

/** A message over REST; its id. */
async function post(user, body) {
    const answer = await fetch(`${base}/api/v1/messages`, {
        method: 'POST', headers: { Authorization: `Bearer ${user.token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ message_type: 'private_message', content_type: 'text', client_message_id: randomUUID(), ...body }),
    });
    if (!answer.ok) {
        throw new Error(`POST /messages: ${answer.status} ${await answer.text()}`);
    }
    return (await answer.json()).data.id;
}

const lineOf = (page, id) => page.locator(`#conversations > [data-key="${id}"]`);
const saying = (page, words) => page.locator('#messages .message').filter({ hasText: words });
const box = page => page.locator('#composer textarea');
const isOpen = (page, id) => becomes(() => lineOf(page, id).getAttribute('aria-selected').then(it => it === 'true'), `${id.split(':')[0]} is open`);

async function write(page, words) {
    await box(page).fill(words);
    await box(page).press('Enter');
}

async function reload(page) {
    await page.reload();
    await page.locator('#chat[data-state=online]').waitFor();
}

/** Chooses an entry of a message's menu. */
async function choose(page, words, entry) {
    await saying(page, words).hover();
    await saying(page, words).locator('.more').click();
    await page.getByRole('menuitem', { name: entry }).click();
}

async function picture(page, name) {
    const folder = process.env.FLIXIM_SCREENSHOTS;
    if (folder) {
        mkdirSync(folder, { recursive: true });
        await page.mouse.move(1, 1);
        await page.waitForTimeout(400);
        await page.screenshot({ path: `${folder}/${name}.png` });
    }
}

const parts = {
    async login() {
        const page = await browser.open(null);
        await becomes(() => page.locator('#login').isVisible(), 'without a session there is a form');
        await picture(page, 'login');
        await page.locator('[name=user]').fill('nobody');
        await page.locator('[name=token]').fill('x');
        await page.locator('#login .primary').click();
        await becomes(() => page.locator('#login .error').isVisible(), 'a user id that is none is told');
        await page.locator('[name=user]').fill(alice.id);
        await page.locator('[name=token]').fill(alice.token);
        await page.locator('#login .primary').click();
        await becomes(() => page.locator('#chat[data-state=online]').isVisible(), 'the form logs in');
        await becomes(() => page.locator('#conversations').getAttribute('data-empty').then(Boolean), 'an empty list says so');
        await page.locator('#log-out').click();
        await becomes(() => page.locator('#login').isVisible(), 'logging out leads back to it');
        await page.context().close();
    },

    async talk(a, b) {
        is(new URL(a.url()).hash, '', 'the token is out of the address bar');
        is(await a.evaluate(() => JSON.parse(sessionStorage.getItem('flixim-session')).user), alice.id, 'and in the session storage');

        await a.locator('#new-chat').click();
        await a.locator('dialog .chip', { hasText: 'Bob' }).click();
        await a.locator('dialog .primary').click();
        await isOpen(a, privately(alice, bob));
        await write(a, 'Hello Bob');
        await becomes(() => saying(a, 'Hello Bob').locator('.tick.sent').isVisible(), 'what is sent has a tick');
        is(await box(a).inputValue(), '', 'the field is empty again');
        const line = lineOf(b, privately(alice, bob));
        await becomes(() => line.locator('.count').innerText().then(it => it === '1'), 'the other window counts it as unread');
        await becomes(() => line.locator('.preview').innerText().then(it => it === 'Hello Bob'), 'and shows what it says');
        await becomes(() => b.title().then(it => it.startsWith('(1)')), 'its title counts too');
        await becomes(() => b.locator('#announce').innerText().then(it => it.includes('Alice: Hello Bob')), 'it is read out');
        await line.click();
        await becomes(() => saying(b, 'Hello Bob').isVisible(), 'opened, it shows the message');
        await becomes(() => line.locator('.count').count().then(it => it === 0), 'which then is not unread any more');
        await becomes(() => saying(a, 'Hello Bob').locator('.tick.read').isVisible(), 'the sender sees that it was read');
        await write(b, 'Hello Alice');
        await becomes(() => saying(a, 'Hello Alice').isVisible(), 'an answer arrives');
        await becomes(() => saying(b, 'Hello Alice').locator('.tick.read').isVisible(), 'and is read at once where it is open');
        await reload(a);
        await lineOf(a, privately(alice, bob)).click();
        await becomes(() => a.locator('#messages .message').count().then(it => it === 2), 'after a reload it is all there, once');
        is(await a.locator('#older').innerText(), 'The conversation begins here', 'and the beginning is told');
    },

    async keyboard(a) {
        await box(a).fill('first line');
        await box(a).press('Shift+Enter');
        await box(a).type('second line');
        is(await box(a).inputValue(), 'first line\nsecond line', 'Shift+Enter makes a line');
        await box(a).press('Enter');
        await becomes(() => saying(a, 'second line').locator('.text').evaluate(it => it.textContent === 'first line\nsecond line'), 'Enter sends both');
        await a.keyboard.press('Escape');
        await becomes(() => a.locator('#nothing').isVisible(), 'Escape closes the conversation');
        is(await a.evaluate(() => document.activeElement?.dataset.key), privately(alice, bob), 'and leads back to its line');
        await a.keyboard.press('Home');
        await a.keyboard.press('ArrowDown');
        await a.keyboard.press('ArrowUp');
        await a.keyboard.press('Enter');
        await becomes(() => a.locator('#open').isVisible(), 'arrows and Enter open one');
        await lineOf(a, privately(alice, bob)).click();
        await saying(a, 'Hello Bob').locator('.more').focus();
        await a.keyboard.press('Enter');
        await a.keyboard.press('ArrowDown');
        await becomes(() => a.locator('.menu :focus').isVisible(), 'the menu is reached by keys');
        await a.keyboard.press('Escape');
        await becomes(() => a.locator('.menu').count().then(it => it === 0), 'Escape closes it');
        ok(await a.locator('#open').isVisible(), 'and it alone');
        const nameless = await a.evaluate(() => [...document.querySelectorAll('button, input, textarea, [role]')]
            .filter(it => it.checkVisibility() && !(it.getAttribute('aria-label') || it.textContent.trim() || it.title ||
                it.closest('label') || ['status', 'log'].includes(it.role))).map(it => it.outerHTML));
        is(nameless.join(), '', 'whatever one can reach has a name');
    },

    async recall(a, b) {
        await write(a, 'Recall me, please');
        await becomes(() => saying(b, 'Recall me, please').isVisible(), 'a message to recall arrives');
        await choose(a, 'Recall me, please', 'Recall');
        await becomes(() => a.locator('.recalled').innerText().then(it => it === 'You recalled a message'), 'who recalled it sees that');
        await becomes(() => b.locator('.recalled').innerText().then(it => it === 'Alice recalled a message'), 'so does the other one');
        const where = page => page.evaluate(() => document.querySelector('#chat').textContent.includes('Recall me'));
        ok(!await where(a) && !await where(b), 'its text is in neither window, lists included');
        await write(a, 'Delete me for Alice');
        await becomes(() => saying(b, 'Delete me for Alice').isVisible(), 'a message to delete arrives');
        await choose(a, 'Delete me for Alice', 'Delete for me');
        await a.locator('dialog .danger').click();
        await becomes(() => saying(a, 'Delete me for Alice').count().then(it => it === 0), 'who deleted it does not see it');
        ok(await saying(b, 'Delete me for Alice').isVisible(), 'the other one does');
    },

    async drafts(a) {
        const id = privately(alice, bob);
        await box(a).fill('An unfinished tho');
        await a.keyboard.press('Escape');
        await becomes(() => lineOf(a, id).locator('.preview').innerText().then(it => it === '[Draft] An unfinished tho'), 'the list shows a draft');
        await becomes(() => a.evaluate(async ({ id: it, token }) => (await (await fetch(`/api/v1/conversations/${encodeURIComponent(it)}`,
            { headers: { Authorization: `Bearer ${token}` } })).json()).data.draft, { id, token: alice.token })
            .then(it => it === 'An unfinished tho'), 'the server keeps it');
        await reload(a);
        await becomes(() => lineOf(a, id).locator('.draft').isVisible(), 'it survives a reload');
        await lineOf(a, id).click();
        is(await box(a).inputValue(), 'An unfinished tho', 'and is in the field again');
        await box(a).press('End');
        await box(a).type('ught');
        await box(a).press('Enter');
        await becomes(() => saying(a, 'An unfinished thought').locator('.tick.sent, .tick.read').isVisible(), 'finished and sent');
        await reload(a);
        ok(await lineOf(a, id).locator('.draft').count() === 0, 'it is no draft any more');
        await lineOf(a, id).click();
    },

    async marks(a) {
        const id = privately(alice, bob);
        await post(dave, { receiver_id: alice.id, content: { text: 'I am newer' } });
        await becomes(() => a.locator('#conversations > li').first().getAttribute('data-key').then(it => it === privately(alice, dave)), 'the latest comes first');
        await a.locator('#pin').click();
        await a.locator('#mute').click();
        await becomes(() => a.locator('#conversations > li').first().getAttribute('data-key').then(it => it === id), 'a pinned one before it');
        await becomes(() => lineOf(a, id).locator('.drawing-pin, .drawing-muted').count().then(it => it === 2), 'pinned and muted are marked');
        await reload(a);
        await becomes(() => lineOf(a, id).getAttribute('class').then(it => it.includes('pinned') && it.includes('muted')), 'both survive a reload');
        await lineOf(a, id).click();
        await a.locator('#mute[aria-pressed=true]').click();
        await becomes(() => a.locator('#mute').getAttribute('aria-pressed').then(it => it === 'false'), 'and can be taken back');
    },

    async group(a, b, c) {
        await a.locator('#new-chat').click();
        await a.locator('dialog .chip', { hasText: 'Bob' }).click();
        await a.locator('dialog textarea').fill('not-an-id');
        await a.locator('dialog .primary').click();
        await becomes(() => a.locator('dialog .error').isVisible(), 'an id that is none is told');
        await a.locator('dialog textarea').fill(` ${carol.id.toUpperCase()}\n`);
        await picture(a, 'dialog');
        await a.locator('dialog .primary').click();
        await becomes(() => a.locator('#open-name').innerText().then(it => it === 'Bob, Carol'), 'a group of three opens');
        is(await a.locator('#open-detail').innerText(), '3 members', 'with its members');
        await write(a, 'Lunch, all of you?');
        const id = await a.locator('#conversations li.open').getAttribute('data-key');
        await becomes(() => lineOf(b, id).locator('.preview').innerText().then(it => it === 'Alice: Lunch, all of you?'), 'one member has it');
        await lineOf(c, id).click();
        await becomes(() => saying(c, 'Lunch, all of you?').locator('.sender').innerText().then(it => it === 'Alice'), 'the other too, with its sender');
        await write(c, 'Noodles!');
        await becomes(() => saying(a, 'Noodles!').isVisible(), 'an answer goes to all');
        await lineOf(b, id).click();
        await becomes(() => saying(b, 'Noodles!').isVisible(), 'of them');
        await write(b, '好主意 🍜');
        await becomes(() => saying(a, '好主意').isVisible(), 'in any script');
        await picture(a, 'group');
    },

    async notices(a) {
        await post(site, { receiver_id: alice.id, message_type: 'system_notification', content_type: 'system',
            content: { title: 'Maintenance tonight', text: 'Read-only from 02:00 to 02:15.', deep_link: 'https://example.org/status' } });
        const notices = lineOf(a, `system:notification:${alice.id}`);
        await becomes(() => notices.locator('.count').innerText().then(it => it === '1'), 'a notice is counted');
        await notices.click();
        await becomes(() => saying(a, 'Maintenance tonight').isVisible(), 'and shown');
        is(await saying(a, 'Maintenance tonight').locator('a').getAttribute('rel'), 'noopener noreferrer nofollow', 'its link leads away safely');
        await becomes(() => notices.locator('.count').count().then(it => it === 0), 'it is read');
        ok(await a.locator('#composer').isHidden() && await a.locator('#read-only').isVisible(), 'one cannot reply');
        await post(site, { receiver_id: alice.id, message_type: 'system_announcement', content_type: 'system', content: { title: 'Version 1.0' } });
        await becomes(() => lineOf(a, `system:announcement:${alice.id}`).isVisible(), 'announcements have a conversation of their own');
        await post(bob, { receiver_id: alice.id, message_type: 'interaction', content_type: 'like', content: { title: 'Your photo “Harbour”' } });
        await lineOf(a, `interaction:${alice.id}`).click();
        await becomes(() => saying(a, 'Bob likes this').isVisible(), 'so have interactions, with who it was');
        await picture(a, 'interactions');
    },

    async scene(a, b) {
        const id = privately(alice, bob);
        await lineOf(a, id).click();
        await lineOf(b, id).click();
        const said = [[a, 'Are we still on for Saturday?'], [b, 'Of course! Ten o’clock at the harbour?'], [b, 'I will bring the big thermos ☕'],
            [a, 'Perfect. The forecast looks good, so let us take the long way round the island and have lunch at the lighthouse.'],
            [a, '带上相机 📷'], [b, '好的，没问题！'], [b, 'See you there'], [a, 'See you 👋']];
        for (const [page, words] of said) {
            await write(page, words);
            await becomes(() => saying(page === a ? b : a, words).last().isVisible(), `“${words.slice(0, 12)}” arrives`);
        }
        await becomes(() => a.locator('.tick.read').last().isVisible(), 'the last one is read');
        await post(dave, { receiver_id: alice.id, content: { text: 'Did you get my notes?' } });
        await picture(a, 'chat');
        for (const [name, options] of [['chat-zh-dark', { locale: 'zh-CN', colorScheme: 'dark' }], ['phone', phone],
            ['phone-dark', { ...phone, colorScheme: 'dark' }]]) {
            const page = await browser.open(name.includes('zh') ? bob : alice, options);
            await lineOf(page, privately(alice, dave)).or(lineOf(page, id)).first().waitFor();
            await picture(page, `${name}-list`);
            await lineOf(page, id).click();
            await becomes(() => saying(page, 'See you 👋').isVisible(), `${name}: it is all there`);
            await picture(page, name);
            await page.context().close();
        }
    },

    async markup(a) {
        const hostile = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><b>bold</b>';
        await post(bob, { receiver_id: alice.id, content: { text: hostile, title: hostile } });
        await post(bob, { receiver_id: alice.id, content_type: 'image', content: { image_urls: ['javascript:window.hacked=1',
            'data:text/html,<script>window.hacked=1</script>', 'https://example.org/a.png', `${base}/page/icon.svg`] } });
        await post(bob, { receiver_id: alice.id, message_type: 'interaction', content_type: 'comment', content: { title: hostile, deep_link: 'javascript:window.hacked=1' } });
        const preview = lineOf(a, `interaction:${alice.id}`).locator('.preview');
        await becomes(() => preview.innerText().then(it => it.startsWith('<img')), 'markup in a list is text');
        await lineOf(a, `interaction:${alice.id}`).click();
        await becomes(() => saying(a, '<b>bold</b>').isVisible(), 'markup in a title is text');
        is(await saying(a, '<b>bold</b>').locator('a').count(), 0, 'javascript: is no link');
        await lineOf(a, privately(alice, bob)).click();
        await becomes(() => saying(a, '<b>bold</b>').locator('.text').evaluate((it, text) => it.textContent === text, hostile), 'markup in a text is text');
        const links = await a.locator('#messages .pictures a').evaluateAll(all => all.map(it => it.href));
        is(links.join(' '), `https://example.org/a.png ${base}/page/icon.svg`, 'pictures: only https and our own are links');
        is(await a.locator('#messages img').evaluateAll(all => all.map(it => it.src).join()), `${base}/page/icon.svg`, 'only our own are shown');
        is(await a.evaluate(() => window.hacked), undefined, 'none of it ran');
    },

    async scrollBack(a) {
        for (let i = 1; i <= 125; i++) {
            await post(i % 3 ? carol : alice, { receiver_id: (i % 3 ? alice : carol).id, content: { text: `message ${i}.` } });
        }
        // As it is later: the list has it, the window has not.
        await reload(a);
        await lineOf(a, privately(alice, carol)).click();
        await becomes(() => saying(a, 'message 125.').isVisible(), 'a long conversation opens at its end');
        await becomes(() => a.locator('#messages .line.unread').count().then(it => it === 1), 'which has a line above what is new');
        await becomes(() => lineOf(a, privately(alice, carol)).locator('.count').count().then(it => it === 0), 'which then is read');
        await reload(a);
        await lineOf(a, privately(alice, carol)).click();
        await becomes(() => saying(a, 'message 125.').isVisible(), 'opened again, it is at its end again');
        const before = await a.locator('#messages .message').count();
        ok(before < 125, 'and no more than a page was asked for', before);
        const top = () => a.evaluate(() => {
            const edge = document.querySelector('#scroller').getBoundingClientRect().top;
            return [...document.querySelectorAll('#messages .message')].find(it => it.getBoundingClientRect().bottom > edge)?.textContent;
        });
        let kept = true;
        for (let tries = 0; tries < 60 && !await a.locator('#older', { hasText: 'begins here' }).count(); tries++) {
            await a.evaluate(() => { document.querySelector('#scroller').scrollTop = 250; });
            const seen = await top();
            const had = await a.locator('#messages .message').count();
            for (let waits = 0; waits < 50 && await a.locator('#messages .message').count() === had &&
                !await a.locator('#older', { hasText: 'begins here' }).count(); waits++) {
                await a.waitForTimeout(40);
            }
            kept &&= await top() === seen;
        }
        ok(kept, 'what is being looked at stays in place when older ones come');
        const all = await a.locator('#messages .message .text').allTextContents();
        is(all.join(' '), Array.from({ length: 125 }, (_, i) => `message ${i + 1}.`).join(' '), 'scrolled back, all are there, once, in order');
        await a.evaluate(() => { document.querySelector('#scroller').scrollTop = 0; });
        await becomes(() => a.locator('#to-newest').isVisible(), 'a button leads to the newest');
        await post(carol, { receiver_id: alice.id, content: { text: 'message 126.' } });
        await becomes(() => saying(a, 'message 126.').count().then(it => it === 1), 'what comes in meanwhile');
        is(await a.evaluate(() => document.querySelector('#scroller').scrollTop), 0, 'moves nothing');
        await a.locator('#to-newest').click();
        await becomes(() => a.locator('#to-newest').isHidden(), 'it does');
    },

    async outage(a, b) {
        await lineOf(a, privately(alice, bob)).click();
        await lineOf(b, privately(alice, bob)).click();
        browser.isOutage = true;
        await harness('kill');
        await becomes(() => a.locator('#banner').isVisible(), 'without its daemon the page says so');
        await picture(a, 'outage');
        await write(a, 'Written in the dark');
        ok(await saying(a, 'Written in the dark').locator('.tick.sending').isVisible(), 'what is written then waits');
        await post(bob, { receiver_id: alice.id, content: { text: 'Sent by other means' } });
        await harness('up');
        await becomes(() => a.locator('#banner').isHidden(), 'with the daemon the banner goes', 40000);
        await becomes(() => b.locator('#banner').isHidden(), 'in the other window too', 40000);
        browser.isOutage = false;
        await becomes(() => saying(a, 'Sent by other means').isVisible(), 'what was sent meanwhile arrives');
        await becomes(() => saying(b, 'Written in the dark').isVisible(), 'so does what was written');
        await becomes(() => saying(a, 'Written in the dark').locator('.tick.read').isVisible(), 'and it is read');
        is(await saying(b, 'Written in the dark').count(), 1, 'it came once');
    },

    // A proxy between page and daemon answers a send in its own way.
    async failures() {
        const page = await browser.open(null);
        let refuses = true;
        await page.routeWebSocket(/\/socket\//, socket => {
            const server = socket.connectToServer();
            socket.onMessage(frame => {
                const [joinRef, ref, topic, event] = JSON.parse(frame);
                if (refuses && event === 'send_message') {
                    const response = { reason: 'no such luck', code: 'invalid_fields' };
                    socket.send(JSON.stringify([joinRef, ref, topic, 'phx_reply', { status: 'error', response }]));
                } else {
                    server.send(frame);
                }
            });
        });
        await page.goto(`${base}/?`);
        await page.evaluate(it => sessionStorage.setItem('flixim-session', JSON.stringify(it)), { user: dave.id, token: dave.token });
        await reload(page);
        await lineOf(page, privately(alice, dave)).click();
        await write(page, 'Not at once');
        await becomes(() => saying(page, 'Not at once').locator('.failure').innerText().then(it => it.startsWith('no such luck')), 'a refusal is told, with its reason');
        await picture(page, 'failure');
        await write(page, 'Not at all');
        await saying(page, 'Not at all').getByRole('button', { name: 'Discard' }).click();
        await becomes(() => saying(page, 'Not at all').count().then(it => it === 0), 'it can be given up');
        refuses = false;
        await saying(page, 'Not at once').getByRole('button', { name: 'Try again' }).click();
        await becomes(() => saying(page, 'Not at once').locator('.tick.sent, .tick.read').isVisible(), 'or tried again');
        await page.context().close();
    },

    async database(a, b) {
        browser.isOutage = true;
        await harness('stop_database');
        await write(a, 'Written without a database');
        await becomes(() => a.locator('#banner.banner_unavailable').isVisible(), 'without its database the page says so', 30000);
        ok(await saying(a, 'Written without a database').locator('.tick.sending').isVisible(), 'what is written then waits');
        await harness('start_database');
        await becomes(() => saying(a, 'Written without a database').locator('.tick.sent, .tick.read').isVisible(), 'and is sent after it', 40000);
        await becomes(() => saying(b, 'Written without a database').isVisible(), 'and received');
        await becomes(() => a.locator('#banner').isHidden(), 'the banner goes', 40000);
        browser.isOutage = false;
    },

    async language(a) {
        await lineOf(a, privately(alice, bob)).click();
        await a.locator('#sidebar .language').click();
        is(await a.evaluate(() => document.documentElement.lang), 'zh-CN', 'the switch changes the language');
        is(await a.locator('#open-name').innerText(), '小波', 'of names');
        is(await box(a).getAttribute('placeholder'), '输入消息', 'of the frame');
        await becomes(() => a.locator('#messages .recalled').first().innerText().then(it => it === '你撤回了一条消息'), 'and of what is shown');
        await reload(a);
        is(await a.locator('#me-state').innerText(), '在线', 'it is kept');
        await a.locator('#sidebar .language').click();
        await lineOf(a, privately(alice, bob)).click();
        const chinese = await browser.open(bob, { locale: 'zh-CN', colorScheme: 'dark' });
        is(await chinese.locator('#me-name').innerText(), '小波', 'a Chinese browser gets Chinese');
        const dark = await chinese.evaluate(() => getComputedStyle(document.body).backgroundColor);
        ok(dark !== await a.evaluate(() => getComputedStyle(document.body).backgroundColor), 'one that is dark gets dark', dark);
        await lineOf(chinese, privately(alice, bob)).click();
        await becomes(() => saying(chinese, 'Hello').first().isVisible(), 'in colours');
        await chinese.context().close();
    },

    async phone() {
        const page = await browser.open(alice, phone);
        await becomes(() => lineOf(page, privately(alice, bob)).isVisible(), 'a phone shows the list');
        ok(await page.locator('#pane').isHidden(), 'alone');
        await lineOf(page, privately(alice, bob)).tap();
        await becomes(() => box(page).isVisible(), 'or a conversation');
        ok(await page.locator('#sidebar').isHidden(), 'alone, too');
        await becomes(() => saying(page, 'Written in the dark').isVisible(), 'with its messages');
        is(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'nothing is wider than the window');
        await saying(page, 'Written in the dark').locator('.bubble').tap();
        await becomes(() => page.locator('.menu').isVisible(), 'a tap opens the menu of a message');
        await page.keyboard.press('Escape');
        await page.locator('#back').tap();
        await becomes(() => lineOf(page, privately(alice, bob)).isVisible(), 'the button leads back');
        await lineOf(page, privately(alice, bob)).tap();
        await becomes(() => box(page).isVisible(), 'opened again');
        await page.goBack();
        await becomes(() => lineOf(page, privately(alice, bob)).isVisible(), 'the browser’s own leads back, too');
        await page.context().close();
    },

    async polling(a) {
        const page = await browser.open(bob, {}, '/?longpoll');
        await lineOf(page, privately(alice, bob)).click();
        await write(page, 'Sent by polling');
        await becomes(() => saying(a, 'Sent by polling').isVisible(), 'over long-polling one sends');
        await write(a, 'Received by polling');
        await becomes(() => saying(page, 'Received by polling').isVisible(), 'and receives');
        await page.context().close();
    },

    async refused() {
        browser.isOutage = true;
        const page = await browser.open(null);
        await page.locator('[name=user]').fill(alice.id);
        await page.locator('[name=token]').fill('no-such-token');
        await page.locator('#login .primary').click();
        await becomes(() => page.locator('#banner.refused').isVisible(), 'a bad token is told', 30000);
        await page.locator('#banner button').click();
        await becomes(() => page.locator('#login').isVisible(), 'and leads back to the form');
        await page.context().close();
        browser.isOutage = false;
    },
};

const only = process.env.FLIXIM_PAGE_ONLY?.split(' ');
let open = [];
try {
    await parts.login();
    open = [await browser.open(alice), await browser.open(bob), await browser.open(carol)];
    for (const name of Object.keys(parts).filter(it => it !== 'login' && (!only || only.includes(it)))) {
        console.log(`# ${name}`);
        await parts[name](...open);
    }
} catch (error) {
    ok(false, 'it went through to the end', error.stack);
    for (const [i, page] of open.entries()) {
        await picture(page, `failed-${i}`).catch(() => {});
    }
}
is(browser.faults.join('\n'), '', 'no error, no violation of the policy, no request to another place');
await browser.close();
process.exit(done());
