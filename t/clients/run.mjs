// SPDX-License-Identifier: Apache-2.0
// Runs the scenario for all clients at the same time, and says in TAP how it went. Its argument is a file of JSON; it writes "cut" when all
// wait for the daemon to be stopped and "away" when it may come back, and reads a line after each.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import WebSocket from "ws";
import { phoenix, supabase } from "./clients.mjs";
import { browse, closeBrowser } from "./polling.mjs";
import { restOf, scenario } from "./scenario.mjs";

const require = createRequire(import.meta.url);
const { combinations, api, chromium } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { RealtimeClient, RealtimeChannel } = require("@supabase/realtime-js");

let count = 0;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function tell(line) {
  process.stdout.write(`${line}\n`);
  const { done } = await lines.next();
  if (done) throw new Error("the other side has gone");
}

// Where all of them meet. One that failed on its way is not waited for.
class Meeting {
  #waiting = [];

  constructor(expected, act) {
    this.expected = expected;
    this.act = act;
  }

  arrive() {
    return new Promise((done) => {
      this.#waiting.push(done);
      this.#look();
    });
  }

  drop() {
    this.expected--;
    this.#look();
  }

  async #look() {
    if (this.isOver || this.#waiting.length < this.expected) return;
    this.isOver = true;
    await this.act();
    for (const done of this.#waiting) done();
  }
}

const stopped = new Meeting(combinations.length, () => tell("cut"));
const told = new Meeting(combinations.length, () => tell("away"));

async function cut(between) {
  await stopped.arrive();
  const result = await between();
  await told.arrive();
  return result;
}

function check(name) {
  return (isTrue, what, detail) => {
    process.stdout.write(`${isTrue ? "" : "not "}ok ${++count} - ${name}: ${what.replace(/#/g, "no. ")}\n`);
    if (!isTrue && detail) process.stdout.write(`# ${detail}\n`);
  };
}

async function run({ name, client, isV1, isApart, url, isPolling, me, friend }) {
  let meetings = [stopped, told];
  const patience = (seconds) => new Promise((_, fail) => setTimeout(fail, 1000 * seconds, new Error(`not done in ${seconds} s`)));
  const meet = async (between) => {
    meetings = [];
    return cut(between);
  };
  friend.rest = restOf(api, friend.token);
  const live = async () => {
    if (isPolling) {
      await browse({ executable: chromium, client, isApart, url, me, friend, cut: meet, check: check(name) });
    } else {
      const options = { url, userId: me.id, token: me.token, isV1, isApart };
      const face = client === "supabase" ? supabase({ ...options, RealtimeClient, RealtimeChannel, transport: WebSocket })
        : phoenix({ ...options, Socket: require(client).Socket, options: { transport: WebSocket } });
      await scenario({ client: face, me, friend, cut: meet, check: check(name) });
      check(name)(face.closings.includes(1012), "the restart closed it with 1012", JSON.stringify(face.closings));
    }
  };
  try {
    await Promise.race([live(), patience(150)]);
  } catch (error) {
    check(name)(false, `ran to its end: ${error.message.split("\n")[0]}`, error.stack.replace(/\n/g, " | "));
    for (const meeting of meetings) meeting.drop();
  }
}

await Promise.all(combinations.map(run));
await closeBrowser();
process.stdout.write(`1..${count}\n`);
process.exit(0);
