// SPDX-License-Identifier: Apache-2.0
// A page of an HTTPS site in a browser, and from it a WebSocket to a host name of its own: both names stand for this machine.
import { createRequire } from "node:module";

const [home, text] = process.argv.slice(2);
const { page, socket } = JSON.parse(text);
const { chromium } = createRequire(`${home}/`)("playwright-core");
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  timeout: 60_000,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--host-resolver-rules=MAP * 127.0.0.1"],
});
try {
  const tab = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  const answer = await tab.goto(page);
  process.stdout.write(`${answer.status()}\n`);
  const heard = await tab.evaluate((url) => new Promise((resolve) => {
    const client = new WebSocket(url);
    client.onopen = () => client.send('[null,"1","phoenix","heartbeat",{}]');
    client.onmessage = ({ data }) => resolve(data);
    client.onclose = ({ code }) => resolve(`closed ${code}`);
  }), socket);
  process.stdout.write(`${heard}\n`);
} finally {
  await browser.close();
}
