// SPDX-License-Identifier: Apache-2.0
// The official client over wss: to a host name that stands for this machine: joins, asks for a heartbeat's worth, and is done.
import { createRequire } from "node:module";

const [home, text] = process.argv.slice(2);
const { url, token, id } = JSON.parse(text);
const require = createRequire(`${home}/`);
const { Socket } = require("phoenix18");
const { WebSocket } = require("ws");

// The name stays in TLS and in the request; only the address is found without the DNS, and no one has signed the certificate.
class Local extends WebSocket {
  constructor(address, protocols) {
    super(address, protocols, { rejectUnauthorized: false, lookup: (name, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)) });
  }
}

const socket = new Socket(url, { params: { token }, transport: Local });
const end = (line, status) => {
  process.stdout.write(`${line}\n`);
  if (status !== undefined) process.exit(status);
};
setTimeout(() => end("too late", 1), 20_000);
socket.connect();
const channel = socket.channel(`user:${id}`, {});
channel.join().receive("ok", () => {
  end("joined");
  socket.ping(() => end("pong", 0));
}).receive("error", (why) => end(JSON.stringify(why), 1));
