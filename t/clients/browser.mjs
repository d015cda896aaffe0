// SPDX-License-Identifier: Apache-2.0
// What tests of the chat page need of a browser: Chromium, windows of users, waiting for conditions, TAP, and the harness's ear.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { chromium } = createRequire(`${process.env.FLIXIM_NODE_MODULES}/`)('playwright-core');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const PATIENCE = 15000;

let count = 0;
let failed = 0;

/** A line of TAP. */
export function ok(holds, name, detail = '') {
    count++;
    failed += holds ? 0 : 1;
    console.log(`${holds ? 'ok' : 'not ok'} ${count} - ${name}${holds || detail === '' ? '' : `\n# ${String(detail).replaceAll('\n', '\n# ')}`}`);
    return Boolean(holds);
}

/** Two texts or numbers that should be the same. */
export const is = (found, wanted, name) => ok(found === wanted, name, `found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);

/** The last line of TAP; the exit status. */
export function done() {
    console.log(`1..${count}`);
    return failed ? 1 : 0;
}

/** Waits until a condition holds, and says in TAP whether it came to that. */
export async function becomes(condition, name, patience = PATIENCE) {
    const until = Date.now() + patience;
    let last;
    while (Date.now() < until) {
        try {
            last = await condition();
            if (last) {
                return ok(true, name);
            }
        } catch (error) {
            last = error.message;
        }
        await new Promise(resolve => setTimeout(resolve, 40));
    }
    return ok(false, name, `not in ${patience / 1000} s; last: ${last}`);
}

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Asks the harness for something (to kill the daemon, to start it), and waits until that is done; what it has to say. */
export async function harness(request) {
    console.log(`!${request}`);
    const { value, done: ended } = await answers.next();
    if (ended || !value.startsWith('done')) {
        throw new Error(`${request}: ${value ?? 'the harness is gone'}`);
    }
    return value.slice('done '.length);
}

/** A browser, and what its windows complained of. */
export class Browser {
    /** What no window should have done: errors, policy violations, requests to other places. */
    faults = [];
    /** While set, connections may fail. */
    isOutage = false;
    #browser;

    constructor(browser, base) {
        this.#browser = browser;
        this.base = base;
    }

    static async start(base) {
        return new Browser(await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS, timeout: 60000 }), base);
    }

    close() {
        return this.#browser.close();
    }

    /**
     * A window in a profile of its own, on the page.
     * @param {{id: string, token: string}|null} user logged in by a link; null: not at all
     * @param {object} options Playwright's, for a context
     * @param {string} path of the page
     */
    async open(user, options = {}, path = '/') {
        const context = await this.#browser.newContext({ locale: 'en-GB', viewport: { width: 1180, height: 760 }, ...options });
        context.setDefaultTimeout(PATIENCE);
        await context.addInitScript(() => document.addEventListener('securitypolicyviolation', violation =>
            console.error(`policy: ${violation.violatedDirective} ${violation.blockedURI}`)));
        const page = await context.newPage();
        this.watch(page);
        await page.goto(`${this.base}${path}${user ? `#user=${user.id}&token=${user.token}` : ''}`);
        if (user) {
            await page.locator('#chat[data-state=online]').waitFor();
        }
        return page;
    }

    /** Notes what a window complains of; for those that were not opened here. */
    watch(page) {
        const complain = what => this.faults.push(what);
        page.on('pageerror', error => complain(`exception: ${error.stack}`));
        page.on('console', message => {
            const isNetwork = /WebSocket connection|Failed to load resource/.test(message.text());
            if (['error', 'warning'].includes(message.type()) && !(this.isOutage && isNetwork)) {
                complain(`console: ${message.text()}`);
            }
        });
        page.on('dialog', dialog => {
            complain(`dialog: ${dialog.message()}`);
            dialog.dismiss();
        });
        page.on('request', request => {
            if (!request.url().startsWith(`${this.base}/`)) {
                complain(`request: ${request.url()}`);
            }
        });
        page.on('websocket', socket => {
            if (new URL(socket.url()).host !== new URL(this.base).host) {
                complain(`websocket: ${socket.url()}`);
            }
        });
    }
}
