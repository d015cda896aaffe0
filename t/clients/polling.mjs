// SPDX-License-Identifier: Apache-2.0
// The scenario in Chromium, on a site where no WebSocket gets through: the client falls back to long-polling, or is told to use it.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium as launcher } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

let browser;

// All scripts a page may ask for; one of a client is a classic script that defines Phoenix.
function script(path) {
  const name = path.replace("/_test/", "");
  const file = /^phoenix1\d$/.test(name) ? join("node_modules", name, "priv/static/phoenix.js") : name;
  return readFileSync(join(here, file), "utf8");
}

// url: of the socket, as http://host:port/socket, which is the page's origin as well.
export async function browse({ executable, client, isApart, url, me, friend, cut, check }) {
  browser ??= launcher.launch({ executablePath: executable, args: FLAGS });
  const context = await (await browser).newContext();
  const page = await context.newPage();
  const { origin, pathname } = new URL(url);
  await page.route(/\/_test\//, (route) => {
    const { pathname: path } = new URL(route.request().url());
    if (path === "/_test/") return route.fulfill({ contentType: "text/html", body: "<!doctype html><title>test</title>" });
    return route.fulfill({ contentType: "text/javascript", body: script(path) });
  });
  await page.addInitScript(() => {
    globalThis.tried = 0;
    globalThis.WebSocket = class extends WebSocket {
      constructor(...given) {
        super(...given);
        globalThis.tried++;
      }
    };
  });
  await page.exposeFunction("report", (...result) => check(...result));
  await page.exposeFunction("askFriend", (...request) => friend.rest(...request));
  // What is done while the daemon is away, the page does itself.
  let cutting, over;
  await page.exposeFunction("cutNow", () => new Promise((away, failed) => {
    cutting = cut(() => new Promise((done) => ((over = done), away())));
    cutting.catch(failed);
  }));
  await page.exposeFunction("cutOver", () => (over(), cutting));
  await page.goto(`${origin}/_test/`);
  await page.addScriptTag({ url: `${origin}/_test/${client}` });
  const isFallingBack = client >= "phoenix17";
  const polls = [];
  page.on("response", (response) => response.url().includes("/longpoll") && polls.push(response.status()));
  try {
    await page.evaluate(async ({ url, isApart, isFallingBack, me, friend }) => {
      const { phoenix } = await import("/_test/clients.mjs");
      const { scenario } = await import("/_test/scenario.mjs");
      const { Socket, LongPoll } = globalThis.Phoenix;
      const options = isFallingBack ? { longPollFallbackMs: 300 } : { transport: LongPoll };
      await scenario({
        client: phoenix({ Socket, url, userId: me.id, token: me.token, isApart, options }),
        me,
        friend: { id: friend.id, rest: (...request) => globalThis.askFriend(...request) },
        check: (...result) => globalThis.report(...result),
        cut: async (act) => {
          await globalThis.cutNow();
          const result = await act();
          await globalThis.cutOver();
          return result;
        },
      });
    }, { url: pathname, isApart, isFallingBack, me, friend: { id: friend.id } });
    check(polls.length > 5 && polls.every((status) => [200, 502, 503].includes(status)), "all went by long-polling", JSON.stringify(polls));
    if (isFallingBack) check((await page.evaluate(() => globalThis.tried)) > 0, "after a WebSocket was tried", "none was");
  } finally {
    await context.close();
  }
}

export async function closeBrowser() {
  await (await browser)?.close();
}
