// SPDX-License-Identifier: Apache-2.0
// Requests over REST, and what a refusal is, there and on the channel.

export class FlixIMError extends Error {
  constructor(code, reason, more = {}) {
    super(reason || code);
    this.name = "FlixIMError";
    this.code = code;
    Object.assign(this, more);
  }
}

const TEMPORARY = new Set(["offline", "timeout", "unavailable", "rate_limited", "request_timeout", "schema_outdated", "internal_error"]);

// Whether the same request may still succeed. Everything else is the server's last word.
export function isTemporary(error) {
  return TEMPORARY.has(error.code);
}

// 401 says that the token is bad, not the request: a fresh one may do.
export function isAboutToken(error) {
  return error.status === 401 || error.code === "invalid_token";
}

// A channel's error reply. Where there is no code: a server of another kind.
export function refusal(reply) {
  return new FlixIMError(reply?.code ?? "refused", reply?.reason, reply?.fields && { fields: reply.fields });
}

// Resolves to the answer's data; rejects with a FlixIMError.
export async function request({ fetch: ask = fetch, timeout }, url, token, method, body) {
  const headers = { Accept: "application/json", Authorization: `Bearer ${token}` };
  if (body) headers["Content-Type"] = "application/json";
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout);
  let answer, json;
  try {
    answer = await ask(url, { method, headers, signal: abort.signal, ...(body && { body: JSON.stringify(body) }) });
    json = await answer.json();
  } catch (error) {
    throw new FlixIMError(abort.signal.aborted ? "timeout" : "unavailable", error.message, answer && { status: answer.status });
  } finally {
    clearTimeout(timer);
  }
  if (answer.ok) return json.data;
  const { status } = answer;
  const retryAfter = 1000 * Number(answer.headers.get("Retry-After")) || 0;
  const fields = json?.error?.fields;
  const code = json?.error?.code ?? (status === 503 || status === 502 ? "unavailable" : "internal_error");
  throw new FlixIMError(code, json?.message, { status, retryAfter, ...(fields && { fields }) });
}
