// SPDX-License-Identifier: Apache-2.0
// Clients of other people's making, behind one face: connect, join, push, events, leave. Runs in Node and in a browser.

const opaque = { encode: (message, done) => done(JSON.stringify(message)), decode: (text, done) => done(JSON.parse(text)) };

function once(start) {
  return new Promise((done) => start(done));
}

// The Socket of a stock phoenix. isV1: messages as objects, as its options allow. isApart: the token goes in no parameter but where 1.8 has a
// place for it, a subprotocol or a header.
export function phoenix({ Socket, url, userId, token, isV1, isApart, options = {} }) {
  const given = isApart ? { authToken: token } : { params: { token } };
  const socket = new Socket(url, { ...(isV1 ? { vsn: "1.0.0", ...opaque } : {}), ...options, ...given });
  const channel = socket.channel(`user:${userId}`, isApart ? {} : { token });
  const events = [];
  const closings = [];
  let joins = 0;
  channel.on("event", (event) => events.push(event));
  socket.onClose((event) => closings.push(event?.code));
  const asked = (push) => once((done) => {
    for (const status of ["ok", "error"]) push.receive(status, (response) => done({ status, response }));
    push.receive("timeout", () => done({ status: "timeout", response: {} }));
  });
  return {
    events,
    closings,
    joins: () => joins,
    connect() {
      socket.connect();
    },
    join() {
      const push = channel.join();
      push.receive("ok", () => joins++);
      return asked(push);
    },
    push: (event, payload) => asked(channel.push(event, payload)),
    leave: () => asked(channel.leave()),
    disconnect: () => socket.disconnect(),
  };
}

// Supabase's client speaks the same protocol, for its own topics; its channel takes any.
export function supabase({ RealtimeClient, RealtimeChannel, url, userId, token, transport }) {
  const client = new RealtimeClient(url, { params: { apikey: "none", token }, transport });
  const channel = new RealtimeChannel(`user:${userId}`, { config: {}, token }, client);
  client.channels.push(channel);
  const events = [];
  const closings = [];
  let joins = 0;
  channel._on("event", {}, (event) => events.push(event));
  channel.joinPush.receive("ok", () => joins++);
  client.stateChangeCallbacks.close.push((event) => closings.push(event?.code));
  return {
    events,
    closings,
    joins: () => joins,
    connect() {
      client.connect();
    },
    join: () => once((done) => {
      channel.joinPush.receive("ok", (response) => done({ status: "ok", response }));
      channel.subscribe((status, error) => status !== "SUBSCRIBED" && done({ status, response: { error: String(error) } }));
    }),
    push: (event, payload) => once((done) => {
      const push = channel._push(event, payload);
      push.receive("ok", (response) => done({ status: "ok", response }));
      push.receive("error", (response) => done({ status: "error", response }));
      push.receive("timeout", () => done({ status: "timeout", response: {} }));
    }),
    leave: async () => ({ status: await channel.unsubscribe(), response: {} }),
    disconnect: () => client.disconnect(),
  };
}
